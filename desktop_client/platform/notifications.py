"""Notifications with actions, replaced rather than piled up: org.freedesktop.Notifications.

Qt's own messages have no actions. Asyncio over D-Bus (jeepney); where there is no such service
``show`` says so, and the caller shows the message by other means.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

_SERVICE = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_CALL_SECONDS = 5.0
_DEFAULT = "default"  # a click on the notification itself


@dataclass(frozen=True, slots=True)
class Note:
    """A notification. ``actions`` are (id, label); a note with the same key is replaced."""

    key: str
    title: str
    text: str
    actions: tuple[tuple[str, str], ...] = ()
    urgent: bool = False


class Notifications:
    """One connection to the service, made at the first note and again when it broke.

    Args:
        chosen: called with (key, action id) when a person answers; ``default`` for a click.
    """

    def __init__(self, application: str, chosen: Callable[[str, str], None]) -> None:
        self._application = application
        self._chosen = chosen
        self._ids: dict[str, int] = {}
        self._router: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._showing = asyncio.Lock()

    async def show(self, note: Note) -> bool:
        """Whether the desktop shows it."""
        if not sys.platform.startswith("linux") or not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            return False
        async with self._showing:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    if self._router is None:
                        await self._connect()
                    self._ids[note.key] = await self._notify(note)
            except Exception as error:  # noqa: BLE001 - jeepney and the service may fail in any way
                log.info("no notification service: %s", type(error).__name__)
                await self.close()
                return False
        return True

    async def withdraw(self, key: str) -> None:
        """Take a note away that is no longer true."""
        note_id = self._ids.pop(key, 0)
        if note_id and self._router is not None:
            with contextlib.suppress(Exception):  # it may be gone already, which is as good
                async with asyncio.timeout(_CALL_SECONDS):
                    await self._call("CloseNotification", "u", (note_id,))

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        router, self._router = self._router, None
        self._ids.clear()
        if reader is not None:
            reader.cancel()
            await asyncio.wait({reader})
        if router is not None:
            with contextlib.suppress(Exception):  # the bus may be gone, then so is the connection
                await router.__aexit__(None, None, None)
                await router._conn.close()

    async def _connect(self) -> None:
        from jeepney import MatchRule
        from jeepney.bus_messages import message_bus
        from jeepney.io.asyncio import DBusRouter, Proxy, open_dbus_connection

        connection = await open_dbus_connection(bus="SESSION")
        router = DBusRouter(connection)
        await router.__aenter__()
        self._router = router
        rule = MatchRule(type="signal", interface=_SERVICE, path=_PATH)
        await Proxy(message_bus, router).AddMatch(rule)
        ready = asyncio.Event()
        self._reader = asyncio.create_task(self._read(router, rule, ready))
        await ready.wait()

    async def _read(self, router: Any, rule: Any, ready: asyncio.Event) -> None:
        with router.filter(rule, bufsize=64) as queue:
            ready.set()
            while True:
                message = await queue.get()
                member = message.header.fields.get(3)  # MEMBER
                note_id = message.body[0] if message.body else 0
                key = next((k for k, v in self._ids.items() if v == note_id), None)
                if key is None:
                    continue
                if member == "ActionInvoked":
                    self._chosen(key, str(message.body[1]))
                elif member == "NotificationClosed":
                    self._ids.pop(key, None)

    async def _notify(self, note: Note) -> int:
        actions = [_DEFAULT, note.title]
        for action_id, label in note.actions:
            actions += [action_id, label]
        hints = {
            "urgency": ("y", 2 if note.urgent else 1),
            "desktop-entry": ("s", "aigc-gateway"),
            "category": ("s", "presence"),
        }
        body = (
            self._application,
            self._ids.get(note.key, 0),
            "",
            note.title,
            _plain(note.text),
            actions,
            hints,
            -1,
        )
        reply = await self._call("Notify", "susssasa{sv}i", body)
        return int(reply[0])

    async def _call(self, method: str, signature: str, body: tuple[Any, ...]) -> tuple[Any, ...]:
        from jeepney import DBusAddress, MessageType, new_method_call

        address = DBusAddress(_PATH, bus_name=_SERVICE, interface=_SERVICE)
        reply = await self._router.send_and_get_reply(
            new_method_call(address, method, signature, body)
        )
        if reply.header.message_type is MessageType.error:
            raise ConnectionError(f"{method} was refused")
        result: tuple[Any, ...] = reply.body
        return result


def _plain(text: str) -> str:
    """Bodies are markup; ours is text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
