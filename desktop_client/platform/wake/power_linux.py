"""logind on the system bus: ``PrepareForSleep`` tells, an inhibitor lock (``delay``) holds.

The lock is an open file: logind goes to sleep once every holder has closed it, or after
``InhibitDelayMaxSec`` (5 s). It is taken anew after each waking.
"""

from __future__ import annotations

import logging
import os

from PySide6.QtCore import SLOT, QObject, Slot
from PySide6.QtDBus import (
    QDBusConnection,
    QDBusMessage,
    QDBusPendingCallWatcher,
    QDBusServiceWatcher,
    QDBusUnixFileDescriptor,
)

from desktop_client.platform.wake.power import PowerSource

log = logging.getLogger(__name__)

_SERVICE = "org.freedesktop.login1"
_PATH = "/org/freedesktop/login1"
_MANAGER = "org.freedesktop.login1.Manager"


class LogindSource(PowerSource):
    """See the module. Every call is asynchronous."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus: QDBusConnection | None = None
        self._watcher: QDBusServiceWatcher | None = None
        self._reason = ""
        self._lock = -1
        self._asking = False
        self._asleep = False

    def start(self) -> None:
        if self._bus is not None:
            return
        bus = QDBusConnection.systemBus()
        if not bus.isConnected():
            self.why_not = "there is no system bus"
            return
        signal = (_SERVICE, _PATH, _MANAGER, "PrepareForSleep", self, SLOT("_heard(bool)"))
        if not bus.connect(*signal):  # type: ignore[call-overload]  # the stubs want bytes, Qt text
            self.why_not = bus.lastError().message() or "logind cannot be listened to"
            return
        self._bus = bus
        self.how = "logind"
        mode = QDBusServiceWatcher.WatchModeFlag.WatchForRegistration
        self._watcher = QDBusServiceWatcher(_SERVICE, bus, mode, self)
        self._watcher.serviceRegistered.connect(self._restarted)
        self._take_lock()

    def stop(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            signal = (_SERVICE, _PATH, _MANAGER, "PrepareForSleep", self, SLOT("_heard(bool)"))
            bus.disconnect(*signal)  # type: ignore[call-overload]
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None
        self.how = ""
        self._release()

    def hold(self, reason: str) -> None:
        self._reason = reason
        if reason:
            self._take_lock()
        else:
            self._release()

    def let_sleep(self) -> None:
        self._release()

    @Slot(bool)
    def _heard(self, asleep: bool) -> None:
        if asleep == self._asleep:
            return  # logind may say it twice
        self._asleep = asleep
        if asleep:
            self.falling_asleep.emit()
        else:
            self._take_lock()
            self.woken.emit()

    @Slot(str)
    def _restarted(self, _service: str) -> None:
        """A new logind knows of no lock of ours."""
        self._asleep = False
        self._release()
        self._take_lock()

    def _take_lock(self) -> None:
        if self._bus is None or not self._reason or self._asking or self._lock >= 0:
            return
        call = QDBusMessage.createMethodCall(_SERVICE, _PATH, _MANAGER, "Inhibit")
        call.setArguments(["sleep", "AIGC Gateway", self._reason, "delay"])
        self._asking = True
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(call), self)
        watcher.finished.connect(self._answered)

    @Slot(QDBusPendingCallWatcher)
    def _answered(self, watcher: QDBusPendingCallWatcher) -> None:
        self._asking = False
        reply = watcher.reply()
        watcher.deleteLater()
        given = reply.arguments()[0] if reply.arguments() else None
        if not isinstance(given, QDBusUnixFileDescriptor):
            log.info("logind gave no lock before sleep: %s", reply.errorMessage())
            return
        self._release()
        self._lock = given.takeFileDescriptor()
        if self._bus is None or not self._reason or self._asleep:
            self._release()  # it came too late

    def _release(self) -> None:
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)
