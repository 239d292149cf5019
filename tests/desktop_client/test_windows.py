"""The windows, driven by mouse and keyboard, and the promises of the theme."""

from __future__ import annotations

import gc
import sys
from dataclasses import fields, replace
from datetime import UTC

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)

from desktop_client import theme
from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.menu_model import menu
from desktop_client.model import TokenWish
from desktop_client.platform.notifications import Note
from desktop_client.settings import Language, Look, Notify, OnSleep, Settings
from desktop_client.settings_view import settings_view
from desktop_client.shapes import tray_icon
from desktop_client.theme import DARK, LIGHT, Colours
from desktop_client.tray.tray import Tray
from desktop_client.view_model import Icon, build
from desktop_client.windows.diagnostics import DiagnosticsWindow
from desktop_client.windows.dialogs import AskName, ConfirmDelete, Leaving
from desktop_client.windows.files import FilesWindow
from desktop_client.windows.first_run import FirstRunWindow
from desktop_client.windows.links import ConfirmJoin, ConfirmStart
from desktop_client.windows.logs import LogsWindow
from desktop_client.windows.notice import NoticeWindow
from desktop_client.windows.recent import RecentWindow
from desktop_client.windows.settings import Section
from desktop_client.windows.worded import Worded
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until
from tests.desktop_client.reading import complaints
from tests.screenshots import windows
from tests.screenshots.scene import Scene
from tests.screenshots.scenes import NOW, READY, SCENES, STOPPED


def way(name: str, language: str = "en") -> FirstRunWindow:
    made = FirstRunWindow()
    made.show_view(build(SCENES[name], NOW, language, UTC), LIGHT, language)
    made.bring_up()
    return made


def visible(widget: QWidget, kind: type[QAbstractButton] = QPushButton) -> list[QAbstractButton]:
    return [b for b in widget.findChildren(kind) if b.isVisible()]


def press(widget: QWidget, text: str) -> None:
    (found,) = [b for b in visible(widget) if b.text() == text]
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def texts(widget: QWidget) -> str:
    return "\n".join(x.text() for x in widget.findChildren(QLabel) if x.isVisible())


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("scene", windows.scenes(), ids=lambda scene: scene.name)
def test_every_window_has_names_and_targets_for_everybody(
    app: QApplication, scene: Scene, colours: Colours
) -> None:
    theme.apply(app, colours)
    for language in ("en", "zh"):
        window = scene.make(colours, language)
        if scene.size is not None:
            window.resize(*scene.size)
        window.show()
        app.processEvents()
        assert complaints(window) == []
        assert window.windowTitle()
        for field in window.findChildren(QLineEdit):
            assert not field.isVisible() or field.accessibleName()
        window.close()


@pytest.mark.parametrize("scene", windows.scenes(), ids=lambda scene: scene.name)
def test_an_open_window_follows_the_language(app: QApplication, scene: Scene) -> None:
    """What it says after the change is what it would have said from the start."""
    theme.apply(app, LIGHT)
    changed = scene.make(LIGHT, "en")
    if not isinstance(changed, Worded):
        pytest.skip("it is given its words with each view")
    asked = scene.make(LIGHT, "zh")
    for window in (changed, asked):
        window.show()
    changed.reword("zh", LIGHT)
    app.processEvents()
    assert changed.windowTitle() == asked.windowTitle()
    if not scene.name.startswith(
        ("settings-", "recent", "files", "share")
    ):  # the caller makes the view
        assert texts(changed) == texts(asked)
        assert [b.text() for b in visible(changed)] == [b.text() for b in visible(asked)]


# -- the way to one's engines -------------------------------------------------------------------


def test_first_run_by_keyboard(app: QApplication) -> None:
    window = way("first-run")
    entered: list[str] = []
    window.studio.entered.connect(entered.append)
    (field,) = window.studio.findChildren(QLineEdit)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert entered == []
    QTest.keyClicks(field, "aigc.studio.lan")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert entered == ["aigc.studio.lan"]


def test_trust_shows_the_fingerprint_and_asks(app: QApplication) -> None:
    window = way("trust")
    said: list[str] = []
    window.trust.trusted.connect(lambda: said.append("same"))
    window.trust.went_back.connect(lambda: said.append("differ"))
    shown = [x.text() for x in window.trust.findChildren(QLabel) if "sha256" in x.text()]
    assert shown[0].replace(" ", "") == SCENES["trust"].snapshot.pin
    press(window, "They are the same")
    press(window, "They differ")
    assert said == ["same", "differ"]


def test_signing_in_offers_the_link_and_cancel(app: QApplication) -> None:
    window = way("signing-in")
    cancelled: list[bool] = []
    window.signing_in.cancelled.connect(lambda: cancelled.append(True))
    press(window, "Copy link")
    url = SCENES["signing-in"].snapshot.sign_in_url
    assert QApplication.clipboard().text() == url
    press(window, "Cancel")
    assert cancelled


def test_the_last_page_says_where_the_icon_is_and_offers_autostart(app: QApplication) -> None:
    window = way("engines")
    moved: list[bool] = []
    went: list[bool] = []
    window.done.autostart_chosen.connect(moved.append)
    window.went_on.connect(lambda: went.append(True))
    (switch,) = window.done.findChildren(QCheckBox)
    assert not switch.isVisible(), "nobody knows yet whether there is such a switch"
    window.done.show_autostart(False, "")
    assert switch.isVisible()
    assert not switch.isChecked()
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(12, switch.height() // 2))
    assert moved == [True]
    assert "icon" in texts(window)
    window.done.show_tray(False)
    window.show_view(build(SCENES["engines"], NOW, "en", UTC), LIGHT, "en")
    assert "no place for small icons" in texts(window)
    press(window, "Show my engines")
    assert went


# -- dialogs ------------------------------------------------------------------------------------


def test_deleting_needs_the_name(app: QApplication) -> None:
    confirmed: list[bool] = []
    dialog = ConfirmDelete("JupyterLab", lambda _: "3.1 GB", "en")
    dialog.confirmed.connect(lambda: confirmed.append(True))
    dialog.show()
    assert any("3.1 GB" in x.text() for x in dialog.findChildren(QLabel))
    press(dialog, "Delete")
    assert not confirmed
    QTest.keyClicks(dialog.findChildren(QLineEdit)[0], "JupyterLab")
    press(dialog, "Delete")
    assert confirmed


def test_renaming(app: QApplication) -> None:
    named: list[str] = []
    rename = AskName("old", "en")
    rename.named.connect(named.append)
    rename.show()
    field = rename.findChildren(QLineEdit)[0]
    field.setText("  ")
    press(rename, "Rename")
    assert not named
    field.setText(" new name ")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert named == ["new name"]


def test_leaving_tells_how_far_the_stopping_is(app: QApplication) -> None:
    left: list[str] = []
    leaving = Leaving(["ComfyUI", "InvokeAI"], "en")
    leaving.left.connect(lambda: left.append("left"))
    leaving.stop_asked.connect(lambda: left.append("stop"))
    leaving.show()
    press(leaving, "Stop them and quit")
    leaving.show_stopping(["InvokeAI"], {})
    assert "1 of 2" in texts(leaving)
    leaving.show_stopping(["InvokeAI"], {"InvokeAI": "The coordinator is away."})
    assert "InvokeAI was not stopped: The coordinator is away." in texts(leaving)
    press(leaving, "Quit")
    assert left == ["stop", "left"]


def test_logs_follow_find_wrap_and_end(app: QApplication) -> None:
    left: list[str] = []
    logs = LogsWindow("a", "Demo", "en")
    logs.left.connect(left.append)
    logs.show()
    logs.add([f"line {i}\n" for i in range(300)])
    (view,) = logs.findChildren(QPlainTextEdit)
    follow, wrap = logs.findChildren(QCheckBox)
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()
    field = next(f for f in logs.findChildren(QLineEdit) if f.accessibleName())
    QTest.keyClicks(field, "line 12")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert view.textCursor().selectedText() == "line 12"
    assert not follow.isChecked(), "what was found stays in view"
    place = view.verticalScrollBar().value()
    logs.add(["one more"])
    assert view.verticalScrollBar().value() == place
    press(logs, "Previous")
    assert view.textCursor().block().text() in ("line 12", "line 129")
    field.setText("nowhere")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert "Not found" in texts(logs)
    wrap.setChecked(True)
    assert view.lineWrapMode() is QPlainTextEdit.LineWrapMode.WidgetWidth
    logs.end("The coordinator is away.")
    assert "away" in texts(logs)
    cursor = view.textCursor()
    cursor.clearSelection()
    view.setTextCursor(cursor)
    press(logs, "Copy")
    assert QApplication.clipboard().text().endswith("one more")
    follow.setChecked(True)
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()
    logs.close()
    assert left == ["a"]


def test_links_are_confirmed_and_return_is_no_agreement(app: QApplication) -> None:
    agreed: list[str] = []
    start = ConfirmStart("ComfyUI", "Studio North", "en")
    start.confirmed.connect(lambda: agreed.append("start"))
    start.show()
    QTest.keyClick(start, Qt.Key.Key_Return)
    assert agreed == []
    assert not start.isVisible()
    join = ConfirmJoin("aigc.studio.lan:7443", SCENES["trust"].snapshot.pin, "Studio South", "en")
    join.confirmed.connect(lambda: agreed.append("join"))
    join.show()
    assert "aigc.studio.lan:7443" in texts(join)
    assert "takes the place of Studio South" in texts(join)
    press(join, "Connect")
    join.show_problem("It does not answer.")
    assert "It does not answer." in texts(join)
    press(join, "Connect")
    assert agreed == ["join", "join"]


# -- settings -----------------------------------------------------------------------------------


def test_every_choice_is_told_at_once(app: QApplication) -> None:
    window = windows.settings_window(Section.COMPUTER, "en")
    chosen: list[Settings] = []
    switched: list[bool] = []
    window.chose.connect(chosen.append)
    window.autostart_chosen.connect(switched.append)
    window.show()
    for words, field, value in (
        ("Chinese", "language", Language.CHINESE),
        ("Dark", "look", Look.DARK),
        ("Ask me when it wakes up", "on_sleep", OnSleep.ASK),
        ("Only what needs me", "notify", Notify.NEEDS_ME),
    ):
        (button,) = [b for b in window.findChildren(QRadioButton) if b.text() == words]
        button.click()
        assert getattr(chosen[-1], field) is value
    assert len(chosen) == 4
    (switch,) = [b for b in window.findChildren(QCheckBox) if "computer" in b.text()]
    switch.click()
    assert switched == [True]


def test_a_token_is_made_seen_once_and_revoked_on_the_second_press(app: QApplication) -> None:
    window = windows.settings_window(Section.ACCOUNT, "en")
    made: list[TokenWish] = []
    revoked: list[str] = []
    window.tokens.create_asked.connect(made.append)
    window.tokens.revoke_asked.connect(revoked.append)
    window.show()
    field = next(f for f in window.findChildren(QLineEdit) if "for" in f.placeholderText())
    QTest.keyClicks(field, "renders")
    press(window, "Create")
    assert made == [TokenWish("renders", 90)]
    window.tokens.show_secret("aigc_pat_x")
    press(window, "Copy")
    assert QApplication.clipboard().text() == "aigc_pat_x"
    first = next(b for b in visible(window) if b.accessibleName() == "Revoke: nightly renders")
    first.click()
    assert revoked == []
    press(window, "Revoke now")
    assert revoked == ["t1"]


def test_a_local_account_has_a_way_to_its_own_page(app: QApplication) -> None:
    window = windows.settings_window(Section.ACCOUNT, "en")
    done: list[Action] = []
    window.performed.connect(done.append)
    window.show()
    press(window, "Password and second factor")
    assert done == [Action(Do.ACCOUNT)]
    elsewhere = replace(SCENES["at-work"].snapshot, account_url="")
    window.show_view(settings_view(elsewhere, Settings(), NOW, UTC, "en"))
    assert "Password and second factor" not in [b.text() for b in visible(window)]


def test_silence_is_offered_and_taken_back(app: QApplication) -> None:
    window = windows.settings_window(Section.NOTIFICATIONS, "en")
    done: list[Action] = []
    window.performed.connect(done.append)
    window.show()
    assert "Silent until 15:37" in texts(window)
    press(window, say("settings.silence.off", "en"))
    assert done == [Action(Do.SNOOZE, value="off")]


# -- recent, files, diagnostics, notices --------------------------------------------------------


def test_recent_offers_what_is_still_valid(app: QApplication) -> None:
    scene = next(s for s in windows.scenes() if s.name == "recent")
    window = scene.make(LIGHT, "en")
    assert isinstance(window, RecentWindow)
    done: list[Action] = []
    window.performed.connect(done.append)
    window.show()
    opens = [b for b in visible(window) if b.text() == "Open"]
    assert len(opens) == 1
    opens[0].click()
    assert done == [Action(Do.OPEN, READY.id)]


def test_what_is_in_the_trash_can_be_had_back(app: QApplication) -> None:
    scene = next(s for s in windows.scenes() if s.name == "files")
    window = scene.make(LIGHT, "en")
    assert isinstance(window, FilesWindow)
    asked: list[str] = []
    window.restore_asked.connect(asked.append)
    window.show()
    first = next(b for b in visible(window) if b.text() == "Restore")
    first.click()
    assert asked == ["d1"]


def test_diagnostics_show_every_file(app: QApplication) -> None:
    scene = next(s for s in windows.scenes() if s.name == "diagnostics")
    window = scene.make(LIGHT, "en")
    assert isinstance(window, DiagnosticsWindow)
    window.show()
    (nav,) = window.findChildren(QListWidget)
    (view,) = window.findChildren(QPlainTextEdit)
    for row, file in enumerate(window.files):
        nav.setCurrentRow(row)
        assert view.toPlainText() == file.text
    chosen: list[bool] = []
    window.person_chosen.connect(chosen.append)
    (person,) = window.findChildren(QCheckBox)
    person.click()
    assert chosen == [True]


def test_a_notice_of_ours_is_replaced_and_takes_no_focus(app: QApplication) -> None:
    notice = NoticeWindow()
    chosen: list[tuple[str, str]] = []
    notice.chosen.connect(lambda key, action: chosen.append((key, action)))
    notice.show_note(Note("a", "A is ready", "On render-04", (("open", "Open"),)), "en")
    notice.show_note(Note("b", "B failed", "No image", (("show", "Details"),)), "en")
    assert notice.isVisible()
    assert "B failed" in texts(notice)
    assert "A is ready" not in texts(notice)
    assert notice.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert notice.windowFlags() & Qt.WindowType.WindowDoesNotAcceptFocus
    notice.withdraw("a")
    assert notice.isVisible()
    press(notice, "Details")
    assert chosen == [("b", "show")]
    assert not notice.isVisible()
    notice.close()


def test_a_notice_of_ours_does_not_cover_the_flyout(app: QApplication) -> None:
    area = QGuiApplication.primaryScreen().availableGeometry()
    flyout = QWidget(None, Qt.WindowType.Tool)
    flyout.setGeometry(area.right() - 360, area.bottom() - 320, 360, 320)
    flyout.show()
    notice = NoticeWindow()
    notice.show_note(Note("a", "A is ready", "On render-04", (("open", "Open"),)), "en")
    assert not notice.frameGeometry().intersects(flyout.frameGeometry())
    assert area.contains(notice.frameGeometry())
    flyout.hide()
    notice.show_note(Note("a", "A is ready", "On render-04", (("open", "Open"),)), "en")
    assert notice.frameGeometry().right() > flyout.frameGeometry().left(), "in the corner again"
    notice.close()
    flyout.close()


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
