"""The registry's Run key of this person, and the Task Manager's word about it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from desktop_client.platform.registry import Change, Registry, Removal, Write, open_registry

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
# The Task Manager and the settings write here when a person switches an entry off.
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
NAME = "AIGC Gateway"


class RegistryAutostart:
    """A value of the Run key."""

    def __init__(self, command: Sequence[str], registry: Registry | None = None) -> None:
        self._command = tuple(command)
        self._registry = registry or open_registry()

    def is_on(self) -> bool:
        return (
            self._registry.text(RUN, NAME) == command_line(self._command)
            and is_approved(self._registry.data(APPROVED, NAME))
            and Path(self._command[0]).is_file()
        )

    def switch(self, on: bool) -> None:
        self._registry.change(changes(self._command, on))


def command_line(command: Sequence[str]) -> str:
    """One line that the system splits back into these arguments."""
    return subprocess.list2cmdline(command)


def is_approved(data: bytes | None) -> bool:
    """An odd first byte means that the person switched it off; no value, that nobody did."""
    return not data or data[0] % 2 == 0


def changes(command: Sequence[str], on: bool) -> tuple[Change, ...]:
    """What switching is, in the registry. Our switch takes the Task Manager's "off" back."""
    if on:
        return (Write(RUN, NAME, command_line(command)), Removal(APPROVED, NAME))
    return (Removal(RUN, NAME), Removal(APPROVED, NAME))
