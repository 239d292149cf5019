"""Raw probes at the public port (security.md, 13 to 16): one table, real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.gateway.place import HOST, Place, open_place


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path) as place:
        yield place


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    head: bytes
    body: bytes

    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found


async def ask(place: Place, raw: bytes, replies: int = 1) -> list[Reply]:
    """Send bytes as they are; read so many replies, or as many as come before the end."""
    reader, writer = await place.connect()
    writer.write(raw)
    found: list[Reply] = []
    try:
        async with asyncio.timeout(20):
            while len(found) < replies:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    break
                status = int(head.split(b" ", 2)[1])
                if status < 200:
                    found.append(Reply(status, head, b""))
                    continue
                body = b""
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        body = await reader.readexactly(int(line.split(b":")[1]))
                    if line.lower() == b"transfer-encoding: chunked":
                        while not body.endswith(b"0\r\n\r\n"):
                            body += await reader.readuntil(b"\r\n")
                found.append(Reply(status, head, body))
    finally:
        writer.transport.abort()
    return found


def request(place: Place, token: str, *lines: str, start: str = "GET /seen HTTP/1.1") -> bytes:
    head = [start, f"Host: {place.host}", f"Cookie: __Host-aigc={token}", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1")


# What is sent (HOST, COOKIE stand for good lines; lines end in CRLF unless written out), and the
# status that it gets. None of it may reach the engine.
_REFUSED: list[tuple[str, bytes, int]] = [
    ("two hosts", b"GET /seen HTTP/1.1\r\nHOST\r\nHost: evil\r\nCOOKIE\r\n\r\n", 400),
    ("the same host twice", b"GET /seen HTTP/1.1\r\nHOST\r\nHOST\r\nCOOKIE\r\n\r\n", 400),
    ("no host", b"GET /seen HTTP/1.1\r\nCOOKIE\r\n\r\n", 400),
    ("foreign host", b"GET /seen HTTP/1.1\r\nHost: evil.example\r\nCOOKIE\r\n\r\n", 421),
    ("host prefix", b"GET /seen HTTP/1.1\r\nHost: x.comfy.localhost\r\nCOOKIE\r\n\r\n", 421),
    ("host suffix", b"GET /seen HTTP/1.1\r\nHost: comfy.localhost.evil\r\nCOOKIE\r\n\r\n", 421),
    ("trailing dot", b"GET /seen HTTP/1.1\r\nHost: comfy.localhost.\r\nCOOKIE\r\n\r\n", 421),
    ("the zone itself", b"GET /seen HTTP/1.1\r\nHost: localhost\r\nCOOKIE\r\n\r\n", 421),
    ("userinfo in host", b"GET /seen HTTP/1.1\r\nHost: a@comfy.localhost\r\nCOOKIE\r\n\r\n", 400),
    ("unknown label", b"GET /seen HTTP/1.1\r\nHost: other.localhost\r\nCOOKIE\r\n\r\n", 404),
    (
        "length and chunks",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    (
        "two lengths",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nContent-Length: 3\r\n"
            b"Content-Length: 4\r\n\r\nabcd"
        ),
        400,
    ),
    (
        "a length with a sign",
        b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nContent-Length: +3\r\n\r\nabc",
        400,
    ),
    (
        "an unknown coding",
        b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nTransfer-Encoding: gzip\r\n\r\n",
        400,
    ),
    (
        "a coding behind another",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nTransfer-Encoding: gzip, chunked"
            b"\r\n\r\n"
        ),
        501,
    ),
    (
        "chunked twice",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nTransfer-Encoding: chunked\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        ),
        400,
    ),
    ("folded line", b"GET /seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\nA: b\r\n c\r\n\r\n", 400),
    ("bare LF", b"GET /seen HTTP/1.1\r\nHOST\r\nCOOKIE\nA: b\r\n\r\n", 400),
    ("bare CR", b"GET /seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\nA: b\rc\r\n\r\n", 400),
    ("NUL", b"GET /seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\nA: b\x00c\r\n\r\n", 400),
    ("space before colon", b"GET /seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\nA : b\r\n\r\n", 400),
    ("a fragment", b"GET /seen#x HTTP/1.1\r\nHOST\r\nCOOKIE\r\n\r\n", 400),
    ("no path", b"GET seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\n\r\n", 400),
    ("absolute, other host", b"GET http://evil/seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\n\r\n", 400),
    ("asterisk", b"OPTIONS * HTTP/1.1\r\nHOST\r\nCOOKIE\r\n\r\n", 400),
    ("CONNECT", b"CONNECT evil:80 HTTP/1.1\r\nHOST\r\nCOOKIE\r\n\r\n", 405),
    ("TRACE", b"TRACE / HTTP/1.1\r\nHOST\r\nCOOKIE\r\n\r\n", 405),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\nHOST\r\nCOOKIE\r\n\r\n", 505),
    ("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("nonsense", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
    ("a second cookie of ours", b"GET / HTTP/1.1\r\nHOST\r\nCOOKIE\r\nCOOKIE\r\n\r\n", 400),
    ("no cookie", b"GET /seen HTTP/1.1\r\nHOST\r\n\r\n", 401),
    ("sibling's token", b"GET /seen HTTP/1.1\r\nHOST\r\nCookie: __Host-aigc=SIBLING\r\n\r\n", 401),
    (
        "no origin",
        b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nContent-Length: 0\r\n\r\n",
        403,
    ),
    (
        "foreign origin",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nOrigin: https://evil\r\n"
            b"Content-Length: 1\r\n\r\nx"
        ),
        403,
    ),
    (
        "sibling origin",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nOrigin: http://other.localhost:PORT\r\n"
            b"Content-Length: 0\r\n\r\n"
        ),
        403,
    ),
    (
        "null origin",
        b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n",
        403,
    ),
    (
        "origin of another scheme",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nOrigin: https://comfy.localhost:PORT\r\n"
            b"Content-Length: 0\r\n\r\n"
        ),
        403,
    ),
    (
        "no-cors",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nSec-Fetch-Mode: no-cors\r\n"
            b"Sec-Fetch-Site: same-site\r\nContent-Length: 0\r\n\r\n"
        ),
        403,
    ),
    (
        "no-cors with an origin, nobody vouches",
        (
            b"POST /echo HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nSec-Fetch-Mode: no-cors\r\n"
            b"Content-Length: 0\r\n\r\n"
        ),
        403,
    ),
    (
        "a sibling's image tag",
        (
            b"GET /seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\nSec-Fetch-Site: same-site\r\n"
            b"Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n\r\n"
        ),
        403,
    ),
    (
        "a sibling's frame",
        (
            b"GET /seen HTTP/1.1\r\nHOST\r\nCOOKIE\r\nSec-Fetch-Site: same-site\r\n"
            b"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n\r\n"
        ),
        403,
    ),
    (
        "preflight of another site",
        (
            b"OPTIONS /seen HTTP/1.1\r\nHOST\r\nOrigin: https://evil\r\n"
            b"Access-Control-Request-Method: POST\r\n\r\n"
        ),
        403,
    ),
    (
        "a service worker for the whole host",
        b"GET /sw.js HTTP/1.1\r\nHOST\r\nCOOKIE\r\nService-Worker: script\r\n\r\n",
        403,
    ),
    (
        "health check's user agent",
        b"GET /seen HTTP/1.1\r\nHOST\r\nUser-Agent: kube-probe/1.0\r\n\r\n",
        401,
    ),
    (
        "identity header without a session",
        b"GET /seen HTTP/1.1\r\nHOST\r\nX-Aigc-User: lin\r\nX-Forwarded-Uri: /.aigc/\r\n\r\n",
        401,
    ),
    ("head too large", b"GET / HTTP/1.1\r\nHOST\r\nCOOKIE\r\nA: " + b"x" * 70_000, 431),
    (
        "a WebSocket with a body",
        (
            b"GET /ws HTTP/1.1\r\nHOST\r\nCOOKIE\r\nORIGIN\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nContent-Length: 5\r\n\r\nhello"
        ),
        400,
    ),
]


async def test_every_probe_is_refused(place: Place) -> None:
    """Pitfall 6."""
    token = await place.sign_in()
    place.coordinator.put_route("other-one")
    sibling = await place.sign_in("other-one")
    wrong: list[str] = []
    for name, raw, status in _REFUSED:
        raw = raw.replace(b"HOST\r\n", f"Host: {place.host}\r\n".encode())
        raw = raw.replace(b"COOKIE", f"Cookie: __Host-aigc={token}".encode())
        raw = raw.replace(b"ORIGIN", f"Origin: {place.origin}".encode())
        raw = raw.replace(b"PORT", str(place.port).encode()).replace(b"SIBLING", sibling.encode())
        replies = await ask(place, raw)
        found = replies[0].status if replies else 0
        if found != status:
            wrong.append(f"{name}: {found} instead of {status}")
    assert not wrong, "\n".join(wrong)
    assert place.engine.requests == []


async def test_another_creators_instance_is_refused(place: Place) -> None:
    """Pitfall 6."""
    await place.sign_in(person="eve")
    token = await place.sign_in(person="eve")
    (reply,) = await ask(place, request(place, token))
    assert reply.status == 403
    assert place.engine.requests == []


@pytest.mark.parametrize(
    "target",
    ["/seen?x=//a", "//seen", "/a/../seen", "/%2e%2e/seen", "/.aigc", "/%2eaigc/start"],
)
async def test_targets_pass_unchanged_and_only_our_prefix_is_ours(
    place: Place, target: str
) -> None:
    token = await place.sign_in()
    (reply,) = await ask(place, request(place, token, start=f"GET {target} HTTP/1.1"))
    if target == "/seen?x=//a":
        assert reply.json()["target"] == target
    else:
        assert reply.status == 404
        assert b"page-unknown" not in reply.body  # the engine's own 404


async def test_absolute_form_of_the_same_host_is_brought_to_a_path(place: Place) -> None:
    token = await place.sign_in()
    start = f"GET http://{place.host}/seen?q HTTP/1.1"
    (reply,) = await ask(place, request(place, token, start=start))
    assert reply.json()["target"] == "/seen?q"


async def test_h2c_upgrade_is_dropped(place: Place) -> None:
    token = await place.sign_in()
    lines = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    (reply,) = await ask(place, request(place, token, *lines))
    headers = dict(reply.json()["headers"])  # type: ignore[call-overload]
    assert reply.status == 200
    assert not {"upgrade", "http2-settings", "connection"} & set(headers)


async def test_pipelined_requests_are_answered_in_order(place: Place) -> None:
    token = await place.sign_in()
    body = (
        f"POST /echo HTTP/1.1\r\nHost: {place.host}\r\nOrigin: {place.origin}\r\n"
        f"Cookie: __Host-aigc={token}\r\nContent-Length: 5\r\n\r\nhello"
    ).encode()
    raw = b"".join(
        [
            request(place, token, start="GET /seen?1 HTTP/1.1"),
            body,
            request(place, token, start="GET /.aigc/none HTTP/1.1"),
            body.replace(
                b"Content-Length: 5\r\n\r\nhello",
                b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            ),
            request(place, token, start="GET /seen?2 HTTP/1.1"),
        ]
    )
    replies = await ask(place, raw, 5)
    assert [r.status for r in replies] == [200, 200, 404, 200, 200]
    assert replies[0].json()["target"] == "/seen?1"
    assert replies[1].body == b"hello"
    assert replies[3].body == b"abc"
    assert replies[4].json()["target"] == "/seen?2"


async def test_a_body_in_the_name_of_a_refused_request_is_not_the_next_request(
    place: Place,
) -> None:
    token = await place.sign_in()
    inner = request(place, token, start="GET /seen?smuggled HTTP/1.1")
    outer = (
        f"POST /echo HTTP/1.1\r\nHost: {place.host}\r\nCookie: __Host-aigc={token}\r\n"
        f"Content-Length: {len(inner)}\r\n\r\n"
    ).encode()
    replies = await ask(place, outer + inner, 2)
    assert [r.status for r in replies] == [403]
    assert place.engine.requests == []


async def test_broken_chunks_end_the_connection(place: Place) -> None:
    token = await place.sign_in()
    lines = (f"Origin: {place.origin}", "Transfer-Encoding: chunked")
    head = request(place, token, *lines, start="POST /echo HTTP/1.1")
    for chunks in (b"zz\r\n", b"3\nabc\r\n", b"3\r\nabcd\r\n", b"-1\r\n", b"ffffffffffffffff0\r\n"):
        replies = await ask(place, head + chunks)
        assert [reply.status for reply in replies] == [400]


async def test_expect_continue_and_an_early_refusal(place: Place) -> None:
    token = await place.sign_in()
    lines = (f"Origin: {place.origin}", "Content-Length: 3", "Expect: 100-continue")
    reader, writer = await place.connect()
    writer.write(request(place, token, *lines, start="POST /echo HTTP/1.1"))
    assert b" 100 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    writer.write(b"abc")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert b" 200 " in head
    assert await reader.readexactly(3) == b"abc"
    # The engine refuses without reading: the answer arrives though the body was not sent whole.
    large = (f"Origin: {place.origin}", "Content-Length: 100000000")
    writer.write(request(place, token, *large, start="POST /refuse HTTP/1.1") + b"x" * 100_000)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert b" 413 " in head
    assert b"Connection: close" in head
    writer.transport.abort()


async def test_http_1_0_and_half_close(place: Place) -> None:
    token = await place.sign_in()
    reader, writer = await place.connect()
    start = "GET /download?bytes=200000&chunked HTTP/1.0"
    writer.write(request(place, token, start=start))
    answer = await asyncio.wait_for(reader.read(-1), 20)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert len(body) == 200_000
    writer.close()
    await writer.wait_closed()
    # Half-closed after the request: the answer still comes.
    reader, writer = await place.connect()
    writer.write(request(place, token, start="GET /download?bytes=100000 HTTP/1.1"))
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(-1), 20)
    assert len(answer.partition(b"\r\n\r\n")[2]) == 100_000
    writer.close()
    await writer.wait_closed()


async def test_stopped_engine_answers_programs_with_503(place: Place) -> None:
    """Pitfall 4."""
    token = await place.sign_in()
    place.coordinator.put_route(HOST, state=9)  # STOPPED
    for _ in range(200):
        (reply,) = await ask(place, request(place, token))
        if reply.status == 503:
            break
        await asyncio.sleep(0.02)
    assert reply.json()["error"] == "engine-stopped"
    probes: list[tuple[str, ...]] = [
        ("Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Sec-Fetch-Site: same-origin"),
        ("Accept: text/html", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"),
        ("Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"),
        ("Accept: text/html", "Sec-Purpose: prefetch"),
        (
            f"Origin: {place.origin}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Key: x",
            "Sec-WebSocket-Version: 13",
        ),
    ]
    for lines in probes:
        (reply,) = await ask(place, request(place, token, *lines))
        assert reply.status == 503, lines
        assert reply.json()["error"] == "engine-stopped"
    form = (f"Origin: {place.origin}", "Content-Length: 0", "Accept: text/html")
    (reply,) = await ask(place, request(place, token, *form, start="POST / HTTP/1.1"))
    assert reply.status == 503
    assert place.coordinator.visits == []
