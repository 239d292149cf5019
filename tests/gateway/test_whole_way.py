"""Browser to engine and back, through gateway and tunnel: pages, WebSockets, streams, bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.gateway.place import HOST, Place, client_of, connect_websocket, open_place, until


@pytest_asyncio.fixture(params=["http", "https"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path, tls=request.param == "https") as place:
        yield place


async def test_page_and_websocket(place: Place) -> None:
    token = await place.sign_in()
    async with client_of(place, token) as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "the engine" in answer.text
        posted = await client.post("/echo", content=b"hello")
        assert posted.content == b"hello"
    async with connect_websocket(place, token) as socket:
        await socket.send("hi")
        assert await socket.recv() == "echo: hi"
        await socket.send(b"x" * 300_000)
        assert await socket.recv() == b"x" * 300_000


async def test_engine_sees_no_cookie_of_ours_and_the_public_host(place: Place) -> None:
    """Pitfall 5."""
    token = await place.sign_in()
    spoofed = {
        "X-Forwarded-For": "6.6.6.6",
        "X_Forwarded_Host": "evil",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X-Aigc-User": "root",
        "X_Aigc_User": "root",
        "X-Auth-Request-User": "root",
        "X-Forwarded-Uri": "/admin",
        "Connection": "keep-alive, X-Aigc-User, X-Named",
        "X-Named": "1",
        "Proxy-Authorization": "Basic eA==",
        "X-Own": "stays",
    }
    async with client_of(place, token) as client:
        seen = (await client.get("/seen?a=b%2Fc", headers=spoofed)).json()
        own = await client.get("/seen", headers={"Authorization": "Bearer engines-own"})
        ours = await client.get("/seen", headers={"Authorization": "Bearer aigc_session_abcdefgh"})
    assert ours.status_code == 401  # a token of ours is the door's, and never goes on
    names = [name for name, _ in seen["headers"]]
    headers = dict(seen["headers"])
    assert seen["target"] == "/seen?a=b%2Fc"
    assert headers["host"] == place.host
    assert headers["cookie"] == "engine=1"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == place.scheme
    assert headers["x-forwarded-host"] == place.host
    assert headers["x-aigc-user"] == "lin"
    assert headers["x-own"] == "stays"
    assert len(names) == len(set(names))
    for gone in (
        "x_forwarded_host",
        "x_aigc_user",
        "forwarded",
        "x-real-ip",
        "x-auth-request-user",
        "x-forwarded-uri",
        "x-named",
        "proxy-authorization",
        "connection",
    ):
        assert gone not in headers
    assert dict(own.json()["headers"])["authorization"] == "Bearer engines-own"


async def test_what_an_engine_may_not_answer_is_stripped(place: Place) -> None:
    token = await place.sign_in()
    async with client_of(place, token) as client:
        answer = await client.get("/cookies")
    cookies = answer.headers.get_list("set-cookie")
    assert cookies == ["wide=1; Path=/", "own=1; Path=/; HttpOnly"]
    for gone in ("clear-site-data", "service-worker-allowed", "alt-svc", "x-secret"):
        assert gone not in answer.headers


async def test_bodies_of_every_framing(place: Place) -> None:
    token = await place.sign_in()

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(50):
            yield bytes([number]) * 1000

    async with client_of(place, token) as client:
        chunked = await client.post("/echo", content=pieces())
        assert chunked.content == b"".join(bytes([n]) * 1000 for n in range(50))
        down = await client.get("/download?bytes=300000&chunked")
        assert len(down.content) == 300_000
        assert down.headers["transfer-encoding"] == "chunked"
        plain = await client.get("/download?bytes=300000")
        assert plain.headers["content-length"] == "300000"
        assert len(plain.content) == 300_000
        ranged = await client.get("/file", headers={"Range": "bytes=10-19"})
        assert ranged.status_code == 206
        assert ranged.content == bytes(range(10, 20))
        assert ranged.headers["content-range"] == "bytes 10-19/4096"
        head = await client.head("/file")
        assert head.headers["content-length"] == "4096"
        assert head.content == b""
        for code in (204, 304, 404, 500):
            assert (await client.get(f"/status/{code}")).status_code == code


async def test_events_arrive_one_by_one_and_end_with_the_tab(place: Place) -> None:
    """Pitfall 17."""
    token = await place.sign_in()
    async with client_of(place, token) as client, client.stream("GET", "/events") as answer:
        lines = answer.aiter_lines()
        seen = []
        async for line in lines:
            if line:
                seen.append(line)
            if len(seen) == 3:
                break
        assert seen == ["data: 0", "data: 1", "data: 2"]
        assert place.engine.open_streams == 1
    await until(lambda: place.engine.open_streams == 0, "the engine sees the tab closed")


async def test_open_connections_of_a_revoked_session_close(place: Place) -> None:
    token = await place.sign_in()
    async with connect_websocket(place, token) as socket, client_of(place, token) as client:
        await socket.send("hi")
        await socket.recv()
        async with client.stream("GET", "/events") as answer:
            stream = answer.aiter_lines()
            await anext(stream)
            began = asyncio.get_running_loop().time()
            place.coordinator.revoke(token)
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
            with pytest.raises(httpx.HTTPError):
                async for _ in stream:
                    pass
            assert asyncio.get_running_loop().time() - began < 5
    await until(lambda: place.engine.open_websockets == 0, "the engine's end closed too")


async def test_a_session_that_runs_out_closes_its_websocket(place: Place) -> None:
    token = await place.sign_in(seconds=4)
    async with connect_websocket(place, token) as socket:
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 20)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Cookie": None}, 401),
        ({"Origin": None}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "SIBLING"}, 403),
        ({"Origin": "OTHER-SCHEME"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Cookie": "__Host-aigc=guessed-guessed-guessed"}, 401),
        ({"Cookie": "__Host-aigc=TOKEN; __Host-aigc=TOKEN"}, 400),
    ],
)
async def test_websocket_refused(place: Place, changes: dict[str, str | None], status: int) -> None:
    token = await place.sign_in()
    other = "http" if place.scheme == "https" else "https"
    replace = {
        "SIBLING": f"{place.scheme}://sibling.localhost:{place.port}",
        "OTHER-SCHEME": f"{other}://{place.host}",
    }
    changed = {
        k: replace.get(v, v.replace("TOKEN", token)) if v is not None else None
        for k, v in changes.items()
    }
    with pytest.raises(InvalidStatus) as refused:
        async with connect_websocket(place, token, **changed):
            pass
    assert refused.value.response.status_code == status
    assert place.engine.open_websockets == 0


async def test_slow_reader_stalls_nobody_else(place: Place) -> None:
    token = await place.sign_in()
    reader, writer = await place.connect()
    writer.write(
        f"GET /download?bytes=50000000 HTTP/1.1\r\nHost: {place.host}\r\n"
        f"Cookie: __Host-aigc={token}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")  # and nothing more is read
    async with client_of(place, token) as client:
        for _ in range(5):
            answer = await asyncio.wait_for(client.get("/download?bytes=2000000"), 20)
            assert len(answer.content) == 2_000_000
    writer.transport.abort()


async def test_two_requests_on_one_connection_while_an_engine_restarts(place: Place) -> None:
    token = await place.sign_in()
    async with client_of(place, token) as client:
        assert (await client.get("/")).status_code == 200
        place.addresses[(f"inst-{HOST}", 1)] = ("127.0.0.1", 1)
        # The kept connection still leads to the engine; a new one is refused, and says so.
        answers = [await client.post("/echo", content=b"x" * n) for n in (1,)]
        assert answers[0].status_code in (200, 502)
        await asyncio.sleep(1.1)
        silent = await client.post("/echo", content=b"x")
        assert silent.status_code == 502
        assert silent.json()["error"] == "engine-silent"


async def test_an_instance_that_the_agent_does_not_know_is_refused(place: Place) -> None:
    """Pitfall 7."""
    token = await place.sign_in()
    place.addresses.clear()
    async with client_of(place, token) as client:
        answer = await client.get("/", headers={"Accept": "text/html", "Origin": ""})
        assert answer.status_code == 502
        assert "does not answer" in answer.text
        other = await client.get("/seen")
        assert other.json()["error"] == "engine-silent"
