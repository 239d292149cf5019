"""Browser to engine and back, through gateway and tunnel: pages, WebSockets, streams, bodies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.gateway.place import HOST, Place, client_of, connect_websocket, open_place, until


@pytest_asyncio.fixture(params=["http", "https"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path, tls=request.param == "https") as place:
        yield place


async def test_page_and_websocket(place: Place) -> None:
    token = place.coordinator.put_session(HOST)
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
