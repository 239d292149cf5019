"""The desktop's scale changes while the program runs: everything is painted anew, sharp."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.desktop.screen import HARMLESS, Screen
from tests.standins.xsettings import XSettings

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]

PROGRAM = """
import sys
from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication, QLabel
from desktop_client import theme
from tests.desktop_client.reading import complaints
from tests.screenshots.flyout import DESKS, make

app = QApplication(["scale"])
theme.apply(app, theme.LIGHT)
name = max(DESKS, key=lambda n: len(DESKS[n].snapshot.instances))
flyout = make(DESKS[name], theme.LIGHT, "zh")
flyout.show()

def tell():
    ratio = flyout.devicePixelRatioF()
    blurred = sorted(
        {
            f"{type(label.parent()).__name__} {label.width()}"
            for label in flyout.findChildren(QLabel)
            if not label.pixmap().isNull() and label.isVisibleTo(flyout)
            and label.pixmap().devicePixelRatio() != ratio
        }
    )
    print(f"{ratio} {blurred} {complaints(flyout)}", flush=True)

def asked():
    if sys.stdin.readline().strip() == "tell":
        QTimer.singleShot(300, tell)  # once Qt has taken the change in
    else:
        app.quit()

notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
notifier.activated.connect(asked)
app.exec()
"""


async def test_a_new_scale_holds_at_once(desk: Screen) -> None:
    with XSettings(desk.display) as settings:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, env=desk.environment(), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        seen = []
        async with asyncio.timeout(120):
            for dpi in (96, 192, 144, 96):
                settings.tell(dpi)
                for _ in range(40):
                    process.stdin.write(b"tell\n")
                    line = (await process.stdout.readline()).decode().strip()
                    if line.startswith(str(dpi / 96)):
                        break
                seen.append(line)
            _, errors = await process.communicate(b"quit\n")
        assert process.returncode == 0
        said = [x for x in errors.decode().splitlines() if not any(h in x for h in HARMLESS)]
        assert seen == [f"{scale} [] []" for scale in (1.0, 2.0, 1.5, 1.0)], said
        assert not said
