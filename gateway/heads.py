"""Reading the heads of requests: strict, whole, and checked twice. No I/O.

llhttp (httptools) reads them; what it would let through and a neighbour might read differently is
refused here: two Hosts, a target with a fragment or for another host, framing that is not plain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import httptools

if TYPE_CHECKING:
    from gateway.recall import Kept

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADER_LINES = 256
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
# One space, one space, and nothing else that llhttp would forgive (other protocols' names too).
_FIRST_LINE = re.compile(rb"[^\0-\x20\x7f]+ [^\0-\x20\x7f]+ HTTP/[0-9]\.[0-9]\r\n")
# A first line that nobody could read in two ways.
_PLAIN_LINE = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[A-Za-z0-9/._~!$&'()*+,;=:@%?-]*) HTTP/1\.1\r\n"
)
# Header lines known per connection: so many, each so long at most.
_MAX_KNOWN = 4
_MAX_KNOWN_BYTES = 4096
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


class Cookies(NamedTuple):
    """What a request's cookies say: ours apart, the engine's as one header value."""

    token_hash: bytes | None
    nonce: str | None
    others: bytes


class Fields:
    """Everything that a request's header lines say, whatever its first line is.

    Attributes:
        headers: the lines in their order.
        index: the first value by lower-case name.
        host: the Host header in lower case, with its port if it had one.
        content_length: None where there is none or the body is chunked.
        upgrade: a WebSocket upgrade is asked for; other upgrades are not kept.
        cookies, onward, kept: what the door, the forwarding and :mod:`gateway.recall` made of
            these lines, once made.
    """

    __slots__ = (
        "chunked", "content_length", "cookies", "expect_continue", "headers", "host", "index",
        "keep_alive", "kept", "onward", "raw_host", "upgrade",
    )  # fmt: skip

    def __init__(self, headers: tuple[Header, ...], http_1_0: bool) -> None:
        index = _index(headers)
        raw_host = index.get(b"host")
        if raw_host is None:
            raise RefusedHeadError(400, "bad-request", "the request has no Host")
        connection = index.get(b"connection", b"").lower()
        self.headers = headers
        self.index = index
        self.raw_host = raw_host
        self.host = raw_host.lower()
        if _HOST.fullmatch(self.host) is None:
            raise RefusedHeadError(400, "bad-request", "the Host is malformed")
        self.content_length, self.chunked = _framing(index)
        self.upgrade = index.get(b"upgrade", b"").strip().lower() == b"websocket" and (
            b"upgrade" in [token.strip() for token in connection.split(b",")]
        )
        self.keep_alive = _keeps_alive(http_1_0, connection)
        self.expect_continue = index.get(b"expect", b"").lower() == b"100-continue"
        self.cookies: Cookies | None = None
        self.kept: Kept | None = None
        self.onward: tuple[tuple[str, bytes, bytes, bool], bytes] | None = None


class RequestHead:
    """One request's head. ``target``: path and query (an absolute one is brought to this form)."""

    __slots__ = ("content_length", "fields", "http_1_0", "method", "target", "websocket")

    def __init__(self, method: str, target: bytes, fields: Fields, http_1_0: bool) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.http_1_0 = http_1_0
        self.content_length = fields.content_length
        self.websocket = fields.upgrade and method == "GET"

    def get(self, name: bytes) -> bytes | None:
        """The value by lower-case name (the first if there are several)."""
        return self.fields.index.get(name)

    @property
    def path(self) -> str:
        return self.target.split(b"?", 1)[0].decode("ascii")

    @property
    def host(self) -> bytes:
        return self.fields.host

    @property
    def keep_alive(self) -> bool:
        return self.fields.keep_alive

    @property
    def chunked(self) -> bool:
        return self.fields.chunked

    @property
    def expect_continue(self) -> bool:
        return self.fields.expect_continue

    @property
    def has_body(self) -> bool:
        return self.fields.chunked or bool(self.content_length)


class _Reader:
    """What httptools calls back."""

    __slots__ = ("complete", "headers", "target")

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.target = b""
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), name, value))

    def on_headers_complete(self) -> None:
        self.complete = True


def find_head_end(buffer: bytes | bytearray) -> int:
    """Where the head ends (after its empty line); -1 while it is not complete."""
    at = buffer.find(b"\r\n\r\n")
    return -1 if at < 0 else at + 4


def has_broken_lines(head: bytes) -> bool:
    """A line break that is not CRLF, a folded line, or a NUL: each has been an attack."""
    breaks = head.count(b"\r\n")
    return (
        head.count(b"\r") != breaks
        or head.count(b"\n") != breaks
        or b"\n " in head
        or b"\n\t" in head
        or b"\0" in head
    )


def read_request(head: bytes) -> RequestHead:
    """Read one complete request head.

    Raises:
        RefusedHeadError: with the status to answer; the connection must close.
    """
    if has_broken_lines(head):
        raise RefusedHeadError(400, "bad-request", "broken line ends or folded header lines")
    if _FIRST_LINE.match(head) is None:
        raise RefusedHeadError(400, "bad-request", "the request line is malformed")
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
    if len(reader.headers) > MAX_HEADER_LINES:
        message = f"The request's head has more than {MAX_HEADER_LINES} lines."
        raise RefusedHeadError(431, "head-too-large", message)
    fields = Fields(tuple(reader.headers), version == "1.0")
    if fields.chunked and version == "1.0":
        raise RefusedHeadError(400, "bad-request", "HTTP/1.0 knows no chunks")
    target = _origin_form(reader.target, fields.host)
    found = RequestHead(method, target, fields, version == "1.0")
    if found.websocket and (b"sec-websocket-key" not in fields.index or found.has_body):
        raise RefusedHeadError(400, "bad-request", "the WebSocket handshake is malformed")
    return found


class RequestReader:
    """Reads the requests of one connection.

    A page asks again and again with the very same header lines. Lines that were read once on this
    connection are known; then only the first line is read, and only in its plainest form (the
    rest goes the whole way). What was known is compared byte by byte, never by parts.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, Fields] = {}

    def read(self, head: bytes) -> RequestHead:
        """As :func:`read_request`."""
        end = head.find(b"\r\n") + 2
        lines = head[end:]
        fields = self._known.get(lines)
        if fields is not None:
            plain = _PLAIN_LINE.fullmatch(head, 0, end)
            if plain is not None:
                return RequestHead(plain[1].decode("ascii"), plain[2], fields, False)
        found = read_request(head)
        if not found.http_1_0 and len(lines) <= _MAX_KNOWN_BYTES and _may_come_again(found.fields):
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[lines] = found.fields
        return found


def _may_come_again(fields: Fields) -> bool:
    return not (fields.chunked or fields.expect_continue or b"upgrade" in fields.index)


def _index(headers: tuple[Header, ...]) -> dict[bytes, bytes]:
    index: dict[bytes, bytes] = {}
    for name, _, value in headers:
        if name not in index:
            index[name] = value
        elif name in _SINGLE:
            raise RefusedHeadError(400, "bad-request", f"{name.decode('ascii')} is there twice")
        elif name in (b"connection", b"upgrade"):
            index[name] += b"," + value
    return index


def _framing(index: dict[bytes, bytes]) -> tuple[int | None, bool]:
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


def _origin_form(target: bytes, host: bytes) -> bytes:
    if target[:1] != b"/":
        scheme, found, rest = target.partition(b"://")
        authority, slash, path = rest.partition(b"/")
        if not found or scheme.lower() not in (b"http", b"https") or authority.lower() != host:
            raise RefusedHeadError(400, "bad-request", "the target is not a path of this host")
        target = slash + path if slash else b"/"
    if _TARGET.fullmatch(target) is None:
        raise RefusedHeadError(400, "bad-request", "the target holds characters that are no URL's")
    return target


def _keeps_alive(http_1_0: bool, connection: bytes) -> bool:
    if not connection:
        return not http_1_0
    tokens = [token.strip() for token in connection.split(b",")]
    return b"keep-alive" in tokens if http_1_0 else b"close" not in tokens
