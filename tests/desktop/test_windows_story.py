"""The creator's other windows as a person uses them: a real process, a real studio, real D-Bus."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.desktop.conftest import Studio
from tests.desktop.screen import Screen, TrayProcess
from tests.standins.tray_host import TrayHost

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]


async def signed_in(studio: Studio, tray: TrayProcess, host: TrayHost) -> None:
    await host.until(lambda: host.items, what="the icon")
    await host.click("Sign in")
    page = await studio.browse(await tray.url(0))
    assert page.status_code == 200
    await host.menu_line("Start", within="Demo")


def settings(tray: TrayProcess) -> dict[str, object]:
    path = tray.config_dir / "settings.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


async def until_settings(tray: TrayProcess, **wanted: object) -> None:
    async with asyncio.timeout(40):
        while not wanted.items() <= settings(tray).items():  # noqa: ASYNC110 - a file says nothing
            await asyncio.sleep(0.1)


async def until(look: Callable[[], object], what: str, seconds: float = 40) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not look():  # noqa: ASYNC110 - a file says nothing
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not seen within {seconds} s: {what}") from None


async def second(tray: TrayProcess, desk: Screen, *arguments: str) -> int:
    """A second start of the program, to its end."""
    process = await asyncio.create_subprocess_exec(
        *tray.command(*arguments),
        env=desk.environment(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        return await process.wait()


async def test_from_a_join_link_to_a_ready_engine(studio: Studio, desk: Screen) -> None:
    """The first run, by keyboard and browser: link, agreement, sign-in, the last page, an engine;
    the later start is silent."""
    tray = TrayProcess(desk, desk.folder / "config", studio.link)
    async with TrayHost(desk.bus) as host:
        async with tray:
            asked = await desk.until_window("Connect to")
            assert await desk.until_window("AIGC Gateway"), "never a silent icon"
            await desk.keys_to(asked, "Tab", "space")  # Return alone would be Cancel
            await desk.until_window("Demo studio", timeout=60)
            way = await desk.until_window("Demo studio")
            await desk.keys_to(way, "space")  # Sign in
            page = await studio.browse(await tray.url(0))
            assert page.status_code == 200
            await host.menu_line("Start", within="Demo", timeout=60)
            way = await desk.until_window("Demo studio")
            assert settings(tray).get("welcomed") is not True
            entry = desk.folder / "home" / ".config" / "autostart" / "aigc-gateway.desktop"
            assert not entry.exists(), "off unless switched on"
            await desk.keys_to(way, "shift+Tab", "space")  # Start with this computer
            await until(entry.exists, "the autostart entry")
            assert str(tray.config_dir) in entry.read_text("utf-8")
            await desk.keys_to(way, "Tab", "space")  # Show my engines
            await until_settings(tray, welcomed=True)
            await host.click("Start", within="Demo")
            note = (await host.until(lambda: host.notes("is ready"), 90, "the notification"))[0]
            await host.choose(note, "stop")
            await host.menu_line("Start", within="Demo", timeout=90)
        async with TrayProcess(desk, desk.folder / "config"):
            await host.menu_line("Start", within="Demo", timeout=60)
            assert await desk.windows() == []


async def test_a_link_is_passed_to_the_running_program_and_confirmed(
    studio: Studio, desk: Screen
) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await host.menu_line("Sign in", timeout=60)
        # Raised while signed out: kept until signed in, then confirmed.
        assert await second(tray, desk, "aigc://start/demo") == 0
        await desk.until_window("Sign in first")
        await signed_in(studio, tray, host)
        asked = await desk.until_window("Start Demo", timeout=60)
        assert not any("Starting" in x.label for x in (await host.menu()).walk())
        await desk.keys_to(asked, "Tab", "space")
        await host.until(lambda: host.notes("is ready"), 90, "the notification")
        # What is not exactly such a link is refused, and nothing happens.
        assert await second(tray, desk, "aigc://start/../admin") == 0
        refused = await desk.until_window("not followed")
        await desk.keys_to(refused, "space")
        assert await second(tray, desk, "aigc://start/no-such-engine") == 0
        refused = await desk.until_window("not followed")
        await desk.keys_to(refused, "space")
        # The studio that is there already changes nothing.
        assert await second(tray, desk, studio.link) == 0
        await desk.until_window("Demo studio")
        assert not [w for w in await desk.windows() if "Connect to" in w[1]]


async def test_settings_hold_at_once_and_after_a_restart(studio: Studio, desk: Screen) -> None:
    async with TrayHost(desk.bus) as host:
        async with TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray:
            await signed_in(studio, tray, host)
            await host.click("Settings")
            await desk.until_window("Settings")
            await host.click("Recent")
            await desk.until_window("Recent")
            await host.click("For 1 hour")
            await host.until_line("Silent until")
            await host.click("中文")
            await desk.until_window("设置")
            await desk.until_window("最近通知")
            await host.menu_line("启动", within="演示")
            await until_settings(tray, language="zh")
            assert settings(tray)["snoozed_until"] is not None
        async with TrayProcess(desk, desk.folder / "config") as tray:
            await host.menu_line("启动", within="演示", timeout=60)
            await host.until_line("通知暂停至")
            # Silent: the engine comes up and nobody is told, but the list has it.
            await host.click("启动", within="演示")
            await host.menu_line("停止", within="Demo", timeout=90)
            assert not host.notes("就绪")
            await host.click("恢复通知")
            await host.menu_line("1 小时")


async def test_quit_with_running_engines_offers_to_stop_them(studio: Studio, desk: Screen) -> None:
    async with TrayHost(desk.bus) as host:
        async with TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray:
            await signed_in(studio, tray, host)
            await host.click("Start", within="Demo")
            await host.menu_line("Stop", within="Demo", timeout=90)
            await host.click("Quit")
            asked = await desk.until_window("keep running")
            await desk.keys_to(asked, "Escape")
            await host.menu_line("Stop", within="Demo")
            await host.click("Quit")
            asked = await desk.until_window("keep running")
            await desk.keys_to(asked, "shift+Tab", "space")  # Stop them and quit
            assert tray.process is not None
            async with asyncio.timeout(90):
                assert await tray.process.wait() == 0
        async with TrayProcess(desk, desk.folder / "config"):
            await host.menu_line("Start", within="Demo", timeout=60)


async def test_without_a_notification_service_a_window_of_ours_tells(
    studio: Studio, desk: Screen
) -> None:
    async with (
        TrayHost(desk.bus, with_notifications=False) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await signed_in(studio, tray, host)
        await host.click("Start", within="Demo")
        await desk.until_window("is ready", timeout=90)
        await host.click("Stop", within="Demo")
        await host.menu_line("Start", within="Demo", timeout=90)
        assert not [w for w in await desk.windows() if "is ready" in w[1]], "no longer true"


async def test_a_deleted_engine_is_had_back(studio: Studio, desk: Screen) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await signed_in(studio, tray, host)
        await host.click("Start", within="Demo")
        await host.click("Stop", within="Demo", timeout=90)
        await host.click("Delete", within="Demo", timeout=90)
        asked = await desk.until_window("Delete Demo")
        await desk.write_in(asked, "Demo engine")
        await desk.keys_to(asked, "Return")
        await host.until_no_line("Rename", timeout=60)
        await host.click("Files")
        files = await desk.until_window("Your files")
        async with asyncio.timeout(60):
            while not any("Rename" in x.label for x in (await host.menu()).walk()):
                await desk.keys_to(files, "Tab", "space")  # to the button, once the trash is known
                await asyncio.sleep(0.5)


async def test_diagnostics_are_saved_without_a_secret(studio: Studio, desk: Screen) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
    ):
        await signed_in(studio, tray, host)
        await host.click("Diagnostics")
        window = await desk.until_window("Diagnostics")
        home = desk.folder / "home"

        async def save() -> list[Path]:
            await desk.keys_to(window, "ctrl+s")  # does nothing until everything is collected
            dialogs = [w for w in await desk.windows() if w[0] != window and "Diagn" in w[1]]
            if dialogs:
                await desk.keys_to(dialogs[0][0], "Return")
            return list(home.glob("*.zip"))

        async with asyncio.timeout(60):
            while not (found := await save()):  # noqa: ASYNC110 - a file says nothing
                await asyncio.sleep(0.2)
        with zipfile.ZipFile(found[0]) as archive:
            text = "\n".join(archive.read(name).decode() for name in archive.namelist())
        assert "StatusNotifier" in text or '"tray_host": true' in text
        assert "Lin Xia" not in text
        kept = (tray.config_dir / "tokens.json").read_text("utf-8")
        for secret in kept.split('"'):
            assert len(secret) < 20 or secret.startswith("http") or secret not in text
