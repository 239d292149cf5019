"""Runs the tray's real program without a screen and tells what blocked its GUI thread.

``python -m tests.desktop_client.gui_guard FOLDER [--provoke]``: once the icon is due, each call of
Python's that may block (files, sockets, programs, sleeping, databases, waiting for another
thread) is written down with where it came from, while every window is opened and every action
asked for. Prints JSON. What C++ does inside of Qt is not seen by this. ``--provoke`` does what is
forbidden, to see that it is seen.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop_client import program
from desktop_client.controller import Controller
from desktop_client.desk import Action, Do
from desktop_client.model import Engine, Instance, Link, Problem, Snapshot, State, Version, Words

BLOCKING = (
    "open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.rmdir",
    "os.truncate", "os.posix_spawn", "os.system", "os.exec", "os.fork", "os.startfile",
    "subprocess.Popen", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.gethostbyaddr", "socket.bind", "socket.sendto", "sqlite3.connect",
    "tempfile.mkstemp", "tempfile.mkdtemp", "glob.glob", "shutil.copyfile", "shutil.rmtree",
    "urllib.Request", "webbrowser.open", "ctypes.dlopen",
)  # fmt: skip
# Loading one of these takes a tenth of a second and more; the loop's thread loads them.
HEAVY = ("grpc", "cryptography", "keyring", "httpx", "desktop_notifier", "PySide6.QtCharts")
# What is let through: (event, file and function in whose frame it happens, reason).
ALLOWED = (
    ("open", ("importlib", ""), "a module of ours that a window needs for the first time"),
    ("os.listdir", ("importlib", ""), "as above"),
    ("open", ("feature.py", "_mod_uses_pyside"), "as above: Qt's import hook reads the importer"),
    (
        "wait",
        ("threading.py", "start"),
        "a new thread says that it runs; not what it does",
    ),
)


@dataclass(frozen=True)
class Blocked:
    """One call, with the step in which it was made and the frames of ours above it."""

    event: str
    what: str
    step: str
    frames: list[str]


@dataclass
class Guard:
    """Watches one thread between ``begin`` and ``end``."""

    blocked: list[Blocked] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    step: str = "start"
    heavy: tuple[str, ...] = HEAVY
    _thread: int = 0
    _inside: bool = False

    def begin(self) -> None:
        self._thread = threading.get_ident()

    def end(self) -> None:
        self._thread = 0

    def hears(self) -> bool:
        return self._thread == threading.get_ident() and not self._inside

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's own hook: called at each such event in any thread."""
        if not self._thread or not self.hears():
            return
        if event == "import":
            if str(arguments[0]).startswith(self.heavy) and str(arguments[0]) not in sys.modules:
                self.note("import", str(arguments[0]))
        elif event in BLOCKING:
            self.note(event, str(arguments[0]) if arguments else "")

    def note(self, event: str, what: str) -> None:
        self._inside = True
        try:
            frames = _stack()
            if any(event == e and any(_is(f, where) for f in frames) for e, where, _ in ALLOWED):
                return
            ours = [
                f"{Path(f.filename).name}:{f.lineno} {f.name}"
                for f in frames
                if "desktop_client" in f.filename and "gui_guard" not in f.filename
            ]
            self.blocked.append(Blocked(event, what, self.step, ours[-6:]))
        finally:
            self._inside = False

    def watch_waiting(self) -> None:
        """Waiting for another thread raises no audit event."""
        for owner, name in (
            (concurrent.futures.Future, "result"),
            (concurrent.futures.Future, "exception"),
            (threading.Event, "wait"),
            (threading.Thread, "join"),
            (time, "sleep"),
        ):
            self._wrap(owner, name)

    def _wrap(self, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            this = arguments[0] if arguments else None
            done = getattr(this, "done", None) or getattr(this, "is_set", None)
            if self._thread and self.hears() and not (done is not None and done()):
                self.note("wait", f"{owner.__name__}.{name}")
            return real(*arguments, **named)

        setattr(owner, name, watched)


def _is(frame: traceback.FrameSummary, where: tuple[str, str]) -> bool:
    file, function = where
    return file in frame.filename and function in ("", frame.name)


def _stack() -> list[traceback.FrameSummary]:
    """The frames above this file's own."""
    frames = traceback.extract_stack()
    while frames and frames[-1].filename == __file__:
        frames.pop()
    return list(frames)


def provocations(folder: Path) -> list[tuple[str, Callable[[], object]]]:
    """What must never happen in the GUI thread, and must be seen if it does."""

    def wait() -> None:
        threading.Event().wait(0.001)

    def result() -> None:
        with contextlib.suppress(TimeoutError):
            concurrent.futures.Future[int]().result(0.001)

    def connect() -> None:
        with contextlib.suppress(OSError), socket.socket() as made:
            made.settimeout(0.2)
            made.connect(("127.0.0.1", 9))

    return [
        ("open", lambda: (folder / "provoked").write_text("x")),
        ("wait", lambda: time.sleep(0.001)),
        ("subprocess.Popen", lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
        ("socket.connect", connect),
        ("socket.getaddrinfo", lambda: socket.getaddrinfo("127.0.0.1", 80)),
        ("sqlite3.connect", lambda: sqlite3.connect(":memory:").close()),
        ("os.remove", lambda: (folder / "provoked").unlink()),
        ("wait", wait),
        ("wait", result),
        ("import", lambda: importlib.import_module("PySide6.QtCharts")),
    ]


def snapshots() -> list[Snapshot]:
    """The studio as it may look: each link, each state, with a change of each instance."""
    now = datetime.now(UTC)
    engine = Engine(
        "comfyui", Words("ComfyUI", "ComfyUI"), Words("Pictures", "图片"),
        versions=(Version("0.3"), Version("0.2")), default_version="0.3",
    )  # fmt: skip
    instances = tuple(
        Instance(
            f"i{n}", f"Mine {n}", "comfyui", engine.name, "0.3", state, since=now,
            url="https://i.studio.lan/" if state is State.READY else "", node_name="render-01",
            last_activity=now, release_at=now + timedelta(minutes=3), data_bytes=10**9,
        )
        for n, state in enumerate(State)
    )  # fmt: skip
    online = Snapshot(
        Link.ONLINE, "Studio", "gw:7443", web_url="https://gw/", person="Lin Xia",
        engines=(engine,), instances=instances, heard_at=now,
    )  # fmt: skip
    turned = tuple(
        replace(
            i, state=State.READY if i.state is not State.READY else State.FAILED, url="https://x/"
        )
        for i in instances
    )
    ways = [
        Snapshot(Link.UNTRUSTED, address="gw:7443", pin="sha256:" + "ab" * 32),
        Snapshot(Link.SIGNING_IN, "Studio", sign_in_url="https://gw/sign-in"),
        Snapshot(Link.SIGNED_OUT, "Studio", "gw:7443"),
        Snapshot(Link.CONNECTING, "Studio", "gw:7443"),
    ]
    offline = replace(online, link=Link.OFFLINE, problem=Problem("coordinator-no-answer", "No."))
    return [*ways, online, replace(online, instances=turned), offline, online]


def drive(app: QApplication, controller: Controller, guard: Guard, folder: Path | None) -> None:
    """One step at a time, each in a turn of Qt's loop of its own; then the end."""
    bridge: Any = controller._bridge
    steps: list[tuple[str, Callable[[], object]]] = provocations(folder) if folder else []

    def add(name: str, work: Callable[..., object], *arguments: object) -> None:
        steps.append((name, lambda: work(*arguments)))

    if folder is None:
        for number in range(2):
            for snapshot in snapshots():
                add(f"{snapshot.link} {number}", bridge.heard.emit, snapshot)
        for do in Do:
            if do in (Do.QUIT, Do.ADMIN):  # the end; another program
                continue
            for key in ("", "i5", "engine:comfyui"):
                value = "hour" if do is Do.SNOOZE else ""
                add(f"{do} {key}", controller.perform, Action(do, key, value))
            if do is Do.RENAME:
                add(f"{do} done", controller.perform, Action(do, "i5", "New name"))
        add("windows", lambda: [w.grab() for w in app.topLevelWidgets() if w.isVisible()])
        for snapshot in snapshots():
            add(f"{snapshot.link} with windows", bridge.heard.emit, snapshot)
        join = "aigc://join/gw:7443?pin=sha256:" + "ab" * 32
        for text in ("", "aigc://start/comfyui", join, "aigc:x"):
            add(f"second start {text}", controller.hand_over, text)
        vigil: Any = controller._vigil
        add("sleep", vigil.about_to_sleep)
        add("waking", vigil.resumed)
        add("network", vigil._network.changed.emit, True)
        add("theme", controller._look_changed)

    def turn() -> None:
        if not steps:
            guard.end()
            controller.finished.emit()
            return
        guard.step, work = steps.pop(0)
        guard.steps.append(guard.step)
        try:
            work()
        except Exception:  # noqa: BLE001 - told, and the rest is still tried
            guard.blocked.append(Blocked("raised", traceback.format_exc(), guard.step, []))
        QTimer.singleShot(5, turn)

    QTimer.singleShot(0, turn)


def main(folder: Path, provoke: bool) -> int:
    guard = Guard()
    sys.addaudithook(guard.audit)
    guard.watch_waiting()

    class Watched(Controller):
        def start(self, *, show: bool, link: str = "") -> None:
            super().start(show=show, link=link)
            app = QApplication.instance()
            assert isinstance(app, QApplication)
            guard.begin()
            QTimer.singleShot(0, lambda: drive(app, self, guard, folder if provoke else None))

    setattr(program, "Controller", Watched)  # noqa: B010 - the program makes this one
    code = program.main(
        ["--config-dir", str(folder), "--store", "file", "--no-browser", os.devnull]
    )
    report = {"code": code, "steps": guard.steps, "blocked": [asdict(b) for b in guard.blocked]}
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "--provoke" in sys.argv))
