"""What this desktop is like, for the diagnostics. Plain values."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import QLocale, QSysInfo, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

import aigc
from desktop_client import theme
from desktop_client.platform import tray_host

_PACKAGES = ("PySide6-Essentials", "grpcio", "protobuf", "httpx", "keyring", "cryptography")
_SESSION = ("XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION", "WAYLAND_DISPLAY",
            "DISPLAY", "QT_SCALE_FACTOR", "QT_QPA_PLATFORM", "LANG")  # fmt: skip


def versions() -> dict[str, object]:
    """Of this program and what it is made of."""
    found: dict[str, object] = {
        "aigc": aigc.__version__,
        "python": sys.version.split()[0],
        "qt": qVersion(),
        "system": QSysInfo.prettyProductName(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "frozen": bool(getattr(sys, "frozen", False)),
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None  # a frozen program has no such records
    return found


def desktop() -> dict[str, object]:
    """Screens, session, tray. In the GUI thread."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return {
        "platform": QGuiApplication.platformName(),
        "style": app.style().objectName(),
        "locale": QLocale.system().name(),
        "dark": theme.system_is_dark(),
        "font": app.font().family(),
        "tray_host": tray_host.is_present(),
        "session": {name: os.environ.get(name, "") for name in _SESSION},
        "screens": [
            {
                "name": s.name(),
                "size": f"{s.geometry().width()} x {s.geometry().height()}",
                "at": f"{s.geometry().x()}, {s.geometry().y()}",
                "scale": s.devicePixelRatio(),
                "dots_per_inch": round(s.logicalDotsPerInch()),
                "hertz": round(s.refreshRate()),
                "primary": s is QGuiApplication.primaryScreen(),
            }
            for s in QGuiApplication.screens()
        ],
    }
