"""What of a WebSocket reaches the engine while its person looks on: by frame, not by piece."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, ViewFrames

MASK = b"\x01\x02\x03\x04"


def frame(
    opcode: int, payload: bytes, final: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    first = (0x80 if final else 0) | rsv | opcode
    bit = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, bit | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    return head + (MASK if masked else b"") + payload


def passes(opcode: int, size: int, final: bool, rsv: int, harmless: int) -> bool:
    if not final or rsv:
        return False
    if opcode in (CLOSE, PING, PONG):
        return size <= 125
    return opcode in (TEXT, BINARY) and size <= harmless


FRAMES = st.lists(
    st.tuples(
        st.sampled_from([CONTINUATION, TEXT, BINARY, 0x3, 0x7, CLOSE, PING, PONG, 0xB, 0xF]),
        st.sampled_from([0, 1, 3, 125, 126, 200, 65535, 65536]),
        st.booleans(),
        st.sampled_from([0, 0x40, 0x10]),
        st.booleans(),
    ),
    max_size=6,
)


@given(
    frames=FRAMES,
    harmless=st.sampled_from([-1, 0, 3, 126]),
    cuts=st.lists(st.integers(0, 70_000), max_size=8),
)
def test_the_same_frames_pass_whatever_the_pieces(
    frames: list[tuple[int, int, bool, int, bool]], harmless: int, cuts: list[int]
) -> None:
    sent, expected = b"", b""
    for number, (opcode, size, final, rsv, masked) in enumerate(frames):
        made = frame(opcode, bytes([number]) * size, final, rsv, masked)
        sent += made
        if passes(opcode, size, final, rsv, harmless):
            expected += made
    looking = ViewFrames(harmless)
    passed, begin = b"", 0
    for end in sorted({*(cut for cut in cuts if cut < len(sent)), len(sent)}):
        passed += looking.feed(sent[begin:end])
        begin = end
    assert passed == expected


@pytest.mark.attack(17)
def test_nothing_hides_in_what_passes() -> None:
    """A frame inside the payload of one that is left out is payload, not a frame."""
    hidden = frame(PING, b"x")
    assert ViewFrames(-1).feed(frame(TEXT, hidden) + frame(PONG, b"y")) == frame(PONG, b"y")
    # A ping that is longer than one may be carries somebody's message.
    assert ViewFrames(-1).feed(frame(PING, b"x" * 126)) == b""
    assert ViewFrames(4).feed(frame(TEXT, b"1234") + frame(TEXT, b"12345")) == frame(TEXT, b"1234")
    assert ViewFrames(-1).feed(frame(TEXT, b"")) == b""


@given(st.binary(max_size=300))
def test_nonsense_never_fails_and_never_grows(data: bytes) -> None:
    looking = ViewFrames(-1)
    assert len(looking.feed(data)) <= len(data)
