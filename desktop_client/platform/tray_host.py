"""Whether this desktop has a place for tray icons now.

Qt answers that once on Linux and remembers a "no" for ever, so that a tray host that starts after
us (a session that autostarts everything at once) would never be found. So it is asked here, and
Qt's own tray is not touched before the answer is yes.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from ctypes.util import find_library

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSystemTrayIcon

log = logging.getLogger(__name__)

_WATCHER = "org.kde.StatusNotifierWatcher"
_RETRY_MS = 10_000  # only for old X11 trays; a D-Bus host announces itself


def is_present() -> bool:
    """Whether an icon shown now would be seen."""
    if not sys.platform.startswith("linux"):
        return QSystemTrayIcon.isSystemTrayAvailable()
    bus = QDBusConnection.sessionBus()
    if bus.isConnected() and bus.interface().isServiceRegistered(_WATCHER).value():
        return True
    return QGuiApplication.platformName() == "xcb" and _x11_tray_is_owned()


class TrayHostWatch(QObject):
    """Signals: appeared(), when it may be worth asking again. Runs from ``start`` to ``stop``."""

    appeared = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(_RETRY_MS)
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self.appeared)
        self._watcher: QDBusServiceWatcher | None = None

    def start(self) -> None:
        if self._watcher is None and sys.platform.startswith("linux"):
            self._watcher = QDBusServiceWatcher(
                _WATCHER,
                QDBusConnection.sessionBus(),
                QDBusServiceWatcher.WatchModeFlag.WatchForRegistration,
                self,
            )
            self._watcher.serviceRegistered.connect(self._registered)
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _registered(self, _service: str) -> None:
        self.appeared.emit()


def _x11_tray_is_owned() -> bool:
    """Whether some program owns the X11 tray's selection (XEmbed)."""
    name = find_library("X11")
    if name is None:
        return False
    x11 = ctypes.CDLL(name)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XInternAtom.restype = ctypes.c_ulong
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XGetSelectionOwner.restype = ctypes.c_ulong
    x11.XGetSelectionOwner.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    x11.XDefaultScreen.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if not display:
        return False
    try:
        selection = f"_NET_SYSTEM_TRAY_S{x11.XDefaultScreen(display)}"
        atom = x11.XInternAtom(display, selection.encode(), 0)
        return bool(x11.XGetSelectionOwner(display, atom))
    finally:
        x11.XCloseDisplay(display)
