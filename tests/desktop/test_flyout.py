"""The flyout of the real program, with a real tray host: opened by a click on the icon, worked in
with mouse and keyboard, told by a coordinator's port whose engines do what the test says."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from PySide6.QtGui import QColor, QImage

from desktop_client.theme import LIGHT
from protos.aigc.v1 import common_pb2
from tests.desktop.screen import Screen, TrayProcess, child
from tests.standins.creator_server import CreatorServer
from tests.standins.tray_host import TrayHost

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("drives processes and reads their pictures"),
]
_TITLE = "Studio North"
_ICON = (1240, 6)  # where the panel has it


@pytest_asyncio.fixture
async def studio() -> AsyncIterator[CreatorServer]:
    async with CreatorServer() as made:  # type: ignore[abstract]  # what nobody asks for here
        yield made


def signed_in(studio: CreatorServer, desk: Screen) -> TrayProcess:
    config = desk.folder / "config"
    studio.sign_in(config)
    return TrayProcess(desk, config)


async def opened(desk: Screen, host: TrayHost) -> str:
    """Click the icon; the flyout's window."""
    await desk.point(*_ICON)
    await host.activate()
    return await desk.until_window(_TITLE)


async def look(desk: Screen, window: str, name: str) -> QImage:
    """A picture of a window, kept with the test's other files."""
    return QImage(str(await desk.picture(window, desk.folder / f"{name}.png")))


async def until_seen(
    desk: Screen, window: str, name: str, holds: Callable[[QImage], bool], timeout: float = 40
) -> QImage:
    """Look until the picture is as it should be."""
    deadline = time.monotonic() + timeout
    while True:
        image = await look(desk, window, name)
        if holds(image):
            return image
        assert time.monotonic() < deadline, f"{name} was not seen within {timeout} s"
        await asyncio.sleep(0.2)


def runs_of(image: QImage, colour: str, longest: int = 40) -> list[tuple[int, int]]:
    """Where a stretch of a colour begins that is at least so long: its left end and line."""
    wanted, found = QColor(colour).rgb(), []
    for y in range(image.height()):
        length = 0
        for x in range(image.width()):
            length = length + 1 if image.pixel(x, y) == wanted else 0
            if length == longest:
                found.append((x - longest + 1, y))
                length = 0
    return found


def primaries(image: QImage) -> list[tuple[int, int]]:
    """A spot in each filled button: lines of the accent, a button's height of them."""
    lines = runs_of(image, LIGHT.accent, 28)
    known = set(lines)
    return [(x + 10, y + 12) for x, y in lines if all((x, y + more) in known for more in (8, 20))]


async def test_from_the_icon_to_an_open_engine_by_mouse(
    studio: CreatorServer, desk: Screen
) -> None:
    async with TrayHost(desk.bus) as host, signed_in(studio, desk) as tray:
        await host.menu_line("Start", within="ComfyUI")
        window = await opened(desk, host)
        left, top, width, height = await desk.place(window)
        assert width == 360
        assert left <= _ICON[0] <= left + width, "at the icon"
        assert left + width <= 1280
        assert top + height <= 900

        image = await until_seen(desk, window, "engines", lambda i: bool(primaries(i)))
        x, y = primaries(image)[0]
        await desk.press(left + x, top + y)
        await studio.until_asked("start")
        await desk.point(left + 20, top + 20)
        await studio.tell(
            studio.instance(
                "comfyui",
                common_pb2.INSTANCE_STATE_PREPARING,
                parts=[
                    common_pb2.PartProgress(
                        part=common_pb2.PartProgress.PART_IMAGE,
                        bytes_done=4_100_000_000, bytes_total=9_800_000_000,
                    ),
                    common_pb2.PartProgress(
                        part=common_pb2.PartProgress.PART_MODELS,
                        bytes_done=2_000_000_000, bytes_total=4_000_000_000,
                    ),
                ],
            )
        )  # fmt: skip
        await host.until_line("4.1 / 9.8 GB")
        bars = lambda i: len({y for _, y in runs_of(i, LIGHT.starting, 60)}) >= 4  # noqa: E731
        await until_seen(desk, window, "parts", bars)

        await studio.tell(studio.instance("comfyui", common_pb2.INSTANCE_STATE_READY))
        assert await tray.url(0) == "http://comfyui.localhost:1/", "what was started here opens"
        await desk.point(left + 20, top + 20)
        green = lambda i: bool(runs_of(i, LIGHT.ready, 8)[1:])  # noqa: E731 - link and state
        image = await until_seen(desk, window, "ready", green)
        left, top, _, _ = await desk.place(window)
        x, y = primaries(image)[0]
        await desk.press(left + x, top + y)
        assert await tray.url(1) == "http://comfyui.localhost:1/"


async def test_by_keyboard_alone(studio: CreatorServer, desk: Screen) -> None:
    await studio.tell(studio.instance("comfyui", common_pb2.INSTANCE_STATE_READY))
    async with TrayHost(desk.bus) as host, signed_in(studio, desk) as tray:
        await host.menu_line("Open", within="ComfyUI")
        await opened(desk, host)
        await studio.until_asked("readings")
        await desk.type("Down", "Return")
        assert await tray.url(0) == "http://comfyui.localhost:1/"
        await desk.type("Down", "Return")
        await studio.until_asked("start")
        await desk.type("Escape")
        await desk.until_gone(_TITLE)
        assert host.items, "the program goes on at the tray"


async def test_a_second_click_and_work_elsewhere_close_it(
    studio: CreatorServer, desk: Screen
) -> None:
    await studio.tell(studio.instance("comfyui", common_pb2.INSTANCE_STATE_READY))
    async with TrayHost(desk.bus) as host, signed_in(studio, desk):
        await host.menu_line("Open", within="ComfyUI")
        await opened(desk, host)
        await host.activate()
        await desk.until_gone(_TITLE)

        window = await opened(desk, host)
        left, top, _, height = await desk.place(window)
        await desk.type("Down", "shift+F10")
        await asyncio.sleep(1)  # nothing is to happen in this time
        assert await desk.until_window(_TITLE), "a menu of its own does not close it"
        await desk.type("Escape")
        await desk.press(left - 200, min(top + height + 100, 880))  # the desktop itself
        await desk.until_gone(_TITLE)


async def test_without_a_tray_it_has_a_frame_and_is_the_program(
    studio: CreatorServer, desk: Screen
) -> None:
    """Pitfall 25."""
    async with TrayHost(desk.bus, with_tray=False), signed_in(studio, desk) as tray:
        window = await desk.until_window(_TITLE)
        await until_seen(desk, window, "framed", lambda i: bool(primaries(i)))
        await desk.close_window(window)
        assert tray.process is not None
        async with asyncio.timeout(30):
            assert await tray.process.wait() == 0


async def test_at_a_panel_of_x11_it_is_beside_the_icon_that_was_clicked(
    studio: CreatorServer, desk: Screen
) -> None:
    """tint2 embeds the icon, so its place is known, and it is clicked as any window is."""
    await studio.tell(studio.instance("comfyui", common_pb2.INSTANCE_STATE_READY))
    config = desk.folder / "tint2rc"
    config.write_text(
        "panel_items = S\npanel_size = 100% 36\npanel_position = bottom center horizontal\n"
        "systray_icon_size = 24\nstrut_policy = follow_size\n",
        "utf-8",
    )
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(child("tint2", "-c", str(config), env=desk.environment()))
        await until_panel(desk)  # a tray that is there first shows its window instead
        await stack.enter_async_context(signed_in(studio, desk))
        icon = await icon_of(desk)
        await desk.press(*icon)
        window = await desk.until_window(_TITLE)
        await until_seen(desk, window, "beside", lambda i: bool(primaries(i)))
        await look(desk, "root", "desktop")
        left, top, width, height = await desk.place(window)
        assert left <= icon[0] <= left + width
        assert top + height <= 900 - 36, "above the panel"
        assert top + height >= 900 - 60, "and close to it"
        await desk.press(*icon)
        await desk.until_gone(_TITLE)


async def until_panel(desk: Screen, timeout: float = 60) -> None:
    """Until the panel takes icons in: it owns the screen's tray (as X11's system tray has it)."""
    look = (
        "import sys; from desktop_client.platform import tray_host; from PySide6.QtWidgets import "
    )
    look += "QApplication; app = QApplication([]); sys.exit(not tray_host.is_present())"
    deadline = time.monotonic() + timeout
    while True:
        async with child(sys.executable, "-c", look, env=desk.environment()) as process:
            if await process.wait() == 0:
                return
        assert time.monotonic() < deadline, "the panel takes no icons in"


async def icon_of(desk: Screen, timeout: float = 60) -> tuple[int, int]:
    """Where the panel shows the icon of somebody who has an engine ready: green."""
    deadline = time.monotonic() + timeout
    while True:
        image = QImage(str(await desk.picture("root", desk.folder / "root.png")))
        for y in range(image.height() - 36, image.height()):
            for x in range(image.width()):
                colour = image.pixelColor(x, y)
                if colour.green() > 120 > 80 > colour.red():
                    return x + 4, y + 4
        assert time.monotonic() < deadline, "no icon in the panel"
        await asyncio.sleep(0.3)
