"""The tray at rest: how soon its icon is there, what it holds, what it does while nothing happens.

Against a studio of real programs, signed in, under a virtual screen with a StatusNotifier host;
interleaved with a bare PySide6 tray with one stream (``benchmarks.desktop.bare``), the limit.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from aigc.cli.demo_browser import Browser
from benchmarks.desktop.figures import Figure
from benchmarks.desktop.processes import Started, cpu_seconds, memory, started
from desktop_client.config import ClientConfig, save_client_config
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import FileStore
from tests.desktop.conftest import Studio, running_studio
from tests.desktop.screen import Screen, screen
from tests.standins.tray_host import TrayHost

START_AIM, MEMORY_AIM, IDLE_AIM = 0.6, 100.0, 0.1
_SETTLE_SECONDS = 8.0


@dataclass
class _Costs:
    """What one program took, each list one value a start."""

    seconds: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    pss: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)  # percent of one core


async def measure(folder: Path, starts: int = 7, idle_seconds: float = 30) -> list[Figure]:
    """The tray's figures.

    Args:
        starts: of each program, after one that fills the page cache.
        idle_seconds: how long it is watched doing nothing.
    """
    config = folder / "config"
    config.mkdir(mode=0o700)
    commands = {
        "tray": [
            *(sys.executable, "-m", "aigc.cli", "tray", "--store", "file"),
            *("--config-dir", str(config), "--no-browser", str(folder / "urls.txt")),
        ],
        "bare": [sys.executable, "-m", "benchmarks.desktop.bare", str(config)],
    }
    costs = {who: _Costs() for who in commands}
    async with running_studio(folder) as studio, screen(folder) as desk, TrayHost(desk.bus) as host:
        await _sign_in(studio, config)
        for number in range(starts + 1):
            for who, command in commands.items():
                async with started(desk, host, command) as program:
                    if number > 0:
                        costs[who].seconds.append(program.seconds)
        for who, command in commands.items():
            async with started(desk, host, command) as program:
                await _at_rest(desk, host, program, who)
                await _look(program, costs[who], idle_seconds)
    return _figures(costs["tray"], costs["bare"])


async def _sign_in(studio: Studio, config: Path) -> None:
    """As the tray does, kept where the tray keeps it."""
    known = ClientConfig(studio.ready.creators, studio.ready.pin, studio.people.ca_pem)
    save_client_config(config, known)
    store = FileStore(config / "tokens.json")
    endpoint = Endpoint(known.address, known.ca_pem)
    async with CoordinatorSession(endpoint, store, config_dir=config) as session, Browser() as web:
        loop = asyncio.get_running_loop()
        driving: list[asyncio.Task[None]] = []

        async def drive(url: str) -> None:
            await studio.people.log_in(web, await web.visit(url), studio.creator)

        def open_browser(url: str) -> None:
            loop.call_soon_threadsafe(lambda: driving.append(loop.create_task(drive(url))))

        await session.sign_in(open_browser, timeout=60)
        await asyncio.gather(*driving)


async def _at_rest(desk: Screen, host: TrayHost, program: Started, who: str) -> None:
    """Until it follows the studio and has nothing left to do."""
    if who == "tray":
        await host.until_line("Demo", 60)
    async with asyncio.timeout(60):
        while not _is_connected(program.pid):  # noqa: ASYNC110 - a socket is not told of
            await asyncio.sleep(0.1)
    await asyncio.sleep(_SETTLE_SECONDS)
    assert program.process.returncode is None, (desk.folder / "program.log").read_text("utf-8")


def _is_connected(pid: int) -> bool:
    """Whether the process has a TCP connection: the stream's."""
    lines = [
        line.split()
        for family in ("tcp", "tcp6")  # gRPC dials IPv4 from either
        for line in Path(f"/proc/{pid}/net/{family}").read_text("ascii").splitlines()[1:]
    ]
    inodes = {line[9] for line in lines if line[3] == "01"}
    held = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(str(handle.readlink()))
        except OSError:
            continue  # closed in between
    return any(f"socket:[{inode}]" in held for inode in inodes)


async def _look(program: Started, costs: _Costs, seconds: float) -> None:
    before = cpu_seconds(program.pid)
    await asyncio.sleep(seconds)
    costs.idle.append((cpu_seconds(program.pid) - before) / seconds * 100)
    held = memory(program.pid)
    costs.rss.append(held.rss)
    costs.pss.append(held.pss)


def _figures(ours: _Costs, bare: _Costs) -> list[Figure]:
    def figure(
        name: str,
        words: str,
        unit: str,
        places: int,
        aim: float,
        mine: list[float],
        its: list[float],
        more: dict[str, float] | None = None,
    ) -> Figure:
        return Figure(
            name,
            words,
            unit,
            round(statistics.median(mine), places),
            aim,
            {"bare": round(statistics.median(its), places)} | (more or {}),
        )

    return [
        figure(
            "start_seconds",
            "start to visible icon",
            "s",
            3,
            START_AIM,
            ours.seconds,
            bare.seconds,
            # A busy machine is busy for both; the fastest starts say what they need.
            {"fastest": round(min(ours.seconds), 3), "bare fastest": round(min(bare.seconds), 3)},
        ),
        figure("rss_mib", "memory in the tray, RSS", "MiB", 1, MEMORY_AIM, ours.rss, bare.rss),
        figure("pss_mib", "memory in the tray, PSS", "MiB", 1, MEMORY_AIM, ours.pss, bare.pss),
        figure(
            "idle_percent",
            "idle with an open stream",
            "% of a core",
            4,
            IDLE_AIM,
            ours.idle,
            bare.idle,
        ),
    ]
