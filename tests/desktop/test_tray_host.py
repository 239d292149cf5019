"""The tray's host goes and another one comes (a panel that crashed, a shell that was restarted)."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.desktop.screen import Screen, TrayProcess
from tests.standins.tray_host import TrayHost

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]


async def test_the_icon_is_there_again_after_the_host_restarted(desk: Screen) -> None:
    async with AsyncExitStack() as stack:
        for number in range(3):
            async with TrayHost(desk.bus) as host:
                if number == 0:
                    await stack.enter_async_context(TrayProcess(desk, desk.folder / "config"))
                await is_there(host)


async def is_there(host: TrayHost) -> None:
    """The icon with its menu."""
    await host.until(lambda: host.items, 60, "the icon")
    assert await host.property("Status") == "Active"
    await host.menu_line("Quit")
