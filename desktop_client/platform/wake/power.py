"""The computer goes to sleep, and wakes up."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal


class PowerSource(QObject):
    """One system's way to hear of it; the base is a system that we know none for.

    Signals: falling_asleep(), woken().

    Attributes:
        how: what tells us, for the diagnostics; empty while nothing does.
        why_not: why nothing does.
    """

    falling_asleep = Signal()
    woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.how = ""
        self.why_not = f"sleep cannot be noticed on {sys.platform}"

    def start(self) -> None:
        """Begin to listen."""

    def stop(self) -> None:
        """Listen no longer; nothing is held back afterwards."""

    def hold(self, reason: str) -> None:
        """Ask the system to wait a few seconds before each sleep; ``reason`` is shown by it."""

    def let_sleep(self) -> None:
        """What was to be done before sleep is done."""


class PowerWatch(QObject):
    """Runs from ``start`` to ``stop``.

    Sleep does not wait for us unless ``hold`` was called; then the system waits for ``let_sleep``,
    but no longer than its own limit: 5 s by default on Linux, about 2 s on Windows (during which
    this signal's slots run), and on macOS until the slots returned.

    Signals:
        about_to_sleep(): the computer goes to sleep now.
        resumed(): it woke up.
    """

    about_to_sleep = Signal()
    resumed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = _source(self)
        self._source.falling_asleep.connect(self.about_to_sleep)
        self._source.woken.connect(self.resumed)

    @property
    def how(self) -> str:
        """What tells us of sleep; empty while nothing does."""
        return self._source.how

    @property
    def why_not(self) -> str:
        """Why nothing tells us; empty while something does."""
        return "" if self._source.how else self._source.why_not

    def start(self) -> None:
        self._source.start()

    def stop(self) -> None:
        self._source.stop()

    def hold(self, reason: str) -> None:
        """From now on each sleep waits until ``let_sleep``; an empty reason takes that back."""
        self._source.hold(reason)

    def let_sleep(self) -> None:
        """What had to be done before this sleep is done."""
        self._source.let_sleep()


def _source(parent: QObject) -> PowerSource:
    if sys.platform == "win32":
        from desktop_client.platform.wake.power_windows import BroadcastSource

        return BroadcastSource(parent)
    if sys.platform == "darwin":
        from desktop_client.platform.wake.power_macos import WorkspaceSource

        return WorkspaceSource(parent)
    if sys.platform.startswith("linux"):
        from desktop_client.platform.wake.power_linux import LogindSource

        return LogindSource(parent)
    return PowerSource(parent)
