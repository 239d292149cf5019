"""WebSocket frame headers as they pass, never the payload. No I/O.

Only what the browser sends is looked at, and only opcode and length: enough to tell a person's
message from a ping (pitfall 2).
"""

from __future__ import annotations

from gateway.routes import Route

_CONTROL_BYTES = 125  # RFC 6455, 5.5
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class FrameHeaders:
    """Finds the frame headers in a byte stream, whatever the pieces it comes in.

    It never fails: a stream that is no WebSocket yields nonsense headers at worst, and the engine
    is the one to refuse it.
    """

    __slots__ = ("_header", "_left")

    def __init__(self) -> None:
        self._left = 0  # bytes of the present frame's payload still to come
        self._header = b""

    def feed(self, data: bytes) -> list[tuple[int, int]]:
        """Opcode and payload length in bytes of each frame whose header is complete now."""
        found: list[tuple[int, int]] = []
        at = 0
        end = len(data)
        while at < end:
            if self._left:
                step = min(self._left, end - at)
                self._left -= step
                at += step
                continue
            need = _header_bytes(self._header)
            take = min(need - len(self._header), end - at)
            self._header += data[at : at + take]
            at += take
            if len(self._header) < _header_bytes(self._header):
                continue
            header, self._header = self._header, b""
            length = _payload_bytes(header)
            self._left = length
            found.append((header[0] & 0x0F, length))
        return found


class ViewFrames:
    """What of a browser's frames reaches the engine while its person looks on.

    Ping, pong and close pass, and whole text or binary frames up to a size that the engine's
    template calls harmless on that path; everything else is left out. No extension is agreed on,
    so frames do not depend on one another.
    """

    __slots__ = ("_harmless", "_header", "_left", "_passing")

    def __init__(self, harmless_bytes: int) -> None:
        self._harmless = harmless_bytes
        self._header = b""
        self._left = 0
        self._passing = False

    def feed(self, data: bytes) -> bytes:
        """The part of these bytes that passes."""
        passed: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            if self._left:
                step = min(self._left, end - at)
                if self._passing:
                    passed.append(data[at : at + step])
                self._left -= step
                at += step
                continue
            take = min(_header_bytes(self._header) - len(self._header), end - at)
            self._header += data[at : at + take]
            at += take
            if len(self._header) < _header_bytes(self._header):
                continue
            header, self._header = self._header, b""
            self._left = _payload_bytes(header)
            self._passing = self._passes(header[0], self._left)
            if self._passing:
                passed.append(header)
        return b"".join(passed)

    def _passes(self, first: int, length: int) -> bool:
        if first & 0xF0 != 0x80:  # one of several, or of an extension
            return False
        opcode = first & 0x0F
        if opcode in (CLOSE, PING, PONG):
            return length <= _CONTROL_BYTES
        return opcode in (TEXT, BINARY) and length <= self._harmless


def view_frame_bytes(route: Route, path: str) -> int:
    """The largest frame that who looks on may send on that path, in bytes; -1: none at all."""
    for rule in route.viewing:
        if rule.frame_max_bytes and (rule.path is None or rule.path.search(path)):
            return rule.frame_max_bytes if rule.allow else -1
    return -1


def _header_bytes(header: bytes) -> int:
    """How many bytes the header has, as far as its beginning tells."""
    if len(header) < 2:
        return 2
    size = header[1] & 0x7F
    extended = 2 if size == 126 else 8 if size == 127 else 0
    return 2 + extended + (4 if header[1] & 0x80 else 0)


def _payload_bytes(header: bytes) -> int:
    size = header[1] & 0x7F
    if size == 126:
        return int.from_bytes(header[2:4], "big")
    if size == 127:
        return int.from_bytes(header[2:10], "big")
    return size
