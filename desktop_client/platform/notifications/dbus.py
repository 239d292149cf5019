"""``org.freedesktop.Notifications`` over D-Bus, in asyncio (jeepney).

The service may come late, go and come back as another program: a note that fails is tried once
more on a new connection, and ids are forgotten when the name changes hands.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from typing import Any

from desktop_client.platform.notifications import DEFAULT, Note, Service

log = logging.getLogger(__name__)

_SERVICE = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_CALL_SECONDS = 5.0
_MEMBER = 3  # the number of that header field on the wire


class BusNotifications:
    """One connection to the session's bus, made at the first note and again when it broke.

    Args:
        chosen: called with (key, action id) when a person answers; ``default`` for a click.
    """

    def __init__(self, application: str, chosen: Callable[[str, str], None]) -> None:
        self._application = application
        self._chosen = chosen
        self._ids: dict[str, int] = {}
        self._capabilities: tuple[str, ...] | None = None
        self._router: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def show(self, note: Note) -> bool:
        async with self._turn:
            for attempt in ("first", "second"):
                fresh = self._router is None
                try:
                    async with asyncio.timeout(_CALL_SECONDS):
                        await self._connect()
                        self._ids[note.key] = await self._notify(note)
                    return True
                except Exception as error:  # noqa: BLE001 - jeepney and the service fail in any way
                    log.info("no notification (%s attempt): %s", attempt, type(error).__name__)
                    await self._disconnect()
                    if fresh:
                        break  # not the connection's age
            return False

    async def withdraw(self, key: str) -> None:
        async with self._turn:
            note_id = self._ids.pop(key, 0)
            if note_id and self._router is not None:
                with contextlib.suppress(Exception):  # it may be gone already, which is as good
                    async with asyncio.timeout(_CALL_SECONDS):
                        await self._call("CloseNotification", "u", (note_id,))

    async def describe(self) -> Service:
        async with self._turn:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    await self._connect()
                    name, vendor, version, _ = await self._call("GetServerInformation")
                    able = await self._able()
            except Exception as error:  # noqa: BLE001 - as above; this is for a person to read
                await self._disconnect()
                return Service(why_not=f"no answer on the session bus ({type(error).__name__})")
        return Service(f"{name} ({vendor})", version, able)

    async def close(self) -> None:
        async with self._turn:
            await self._disconnect()

    # -- the connection -------------------------------------------------------------------------

    async def _connect(self) -> None:
        if self._router is not None:
            return
        if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            raise ConnectionError("there is no session bus")
        from jeepney import MatchRule
        from jeepney.bus_messages import message_bus
        from jeepney.io.asyncio import DBusRouter, Proxy, open_dbus_connection

        connection = await open_dbus_connection(bus="SESSION")
        router = DBusRouter(connection)
        await router.__aenter__()
        self._router = router
        spoken = MatchRule(type="signal", interface=_SERVICE, path=_PATH)
        owner = MatchRule(
            type="signal", sender="org.freedesktop.DBus", member="NameOwnerChanged",
            path="/org/freedesktop/DBus",
        )  # fmt: skip
        owner.add_arg_condition(0, _SERVICE)
        for rule in (spoken, owner):
            await Proxy(message_bus, router).AddMatch(rule)
        ready = asyncio.Event()
        self._reader = asyncio.create_task(self._read(router, (spoken, owner), ready))
        await ready.wait()

    async def _disconnect(self) -> None:
        reader, self._reader = self._reader, None
        router, self._router = self._router, None
        self._forget()
        if reader is not None:
            reader.cancel()
            await asyncio.wait({reader})
        if router is not None:
            with contextlib.suppress(Exception):  # the bus may be gone, then so is the connection
                await router.__aexit__(None, None, None)
                await router._conn.close()

    def _forget(self) -> None:
        """Ids and abilities are those of one service."""
        self._ids.clear()
        self._capabilities = None

    async def _read(self, router: Any, rules: tuple[Any, Any], ready: asyncio.Event) -> None:
        queue: asyncio.Queue[Any] = asyncio.Queue(64)
        with router.filter(rules[0], queue=queue), router.filter(rules[1], queue=queue):
            ready.set()
            while True:
                message = await queue.get()
                self._take(message.header.fields.get(_MEMBER), message.body)

    def _take(self, member: str | None, body: tuple[Any, ...]) -> None:
        if member == "NameOwnerChanged":
            self._forget()
            return
        key = next((k for k, v in self._ids.items() if body and v == body[0]), None)
        if key is None:
            return
        if member == "ActionInvoked":
            self._chosen(key, str(body[1]))
        elif member == "NotificationClosed":
            self._ids.pop(key, None)

    # -- the service ----------------------------------------------------------------------------

    async def _able(self) -> tuple[str, ...]:
        """What the service can do, asked once."""
        if self._capabilities is None:
            (found,) = await self._call("GetCapabilities")
            self._capabilities = tuple(found)
        return self._capabilities

    async def _notify(self, note: Note) -> int:
        able = await self._able()
        actions = []
        if "actions" in able:  # without, some services show them as a dialog or refuse the note
            actions = [DEFAULT, note.title]
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
            _plain(note.text) if "body-markup" in able else note.text,
            actions,
            hints,
            -1,
        )
        reply = await self._call("Notify", "susssasa{sv}i", body)
        return int(reply[0])

    async def _call(
        self, method: str, signature: str | None = None, body: tuple[Any, ...] = ()
    ) -> tuple[Any, ...]:
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
    """Bodies are markup where the service says so; ours is text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
