"""Contract of the single instance, with real processes: Linux, Windows and macOS alike."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication

from desktop_client.single_instance import LONGEST, SingleInstance
from desktop_client.tokens import try_lock
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until

HOLDER = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from desktop_client.single_instance import SingleInstance
app = QCoreApplication([])
one = SingleInstance(Path(sys.argv[1]))
if not one.take():
    print("taken:" + str(one.hand_over(sys.argv[2])), flush=True)
    sys.exit(0)
one.asked.connect(lambda text: print("asked:" + text, flush=True))
print("first", flush=True)
app.exec()
"""


def start(folder: Path, message: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), message],
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is the first one."""
    process = start(folder)
    try:
        assert line(process) == "first"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=40)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def address(folder: Path) -> str:
    return (folder / "tray.address").read_text("utf-8")


def test_a_second_process_hands_over_and_ends(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        link = "aigc://start/comfyui"
        second = start(tmp_path, link)
        said, _ = second.communicate(timeout=40)
        assert said.strip() == "taken:True"
        assert second.returncode == 0
        assert line(first) == f"asked:{link}"


def test_of_many_processes_at_once_one_is_first(tmp_path: Path) -> None:
    processes = [start(tmp_path, str(n)) for n in range(4)]
    try:
        deadline = time.monotonic() + 60
        while sum(p.poll() is None for p in processes) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (first,) = [p for p in processes if p.poll() is None]
        others = [p for p in processes if p is not first]
        assert [p.communicate(timeout=40)[0].strip() for p in others] == ["taken:True"] * 3
        assert line(first) == "first"
        asked = sorted(line(first) for _ in others)
        assert asked == sorted(f"asked:{n}" for n, p in enumerate(processes) if p is not first)
    finally:
        for process in processes:
            process.kill()
            process.communicate(timeout=40)


def test_one_that_is_only_just_starting_is_waited_for(app: QApplication, tmp_path: Path) -> None:
    """The lock is held, and nobody listens yet; then the first one comes up."""
    started: list[subprocess.Popen[str]] = []
    with contextlib.ExitStack() as held:
        assert held.enter_context(try_lock(tmp_path / "tray.lock"))
        second = SingleInstance(tmp_path)
        assert not second.take()

        def come_up() -> None:  # runs once the second one waits
            held.close()
            started.append(start(tmp_path))

        QTimer.singleShot(0, come_up)
        try:
            assert second.hand_over("hello")
            assert [line(started[0]), line(started[0])] == ["first", "asked:hello"]
        finally:
            for process in started:
                process.kill()
                process.communicate(timeout=40)


def test_a_killed_one_is_no_obstacle_and_its_socket_goes(app: QApplication, tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        old = address(tmp_path)
        first.kill()
        first.wait(40)
    one = SingleInstance(tmp_path)
    assert one.take()
    try:
        assert address(tmp_path) != old
        assert sys.platform == "win32" or not Path(old).parent.exists()
        second = start(tmp_path, "hello")
        asked: list[str] = []
        one.asked.connect(asked.append)
        until(app, lambda: asked, 40)
        assert asked == ["hello"]
        assert second.communicate(timeout=40)[0].strip() == "taken:True"
    finally:
        one.release()


def test_a_released_one_leaves_nothing_and_the_next_is_first(
    app: QApplication, tmp_path: Path
) -> None:
    one = SingleInstance(tmp_path)
    assert one.take()
    where = Path(address(tmp_path))
    one.release()
    one.release()
    assert not (tmp_path / "tray.address").exists()
    assert sys.platform == "win32" or not where.parent.exists()
    another = SingleInstance(tmp_path)
    assert another.take()
    another.release()


def test_another_settings_folder_is_another_program(app: QApplication, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    ones = [SingleInstance(folder) for folder in folders]
    try:
        assert [one.take() for one in ones] == [True, True]
        assert address(folders[0]) != address(folders[1])
    finally:
        for one in ones:
            one.release()


def test_nobody_answers_where_nobody_listens(
    app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_client.single_instance._HAND_OVER_MS", 300)
    assert not SingleInstance(tmp_path).hand_over("x")
    (tmp_path / "tray.address").write_text(str(tmp_path / "gone" / "socket"))
    assert not SingleInstance(tmp_path).hand_over("x")


@pytest.mark.skipif(sys.platform == "win32", reason="rights are the pipe's on Windows")
def test_only_this_person_can_come_near(app: QApplication, tmp_path: Path) -> None:
    one = SingleInstance(tmp_path)
    assert one.take()
    try:
        where = Path(address(tmp_path))
        assert stat.S_IMODE(where.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(where.stat().st_mode) & 0o077 == 0
        for name in ("tray.address", "tray.lock"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    finally:
        one.release()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no runtime folder")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_runtime_folder_is_used_only_if_it_is_private(
    app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    with tempfile.TemporaryDirectory() as runtime:
        os.chmod(runtime, mode)
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        one = SingleInstance(tmp_path)
        assert one.take()
        try:
            assert address(tmp_path).startswith(runtime) == (mode == 0o700)
        finally:
            one.release()


@pytest.mark.parametrize(
    "said",
    [
        b"x" * (LONGEST * 3) + b"\n",
        b"x" * (LONGEST * 3),
        b"not json\n",
        b"[" * 2000 + b"\n",
        b'{"message": 1, "activation": ""}\n',
        b'"message"\n',
        b"\xff\xfe\n",
    ],
)
def test_what_is_not_ours_is_cut_off_and_harms_nothing(
    app: QApplication, tmp_path: Path, said: bytes
) -> None:
    one = SingleInstance(tmp_path)
    asked: list[str] = []
    one.asked.connect(asked.append)
    assert one.take()
    try:
        stranger = QLocalSocket()
        stranger.connectToServer(address(tmp_path))
        assert stranger.waitForConnected(10_000)
        stranger.write(said)
        stranger.flush()
        until(app, lambda: stranger.state() is QLocalSocket.LocalSocketState.UnconnectedState, 30)
        friend = QLocalSocket()
        friend.connectToServer(address(tmp_path))
        value = {"message": "aigc://start/a", "activation": ""}
        friend.write(json.dumps(value).encode() + b"\n")
        until(app, lambda: friend.canReadLine())
        assert asked == ["aigc://start/a"]
        friend.disconnectFromServer()
    finally:
        one.release()


def test_who_says_nothing_is_cut_off(
    app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_client.single_instance._SILENCE_MS", 50)
    one = SingleInstance(tmp_path)
    assert one.take()
    try:
        stranger = QLocalSocket()
        stranger.connectToServer(address(tmp_path))
        assert stranger.waitForConnected(10_000)
        until(app, lambda: stranger.state() is QLocalSocket.LocalSocketState.UnconnectedState, 30)
    finally:
        one.release()


def test_a_message_that_is_too_long_only_brings_the_window(
    app: QApplication, tmp_path: Path
) -> None:
    with holder(tmp_path) as first:
        assert SingleInstance(tmp_path).hand_over("aigc://" + "x" * LONGEST)
        assert line(first) == "asked:"


def test_the_right_to_come_to_the_front_goes_along(
    app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = SingleInstance(tmp_path)
    asked: list[str] = []
    one.asked.connect(asked.append)
    assert one.take()
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)
    environment = os.environ | {"XDG_ACTIVATION_TOKEN": "token-1"}
    second = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), "x"],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until(app, lambda: asked, 40)
        assert os.environ["XDG_ACTIVATION_TOKEN"] == "token-1"
        assert second.communicate(timeout=40)[0].strip() == "taken:True"
    finally:
        one.release()
        second.kill()
        second.communicate(timeout=40)
        os.environ.pop("XDG_ACTIVATION_TOKEN", None)
