"""A creator's computer goes to sleep while engines run: what was chosen for that happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_client.settings import OnSleep, Settings, save_settings
from protos.aigc.v1 import common_pb2
from tests.desktop.screen import Screen, TrayProcess
from tests.standins.creator_server import CreatorServer
from tests.standins.login1 import Login1
from tests.standins.session_bus import session_bus
from tests.standins.tray_host import TrayHost

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]


@asynccontextmanager
async def at_work(
    desk: Screen, on_sleep: OnSleep, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[CreatorServer, TrayHost, Login1]]:
    """A tray with an engine that runs, on a computer whose sleep is ours."""
    config: Path = desk.folder / "config"
    with session_bus() as bus, Login1(bus, max_delay=60) as logind:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        async with (
            CreatorServer() as studio,  # type: ignore[abstract]  # what nobody asks for here
            TrayHost(desk.bus) as host,
        ):
            await asyncio.to_thread(studio.sign_in, config)
            await asyncio.to_thread(save_settings, config, replace(Settings(), on_sleep=on_sleep))
            await studio.tell(studio.instance("comfyui", common_pb2.INSTANCE_STATE_READY))
            async with TrayProcess(desk, config):
                await host.menu_line("Stop", within="ComfyUI", timeout=60)
                yield studio, host, logind


async def test_engines_are_stopped_before_the_computer_sleeps(
    desk: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(desk, OnSleep.STOP, monkeypatch) as (studio, host, logind):
        (lock,) = await asyncio.to_thread(logind.until_held)
        assert (lock.what, lock.mode) == ("sleep", "delay")
        waited = await asyncio.to_thread(logind.fall_asleep)
        assert waited < 50
        assert "stop" in studio.asked, "asked for before sleep was let go on"
        await asyncio.to_thread(logind.wake_up)
        await host.menu_line("Start", within="ComfyUI", timeout=60)
        # Nothing runs any more, so the next sleep is nobody's to hold up.
        await asyncio.to_thread(logind.until_held, 0)


async def test_engines_go_on_where_that_is_wanted(
    desk: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(desk, OnSleep.KEEP, monkeypatch) as (studio, host, logind):
        assert not logind.locks
        assert await asyncio.to_thread(logind.fall_asleep) < 5
        await asyncio.to_thread(logind.wake_up)
        await host.menu_line("Stop", within="ComfyUI", timeout=60)
        assert "stop" not in studio.asked


async def test_on_waking_a_notification_asks_and_stops_what_ran_on(
    desk: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(desk, OnSleep.ASK, monkeypatch) as (studio, host, logind):
        assert await asyncio.to_thread(logind.fall_asleep) < 5
        await asyncio.to_thread(logind.wake_up)
        note = (await host.until(lambda: host.notes("kept running"), 60, "the question"))[0]
        assert "ComfyUI" in note.text
        assert "stop" not in studio.asked
        await host.choose(note, "stop-all")
        await studio.until_asked("stop")
        await host.menu_line("Start", within="ComfyUI", timeout=60)
