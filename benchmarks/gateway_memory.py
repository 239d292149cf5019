"""What the gateway's memory grows by: idle WebSockets, and browsers that ask and do not read.

``python -m benchmarks.gateway_memory [--json] [--websockets 1000] [--readers 8]``
The gateway is a process of its own with TLS; agent, engine and browsers are in this one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tests.gateway.place import HOST
from tests.gateway.test_memory import gateway_process

_MIB = 1 << 20
_HANDSHAKE_AT_ONCE = 20
_GIB = 1 << 30
# A connection that no byte leaves any more is full; looked at so often, for so long.
_STILL_LOOKS = 10
_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; ``met`` None where there is no aim."""

    figure: str
    value: float
    aim: float
    met: bool


@dataclass(frozen=True, slots=True)
class Visitors:
    """How to reach the gateway that is measured."""

    process: psutil.Process
    port: int
    token: str
    tls: ssl.SSLContext

    def rss(self) -> int:
        return int(self.process.memory_info().rss)

    async def ask(self, *lines: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which this was asked; buffers here are small."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.tls, server_hostname=f"{HOST}.localhost", limit=4096
        )
        host = f"{HOST}.localhost:{self.port}"
        first, *more = lines
        head = [first, f"Host: {host}", f"Origin: https://{host}"]
        head += [f"Cookie: __Host-aigc={self.token}", *more, "", ""]
        writer.write("\r\n".join(head).encode())
        return reader, writer


@asynccontextmanager
async def open_visitors(folder: Path) -> AsyncIterator[Visitors]:
    limits = ("websockets_per_person=0", "websockets_per_instance=0", "connections_per_person=0",
              "unknown_connections_per_address=0", "requests_per_second=0")  # fmt: skip
    async with gateway_process(folder, *limits, tls=True) as (process, address, token):
        tls = await asyncio.to_thread(ssl.create_default_context, cafile=str(folder / "ca.crt"))
        yield Visitors(process, int(address.rpartition(":")[2]), token, tls)


async def websocket_kib(visitors: Visitors, count: int) -> float:
    """KiB of the gateway for each WebSocket that is open and says nothing."""
    turn = asyncio.Semaphore(_HANDSHAKE_AT_ONCE)
    writers: list[asyncio.StreamWriter] = []

    async def open_one() -> None:
        async with turn:
            reader, writer = await visitors.ask(
                "GET /ws HTTP/1.1",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13",
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 101 " in head, head
            writers.append(writer)

    try:
        for _ in range(_HANDSHAKE_AT_ONCE):
            await open_one()  # what is made once for all is there
        before = visitors.rss()
        await asyncio.gather(*(open_one() for _ in range(count)))
        return (visitors.rss() - before) / count / 1024
    finally:
        for writer in writers:
            writer.transport.abort()


async def slow_reader_mib(visitors: Visitors, count: int) -> float:
    """MiB of the gateway for each browser that asks for a GiB and reads none of it."""
    writers: list[asyncio.StreamWriter] = []
    before = visitors.rss()
    try:
        for _ in range(count):
            reader, writer = await visitors.ask(f"GET /download?bytes={_GIB} HTTP/1.1")
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writers.append(writer)
        still, last = 0, -1
        while still < _STILL_LOOKS:
            await asyncio.sleep(_LOOK_EVERY)
            now = visitors.rss()
            still, last = (still + 1, last) if abs(now - last) < _MIB // 8 else (0, now)
        return (visitors.rss() - before) / count / _MIB
    finally:
        for writer in writers:
            writer.transport.abort()


async def measure(websockets: int, readers: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="aigc-bench-") as folder:
        async with open_visitors(Path(folder)) as visitors:
            each = await websocket_kib(visitors, websockets)
            slow = await slow_reader_mib(visitors, readers)
            whole = visitors.rss() / _MIB
    return [
        Figure("websocket_kib", round(each, 1), 64, each <= 64),
        Figure("slow_reader_mib", round(slow, 2), 1.5, slow <= 1.5),
        Figure("rss_mib_at_the_end", round(whole, 1), 160, whole <= 160),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway_memory")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--websockets", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=8)
    chosen = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16384)), hard))
    figures = asyncio.run(measure(chosen.websockets, chosen.readers))
    if chosen.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
    else:
        for figure in figures:
            met = "met" if figure.met else "NOT met"
            print(f"{figure.figure:20} {figure.value:8}  aim: at most {figure.aim:g}, {met}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
