"""Slow heads, slow bodies, idle connections: a clock whose hands the test turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from aigc.door_limits import DoorLimits
from tests.gateway.conformance.door import SECONDS, Door, open_door, read_all, read_reply
from tests.gateway.conformance.raw_engine import OK, EngineStream, Seen
from tests.gateway.conformance.test_answers import SWITCHED, WEBSOCKET
from tests.gateway.place import HOST, until
from tests.standins.clock import FakeClock, settle

pytestmark = pytest.mark.attack(16)

LIMITS = DoorLimits()


@pytest_asyncio.fixture
async def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest_asyncio.fixture
async def door(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Door]:
    async with open_door(tmp_path, clock) as door:
        yield door


@contextlib.asynccontextmanager
async def connected(
    door: Door,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await door.place.connect()
    try:
        async with asyncio.timeout(SECONDS):
            yield reader, writer
    finally:
        writer.transport.abort()


async def test_who_says_nothing_is_let_go_without_a_word(door: Door, clock: FakeClock) -> None:
    async with connected(door) as (reader, _):
        await settle(200)
        await clock.advance(LIMITS.head_seconds + 2)
        assert await read_all(reader) == b""


@pytest.mark.parametrize("first", [b"", b"GET /x HTTP/1.1\r\n<good>\r\n"], ids=["first", "second"])
async def test_a_head_that_drips_is_cut_off(door: Door, clock: FakeClock, first: bytes) -> None:
    """Each byte arrives in time; the head does not. (Slowloris.)"""
    async with connected(door) as (reader, writer):
        if first:
            writer.write(door.fill(first))
            assert await read_reply(reader) is not None
            await clock.advance(LIMITS.idle_seconds - 5)
        reply = asyncio.create_task(read_reply(reader))
        for byte in b"GET / HTTP/1.1\r\nHost: abcdefghijklmnop":
            if reply.done():
                break
            writer.write(bytes([byte]))
            await settle()
            await clock.advance(1)
        found = await reply
        assert found is not None
        assert found.status == 408
        assert await read_all(reader) == b""


async def test_an_idle_connection_is_closed_without_a_word(door: Door, clock: FakeClock) -> None:
    async with connected(door) as (reader, writer):
        writer.write(door.fill(b"GET /x HTTP/1.1\r\n<good>\r\n"))
        assert await read_reply(reader) is not None
        await clock.advance(LIMITS.idle_seconds - 5)
        writer.write(door.fill(b"GET /x HTTP/1.1\r\n<good>\r\n"))
        assert await read_reply(reader) is not None
        await clock.advance(LIMITS.idle_seconds + 2)
        assert await read_all(reader) == b""


@pytest.mark.parametrize("framing", [b"Content-Length: 10", b"Transfer-Encoding: chunked"])
async def test_a_body_that_stands_still_is_cut_off(
    door: Door, clock: FakeClock, framing: bytes
) -> None:
    async with connected(door) as (reader, writer):
        writer.write(door.fill(b"POST /x HTTP/1.1\r\n<good>" + framing + b"\r\n\r\n3\r\nab"))
        await until(lambda: door.engine.heads == ["/x"], "the engine saw the head")
        await clock.advance(LIMITS.body_seconds + 5)
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 408
    assert door.engine.seen == [], "the engine took half a body for a whole one"


async def test_a_slow_body_that_moves_arrives(door: Door, clock: FakeClock) -> None:
    async with connected(door) as (reader, writer):
        writer.write(door.fill(b"POST /x HTTP/1.1\r\n<good>Content-Length: 8\r\n\r\n"))
        for byte in b"abcdefgh":
            await clock.advance(LIMITS.body_seconds - 10)
            writer.write(bytes([byte]))
            await settle()
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 200
    assert door.engine.seen[0].body == b"abcdefgh"


async def test_a_body_that_waits_for_its_engine_is_not_the_browsers_fault(
    door: Door, clock: FakeClock
) -> None:
    may_read = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        got = b""
        while not got.endswith(b"end"):
            got = (got + await reader.read(1 << 20))[-3:]
        writer.write(OK)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 16)
    door.place.addresses[(f"inst-{HOST}", 1)] = server.sockets[0].getsockname()[:2]
    size = 24 << 20
    async with connected(door) as (reader, writer):
        head = b"POST /x HTTP/1.1\r\n<good>Content-Length: %d\r\n\r\n" % (size + 3)
        writer.write(door.fill(head) + b"x" * size + b"end")
        # It moves until everything between here and the engine is full.
        left = -1
        while left != writer.transport.get_write_buffer_size():
            left = writer.transport.get_write_buffer_size()
            await asyncio.sleep(0.2)
        assert left > 0
        await clock.advance(10 * LIMITS.body_seconds)
        assert not reader.at_eof()
        may_read.set()
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 200
    server.close()


@pytest.mark.parametrize("cookie", [b"", b"<cookie>"], ids=["nobody", "somebody"])
async def test_our_own_pages_wait_for_no_body(door: Door, clock: FakeClock, cookie: bytes) -> None:
    """Whoever is not signed in could hold a connection so."""
    async with connected(door) as (reader, writer):
        head = b"POST /.aigc/start HTTP/1.1\r\n<host><origin>" + cookie
        writer.write(door.fill(head + b"Content-Length: 5\r\n\r\nab"))
        await settle(200)
        await clock.advance(LIMITS.head_seconds + 2)
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 408
        assert reply.all("connection") == ["close"]


async def test_an_answer_may_take_its_time(door: Door, clock: FakeClock) -> None:
    due = asyncio.Event()

    async def answer(stream: EngineStream, _: Seen) -> None:
        await due.wait()
        await stream.send(OK)

    door.engine.answers["/x"] = answer
    async with connected(door) as (reader, writer):
        writer.write(door.fill(b"GET /x HTTP/1.1\r\n<good>\r\n"))
        await until(lambda: len(door.engine.seen) == 1, "the engine was asked")
        await clock.advance(900)
        due.set()
        reply = await read_reply(reader)
        assert reply is not None
        assert reply.status == 200


async def test_a_websocket_may_be_silent(door: Door, clock: FakeClock) -> None:
    async def echo(stream: EngineStream, _: Seen) -> None:
        await stream.send(SWITCHED)
        await stream.send(await stream.reader.read(100))

    door.engine.answers["/ws"] = echo
    async with connected(door) as (reader, writer):
        writer.write(door.fill(WEBSOCKET))
        assert await read_reply(reader) is not None
        await clock.advance(900)
        writer.write(b"\x81\x85maskhello")
        assert await reader.readexactly(11) == b"\x81\x85maskhello"
