"""Engines' answer heads: known lines mean what they meant, and nothing malformed passes."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import answer_heads
from gateway.answer_heads import AnswerHead, BadAnswerError, read_answer, write_answer


def head(*lines: str, first: str = "HTTP/1.1 200 OK") -> bytes:
    return "".join(f"{line}\r\n" for line in (first, *lines, "")).encode("latin-1")


def read_fresh(data: bytes) -> AnswerHead:
    answer_heads._lines.clear()
    answer_heads._statuses.clear()
    return read_answer(data)


def test_what_frames_and_what_goes_on() -> None:
    data = head(
        "Server: x", "content-type:  Text/HTML ", "Content-Length: 5", "Connection: keep-alive",
        "Set-Cookie: a=b; Domain=localhost; Path=/", "Set-Cookie: __Host-aigc=x", "Alt-Svc: h3",
    )  # fmt: skip
    for read in (read_fresh, read_answer):
        found = read(data)
        assert found == AnswerHead(
            200,
            b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-type: Text/HTML\r\n"
            b"Set-Cookie: a=b; Path=/\r\n",
            True,
            5,
            False,
            b"text/html",
        )
    assert write_answer(found, True, False, False, False).endswith(b"Content-Length: 5\r\n\r\n")
    assert b"Connection: close\r\n" in write_answer(found, False, False, False, False)


@pytest.mark.parametrize(
    ("lines", "first", "kept"),
    [
        ((), "HTTP/1.1 200 OK", True),
        (("Connection: close",), "HTTP/1.1 200 OK", False),
        (("Connection: Keep-Alive, Close",), "HTTP/1.1 200 OK", False),
        (("Connection: keep-alive", "Connection: close"), "HTTP/1.1 200 OK", False),
        ((), "HTTP/1.0 200 OK", False),
        (("Connection: keep-alive",), "HTTP/1.0 200 OK", True),
        (("Connection: keep-alive, x-y",), "HTTP/1.0 200", True),
    ],
)
def test_whether_the_connection_is_kept(lines: tuple[str, ...], first: str, kept: bool) -> None:
    data = head(*lines, first=first)
    assert read_fresh(data).keep_alive == read_answer(data).keep_alive == kept


def test_headers_that_connection_names_end_here() -> None:
    data = head("X-One: 1", "Connection: keep-alive, X-One", "X-Two: 2")
    assert read_fresh(data).lines == b"HTTP/1.1 200 OK\r\nX-Two: 2\r\n"
    assert b"X-One" in read_answer(head("X-One: 1", "X-Two: 2")).lines


def test_cookies_and_long_lines_are_not_remembered() -> None:
    read_fresh(head("Set-Cookie: secret=1", f"X-Long: {'x' * 300}", "X-Short: 1"))
    assert set(answer_heads._lines) == {b"X-Short: 1"}


def test_what_is_remembered_is_bounded() -> None:
    for number in range(5000):
        read_answer(head(f"ETag: {number}", first=f"HTTP/1.1 200 {number}"))
    assert len(answer_heads._lines) <= 4096
    assert len(answer_heads._statuses) <= 4096


_piece = st.sampled_from(
    ["Content-Length", "Transfer-Encoding", "Connection", "X-A", ":", ": ", " ", "\t", "chunked",
     "5", "05", "+5", "5, 5", "close", "keep-alive", "x-a", "\0", "\n", "\r", "\x80", "é", ";", ","]
)  # fmt: skip
_line = st.lists(_piece, max_size=6).map("".join)


@given(st.lists(_line, max_size=6), st.sampled_from(["1.1", "1.0"]))
@settings(max_examples=500, deadline=None)
def test_llhttp_accepts_what_is_accepted_here(lines: list[str], version: str) -> None:
    data = head(*(line for line in lines if line), first=f"HTTP/{version} 200 OK")
    if data.find(b"\r\n\r\n") != len(data) - 4:
        return  # the head would end before
    try:
        found = read_fresh(data)
    except BadAnswerError:
        with pytest.raises(BadAnswerError):
            read_answer(data)  # not better for having been seen
        return
    assert read_answer(data) == found

    class Reader:
        def __init__(self) -> None:
            self.headers: list[tuple[bytes, bytes]] = []

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name.lower(), value))

    reader = Reader()
    httptools.HttpResponseParser(reader).feed_data(data)
    seen = dict(reader.headers)
    length = seen.get(b"content-length")
    assert found.content_length == (None if length is None else int(length))
    assert found.chunked == (b"transfer-encoding" in seen)
