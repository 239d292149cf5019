"""Nothing wakes when nothing happens: a real tray with an open stream, an engine that runs, and
nobody who looks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from protos.aigc.v1 import common_pb2
from tests.desktop.screen import Screen, TrayProcess
from tests.standins.creator_server import CreatorServer
from tests.standins.tray_host import TrayHost

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]

SETTLE_SECONDS = 6.0
REST_SECONDS = 10.0


def switches(pid: int) -> dict[int, int]:
    """How often each thread went to wait of itself: once for each time that it woke."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text("ascii").splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                found[int(task.name)] = int(line.split()[1])
    return found


async def test_the_tray_sleeps_while_nothing_happens(desk: Screen) -> None:
    config = desk.folder / "config"
    async with (
        CreatorServer() as studio,  # type: ignore[abstract]  # what nobody asks for here
        TrayHost(desk.bus) as host,
    ):
        await asyncio.to_thread(studio.sign_in, config)
        await studio.tell(studio.instance("comfyui", common_pb2.INSTANCE_STATE_READY))
        async with TrayProcess(desk, config) as tray:
            await host.menu_line("Stop", within="ComfyUI", timeout=60)
            assert tray.process is not None
            pid = tray.process.pid
            await asyncio.sleep(SETTLE_SECONDS)  # what a start leaves to be done
            before = switches(pid)
            await asyncio.sleep(REST_SECONDS)
            after = switches(pid)
            woken = {thread: after[thread] - before.get(thread, 0) for thread in after}
            # The GUI thread: a poll each second would be 10, an animation 600.
            assert woken[pid] <= 8, woken
            # All of them, gRPC's own with its timers included.
            assert sum(woken.values()) <= 300, woken
            assert await desk.windows() == []
