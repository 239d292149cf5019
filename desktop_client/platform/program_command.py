"""How the desktop starts this program: as it was installed, never by a name on the PATH."""

from __future__ import annotations

import sys
from pathlib import Path


def tray_command() -> tuple[str, ...]:
    """The tray's command: the frozen program, the ``aigc`` beside this Python, or its module."""
    here = Path(sys.executable)
    if getattr(sys, "frozen", False):
        return (str(here),)
    if sys.platform == "win32":
        # pythonw has no console window, which "aigc.exe" would open at each start.
        windowed = here.with_name("pythonw.exe")
        return (str(windowed if windowed.is_file() else here), "-m", "desktop_client")
    script = here.with_name("aigc")
    if script.is_file():
        return (str(script), "tray")
    return (str(here), "-m", "desktop_client")
