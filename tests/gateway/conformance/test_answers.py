"""What engines answer: every framing arrives, whatever is not plain is a 502, and a body that is
cut off is seen to be cut off."""

from __future__ import annotations

import asyncio

import h11
import pytest

from tests.gateway.conformance.door import MARKER, SECONDS, Door, read_all, read_reply
from tests.gateway.conformance.raw_engine import OK, EngineStream, Script, Seen

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.attack(16)]

GET = b"GET /x HTTP/1.1\r\n<good>\r\n"
HEAD = b"HEAD /x HTTP/1.1\r\n<good>\r\n"
CLOSE = b"Connection: close\r\n"


def saying(data: bytes, then: str = "") -> Script:
    """A script that sends bytes; ``then`` closes or resets the connection."""

    async def say(stream: EngineStream, _: Seen) -> None:
        await stream.send(data)
        if then == "close":
            stream.close()
        elif then == "reset":
            stream.reset()

    return say


# Answers that nobody may pass on: their end, their status or their lines are not certain.
BAD = [
    ("no HTTP", b"hello\r\n\r\n"),
    ("HTTP/0.9", b"<html>hello</html>\r\n\r\n"),
    ("HTTP/2", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/1.2", b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("another protocol", b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("lower case", b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("no status", b"HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    ("status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    ("status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    ("status below 100", b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"),
    ("status of letters", b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"),
    ("a negative status", b"HTTP/1.1 -200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("two spaces", b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("a bare LF", b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
    ("a bare LF between headers", b"HTTP/1.1 200 OK\r\nA: b\nSet-Cookie: x=y\r\n\r\n"),
    ("a bare CR in the reason", b"HTTP/1.1 200 O\rSet-Cookie: x=y\r\nContent-Length: 0\r\n\r\n"),
    ("a bare CR in a value", b"HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: x=y\r\n\r\n"),
    ("NUL", b"HTTP/1.1 200 OK\r\nA: b\x00\r\nContent-Length: 0\r\n\r\n"),
    ("a control character", b"HTTP/1.1 200 OK\r\nA: \x01\r\nContent-Length: 0\r\n\r\n"),
    ("a control character in the reason", b"HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n"),
    ("a folded line", b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
    ("a space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"),
    ("an empty name", b"HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n"),
    ("no colon", b"HTTP/1.1 200 OK\r\nA\r\nContent-Length: 0\r\n\r\n"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
    (
        "an equal length twice",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    ),
    ("a list of lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nabc"),
    ("a length with a sign", b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab"),
    ("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab"),
    ("a length in hex", b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nab"),
    ("a length beyond 64 bits", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
    (
        "length and chunks",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("gzip as a coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx"),
    ("gzip, chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("xchunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    (
        "chunked twice",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    ("HTTP/1.0 in chunks", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a change of protocol", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
    ("a huge header", b"HTTP/1.1 200 OK\r\nA: " + b"x" * 80_000 + b"\r\n\r\n"),
    ("a head without end", b"HTTP/1.1 200 OK\r\nA: " + b"x" * 200_000),
    (
        "very many headers",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(9000)) + b"\r\n",
    ),
]


@pytest.mark.parametrize("answer", [b for _, b in BAD], ids=[n for n, _ in BAD])
async def test_an_answer_that_is_not_plain_is_a_502(door: Door, answer: bytes) -> None:
    door.engine.answers["/x"] = answer
    outcome = await door.probe(GET)
    assert outcome.statuses == [502]
    assert outcome.replies[0].all("set-cookie") == []
    assert outcome.open, "the browser's connection is whole and goes on"
    assert [s.target for s in door.engine.seen] == ["/x", MARKER]
    bad, good = door.engine.seen
    assert bad.stream != good.stream, "a connection that answered badly was used again"


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"])
async def test_an_engine_that_leaves_before_its_head_is_whole_is_a_502(
    door: Door, said: bytes, then: str
) -> None:
    door.engine.answers["/x"] = saying(said, then)
    outcome = await door.probe(GET)
    assert outcome.statuses == [502]
    assert outcome.open
    # Nothing that could have had an effect is sent twice.
    door.engine.seen.clear()
    outcome = await door.probe(b"POST /x HTTP/1.1\r\n<good>Content-Length: 1\r\n\r\nx")
    assert outcome.statuses == [502]
    assert [s.target for s in door.engine.seen].count("/x") == 1


CUT = [
    ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "close"),
    ("length, nothing", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "close"),
    ("length, reset", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "reset"),
    ("chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "close"),
    ("in a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "close"),
    ("chunks, last CRLF", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "close"),
    (
        "chunks, reset",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "reset",
    ),
    ("until the end, reset", b"HTTP/1.1 200 OK\r\n\r\nabc", "reset"),
    (
        "bad chunks",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n0\r\n\r\n",
        "",
    ),
    (
        "bare LF in chunks",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        "",
    ),
]


@pytest.mark.parametrize(("answer", "then"), [c[1:] for c in CUT], ids=[c[0] for c in CUT])
async def test_a_body_that_was_cut_off_never_ends_cleanly(
    door: Door, answer: bytes, then: str
) -> None:
    door.engine.answers["/x"] = saying(answer, then)
    outcome = await door.probe(GET)
    assert not outcome.open
    assert all(not reply.whole for reply in outcome.replies)
    assert all(reply.body in (b"", b"abc") for reply in outcome.replies)


WHOLE = [
    ("a length", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "", b"abc"),
    ("no body", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", b""),
    (
        "chunks",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        "",
        b"abc",
    ),
    ("until the end", b"HTTP/1.1 200 OK\r\n\r\nabc", "close", b"abc"),
    ("until the end, nothing", b"HTTP/1.1 200 OK\r\n\r\n", "close", b""),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nabc", "close", b"abc"),
    ("HTTP/1.0 with a length", b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "", b"abc"),
    (
        "closing",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        "close",
        b"abc",
    ),
    ("no reason", b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc", "", b"abc"),
    ("a reason in UTF-8", "HTTP/1.1 200 好\r\nContent-Length: 3\r\n\r\nabc".encode(), "", b"abc"),
    ("404", b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc", "", b"abc"),
]


@pytest.mark.parametrize(
    ("answer", "then", "body"), [w[1:] for w in WHOLE], ids=[w[0] for w in WHOLE]
)
async def test_whole_answers_of_every_framing(
    door: Door, answer: bytes, then: str, body: bytes
) -> None:
    door.engine.answers["/x"] = saying(answer, then)
    outcome = await door.probe(GET)
    (reply,) = outcome.replies
    assert (reply.whole, reply.body) == (True, body)
    assert outcome.open
    assert reply.all("content-length") in ([], [str(len(body))])
    # A browser of HTTP/1.0 gets no chunks, and the same body.
    raw = await door.exchange(b"GET /x HTTP/1.0\r\n<good>\r\n")
    head, _, got = raw.partition(b"\r\n\r\n")
    assert got == body
    assert b"transfer-encoding" not in head.lower()


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize(
    "rest",
    [
        b"\r\n",
        b"Content-Length: 3\r\n\r\n",
        b"Content-Length: 3\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsplit",
    ],
)
async def test_statuses_without_a_body_have_none(door: Door, status: bytes, rest: bytes) -> None:
    door.engine.answers["/x"] = b"HTTP/1.1 " + status + b"\r\n" + rest
    outcome = await door.probe(GET)
    assert outcome.statuses == [int(status[:3])]
    assert outcome.open, "what the engine sent behind its answer was read as the next one"
    assert outcome.replies[0].all("transfer-encoding") == []
    if status.startswith(b"204"):
        assert outcome.replies[0].all("content-length") == []


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 3\r\n\r\n",
        b"Content-Length: 3\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"\r\n",
        b"\r\nabc",
    ],
)
async def test_answers_to_head_have_no_body(door: Door, rest: bytes) -> None:
    door.engine.answers["/x"] = b"HTTP/1.1 200 OK\r\n" + rest
    outcome = await door.probe(HEAD, ("HEAD",))
    assert outcome.statuses == [200]
    assert outcome.open
    assert door.engine.seen[0].method == "HEAD"
    if rest.startswith(b"Content-Length"):
        assert outcome.replies[0].all("content-length") == ["3"]


async def test_bytes_behind_an_answer_are_nobodys(door: Door) -> None:
    """Response splitting: a second answer in the first one's tail meets no request."""
    door.engine.answers["/x"] = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    outcome = await door.probe(GET + GET)
    assert [r.body for r in outcome.replies] == [b"ok", b"ok"]
    assert outcome.open
    assert len({s.stream for s in door.engine.seen}) == 3, "bytes left over, and used again"


async def test_bytes_that_come_while_nothing_is_asked_end_the_connection(door: Door) -> None:
    late = asyncio.Event()

    async def speak_later(stream: EngineStream, _: Seen) -> None:
        await stream.send(OK)
        await late.wait()
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    door.engine.answers["/x"] = speak_later
    answer = await door.exchange(GET.replace(b"<good>", b"<good>" + CLOSE))
    assert answer.endswith(b"ok")
    first = door.engine.streams[door.engine.seen[0].stream]
    late.set()
    async with asyncio.timeout(SECONDS):
        await first.ended.wait()
    outcome = await door.probe(GET)
    assert [r.body for r in outcome.replies] == [b"ok"]


INTERIM = [
    ("103", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", [103]),
    ("102", b"HTTP/1.1 102 Processing\r\n\r\n", [102]),
    ("unasked 100", b"HTTP/1.1 100 Continue\r\n\r\n", [100]),
    ("several", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n", [100, 103]),
    ("very many", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500, [103] * 500),
    ("one with a length", b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n", [103]),
    ("one with a coding", b"HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n", [103]),
    ("one with a cookie of ours", b"HTTP/1.1 103 E\r\nSet-Cookie: __Host-aigc=x\r\n\r\n", [103]),
]


@pytest.mark.parametrize(
    ("interim", "statuses"), [i[1:] for i in INTERIM], ids=[i[0] for i in INTERIM]
)
async def test_interim_answers_pass_without_framing(
    door: Door, interim: bytes, statuses: list[int]
) -> None:
    door.engine.answers["/x"] = interim + OK
    outcome = await door.probe(GET)
    assert outcome.statuses == [*statuses, 200]
    assert outcome.open
    for reply in outcome.replies[:-1]:
        assert reply.all("content-length") == reply.all("transfer-encoding") == []
        assert reply.all("set-cookie") == []
    # HTTP/1.0 knows none.
    raw = await door.exchange(b"GET /x HTTP/1.0\r\n<good>\r\n")
    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_continue_is_the_engines_to_say(door: Door) -> None:
    door.engine.early["/x"] = b"HTTP/1.1 100 Continue\r\n\r\n"

    async def answer(stream: EngineStream, seen: Seen) -> None:
        await stream.send(OK)

    reader, writer = await door.place.connect()
    async with asyncio.timeout(SECONDS):
        writer.write(
            door.fill(
                b"POST /x HTTP/1.1\r\n<good>Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
            )
        )
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 100
        assert door.engine.seen == []
        door.engine.early.clear()
        door.engine.answers["/x"] = answer
        writer.write(b"abc")
        reply = await read_reply(reader)
    writer.transport.abort()
    assert reply is not None
    assert reply.status == 200
    assert door.engine.seen[0].body == b"abc"
    assert door.engine.seen[0].all("expect") == ["100-continue"]


@pytest.mark.parametrize("framing", [b"Content-Length: 100000000", b"Transfer-Encoding: chunked"])
async def test_an_early_answer_arrives_and_ends_the_connection(door: Door, framing: bytes) -> None:
    """An engine that answers before the body's end: its words arrive, the rest is not read."""
    door.engine.early["/x"] = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"
    reader, writer = await door.place.connect()
    async with asyncio.timeout(SECONDS):
        writer.write(door.fill(b"POST /x HTTP/1.1\r\n<good>" + framing + b"\r\n\r\n"))
        writer.write(b"10000\r\n" + b"x" * 50_000)
        reply = await read_reply(reader)
        assert reply is not None
        assert (reply.status, reply.body) == (413, b"big")
        assert reply.all("connection") == ["close"]
        # Not a request, though it looks like one: it stands where the body would go on.
        writer.write(door.fill(GET))
        assert await read_all(reader) == b""
    writer.transport.abort()
    assert door.engine.heads == ["/x"]


HOP = [
    (b"Connection: X-Secret\r\nX-Secret: 1\r\n", "x-secret"),
    (b"Connection: close, x-secret\r\nX-Secret: 1\r\n", "x-secret"),
    (b"Keep-Alive: timeout=5\r\n", "keep-alive"),
    (b"Proxy-Connection: keep-alive\r\n", "proxy-connection"),
    (b"Proxy-Authenticate: Basic\r\n", "proxy-authenticate"),
    (b"Upgrade: h2c\r\n", "upgrade"),
    (b"TE: trailers\r\n", "te"),
]


@pytest.mark.parametrize(("lines", "gone"), HOP, ids=[h[1] for h in HOP])
async def test_what_is_between_two_neighbours_ends_here(
    door: Door, lines: bytes, gone: str
) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + lines + b"X-Kept: 1\r\nContent-Length: 2\r\n\r\nok"
    door.engine.answers["/x"] = saying(answer, "close" if b"close" in lines else "")
    outcome = await door.probe(GET)
    (reply,) = outcome.replies
    assert reply.all(gone) == []
    assert reply.all("x-kept") == ["1"]
    assert reply.all("connection") == []
    assert outcome.open, "the engine's connection is not the browser's"


@pytest.mark.parametrize(
    "trailer",
    [b"X-Sum: 1", b"Set-Cookie: __Host-aigc=x", b"Content-Length: 9", b"Clear-Site-Data: *"],
)
async def test_an_engines_trailers_end_here(door: Door, trailer: bytes) -> None:
    chunks = b"3\r\nabc\r\n0\r\n" + trailer + b"\r\n\r\n"
    door.engine.answers["/x"] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    outcome = await door.probe(GET)
    (reply,) = outcome.replies
    assert (reply.body, reply.trailers) == (b"abc", b"")
    assert outcome.open


async def test_half_closed_by_the_browser_the_answer_still_comes(door: Door) -> None:
    if door.place.client_tls is not None:
        pytest.skip("TLS has no half-close")
    reader, writer = await door.place.connect()
    async with asyncio.timeout(SECONDS):
        writer.write(door.fill(GET + b"POST /y HTTP/1.1\r\n<good>Content-Length: 1\r\n\r\nx"))
        writer.write_eof()
        answers = await read_all(reader)
    writer.transport.abort()
    # Both were whole before the end.
    assert [s.target for s in door.engine.seen][:1] == ["/x"]
    assert answers.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_half_closed_in_a_body_nothing_is_answered(door: Door) -> None:
    if door.place.client_tls is not None:
        pytest.skip("TLS has no half-close")
    reader, writer = await door.place.connect()
    async with asyncio.timeout(SECONDS):
        writer.write(door.fill(b"POST /x HTTP/1.1\r\n<good>Content-Length: 10\r\n\r\nabc"))
        writer.write_eof()
        assert await read_all(reader) == b""
    writer.transport.abort()
    assert door.engine.seen == [], "the engine took half a body for a whole one"


async def test_an_engine_that_half_closes_after_its_answer(door: Door) -> None:
    async def answer(stream: EngineStream, _: Seen) -> None:
        await stream.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
        stream.writer.write_eof()
        await stream.reader.read()

    door.engine.answers["/x"] = answer
    outcome = await door.probe(GET)
    (reply,) = outcome.replies
    assert (reply.whole, reply.body) == (True, b"abc")
    assert outcome.open


# --- WebSockets ----------------------------------------------------------------------------------

WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\n<good>Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


async def _echo(stream: EngineStream, _: Seen) -> None:
    await stream.send(SWITCHED + b"first")
    while data := await stream.reader.read(65536):
        stream.raw += data
        await stream.send(data)


async def test_bytes_pass_both_ways_once_the_engine_agreed(door: Door) -> None:
    door.engine.answers["/ws"] = _echo
    reader, writer = await door.place.connect()
    async with asyncio.timeout(SECONDS):
        writer.write(door.fill(WEBSOCKET))
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 101
        assert reply.all("upgrade") == ["websocket"]
        assert await reader.readexactly(5) == b"first"
        writer.write(b"\x81\x85maskhello")
        assert await reader.readexactly(11) == b"\x81\x85maskhello"
        if writer.can_write_eof():
            writer.write_eof()
            assert await read_all(reader) == b""
    writer.transport.abort()


async def test_frames_right_behind_the_handshake_are_not_lost(door: Door) -> None:
    door.engine.answers["/ws"] = _echo
    reader, writer = await door.place.connect()
    async with asyncio.timeout(SECONDS):
        writer.write(door.fill(WEBSOCKET) + b"\x81\x85maskhello")
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 101
        assert await reader.readexactly(16) == b"first\x81\x85maskhello"
    writer.transport.abort()


@pytest.mark.parametrize("status", [b"426 Upgrade Required", b"200 OK", b"403 Forbidden"])
async def test_a_refused_websocket_leaves_plain_http(door: Door, status: bytes) -> None:
    """Smuggling through a tunnel that never was: what follows is read as requests, and decided."""
    door.engine.answers["/ws"] = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    foreign = b"GET /secret HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    outcome = await door.probe(WEBSOCKET.replace(b"Version: 13", b"Version: 777") + foreign)
    assert outcome.statuses == [int(status[:3]), 421]
    assert outcome.open
    assert [s.target for s in door.engine.seen] == ["/ws", MARKER]


ASKING = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
KEY = b"Sec-WebSocket-Key: x\r\n"


@pytest.mark.parametrize("lines", [b"", KEY + b"Content-Length: 1\r\n", KEY + KEY])
async def test_malformed_handshakes(door: Door, lines: bytes) -> None:
    outcome = await door.probe(b"GET /ws HTTP/1.1\r\n<good>" + ASKING + lines + b"\r\n")
    assert outcome.statuses == [400]
    assert not outcome.open
    assert door.engine.heads == []


async def test_upgrade_of_another_method_is_a_plain_request(door: Door) -> None:
    raw = WEBSOCKET.replace(b"GET", b"POST", 1).replace(
        b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"
    )
    outcome = await door.probe(raw)
    assert outcome.statuses == [200]
    assert outcome.open
    assert door.engine.seen[0].all("upgrade") == []


async def test_h11_reads_our_answers_as_we_mean_them(door: Door) -> None:
    """The second parser on the browser's side: every framing in a row on one connection."""
    door.engine.answers.update(
        {
            "/1": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            "/2": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "/3": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
            "/4": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
            "/5": saying(b"HTTP/1.0 200 OK\r\n\r\nabc", "close"),
        }
    )
    raw = b"".join(b"GET /%d HTTP/1.1\r\n<good>\r\n" % n for n in range(1, 5))
    raw += b"GET /5 HTTP/1.1\r\n<good>Connection: close\r\n\r\n"
    answers = await door.exchange(raw)
    found: list[tuple[int, bytes]] = []
    for n in range(1, 6):
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method="GET", target=f"/{n}", headers=[("Host", "x")]))
        parser.send(h11.EndOfMessage())
        parser.receive_data(answers)
        status, body = 0, b""
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                assert isinstance(event, h11.InformationalResponse), event
        found.append((status, body))
        answers = parser.trailing_data[0]
    assert found == [(200, b"abc"), (200, b"abc"), (204, b""), (304, b""), (200, b"abc")]
    assert answers == b""
