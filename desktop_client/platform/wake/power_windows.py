"""``WM_POWERBROADCAST``, which Windows sends to every top-level window: a hidden one of ours."""

from __future__ import annotations

import ctypes
from enum import Enum, auto

from PySide6.QtCore import QByteArray, QObject
from PySide6.QtGui import QWindow

from desktop_client.platform.wake.power import PowerSource

WM_POWERBROADCAST = 0x0218
PBT_APMSUSPEND = 0x0004
PBT_APMRESUMESUSPEND = 0x0007
PBT_APMRESUMEAUTOMATIC = 0x0012


class PowerEvent(Enum):
    """What a message means to us."""

    SLEEP = auto()
    WAKE = auto()


def power_event(message: int, wparam: int) -> PowerEvent | None:
    """The meaning of a window message. Waking is told once or twice, whoever woke it."""
    if message != WM_POWERBROADCAST:
        return None
    if wparam == PBT_APMSUSPEND:
        return PowerEvent.SLEEP
    if wparam in (PBT_APMRESUMEAUTOMATIC, PBT_APMRESUMESUSPEND):
        return PowerEvent.WAKE
    return None


class Msg(ctypes.Structure):
    """The beginning of Windows' MSG, as Qt hands it over; fixed sizes, alike on all systems."""

    _fields_ = (
        ("hwnd", ctypes.c_void_p),
        ("message", ctypes.c_uint32),
        ("wParam", ctypes.c_size_t),
        ("lParam", ctypes.c_ssize_t),
    )


class _Window(QWindow):
    """Never shown. It reads its own native messages only: a filter of the application's would run
    Python for each movement of the pointer."""

    def __init__(self, source: BroadcastSource) -> None:
        super().__init__()
        self._source = source

    def nativeEvent(  # noqa: N802 - Qt's name
        self, event_type: QByteArray | bytes | bytearray | memoryview, message: int
    ) -> tuple[bool, int]:
        if QByteArray(event_type) == b"windows_generic_MSG":
            self._source.take(Msg.from_address(int(message)))
        return False, 0


class BroadcastSource(PowerSource):
    """Windows waits about two seconds for the slots of ``falling_asleep``; nothing can be held."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window: _Window | None = None
        self._asleep = False

    def start(self) -> None:
        if self._window is None:
            self._window = _Window(self)
            self._window.create()  # a real window, which Windows broadcasts to
            self.how = "WM_POWERBROADCAST"

    def stop(self) -> None:
        if self._window is not None:
            self._window.destroy()
            self._window = None
        self.how = ""

    def take(self, message: Msg) -> None:
        """A native message; each sleep and each waking is told once."""
        event = power_event(int(message.message), int(message.wParam))
        if event is PowerEvent.SLEEP and not self._asleep:
            self._asleep = True
            self.falling_asleep.emit()
        elif event is PowerEvent.WAKE and self._asleep:
            self._asleep = False
            self.woken.emit()
