"""Notifications with actions, replaced rather than piled up: one implementation per system.

Qt's own messages have no actions. Where the desktop shows none ``show`` says so, and the caller
shows the message by other means.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

DEFAULT = "default"  # a click on the notification itself


@dataclass(frozen=True, slots=True)
class Note:
    """A notification. ``actions`` are (id, label); a note with the same key is replaced."""

    key: str
    title: str
    text: str
    actions: tuple[tuple[str, str], ...] = ()
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """What shows the notes, for the diagnostics; ``why_not`` says why nothing does."""

    name: str = ""
    version: str = ""
    capabilities: tuple[str, ...] = ()
    why_not: str = ""


class Backend(Protocol):
    """One system's notifications, in the asyncio loop in which it was made."""

    async def show(self, note: Note) -> bool:
        """Whether the desktop shows it; never raises."""
        ...

    async def withdraw(self, key: str) -> None:
        """Take a note away that is no longer true."""
        ...

    async def describe(self) -> Service:
        """What shows the notes here."""
        ...

    async def close(self) -> None:
        """Let go of the service; what is shown stays."""
        ...


class Notifications:
    """This desktop's, opened at the first note.

    Args:
        chosen: called with (key, action id) when a person answers; ``default`` for a click.
    """

    def __init__(self, application: str, chosen: Callable[[str, str], None]) -> None:
        self._application = application
        self._chosen = chosen
        self._backend: Backend | None = None

    async def show(self, note: Note) -> bool:
        """Whether the desktop shows it."""
        return await self._opened().show(note)

    async def withdraw(self, key: str) -> None:
        """Take a note away that is no longer true."""
        if self._backend is not None:
            await self._backend.withdraw(key)

    async def describe(self) -> Service:
        """What shows the notes here, for the diagnostics."""
        return await self._opened().describe()

    async def close(self) -> None:
        if self._backend is not None:
            await self._backend.close()

    def _opened(self) -> Backend:
        if self._backend is None:
            self._backend = open_backend(self._application, self._chosen)
        return self._backend


def open_backend(application: str, chosen: Callable[[str, str], None]) -> Backend:
    """This system's: D-Bus on Linux and its kin, else what ``desktop-notifier`` knows."""
    if sys.platform in ("win32", "darwin"):
        from desktop_client.platform.notifications.library import LibraryNotifications

        return LibraryNotifications(application, chosen)
    from desktop_client.platform.notifications.dbus import BusNotifications

    return BusNotifications(application, chosen)
