"""XDG autostart: an entry in ``~/.config/autostart``, which wins over the system's of that name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from desktop_client.platform.desktop_entry import exec_line, read_entry, write_entry
from desktop_client.platform.files import read_text, remove_file, replace_file

FILE = "aigc-gateway.desktop"


class EntryAutostart:
    """Entries of this person and of the system.

    Args:
        environment: where the folders are looked up; None for the process's own.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        values = os.environ if environment is None else environment
        home = Path(values.get("HOME") or Path.home())
        config = _absolute(values.get("XDG_CONFIG_HOME")) or home / ".config"
        folders = [_absolute(f) for f in values.get("XDG_CONFIG_DIRS", "").split(":")]
        systems = [f for f in folders if f is not None] or [Path("/etc/xdg")]
        self.path = config / "autostart" / FILE
        self._system_paths = tuple(f / "autostart" / FILE for f in systems)
        self._command = tuple(command)

    def is_on(self) -> bool:
        for path in (self.path, *self._system_paths):
            text = read_text(path)
            if text is not None:  # the first that is there decides, the others do not count
                return self._starts_us(read_entry(text))
        return False

    def switch(self, on: bool) -> None:
        if on:
            replace_file(self.path, write_entry(entry(self._command)).encode())
        elif any(path.exists() for path in self._system_paths):
            replace_file(self.path, write_entry(entry(self._command, hidden=True)).encode())
        else:
            remove_file(self.path)

    def _starts_us(self, values: Mapping[str, str]) -> bool:
        off = (
            values.get("Hidden") == "true"
            or values.get("X-GNOME-Autostart-enabled") == "false"
            or values.get("Type", "Application") != "Application"
        )
        if off or values.get("Exec") != exec_line(self._command):
            return False
        return shutil.which(values.get("TryExec") or self._command[0]) is not None


def entry(command: Sequence[str], *, hidden: bool = False) -> dict[str, str]:
    """The values of our entry. ``hidden``: as if the system's entry were not there."""
    values = {
        "Type": "Application",
        "Version": "1.0",
        "Name": "AIGC Gateway",
        "Comment": "Your AI engines, at the tray",
        "Comment[zh_CN]": "您的 AI 引擎，就在托盘",
        "Icon": "aigc-gateway",
        "TryExec": command[0],
        "Exec": exec_line(command),
        "Terminal": "false",
        "StartupNotify": "false",
        "X-GNOME-Autostart-enabled": "false" if hidden else "true",
    }
    return values | {"Hidden": "true"} if hidden else values


def _absolute(text: str | None) -> Path | None:
    """The specification: a relative path in these variables is to be ignored."""
    return Path(text) if text and Path(text).is_absolute() else None
