"""The tunnel's frames on the wire. No I/O.

A frame is a header of 12 bytes, big-endian, and a payload::

    kind u8 | code u8 | zero u16 | stream u32 | length u32 | payload

``code`` is used by RESET alone. Stream 0 is the connection itself (PING, PONG, GOAWAY).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple


class TunnelError(Exception):
    """The peer broke the rules of the tunnel; the connection cannot go on."""


class FrameKind(IntEnum):
    OPEN = 1  # epoch u64, then the instance's id in UTF-8
    ACCEPT = 2
    RESET = 3  # the reason in UTF-8, for logs and error pages
    DATA = 4
    WINDOW = 5  # credit u32: so many more bytes of DATA may come
    FIN = 6  # no more DATA from this side
    PING = 7  # eight bytes that come back in a PONG
    PONG = 8
    GOAWAY = 9  # no new streams; the reason in UTF-8


HEADER = struct.Struct(">BBHII")
HEADER_BYTES = HEADER.size
MAX_DATA_BYTES = 64 * 1024
MAX_TEXT_BYTES = 1024
_U64 = struct.Struct(">Q")
_U32 = struct.Struct(">I")
_MAX_INSTANCE_BYTES = 255

# Smallest and largest payload of each kind.
_SIZES: dict[int, tuple[int, int]] = {
    FrameKind.OPEN: (9, 8 + _MAX_INSTANCE_BYTES),
    FrameKind.ACCEPT: (0, 0),
    FrameKind.RESET: (0, MAX_TEXT_BYTES),
    FrameKind.DATA: (1, MAX_DATA_BYTES),
    FrameKind.WINDOW: (4, 4),
    FrameKind.FIN: (0, 0),
    FrameKind.PING: (8, 8),
    FrameKind.PONG: (8, 8),
    FrameKind.GOAWAY: (0, MAX_TEXT_BYTES),
}
_OF_CONNECTION = frozenset({FrameKind.PING, FrameKind.PONG, FrameKind.GOAWAY})


class Frame(NamedTuple):
    """One frame as it came; its size and place were checked, its meaning was not."""

    kind: int
    code: int
    stream: int
    payload: bytes


def encode(kind: FrameKind, stream: int, payload: bytes = b"", code: int = 0) -> bytes:
    """One frame as bytes."""
    return HEADER.pack(kind, code, 0, stream, len(payload)) + payload


def encode_text(text: str) -> bytes:
    """A reason, cut to what a frame may hold (never inside a character)."""
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore").encode()


def encode_open(instance_id: str, epoch: int) -> bytes:
    """The payload of OPEN.

    Raises:
        ValueError: the id is empty or longer than 255 bytes.
    """
    name = instance_id.encode()
    if not 1 <= len(name) <= _MAX_INSTANCE_BYTES:
        raise ValueError("an instance's id has 1 to 255 bytes")
    return _U64.pack(epoch) + name


def decode_open(payload: bytes) -> tuple[str, int]:
    """Instance id and epoch.

    Raises:
        TunnelError: the id is not UTF-8.
    """
    try:
        return payload[8:].decode(), _U64.unpack_from(payload)[0]
    except UnicodeDecodeError as error:
        raise TunnelError("OPEN names an instance in something that is not UTF-8") from error


def encode_credit(credit: int) -> bytes:
    return _U32.pack(credit)


def decode_credit(payload: bytes) -> int:
    credit: int = _U32.unpack(payload)[0]
    return credit


def check_header(kind: int, code: int, zero: int, stream: int, length: int) -> None:
    """What a header says must be possible for its kind.

    Raises:
        TunnelError: an unknown kind, a size that its kind does not allow, a reserved field that
            is not zero, a stream where none belongs or the other way round.
    """
    sizes = _SIZES.get(kind)
    if sizes is None:
        raise TunnelError(f"unknown kind of frame {kind}")
    if not sizes[0] <= length <= sizes[1]:
        raise TunnelError(f"{FrameKind(kind).name} of {length} bytes is not allowed")
    if zero != 0 or (code != 0 and kind != FrameKind.RESET):
        raise TunnelError(f"{FrameKind(kind).name} has reserved bits set")
    if (stream == 0) != (kind in _OF_CONNECTION):
        raise TunnelError(f"{FrameKind(kind).name} on stream {stream}")
