"""The windows, driven by mouse and keyboard, and the promises of the theme."""

from __future__ import annotations

import gc
import sys
from dataclasses import fields, replace
from datetime import UTC

import pytest
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from desktop_client import theme
from desktop_client.desk import Action, Desk, Do
from desktop_client.menu_model import menu
from desktop_client.shapes import tray_icon
from desktop_client.theme import DARK, LIGHT, Colours
from desktop_client.tray.tray import Tray
from desktop_client.view_model import Icon, build
from desktop_client.windows.card import CardWidget
from desktop_client.windows.dialogs import AskName, ConfirmDelete, Leaving, LogsWindow
from desktop_client.windows.main_window import MainWindow
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until
from tests.screenshots.scenes import NOW, READY, SCENES, STOPPED


def show(desk: Desk, language: str = "en", window: MainWindow | None = None) -> MainWindow:
    made = window or MainWindow()
    made.show_view(build(desk, NOW, language, UTC), LIGHT, language)
    made.show()
    return made


def visible(widget: QWidget, kind: type[QAbstractButton] = QPushButton) -> list[QAbstractButton]:
    return [b for b in widget.findChildren(kind) if b.isVisible()]


def press(widget: QWidget, text: str) -> None:
    (found,) = [b for b in visible(widget) if b.text() == text]
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("scene", sorted(SCENES))
def test_every_scene_has_names_and_targets_for_everybody(
    app: QApplication, scene: str, colours: Colours
) -> None:
    theme.apply(app, colours)
    for language in ("en", "zh"):
        window = show(SCENES[scene], language)
        app.processEvents()
        for button in [*visible(window), *visible(window, QToolButton)]:
            assert button.text() or button.accessibleName()
            assert button.height() >= theme.TARGET, button.text()
            assert button.width() >= theme.TARGET, button.text()
            if button.property("role") == "primary":
                assert button.height() >= theme.PRIMARY_TARGET
            needed = button.fontMetrics().horizontalAdvance(button.text())
            assert button.width() >= needed, f"{button.text()} is clipped"
        for label in window.findChildren(QLabel):
            if label.isVisible() and label.wordWrap() and label.text():
                assert label.height() >= label.heightForWidth(label.width()), label.text()
        for field in window.findChildren(QLineEdit):
            assert field.accessibleName()
        window.close()


def test_first_run_by_keyboard(app: QApplication) -> None:
    window = show(SCENES["first-run"])
    entered: list[str] = []
    window.first_run.entered.connect(entered.append)
    (field,) = window.first_run.findChildren(QLineEdit)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert entered == []
    QTest.keyClicks(field, "aigc.studio.lan")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert entered == ["aigc.studio.lan"]


def test_trust_shows_the_fingerprint_and_asks(app: QApplication) -> None:
    window = show(SCENES["trust"])
    trusted: list[bool] = []
    window.trust.trusted.connect(lambda: trusted.append(True))
    shown = [x.text() for x in window.trust.findChildren(QLabel) if "sha256" in x.text()]
    assert shown[0].replace(" ", "") == SCENES["trust"].snapshot.pin
    press(window, "It matches, continue")
    assert trusted


def test_signing_in_offers_the_link_and_cancel(app: QApplication) -> None:
    window = show(SCENES["signing-in"])
    cancelled: list[bool] = []
    window.signing_in.cancelled.connect(lambda: cancelled.append(True))
    press(window, "Copy link")
    url = SCENES["signing-in"].snapshot.sign_in_url
    assert QApplication.clipboard().text() == url
    press(window, "Cancel")
    assert cancelled


def test_a_card_is_updated_in_place_and_does_what_it_says(app: QApplication) -> None:
    done: list[Action] = []
    window = show(SCENES["at-work"])
    window.performed.connect(done.append)
    before = window.findChildren(CardWidget)
    show(SCENES["offline"], window=window)
    show(SCENES["at-work"], "zh", window)
    after = [c for c in window.findChildren(CardWidget) if c in before]
    assert after
    show(SCENES["at-work"], "en", window)
    press(window, "Open")
    assert done == [Action(Do.OPEN, READY.id)]
    names = [b.accessibleName() for b in visible(window) if b.text() == "Open"]
    assert names == ["Open: ComfyUI"]


def test_cards_that_are_gone_leave_nothing_behind(app: QApplication) -> None:
    window = show(SCENES["at-work"])
    show(SCENES["empty"], window=window)
    until(app, lambda: not window.findChildren(CardWidget))
    assert any("not published" in x.text() for x in window.findChildren(QLabel))


def test_deleting_needs_the_name(app: QApplication) -> None:
    confirmed: list[bool] = []
    dialog = ConfirmDelete("JupyterLab", "3.1 GB", "en")
    dialog.confirmed.connect(lambda: confirmed.append(True))
    dialog.show()
    assert any("3.1 GB" in x.text() for x in dialog.findChildren(QLabel))
    press(dialog, "Delete")
    assert not confirmed
    QTest.keyClicks(dialog.findChildren(QLineEdit)[0], "JupyterLab")
    press(dialog, "Delete")
    assert confirmed


def test_renaming_and_leaving(app: QApplication) -> None:
    named: list[str] = []
    rename = AskName("old", "en")
    rename.named.connect(named.append)
    rename.show()
    field = rename.findChildren(QLineEdit)[0]
    field.setText("  ")
    press(rename, "Rename")
    assert not named
    field.setText(" new name ")
    press(rename, "Rename")
    assert named == ["new name"]
    left: list[str] = []
    leaving = Leaving(["ComfyUI"], "en")
    leaving.left.connect(lambda: left.append("left"))
    leaving.stopped_and_left.connect(lambda: left.append("stopped"))
    leaving.show()
    press(leaving, "Stop them and quit")
    press(leaving, "Quit")
    assert left == ["stopped", "left"]


def test_logs_follow_and_end(app: QApplication) -> None:
    closed: list[str] = []
    logs = LogsWindow("a", "Demo", "en")
    logs.closed.connect(closed.append)
    logs.show()
    logs.add([f"line {i}\n" for i in range(300)])
    logs.end("The coordinator is away.")
    assert any("away" in x.text() for x in logs.findChildren(QLabel))
    press(logs, "Copy all")
    assert QApplication.clipboard().text().endswith("line 299")
    logs.close()
    assert closed == ["a"]


def test_the_menu_changes_words_without_moving(app: QApplication) -> None:
    tray = Tray()
    view = build(SCENES["at-work"], NOW, "en", UTC)
    tray.show_view(view, menu(view, "en"))
    actions = tray._menu.actions()
    later = build(
        replace(
            SCENES["at-work"],
            snapshot=replace(SCENES["at-work"].snapshot, studio="Studio South"),
        ),
        NOW,
        "en",
        UTC,
    )
    tray.show_view(later, menu(later, "en"))
    assert tray._menu.actions() == actions
    assert "Studio South" in actions[0].text()
    done: list[Action] = []
    tray.performed.connect(done.append)
    (card,) = [a for a in actions if STOPPED.name in a.text()]
    submenu = card.menu()
    assert submenu is not None
    (start,) = [a for a in submenu.actions() if a.text() == "Start"]  # type: ignore[attr-defined]
    start.trigger()
    assert done == [Action(Do.START, STOPPED.id)]


def test_each_icon_differs_by_shape_not_only_by_colour(app: QApplication) -> None:
    seen = set()
    for icon in Icon:
        image = tray_icon(icon).pixmap(64, 64).toImage()
        grey = bytes(
            1 if image.pixelColor(x, y).alpha() > 128 and image.pixelColor(x, y).lightness() > 200
            else 2 if image.pixelColor(x, y).alpha() > 128 else 0
            for x in range(64)
            for y in range(64)
        )  # fmt: skip
        seen.add(grey)
    assert len(seen) == len(Icon)


def _luminance(name: str) -> float:
    colour = QColor(name)

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = linear(colour.redF()), linear(colour.greenF()), linear(colour.blueF())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_at_least_four_and_a_half(colours: Colours) -> None:
    meanings = ("text", "quiet", "accent", "ready", "starting", "queued", "stopped", "attention")
    names = {f.name for f in fields(colours)}
    for name in meanings:
        assert name in names
        for ground in (colours.surface, colours.window):
            assert contrast(getattr(colours, name), ground) >= 4.5, (name, ground)
    assert contrast(colours.text, colours.attention_surface) >= 4.5
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.surface, colours.attention) >= 4.5
    assert contrast(colours.quiet, colours.hover) >= 4.5


class _Emitter(QObject):
    told = Signal(bool)
    nothing = Signal(object)


def test_emitting_and_ticking_keep_the_reference_counts(app: QApplication) -> None:
    """PySide6 6.12.0 lost a reference to True at each emit: the program died after some hundred."""
    emitter = _Emitter()
    heard: list[int] = []
    emitter.told.connect(lambda value: heard.append(1))
    emitter.nothing.connect(lambda value: heard.append(1))
    gc.collect()
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(2000):
        emitter.told.emit(True)
        emitter.nothing.emit(None)
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1

    timer = QTimer()
    timer.setInterval(0)
    timer.timeout.connect(tick)
    timer.start()
    until(app, lambda: ticks >= 2000, 30)
    timer.stop()
    gc.collect()
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert len(heard) == 4000
    assert after[0] >= before[0] - 50
    assert after[1] >= before[1] - 50
