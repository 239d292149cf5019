"""A launch agent of this person's: launchd starts it in the next graphical session."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from desktop_client.platform.files import remove_file, replace_file

LABEL = "org.aigc-gateway.tray"


class AgentAutostart:
    """``~/Library/LaunchAgents/LABEL.plist``.

    Whether a person forbade it in the system's settings (Login Items) cannot be asked: such an
    agent counts as on here.
    """

    def __init__(self, command: Sequence[str], home: Path | None = None) -> None:
        self._command = tuple(command)
        self.path = (home or Path.home()) / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def is_on(self) -> bool:
        try:
            value = plistlib.loads(self.path.read_bytes())
        except (OSError, plistlib.InvalidFileException, ExpatError, ValueError):
            return False  # launchd cannot read it either
        return isinstance(value, dict) and starts(value, self._command)

    def switch(self, on: bool) -> None:
        if on:
            replace_file(self.path, plistlib.dumps(agent(self._command)))
        else:
            remove_file(self.path)


def agent(command: Sequence[str]) -> dict[str, Any]:
    """The agent: once per graphical session, not revived when the person quits it."""
    return {
        "Label": LABEL,
        "ProgramArguments": list(command),
        "RunAtLoad": True,
        "KeepAlive": False,
        "LimitLoadToSessionType": "Aqua",
        "ProcessType": "Interactive",
    }


def starts(value: dict[str, Any], command: Sequence[str]) -> bool:
    """Whether an agent starts this command in the next session."""
    return (
        value.get("ProgramArguments") == list(command)
        and value.get("RunAtLoad") is True
        and value.get("Disabled") is not True
        and Path(command[0]).exists()
    )
