"""Where a body ends: by length, in chunks, or with the connection. No I/O.

Chunks are read strictly (a lenient reader on one side is how requests are smuggled) and written
anew, so that nothing of the sender's framing reaches the other side.
"""

from __future__ import annotations

import re

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
_MAX_LINE_BYTES = 4096
_MAX_TRAILER_BYTES = 16 * 1024
LAST_CHUNK = b"0\r\n\r\n"


class BadBodyError(Exception):
    """The chunks cannot be read for sure."""


def write_chunk(data: bytes) -> bytes:
    """One chunk; ``data`` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class LengthReader:
    """A body of a known number of bytes."""

    __slots__ = ("ended", "left")

    def __init__(self, length: int) -> None:
        self.left = length
        self.ended = length == 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Pieces of the body, and what follows it."""
        if len(data) < self.left:
            self.left -= len(data)
            return [data], b""
        piece, rest = (data, b"") if len(data) == self.left else (data[: self.left], None)
        if rest is None:
            rest = data[self.left :]
        self.left = 0
        self.ended = True
        return ([piece] if piece else []), rest


class ChunkReader:
    """A chunked body. Its trailers are checked and dropped: whoever merged them into the head
    would read what no rule of ours has seen."""

    __slots__ = ("_left", "_line", "_state", "_trailer_bytes", "ended")

    def __init__(self) -> None:
        self.ended = False
        self._state = "size"
        self._left = 0
        self._line = b""
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Pieces of the body, and what follows it.

        Raises:
            BadBodyError: a size, line end or trailer that is not exactly what it should be.
        """
        pieces: list[bytes] = []
        at = 0
        while at < len(data) and not self.ended:
            if self._state == "data":
                take = min(self._left, len(data) - at)
                pieces.append(data[at : at + take])
                at += take
                self._left -= take
                if self._left == 0:
                    self._state = "data-end"
                continue
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end + 1
            self._line += data[at:stop]
            at = stop
            if len(self._line) > _MAX_LINE_BYTES:
                raise BadBodyError("a chunk's line is too long")
            if self._state == "data-end" and not b"\r\n".startswith(self._line):
                raise BadBodyError("a chunk is longer than it said")
            if end >= 0:
                line, self._line = self._line, b""
                if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                    raise BadBodyError("a chunk's line does not end in CRLF")
                self._on_line(line[:-2])
        return pieces, data[at:]

    def _on_line(self, line: bytes) -> None:
        if self._state == "data-end":
            self._state = "size"
        elif self._state == "size":
            match = _SIZE_LINE.fullmatch(line)
            if match is None:
                raise BadBodyError("a chunk's size is not a number")
            self._left = int(match[1], 16)
            self._state = "data" if self._left else "trailers"
        elif not line:
            self.ended = True
        else:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > _MAX_TRAILER_BYTES or _TRAILER.fullmatch(line) is None:
                raise BadBodyError("a trailer that is malformed or too long")


class UntilCloseReader:
    """A body that ends with the connection."""

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        return [data], b""


BodyReader = LengthReader | ChunkReader | UntilCloseReader
