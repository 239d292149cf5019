"""``HKCU\\Software\\Classes\\aigc``: the scheme of this person's links."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from desktop_client.platform.autostart.windows import command_line
from desktop_client.platform.deep_links import SCHEME
from desktop_client.platform.registry import Change, Registry, Removal, Write, open_registry

KEY = rf"Software\Classes\{SCHEME}"
OPEN = rf"{KEY}\shell\open\command"


class RegistryLinks:
    """The keys of the scheme."""

    def __init__(self, command: Sequence[str], registry: Registry | None = None) -> None:
        self._command = tuple(command)
        self._registry = registry or open_registry()

    def is_registered(self) -> bool:
        return (
            self._registry.text(OPEN, "") == open_line(self._command)
            and self._registry.text(KEY, "URL Protocol") is not None
            and Path(self._command[0]).is_file()
        )

    def register(self) -> None:
        self._registry.change(registration(self._command))

    def unregister(self) -> None:
        if self._registry.text(OPEN, "") == open_line(self._command):
            self._registry.change((Removal(KEY, None),))


def open_line(command: Sequence[str]) -> str:
    """The command with the link, which Windows fills in, as its last argument, in quotes."""
    return f'{command_line(command)} "%1"'


def registration(command: Sequence[str]) -> tuple[Change, ...]:
    """What makes a scheme: its name, the mark that it is one, its picture, its command."""
    return (
        Write(KEY, "", "URL:AIGC Gateway"),
        Write(KEY, "URL Protocol", ""),
        Write(rf"{KEY}\DefaultIcon", "", f'"{command[0]}",0'),
        Write(OPEN, "", open_line(command)),
    )
