"""The machines page in its window, without a screen and without a coordinator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget

from aigc.errors import AigcError, ErrorKind
from desktop_client import theme
from desktop_client.admin.charts.scales import Span
from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.machines.actions import Act
from desktop_client.admin.machines.add_machine import AddMachine
from desktop_client.admin.machines.card_row import CardRow
from desktop_client.admin.machines.dialogs import AskLabels, AskPool, AskText, DeclareOff
from desktop_client.admin.machines.page import GPUS_VIEW, MachinesPage
from desktop_client.admin.machines.readings import Quantity
from desktop_client.admin.model import EVERYTHING, Delta, Fleet, Node, Role, Unclaimed
from desktop_client.admin.records import JoinCommand, Reading, Series
from desktop_client.admin.settings import AdminSettings
from desktop_client.admin.window import AdminWindow
from desktop_client.model import Instance, Link
from tests.desktop_client.admin.machines.fleets import NOW, fleet, gpu, instance, node
from tests.desktop_client.qt import app, until
from tests.standins.still_bridge import StillBridge

__all__ = ["app"]

COMMAND = JoinCommand("aigc agent join 'aigc://join/x?token=y'", NOW + timedelta(minutes=57))


def series(machine: Node, minutes: int = 60) -> tuple[Series, ...]:
    step = timedelta(seconds=10)
    points = tuple(Reading(NOW - step * i, float(i % 90)) for i in range(minutes * 6, 0, -1))
    return tuple(Series(g.uuid, g.name, points, 10) for g in machine.gpus)


def named(widget: QWidget, name: str) -> QPushButton:
    """A button by its name in the code."""
    found = widget.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


class Bench:
    """A window on the machines page, and what it asked."""

    def __init__(self, app: QApplication, value: Fleet, language: str = "en") -> None:
        self.app = app
        theme.apply(app, theme.LIGHT)
        self.bridge = StillBridge({"join_command": COMMAND})
        self.fleet = value
        self.window = AdminWindow(
            self.bridge, AdminSettings(page="machines"), theme.LIGHT, language, UTC,
            now=lambda: NOW,
        )  # fmt: skip
        self.window.resize(1400, 900)
        self.window.show()
        self.window.show_fleet(value, EVERYTHING)
        found = self.window.findChild(MachinesPage)
        assert isinstance(found, MachinesPage)
        self.page = found
        app.processEvents()

    def close(self) -> None:
        self.window.close()
        self.bridge.stop()

    def hear(self, *nodes: Node, instances: tuple[Instance, ...] = (), gone: str = "") -> None:
        """A message of the stream."""
        known = {**self.fleet.nodes, **{n.id: n for n in nodes}}
        known.pop(gone, None)
        runs = {**self.fleet.instances, **{i.id: i for i in instances}}
        self.fleet = replace(self.fleet, nodes=known, instances=runs)
        delta = Delta(nodes=nodes, instances=instances, removed_nodes=(gone,) if gone else ())
        self.bridge.fleet.emit(self.fleet, delta)
        self.app.processEvents()

    def select(self, *names: str) -> None:
        self.page.machines.select([f"n-{name}" for name in names])
        self.app.processEvents()

    def asked(self, name: str) -> list[tuple[object, ...]]:
        return [arguments for method, arguments, _ in self.bridge.asked if method == name]

    def with_names(self, name: str) -> list[dict[str, object]]:
        return [named for method, _, named in self.bridge.asked if method == name]

    def dialog(self, kind: type) -> object:
        found = [w for w in self.app.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
        assert len(found) == 1, found
        return found[0]

    def said(self) -> str:
        """Everything that the window shows as text."""
        return "\n".join(w.text() for w in self.window.findChildren(QLabel) if w.isVisible())


@pytest.fixture
def bench(app: QApplication) -> Iterator[Bench]:
    home, other = node(), node("render-05")
    runs = (instance("ComfyUI", home), instance("waiting", None))
    made = Bench(app, fleet(home, other, instances=runs))
    yield made
    made.close()


def test_the_table_follows_the_stream(bench: Bench) -> None:
    model = bench.page.machines.model
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    assert model.rowCount() == 2
    bench.hear(node("render-06", online=False))
    assert model.rowCount() == 3
    bench.hear(replace(bench.fleet.nodes["n-render-04"], draining=True))
    row = model.find("n-render-04")
    assert row is not None
    assert row.node.draining
    assert row.cards_held == 1
    bench.hear(gone="n-render-06")
    assert model.rowCount() == 2
    # The engine ended: only the instance is told.
    over = replace(bench.fleet.instances["i-ComfyUI"], node_id="", cards=())
    bench.hear(replace(bench.fleet.nodes["n-render-04"], instance_ids=()), instances=(over,))
    row = model.find("n-render-04")
    assert row is not None
    assert row.cards_held == 0
    assert not resets
    del tester


def test_cards_are_filled_when_they_are_looked_at(bench: Bench) -> None:
    model = bench.page.gpus.model
    assert model.rowCount() == 0
    bench.page.views.choose(GPUS_VIEW)
    assert model.rowCount() == 4
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    bench.hear(replace(bench.fleet.nodes["n-render-05"], gpus=(gpu("new"),)))
    assert model.rowCount() == 3
    bench.hear(gone="n-render-05")
    assert model.rowCount() == 2
    bench.page.gpus.table.opened.emit("n-render-04/GPU-render-04-0")
    assert bench.page.machines.selected_ids() == ["n-render-04"]
    del tester


def test_one_machine_in_full_and_its_past_is_asked_for(bench: Bench) -> None:
    bench.bridge.answers["node_readings"] = series(bench.fleet.nodes["n-render-04"])
    bench.select("render-04")
    said = bench.said()
    for words in ("render-04", "Online · takes engines", "ComfyUI of Lin Xia", "NVIDIA driver"):
        assert words in said, words
    assert len(bench.asked("node_readings")) == 1
    charts = bench.page.detail.graphs.charts
    assert charts[Quantity.USE].isVisible()
    assert "RTX 4090 · 1: 0 % to 89 %, now 61 %" in charts[Quantity.USE].description()
    assert len([r for r in bench.page.detail.findChildren(CardRow) if r.isVisible()]) == 2
    bench.page.detail.graphs.switch.choose(Span.WEEK)
    start = bench.asked("node_readings")[-1][1]
    assert start == NOW - Span.WEEK.length
    bench.select("render-05")
    assert len(bench.asked("node_readings")) == 3


def test_the_live_stream_goes_on_where_the_past_ends(bench: Bench) -> None:
    bench.select("render-04")
    graphs = bench.page.detail.graphs
    assert [len(points) for points in graphs.live.points.values()] == [1, 1]
    graphs._look()
    assert [len(points) for points in graphs.live.points.values()] == [1, 1]  # the same moment
    bench.fleet = replace(bench.fleet, server_time=NOW + timedelta(seconds=5))
    bench.hear()
    graphs._look()
    assert [len(points) for points in graphs.live.points.values()] == [2, 2]
    bench.window.hide()
    assert not graphs._tick.isActive()
    bench.window.show()
    assert graphs._tick.isActive()


def test_a_refused_past_is_said_and_the_present_stays(bench: Bench) -> None:
    bench.bridge.answers["node_readings"] = AigcError("x", "the file is broken", ErrorKind.CONFLICT)
    bench.select("render-04")
    assert "The past could not be read: The file is broken" in bench.said()
    assert bench.page.detail.graphs.charts[Quantity.USE].isVisible()


def test_drain_names_its_victims_then_asks_and_tells(bench: Bench) -> None:
    bench.bridge.answers["drain"] = None
    bench.select("render-04")
    bench.page.detail._action.click()
    dialog = bench.dialog(Confirmation)
    assert isinstance(dialog, Confirmation)
    title = "Drain render-04: 1 creator keeps working, 1 queued goes elsewhere"
    assert dialog.windowTitle() == title
    assert bench.asked("drain") == []
    named(dialog, "yes").click()
    assert bench.asked("drain") == [("n-render-04", True)]
    bench.app.processEvents()
    assert "render-04: drained" in bench.said()
    bench.hear(replace(bench.fleet.nodes["n-render-04"], draining=True))
    bench.page.detail._action.click()  # nothing is lost by it: nobody is asked back
    assert bench.asked("drain")[-1] == ("n-render-04", False)


def test_an_order_is_acknowledged_before_it_is_answered(bench: Bench) -> None:
    bench.hear(replace(bench.fleet.nodes["n-render-04"], draining=True))
    bench.select("render-04")
    bench.page.detail.act(Act.UNDRAIN)  # nobody answers
    assert "Taking engines again …" in bench.said()
    assert not bench.page.detail._action.isEnabled()
    bench.bridge.answers["drain"] = AigcError("node-unknown", "gone", ErrorKind.NOT_FOUND)
    bench.select("render-05")
    bench.hear(replace(bench.fleet.nodes["n-render-05"], draining=True))
    bench.page.detail.act(Act.UNDRAIN)
    assert "Gone" in bench.said()  # the window's bar
    assert bench.page.detail._action.isEnabled()


@pytest.mark.parametrize("how", ["moves", "sorted", "let go"])
def test_a_selected_machine_stays_the_only_one_wherever_its_row_goes(
    bench: Bench, how: str
) -> None:
    """What is done then is done to it and to no other."""
    bench.select("render-05")
    model = bench.page.machines.model
    if how == "let go":
        model.hold("test")
    if how == "sorted":
        model.set_sort("name", descending=True)
    else:
        bench.hear(replace(bench.fleet.nodes["n-render-05"], name="a-first"))
    if how == "let go":
        model.release("test")
    assert model.place_of("n-render-05") == 0
    assert bench.page.machines.selected_ids() == ["n-render-05"]


def test_several_machines_at_once(bench: Bench) -> None:
    bench.bridge.answers["update_node"] = None
    bench.select("render-04", "render-05")
    assert "2 machines" in bench.said()
    bench.page.detail.act(Act.POOL)
    dialog = bench.dialog(AskPool)
    assert isinstance(dialog, AskPool)
    yes = named(dialog, "yes")
    assert not yes.isEnabled()
    dialog.field.setCurrentText("a b")
    assert not yes.isEnabled()
    dialog.field.setCurrentText("film")
    yes.click()
    assert bench.with_names("update_node") == [{"pool": "film"}, {"pool": "film"}]


def test_rename_says_what_is_wrong_before_it_asks(bench: Bench) -> None:
    bench.bridge.answers["update_node"] = None
    bench.select("render-04")
    bench.page.detail.act(Act.RENAME)
    dialog = bench.dialog(AskText)
    assert isinstance(dialog, AskText)
    dialog.field.setText("render-05")
    wrong = dialog.findChild(QLabel, "wrong")
    assert isinstance(wrong, QLabel)
    assert "another machine render-05" in wrong.text()
    dialog.field.setText("blender-1")
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)
    assert bench.with_names("update_node") == [{"name": "blender-1"}]


def test_labels_are_edited_as_lines(bench: Bench) -> None:
    bench.bridge.answers["update_node"] = None
    bench.hear(replace(bench.fleet.nodes["n-render-04"], labels={"room": "2"}))
    bench.select("render-04")
    bench.page.detail.act(Act.LABELS)
    dialog = bench.dialog(AskLabels)
    assert isinstance(dialog, AskLabels)
    yes = named(dialog, "yes")
    assert not yes.isEnabled()
    name = dialog.add()
    QTest.keyClicks(name, "rack")
    fields = dialog.findChildren(QLineEdit)
    assert [f.text() for f in fields] == ["room", "2", "rack", ""]
    QTest.keyClicks(fields[3], "B7")
    yes.click()
    assert bench.with_names("update_node") == [{"labels": {"room": "2", "rack": "B7"}}]


def test_declaring_off_wants_a_reason_and_is_refused_when_online(bench: Bench) -> None:
    bench.bridge.answers["declare_off"] = 1
    bench.select("render-04")
    refused = next(o for o in bench.page.detail._view.more if o.act is Act.DECLARE_OFF)  # type: ignore[union-attr]
    assert not refused.enabled
    assert "online right now" in refused.why_not
    bench.hear(replace(bench.fleet.nodes["n-render-04"], online=False))
    bench.page.detail._action.click()
    dialog = bench.dialog(DeclareOff)
    assert isinstance(dialog, DeclareOff)
    yes = named(dialog, "yes")
    assert not yes.isEnabled()
    QTest.keyClicks(dialog.reason, "cable pulled")
    yes.click()
    assert bench.asked("declare_off") == [("n-render-04", "cable pulled")]


def test_unclaimed_containers_are_kept_or_stopped(bench: Bench) -> None:
    bench.bridge.answers["resolve_unclaimed"] = None
    lost = Unclaimed("c1", "", 1, NOW, NOW + timedelta(hours=24))
    bench.hear(replace(bench.fleet.nodes["n-render-04"], unclaimed=(lost,)))
    bench.select("render-04")
    buttons = {b.text(): b for b in bench.page.detail.findChildren(QPushButton) if b.isVisible()}
    buttons["Keep for another hold time"].click()
    assert bench.with_names("resolve_unclaimed") == [{"keep": True}]
    buttons["Stop now…"].click()
    dialog = bench.dialog(Confirmation)
    assert isinstance(dialog, Confirmation)
    named(dialog, "yes").click()
    assert bench.with_names("resolve_unclaimed")[-1] == {"keep": False}


def test_adding_machines_shows_the_command_and_who_comes_in(bench: Bench) -> None:
    bench.page._add.click()
    dialog = bench.dialog(AddMachine)
    assert isinstance(dialog, AddMachine)
    assert bench.asked("join_command") == []  # a command is a secret: made when asked for
    dialog.pool.setCurrentText("film")
    named(dialog, "make").click()
    assert bench.asked("join_command") == [("film", 60)]
    assert dialog.command.toPlainText() == COMMAND.command
    named(dialog, "copy").click()
    assert QGuiApplication.clipboard().text() == COMMAND.command

    def shown() -> str:
        return "\n".join(w.text() for w in dialog.findChildren(QLabel) if w.isVisible())

    assert "Good for one machine, for 57 min more" in shown()
    assert "Waiting for a machine …" in shown()
    new = node("render-09", online=False, gpus=(), can_start=False)
    bench.hear(new)
    assert "Waiting" not in shown()
    assert "Now start its agent" in shown()
    bench.hear(replace(new, online=True, can_start=True, gpus=(gpu("x", simulated=True),)))
    assert "Ready · RTX 4090 (simulated)" in shown()
    done = named(dialog, "done")
    assert done.property("role") == "primary"
    done.click()
    until(bench.app, lambda: bench.page._adding is None)
    assert bench.page.add_machine().isVisible()


def test_an_auditor_sees_all_and_is_offered_nothing(app: QApplication) -> None:
    home = node(draining=True, unclaimed=(Unclaimed("c1"),))
    bench = Bench(app, replace(fleet(home), role=Role.AUDITOR), "zh")
    bench.select("render-04")
    offered = [b.text() for b in bench.page.detail.findChildren(QPushButton) if b.isVisible()]
    assert not any(word in "".join(offered) for word in ("维护", "恢复", "停止", "保留"))
    assert not bench.page._add.isEnabled()
    assert bench.page._add.toolTip()
    assert not bench.page.detail._more.isVisible()
    bench.page.deeds.do(Act.DRAIN, [home])
    assert bench.asked("drain") == []
    bench.close()


def test_offline_nothing_is_offered_and_readings_are_not_made_up(bench: Bench) -> None:
    bench.select("render-04")
    bench.window.show_fleet(replace(bench.fleet, link=Link.OFFLINE), Delta())
    bench.app.processEvents()
    assert not bench.page.detail._action.isVisible()
    graphs = bench.page.detail.graphs
    graphs._look()
    assert [points[-1].percent for points in graphs.live.points.values()] == [None, None]


def test_links_lead_to_instances(bench: Bench) -> None:
    bench.select("render-04")
    went: list[str] = []
    bench.page.detail.instance_asked.connect(went.append)
    bench.page.detail.instances_asked.connect(went.append)
    for made in bench.page.detail.findChildren(QPushButton):
        if made.isVisible() and made.text() == "ComfyUI of Lin Xia":
            QTest.mouseClick(made, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
            break
    assert went == ["i-ComfyUI"]


def test_both_languages_and_themes_at_once(bench: Bench) -> None:
    bench.select("render-04")
    theme.apply(bench.app, theme.DARK)
    bench.window.dress("zh", theme.DARK)
    bench.app.processEvents()
    said = bench.said()
    assert "在线 · 接收引擎" in said
    assert bench.page._add.text() == "添加机器"
