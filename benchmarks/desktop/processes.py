"""What a program costs, as the kernel counts it (Linux)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.desktop.screen import Screen, end
from tests.standins.tray_host import TrayHost


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB. RSS counts every page that is mapped; PSS shares a library's pages among its users."""

    rss: float
    pss: float


def memory(pid: int) -> Memory:
    """Of one process, now."""
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, value, *_ = line.split()
        found[name.rstrip(":")] = int(value)
    return Memory(rss=found["Rss"] / 1024, pss=found["Pss"] / 1024)


def cpu_seconds(pid: int) -> float:
    """On all its threads, since it began, to the nanosecond that the scheduler counts."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text("ascii").split()[0])
    return total / 1e9


@dataclass(frozen=True, slots=True)
class Started:
    """A tray program. ``seconds``: from its start until the tray had its icon's picture."""

    process: asyncio.subprocess.Process
    seconds: float

    @property
    def pid(self) -> int:
        return self.process.pid


def environment(desk: Screen) -> dict[str, str]:
    """An installed program finds its modules compiled, whatever this shell says about that."""
    kept = {k: v for k, v in desk.environment().items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(desk.folder / "compiled")}


@asynccontextmanager
async def started(desk: Screen, host: TrayHost, command: Sequence[str]) -> AsyncIterator[Started]:
    """The program until the block ends; what it says is kept in the screen's folder."""
    with (desk.folder / "program.log").open("ab") as log:
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment(desk),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        await host.until(lambda: host.items, 60, f"the icon of {command}")
        await host.property("IconPixmap")  # a tray shows it once it has been told what it is
        yield Started(process, time.perf_counter() - begun)
    finally:
        await end(process)
        await host.until(lambda: not host.items, 30, "the icon's end")
