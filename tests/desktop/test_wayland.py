"""Under Wayland a window cannot place itself: the flyout is left to the desktop, without a word of
complaint from Qt. Needs weston; where there is none, this is not run."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.desktop.screen import HARMLESS, child

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("weston") is None, reason="weston is not installed"),
]

_PROGRAM = """
import sys
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QApplication
app = QApplication(["flyout"])
app.setQuitOnLastWindowClosed(False)
from desktop_client import theme
theme.apply(app, theme.LIGHT)
from tests.screenshots.flyout import DESKS, make
flyout = make(DESKS["at-work"], theme.LIGHT, "en")
seen = []
def look():
    seen.append((flyout.isVisible(), flyout.width()))
steps = [look, lambda: flyout.toggle(QPoint(3, 3)), look, lambda: flyout.toggle(None), look,
         lambda: flyout.set_framed(True), look, lambda: (print(app.platformName(), seen),
         flyout.close(), app.quit())]
for index, step in enumerate(steps):
    QTimer.singleShot(600 * (index + 1), step)
app.exec()
"""


async def test_the_flyout_under_wayland(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    environment = os.environ | {"XDG_RUNTIME_DIR": str(runtime)}
    weston = ("weston", "--backend=headless-backend.so", "--socket=wl-test", "--idle-time=0")
    async with child(*weston, env=environment, log=tmp_path / "weston.log"):
        async with asyncio.timeout(30):
            while not (runtime / "wl-test").exists():  # noqa: ASYNC110 - it says so in no other way
                await asyncio.sleep(0.05)
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM,
            env=environment | {"WAYLAND_DISPLAY": "wl-test", "QT_QPA_PLATFORM": "wayland"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            said, complained = await program.communicate()
    words = complained.decode("utf-8", "replace").splitlines()
    assert [w for w in words if not any(h in w for h in HARMLESS)] == []
    shown, hidden = (True, 360), (False, 360)
    assert said.decode().strip() == f"wayland {[shown, hidden, shown, shown]}"
