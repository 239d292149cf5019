"""Starts everything that is measured, each on its core, and ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.askers import HOST, Echo, Way
from benchmarks.gateway.proxies import Keys, free_ports, write_commands
from tests.gateway.certificates import Authority
from tests.gateway.coordinator import CoordinatorStandIn
from tests.gateway.place import until

_MEASURED, _MEASURING = 0, 1
_OURS = ("gateway", "agent")


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path
    ways: list[Way]


def pin(pid: int, core: int) -> None:
    """One core for what is measured, another for what measures; nothing on a one-core machine."""
    cores = sorted(os.sched_getaffinity(os.getppid()))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[core]})


@asynccontextmanager
async def program(core: int, *command: str) -> AsyncIterator[int]:
    """A child on a core of its own that ends with the block; its process id."""
    child = await asyncio.create_subprocess_exec(*command)
    try:
        pin(child.pid, core)
        yield child.pid
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            await asyncio.wait_for(child.wait(), 20)


@asynccontextmanager
async def open_place(names: frozenset[str]) -> AsyncIterator[Place]:
    """Everything started and answering.

    Args:
        names: ways that are wanted; empty for all.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aigc-bench-")))
        authority = Authority(folder)
        own = authority.issue(
            "own", "gateway", names=("gateway.aigc.internal", f"{HOST}.localhost")
        )
        node = authority.issue_node("node-1")
        coordinator = CoordinatorStandIn(str(folder / "gateway.sock"))
        coordinator.put_node("node-1", node.serial)
        coordinator.put_route(HOST)
        token = coordinator.put_session(HOST)
        cookie = f"__Host-aigc={token}"
        ports = free_ports()
        echo = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", ports["echo"])
        stack.callback(echo.close)
        commands = write_commands(folder, ports, Keys(own, node, authority.file), cookie)
        pids: dict[str, int] = {}
        for name, command in commands.items():
            core = _MEASURING if name == "engine" else _MEASURED
            pids[name] = await stack.enter_async_context(program(core, *command))
        await asyncio.gather(*(_until_listens(ports[name]) for name in pids))
        await coordinator.start()
        stack.push_async_callback(coordinator.stop)
        ready = folder / "ready.json"
        pids["gateway"] = await stack.enter_async_context(
            program(
                _MEASURED, sys.executable, "-m", "gateway", "--socket",
                str(folder / "gateway.sock"), "--listen", "127.0.0.1:0",
                "--tunnel-listen", "127.0.0.1:0", "--tunnel-certificate", str(own.certificate),
                "--tunnel-key", str(own.key), "--certificate", str(own.certificate),
                "--key", str(own.key), "--ca", str(authority.file), "--ready-file", str(ready),
                # Counted as ever, and never reached: one person asks here for hundreds.
                "--limit", "requests_per_second=1000000",
            )
        )  # fmt: skip
        await until(ready.exists, "the gateway listens", 30)
        said = json.loads(ready.read_text())
        pids["agent"] = await stack.enter_async_context(
            program(
                _MEASURED, sys.executable, "-m", "benchmarks.gateway.agent", said["tunnel"],
                str(node.certificate), str(node.key), str(authority.file), str(ports["engine"]),
            )
        )  # fmt: skip
        await until(lambda: coordinator.tunnels.get("node-1") == 2, "tunnels", 30)
        tls = ssl.create_default_context(cafile=str(authority.file))
        public = int(said["public"].rpartition(":")[2])

        def way(name: str, port: int, *processes: str, websockets: bool = True) -> Way:
            secured = None if name == "direct" else tls
            own_pids = tuple(pids[p] for p in processes)
            return Way(name, port, secured, cookie, own_pids, websockets)

        ways = [
            way("direct", ports["engine"], websockets=False),
            way("nginx", ports["nginx"], "nginx"),
            way("nginx-auth", ports["nginx-auth"], "nginx-auth", "authority", websockets=False),
            way("haproxy", ports["haproxy"], "haproxy"),
            way("pair", ports["front"], "front", "back"),
            way("gateway", public, *_OURS),
        ]
        if "chp" in pids:
            ways.insert(4, way("chp", ports["chp"], "chp", websockets=False))
        pin(0, _MEASURING)
        yield Place(folder, [w for w in ways if not names or w.name in names])


async def _until_listens(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
