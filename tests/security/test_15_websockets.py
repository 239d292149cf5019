"""WebSockets: who opens none, and what closes an open one within five seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.gateway.place import (
    HOST,
    Place,
    client_of,
    connect_websocket,
    eventually,
    open_place,
    until,
)

pytestmark = pytest.mark.attack(15)

ANN = "ann"
WITHIN = 5.0


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path) as place:
        yield place


def share(place: Place, view: bool = False, seconds: float = 3600) -> None:
    until_ms = round((time.time() + seconds) * 1000)
    guest: dict[str, Any] = {"person_id": ANN, "view": view, "until_ms": until_ms}
    place.coordinator.put_route(HOST, guests=[guest])


@pytest.mark.parametrize(
    ("signed_in", "changes", "status"),
    [
        (False, {}, 401),  # no cookie (CVE-2024-28179)
        (True, {"Origin": None}, 403),
        (True, {"Origin": "https://evil.example"}, 403),
        (True, {"Origin": "http://sibling.localhost"}, 403),
        (True, {"Origin": "null"}, 403),
        (True, {"Sec_Fetch_Site": "same-site"}, 403),
        (True, {"Sec_Fetch_Site": "cross-site"}, 403),
        (False, {"Authorization": "Bearer aigc_t_guessed-0001"}, 401),
        (True, {"Authorization": "Bearer aigc_t_guessed-0001"}, 401),
    ],
    ids=str,
)
async def test_no_websocket_opens_with(
    place: Place, signed_in: bool, changes: dict[str, str | None], status: int
) -> None:
    token = await place.sign_in()
    with pytest.raises(InvalidStatus) as caught:
        async with connect_websocket(place, token if signed_in else None, **changes):
            pass
    assert caught.value.response.status_code == status
    assert place.engine.open_websockets == 0


@asynccontextmanager
async def both_open(
    place: Place, token: str | None, bearer: str = ""
) -> AsyncIterator[tuple[ClientConnection, httpx.Response]]:
    """A WebSocket and an event stream of one session, both carrying something."""
    script = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    own: dict[str, str | None] = {"Origin": None} if bearer else {}
    async with (
        connect_websocket(place, token, **script, **own) as socket,
        client_of(place, token, **script, **({"Origin": ""} if bearer else {})) as client,
        client.stream("GET", "/events") as stream,
    ):
        await socket.send("x")
        assert await asyncio.wait_for(socket.recv(), 20) == "echo: x"
        assert stream.status_code == 200
        yield socket, stream


async def talk(socket: ClientConnection) -> None:
    """Until it is closed; at most a minute."""
    async with asyncio.timeout(60):
        while True:
            await socket.send("still here")
            await socket.recv()


async def drain(stream: httpx.Response) -> None:
    async with asyncio.timeout(60):
        async for _ in stream.aiter_bytes():
            pass


async def assert_both_close(
    place: Place, socket: ClientConnection, stream: httpx.Response, act: Callable[[], Any]
) -> None:
    """Both end within the time after the act, also when the browser goes on talking."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    act()
    with pytest.raises(ConnectionClosed):
        await talk(socket)
    with pytest.raises(httpx.HTTPError):
        await drain(stream)
    assert loop.time() - begun < WITHIN
    await until(lambda: place.engine.open_websockets == 0, "closed at the engine")
    await until(lambda: place.engine.open_streams == 0, "ended at the engine")


async def test_revocation_closes(place: Place) -> None:
    token = await place.sign_in()
    async with both_open(place, token) as (socket, stream):
        await assert_both_close(place, socket, stream, lambda: place.coordinator.revoke(token))


async def test_the_end_of_a_share_closes_the_guests_and_not_the_owners(place: Place) -> None:
    share(place)
    guest, owner = await place.sign_in(person=ANN), await place.sign_in()
    async with (
        both_open(place, guest) as (socket, stream),
        client_of(place, owner) as client,
        client.stream("GET", "/events") as owners,
    ):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        place.coordinator.put_route(HOST)
        with pytest.raises(ConnectionClosed):
            await talk(socket)
        with pytest.raises(httpx.HTTPError):
            await drain(stream)
        assert loop.time() - begun < WITHIN
        lines = owners.aiter_lines()
        assert (await asyncio.wait_for(anext(lines), 20)).startswith("data:")


async def test_the_end_of_its_time_closes(place: Place) -> None:
    share(place, seconds=3600)
    guest = await place.sign_in(person=ANN)
    async with both_open(place, guest) as (socket, stream):
        await assert_both_close(place, socket, stream, lambda: share(place, seconds=0.5))


async def test_less_than_it_was_opened_with_closes(place: Place) -> None:
    share(place)
    guest = await place.sign_in(person=ANN)
    async with both_open(place, guest) as (socket, stream):
        await assert_both_close(place, socket, stream, lambda: share(place, view=True))


async def test_another_owner_closes(place: Place) -> None:
    token = await place.sign_in()
    async with both_open(place, token) as (socket, stream):
        await assert_both_close(
            place, socket, stream, lambda: place.coordinator.put_route(HOST, owner_id="kai")
        )


@pytest.mark.attack(25)
async def test_a_revoked_token_closes(place: Place) -> None:
    secret = place.coordinator.put_token()
    await token_known(place, secret)
    async with both_open(place, None, bearer=secret) as (socket, stream):
        await assert_both_close(
            place, socket, stream, lambda: place.coordinator.revoke_token(secret)
        )


@pytest.mark.attack(25)
async def test_a_token_that_ends_closes(place: Place) -> None:
    secret = place.coordinator.put_token()
    await token_known(place, secret)
    async with both_open(place, None, bearer=secret) as (socket, stream):
        await assert_both_close(
            place,
            socket,
            stream,
            lambda: place.coordinator.put_token(seconds=0.5, secret=secret),
        )


async def token_known(place: Place, secret: str) -> None:
    script = {"Authorization": f"Bearer {secret}", "Origin": ""}
    async with client_of(place, **script) as client:

        async def told() -> bool:
            return (await client.get("/seen")).status_code != 401

        await eventually(told, "the token reached the gateway")
