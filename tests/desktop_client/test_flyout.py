"""The flyout, driven by mouse and keyboard: what it shows, where it is, what holds still."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QGuiApplication, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from desktop_client import theme
from desktop_client.card_view import Graph
from desktop_client.desk import Action, Desk, Do
from desktop_client.model import State
from desktop_client.theme import DARK, LIGHT, Colours
from desktop_client.view_model import build
from desktop_client.windows.card import CardWidget
from desktop_client.windows.flyout import TALLEST, WIDTH, Flyout
from desktop_client.windows.graph import GraphWidget, Sparkline, runs
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until
from tests.desktop_client.reading import complaints
from tests.screenshots.flyout import DESKS, make
from tests.screenshots.scenes import NOW, READY, STOPPED


@pytest.fixture
def flyout(app: QApplication) -> Iterator[Flyout]:
    """At work, as it is opened by a click near the top of the screen."""
    theme.apply(app, LIGHT)
    made = make(DESKS["at-work"], LIGHT, "en")
    QTest.qWaitForWindowExposed(made)
    yield made
    made.close()


def show(flyout: Flyout, desk: Desk, language: str = "en") -> None:
    flyout.show_view(build(desk, NOW, language, UTC), LIGHT, language)


def cards(flyout: Flyout) -> list[CardWidget]:
    """As they are on the screen, from the top."""
    seen = [c for c in flyout.findChildren(CardWidget) if c.isVisible()]
    return sorted(seen, key=lambda c: c.mapTo(flyout, QPoint()).y())


def titles(flyout: Flyout) -> list[str]:
    QApplication.processEvents()
    return [c.view.title for c in cards(flyout) if c.view is not None]


def press(widget: QWidget, text: str) -> None:
    (found,) = [b for b in widget.findChildren(QPushButton) if b.isVisible() and b.text() == text]
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def asked(flyout: Flyout) -> list[Action]:
    done: list[Action] = []
    flyout.performed.connect(done.append)
    return done


def focused(flyout: Flyout) -> str:
    """The title of the card that has the keyboard, or that holds what has it."""
    widget: QWidget | None = flyout.focusWidget()
    while widget is not None:
        if isinstance(widget, CardWidget) and widget.view is not None:
            return widget.view.title
        widget = widget.parentWidget()
    return ""


# -- for everybody --------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", sorted(DESKS))
def test_every_state_can_be_read_heard_and_hit(
    app: QApplication, name: str, colours: Colours
) -> None:
    theme.apply(app, colours)
    for language in ("en", "zh"):
        flyout = make(DESKS[name], colours, language)
        app.processEvents()
        assert complaints(flyout) == []
        assert flyout.width() == WIDTH
        assert flyout.height() <= TALLEST
        flyout.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scale", ["1.5", "2"])
def test_the_same_at_other_scales(scale: str) -> None:
    """In a program of its own: a scale holds for a whole program."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.desktop_client.reading"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == f"ratio {float(scale)}"


def test_it_grows_with_its_content_and_then_scrolls(app: QApplication) -> None:
    theme.apply(app, LIGHT)
    heights = [make(DESKS[name], LIGHT, "en").height() for name in ("empty", "waiting", "many")]
    free = app.primaryScreen().availableGeometry().height()
    assert heights[0] < heights[1] <= heights[2] == min(TALLEST, free)


# -- what it shows --------------------------------------------------------------------------------


def test_parts_graphs_and_the_one_action(flyout: Flyout) -> None:
    working, preparing, waiting, stopped = cards(flyout)[:4]
    assert len([g for g in working.findChildren(GraphWidget) if g.isVisible()]) == 2
    bars = [b for b in preparing.findChildren(QProgressBar) if b.isVisible()]
    assert [round(b.value() / b.maximum(), 1) for b in bars] == [0.4, 1.0, 0.8]
    assert any("about 3 min" in x.text() for x in preparing.findChildren(QLabel))
    assert any("second in line" in x.text() for x in waiting.findChildren(QLabel))
    done = asked(flyout)
    press(working, "Open")
    press(preparing, "Cancel")
    press(stopped, "Start")
    assert [a.do for a in done] == [Do.OPEN, Do.CANCEL, Do.START]


def test_header_and_footer_ask_for_what_they_say(flyout: Flyout) -> None:
    done = asked(flyout)
    for text in ("Files", "Recent", "Help", "Quit"):
        press(flyout, text)
    (settings,) = [b for b in flyout.findChildren(QToolButton) if b.accessibleName() == "Settings"]
    QTest.mouseClick(settings, Qt.MouseButton.LeftButton)
    (account,) = [b for b in flyout.findChildren(QToolButton) if b.text() == "Lin Xia"]
    for entry in account.menu().actions():
        entry.trigger()
    assert [a.do for a in done] == [
        Do.TRASH, Do.RECENT, Do.HELP, Do.QUIT, Do.SETTINGS, Do.WEB, Do.CHANGE_STUDIO, Do.SIGN_OUT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "button", "do"),
    [
        ("sign-in", "Sign in", Do.SIGN_IN),
        ("signing-in", "Continue", Do.SHOW),
        ("connecting-failed", "Try now", Do.RECONNECT),
        ("first-run", "Continue", Do.SHOW),
        ("offline", "Try now", Do.RECONNECT),
    ],
)
def test_without_cards_there_is_one_thing_to_do(
    app: QApplication, name: str, button: str, do: Do
) -> None:
    theme.apply(app, LIGHT)
    flyout = make(DESKS[name], LIGHT, "en")
    done = asked(flyout)
    press(flyout, button)
    assert [a.do for a in done] == [do]


def test_nothing_is_done_for_a_view_that_nobody_sees(app: QApplication) -> None:
    flyout = Flyout()
    show(flyout, DESKS["at-work"])
    assert flyout.findChildren(CardWidget) == []
    flyout.bring_up(None)
    assert len(cards(flyout)) == 5


# -- what holds still -----------------------------------------------------------------------------


def enter(flyout: Flyout) -> None:
    middle = QPointF(flyout.rect().center())
    QApplication.sendEvent(flyout, QEnterEvent(middle, middle, middle))


def leave(flyout: Flyout) -> None:
    QApplication.sendEvent(flyout, QEvent(QEvent.Type.Leave))


def _later() -> Desk:
    """The one that is stopped begins to run: it belongs above all that wait."""
    desk = DESKS["at-work"]
    instances = tuple(
        replace(i, state=State.READY, name="A first one") if i.id == STOPPED.id else i
        for i in desk.snapshot.instances
    )
    return replace(desk, snapshot=replace(desk.snapshot, instances=instances))


def test_nothing_moves_under_the_pointer(flyout: Flyout) -> None:
    before = titles(flyout)
    enter(flyout)
    show(flyout, _later())
    assert titles(flyout) == [t.replace("JupyterLab", "A first one") for t in before]
    leave(flyout)
    assert titles(flyout)[0] == "A first one"


def test_a_menu_that_is_open_holds_still_too(app: QApplication, flyout: Flyout) -> None:
    before = titles(flyout)
    enter(flyout)
    card = cards(flyout)[0]
    spot = card.rect().center()
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(card, QContextMenuEvent(reason, spot, card.mapToGlobal(spot)))
    leave(flyout)
    show(flyout, _later())
    assert titles(flyout)[0] == before[0]
    menu = app.activePopupWidget()
    assert menu is not None
    menu.close()
    show(flyout, _later())
    assert titles(flyout)[0] == "A first one"


def test_a_new_instance_takes_the_place_and_the_focus_of_its_engine(app: QApplication) -> None:
    theme.apply(app, LIGHT)
    flyout = make(DESKS["engines"], LIGHT, "en")
    enter(flyout)
    third = cards(flyout)[2]
    third.setFocus()
    begun = replace(READY, id="i-new", engine_id="jupyter", name="JupyterLab")
    desk = DESKS["engines"]
    show(flyout, replace(desk, snapshot=replace(desk.snapshot, instances=(begun,))))
    assert cards(flyout)[2] is third
    assert third.view is not None
    assert third.view.key == "i-new"
    assert focused(flyout) == "JupyterLab"


def test_the_focus_stays_with_a_card_whose_button_goes(flyout: Flyout) -> None:
    stopped = cards(flyout)[3]
    (start,) = [b for b in stopped.findChildren(QPushButton) if b.isVisible()]
    start.setFocus()
    show(flyout, replace(DESKS["at-work"], acks={STOPPED.id: Do.START}))
    assert not start.isVisible()
    assert flyout.focusWidget() is stopped


def test_cards_that_are_gone_leave_nothing_behind(app: QApplication, flyout: Flyout) -> None:
    show(flyout, DESKS["empty"])
    until(app, lambda: not flyout.findChildren(CardWidget))
    assert any("not published" in x.text() for x in flyout.findChildren(QLabel))


# -- by keyboard ----------------------------------------------------------------------------------


def key(flyout: Flyout, what: Qt.Key, more: Qt.KeyboardModifier | None = None) -> None:
    target: QWidget | None = flyout.focusWidget()
    QTest.keyClick(target or flyout, what, more or Qt.KeyboardModifier.NoModifier)


def test_arrows_go_from_card_to_card_and_enter_does_what_is_right_now(flyout: Flyout) -> None:
    done = asked(flyout)
    names = titles(flyout)
    assert focused(flyout) == ""
    key(flyout, Qt.Key.Key_Down)
    assert focused(flyout) == names[0]
    key(flyout, Qt.Key.Key_Down)
    key(flyout, Qt.Key.Key_Down)
    assert focused(flyout) == names[2]
    key(flyout, Qt.Key.Key_Up)
    assert focused(flyout) == names[1]
    key(flyout, Qt.Key.Key_Return)
    key(flyout, Qt.Key.Key_End)
    assert focused(flyout) == names[-1]
    key(flyout, Qt.Key.Key_Home)
    key(flyout, Qt.Key.Key_Enter)
    assert [a.do for a in done] == [Do.CANCEL, Do.OPEN]


def test_tab_goes_through_everything_from_the_top(flyout: Flyout) -> None:
    seen: list[str] = []
    for _ in range(60):
        key(flyout, Qt.Key.Key_Tab)
        widget = flyout.focusWidget()
        name = widget.accessibleName() or getattr(widget, "text", str)()
        if seen and name == seen[0]:
            break
        seen.append(name)
    order = [
        "Settings", "Account of Lin Xia", "ComfyUI 0.12", "More actions: ComfyUI", "Open: ComfyUI",
        "Stable Diffusion WebUI 1.10", "Files", "Recent", "Help", "Quit",
    ]  # fmt: skip
    places = [next(i for i, name in enumerate(seen) if name.startswith(o)) for o in order]
    assert places == sorted(places)
    assert places[:5] == [0, 1, 2, 3, 4]


def test_menu_key_and_right_click_open_more(app: QApplication, flyout: Flyout) -> None:
    done = asked(flyout)
    card = cards(flyout)[0]
    for reason in (QContextMenuEvent.Reason.Keyboard, QContextMenuEvent.Reason.Mouse):
        spot = card.rect().center()
        QApplication.sendEvent(card, QContextMenuEvent(reason, spot, card.mapToGlobal(spot)))
        menu = app.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert [a.text() for a in menu.actions() if a.text()] == [
            "Stop", "Logs", "Share…", "Rename…",
        ]  # fmt: skip
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Return)
    assert [a.do for a in done] == [Do.STOP, Do.STOP]
    assert flyout.isVisible()


def test_search_is_there_with_many_and_by_its_key(app: QApplication) -> None:
    theme.apply(app, LIGHT)
    flyout = make(DESKS["many"], LIGHT, "en")
    done = asked(flyout)
    (field,) = flyout.findChildren(QLineEdit)
    assert field.isVisible()
    until(app, flyout.isActiveWindow)
    key(flyout, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert flyout.focusWidget() is field
    QTest.keyClicks(field, "jupyter")
    assert titles(flyout) == ["JupyterLab"]
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert done == [Action(Do.START, STOPPED.id)]
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert focused(flyout) == "JupyterLab"
    field.setText("no such thing")
    assert any("no such thing" in x.text() for x in flyout.findChildren(QLabel))
    key(flyout, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert len(titles(flyout)) == 10
    assert flyout.isVisible()
    key(flyout, Qt.Key.Key_Escape)
    assert not flyout.isVisible()


def test_with_few_the_search_comes_by_its_key_and_goes_again(
    app: QApplication, flyout: Flyout
) -> None:
    (field,) = flyout.findChildren(QLineEdit)
    assert not field.isVisible()
    until(app, flyout.isActiveWindow)
    key(flyout, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert field.isVisible()
    key(flyout, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert flyout.isVisible()


# -- where it is, and when it goes ----------------------------------------------------------------


def test_it_is_beside_the_icon_and_on_the_screen(app: QApplication) -> None:
    theme.apply(app, LIGHT)
    free = app.primaryScreen().availableGeometry()
    for icon in (
        QRect(free.right() - 30, free.bottom() - 24, 24, 24),
        QRect(free.x() + 4, free.y() + 4, 24, 24),
        QPoint(free.center().x(), free.y()),
        None,
    ):
        flyout = make(DESKS["waiting"], LIGHT, "en")
        flyout.close()
        flyout.bring_up(icon)
        placed = flyout.geometry()
        assert free.contains(placed)
        if isinstance(icon, QRect):
            assert not placed.intersects(icon)


def test_escape_and_a_second_click_close_it(flyout: Flyout) -> None:
    closed: list[bool] = []
    flyout.closed.connect(lambda: closed.append(True))
    key(flyout, Qt.Key.Key_Escape)
    assert closed == [True]
    flyout.toggle(QPoint(600, 5))
    assert flyout.isVisible()
    flyout.toggle(QPoint(600, 5))
    assert not flyout.isVisible()
    flyout.toggle(None)
    assert flyout.isVisible()
    assert closed == [True, True]


def test_it_closes_when_another_window_is_worked_in_and_not_for_its_own_dialog(
    app: QApplication, flyout: Flyout
) -> None:
    until(app, flyout.isActiveWindow)
    dialog = QDialog(flyout)
    dialog.setWindowTitle("of its own")
    dialog.show()
    dialog.activateWindow()
    until(app, dialog.isActiveWindow)
    QTest.qWait(300)
    assert flyout.isVisible()
    dialog.close()
    until(app, lambda: not dialog.isVisible())
    other = QWidget()
    other.show()
    other.activateWindow()
    until(app, lambda: not flyout.isVisible())
    # The click on the icon that took the focus away was meant to close it.
    flyout.toggle(None)
    assert not flyout.isVisible()
    flyout.toggle(None)
    assert flyout.isVisible()


def test_without_a_tray_it_is_a_window_with_a_frame(app: QApplication, flyout: Flyout) -> None:
    assert flyout.windowFlags() & Qt.WindowType.FramelessWindowHint
    flyout.set_framed(True)
    assert flyout.isVisible()
    assert not flyout.windowFlags() & Qt.WindowType.FramelessWindowHint
    assert flyout.windowFlags() & Qt.WindowType.Window
    other = QWidget()
    other.show()
    other.activateWindow()
    until(app, other.isActiveWindow)
    QTest.qWait(300)
    assert flyout.isVisible(), "a window stays"
    flyout.set_framed(False)
    assert flyout.width() == WIDTH


# -- the graphs -----------------------------------------------------------------------------------


def graph(*points: tuple[float, float | None]) -> Graph:
    """Points at so many seconds ago."""
    made = tuple((NOW - timedelta(seconds=ago), value) for ago, value in points)
    return Graph("GPU", "61 %", made, NOW)


def test_a_curve_breaks_where_nobody_knows_and_holds_until_now() -> None:
    assert runs(graph()) == []
    assert runs(graph((300, 0.5), (200, None), (100, 0.7), (60, 0.9))) == [
        [(0.5, 0.5)],
        [(pytest.approx(5 / 6), 0.7), (0.9, 0.9), (1.0, 0.9)],
    ]
    assert runs(graph((300, 0.5), (200, None))) == [[(0.5, 0.5)]]


def test_a_curve_is_cut_where_it_enters() -> None:
    ((first, *_),) = runs(graph((900, 0.0), (300, 1.0)))
    assert first == (0.0, 0.5)
    assert runs(graph((900, 0.3)))[0][-1] == (1.0, 0.3)
    assert runs(graph((900, 0.3), (700, None), (10, 0.1)))[0][0][1] == 0.1


def test_graphs_are_painted_only_while_they_are_seen(
    app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    paint = Sparkline.paintEvent

    def counted(self: Sparkline, event: QPaintEvent) -> None:
        painted.append(1)
        paint(self, event)

    monkeypatch.setattr(Sparkline, "paintEvent", counted)
    flyout = make(DESKS["at-work"], LIGHT, "en")
    until(app, lambda: painted)
    flyout.close()
    app.processEvents()
    painted.clear()
    for minute in range(5):
        view = build(DESKS["at-work"], NOW + timedelta(minutes=minute), "en", UTC)
        flyout.show_view(view, LIGHT, "en")
        app.processEvents()
    assert painted == []


def test_a_curve_has_the_colour_of_what_it_tells(app: QApplication) -> None:
    line = Sparkline()
    line.resize(100, 24)
    line.show_graph(graph((600, 1.0)), LIGHT.queued, LIGHT.hover)
    image = line.grab().toImage()
    middle = [image.pixelColor(50, y).name() for y in range(image.height())]
    assert LIGHT.queued in middle
    assert QGuiApplication.platformName() == "offscreen"
