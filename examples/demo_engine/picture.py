"""A picture from words, without a model: the same words always give the same picture.

Waves in four directions are added up and looked up in a palette; words that name a colour or a
mood choose the palette.
"""

from __future__ import annotations

import colorsys
import hashlib
import math
import random
import struct
import zlib
from collections.abc import Callable

SIZE = 512
_WORDS = {
    "sea": 0.55, "ocean": 0.55, "water": 0.54, "sky": 0.58, "blue": 0.6, "night": 0.68,
    "forest": 0.33, "green": 0.35, "grass": 0.3, "fire": 0.03, "red": 0.99, "rose": 0.94,
    "sun": 0.12, "gold": 0.13, "desert": 0.1, "violet": 0.76, "purple": 0.78, "dream": 0.8,
    "海": 0.55, "天": 0.58, "夜": 0.68, "林": 0.33, "火": 0.03, "红": 0.99, "金": 0.13, "梦": 0.8,
}  # fmt: skip


def make_picture(prompt: str, report: Callable[[float], None]) -> bytes:
    """A PNG of SIZE by SIZE pixels. ``report`` is told the share that is done, from 0 to 1."""
    chance = random.Random(hashlib.sha256(prompt.encode()).digest())
    palette = _palette(prompt, chance)
    across, down, rising, falling = (_wave(chance) for _ in range(4))
    bend = [round(24 * math.sin(y / SIZE * math.tau * chance.choice((1, 2)))) for y in range(SIZE)]
    rows = bytearray()
    for y in range(SIZE):
        level, shift = down[y], bend[y]
        rows.append(0)  # PNG filter: none
        rows += b"".join(
            [
                palette[
                    (across[x + shift] + level + rising[(x + y) % SIZE] + falling[(x - y) % SIZE])
                    & 255
                ]
                for x in range(-SIZE // 2, SIZE // 2)
            ]
        )
        if y % 16 == 15:
            report((y + 1) / SIZE)
    return _png(bytes(rows), prompt)


def _wave(chance: random.Random) -> list[int]:
    """One period of a wave with an overtone, as steps in the palette.

    Indices from minus to plus SIZE stay inside: the list goes round.
    """
    height, turns = chance.uniform(20, 70), chance.choice((1, 1, 2, 3))
    overtone, phase = chance.uniform(4, 18), chance.uniform(0, math.tau)
    return [
        round(
            height * math.sin(turns * i / SIZE * math.tau + phase)
            + overtone * math.sin(5 * i / SIZE * math.tau)
        )
        for i in range(SIZE)
    ]


def _palette(prompt: str, chance: random.Random) -> list[bytes]:
    named = [hue for word, hue in _WORDS.items() if word in prompt.lower()]
    first = named[0] if named else chance.random()
    second = named[1] if len(named) > 1 else first + chance.uniform(0.08, 0.3)
    colours = []
    for i in range(256):
        share = (1 - math.cos(i / 256 * math.tau)) / 2
        hue = (first + (second - first) * share) % 1
        light = 0.22 + 0.6 * (1 - math.cos(2 * i / 256 * math.tau)) / 2
        red, green, blue = colorsys.hls_to_rgb(hue, light, 0.62)
        colours.append(bytes((round(red * 255), round(green * 255), round(blue * 255))))
    return colours


def _png(rows: bytes, prompt: str) -> bytes:
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    text = b"prompt\0\0\0\0\0" + prompt.encode()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"iTXt", text)
        + _chunk(b"IDAT", zlib.compress(rows, 6))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
