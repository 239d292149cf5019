"""Bodies stream: a gateway process of its own stays small whatever passes, both ways."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from aigc.clock import SystemClock
from node_agent.tunnel import TunnelClient, TunnelFiles
from tests.gateway.certificates import Authority
from tests.gateway.coordinator import CoordinatorStandIn
from tests.gateway.engine import running_engine
from tests.gateway.place import HOST, until

_MIB = 1 << 20


@asynccontextmanager
async def gateway_process(
    folder: Path, *limits: str, tls: bool = False
) -> AsyncIterator[tuple[psutil.Process, str, str]]:
    """A gateway as its own program, with agent and engine here; its process, address, token."""
    authority = await asyncio.to_thread(Authority, folder)
    own = await asyncio.to_thread(
        lambda: authority.issue("gw", "gw", names=("gateway.aigc.internal",))
    )
    node = await asyncio.to_thread(authority.issue_node, "node-1")
    options = [word for limit in limits for word in ("--limit", limit)]
    if tls:
        public = await asyncio.to_thread(
            lambda: authority.issue("public", "gw", names=(f"{HOST}.localhost",))
        )
        options += ["--certificate", str(public.certificate), "--key", str(public.key)]
    coordinator = CoordinatorStandIn(str(folder / "gateway.sock"))
    coordinator.put_node("node-1", node.serial)
    coordinator.put_route(HOST)
    token = coordinator.put_session(HOST)
    await coordinator.start()
    ready = folder / "ready.json"
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "--socket", str(folder / "gateway.sock"),
        "--listen", "127.0.0.1:0", "--tunnel-listen", "127.0.0.1:0",
        "--tunnel-certificate", str(own.certificate), "--tunnel-key", str(own.key),
        "--ca", str(authority.file), "--ready-file", str(ready), *options,
    )  # fmt: skip
    tunnel: asyncio.Task[None] | None = None
    try:
        await until(ready.exists, "the gateway listens", 30)
        said = json.loads(await asyncio.to_thread(ready.read_text))
        async with running_engine() as engine:
            agent = TunnelClient(
                said["tunnel"],
                TunnelFiles(node.certificate, node.key, authority.file),
                lambda instance_id, epoch: ("127.0.0.1", engine.port),
                SystemClock(),
            )
            tunnel = asyncio.create_task(agent.run())
            await until(lambda: coordinator.tunnels.get("node-1") == 2, "tunnels", 30)
            yield psutil.Process(program.pid), said["public"], token
            tunnel.cancel()
            await asyncio.gather(tunnel, return_exceptions=True)
    finally:
        if tunnel is not None:
            tunnel.cancel()
        program.terminate()
        assert await asyncio.wait_for(program.wait(), 30) == 0
        await coordinator.stop()


async def stream_both_ways(folder: Path, size: int) -> None:
    async with gateway_process(folder) as (process, address, token):
        port = address.rpartition(":")[2]
        headers = {
            "Host": f"{HOST}.localhost:{port}",
            "Origin": f"http://{HOST}.localhost:{port}",
            "Cookie": f"__Host-aigc={token}",
        }
        peak = 0
        async with httpx.AsyncClient(
            base_url=f"http://{address}", headers=headers, timeout=120
        ) as client:

            async def pieces(size: int) -> AsyncIterator[bytes]:
                nonlocal peak
                piece = b"x" * 262_144
                for number in range(size // len(piece)):
                    if number % 64 == 0:
                        peak = max(peak, process.memory_info().rss)
                    yield piece

            await client.post("/count", content=pieces(4 * _MIB))
            before = process.memory_info().rss
            sent = {"Content-Length": str(size)}
            answer = await client.post("/count", content=pieces(size), headers=sent)
            assert answer.text == str(size)
            got = 0
            async with client.stream("GET", f"/download?bytes={size}") as stream:
                async for piece in stream.aiter_raw():
                    if got // (16 * _MIB) != (got + len(piece)) // (16 * _MIB):
                        peak = max(peak, process.memory_info().rss)
                    got += len(piece)
            assert got == size
        growth = peak - before
        assert growth < 32 * _MIB, f"grew by {growth / _MIB:.0f} MiB"


@pytest.mark.timeout(300)
@pytest.mark.blocking_allowed("psutil reads /proc of the gateway's process")
async def test_256_mib_up_and_down_in_constant_memory(tmp_path: Path) -> None:
    await stream_both_ways(tmp_path, 256 * _MIB)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.blocking_allowed("psutil reads /proc of the gateway's process")
async def test_1_gib_up_and_down_in_constant_memory(tmp_path: Path) -> None:
    await stream_both_ways(tmp_path, 1024 * _MIB)


@pytest.mark.timeout(180)
@pytest.mark.blocking_allowed("psutil reads /proc of the gateway's process")
async def test_requests_sent_ahead_by_who_reads_nothing_cost_bounded_memory(tmp_path: Path) -> None:
    """Small answers fill what a connection may hold; then neither a large one nor more small
    ones may be fetched until somebody reads."""
    async with gateway_process(tmp_path) as (process, address, token):
        name, _, port = address.rpartition(":")
        own = f"Host: {HOST}.localhost:{port}\r\nCookie: __Host-aigc={token}\r\n\r\n"
        headers = {
            "Host": f"{HOST}.localhost:{port}",
            "Origin": f"http://{HOST}.localhost:{port}",
            "Cookie": f"__Host-aigc={token}",
        }
        async with httpx.AsyncClient(
            base_url=f"http://{address}", headers=headers, timeout=120
        ) as client:
            await client.get(f"/download?bytes={4 * _MIB}")
            before = process.memory_info().rss
            narrow = socket.socket()
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            narrow.setblocking(False)
            await asyncio.get_running_loop().sock_connect(narrow, (name, int(port)))
            reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
            small = f"GET /download?bytes=100000 HTTP/1.1\r\n{own}" * 60
            writer.write(f"{small}GET /download?bytes={256 * _MIB} HTTP/1.1\r\n{own}".encode())
            await reader.readuntil(b"\r\n\r\n")  # and nothing more is read
            for _ in range(4):  # time enough for all of it
                await client.get(f"/download?bytes={64 * _MIB}")
            growth = process.memory_info().rss - before
            got = 0
            while got < 8 * _MIB:  # once somebody reads, all goes on
                got += len(await asyncio.wait_for(reader.read(_MIB), 20))
            writer.transport.abort()
    assert growth < 48 * _MIB, f"grew by {growth / _MIB:.0f} MiB"
