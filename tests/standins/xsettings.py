"""A desktop's settings manager as X11 programs know it: it owns the XSETTINGS selection and tells
the resolution of letters (``Xft/DPI``), which a person may change while programs run."""

from __future__ import annotations

import ctypes
import struct
from ctypes.util import find_library
from types import TracebackType
from typing import Self

_REPLACE = 0


class XSettings:
    """Use as ``with XSettings(":99") as settings``, before the programs start."""

    def __init__(self, display: str) -> None:
        self._x11 = x11 = ctypes.CDLL(find_library("X11") or "libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
        x11.XInternAtom.restype = ctypes.c_ulong
        x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
        x11.XCreateSimpleWindow.restype = ctypes.c_ulong
        x11.XCreateSimpleWindow.argtypes = [
            ctypes.c_void_p, ctypes.c_ulong, *[ctypes.c_int] * 2, *[ctypes.c_uint] * 3,
            *[ctypes.c_ulong] * 2,
        ]  # fmt: skip
        x11.XSetSelectionOwner.argtypes = [ctypes.c_void_p, *[ctypes.c_ulong] * 3]
        x11.XChangeProperty.argtypes = [
            ctypes.c_void_p, *[ctypes.c_ulong] * 3, ctypes.c_int, ctypes.c_int, ctypes.c_char_p,
            ctypes.c_int,
        ]  # fmt: skip
        for function in (x11.XSync, x11.XCloseDisplay):
            function.argtypes = [ctypes.c_void_p]
        x11.XSync.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._display = x11.XOpenDisplay(display.encode())
        assert self._display, "no such display"
        root = x11.XDefaultRootWindow(self._display)
        self._window = x11.XCreateSimpleWindow(self._display, root, 0, 0, 1, 1, 0, 0, 0)
        self._serial = 0

    def __enter__(self) -> Self:
        self.tell(96)
        self._x11.XSetSelectionOwner(self._display, self._atom("_XSETTINGS_S0"), self._window, 0)
        self._x11.XSync(self._display, 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._x11.XCloseDisplay(self._display)

    def tell(self, dpi: int) -> None:
        """The desktop's scale is ``dpi / 96`` from now on."""
        self._serial += 1
        name = b"Xft/DPI"
        setting = struct.pack("<BxH", 0, len(name)) + name + b"\0" * (-len(name) % 4)
        setting += struct.pack("<Ii", self._serial, dpi * 1024)
        value = struct.pack("<BxxxII", 0, self._serial, 1) + setting
        place = self._atom("_XSETTINGS_SETTINGS")
        self._x11.XChangeProperty(
            self._display, self._window, place, place, 8, _REPLACE, value, len(value)
        )
        self._x11.XSync(self._display, 0)

    def _atom(self, name: str) -> int:
        return int(self._x11.XInternAtom(self._display, name.encode(), 0))
