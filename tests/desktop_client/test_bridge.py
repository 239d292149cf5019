"""Between Qt and asyncio: nothing waits in the GUI thread, and single starts among processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop_client.bridge import Bridge
from desktop_client.desk import Action, Do
from desktop_client.model import Link, Problem, Snapshot
from desktop_client.platform.notifications import Note
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until


class Gaps:
    """The longest time that Qt's loop was away."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.monotonic()
        self.timer = QTimer()
        self.timer.setInterval(5)
        self.timer.timeout.connect(self._tick)
        self.timer.start()

    def _tick(self) -> None:
        now = time.monotonic()
        self.longest = max(self.longest, now - self._last)
        self._last = now


def test_the_gui_thread_never_waits(
    app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    gate = threading.Event()
    opened: list[str] = []

    def slow_browser(url: str) -> None:
        gate.wait(20)
        opened.append(url)

    bridge = Bridge(tmp_path, "memory", "test", slow_browser)
    snapshots: list[Snapshot] = []
    refused: list[Problem] = []
    unshown: list[Note] = []
    bridge.heard.connect(snapshots.append)
    bridge.refused.connect(lambda action, problem: refused.append(problem))
    bridge.unshown.connect(unshown.append)
    bridge.start("")
    try:
        until(app, lambda: snapshots and snapshots[-1].link is Link.UNCONFIGURED)
        gaps = Gaps()
        begun = time.monotonic()
        bridge.find("no-such-host.invalid")
        bridge.open("http://x.localhost/")
        bridge.notify(Note("a", "title", "text"))
        bridge.ask(Action(Do.START, "engine:demo"), "demo", "")
        called_for = time.monotonic() - begun
        until(app, lambda: any(s.problem for s in snapshots), 30)
        until(app, lambda: refused and unshown)
        assert not opened
        gate.set()
        until(app, lambda: opened)
        assert called_for < 1
        assert gaps.longest < 2, "far below what the browser and the name took"
        assert snapshots[-1].problem is not None
        assert snapshots[-1].problem.key == "coordinator-name-unknown"
    finally:
        gate.set()
        gaps.timer.stop()
        bridge.stop()


def _start(folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "DBUS_SESSION_BUS_ADDRESS": ""}
    return subprocess.Popen(
        [
            sys.executable, "-m", "desktop_client", "--config-dir", str(folder),
            "--store", "memory", "--no-browser", str(folder / "urls"),
        ],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_of_many_starts_at_once_one_stays_and_a_killed_one_is_no_obstacle(tmp_path: Path) -> None:
    started = [_start(tmp_path) for _ in range(3)]
    try:
        deadline = time.monotonic() + 60
        while sum(p.poll() is None for p in started) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (first,) = [p for p in started if p.poll() is None]
        assert sorted(p.returncode for p in started if p is not first) == [0, 0]
        first.kill()
        first.wait(20)
        again = _start(tmp_path)
        started.append(again)
        second = _start(tmp_path)
        started.append(second)
        while again.poll() is None and second.poll() is None:
            assert time.monotonic() < deadline + 60
            time.sleep(0.05)
        ended, stays = (again, second) if again.poll() is not None else (second, again)
        assert ended.returncode == 0
        stays.terminate()
        assert stays.wait(20) == 0 or os.name != "posix"  # Windows only kills
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
            process.wait(20)
