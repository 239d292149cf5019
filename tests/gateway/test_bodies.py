"""Bodies and frame headers come out the same whatever the pieces they came in."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bodies import BadBodyError, ChunkReader, LengthReader, write_chunk
from gateway.websocket import BINARY, CLOSE, PING, TEXT, FrameHeaders


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({c % (len(data) + 1) for c in cuts})
    bounds = [0, *places, len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


@given(
    st.lists(st.binary(min_size=1, max_size=100), max_size=8),
    st.sampled_from([(), (b"X-Sum: 1",), (b"A: b", b"C: d")]),
    st.binary(max_size=20),
    st.lists(st.integers(0, 1000), max_size=20),
)
def test_chunks(
    pieces: list[bytes], trailers: tuple[bytes, ...], after: bytes, cuts: list[int]
) -> None:
    lines = b"".join(line + b"\r\n" for line in trailers)
    data = b"".join(write_chunk(p) for p in pieces) + b"0\r\n" + lines + b"\r\n" + after
    reader = ChunkReader()
    got, rest = b"", b""
    for piece in split(data, cuts):
        found, left = reader.feed(piece)
        got += b"".join(found)
        rest += left
    assert (got, rest, reader.ended) == (b"".join(pieces), after, True)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=10))
def test_any_bytes_are_chunks_or_a_clear_error(data: bytes, cuts: list[int]) -> None:
    reader = ChunkReader()
    with contextlib.suppress(BadBodyError):
        for piece in split(data, cuts):
            reader.feed(piece)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"g\r\n",
        b"1\nx\r\n",
        b" 1\r\nx\r\n",
        b"0x1\r\nx\r\n",
        b"1\r\nxy\r\n",
        b"1\r\nx\n\r\n",
        b"1" * 16 + b"\r\n",
        b"0\r\nnot a trailer\r\n\r\n",
        b"0\r\n Folded: 1\r\n\r\n",
        b"1;" + b"x" * 5000 + b"\r\n",
        b"1\r\r\nx\r\n",
    ],
)
def test_chunks_that_somebody_might_read_otherwise_are_refused(data: bytes) -> None:
    with pytest.raises(BadBodyError):
        ChunkReader().feed(data)


@given(st.binary(max_size=100), st.binary(max_size=20), st.lists(st.integers(0, 200), max_size=10))
def test_a_length(body: bytes, after: bytes, cuts: list[int]) -> None:
    reader = LengthReader(len(body))
    got, rest = b"", b""
    for piece in split(body + after, cuts):
        if reader.ended:
            rest += piece
            continue
        found, left = reader.feed(piece)
        got += b"".join(found)
        rest += left
    assert (got, rest) == (body, after)
    assert reader.ended


def client_frame(opcode: int, length: int, fin: bool = True) -> bytes:
    first = (0x80 if fin else 0) | opcode
    if length < 126:
        head = bytes([first, 0x80 | length])
    elif length < 65536:
        head = bytes([first, 0x80 | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([first, 0x80 | 127]) + length.to_bytes(8, "big")
    return head + b"mask" + b"p" * length


@given(
    st.lists(
        st.tuples(
            st.sampled_from([TEXT, BINARY, PING, CLOSE]),
            st.one_of(st.integers(0, 300), st.sampled_from([65535, 65536, 70_000])),
        ),
        max_size=6,
    ),
    st.lists(st.integers(0, 200_000), max_size=20),
)
def test_frame_headers(frames: list[tuple[int, int]], cuts: list[int]) -> None:
    data = b"".join(client_frame(opcode, length) for opcode, length in frames)
    headers = FrameHeaders()
    found: list[tuple[int, int]] = []
    for piece in split(data, cuts):
        found += headers.feed(piece)
    assert found == frames


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_of_some_kind(data: bytes) -> None:
    for _, length in FrameHeaders().feed(data):
        assert length >= 0
