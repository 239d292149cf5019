"""The probe of an engine's ready path, against real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from node_agent.engines.driver import DriverError, FailReason
from node_agent.readiness import wait_ready


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[tuple[str, int], list[float]]]:
    """A server that gives these answers, the last one for ever; and when it was asked."""
    asked: list[float] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(time.monotonic())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[min(len(asked), len(answers)) - 1])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname(), asked


def limit(seconds: float) -> float:
    return time.monotonic() + seconds


async def probe(address: tuple[str, int] | None, seconds: float) -> None:
    deadline = limit(seconds)
    await wait_ready(lambda: address, "/ready", lambda: deadline - time.monotonic(), seconds)


async def test_the_first_200_is_it() -> None:
    not_yet, yes = b"HTTP/1.1 503 no\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"
    async with answering(not_yet, not_yet, yes) as (address, asked):
        await probe(address, 20)
        assert len(asked) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "it answered 404"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "it answered 302"),
        (b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        (b"", "closed the connection"),
        (b"x" * 100_000, "the connection failed"),
    ],
)
async def test_a_timeout_says_what_was_answered_last(answer: bytes, words: str) -> None:
    async with answering(answer) as (address, _):
        with pytest.raises(DriverError, match=words) as caught:
            await probe(address, 0.4)
    assert caught.value.reason is FailReason.PROBE_TIMEOUT


async def test_nothing_there_is_told() -> None:
    with pytest.raises(DriverError, match="nothing listened"):
        await probe(("127.0.0.1", 1), 0.3)
    with pytest.raises(DriverError, match="no address yet"):
        await probe(None, 0.3)


async def test_an_engine_that_takes_the_connection_and_is_silent_is_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        with pytest.raises(DriverError, match="did not answer"):
            await probe(server.sockets[0].getsockname(), 0.5)
