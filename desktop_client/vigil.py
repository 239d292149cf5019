"""Sleep, waking and other networks: the connection is made anew, engines stopped or asked about.

The system tells; nothing polls. Where it does not tell, the stream's own keepalive notices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from desktop_client import desk as desks
from desktop_client.bridge import Bridge
from desktop_client.desk import News, Notice
from desktop_client.i18n import say
from desktop_client.model import Link
from desktop_client.platform.wake import NetworkWatch, PowerWatch
from desktop_client.present import Present
from desktop_client.settings import OnSleep
from desktop_client.wording import listed


class Vigil(QObject):
    """Signals:
    told(Notice): engines ran on while this computer slept.
    """

    told = Signal(object)

    def __init__(
        self, bridge: Bridge, present: Callable[[], Present], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge, self._present = bridge, present
        self._asking = False  # woken, and not online again yet
        self._held = False
        self._power = PowerWatch(self)
        self._network = NetworkWatch(self)
        self._power.about_to_sleep.connect(self.about_to_sleep)
        self._power.resumed.connect(self.resumed)
        self._network.changed.connect(self._network_changed)
        bridge.stopped_all.connect(self._power.let_sleep)

    def start(self) -> None:
        """Begin to listen."""
        self._power.start()
        self._network.start()
        self.refresh()

    def stop(self) -> None:
        """Listen no longer."""
        self._power.stop()
        self._network.stop()

    def senses(self) -> Mapping[str, str]:
        """What tells us, for the diagnostics."""
        return {
            "sleep": self._power.how or self._power.why_not,
            "network": self._network.how or self._network.why_not,
        }

    def refresh(self) -> None:
        """The settings or the engines changed."""
        present = self._present()
        running = bool(desks.still_running(present.desk))
        wanted = present.settings.on_sleep is OnSleep.STOP and running
        if wanted is not self._held:
            self._held = wanted
            self._power.hold(say("sleep.hold", present.language) if wanted else "")
        if self._asking and present.desk.snapshot.link is Link.ONLINE:
            self._asking = False
            self._ask()

    def about_to_sleep(self) -> None:
        """The computer goes to sleep: a few seconds are left."""
        present = self._present()
        running = [i.id for i in desks.still_running(present.desk)]
        online = present.desk.snapshot.link is Link.ONLINE
        if present.settings.on_sleep is OnSleep.STOP and running and online:
            self._bridge.stop_all(running)
        else:
            self._power.let_sleep()

    def resumed(self) -> None:
        """It woke up: ask at once, not when a timer of before the sleep is over."""
        self._asking = self._present().settings.on_sleep is OnSleep.ASK
        self._bridge.revive()

    def _network_changed(self, reachable: bool) -> None:
        if reachable:
            self._bridge.revive()

    def _ask(self) -> None:
        running = desks.still_running(self._present().desk)
        if running:
            names = listed([i.name for i in running])(self._present().language)
            self.told.emit(Notice(News.AWAKE, "awake", None, names))
