"""The window, its tables and its confirmation, driven by mouse and keyboard without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QButtonGroup, QLabel, QPushButton

from desktop_client import theme
from desktop_client.admin.confirm import Confirmation, confirm
from desktop_client.admin.model import EVERYTHING, Delta, Fleet, Role
from desktop_client.admin.settings import AdminSettings, TableSettings
from desktop_client.admin.tables.painting import ROW_HEIGHT
from desktop_client.admin.window import AdminWindow
from desktop_client.model import Link, Problem
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until
from tests.standins.fleet import NOW, fleet, studio
from tests.standins.sample_page import SamplePage
from tests.standins.still_bridge import StillBridge

SEEN = fleet(studio(12, 2, 30))


class Shown:
    """A window with sample pages, and its bridge."""

    def __init__(self, settings: AdminSettings | None = None, seen: Fleet = SEEN) -> None:
        self.bridge = StillBridge()
        self.window = AdminWindow(
            self.bridge,
            settings or AdminSettings(page="instances"),
            theme.LIGHT,
            "en",
            UTC,
            make=lambda key, shell: SamplePage(shell),
            now=lambda: NOW,
        )
        self.window.show_fleet(seen, EVERYTHING)
        self.window.show()
        QApplication.processEvents()

    @property
    def page(self) -> SamplePage:
        return next(p for p in self.window.findChildren(SamplePage) if p.isVisible())

    def labels(self) -> str:
        found = self.window.findChildren(QLabel)
        return "\n".join(label.text() for label in found if label.isVisible())

    def key(self, key: Qt.Key, control: bool = True) -> None:
        held = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(self.window, key, held)
        QApplication.processEvents()


def test_a_task_bar_shows_whose_window_it_is(app: QApplication) -> None:
    assert not Shown().window.windowIcon().isNull()


def test_the_pages_are_walked_with_the_arrow_keys(app: QApplication) -> None:
    shown = Shown()
    pages = shown.window.findChild(QButtonGroup)
    assert isinstance(pages, QButtonGroup)
    first, second, *_ = pages.buttons()
    first.setFocus()
    first.click()
    QTest.keyClick(first, Qt.Key.Key_Down)
    assert pages.checkedButton() is second
    page = shown.page
    QTest.keyClick(second, Qt.Key.Key_Up)
    assert pages.checkedButton() is first
    assert shown.page is not page
    second.setFocus()
    QTest.keyClick(second, Qt.Key.Key_Return)
    assert shown.page is page


def test_pages_are_made_when_they_are_shown(app: QApplication) -> None:
    shown = Shown()
    first = shown.page
    assert first.times_shown == 1
    shown.window.show_fleet(SEEN, Delta(instances=tuple(SEEN.instances.values())[:1]))
    assert [d.whole for d in first.deltas] == [True, False]
    shown.key(Qt.Key.Key_2)
    assert shown.page is not first
    assert first.times_shown == 0
    shown.window.show_fleet(SEEN, Delta(removed_nodes=("x",)))
    assert len(first.deltas) == 2, "a hidden page is told nothing"
    shown.key(Qt.Key.Key_3)
    assert shown.page is first
    assert first.deltas[-1].whole
    assert shown.bridge.kept == []
    until(app, lambda: shown.bridge.kept)
    assert shown.bridge.kept[-1].page == "instances"


def test_a_link_between_pages(app: QApplication) -> None:
    shown = Shown()
    one = next(i for i in SEEN.instances.values() if i.node_name)
    shown.window.go_to("machines", f"machine={one.node_name}", one.id)
    pane = shown.page.pane
    assert pane.selected_ids() == [one.id]
    assert {row.node_name for row in pane.model.shown_rows()} == {one.node_name}


def test_signed_out_keeps_nothing_of_the_one_before(app: QApplication) -> None:
    shown = Shown()
    shown.window.show_fleet(Fleet(link=Link.SIGNED_OUT, studio="Studio North"), EVERYTHING)
    assert "Sign in to run Studio North" in shown.labels()
    QTest.keyClick(shown.window.focusWidget(), Qt.Key.Key_Space)
    assert ("sign_in", (), {}) in shown.bridge.asked
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert shown.window.findChildren(SamplePage) == []


def test_offline_is_said_and_nothing_may_be_changed(app: QApplication) -> None:
    shown = Shown()
    away = replace(SEEN, link=Link.OFFLINE, problem=Problem("x", "the network is away"))
    shown.window.show_fleet(away, Delta())
    assert "The network is away" in shown.labels()
    assert "Offline since 14:37" in shown.labels()
    assert shown.page.deltas[-1].whole, "what may be done changed for every page"
    shown.key(Qt.Key.Key_F5, control=False)
    assert ("wake", (), {}) in shown.bridge.asked
    shown.window.show_fleet(SEEN, EVERYTHING)
    assert "Live" in shown.labels()
    assert "The network is away" not in shown.labels()


def test_a_refusal_is_read_and_closed(app: QApplication) -> None:
    shown = Shown()
    shown.bridge.refused.emit(Problem("x", "that machine is busy"))
    assert "That machine is busy" in shown.labels()
    shown.window.tell_done("Done.")
    assert "That machine is busy" not in shown.labels()
    assert "Done." in shown.labels()


def test_language_and_theme_change_live(app: QApplication) -> None:
    shown = Shown()
    theme.apply(app, theme.DARK)
    shown.window.dress("zh", theme.DARK)
    QApplication.processEvents()
    assert "实时" in shown.labels()
    assert shown.page.pane.model.speech.language == "zh"
    names = [b.accessibleName() for b in shown.window.findChildren(QPushButton)]
    assert "概览" in names
    theme.apply(app, theme.LIGHT)


def test_the_filter_says_what_is_wrong(app: QApplication) -> None:
    shown = Shown()
    shown.key(Qt.Key.Key_F)
    field = shown.window.focusWidget()
    QTest.keyClicks(field, "machina:x")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert "There is no column machina" in shown.labels()
    shown.page.pane.set_filter("state:ready")
    assert "There is no column" not in shown.labels()
    assert 0 < shown.page.pane.model.rowCount() < 30
    assert f"{shown.page.pane.model.rowCount()} of 30" in shown.labels()
    # The window takes its completer's list with it; the other way round Qt stumbles.
    shown.window.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_rows_stay_under_the_pointer(app: QApplication) -> None:
    shown = Shown()
    pane = shown.page.pane
    viewport = pane.table.viewport()
    at = QPointF(40, ROW_HEIGHT / 2)
    app.sendEvent(viewport, QEnterEvent(at, at, viewport.mapToGlobal(at)))
    first = pane.model.row_at(0)
    moved = replace(first, name="zzz")
    shown.window.show_fleet(SEEN, Delta(instances=(moved,)))
    assert pane.model.id_at(0) == first.id
    app.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert pane.model.id_at(0) != first.id
    assert pane.model.id_at(pane.model.rowCount() - 1) == first.id


def test_the_choice_stays_while_rows_move(app: QApplication) -> None:
    shown = Shown()
    pane = shown.page.pane
    QTest.mouseClick(
        pane.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, ROW_HEIGHT * 2 + 4)
    )
    app.sendEvent(pane.table.viewport(), QEvent(QEvent.Type.Leave))
    chosen = pane.selected_ids()
    assert len(chosen) == 1
    assert shown.page.detail.isVisible()
    row = pane.model.find(chosen[0])
    assert row is not None
    shown.window.show_fleet(SEEN, Delta(instances=(replace(row, name="zzz"),)))
    assert pane.selected_ids() == chosen
    pane.set_filter("zzz")
    assert pane.selected_ids() == chosen
    pane.set_filter("")
    assert pane.selected_ids() == chosen
    shown.window.show_fleet(SEEN, Delta(removed_instances=(chosen[0],)))
    assert pane.selected_ids() == []
    assert not shown.page.detail.isVisible()


def test_copy_and_export(app: QApplication, tmp_path: Path) -> None:
    shown = Shown()
    pane = shown.page.pane
    pane.select([pane.model.id_at(1), pane.model.id_at(0)])
    QTest.keyClick(pane.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert len(copied) == 2
    assert copied[0].startswith(f"{pane.model.row_at(0).name}\t")
    path = tmp_path / "rows.csv"
    pane.write_csv(path)
    assert len(path.read_text("utf-8-sig").splitlines()) == 31
    assert "30 rows written to" in shown.labels()


def test_columns_are_remembered(app: QApplication) -> None:
    shown = Shown()
    table = shown.page.pane.table
    table.show_column("owner", shown=False)
    table.show_column("id", shown=True)
    table.horizontalHeader().moveSection(0, 2)
    table.horizontalHeader().sectionClicked.emit(4)
    kept = shown.window.settings.table("sample")
    assert kept.columns[:2] == ("state", "name")
    assert "owner" not in kept.columns
    assert kept.sort == "vram"
    again = Shown(AdminSettings(page="instances", tables={"sample": kept}))
    assert again.page.pane.table.shown_columns() == list(kept.columns)
    assert again.page.pane.model.sort_key == "vram"


def test_settings_of_a_newer_program_do_no_harm(app: QApplication) -> None:
    odd = TableSettings(columns=("colour", "name"), sort="colour", filter='"open')
    shown = Shown(AdminSettings(page="nowhere", geometry="zz", tables={"sample": odd}))
    assert shown.page.pane.table.shown_columns() == ["name"]


def test_an_auditor_is_told_what_she_may(app: QApplication) -> None:
    shown = Shown(seen=replace(SEEN, role=Role.AUDITOR))
    assert "changes nothing" in shown.labels()


@pytest.mark.parametrize("agrees", [True, False])
def test_a_confirmation_names_its_victims(app: QApplication, agrees: bool) -> None:
    said: list[str] = []
    names = [f"ComfyUI · render-{n}" for n in range(40)]
    asked = confirm(
        None, "Stop 40 instances?", names, "Their data is kept.", "Stop 40 instances", True,
        lambda: said.append("yes"), "en",
    )  # fmt: skip
    QApplication.processEvents()
    assert isinstance(asked, Confirmation)
    told = "\n".join(label.text() for label in asked.findChildren(QLabel))
    assert all(name in told for name in names)
    assert asked.height() < 600
    if agrees:
        yes = asked.findChild(QPushButton, "yes")
        assert isinstance(yes, QPushButton)
        QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    else:
        QTest.keyClick(asked, Qt.Key.Key_Return)  # Enter harms nobody
    assert said == (["yes"] if agrees else [])
