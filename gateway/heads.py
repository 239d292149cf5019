"""Reading the heads of requests and answers: strict, whole, and checked twice. No I/O.

llhttp (httptools) reads them; what it would let through and a neighbour might read differently is
refused here: two Hosts, a target with a fragment or for another host, framing that is not plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httptools

MAX_HEAD_BYTES = 64 * 1024
# A line break that is not CRLF, a folded line, or a NUL; obs-fold and bare CR or LF are attacks.
_BROKEN_LINES = re.compile(rb"\r(?!\n)|(?<!\r)\n|\n[ \t]|\x00")
_TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+")  # visible ASCII without "#"
_HOST = re.compile(rb"[a-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_DIGITS = re.compile(rb"[0-9]{1,18}")
# Said twice, these mean that somebody downstream may read another one than we do.
_SINGLE = frozenset(
    {
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"origin",
        b"sec-fetch-site",
        b"sec-fetch-mode",
        b"sec-fetch-dest",
        b"expect",
        b"sec-websocket-key",
        b"sec-websocket-version",
    }
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) | frozenset(
    # WebDAV and the like: some engines serve files so.
    {"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH"}
)

# Name in lower case, name as it came, value.
Header = tuple[bytes, bytes, bytes]


class RefusedHeadError(Exception):
    """A request that we do not pass on. ``status`` and ``key`` are the answer."""

    def __init__(self, status: int, key: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.key = key
        self.message = message


class BadAnswerError(Exception):
    """An engine's answer that cannot be read for sure."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """One request's head.

    Attributes:
        target: path and query, as they came (an absolute target is brought to this form).
        host: the Host header in lower case, with its port if it had one.
        content_length: None where there is none or the body is chunked.
        websocket: a WebSocket upgrade; other upgrades are not kept.
    """

    method: str
    target: bytes
    host: bytes
    raw_host: bytes
    headers: tuple[Header, ...]
    index: dict[bytes, bytes]
    http_1_0: bool
    keep_alive: bool
    content_length: int | None
    chunked: bool
    websocket: bool
    expect_continue: bool

    def get(self, name: bytes) -> bytes | None:
        """The value by lower-case name (the first if there are several)."""
        return self.index.get(name)

    @property
    def path(self) -> str:
        return self.target.split(b"?", 1)[0].decode("ascii")

    @property
    def has_body(self) -> bool:
        return self.chunked or bool(self.content_length)


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """One answer's head. ``content_length`` None and not chunked: until the connection closes."""

    status: int
    reason: bytes
    headers: tuple[Header, ...]
    keep_alive: bool
    content_length: int | None
    chunked: bool

    def get(self, name: bytes) -> bytes | None:
        return next((v for n, _, v in self.headers if n == name), None)


class _Reader:
    """What httptools calls back."""

    __slots__ = ("complete", "headers", "keep_alive", "status_text", "target")

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.target = b""
        self.status_text = b""
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_status(self, status: bytes) -> None:
        self.status_text += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), name, value))

    def on_headers_complete(self) -> None:
        self.complete = True


def find_head_end(buffer: bytes | bytearray) -> int:
    """Where the head ends (after its empty line); -1 while it is not complete."""
    at = buffer.find(b"\r\n\r\n")
    return -1 if at < 0 else at + 4


def read_request(head: bytes) -> RequestHead:
    """Read one complete request head.

    Raises:
        RefusedHeadError: with the status to answer; the connection must close.
    """
    if _BROKEN_LINES.search(head):
        raise RefusedHeadError(400, "bad-request", "broken line ends or folded header lines")
    reader = _Reader()
    parser = httptools.HttpRequestParser(reader)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # decided below, by the headers
    except httptools.HttpParserError as error:
        raise RefusedHeadError(400, "bad-request", str(error)[:200]) from error
    if not reader.complete:
        raise RefusedHeadError(400, "bad-request", "the request has no complete head")
    version = parser.get_http_version()
    if version not in ("1.1", "1.0"):
        raise RefusedHeadError(505, "http-version", "only HTTP/1.1 and HTTP/1.0 are spoken here")
    method = parser.get_method().decode("ascii")
    if method not in _METHODS:
        raise RefusedHeadError(405, "method-refused", f"{method} is not allowed here")
    index = _index(reader.headers)
    raw_host = index.get(b"host")
    if raw_host is None:
        raise RefusedHeadError(400, "bad-request", "the request has no Host")
    host = raw_host.lower()
    if _HOST.fullmatch(host) is None:
        raise RefusedHeadError(400, "bad-request", "the Host is malformed")
    length, chunked = _framing(index, method)
    connection = index.get(b"connection", b"").lower()
    websocket = (
        method == "GET"
        and index.get(b"upgrade", b"").strip().lower() == b"websocket"
        and b"upgrade" in [token.strip() for token in connection.split(b",")]
    )
    if websocket and (b"sec-websocket-key" not in index or length or chunked):
        raise RefusedHeadError(400, "bad-request", "the WebSocket handshake is malformed")
    return RequestHead(
        method=method,
        target=_origin_form(reader.target, host, method),
        host=host,
        raw_host=raw_host,
        headers=tuple(reader.headers),
        index=index,
        http_1_0=version == "1.0",
        keep_alive=_keeps_alive(version, connection),
        content_length=length,
        chunked=chunked,
        websocket=websocket,
        expect_continue=index.get(b"expect", b"").lower() == b"100-continue",
    )


def read_answer(head: bytes) -> AnswerHead:
    """Read one complete answer head.

    Raises:
        BadAnswerError: it is not HTTP/1.x, or where its body ends is not certain.
    """
    if _BROKEN_LINES.search(head):
        raise BadAnswerError("broken line ends or folded header lines")
    reader = _Reader()
    parser = httptools.HttpResponseParser(reader)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # 101: the caller knows what it asked for
    except httptools.HttpParserError as error:
        raise BadAnswerError(str(error)[:200]) from error
    if not reader.complete:
        raise BadAnswerError("no complete head")
    lengths = {v for n, _, v in reader.headers if n == b"content-length"}
    codings = [v.strip().lower() for n, _, v in reader.headers if n == b"transfer-encoding"]
    if codings and (codings != [b"chunked"] or lengths):
        raise BadAnswerError("a transfer coding that is not plain chunked")
    if len(lengths) > 1 or any(_DIGITS.fullmatch(v) is None for v in lengths):
        raise BadAnswerError("a Content-Length that is not one number")
    connection = b",".join(v for n, _, v in reader.headers if n == b"connection").lower()
    return AnswerHead(
        status=parser.get_status_code(),
        reason=reader.status_text,
        headers=tuple(reader.headers),
        keep_alive=_keeps_alive(parser.get_http_version(), connection),
        content_length=int(next(iter(lengths))) if lengths else None,
        chunked=bool(codings),
    )


def _index(headers: list[Header]) -> dict[bytes, bytes]:
    index: dict[bytes, bytes] = {}
    for name, _, value in headers:
        if name not in index:
            index[name] = value
        elif name in _SINGLE:
            raise RefusedHeadError(400, "bad-request", f"{name.decode('ascii')} is there twice")
        elif name in (b"connection", b"upgrade"):
            index[name] += b"," + value
    return index


def _framing(index: dict[bytes, bytes], method: str) -> tuple[int | None, bool]:
    coding = index.get(b"transfer-encoding")
    length = index.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise RefusedHeadError(400, "bad-request", "Transfer-Encoding and Content-Length")
        if coding.strip().lower() != b"chunked":
            raise RefusedHeadError(501, "bad-request", "only chunked is spoken here")
        return None, True
    if length is None:
        return None, False
    if _DIGITS.fullmatch(length) is None:
        raise RefusedHeadError(400, "bad-request", "the Content-Length is not a number")
    return int(length), False


def _origin_form(target: bytes, host: bytes, method: str) -> bytes:
    if target[:1] != b"/":
        scheme, found, rest = target.partition(b"://")
        authority, slash, path = rest.partition(b"/")
        if not found or scheme.lower() not in (b"http", b"https") or authority.lower() != host:
            raise RefusedHeadError(400, "bad-request", "the target is not a path of this host")
        target = slash + path if slash else b"/"
    if _TARGET.fullmatch(target) is None:
        raise RefusedHeadError(400, "bad-request", "the target holds characters that are no URL's")
    return target


def _keeps_alive(version: str, connection: bytes) -> bool:
    tokens = [token.strip() for token in connection.split(b",")]
    if version == "1.0":
        return b"keep-alive" in tokens
    return b"close" not in tokens
