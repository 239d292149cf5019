"""A desktop without a screen: Xvfb, a window manager, a session bus, and the tray as a process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

# What Qt says on every bare desktop and means nothing here, each with its reason.
HARMLESS = (
    "This plugin does not support",  # the window manager's optional features
    "QStandardPaths: XDG_RUNTIME_DIR not set",  # no login session under a virtual screen
    "QStandardPaths: runtime directory",
)


@dataclass
class Screen:
    """Attributes: display (``:99``), bus (address of the session bus), folder (for files)."""

    display: str
    bus: str
    folder: Path

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIGC_", "QT_", "XDG_"))}
        return kept | {
            "DISPLAY": self.display,
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
            "QT_QPA_PLATFORM": "xcb",
            "XDG_RUNTIME_DIR": str(self.folder / "runtime"),
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
        }

    async def windows(self) -> list[tuple[str, str]]:
        """(id, title) of the windows that a person sees."""
        found = await self._xdotool("search", "--onlyvisible", "--name", ".+")
        titles = []
        for window in found.split():
            title = (await self._xdotool("getwindowname", window)).strip()
            if title and title.lower() != "openbox":
                titles.append((window, title))
        return titles

    async def until_window(self, title: str, timeout: float = 40) -> str:
        """The id of a window whose title holds a text, once it is there."""
        seen: list[tuple[str, str]] = []
        deadline = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < deadline:
            seen = await self.windows()
            for window, name in seen:
                if title in name:
                    return window
            await asyncio.sleep(0.2)
        raise AssertionError(f"no window {title!r} within {timeout} s; seen {seen}")

    async def close_window(self, window: str) -> None:
        """As by its close button."""
        await self._xdotool("windowactivate", "--sync", window, "key", "alt+F4")

    async def place(self, window: str) -> tuple[int, int, int, int]:
        """Left, top, width and height of a window."""
        said = await self._xdotool("getwindowgeometry", "--shell", window)
        values = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return (int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"]))

    async def point(self, x: int, y: int) -> None:
        """Move the pointer."""
        await self._xdotool("mousemove", "--sync", str(x), str(y))

    async def press(self, x: int, y: int) -> None:
        """A left click there."""
        await self.point(x, y)
        await self._xdotool("click", "1")

    async def type(self, *keys: str) -> None:
        """Press keys (``Escape``, ``ctrl+f``) in the window that has the focus."""
        await self._xdotool("key", "--delay", "60", *keys)

    async def picture(self, window: str, path: Path) -> Path:
        """What a window looks like now, as a PNG."""
        process = await asyncio.create_subprocess_exec(
            "import", "-window", window, str(path), env=self.environment(),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(30):
            await process.communicate()
        return path

    async def until_gone(self, title: str, timeout: float = 30) -> None:
        """Wait until no window's title holds a text."""
        deadline = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < deadline:
            if not any(title in name for _, name in await self.windows()):
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"the window {title!r} is still there after {timeout} s")

    async def keys_to(self, window: str, *keys: str) -> None:
        """Keys, one after the other, in a window that has the focus by then."""
        await self._xdotool("windowactivate", "--sync", window)
        for key in keys:
            await self._xdotool("key", "--clearmodifiers", key)

    async def write_in(self, window: str, text: str) -> None:
        """Text, key by key."""
        await self._xdotool("windowactivate", "--sync", window, "type", "--delay", "40", text)

    async def hands(self, *arguments: str) -> None:
        """Mouse and keyboard, as xdotool takes them."""
        await self._xdotool(*arguments)

    async def _xdotool(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "xdotool", *arguments, env=self.environment(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
        return output.decode("utf-8", "replace")


@asynccontextmanager
async def child(
    *command: str, env: dict[str, str] | None = None, log: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program for as long as the block; ended with SIGTERM, then SIGKILL."""
    output = await asyncio.to_thread(log.open, "ab") if log is not None else None
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output or asyncio.subprocess.PIPE,
            stderr=output or asyncio.subprocess.DEVNULL,
            env=env,
        )
    finally:
        if output is not None:
            await asyncio.to_thread(output.close)
    try:
        yield process
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process, seconds: float = 15) -> int:
    """SIGTERM, then SIGKILL; the exit code."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()


@asynccontextmanager
async def screen(folder: Path, size: str = "1280x900x24") -> AsyncIterator[Screen]:
    """Xvfb on a display of its own choice, openbox, dbus-daemon."""
    for name in ("runtime", "home"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        reader, writer = os.pipe()
        errors = (folder / "xvfb.log").open("wb")
        xvfb = await asyncio.create_subprocess_exec(
            "Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp", "-noreset",
            pass_fds=(writer,),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=errors,
        )  # fmt: skip
        errors.close()
        stack.push_async_callback(end, xvfb)
        os.close(writer)
        with os.fdopen(reader, "rb") as numbers:  # to the line's end, or Xvfb gives up
            async with asyncio.timeout(30):
                number = (await asyncio.to_thread(numbers.readline)).decode().strip()
        display = f":{number}"
        bus = await stack.enter_async_context(
            child("dbus-daemon", "--session", "--nofork", "--print-address=1")
        )
        assert bus.stdout is not None
        async with asyncio.timeout(30):
            address = (await bus.stdout.readline()).decode().strip()
        made = Screen(display, address, folder)
        log = folder / "openbox.log"
        await stack.enter_async_context(child("openbox", env=made.environment(), log=log))
        yield made


class TrayProcess:
    """``aigc tray`` as a real process.

    Attributes:
        urls: the addresses that it wanted a browser for, so far.
    """

    def __init__(self, screen: Screen, config_dir: Path, *arguments: str) -> None:
        self._screen = screen
        self.config_dir = config_dir
        self._arguments = arguments
        self._urls = screen.folder / f"urls-{config_dir.name}.txt"
        self._log = screen.folder / f"tray-{config_dir.name}.log"
        self.process: asyncio.subprocess.Process | None = None

    def command(self, *more: str) -> Sequence[str]:
        return (
            sys.executable, "-X", "faulthandler", "-m", "desktop_client",
            "--config-dir", str(self.config_dir), "--store", "file",
            "--no-browser", str(self._urls), "--log-level", "DEBUG",
            *self._arguments, *more,
        )  # fmt: skip

    async def __aenter__(self) -> TrayProcess:
        self._log.touch()
        self._urls.touch()
        output = self._log.open("ab")
        self.process = await asyncio.create_subprocess_exec(
            *self.command(), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            env=self._screen.environment(),
        )  # fmt: skip
        output.close()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.process is not None
        code = await end(self.process)
        assert code == 0, f"the tray ended with {code}:\n{self.log()}"
        assert not self.warnings(), f"{self.warnings()}\n{self.log()[-6000:]}"

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def warnings(self) -> list[str]:
        """What Qt or Python complained about."""
        marks = ("qt.", "Q", "Traceback", "Error", "Warning", "libpyside", "Fatal")
        return [
            line
            for line in self.log().splitlines()
            if line.startswith(marks) and not any(h in line for h in HARMLESS)
        ]

    async def url(self, index: int, timeout: float = 60) -> str:
        """The address number ``index`` that it wanted to open, once it did."""
        deadline = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < deadline:
            urls = self._urls.read_text("utf-8").splitlines()
            if len(urls) > index:
                return urls[index]
            await asyncio.sleep(0.05)
        raise AssertionError(f"no address {index} within {timeout} s; log:\n{self.log()}")

    def opened(self) -> list[str]:
        return self._urls.read_text("utf-8").splitlines()
