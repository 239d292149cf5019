"""Windows' and macOS's notifications through ``desktop-notifier``, in our asyncio loop.

macOS lets only signed apps notify, and only when the person agreed: elsewhere ``show`` is False.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from hashlib import sha256

from desktop_notifier import Button, Capability, DesktopNotifier, Notification, Urgency

from desktop_client.platform.notifications import DEFAULT, Note, Service

log = logging.getLogger(__name__)

_LONGEST_TAG = 64  # characters; Windows refuses a longer one
_CALL_SECONDS = 10.0
_ASK_SECONDS = 120.0  # the first time macOS asks the person


class LibraryNotifications:
    """See the module.

    Args:
        chosen: called with (key, action id) when a person answers; ``default`` for a click.
    """

    def __init__(self, application: str, chosen: Callable[[str, str], None]) -> None:
        self._application = application
        self._chosen = chosen
        self._notifier: DesktopNotifier | None = None
        self._shown: set[str] = set()

    async def show(self, note: Note) -> bool:
        dispatched = asyncio.Event()
        buttons = tuple(
            Button(title=label, identifier=action_id, on_pressed=self._choice(note.key, action_id))
            for action_id, label in note.actions
        )
        notification = Notification(
            title=note.title,
            message=note.text,
            urgency=Urgency.Critical if note.urgent else Urgency.Normal,
            buttons=buttons,
            on_clicked=self._choice(note.key, DEFAULT),
            on_dispatched=dispatched.set,
            identifier=tag(note.key),  # the system replaces what has the same
        )
        try:
            notifier = await self._allowed()
            if notifier is None:
                return False
            async with asyncio.timeout(_CALL_SECONDS):
                await notifier.send_notification(notification)
        except Exception as error:  # noqa: BLE001 - the library and the system fail in any way
            log.info("no notification: %s", type(error).__name__)
            return False
        if dispatched.is_set():  # it logs a failure and does not raise it
            self._shown.add(note.key)
        return dispatched.is_set()

    async def withdraw(self, key: str) -> None:
        if self._notifier is None or key not in self._shown:
            return
        self._shown.discard(key)
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                await self._notifier.clear(tag(key))
        except Exception as error:  # noqa: BLE001 - it may be gone already, which is as good
            log.info("a notification was not withdrawn: %s", type(error).__name__)

    async def describe(self) -> Service:
        try:
            notifier = self._opened()
            async with asyncio.timeout(_CALL_SECONDS):
                able = await notifier.get_capabilities()
                allowed = await notifier.has_authorisation()
        except Exception as error:  # noqa: BLE001 - this is for a person to read
            return Service(why_not=f"{type(error).__name__}: {error}")
        names = tuple(sorted(c.name.lower() for c in able))
        if not names:
            return Service(why_not="this system lets only installed, signed apps notify")
        return Service(
            "desktop-notifier", "", names, "" if allowed else "not allowed by the person"
        )

    async def close(self) -> None:
        self._shown.clear()
        self._notifier = None

    async def _allowed(self) -> DesktopNotifier | None:
        """The library, if the system shows what it sends."""
        notifier = self._opened()
        async with asyncio.timeout(_ASK_SECONDS):
            able = await notifier.get_capabilities()
            if Capability.TITLE not in able:
                return None  # the stand-in that it uses outside of an app bundle shows nothing
            return notifier if await notifier.request_authorisation() else None

    def _opened(self) -> DesktopNotifier:
        if self._notifier is None:
            self._notifier = DesktopNotifier(app_name=self._application, app_icon=None)
        return self._notifier

    def _choice(self, key: str, action_id: str) -> Callable[[], None]:
        def choose() -> None:
            self._shown.discard(key)
            self._chosen(key, action_id)

        return choose


def tag(key: str) -> str:
    """The key as the system keeps it: itself, or its digest where it is too long."""
    return key if len(key) <= _LONGEST_TAG else sha256(key.encode()).hexdigest()
