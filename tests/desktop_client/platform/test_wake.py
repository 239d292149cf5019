"""Sleep, waking and the network: one suite of signals; Linux against a logind of our own.

On Windows and macOS the sources are started and stopped for real by the CI matrix; nothing there
can put its machine to sleep, so the native messages are handed in.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtNetwork import QNetworkInformation
from PySide6.QtWidgets import QApplication

from desktop_client.platform.wake import NetworkWatch, PowerWatch
from desktop_client.platform.wake import power_windows as windows
from desktop_client.platform.wake.network import reaches
from desktop_client.platform.wake.power import PowerSource
from tests.desktop_client.qt import app as app
from tests.standins.session_bus import session_bus

needs_bus = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("dbus-daemon") is None,
    reason="logind is Linux's, and its stand-in needs dbus-daemon",
)

WATCH = """
import sys
from PySide6.QtCore import QCoreApplication, QSocketNotifier, QTimer
from desktop_client.platform.wake import PowerWatch
app = QCoreApplication([])
watch = PowerWatch()

def say(text):
    print(text, flush=True)

def asleep():
    say("sleep")
    if BEFORE_SLEEP >= 0:
        QTimer.singleShot(BEFORE_SLEEP, watch.let_sleep)

def heard():
    word = sys.stdin.readline().strip()
    if word == "hold":
        watch.hold("Stops your engines")
    elif word == "free":
        watch.hold("")
    elif word == "stop":
        watch.stop()
        say("stopped")
    else:
        app.quit()

watch.about_to_sleep.connect(asleep)
watch.resumed.connect(lambda: say("resumed"))
watch.start()
watch.start()
say(f"{watch.how}|{watch.why_not}")
notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
notifier.activated.connect(heard)
app.exec()
watch.stop()
"""


class Watcher:
    """The watch in a process of its own, since Qt keeps one system bus per process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


@contextmanager
def watcher(bus: str, before_sleep_ms: int = 0) -> Iterator[Watcher]:
    program = WATCH.replace("BEFORE_SLEEP", str(before_sleep_ms))
    process = subprocess.Popen(
        [sys.executable, "-c", program], text=True,
        env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": bus, "QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    made = Watcher(process)
    try:
        yield made
        _, errors = process.communicate("quit\n", timeout=40)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.communicate(timeout=40)


@pytest.fixture
def bus() -> Iterator[str]:
    with session_bus() as address:  # Qt takes it for the system's
        yield address


@needs_bus
def test_each_sleep_and_each_waking_is_told(bus: str) -> None:
    from tests.standins.login1 import Login1

    with Login1(bus) as logind, watcher(bus) as watch:
        assert watch.line() == "logind|"
        for _ in range(3):
            assert logind.fall_asleep() < 5
            assert watch.line() == "sleep"
            logind.wake_up()
            assert watch.line() == "resumed"
        assert logind.locks == [], "nothing is held that nobody asked for"


@needs_bus
def test_sleep_waits_until_what_was_to_be_done_is_done(bus: str) -> None:
    from tests.standins.login1 import Login1

    with Login1(bus, max_delay=40) as logind, watcher(bus, before_sleep_ms=300) as watch:
        assert watch.line() == "logind|"
        watch.tell("hold")
        (lock,) = logind.until_held()
        asked = (lock.what, lock.who, lock.why, lock.mode)
        assert asked == ("sleep", "AIGC Gateway", "Stops your engines", "delay")
        for _ in range(2):
            assert 0.25 < logind.fall_asleep() < 39
            assert watch.line() == "sleep"
            assert not logind.held()
            logind.wake_up()
            assert watch.line() == "resumed"
            logind.until_held()
        watch.tell("free")
        logind.until_held(0)
        assert logind.fall_asleep() < 5


@needs_bus
def test_a_program_that_hangs_or_dies_holds_nobody_up_for_ever(bus: str) -> None:
    from tests.standins.login1 import Login1

    with Login1(bus, max_delay=0.5) as logind:
        with watcher(bus, before_sleep_ms=-1) as watch:
            assert watch.line() == "logind|"
            watch.tell("hold")
            logind.until_held()
            assert logind.fall_asleep() >= 0.5
            assert watch.line() == "sleep"
            logind.wake_up()
            assert watch.line() == "resumed"
        logind.until_held(0)


@needs_bus
def test_a_new_logind_is_followed_and_asked_for_a_lock(bus: str) -> None:
    from tests.standins.login1 import Login1

    with watcher(bus) as watch:
        assert watch.line() == "logind|", "it may start after us"
        watch.tell("hold")
        for _ in range(2):
            with Login1(bus, max_delay=40) as logind:
                logind.until_held()
                logind.fall_asleep()
                assert watch.line() == "sleep"
                logind.wake_up()
                assert watch.line() == "resumed"
                logind.until_held()


@needs_bus
def test_stopped_means_that_nothing_is_heard_or_held(bus: str) -> None:
    from tests.standins.login1 import Login1

    with Login1(bus) as logind, watcher(bus) as watch:
        assert watch.line() == "logind|"
        watch.tell("hold")
        logind.until_held()
        watch.tell("stop")
        assert watch.line() == "stopped"
        logind.until_held(0)
        logind.fall_asleep()
        logind.wake_up()


@needs_bus
def test_without_a_system_bus_the_reason_is_said() -> None:
    with watcher("unix:path=/nonexistent") as watch:
        assert watch.line() == "|there is no system bus"


def test_this_systems_source_starts_and_stops(app: QApplication) -> None:
    """For real; what it would tell cannot be provoked here."""
    watch = PowerWatch()
    try:
        watch.start()
        assert bool(watch.how) != bool(watch.why_not)
        watch.hold("test")
        watch.let_sleep()
        watch.hold("")
    finally:
        watch.stop()
    assert not watch.how


def test_an_unknown_system_says_so() -> None:
    source = PowerSource()
    source.start()
    source.hold("x")
    source.let_sleep()
    source.stop()
    assert (source.how, source.why_not) == ("", f"sleep cannot be noticed on {sys.platform}")


# -- Windows' messages --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "wparam", "meaning"),
    [
        (0x0218, 0x0004, windows.PowerEvent.SLEEP),
        (0x0218, 0x0012, windows.PowerEvent.WAKE),
        (0x0218, 0x0007, windows.PowerEvent.WAKE),
        (0x0218, 0x000A, None),  # the battery's state
        (0x0218, 0x8013, None),  # a power setting
        (0x0200, 0x0004, None),  # the mouse
    ],
)
def test_what_windows_messages_mean(
    message: int, wparam: int, meaning: windows.PowerEvent | None
) -> None:
    assert windows.power_event(message, wparam) is meaning


def test_the_window_reads_native_messages_and_lets_them_through(app: QApplication) -> None:
    source = windows.BroadcastSource()
    told: list[str] = []
    source.falling_asleep.connect(lambda: told.append("sleep"))
    source.woken.connect(lambda: told.append("resumed"))
    source.start()
    source.start()
    try:
        assert source._window is not None
        # A session of messages: both wakings of one sleep, and things that mean nothing.
        for number, wparam in (
            (0x0218, 0x0012), (0x0218, 0x0004), (0x0218, 0x0004), (0x0218, 0x000A),
            (0x0218, 0x0012), (0x0218, 0x0007), (0x0200, 0x0004), (0x0218, 0x0004),
        ):  # fmt: skip
            message = windows.Msg(None, number, wparam, 0)
            kind = b"windows_generic_MSG"
            answer = source._window.nativeEvent(kind, ctypes.addressof(message))
            assert answer == (False, 0)
        ignored = source._window.nativeEvent(b"xcb_generic_event_t", 1)
        assert ignored == (False, 0), "another system's message is not read"
    finally:
        source.stop()
    assert told == ["sleep", "resumed", "sleep"]


@pytest.mark.skipif(sys.platform != "win32", reason="sends a window message")
def test_a_broadcast_reaches_the_hidden_window(app: QApplication) -> None:
    if sys.platform == "win32":
        watch = PowerWatch()
        told: list[str] = []
        watch.about_to_sleep.connect(lambda: told.append("sleep"))
        watch.resumed.connect(lambda: told.append("resumed"))
        watch.start()
        source = watch._source
        assert isinstance(source, windows.BroadcastSource)
        assert source._window is not None
        for wparam in (windows.PBT_APMSUSPEND, windows.PBT_APMRESUMEAUTOMATIC):
            ctypes.windll.user32.SendMessageW(
                int(source._window.winId()), windows.WM_POWERBROADCAST, wparam, 0
            )
        watch.stop()
        assert told == ["sleep", "resumed"]


# -- the network --------------------------------------------------------------------------------


def test_only_disconnected_is_out_of_reach() -> None:
    reach = QNetworkInformation.Reachability
    known = {r: reaches(r) for r in reach}
    assert [r for r, ok in known.items() if not ok] == [reach.Disconnected]


def test_this_systems_network_is_watched_or_the_reason_is_said(app: QApplication) -> None:
    watch = NetworkWatch()
    assert watch.why_not == "not started"
    assert watch.reachable
    watch.start()
    watch.start()
    assert bool(watch.how) != bool(watch.why_not)
    watch.stop()
    watch.stop()
    assert not watch.how


NETWORK = """
import sys
from PySide6.QtCore import QCoreApplication, QSocketNotifier
from desktop_client.platform.wake import NetworkWatch
app = QCoreApplication([])
watch = NetworkWatch()
watch.changed.connect(lambda reachable: print(f"changed {reachable}", flush=True))
watch.start()
print(f"{watch.how or watch.why_not} {watch.reachable}", flush=True)
notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
notifier.activated.connect(app.quit)
app.exec()
"""


def _may_unshare() -> bool:
    if not sys.platform.startswith("linux") or shutil.which("ip") is None:
        return False
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, timeout=20, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not _may_unshare(), reason="needs a network namespace (root)")
def test_a_network_that_goes_and_comes_is_told() -> None:
    """In a network namespace of its own, whose only way out is taken and given back."""
    process = subprocess.Popen(
        ["unshare", "-n", sys.executable, "-c", NETWORK], text=True,
        env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first = process.stdout.readline().split()
        if first[0] != "glib":
            pytest.skip(f"Qt watches through {first[0]} here")
        assert first[1] == "False"

        def ip(*arguments: str) -> None:
            command = ["nsenter", "-t", str(process.pid), "-n", "ip", *arguments]
            subprocess.run(command, check=True, timeout=20)

        ip("link", "add", "way", "type", "veth", "peer", "name", "other")
        ip("link", "set", "other", "up")
        ip("addr", "add", "192.0.2.2/24", "dev", "way")
        ip("link", "set", "way", "up")
        ip("route", "add", "default", "via", "192.0.2.1")
        assert process.stdout.readline() == "changed True\n"
        ip("route", "del", "default")
        deadline = time.monotonic() + 40
        while process.stdout.readline() != "changed False\n":
            assert time.monotonic() < deadline
    finally:
        process.communicate("\n", timeout=40)
