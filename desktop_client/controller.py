"""Joins desk, windows, tray and bridge: each action has its one place here.

Lives in the GUI thread and never waits: everything that takes time goes over the bridge.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from aigc.logs import RamLog
from desktop_client import desk as desks
from desktop_client.bridge import Bridge
from desktop_client.deep_link import is_link
from desktop_client.desk import ASKED, Action, Desk, Do, Heard, News, Notice
from desktop_client.history import Series
from desktop_client.link_room import LinkRoom
from desktop_client.lookback import Lookback
from desktop_client.looks import Looks
from desktop_client.menu_model import menu
from desktop_client.model import Instance, Link, Problem, Snapshot
from desktop_client.notifier import Notifier
from desktop_client.opener import Opener
from desktop_client.present import Present
from desktop_client.settings import Language, Loaded, Settings, Snooze, snooze
from desktop_client.token_watch import TokenWatch
from desktop_client.tray.tray import Tray
from desktop_client.view_model import View, build, next_change
from desktop_client.vigil import Vigil
from desktop_client.way import Way

if TYPE_CHECKING:
    from desktop_client.windows.flyout import Flyout


class Controller(QObject):
    """See the module. Signals: finished(), when the program may end."""

    finished = Signal()

    def __init__(
        self,
        bridge: Bridge,
        loaded: Loaded,
        looks: Looks,
        ram: RamLog,
        command: tuple[str, ...],
        parent: QObject | None = None,
    ) -> None:
        """Args:
        command: what starts this program, for starting it with the session.
        """
        super().__init__(parent)
        self._bridge = bridge
        self._settings = loaded.settings
        self._broken = loaded.problem
        self._looks = looks
        self._desk = Desk()
        self._view: View | None = None
        self._first_link = ""  # given at the start; followed once it is known how things stand
        self._heard_once = False
        self._flyout: Flyout | None = None  # made when somebody first looks
        self._lookback = Lookback(bridge, self)
        self._tray = Tray(self)
        self._vigil = Vigil(bridge, self.present, self)
        self._notifier = Notifier(bridge, self.present, self)
        self._opener = Opener(bridge, self._notifier, self._vigil, self.present, ram, command, self)
        self._links = LinkRoom(bridge, self._opener.shelf, self.present, self)
        self._tokens = TokenWatch(bridge, self.present, self)
        self._way = Way(bridge, self._opener.autostart, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._connect()

    def _connect(self) -> None:
        bridge = self._bridge
        bridge.heard.connect(self._heard)
        bridge.answered.connect(self._answered)
        bridge.refused.connect(self._refused)
        bridge.not_opened.connect(self._opener.not_opened)
        for sender in (self._tray, self._notifier, self._opener, self._links):
            sender.performed.connect(self.perform)
        self._way.performed.connect(self.perform)
        self._way.welcomed.connect(self._welcomed)
        self._way.left.connect(self._window_closed)
        self._lookback.filled.connect(self._filled)
        self._tray.clicked.connect(self._clicked)
        self._opener.chose.connect(self._choose)
        self._opener.leave.connect(self._leave)
        self._vigil.told.connect(self._notifier.tell)
        self._tokens.told.connect(self._notifier.tell)
        self._tokens.chose.connect(self._choose)
        self._notifier.remembered.connect(self._opener.refresh)
        self._looks.changed.connect(self._look_changed)
        self._timer.timeout.connect(self._time_passed)

    def start(self, *, show: bool, link: str = "") -> None:
        """Show the tray, or where there is none the window.

        Args:
            link: an ``aigc://`` link to follow once it is known how things stand.
        """
        self._first_link = link
        self._looks.apply()
        self._choose_quietly(self._settings)
        self._render()
        self._tray.try_to_show()
        self._vigil.start()
        if show or not self._tray.is_shown:
            self._bring_up()
        if self._broken is not None:
            key = self._broken.key
            self._notifier.tell(Notice(News.REFUSED, "settings", None, self._broken.message, key))

    def stop(self) -> None:
        """Close everything of the desktop's."""
        self._timer.stop()
        self._vigil.stop()
        self._tokens.stop()
        self._tray.hide()
        self._notifier.close()
        self._opener.shelf.close_all()
        self._way.hide()
        if self._flyout is not None:
            self._flyout.hide()

    def present(self) -> Present:
        """Everything that windows are made from, now."""
        looks = self._looks
        return Present(
            self._desk, self._settings, looks.language, looks.colours, _now(), looks.zone
        )

    # -- what a person asks ---------------------------------------------------------------------

    def perform(self, action: Action) -> None:
        """Do what was asked, from wherever it was asked."""
        instance = self._instance(action.key)
        if action.do in (Do.RENAME, Do.DELETE) and not action.value:
            if instance is not None:
                self._opener.ask_first(action, instance)
        elif action.do in ASKED:
            self._ask(action, instance)
        elif instance is not None:
            self._about(action.do, instance)
        else:
            self._about_all(action)

    def _ask(self, action: Action, instance: Instance | None) -> None:
        self._desk = desks.acknowledge(self._desk, action)
        self._render()
        engine_id = action.key.removeprefix("engine:") if instance is None else ""
        self._notifier.withdraw(action.key)
        self._bridge.ask(action, engine_id, instance.id if instance else "")

    def _about(self, do: Do, instance: Instance) -> None:
        match do:
            case Do.OPEN:
                self._open(instance)
            case Do.SHOW:
                self._bring_up()
            case _:
                self._opener.about(do, instance)

    def _about_all(self, action: Action) -> None:
        snapshot = self._desk.snapshot
        match action.do:
            case Do.SHOW:
                self._bring_up()
                self._bridge.look()
            case Do.SIGN_IN:
                self._way.bring_up()
                self._bridge.sign_in()
            case Do.SIGN_OUT:
                self._bridge.sign_out()
            case Do.WEB if snapshot.web_url:
                self._bridge.open(snapshot.web_url)
            case Do.ACCOUNT if snapshot.account_url:
                self._bridge.open(snapshot.account_url)
            case Do.FORMER if snapshot.web_url:
                self._bridge.open(f"{snapshot.web_url.rstrip('/')}/link")
            case Do.RECONNECT:
                self._bridge.look()
            case Do.ADMIN:
                self._bridge.open_admin()
            case Do.LANGUAGE:
                other = Language.ENGLISH if self._looks.language == "zh" else Language.CHINESE
                self._choose(replace(self._settings, language=other))
            case Do.CHANGE_STUDIO:
                self._way.bring_up()
                self._bridge.forget()
            case Do.SNOOZE:
                here = _now().astimezone(self._looks.zone)
                self._choose(snooze(self._settings, Snooze(action.value), here))
            case Do.STOP_ALL:
                self._bridge.stop_all([i.id for i in desks.still_running(self._desk)])
            case Do.QUIT:
                self._quit()
            case _:
                self._opener.open(action.do, action.value)

    def hand_over(self, message: str) -> None:
        """A second start: show the window, and follow its link if it had one."""
        if is_link(message):
            self._links.take(message)
            return
        self._bring_up()
        if message:
            self._bridge.find(message)

    def _clicked(self, anchor: object) -> None:
        if self._way.is_needed or self._way.is_visible:
            self._way.bring_up()
        else:
            flyout = self._made_flyout()
            flyout.set_framed(False)
            flyout.toggle(anchor)  # type: ignore[arg-type]  # the tray's own, as it says
            self._render()
            if flyout.isVisible():
                self._bridge.look()

    def _bring_up(self) -> None:
        if self._way.is_needed:
            self._way.bring_up()
            return
        flyout = self._made_flyout()
        flyout.set_framed(not self._tray.is_shown)
        flyout.bring_up(self._tray.where())
        self._render()

    def _made_flyout(self) -> Flyout:
        """Not made at the start: the icon is there sooner, and most of the day nobody looks."""
        if self._flyout is None:
            from desktop_client.windows.flyout import Flyout

            self._flyout = Flyout()
            self._flyout.performed.connect(self.perform)
            self._flyout.opened.connect(self._opened)
            self._flyout.closed.connect(self._window_closed)
            self._render()
        return self._flyout

    @property
    def _is_open(self) -> bool:
        return self._flyout is not None and self._flyout.isVisible()

    def _opened(self) -> None:
        self._lookback.look(self._desk.snapshot)

    def _open(self, instance: Instance) -> None:
        if instance.url:
            self._bridge.open(instance.url)

    def _quit(self) -> None:
        if desks.still_running(self._desk):
            self._opener.ask_leaving()
        else:
            self._leave()

    def _leave(self) -> None:
        self.finished.emit()

    def _window_closed(self) -> None:
        """It says so before it is gone."""
        QTimer.singleShot(0, self, self._after_closing)

    def _after_closing(self) -> None:
        """With a tray the program goes on there; without one the window is the program."""
        self._render()
        if not self._tray.is_shown and not self._is_open and not self._way.is_visible:
            self._leave()

    def _welcomed(self) -> None:
        """The way is gone to its end: from now on starts are silent."""
        if not self._settings.welcomed:
            self._choose(replace(self._settings, welcomed=True))
        self._way.hide()
        self._bring_up()

    # -- what the coordinator says --------------------------------------------------------------

    def _heard(self, snapshot: Snapshot) -> None:
        self._take(desks.hear(self._desk, snapshot, _now()))
        if not self._heard_once:
            self._heard_once = True
            if self._first_link:
                self._links.take(self._first_link)
        signed_in_before = snapshot.link is Link.ONLINE and not self._way.is_visible
        if signed_in_before and not self._settings.welcomed:
            self._choose(replace(self._settings, welcomed=True))

    def _answered(self, action: Action, instance_id: str) -> None:
        self._take(desks.answered(self._desk, action, instance_id))

    def _refused(self, action: Action, problem: Problem) -> None:
        self._take(desks.refused(self._desk, action, problem))

    def _filled(self, instance_id: str, series: tuple[Series, ...]) -> None:
        self._take(desks.filled(self._desk, instance_id, series))

    def _time_passed(self) -> None:
        self._desk = replace(self._desk, snoozed_until=self._settings.snoozed(_now()))
        self._take(desks.remind(self._desk, _now()))

    def _take(self, heard: Heard) -> None:
        self._desk = heard.desk
        self._render()
        for notice in heard.notices:
            # A refusal is in its card, under the person's eyes.
            looked_at = self._flyout is not None and self._flyout.isActiveWindow()
            seen = notice.news is News.REFUSED and looked_at
            self._notifier.tell(notice, seen=seen)
        for instance in heard.open_now:
            self._open(instance)

    def _render(self) -> None:
        now, looks = _now(), self._looks
        self._view = view = build(self._desk, now, looks.language, looks.zone)
        self._way.show_view(
            view,
            looks.colours,
            looks.language,
            welcomed=self._settings.welcomed,
            has_tray=self._tray.is_shown,
        )
        if self._flyout is not None:
            self._flyout.show_view(view, looks.colours, looks.language)
        self._tray.show_view(view, menu(view, looks.language), dark=looks.colours.dark)
        self._opener.refresh()
        self._links.refresh()
        self._vigil.refresh()
        self._tokens.refresh()
        self._set_timer(now)

    def _set_timer(self, now: datetime) -> None:
        """Nothing wakes but for what is shown and changes by itself."""
        times = [desks.next_reminder(self._desk, now), self._settings.snoozed(now)]
        if self._is_open:
            times.append(next_change(self._desk, now))
        due = min((t for t in times if t is not None), default=None)
        if due is None:
            self._timer.stop()
        else:
            milliseconds = int((due - now).total_seconds() * 1000) + 50
            self._timer.start(min(max(milliseconds, 50), 24 * 3600 * 1000))

    def _instance(self, key: str) -> Instance | None:
        return desks.instance_of(self._desk.snapshot, key)

    # -- settings and looks ---------------------------------------------------------------------

    def _choose(self, settings: Settings) -> None:
        """The person chose: it holds at once, and is kept."""
        self._choose_quietly(settings)
        self._bridge.save_settings(settings)
        self._looks.choose(settings)
        self._render()

    def _choose_quietly(self, settings: Settings) -> None:
        self._settings = settings
        self._desk = replace(self._desk, snoozed_until=settings.snoozed(_now()))

    def _look_changed(self) -> None:
        self._opener.reword()
        self._render()


def _now() -> datetime:
    return datetime.now(UTC)
