"""Streams of a link behave as sockets do, fairly and within bounds; over real sockets."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from aigc.tunnel import Link, ResetCode, StreamRefusedError, StreamTransport
from aigc.tunnel.connection import WINDOW_BYTES
from aigc.tunnel.frames import FrameKind, encode


class Keeper(asyncio.Protocol):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.eof = asyncio.Event()
        self.lost = asyncio.Event()
        self.error: Exception | None = None
        self.paused = False
        self.resumed = asyncio.Event()
        self.transport: StreamTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(StreamTransport, transport)

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        self.eof.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.error = exc
        self.lost.set()

    def pause_writing(self) -> None:
        self.paused = True
        self.resumed.clear()

    def resume_writing(self) -> None:
        self.paused = False
        self.resumed.set()


class Echo(Keeper):
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        assert self.transport is not None
        self.transport.write(data)

    def eof_received(self) -> bool:
        assert self.transport is not None
        self.transport.write_eof()
        return True


Opened = Callable[[StreamTransport, str, int], asyncio.Protocol | None]


@asynccontextmanager
async def linked(on_open: Opened) -> AsyncIterator[tuple[Link, Link]]:
    """The gateway's end and the agent's, over TCP."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[Link] = loop.create_future()
    server = await loop.create_server(
        lambda: Link(opener=True, on_made=made.set_result), "127.0.0.1", 0
    )
    _, agent = await loop.create_connection(
        lambda: Link(opener=False, on_open=on_open), *server.sockets[0].getsockname()
    )
    gateway = await made
    try:
        yield gateway, agent
    finally:
        gateway.close("the test is over")
        agent.close("the test is over")
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)


async def write_all(keeper: Keeper, data: bytes, piece: int = 100_000) -> None:
    assert keeper.transport is not None
    for at in range(0, len(data), piece):
        if keeper.paused:
            await asyncio.wait_for(keeper.resumed.wait(), 20)
        keeper.transport.write(data[at : at + piece])


async def test_bytes_both_ways_with_half_close() -> None:
    asked: list[tuple[str, int]] = []

    def on_open(stream: StreamTransport, instance: str, epoch: int) -> Echo:
        asked.append((instance, epoch))
        stream.accept()
        return Echo()

    data = hashlib.sha256(b"seed").digest() * 100_000
    async with linked(on_open) as (gateway, agent):
        keeper = Keeper()
        stream = gateway.open("inst", 7, keeper)
        await write_all(keeper, data)
        stream.write_eof()
        await asyncio.wait_for(keeper.lost.wait(), 20)
        assert keeper.error is None
        assert bytes(keeper.data) == data
        assert stream.accepted
        assert asked == [("inst", 7)]
        assert len(gateway) == len(agent) == 0


async def test_a_refusal_says_why() -> None:
    def on_open(stream: StreamTransport, instance: str, epoch: int) -> None:
        stream.reset(ResetCode.UNKNOWN_INSTANCE, "not here")

    async with linked(on_open) as (gateway, _):
        keeper = Keeper()
        gateway.open("inst", 1, keeper)
        await asyncio.wait_for(keeper.lost.wait(), 20)
        assert isinstance(keeper.error, StreamRefusedError)
        assert keeper.error.code == ResetCode.UNKNOWN_INSTANCE
        assert keeper.error.reason == "not here"


async def test_a_reader_that_stops_is_bounded_and_stalls_nobody() -> None:
    others: list[Keeper] = []

    def on_open(stream: StreamTransport, instance: str, epoch: int) -> Keeper:
        if instance == "slow":
            stream.pause_reading()
        others.append(Keeper() if instance == "slow" else Echo())
        return others[-1]

    async with linked(on_open) as (gateway, _):
        slow, quick = Keeper(), Keeper()
        gateway.open("slow", 1, slow)
        gateway.open("quick", 1, quick)
        assert slow.transport is not None
        slow.transport.write(bytes(WINDOW_BYTES + 500_000))
        assert slow.paused
        data = b"y" * 2_000_000
        writing = asyncio.create_task(write_all(quick, data))
        for _ in range(1000):
            if len(quick.data) == len(data):
                break
            await asyncio.sleep(0.02)
        await writing
        assert len(quick.data) == len(data)
        assert len(others[0].data) == 0
        # What the slow one could not take stays with its sender.
        assert slow.transport.get_write_buffer_size() == 500_000
        receiver = others[0].transport
        assert receiver is not None
        receiver.resume_reading()
        for _ in range(1000):
            if len(others[0].data) == WINDOW_BYTES + 500_000:
                break
            await asyncio.sleep(0.02)
        assert len(others[0].data) == WINDOW_BYTES + 500_000


async def test_close_sends_what_is_buffered_and_then_ends() -> None:
    keepers: list[Keeper] = []

    def on_open(stream: StreamTransport, instance: str, epoch: int) -> Keeper:
        keepers.append(Keeper())
        return keepers[-1]

    async with linked(on_open) as (gateway, agent):
        keeper = Keeper()
        stream = gateway.open("inst", 1, keeper)
        stream.write(b"z" * 100_000)
        stream.close()
        stream.write(b"never")
        await asyncio.wait_for(keeper.lost.wait(), 20)
        for _ in range(500):
            if keepers and keepers[0].lost.is_set():
                break
            await asyncio.sleep(0.02)
        assert len(keepers[0].data) == 100_000
        assert keepers[0].error is None
        assert len(gateway) == len(agent) == 0


async def test_a_lost_link_loses_its_streams() -> None:
    async with linked(lambda stream, instance, epoch: Keeper()) as (gateway, agent):
        keeper = Keeper()
        gateway.open("inst", 1, keeper)
        await asyncio.sleep(0.05)
        agent.close("going")
        await asyncio.wait_for(keeper.lost.wait(), 20)
        assert isinstance(keeper.error, StreamRefusedError)
        assert "going" in await asyncio.wait_for(asyncio.shield(gateway.lost), 20)
        assert not gateway.open_for_streams


async def test_a_peer_that_breaks_the_rules_is_cut_off() -> None:
    loop = asyncio.get_running_loop()
    made: asyncio.Future[Link] = loop.create_future()
    server = await loop.create_server(
        lambda: Link(opener=True, on_made=made.set_result), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(encode(FrameKind.FIN, 5))
    why = await asyncio.wait_for(asyncio.shield((await made).lost), 20)
    assert "rules" in why
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1 << 20), 20)
    writer.close()
    server.close()
    await server.wait_closed()
