"""Joins desk, windows, tray and bridge: each action has its one place here.

Lives in the GUI thread and never waits: everything that takes time goes over the bridge.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_client import desk as desks
from desktop_client import theme
from desktop_client.bridge import Bridge
from desktop_client.desk import ASKED, Action, Desk, Do, Heard, News, Notice
from desktop_client.i18n import say
from desktop_client.menu_model import menu
from desktop_client.model import Instance, Link, Problem, Snapshot
from desktop_client.platform.notifications import Note
from desktop_client.settings import Language, Settings
from desktop_client.tray.tray import Tray
from desktop_client.view_model import Page, View, build, next_change, problem_text
from desktop_client.windows.dialogs import AskName, ConfirmDelete, Leaving, LogsWindow, Telling
from desktop_client.windows.main_window import MainWindow
from desktop_client.wording import moment, size

log = logging.getLogger(__name__)


class Controller(QObject):
    """See the module. Signals: finished(), when the program may end."""

    finished = Signal()

    def __init__(
        self, bridge: Bridge, settings: Settings, system: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._settings = settings
        self._language = settings.spoken_language(system)
        self._desk = Desk()
        self._zone = datetime.now().astimezone().tzinfo
        self._colours = theme.DARK if theme.system_is_dark() else theme.LIGHT
        self._view: View | None = None
        self._window = MainWindow()
        self._tray = Tray(self)
        self._logs: dict[str, LogsWindow] = {}
        self._told_first = False
        self._had_studio = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._connect()

    def _connect(self) -> None:
        bridge, window = self._bridge, self._window
        bridge.heard.connect(self._heard)
        bridge.answered.connect(self._answered)
        bridge.refused.connect(self._refused)
        bridge.lines.connect(self._lines)
        bridge.lines_ended.connect(self._lines_ended)
        bridge.chosen.connect(self._chosen)
        bridge.unshown.connect(self._unshown)
        bridge.not_opened.connect(self._not_opened)
        bridge.stopped_all.connect(self._leave)
        window.performed.connect(self.perform)
        window.closed.connect(self._window_closed)
        window.first_run.entered.connect(bridge.find)
        window.first_run.went_back.connect(bridge.back)
        window.trust.trusted.connect(bridge.trust)
        window.trust.went_back.connect(bridge.forget)
        window.signing_in.cancelled.connect(bridge.cancel_sign_in)
        self._tray.performed.connect(self.perform)
        self._tray.clicked.connect(lambda _: self._show_window())
        self._timer.timeout.connect(self._time_passed)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def start(self, *, show: bool) -> None:
        """Show the tray, or where there is none the window."""
        self._apply_theme()
        self._render()
        self._tray.try_to_show()
        if show or not self._tray.is_shown:
            self._window.bring_up()

    def stop(self) -> None:
        """Close everything of the desktop's."""
        self._timer.stop()
        self._tray.hide()
        for logs in list(self._logs.values()):
            logs.close()
        self._window.hide()

    # -- what a person asks ---------------------------------------------------------------------

    def perform(self, action: Action) -> None:
        """Do what was asked, from wherever it was asked."""
        instance = self._instance(action.key)
        if action.do in (Do.RENAME, Do.DELETE) and not action.value:
            if instance is not None:
                self._ask_first(action, instance)
        elif action.do in ASKED:
            self._ask(action, instance)
        elif instance is not None:
            self._about(action.do, instance)
        else:
            self._about_all(action.do)

    def _ask(self, action: Action, instance: Instance | None) -> None:
        self._desk = desks.acknowledge(self._desk, action)
        self._render()
        engine_id = action.key.removeprefix("engine:") if instance is None else ""
        self._bridge.withdraw(action.key)
        self._bridge.ask(action, engine_id, instance.id if instance else "")

    def _ask_first(self, action: Action, instance: Instance) -> None:
        self._window.bring_up()
        if action.do is Do.RENAME:
            ask = AskName(instance.name, self._language, self._window)
            ask.named.connect(lambda name: self.perform(Action(Do.RENAME, instance.id, name)))
            ask.open()
            return
        known = instance.data_bytes
        amount = say("delete.unknown_size", self._language) if known is None else size(known)
        confirm = ConfirmDelete(instance.name, amount, self._language, self._window)
        confirm.confirmed.connect(lambda: self.perform(Action(Do.DELETE, instance.id, "yes")))
        confirm.open()

    def _about(self, do: Do, instance: Instance) -> None:
        match do:
            case Do.OPEN:
                self._open(instance)
            case Do.WHY:
                card = next((c for c in self._current().cards if c.key == instance.id), None)
                title = say("why.title", self._language, name=instance.name)
                text = (card.why or card.line) if card else ""
                self._window.bring_up()
                Telling(title, text, self._language, self._window).show()
            case Do.LOGS:
                self._show_logs(instance)
            case Do.COPY:
                details = f"{instance.name} {instance.version}\n{instance.line.en}\n"
                QGuiApplication.clipboard().setText(f"{details}{instance.support_code}".strip())

    def _about_all(self, do: Do) -> None:
        snapshot = self._desk.snapshot
        match do:
            case Do.SHOW:
                self._show_window()
            case Do.SIGN_IN:
                self._window.bring_up()
                self._bridge.sign_in()
            case Do.SIGN_OUT:
                self._bridge.sign_out()
            case Do.WEB if snapshot.web_url:
                self._bridge.open(snapshot.web_url)
            case Do.RECONNECT:
                self._bridge.look()
            case Do.LANGUAGE:
                self._language = "en" if self._language == "zh" else "zh"
                self._settings = replace(self._settings, language=Language(self._language))
                self._bridge.save_settings(self._settings)
                self._render()
            case Do.CHANGE_STUDIO:
                self._had_studio = True
                self._window.bring_up()
                self._bridge.forget()
            case Do.QUIT:
                self._quit()

    def hand_over(self, message: str) -> None:
        """A second start: show the window, and follow its join link if it had one."""
        self._window.bring_up()
        if message.startswith("aigc://join/"):
            self._bridge.find(message)

    def _show_window(self) -> None:
        self._window.bring_up()
        self._bridge.look()

    def _open(self, instance: Instance) -> None:
        if instance.url:
            self._bridge.open(instance.url)

    def _quit(self) -> None:
        running = desks.still_running(self._desk)
        if not running:
            self._leave()
            return
        self._window.bring_up()
        leaving = Leaving([i.name for i in running], self._language, self._window)
        leaving.left.connect(self._leave)
        leaving.stopped_and_left.connect(
            lambda: self._bridge.stop_all([i.id for i in desks.still_running(self._desk)])
        )
        leaving.show()

    def _leave(self) -> None:
        self.finished.emit()

    def _window_closed(self) -> None:
        """With a tray the program goes on there; without one the window is the program."""
        if not self._tray.is_shown:
            self._leave()

    # -- what the coordinator says --------------------------------------------------------------

    def _heard(self, snapshot: Snapshot) -> None:
        self._take(desks.hear(self._desk, snapshot, _now()))
        if snapshot.link is Link.ONLINE:
            self._had_studio = True
        needs_person = self._current().page in (Page.FIRST_RUN, Page.TRUST, Page.SIGN_IN)
        if needs_person and not self._told_first:
            self._told_first = True  # never a silent icon at the first run
            self._window.bring_up()
        elif self._current().page is Page.CARDS:
            self._told_first = True

    def _answered(self, action: Action, instance_id: str) -> None:
        self._take(desks.answered(self._desk, action, instance_id))

    def _refused(self, action: Action, problem: Problem) -> None:
        self._take(desks.refused(self._desk, action, problem))

    def _time_passed(self) -> None:
        self._take(desks.remind(self._desk, _now()))

    def _take(self, heard: Heard) -> None:
        self._desk = heard.desk
        self._render()
        for notice in heard.notices:
            self._tell(notice)
        for instance in heard.open_now:
            self._open(instance)

    def _render(self) -> None:
        now = _now()
        self._view = view = build(self._desk, now, self._language, self._zone)
        self._window.first_run.allow_back(self._had_studio)
        self._window.show_view(view, self._colours, self._language)
        self._tray.show_view(view, menu(view, self._language))
        times = [desks.next_reminder(self._desk, now)]
        if self._window.isVisible():
            times.append(next_change(self._desk, now))
        due = min((t for t in times if t is not None), default=None)
        if due is None:
            self._timer.stop()
        else:
            self._timer.start(max(int((due - now).total_seconds() * 1000) + 50, 50))

    def _current(self) -> View:
        assert self._view is not None
        return self._view

    def _instance(self, key: str) -> Instance | None:
        return next((i for i in self._desk.snapshot.instances if i.id == key), None)

    # -- notifications --------------------------------------------------------------------------

    def _tell(self, notice: Notice) -> None:
        if notice.news is News.REFUSED and self._window.isActiveWindow():
            return  # the card says it, under the person's eyes
        self._bridge.notify(self._note(notice))

    def _note(self, notice: Notice) -> Note:
        language, instance = self._language, notice.instance
        line = instance.line.spoken(language) if instance else ""
        name = instance.name if instance else ""
        at = ""
        if instance is not None and instance.release_at is not None:
            at = moment(instance.release_at, _now(), self._zone, language)
        text = notice.text
        if notice.news is News.REFUSED:
            text = problem_text(self._desk.refusals.get(notice.key), language) or text
        values = {"name": name, "at": at, "line": line, "text": text}
        actions = {
            News.READY: ((Do.OPEN, say("do.open", language)), (Do.STOP, say("do.stop", language))),
            News.RELEASE_NEAR: (
                (Do.KEEP, say("do.keep", language)),
                (Do.STOP, say("news.stop_now", language)),
            ),
            News.RELEASED: ((Do.START, say("news.start_again", language)),),
            News.FAILED: ((Do.SHOW, say("news.details", language)),),
            News.REFUSED: (),
        }[notice.news]
        return Note(
            key=notice.key,
            title=say(f"news.{notice.news}.title", language, **values),
            text=say(f"news.{notice.news}.text", language, **values),
            actions=tuple((str(do), label) for do, label in actions),
            urgent=notice.news is News.RELEASE_NEAR,
        )

    def _chosen(self, key: str, action: str) -> None:
        if action == "default":
            instance = self._instance(key)
            do = Do.OPEN if instance is not None and instance.state == "ready" else Do.SHOW
            action = str(do)
        if action in {str(do) for do in Do}:
            do = Do(action)
            self.perform(Action(do, "" if do is Do.SHOW else key))

    def _unshown(self, note: Note) -> None:
        """No notification service: the tray's own message, else the window says it by its card."""
        if self._tray.is_shown:
            self._tray.message(note.title, note.text)
        elif not self._window.isVisible():
            self._window.bring_up()

    def _not_opened(self, url: str) -> None:
        text = say("news.open_failed", self._language, url=url)
        self._window.bring_up()
        Telling(
            say("news.refused.title", self._language), text, self._language, self._window
        ).show()

    # -- logs -----------------------------------------------------------------------------------

    def _show_logs(self, instance: Instance) -> None:
        window = self._logs.get(instance.id)
        if window is None:
            window = LogsWindow(instance.id, instance.name, self._language)
            window.closed.connect(self._logs_closed)
            self._logs[instance.id] = window
            self._bridge.follow_logs(instance.id)
        window.show()
        window.raise_()
        window.activateWindow()

    def _logs_closed(self, key: str) -> None:
        self._logs.pop(key, None)
        self._bridge.leave_logs(key)

    def _lines(self, key: str, lines: list[str]) -> None:
        if key in self._logs:
            self._logs[key].add(lines)

    def _lines_ended(self, key: str, problem: str) -> None:
        if key in self._logs:
            self._logs[key].end(problem)

    # -- looks ----------------------------------------------------------------------------------

    def _scheme_changed(self) -> None:
        self._colours = theme.DARK if theme.system_is_dark() else theme.LIGHT
        self._apply_theme()
        self._render()

    def _apply_theme(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, self._colours)


def _now() -> datetime:
    return datetime.now(UTC)
