"""The tray as a person uses it: a real process, a real tray host, a real studio, by its menu."""

from __future__ import annotations

import asyncio

import pytest

from tests.desktop.conftest import Studio
from tests.desktop.screen import Screen, TrayProcess
from tests.standins.tray_host import TrayHost

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]


async def signed_in(studio: Studio, tray: TrayProcess, host: TrayHost) -> None:
    """From the first run to the list of engines."""
    await host.until(lambda: host.items, what="the icon")
    await host.click("Sign in")
    page = await studio.browse(await tray.url(0))
    assert page.status_code == 200
    assert "close this page" in page.text
    await host.menu_line("Start", within="Demo")


async def test_sign_in_start_ready_open_stop(studio: Studio, desk: Screen) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await host.until(lambda: host.items, what="the icon")
        assert await host.property("Status") == "Active"
        await signed_in(studio, tray, host)

        await host.click("Start", within="Demo")
        note = (await host.until(lambda: host.notes("is ready"), 60, "the notification"))[0]
        assert "open" in note.actions
        opened = await tray.url(1)
        page = await studio.browse(opened)
        assert page.status_code == 200

        await host.choose(note, "open")
        assert await tray.url(2) == opened
        await host.click("Open", within="Demo")
        assert await tray.url(3) == opened

        await host.click("Stop", within="Demo")
        await host.menu_line("Start", within="Demo", timeout=60)
        assert not host.notes("is ready")

        await host.click("Quit")
        assert tray.process is not None
        async with asyncio.timeout(20):
            assert await tray.process.wait() == 0
        log = tray.log()
    for secret in (tray.config_dir / "tokens.json").read_text().split('"'):
        assert len(secret) < 20 or secret not in log
