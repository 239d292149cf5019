"""A desktop's tray host and notification service, over real D-Bus.

Owns ``org.kde.StatusNotifierWatcher`` and ``org.freedesktop.Notifications`` on a session bus;
reads an item's menu, clicks it through dbusmenu, receives notifications and answers them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, open_dbus_connection

WATCHER = "org.kde.StatusNotifierWatcher"
NOTIFICATIONS = "org.freedesktop.Notifications"
_ITEM = "org.kde.StatusNotifierItem"
_MENU = "com.canonical.dbusmenu"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_SECONDS = 10.0
_NOTES_XML = f"""<node><interface name="{NOTIFICATIONS}">
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="as" direction="in"/><arg type="a{{sv}}" direction="in"/><arg type="i" direction="in"/>
<arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
<arg type="s" direction="out"/><arg type="s" direction="out"/></method>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface></node>"""


@dataclass(frozen=True)
class Line:
    """One line of a menu, with its lines below."""

    id: int
    label: str
    enabled: bool
    lines: tuple[Line, ...] = ()

    def walk(self) -> list[Line]:
        return [self, *(x for line in self.lines for x in line.walk())]


@dataclass
class Shown:
    """A notification as it was last shown; ``times`` counts how often it was replaced."""

    id: int
    title: str
    text: str
    actions: dict[str, str]
    times: int = 1


@dataclass
class TrayHost:
    """Use as ``async with TrayHost(address) as host``.

    Attributes:
        capabilities: what the notification service says that it can do.
        items: (bus name, object path) of registered icons.
        shown: notifications by id.
    """

    address: str
    with_tray: bool = True
    with_notifications: bool = True
    capabilities: tuple[str, ...] = ("actions", "body")
    items: list[tuple[str, str]] = field(default_factory=list)
    shown: dict[int, Shown] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._connection: DBusConnection = await open_dbus_connection(self.address)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Event()
        self._note_ids = itertools.count(1)
        self._reader = asyncio.create_task(self._read())
        rule = MatchRule(type="signal", sender="org.freedesktop.DBus", member="NameOwnerChanged")
        await self._send(message_bus.AddMatch(rule))
        wanted = ((NOTIFICATIONS, self.with_notifications), (WATCHER, self.with_tray))
        names = [name for name, there in wanted if there]
        for name in names:
            await self._send(message_bus.RequestName(name))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.cancel()
        await asyncio.wait({self._reader})
        await self._connection.close()

    async def start_tray(self) -> None:
        """The tray host appears now."""
        await self._send(message_bus.RequestName(WATCHER))

    # -- what a person sees and does ------------------------------------------------------------

    async def until(self, look: Callable[[], Any], timeout: float = 30, what: str = "") -> Any:
        """Wait for something the host sees on the bus."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := look()):
                    self._changed.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 0.5)
                return found
        except TimeoutError:
            raise AssertionError(f"not seen within {timeout} s: {what or look}") from None

    async def menu(self) -> Line:
        """The first icon's whole menu, as it is now."""
        await self.until(lambda: self.items, what="an icon")
        name, _ = self.items[0]
        menu_path = await self.property("Menu")
        where = DBusAddress(str(menu_path), bus_name=name, interface=_MENU)
        await self._send(new_method_call(where, "AboutToShow", "i", (0,)))
        names = ["label", "enabled", "visible", "type", "children-display"]
        reply = await self._send(new_method_call(where, "GetLayout", "iias", (0, -1, names)))
        return _line(reply[1])

    async def menu_line(self, text: str, within: str = "", timeout: float = 30) -> Line:
        """The enabled line whose label holds a text (below a line that holds ``within``)."""
        seen: list[str] = []
        deadline = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < deadline:
            root = await self.menu()
            parents = [x for x in root.walk() if within in x.label and (x.lines or not within)]
            lines = [x for parent in parents for x in parent.walk()]
            for line in lines:
                if text in line.label and line.enabled and not (within and line.lines):
                    return line
            seen = [x.label for x in root.walk()]
            await asyncio.sleep(0.1)
        raise AssertionError(f"no line {text!r} in {within!r} within {timeout} s; seen {seen}")

    async def until_line(self, text: str, timeout: float = 30) -> None:
        """Wait until some line of the menu, enabled or not, holds a text."""
        async with asyncio.timeout(timeout):
            while not any(  # noqa: ASYNC110 - a menu is asked for, it does not announce itself
                text in line.label for line in (await self.menu()).walk()
            ):
                await asyncio.sleep(0.05)

    async def until_no_line(self, text: str, timeout: float = 30) -> None:
        """Wait until no line of the menu holds a text any more."""
        async with asyncio.timeout(timeout):
            while any(  # noqa: ASYNC110 - as above
                text in line.label for line in (await self.menu()).walk()
            ):
                await asyncio.sleep(0.05)

    async def click(self, text: str, within: str = "", timeout: float = 30) -> None:
        """Choose a line of the menu."""
        line = await self.menu_line(text, within, timeout)
        name, _ = self.items[0]
        where = DBusAddress(str(await self.property("Menu")), bus_name=name, interface=_MENU)
        await self._send(
            new_method_call(where, "Event", "isvu", (line.id, "clicked", ("s", ""), 0))
        )

    async def activate(self) -> None:
        """A left click on the icon."""
        name, path = self.items[0]
        where = DBusAddress(path, bus_name=name, interface=_ITEM)
        await self._send(new_method_call(where, "Activate", "ii", (10, 10)))

    async def property(self, name: str) -> Any:
        """A property of the first icon: Status, ToolTip, Menu."""
        bus_name, path = self.items[0]
        where = DBusAddress(path, bus_name=bus_name, interface=_PROPERTIES)
        reply = await self._send(new_method_call(where, "Get", "ss", (_ITEM, name)))
        return reply[0][1]

    def notes(self, text: str) -> list[Shown]:
        return [n for n in self.shown.values() if text in n.title]

    async def choose(self, note: Shown, action: str) -> None:
        """Press a button of a notification."""
        where = DBusAddress("/org/freedesktop/Notifications", interface=NOTIFICATIONS)
        await self._connection.send(new_signal(where, "ActionInvoked", "us", (note.id, action)))

    async def dismiss(self, note: Shown) -> None:
        """Close a notification by its cross; who sent it is told."""
        await self._closed(note.id, 2)

    async def _closed(self, note_id: int, reason: int) -> None:
        if self.shown.pop(note_id, None) is not None:
            where = DBusAddress("/org/freedesktop/Notifications", interface=NOTIFICATIONS)
            said = new_signal(where, "NotificationClosed", "uu", (note_id, reason))
            await self._connection.send(said)

    # -- the protocol ---------------------------------------------------------------------------

    async def _send(self, message: Any) -> tuple[Any, ...]:
        serial = next(self._connection.outgoing_serial)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[serial] = future
        await self._connection.send(message, serial=serial)
        async with asyncio.timeout(_SECONDS):
            reply = await future
        if reply.header.message_type is MessageType.error:
            raise AssertionError(f"{message.header.fields}: {reply.body}")
        body: tuple[Any, ...] = reply.body
        return body

    async def _read(self) -> None:
        while True:
            message = await self._connection.receive()
            fields = message.header.fields
            serial = fields.get(HeaderFields.reply_serial)
            if serial in self._waiting:
                self._waiting.pop(serial).set_result(message)
            elif message.header.message_type is MessageType.method_call:
                await self._connection.send(self._answer(message))
                if fields.get(HeaderFields.member) == "CloseNotification":
                    await self._closed(message.body[0], 3)
                self._changed.set()
            elif fields.get(HeaderFields.member) == "NameOwnerChanged":
                name, _, new = message.body
                if not new:
                    self.items = [i for i in self.items if i[0] != name]
                    self._changed.set()

    def _answer(self, message: Any) -> Any:
        fields = message.header.fields
        member = fields[HeaderFields.member]
        match fields.get(HeaderFields.interface), member:
            case _, "RegisterStatusNotifierItem":
                told = message.body[0]
                sender = fields[HeaderFields.sender]
                item = (sender, told) if told.startswith("/") else (told, "/StatusNotifierItem")
                if item not in self.items:
                    self.items.append(item)
                return new_method_return(message)
            case _, "RegisterStatusNotifierHost":
                return new_method_return(message)
            case _, "Get" if message.body[0] == WATCHER:
                return new_method_return(message, "v", (self._watcher()[message.body[1]],))
            case _, "GetAll" if message.body[0] == WATCHER:
                return new_method_return(message, "a{sv}", (self._watcher(),))
            case _, "Notify":
                return new_method_return(message, "u", (self._notify(message.body),))
            case _, "CloseNotification":
                return new_method_return(message)
            case _, "GetCapabilities":
                return new_method_return(message, "as", (list(self.capabilities),))
            case _, "GetServerInformation":
                return new_method_return(message, "ssss", ("test", "test", "1", "1.2"))
            case _, "Introspect":
                notes = fields.get(HeaderFields.path) == "/org/freedesktop/Notifications"
                return new_method_return(message, "s", (_NOTES_XML if notes else "<node/>",))
            case _, "Ping":
                return new_method_return(message)
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (member,))

    def _watcher(self) -> dict[str, tuple[str, Any]]:
        return {
            "IsStatusNotifierHostRegistered": ("b", True),
            "ProtocolVersion": ("i", 0),
            "RegisteredStatusNotifierItems": ("as", [f"{n}{p}" for n, p in self.items]),
        }

    def _notify(self, body: tuple[Any, ...]) -> int:
        _, replaces, _, title, text, flat, _, _ = body
        actions = dict(zip(flat[::2], flat[1::2], strict=True))
        old = self.shown.get(replaces)
        note_id = old.id if old else next(self._note_ids)
        self.shown[note_id] = Shown(note_id, title, text, actions, old.times + 1 if old else 1)
        return note_id


def _line(layout: Any) -> Line:
    line_id, properties, children = layout
    label = properties.get("label", ("s", ""))[1].replace("__", "_")
    enabled = properties.get("enabled", ("b", True))[1]
    visible = properties.get("visible", ("b", True))[1]
    separator = properties.get("type", ("s", ""))[1] == "separator"
    lines = tuple(_line(child[1]) for child in children)
    return Line(line_id, "" if separator else label, enabled and visible, lines)
