"""No blocking call in the admin window's GUI thread: every page, with a studio that changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.desktop_client.test_gui_thread import guarded
from tests.standins.fleet import studio
from tests.standins.fleet_server import FleetServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.blocking_allowed("drives a process"),
]


async def test_nothing_blocks_the_admin_windows_gui_thread(tmp_path: Path) -> None:
    played = studio(20, 4, 100)
    async with FleetServer(played) as server:
        server.settle_in(tmp_path / "config")
        running = asyncio.create_task(
            asyncio.to_thread(guarded, tmp_path, module="tests.desktop_client.admin.gui_guard")
        )
        while not running.done():
            await asyncio.wait({running}, timeout=0.5)
            server.tell(server.studio.step(10))
        report = running.result()
    assert len(report["steps"]) > 60
    assert report["blocked"] == []
    assert (tmp_path / "instances.csv").exists()
