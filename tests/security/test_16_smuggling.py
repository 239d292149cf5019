"""Heads, targets and bodies that two parsers might read in two ways (RFC 9112, RFC 9110).

Raw bytes at a real gateway, a real tunnel, and an engine that records what it gets. What is
refused never reaches the engine and nothing behind it on that connection is served; what passes
means the same to the engine (h11 reads it there) as it meant to us.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import h11
import pytest

from tests.gateway.conformance.door import MARKER, SECONDS, Door, read_all

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.attack(16)]


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that get one answer, after which the connection is over."""

    name: str
    raw: bytes
    status: int = 400


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST /echo HTTP/1.1", b"<good>" + b"\r\n".join(lines), b"", body])


def get(target: bytes = b"/x", *lines: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join(
        [b"GET %b %b" % (target, version), b"<good>" + b"\r\n".join(lines), b"", b""]
    )


HOSTS = [
    Refused("two", b"GET /x HTTP/1.1\r\n<host>Host: evil\r\n<cookie>\r\n"),
    Refused("two, the bad one first", b"GET /x HTTP/1.1\r\nHost: evil\r\n<host><cookie>\r\n"),
    Refused("the same twice", b"GET /x HTTP/1.1\r\n<host><host><cookie>\r\n"),
    Refused("none", b"GET /x HTTP/1.1\r\n<cookie>\r\n"),
    Refused("empty", b"GET /x HTTP/1.1\r\nHost:\r\n<cookie>\r\n"),
    Refused("none, HTTP/1.0", b"GET /x HTTP/1.0\r\n<cookie>\r\n"),
    Refused("userinfo", b"GET /x HTTP/1.1\r\nHost: a@<name>\r\n<cookie>\r\n"),
    Refused("userinfo with password", b"GET /x HTTP/1.1\r\nHost: a:b@<name>\r\n<cookie>\r\n"),
    Refused("empty port", b"GET /x HTTP/1.1\r\nHost: <label>:\r\n<cookie>\r\n"),
    Refused("a port of letters", b"GET /x HTTP/1.1\r\nHost: <label>:http\r\n<cookie>\r\n"),
    Refused("a long port", b"GET /x HTTP/1.1\r\nHost: <label>:000080\r\n<cookie>\r\n"),
    Refused("two ports", b"GET /x HTTP/1.1\r\nHost: <label>:80:80\r\n<cookie>\r\n"),
    Refused("a list", b"GET /x HTTP/1.1\r\nHost: <name>, evil\r\n<cookie>\r\n"),
    Refused("a space inside", b"GET /x HTTP/1.1\r\nHost: <name> evil\r\n<cookie>\r\n"),
    Refused("a tab inside", b"GET /x HTTP/1.1\r\nHost: <name>\tevil\r\n<cookie>\r\n"),
    Refused("a slash", b"GET /x HTTP/1.1\r\nHost: <name>/evil\r\n<cookie>\r\n"),
    Refused("a backslash", b"GET /x HTTP/1.1\r\nHost: <name>\\evil\r\n<cookie>\r\n"),
    Refused("a fragment", b"GET /x HTTP/1.1\r\nHost: <name>#evil\r\n<cookie>\r\n"),
    Refused("a query", b"GET /x HTTP/1.1\r\nHost: <name>?evil\r\n<cookie>\r\n"),
    Refused("a percent", b"GET /x HTTP/1.1\r\nHost: comfy%2elocalhost\r\n<cookie>\r\n"),
    Refused("an underscore", b"GET /x HTTP/1.1\r\nHost: comfy_localhost\r\n<cookie>\r\n"),
    Refused("high bytes", b"GET /x HTTP/1.1\r\nHost: comf\xc3\xbd.localhost\r\n<cookie>\r\n"),
    Refused("an IPv6 address", b"GET /x HTTP/1.1\r\nHost: [::1]\r\n<cookie>\r\n"),
    Refused("a folded host", b"GET /x HTTP/1.1\r\nHost:\r\n <name>\r\n<cookie>\r\n"),
    Refused("a space before the colon", b"GET /x HTTP/1.1\r\nHost : <name>\r\n<cookie>\r\n"),
]

FRAMING = [
    Refused(
        "TE and CL", post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n")
    ),
    Refused(
        "CL and TE", post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    ),
    Refused(
        "TE and CL 0", post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    ),
    Refused(
        "TE identity and CL", post(b"Transfer-Encoding: identity", b"Content-Length: 1", body=b"x")
    ),
    Refused("two lengths", post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd")),
    Refused("two equal lengths", post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc")),
    Refused("a list of equal lengths", post(b"Content-Length: 3, 3", body=b"abc")),
    Refused("a list of lengths", post(b"Content-Length: 3, 4", body=b"abc")),
    Refused("a length with plus", post(b"Content-Length: +3", body=b"abc")),
    Refused("a length with minus", post(b"Content-Length: -3", body=b"abc")),
    Refused("a length in hex", post(b"Content-Length: 0x3", body=b"abc")),
    Refused("a length with letters", post(b"Content-Length: 3a", body=b"abc")),
    Refused("a length with a space", post(b"Content-Length: 1 3", body=b"abc")),
    Refused("a length with an underscore", post(b"Content-Length: 1_0", body=b"x" * 10)),
    Refused("a length with a point", post(b"Content-Length: 3.0", body=b"abc")),
    Refused("a length with an exponent", post(b"Content-Length: 1e1", body=b"x" * 10)),
    Refused("an empty length", post(b"Content-Length:", body=b"")),
    Refused("a length in Arabic digits", post(b"Content-Length: \xd9\xa3", body=b"abc")),
    Refused("a length in superscript", post(b"Content-Length: \xb3", body=b"abc")),
    Refused("a length beyond 64 bits", post(b"Content-Length: 18446744073709551617", body=b"x")),
    Refused("a length beyond 63 bits", post(b"Content-Length: 9223372036854775808", body=b"x")),
    Refused("a length with NUL", post(b"Content-Length: 3\x00", body=b"abc")),
    Refused("a length after vertical tab", post(b"Content-Length: \x0b3", body=b"abc")),
    Refused("chunked twice", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")),
    Refused(
        "chunked and identity", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity")
    ),
    Refused("chunked, chunked", post(b"Transfer-Encoding: chunked, chunked")),
    Refused("chunked, identity", post(b"Transfer-Encoding: chunked, identity")),
    Refused("identity, chunked", post(b"Transfer-Encoding: identity, chunked"), 501),
    Refused("gzip, chunked", post(b"Transfer-Encoding: gzip, chunked"), 501),
    Refused("xchunked", post(b"Transfer-Encoding: xchunked")),
    Refused("chunkedx", post(b"Transfer-Encoding: chunkedx")),
    Refused("chunked with a parameter", post(b"Transfer-Encoding: chunked;q=1")),
    Refused("chunked in quotes", post(b'Transfer-Encoding: "chunked"')),
    Refused("chunked after vertical tab", post(b"Transfer-Encoding: \x0bchunked")),
    Refused("chunked after a form feed", post(b"Transfer-Encoding: \x0cchunked")),
    Refused("chunked after a no-break space", post(b"Transfer-Encoding: \xa0chunked")),
    Refused("chunked with a comma", post(b"Transfer-Encoding: ,chunked"), 501),
    Refused("chunked and a comma", post(b"Transfer-Encoding: chunked,")),
    Refused("no coding at all", post(b"Transfer-Encoding:")),
    Refused("a folded coding", post(b"Transfer-Encoding:\r\n chunked")),
    Refused("a space before the colon", post(b"Transfer-Encoding : chunked")),
    Refused("a tab before the colon", post(b"Transfer-Encoding\t: chunked")),
    Refused(
        "HTTP/1.0 with a coding",
        post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n").replace(b"/1.1", b"/1.0", 1),
    ),
]

LINES = [
    Refused("a folded line", get(b"/x", b"A: b\r\n c")),
    Refused("a line folded by a tab", get(b"/x", b"A: b\r\n\tc")),
    Refused("a first header line that is folded", b"GET /x HTTP/1.1\r\n A: b\r\n<good>\r\n"),
    Refused("a bare LF after a header", get(b"/x", b"A: b\nC: d")),
    Refused("a bare LF after the first line", b"GET /x HTTP/1.1\n<good>\r\n"),
    Refused("a bare CR in a value", get(b"/x", b"A: b\rC: d")),
    Refused("a bare CR before CRLF", get(b"/x", b"A: b\r")),
    Refused("a bare CR in the first line", b"GET /x\rHTTP/1.1\r\n<good>\r\n"),
    Refused("NUL in a value", get(b"/x", b"A: b\x00c")),
    Refused("NUL in a name", get(b"/x", b"A\x00: b")),
    Refused("a control character in a value", get(b"/x", b"A: b\x01c")),
    Refused("DEL in a value", get(b"/x", b"A: b\x7fc")),
    Refused("escape in a value", get(b"/x", b"A: \x1b[31m")),
    Refused("vertical tab in a value", get(b"/x", b"A: b\x0bc")),
    Refused("a space before the colon", get(b"/x", b"A : b")),
    Refused("a tab before the colon", get(b"/x", b"A\t: b")),
    Refused("a space before the name", b"GET /x HTTP/1.1\r\n<host> A: b\r\n<cookie>\r\n"),
    Refused("a space in a name", get(b"/x", b"A b: c")),
    Refused("an empty name", get(b"/x", b": b")),
    Refused("no colon", get(b"/x", b"A")),
    Refused("a high byte in a name", get(b"/x", b"\xc3\x84: b")),
    Refused("a bracket in a name", get(b"/x", b"A(b): c")),
    Refused("a slash in a name", get(b"/x", b"A/b: c")),
    Refused("an at sign in a name", get(b"/x", b"A@b: c")),
    Refused("quotes in a name", get(b"/x", b'"A": c')),
]

TARGETS = [
    Refused("a fragment", get(b"/x#y")),
    Refused("only a fragment", get(b"#")),
    Refused("no leading slash", get(b"x")),
    Refused("empty", b"GET  HTTP/1.1\r\n<good>\r\n"),
    Refused("missing", b"GET HTTP/1.1\r\n<good>\r\n"),
    Refused("a high byte", get(b"/\xc3\xa4")),
    Refused("a space", get(b"/a b")),
    Refused("a tab", get(b"/a\tb")),
    Refused("NUL", get(b"/a\x00b")),
    Refused("DEL", get(b"/a\x7fb")),
    Refused("two spaces before the version", b"GET /x  HTTP/1.1\r\n<good>\r\n"),
    Refused("a tab before the version", b"GET /x\tHTTP/1.1\r\n<good>\r\n"),
    Refused("a space after the version", b"GET /x HTTP/1.1 \r\n<good>\r\n"),
    Refused("absolute, another host", get(b"http://evil/x")),
    Refused("absolute, another host of the zone", get(b"http://other.localhost/x")),
    Refused("absolute, without its port", get(b"http://<label>/x")),
    Refused("absolute, userinfo", get(b"http://a@<name>/x")),
    Refused("absolute, no authority", get(b"http:///x")),
    Refused("absolute, a query right behind", get(b"http://<name>?x")),
    Refused("absolute, a backslash", get(b"http://<name>\\x/")),
    Refused("absolute, another scheme", get(b"ftp://<name>/x")),
    Refused("absolute, file", get(b"file:///etc/passwd")),
    Refused("absolute, one slash", get(b"http:/<name>/x")),
    Refused("authority", get(b"<name>")),
    Refused("asterisk", b"OPTIONS * HTTP/1.1\r\n<good>\r\n"),
    Refused("asterisk and GET", get(b"*")),
    Refused("CONNECT", b"CONNECT <name> HTTP/1.1\r\n<good>\r\n", 405),
    Refused("CONNECT to a neighbour", b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n<good>\r\n", 405),
    Refused("very long", get(b"/" + b"a" * 70_000), 431),
]

METHODS = [
    Refused("TRACE", b"TRACE /x HTTP/1.1\r\n<good>\r\n", 405),
    Refused("unknown", b"FETCH /x HTTP/1.1\r\n<good>\r\n"),
    Refused("lower case", b"get /x HTTP/1.1\r\n<good>\r\n"),
    Refused("PRI", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Refused("SOURCE", b"SOURCE /x HTTP/1.1\r\n<good>\r\n", 405),
    Refused("empty", b" /x HTTP/1.1\r\n<good>\r\n"),
    Refused("of symbols", b"G@T /x HTTP/1.1\r\n<good>\r\n"),
    Refused("very long", b"G" * 70_000, 431),
]

VERSIONS = [
    Refused("HTTP/0.9", b"GET /x\r\n\r\n"),
    Refused("HTTP/0.9 by name", get(version=b"HTTP/0.9"), 505),
    Refused("HTTP/1.2", get(version=b"HTTP/1.2")),
    Refused("HTTP/2.0", get(version=b"HTTP/2.0"), 505),
    Refused("HTTP/3.0", get(version=b"HTTP/3.0")),
    Refused("HTTP/1.10", get(version=b"HTTP/1.10")),
    Refused("HTTP/01.1", get(version=b"HTTP/01.1")),
    Refused("HTTP/1", get(version=b"HTTP/1")),
    Refused("lower case", get(version=b"http/1.1")),
    Refused("another protocol", get(version=b"RTSP/1.0")),
    Refused("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    Refused("SMTP", b"EHLO example.com\r\n\r\n"),
]

SIZES = [
    Refused("one header", get(b"/x", b"A: " + b"x" * 70_000), 431),
    Refused("many headers", get(b"/x", *[b"A%d: b" % n for n in range(9000)]), 431),
    Refused("many small headers", get(b"/x", *[b"A%d: b" % n for n in range(1000)]), 431),
    Refused("no end", b"GET /x HTTP/1.1\r\n<good>A: " + b"x" * 200_000, 431),
]


def _ids(probes: list[Refused]) -> list[str]:
    return [probe.name for probe in probes]


async def _refuse(door: Door, probe: Refused) -> None:
    outcome = await door.probe(probe.raw)
    assert outcome.statuses == [probe.status]
    assert not outcome.open, "something behind a refused head was served"
    assert door.engine.heads == []
    assert outcome.replies[0].all("connection") == ["close"]


@pytest.mark.parametrize("probe", HOSTS, ids=_ids(HOSTS))
async def test_hosts(door: Door, probe: Refused) -> None:
    await _refuse(door, probe)


@pytest.mark.parametrize("probe", FRAMING, ids=_ids(FRAMING))
async def test_framing(door: Door, probe: Refused) -> None:
    await _refuse(door, probe)


@pytest.mark.parametrize("probe", LINES, ids=_ids(LINES))
async def test_lines(door: Door, probe: Refused) -> None:
    await _refuse(door, probe)


@pytest.mark.parametrize("probe", TARGETS, ids=_ids(TARGETS))
async def test_targets(door: Door, probe: Refused) -> None:
    await _refuse(door, probe)


@pytest.mark.parametrize("probe", METHODS, ids=_ids(METHODS))
async def test_methods(door: Door, probe: Refused) -> None:
    await _refuse(door, probe)


@pytest.mark.parametrize("probe", VERSIONS, ids=_ids(VERSIONS))
async def test_versions(door: Door, probe: Refused) -> None:
    await _refuse(door, probe)


@pytest.mark.parametrize("probe", SIZES, ids=_ids(SIZES))
async def test_sizes(door: Door, probe: Refused) -> None:
    await _refuse(door, probe)


# Well-formed, and not for this engine: refused with the connection kept (there is no body).
ELSEWHERE = [
    Refused("another zone", b"GET /x HTTP/1.1\r\nHost: evil.example\r\n<cookie>\r\n", 421),
    Refused("a label before ours", b"GET /x HTTP/1.1\r\nHost: x.<name>\r\n<cookie>\r\n", 421),
    Refused("a suffix", b"GET /x HTTP/1.1\r\nHost: <label>.evil\r\n<cookie>\r\n", 421),
    Refused("a prefix", b"GET /x HTTP/1.1\r\nHost: evil<label>\r\n<cookie>\r\n", 404),
    Refused("a trailing dot", b"GET /x HTTP/1.1\r\nHost: <label>.\r\n<cookie>\r\n", 421),
    Refused("the zone", b"GET /x HTTP/1.1\r\nHost: localhost\r\n<cookie>\r\n", 421),
    Refused("a leading dot", b"GET /x HTTP/1.1\r\nHost: .localhost\r\n<cookie>\r\n", 421),
    Refused("an address", b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n<cookie>\r\n", 421),
    Refused("no cookie", b"GET /x HTTP/1.1\r\n<host>\r\n", 401),
    Refused(
        "identity by header",
        b"GET /x HTTP/1.1\r\n<host>X-Aigc-User: lin\r\nX_Aigc_User: lin\r\n\r\n",
        401,
    ),
    Refused("a health check", b"GET /x HTTP/1.1\r\n<host>User-Agent: kube-probe/1.3\r\n\r\n", 401),
    Refused("a forwarded URI", b"GET /x HTTP/1.1\r\n<host>X-Forwarded-Uri: /.aigc/\r\n\r\n", 401),
    Refused("a rewritten URI", b"GET /x HTTP/1.1\r\n<host>X-Original-URL: /.aigc/x\r\n\r\n", 401),
    Refused(
        "a forwarded host",
        b"GET /x HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: <name>\r\n<cookie>\r\n",
        421,
    ),
]


@pytest.mark.parametrize("probe", ELSEWHERE, ids=_ids(ELSEWHERE))
async def test_what_is_not_for_here_never_reaches_the_engine(door: Door, probe: Refused) -> None:
    outcome = await door.probe(probe.raw)
    assert outcome.statuses == [probe.status]
    assert outcome.open
    assert door.engine.heads == [MARKER]


BAD_CHUNKS = [
    ("no number", b"zz\r\n"),
    ("empty", b"\r\n\r\n"),
    ("negative", b"-1\r\n\r\n"),
    ("plus", b"+1\r\nx\r\n0\r\n\r\n"),
    ("hex prefix", b"0x1\r\nx\r\n0\r\n\r\n"),
    ("a space before", b" 1\r\nx\r\n0\r\n\r\n"),
    ("a space behind", b"1 \r\nx\r\n0\r\n\r\n"),
    ("an underscore", b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"),
    ("beyond 64 bits", b"10000000000000001\r\nx\r\n0\r\n\r\n"),
    ("beyond 60 bits", b"ffffffffffffffff\r\nx\r\n0\r\n\r\n"),
    ("bare LF after the size", b"1\nx\r\n0\r\n\r\n"),
    ("bare CR after the size", b"1\rx\r\n0\r\n\r\n"),
    ("bare LF in an extension", b"1;a\nb\r\nx\r\n0\r\n\r\n"),
    ("bare CR in an extension", b"1;a\rb\r\nx\r\n0\r\n\r\n"),
    ("NUL in an extension", b"1;a\x00b\r\nx\r\n0\r\n\r\n"),
    ("data too long", b"3\r\nabcd\r\n0\r\n\r\n"),
    ("data too short", b"3\r\nab\r\n0\r\n\r\n"),
    ("no CRLF after data", b"3\r\nabc0\r\n\r\n"),
    ("LF after data", b"3\r\nabc\n0\r\n\r\n"),
    ("LF at the end", b"0\r\n\n"),
    ("a folded trailer", b"0\r\nA: b\r\n c\r\n\r\n"),
    ("a trailer without a colon", b"0\r\nA\r\n\r\n"),
    ("a space before a trailer's colon", b"0\r\nA : b\r\n\r\n"),
    ("NUL in a trailer", b"0\r\nA: \x00\r\n\r\n"),
    ("an endless size", b"0" * 5000),
    ("an endless extension", b"1;" + b"x" * 5000),
    ("an endless trailer", b"0\r\nA: " + b"x" * 5000),
    ("endless trailers", b"0\r\n" + b"A: b\r\n" * 10_000),
]


@pytest.mark.parametrize("chunks", [c for _, c in BAD_CHUNKS], ids=[n for n, _ in BAD_CHUNKS])
async def test_bad_chunks_end_the_request_and_the_connection(door: Door, chunks: bytes) -> None:
    outcome = await door.probe(post(b"Transfer-Encoding: chunked", body=chunks))
    assert outcome.statuses == [400]
    assert not outcome.open
    assert door.engine.seen == [], "the engine got a whole request"
    # What comes in pieces is refused as well.
    reader, writer = await door.place.connect()
    raw = door.fill(post(b"Transfer-Encoding: chunked", body=chunks))
    head = raw.index(b"\r\n\r\n") + 4
    async with asyncio.timeout(SECONDS):
        writer.write(raw[:head])
        for at in range(head, min(len(raw), head + 64)):
            writer.write(raw[at : at + 1])
        writer.write(raw[head + 64 :] + door.fill(get(MARKER.encode())))
        answer = await read_all(reader)
    writer.transport.abort()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert door.engine.seen == []


GOOD_CHUNKS = [
    ("one", b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
    ("none", b"0\r\n\r\n", b""),
    ("several", b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"abc"),
    ("capital hex", b"A\r\n" + b"x" * 10 + b"\r\n0\r\n\r\n", b"x" * 10),
    ("leading zeros", b"0003\r\nabc\r\n000\r\n\r\n", b"abc"),
    ("extensions", b'3;a=b;c="d e"\r\nabc\r\n0;x\r\n\r\n', b"abc"),
    ("CRLF in data", b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
    ("an end in data", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    ("trailers", b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", b"abc"),
]


@pytest.mark.parametrize(
    ("chunks", "body"), [c[1:] for c in GOOD_CHUNKS], ids=[c[0] for c in GOOD_CHUNKS]
)
async def test_chunks_are_written_anew(door: Door, chunks: bytes, body: bytes) -> None:
    outcome = await door.probe(post(b"Transfer-Encoding: chunked", body=chunks))
    assert outcome.statuses == [200]
    assert outcome.open
    first, marker = door.engine.seen
    assert first.body == body
    assert marker.target == MARKER
    raw = door.engine.everything()
    assert b";" not in raw.partition(b"\r\n\r\n")[2].partition(b"GET ")[0], "an extension passed"


@pytest.mark.parametrize(
    "trailer",
    [
        b"Host: evil", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Cookie: a=b",
        b"Authorization: Bearer x", b"X-Aigc-User: root", b"X_Aigc_User: root",
        b"X-Forwarded-For: 6.6.6.6", b"Connection: close", b"X-Auth-Request-User: root",
        b"Origin: http://evil", b"Content-Type: text/html", b"X-HTTP-Method-Override: DELETE",
    ],
)  # fmt: skip
async def test_trailers_are_never_headers(door: Door, trailer: bytes) -> None:
    raw = post(b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n" + trailer + b"\r\n\r\n")
    outcome = await door.probe(raw)
    assert outcome.statuses == [200]
    seen = door.engine.seen[0]
    assert seen.body == b"abc"
    assert seen.trailers == ()
    assert seen.all("host") == [door.place.host]
    assert seen.all("x-aigc-user") == ["lin"]
    assert seen.all("content-length") == []


@pytest.mark.parametrize(
    ("target", "onward"),
    [
        ("/", "/"),
        ("//x", "//x"),
        ("//evil.example/x", "//evil.example/x"),
        ("/a/../x", "/a/../x"),
        ("/../x", "/../x"),
        ("/%2e%2e/x", "/%2e%2e/x"),
        ("/%2e/x", "/%2e/x"),
        ("/a%2f%2fb", "/a%2f%2fb"),
        ("/a%00b", "/a%00b"),
        ("/a%0d%0ab", "/a%0d%0ab"),
        ("/a\\b", "/a\\b"),
        ("/a;b=c?d=%23#".rstrip("#"), "/a;b=c?d=%23"),
        ("/x??y", "/x??y"),
        ("/.aigc", "/.aigc"),
        ("/.AIGC/start", "/.AIGC/start"),
        ("/%2eaigc/start", "/%2eaigc/start"),
        ("//.aigc/start", "//.aigc/start"),
        ("/x/../.aigc/start", "/x/../.aigc/start"),
        ("http://<name>/x?y", "/x?y"),
        ("HTTP://<name>/x", "/x"),
        ("https://<name>/x", "/x"),
        ("http://<name>", "/"),
        ("http://<name>//x", "//x"),
        ("/" + "a" * 60_000, "/" + "a" * 60_000),
    ],
)
async def test_targets_pass_as_they_came_or_as_a_path(door: Door, target: str, onward: str) -> None:
    """Nothing is normalised: what decides (host, owner, our own prefix) does not depend on it."""
    outcome = await door.probe(get(target.encode()))
    assert outcome.statuses == [200]
    assert outcome.open
    assert [s.target for s in door.engine.seen] == [onward, MARKER]


@pytest.mark.parametrize(
    "target", ["/.aigc/none", "/.aigc//start/..", "/.aigc/../x", "http://<name>/.aigc/x"]
)
async def test_our_own_pages_never_reach_the_engine(door: Door, target: str) -> None:
    outcome = await door.probe(get(target.encode()))
    assert outcome.statuses == [404]
    assert [s.target for s in door.engine.seen] == [MARKER]


SPOOFED = [
    b"X-Aigc-User: root", b"x-aigc-USER: root", b"X_Aigc_User: root", b"X-Aigc_User: root",
    b"X-Aigc-Anything: 1", b"X-Forwarded-For: 6.6.6.6", b"X_Forwarded_For: 6.6.6.6",
    b"X-Forwarded-Proto: ftp", b"X-Forwarded-Host: evil", b"X-Forwarded-User: root",
    b"X-Forwarded-Uri: /admin", b"X-Forwarded-Email: a@b", b"X-Forwarded-Prefix: /evil",
    b"Forwarded: for=6.6.6.6;host=evil", b"X-Real-IP: 6.6.6.6", b"Via: 1.1 evil",
    b"X-Auth-Request-User: root", b"X-Auth-Token: x", b"X-Remote-User: root", b"Remote-User: root",
    b"Remote_User: root", b"X-User: root", b"X-Email: a@b", b"X-Groups: admin",
    b"X-Authenticated-User: root", b"X-WebAuth-User: root", b"X-Original-URL: /admin",
    b"X-Rewrite-URL: /admin", b"X-Original-Host: evil", b"X-Host: evil", b"X-Accel-Redirect: /x",
    b"X-HTTP-Method-Override: DELETE", b"X-HTTP-Method: DELETE", b"X-Method-Override: DELETE",
    b"Proxy-Authorization: Basic eA==", b"Proxy-Connection: keep-alive", b"Keep-Alive: timeout=9",
    b"TE: trailers", b"HTTP2-Settings: AAMAAABk", b"True-Client-IP: 6.6.6.6",
    b"CF-Connecting-IP: 6.6.6.6", b"X-Client-IP: 6.6.6.6", b"X-Cluster-Client-IP: 6.6.6.6",
    b"Fastly-Client-IP: 6.6.6.6", b"Content_Length: 5", b"Transfer_Encoding: chunked",
]  # fmt: skip
OURS = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-aigc-user"]


@pytest.mark.parametrize("line", SPOOFED, ids=[s.decode() for s in SPOOFED])
async def test_spoofed_headers_are_dropped_and_ours_are_set(door: Door, line: bytes) -> None:
    name = line.partition(b":")[0]
    variants = [
        (line,),
        (line, line),
        (b"Connection: " + name, line),
        (b"Connection: close, " + name,),
    ]
    for lines in variants:
        door.engine.seen.clear()
        outcome = await door.probe(get(b"/x", *lines))
        assert outcome.statuses == [200]
        seen = door.engine.seen[0]
        plain = name.decode().lower().replace("_", "-")
        got = [v for k, v in seen.headers if k.replace("_", "-") == plain]
        ours = {
            "x-aigc-user": ["lin"],
            "x-forwarded-for": ["127.0.0.1"],
            "x-forwarded-proto": ["http"],
            "x-forwarded-host": [door.place.host],
        }
        assert got == ours.get(plain, [])
        assert [len(seen.all(n)) for n in OURS] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer aigc_session_abcdefghijklmnop", b"bearer\taigc_abcdefghijklmnop",
        b"Basic aigc_abcdefghijklmnop", b"token  AIGC_abcdefghijklmnop",
    ],
)  # fmt: skip
async def test_a_token_of_ours_never_reaches_the_engine(door: Door, value: bytes) -> None:
    """Whether it opens the door or not."""
    for lines in ((b"Authorization: " + value,), (b"Authorization: Bearer x",) * 2):
        await door.probe(get(b"/x", *lines, b"Authorization: " + value))
    raw = door.engine.everything()
    assert b"aigc_" not in raw.lower()


@pytest.mark.parametrize(
    "named",
    [
        b"X-Named", b"x-named", b"close, X-Named", b"keep-alive,X-Named", b"X-Named, close",
        b"\tX-Named ,,", b"X-Other\r\nConnection: X-Named",
    ],
)  # fmt: skip
async def test_headers_that_connection_names_end_here(door: Door, named: bytes) -> None:
    outcome = await door.probe(get(b"/x", b"Connection: " + named, b"X-Named: 1", b"X-Kept: 1"))
    assert outcome.statuses == [200]
    assert outcome.open == (b"close" not in named)
    seen = door.engine.seen[0]
    assert seen.all("x-named") == []
    assert seen.all("connection") == []
    assert seen.all("x-kept") == ["1"]


@pytest.mark.parametrize("named", [b"Host", b"Content-Length", b"Cookie", b"Origin, X-Aigc-User"])
async def test_connection_cannot_take_away_what_we_say(door: Door, named: bytes) -> None:
    outcome = await door.probe(post(b"Connection: " + named, b"Content-Length: 3", body=b"abc"))
    assert outcome.statuses == [200]
    assert outcome.open
    seen = door.engine.seen[0]
    assert (seen.body, seen.all("host")) == (b"abc", [door.place.host])
    assert seen.all("x-aigc-user") == ["lin"]


@pytest.mark.parametrize("other", [b"h2c", b"TLS/1.0", b"foo/2", b"h2c, websocket"])
async def test_other_protocols_are_never_upgraded_to(door: Door, other: bytes) -> None:
    lines = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + other, b"HTTP2-Settings: AAMA")
    outcome = await door.probe(get(b"/x", *lines))
    assert outcome.statuses == [200]
    assert outcome.open, "what followed was not read as HTTP/1.1"
    seen = door.engine.seen[0]
    assert seen.all("upgrade") == seen.all("connection") == seen.all("http2-settings") == []


async def test_the_http_2_preface_after_a_request(door: Door) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    outcome = await door.probe(get(b"/x") + preface)
    assert outcome.statuses == [200, 400]
    assert not outcome.open
    assert [s.target for s in door.engine.seen] == ["/x"]


async def test_pipelining_keeps_the_order_and_ends_at_the_first_bad_head(door: Door) -> None:
    good = [
        get(b"/1"),
        post(b"Content-Length: 5", body=b"hello"),
        get(b"/.aigc/none"),
        post(b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"),
        b"GET /2 HTTP/1.1\r\n<host>\r\n",  # nobody signed in: 401, and the next one is served
        b"\r\n" + get(b"/3"),  # one empty line before a request is let be
    ]
    outcome = await door.probe(b"".join(good))
    assert outcome.statuses == [200, 200, 404, 200, 401, 200]
    assert outcome.open
    assert [s.target for s in door.engine.seen] == ["/1", "/echo", "/echo", "/3", MARKER]
    door.engine.seen.clear()
    outcome = await door.probe(get(b"/1") + get(b"/2", b"A : b") + get(b"/3"))
    assert outcome.statuses == [200, 400]
    assert not outcome.open
    assert [s.target for s in door.engine.seen] == ["/1"]


async def test_two_hundred_pipelined_requests(door: Door) -> None:
    outcome = await door.probe(b"".join(get(b"/%d" % n) for n in range(200)))
    assert outcome.statuses == [200] * 200
    assert [s.target for s in door.engine.seen] == [f"/{n}" for n in range(200)] + [MARKER]


async def test_the_body_of_a_refused_request_is_never_a_request(door: Door) -> None:
    inner = door.fill(get(b"/smuggled"))
    for framing, body in (
        (b"Content-Length: %d" % len(inner), inner),
        (b"Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner)),
    ):
        for start, status in (
            (b"POST /x HTTP/1.1\r\n<host><cookie>", 403),  # without an Origin
            (b"POST /x HTTP/1.1\r\n<host><origin>", 401),
            (b"POST /x HTTP/1.1\r\nHost: evil.example\r\n<cookie>", 421),
            (b"GET /x HTTP/1.1\r\n<host>", 401),
        ):
            outcome = await door.probe(start + framing + b"\r\n\r\n" + body)
            assert outcome.statuses == [status]
            assert not outcome.open
            assert door.engine.heads == []


async def test_a_get_with_a_body_is_framed_and_not_the_next_request(door: Door) -> None:
    inner = door.fill(get(b"/smuggled"))
    outcome = await door.probe(get(b"/x", b"Content-Length: %d" % len(inner)) + inner)
    assert outcome.statuses == [200]
    assert outcome.open
    assert [(s.target, s.body) for s in door.engine.seen] == [("/x", inner), (MARKER, b"")]


async def test_h11_reads_the_same_messages_as_we_do(door: Door) -> None:
    """The bytes that we accept, given to h11, hold the same requests with the same bodies."""
    raw = door.fill(
        get(b"/a?b", b"A:b", b"C:  d  ", b"E:", b"F: \xe4\xff")
        + post(b"Content-Length: 0005", body=b"12345")
        + post(b"Transfer-Encoding: Chunked", body=b"5;x=y\r\nabcde\r\n0\r\n\r\n")
        + b"HEAD /h HTTP/1.1\r\n<good>\r\n"
        + get(b"/last", b"Connection: close")
    )
    outcome = await door.probe(raw, ("GET", "POST", "POST", "HEAD"))
    assert outcome.statuses == [200, 200, 200, 200, 200]
    assert not outcome.open
    theirs = _read_with_h11(raw)
    assert [(s.method, s.target, s.body) for s in door.engine.seen] == theirs


def _read_with_h11(raw: bytes) -> list[tuple[str, str, bytes]]:
    found: list[tuple[str, str, bytes]] = []
    while raw:
        parser = h11.Connection(h11.SERVER)
        parser.receive_data(raw)
        request = parser.next_event()
        assert isinstance(request, h11.Request)
        body = b""
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            assert isinstance(event, h11.Data)
            body += event.data
        found.append((request.method.decode(), request.target.decode(), body))
        raw = parser.trailing_data[0]
    return found
