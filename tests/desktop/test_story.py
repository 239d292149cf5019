"""The tray as a person uses it: a real process, a real tray host, a real studio, by its menu."""

from __future__ import annotations

import asyncio
import signal

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


async def test_the_coordinator_is_killed_and_comes_back(studio: Studio, desk: Screen) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await signed_in(studio, tray, host)
        await host.click("Start", within="Demo")
        await host.until(lambda: host.notes("is ready"), 60, "the notification")
        coordinator = studio.demo.children["coordinator"]
        coordinator.kill()
        await coordinator.wait()
        await host.menu_line("Try now", timeout=60)
        assert "offline" in str(await host.property("ToolTip"))
        await host.menu_line("Open", within="Demo")  # its page works on
        stop = [x for x in (await host.menu()).walk() if x.label == "Stop"]
        assert not any(x.enabled for x in stop)
        await studio.restart_coordinator()
        await host.menu_line("Stop", within="Demo", timeout=90)
        assert "ready" in str(await host.property("ToolTip"))
        assert host.notes("is ready")[0].times == 1, "what was told is not told again"


async def test_a_click_is_acknowledged_while_the_coordinator_does_not_answer(
    studio: Studio, desk: Screen
) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await signed_in(studio, tray, host)
        coordinator = studio.demo.children["coordinator"]
        coordinator.send_signal(signal.SIGSTOP)
        try:
            await host.click("Start", within="Demo")
            await host.until_line("Asking", timeout=5)
        finally:
            coordinator.send_signal(signal.SIGCONT)
        await host.until(lambda: host.notes("is ready"), 60, "the notification")


async def test_a_disabled_person_is_asked_to_sign_in_again(studio: Studio, desk: Screen) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await signed_in(studio, tray, host)
        await studio.disable_creator()
        await host.menu_line("Sign in", timeout=60)
        assert "signed out" in str(await host.property("ToolTip"))
        assert not [x for x in (await host.menu()).walk() if "Demo" in x.label and x.lines]


async def test_a_later_start_is_silent_and_a_second_one_hands_over(
    studio: Studio, desk: Screen
) -> None:
    async with TrayHost(desk.bus) as host:
        async with TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray:
            await signed_in(studio, tray, host)
        async with TrayProcess(desk, desk.folder / "config") as tray:
            await host.menu_line("Start", within="Demo", timeout=60)
            assert await desk.windows() == []
            second = await asyncio.create_subprocess_exec(
                *tray.command(),
                env=desk.environment(),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            async with asyncio.timeout(30):
                assert await second.wait() == 0
            assert await desk.until_window("Demo studio")
            assert len(host.items) == 1


async def test_without_a_tray_the_window_is_the_program_until_a_tray_appears(
    studio: Studio, desk: Screen
) -> None:
    """Pitfall 25."""
    async with (
        TrayHost(desk.bus, with_tray=False) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        assert await desk.until_window("Demo studio")
        assert not host.items
        await host.start_tray()
        await host.until(lambda: host.items, 40, "the icon, retried")
        assert await host.property("Status") == "Active"
        await signed_in(studio, tray, host)


async def test_closing_the_window_without_a_tray_ends_the_program(desk: Screen) -> None:
    tray = TrayProcess(desk, desk.folder / "config")
    async with tray:
        window = await desk.until_window("AIGC Gateway")
        await desk.close_window(window)
        assert tray.process is not None
        async with asyncio.timeout(20):
            assert await tray.process.wait() == 0


async def test_the_chosen_language_is_remembered(studio: Studio, desk: Screen) -> None:
    async with TrayHost(desk.bus) as host:
        async with TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link):
            await host.click("中文")
            await host.menu_line("退出")
            await host.menu_line("登录")
        async with TrayProcess(desk, desk.folder / "config"):
            await host.menu_line("登录", timeout=60)
