"""The bridge against a real gRPC server that plays a studio: changes, requests, breaks, roles."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from desktop_client.admin.bridge import AdminBridge
from desktop_client.admin.model import Delta, Fleet, Role
from desktop_client.loop_thread import LoopThread
from desktop_client.model import Link, Problem
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until
from tests.standins.fleet import studio
from tests.standins.fleet_server import FleetServer

T = TypeVar("T")


class Desk:
    """A bridge, the server it follows, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = FleetServer(studio(4, 2, 12, trouble=False))
        self.thread = LoopThread()
        self.thread.start()
        self.said: list[tuple[Fleet, Delta]] = []
        self.bridge = AdminBridge(folder, "file", lambda url: None)
        self.bridge.fleet.connect(lambda fleet, delta: self.said.append((fleet, delta)))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.thread.submit(work).result(30)

    def tell(self, message: Any) -> None:
        self.thread.call(self.server.tell, message)

    @property
    def fleet(self) -> Fleet:
        return self.said[-1][0] if self.said else Fleet()

    def close(self) -> None:
        self.bridge.stop()
        self.do(self.server.stop())
        self.thread.stop()


@pytest.fixture
def desk(app: QApplication, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "config")
    made.do(made.server.__aenter__())
    try:
        yield made
    finally:
        made.close()


def online(desk: Desk) -> Callable[[], bool]:
    return lambda: desk.fleet.link is Link.ONLINE


def test_everything_comes_and_then_what_changes(app: QApplication, desk: Desk) -> None:
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, online(desk), 40)
    assert len(desk.fleet.nodes) == 4
    assert len(desk.fleet.instances) == 12
    assert (desk.fleet.role, desk.fleet.person) == (Role.ADMIN, "Chen Jie")
    assert desk.fleet.may_change
    unchanged = next(iter(desk.fleet.instances.values()))
    message = desk.server.studio.step(3, turnover=1.0)
    desk.tell(message)
    until(app, lambda: desk.fleet.instances.keys() == desk.server.studio.instances.keys(), 40)
    _, delta = desk.said[-1]
    assert not delta.whole
    assert {i.id for i in delta.instances} <= desk.server.studio.instances.keys()
    kept = desk.fleet.instances.get(unchanged.id)
    assert kept is None or kept is unchanged


def test_a_request_is_answered_in_this_thread_or_refused(app: QApplication, desk: Desk) -> None:
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, online(desk), 40)
    node = next(iter(desk.fleet.nodes))
    receiver, heard = QObject(), list[object]()

    def done(_: object) -> None:
        heard.append(threading.current_thread())

    desk.bridge.ask(receiver, lambda r: r.drain(node, True), done)
    until(app, lambda: heard and desk.fleet.nodes[node].draining, 40)
    assert heard == [threading.main_thread()]
    desk.server.refusal = ("node-busy", "That machine is busy.")
    refused: list[Problem] = []
    desk.bridge.refused.connect(refused.append)
    desk.bridge.ask(receiver, lambda r: r.drain(node, False), done)
    until(app, lambda: refused, 40)
    assert refused == [Problem("node-busy", "That machine is busy.")]
    assert len(heard) == 1


def test_who_is_gone_hears_nothing(app: QApplication, desk: Desk) -> None:
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, online(desk), 40)
    node = next(iter(desk.fleet.nodes))
    gone, other, heard = QObject(), QObject(), list[str]()
    desk.bridge.ask(gone, lambda r: r.drain(node, True), lambda _: heard.append("gone"))
    gone.deleteLater()
    until(app, lambda: len(desk.server.asked) == 1, 40)
    desk.bridge.ask(other, lambda r: r.drain(node, True), lambda _: heard.append("other"))
    until(app, lambda: heard, 40)
    assert heard == ["other"]


def test_log_lines_come_until_the_end(app: QApplication, desk: Desk) -> None:
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, online(desk), 40)
    lines: list[str] = []
    ended: list[tuple[str, object]] = []
    desk.bridge.lines.connect(lambda key, more: lines.extend(more))
    desk.bridge.lines_ended.connect(lambda key, problem: ended.append((key, problem)))
    desk.bridge.follow_logs("i-000001")
    until(app, lambda: ended, 40)
    assert lines == [f"line {n} of i-000001" for n in range(3)]
    assert ended == [("i-000001", None)]


def test_a_restart_of_the_coordinator_is_recovered(app: QApplication, desk: Desk) -> None:
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, online(desk), 40)
    before = desk.fleet.instances
    desk.do(desk.server.stop())
    until(app, lambda: desk.fleet.link is Link.OFFLINE, 40)
    assert desk.fleet.problem is not None
    assert desk.fleet.instances == before
    assert not desk.fleet.may_change
    desk.do(desk.server.__aenter__())
    desk.bridge.wake()
    until(app, online(desk), 60)
    assert desk.fleet.problem is None
    assert all(desk.fleet.instances[key] is row for key, row in before.items())


def test_a_creator_sees_nothing(app: QApplication, desk: Desk) -> None:
    desk.server.role = "creator"
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, lambda: desk.fleet.role is Role.CREATOR, 40)
    until(app, online(desk), 40)
    assert not desk.fleet.may_see
    assert not desk.fleet.nodes
    assert desk.server.watchers == 0
    desk.server.role = "auditor"
    desk.bridge.wake()  # somebody gave the role; they ask again
    until(app, lambda: desk.fleet.nodes, 40)
    assert desk.fleet.may_see
    assert not desk.fleet.may_change


def test_nobody_signed_in_then_signed_in_by_the_tray(app: QApplication, desk: Desk) -> None:
    desk.server.settle_in(desk.folder, signed_in=False)
    desk.bridge.start()
    until(app, lambda: desk.fleet.link is Link.SIGNED_OUT, 40)
    assert desk.fleet.problem is None
    desk.server.settle_in(desk.folder)
    desk.bridge.wake()
    until(app, online(desk), 40)
    desk.bridge.sign_out()
    until(app, lambda: desk.fleet.link is Link.SIGNED_OUT, 40)
    assert not desk.fleet.nodes
    assert not (desk.folder / "tokens.json").exists()


def test_no_coordinator_is_asked_for(app: QApplication, desk: Desk) -> None:
    desk.bridge.start()
    until(app, lambda: desk.fleet.link is Link.UNCONFIGURED, 40)
    desk.bridge.find("127.0.0.1:1")
    until(app, lambda: desk.fleet.problem is not None, 40)
    assert not desk.fleet.busy


def test_while_the_window_is_busy_changes_gather(app: QApplication, desk: Desk) -> None:
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, online(desk), 40)
    count = len(desk.said)

    async def rain() -> None:
        for _ in range(20):
            desk.server.tell(desk.server.studio.step(2))
            await asyncio.sleep(0.01)

    desk.do(rain())  # the GUI thread hears nothing in between
    until(app, lambda: len(desk.said) > count, 40)
    until(app, lambda: desk.fleet.instances.keys() == desk.server.studio.instances.keys(), 40)
    assert len(desk.said) - count < 20


def test_after_waking_the_stream_is_a_new_one_and_nothing_flickers(
    app: QApplication, desk: Desk
) -> None:
    desk.server.settle_in(desk.folder)
    desk.bridge.start()
    until(app, online(desk), 40)
    before = len(desk.said)
    for _ in range(20):
        desk.bridge.revive()
    until(app, lambda: desk.server.opened == 2 and desk.server.watchers == 1, 40)
    desk.tell(desk.server.studio.step(3, turnover=1.0))
    until(app, lambda: desk.fleet.instances.keys() == desk.server.studio.instances.keys(), 40)
    assert desk.server.opened == 2
    assert all(fleet.link is Link.ONLINE for fleet, _ in desk.said[before:])
