"""A stand-in for logind's sleep, faithful at its D-Bus interface, on a bus taken for the system's.

``org.freedesktop.login1.Manager``: ``Inhibit`` gives the caller an open file, ``PrepareForSleep``
is sent before and after each sleep, and sleep waits until every holder of a ``delay`` lock closed
its file, or for InhibitDelayMaxSec. Nothing is put to sleep.
"""

from __future__ import annotations

import os
import select
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.threading import DBusConnection, ReceiveStopped, open_dbus_connection

SERVICE = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"


@dataclass
class Lock:
    """What was asked for, and our end of the holder's file."""

    what: str
    who: str
    why: str
    mode: str
    fd: int

    def is_held(self) -> bool:
        readable, _, _ = select.select([self.fd], [], [], 0)
        return not readable  # end of file: the holder closed it, or died


@dataclass
class Login1:
    """Use as ``with Login1(address) as logind``.

    Attributes:
        locks: all that were ever given.
        max_delay: InhibitDelayMaxSec, seconds.
    """

    address: str
    max_delay: float = 5.0
    locks: list[Lock] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._connection: DBusConnection = open_dbus_connection(self.address, enable_fds=True)
        self._owned = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="login1")
        self._thread.start()
        # Its answer is read by the thread, since calls may follow on its heels.
        self._connection.send(message_bus.RequestName(SERVICE))
        assert self._owned.wait(20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.interrupt()
        self._thread.join(20)
        self._connection.close()
        for lock in self.locks:
            os.close(lock.fd)

    def held(self) -> list[Lock]:
        return [lock for lock in self.locks if lock.is_held()]

    def until_held(self, count: int = 1, timeout: float = 40) -> list[Lock]:
        """The locks, once there are that many."""
        deadline = time.monotonic() + timeout
        while len(held := self.held()) != count:
            assert time.monotonic() < deadline, f"{len(held)} locks are held, not {count}"
            time.sleep(0.02)
        return held

    def fall_asleep(self) -> float:
        """PrepareForSleep(true); the seconds that the locks held it up."""
        begun = time.monotonic()
        self._prepare(True)
        while any(lock.mode == "delay" for lock in self.held()):
            if time.monotonic() - begun > self.max_delay:
                break
            time.sleep(0.01)
        return time.monotonic() - begun

    def wake_up(self) -> None:
        """PrepareForSleep(false)."""
        self._prepare(False)

    def _prepare(self, asleep: bool) -> None:
        address = DBusAddress(PATH, interface=MANAGER)
        self._connection.send(new_signal(address, "PrepareForSleep", "b", (asleep,)))

    def _serve(self) -> None:
        while True:
            try:
                message = self._connection.receive()
            except ReceiveStopped:
                return
            if message.header.message_type is MessageType.method_call:
                self._answer(message)
            elif message.header.message_type is MessageType.method_return:
                self._owned.set()

    def _answer(self, message: Any) -> None:
        fields = message.header.fields
        member = fields.get(HeaderFields.member)
        if (fields.get(HeaderFields.interface), member) != (MANAGER, "Inhibit"):
            name = "org.freedesktop.DBus.Error.UnknownMethod"
            self._connection.send(new_error(message, name, "s", (member,)))
            return
        what, who, why, mode = message.body
        if what not in ("sleep", "shutdown", "idle") or mode not in ("block", "delay"):
            name = "org.freedesktop.DBus.Error.InvalidArgs"
            self._connection.send(new_error(message, name, "s", ("Invalid what or mode",)))
            return
        ours, theirs = os.pipe()
        try:
            self._connection.send(new_method_return(message, "h", (theirs,)))
        finally:
            os.close(theirs)
        self.locks.append(Lock(what, who, why, mode, ours))
