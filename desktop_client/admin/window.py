"""The admin window: pages at the left, one before the eyes, how things stand at the foot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from desktop_client.admin.badges import Badges
from desktop_client.admin.bars import Bar, StatusLine
from desktop_client.admin.bridge import AdminBridge
from desktop_client.admin.confirm import confirm
from desktop_client.admin.gate_page import GatePage
from desktop_client.admin.model import EVERYTHING, Delta, Fleet
from desktop_client.admin.navigation import Navigation
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.registry import PAGES, make_page
from desktop_client.admin.settings import AdminSettings, TableSettings
from desktop_client.admin.standing import Status, Step, gate, status
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.model import Link, Problem
from desktop_client.shapes import tray_icon
from desktop_client.theme import GRID, Colours
from desktop_client.view_model import Icon
from desktop_client.windows.parts import repolish
from desktop_client.wording import problem_text

_SIZE = (1280, 800)
_LEAST = (800, 520)
_KEEP_MS = 1500  # after the last change of an arrangement it is written down


class AdminWindow(QWidget):
    """See the module; to its pages it is a ``Shell``.

    Signals:
        language_chosen(str): another language.
    look_chosen(str): light, dark, or empty: as the desktop.
        closed(): by its person.

    Args:
        pages: keys, in their order.
        make: a page by its key.
    """

    language_chosen = Signal(str)
    look_chosen = Signal(str)
    closed = Signal()

    def __init__(
        self,
        bridge: AdminBridge,
        settings: AdminSettings,
        colours: Colours,
        language: str,
        zone: tzinfo | None,
        *,
        pages: Sequence[str] = tuple(PAGES),
        make: Callable[[str, Shell], Page] = make_page,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._bridge, self._settings = bridge, settings
        self._colours, self._language, self._zone = colours, language, zone
        self._make, self._now = make, now
        self._fleet = Fleet()
        self._badges = Badges()
        self._told: object = None  # what the status says
        self._keys = tuple(pages)
        self._pages: dict[str, Page] = {}
        self._current = settings.page if settings.page in self._keys else self._keys[0]
        self._is_open = False  # past the gate
        self.setWindowIcon(tray_icon(Icon.IDLE))
        self._build()
        self._keep_soon = QTimer(self)
        self._keep_soon.setSingleShot(True)
        self._keep_soon.setInterval(_KEEP_MS)
        self._keep_soon.timeout.connect(self.keep_settings)
        self._connect()
        self.setMinimumSize(*_LEAST)
        self.resize(*_SIZE)
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromHex(settings.geometry.encode("ascii", "replace")))
        self._show_everything()

    def _build(self) -> None:
        self._navigation = Navigation(self._keys)
        self._problem = Bar("banner", closable=True)
        self._offline = Bar("banner")
        self._done = Bar("done", closable=True)
        self._stack = QStackedWidget()
        self._stack.setObjectName("pages")
        self._status = StatusLine()
        self._account = QMenu(self._status.account)
        self._status.account.setMenu(self._account)
        inside = QVBoxLayout()
        inside.setContentsMargins(GRID * 3, GRID * 2, GRID * 3, GRID)
        inside.setSpacing(GRID)
        for bar in (self._offline, self._problem, self._done):
            inside.addWidget(bar)
        inside.addWidget(self._stack, 1)
        studio = QWidget()
        row = QHBoxLayout(studio)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._navigation)
        row.addLayout(inside, 1)
        self._gate = GatePage()
        self._whole = QStackedWidget()
        self._whole.addWidget(self._gate)
        self._whole.addWidget(studio)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self._whole, 1)
        body.addWidget(self._status)

    def _connect(self) -> None:
        self._bridge.fleet.connect(self.show_fleet)
        self._bridge.refused.connect(self.tell)
        self._navigation.chosen.connect(self.go_to)
        self._gate.stepped.connect(self._stepped)
        self._offline.acted.connect(self._bridge.wake)
        self._account.aboutToShow.connect(self._fill_account)
        for number, key in enumerate(self._keys, start=1):
            self._shortcut(f"Ctrl+{number}", partial(self.go_to, key))
        self._shortcut("Ctrl+F", lambda: self._on_page(lambda page: page.find_in_page()))
        self._shortcut("Ctrl+E", lambda: self._on_page(_export))
        self._shortcut("F5", self._refresh)

    def _shortcut(self, keys: str, function: Callable[[], None]) -> None:
        QShortcut(QKeySequence(keys), self).activated.connect(function)

    # -- Shell ------------------------------------------------------------------------------------

    @property
    def bridge(self) -> AdminBridge:
        return self._bridge

    @property
    def settings(self) -> AdminSettings:
        return self._settings

    @property
    def fleet(self) -> Fleet:
        return self._fleet

    @property
    def language(self) -> str:
        return self._language

    @property
    def colours(self) -> Colours:
        return self._colours

    @property
    def zone(self) -> tzinfo | None:
        return self._zone

    @property
    def page(self) -> Page | None:
        """The one before the person's eyes; None at the gate."""
        return self._pages.get(self._current) if self._is_open else None

    def now(self) -> datetime:
        return self._now()

    def keep_table(self, key: str, table: TableSettings) -> None:
        if self._settings.table(key) != table:
            self._settings = self._settings.with_table(key, table)
            self._keep_soon.start()

    def tell(self, problem: Problem | None) -> None:
        self._problem.show_text(problem_text(problem, self._language), self._language)
        if problem is not None:
            self._done.hide()

    def tell_done(self, sentence: str) -> None:
        self._done.show_text(sentence, self._language, brief=True)
        self._problem.hide()

    def go_to(self, page: str, filter: str = "", row: str = "") -> None:  # noqa: A002
        if page != self._current:
            self._leave_page()
            self._current = page
            self._problem.hide()
            self._settings = self._settings.with_page(page)
            self._keep_soon.start()
            self._enter_page()
        if (filter or row) and self._is_open:
            self._pages[page].open_at(filter, row)

    def choose_language(self, language: str) -> None:
        if language != self._language:
            self.language_chosen.emit(language)

    def choose_look(self, look: str) -> None:
        if look != self._settings.look:
            self._settings = self._settings.with_look(look)
            self._keep_soon.start()
            self.look_chosen.emit(look)

    # -- what the studio says ---------------------------------------------------------------------

    def show_fleet(self, fleet: Fleet, delta: Delta) -> None:
        """What changed."""
        before, self._fleet = self._fleet, fleet
        self._badges.take(fleet, delta)
        was_open = self._is_open
        self._show_standing()
        page = self._pages.get(self._current)
        if was_open and self._is_open and page is not None:
            whole = delta.whole or (before.link, before.role) != (fleet.link, fleet.role)
            page.show_fleet(fleet, EVERYTHING if whole else delta, self._language, self._colours)
            self._show_badges()

    def _show_standing(self) -> None:
        before = gate(self._fleet, self._language)
        line = status(self._fleet, self._now(), self._zone, self._language)
        told = (line, self._colours, self._language)
        if told != self._told:
            self._told = told
            self._show_status(line)
        stale = self._fleet.link is not Link.ONLINE
        if self._stack.property("stale") != stale:
            self._stack.setProperty("stale", stale)
            repolish(self._stack)
        if before is not None:
            self._gate.show_gate(before, self._language)
            self._whole.setCurrentIndex(0)
            self._close_gate()
        elif not self._is_open:
            self._is_open = True
            self._whole.setCurrentIndex(1)
            self._enter_page()

    def _show_status(self, line: Status) -> None:
        self._status.show_status(line, self._colours, self._language)
        again = say("admin.status.try_now", self._language)
        self._offline.show_text(line.banner, self._language, again)
        self.setWindowTitle(line.studio)  # Qt adds the program's name, as this desktop has it
        self._navigation.show_studio(line.studio)

    def _close_gate(self) -> None:
        """What one person may see is not kept for the next one."""
        if not self._is_open:
            return
        self._is_open = False
        self._leave_page()
        for page in self._pages.values():
            self._stack.removeWidget(page)
            page.deleteLater()
        self._pages.clear()

    # -- pages ------------------------------------------------------------------------------------

    def _enter_page(self) -> None:
        self._navigation.show_page(self._current)
        if not self._is_open:
            return
        page = self._pages.get(self._current)
        if page is None:
            page = self._pages[self._current] = self._make(self._current, self)
            page.badge_changed.connect(self._show_badges)
            self._stack.addWidget(page)
        page.show_fleet(self._fleet, EVERYTHING, self._language, self._colours)
        self._stack.setCurrentWidget(page)
        page.shown()
        table = _table(page)
        (table or page).setFocus(Qt.FocusReason.OtherFocusReason)
        self._show_badges()

    def _leave_page(self) -> None:
        page = self._pages.get(self._current)
        if page is not None:
            page.hidden()

    def _show_badges(self) -> None:
        for key in self._keys:
            page = self._pages.get(key)
            told = page.badge() if page is not None else None
            shown = self._badges.badge(key) if told is None else told
            self._navigation.show_badge(key, shown, self._language)

    def _on_page(self, function: Callable[[Page], None]) -> None:
        if self._is_open:
            function(self._pages[self._current])

    def _refresh(self) -> None:
        if self._fleet.link is not Link.ONLINE:
            self._bridge.wake()
        self._on_page(lambda page: page.refresh())

    # -- the gate and the account -----------------------------------------------------------------

    def _stepped(self, step: Step, text: str) -> None:
        match step:
            case Step.FIND:
                self._bridge.find(text)
            case Step.TRUST:
                self._bridge.trust()
            case Step.DISTRUST:
                self._bridge.distrust()
            case Step.SIGN_IN:
                self._bridge.sign_in()
            case Step.CANCEL:
                self._bridge.cancel_sign_in()
            case Step.SIGN_OUT:
                self.ask_to_sign_out()
            case Step.WAKE:
                self._bridge.wake()

    def _fill_account(self) -> None:
        self._account.clear()
        language = self._language
        other = "en" if language == "zh" else "zh"
        entry = self._account.addAction(say("do.language", language))
        entry.triggered.connect(lambda: self.language_chosen.emit(other))
        if self._fleet.person:
            self._account.addSeparator()
            out = self._account.addAction(say("admin.account.sign_out", language))
            out.triggered.connect(self.ask_to_sign_out)

    def ask_to_sign_out(self) -> None:
        """Confirm first: the tray is signed out with it."""
        language = self._language
        confirm(
            self,
            say("admin.account.sign_out.title", language),
            (),
            say("admin.account.sign_out.text", language),
            say("admin.account.sign_out", language),
            False,
            self._bridge.sign_out,
            language,
        )

    # -- looks ------------------------------------------------------------------------------------

    def dress(self, language: str, colours: Colours) -> None:
        """Another language or theme, at once."""
        if language != self._language:
            self._settings = self._settings.with_language(language)
            self._keep_soon.start()
        self._language, self._colours = language, colours
        for page in self._pages.values():
            page.show_fleet(self._fleet, EVERYTHING, language, colours)
        self._show_everything()

    def _show_everything(self) -> None:
        self._navigation.dress(self._colours, self._language)
        self._navigation.show_page(self._current)
        self._problem.hide()
        self._done.hide()
        self._show_standing()
        self._show_badges()

    def bring_up(self) -> None:
        """Before the person's eyes."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def keep_settings(self) -> None:
        """Write down how everything is arranged."""
        self._keep_soon.stop()
        self._bridge.keep_settings(self.arrangement())

    def arrangement(self) -> AdminSettings:
        """How everything is arranged now."""
        geometry = bytes(self.saveGeometry().toHex().data()).decode("ascii")
        return self._settings.with_geometry(geometry)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Somebody looks again: the tray may have signed in meanwhile."""
        super().changeEvent(event)
        activated = event.type() is QEvent.Type.ActivationChange and self.isActiveWindow()
        if activated and self._fleet.link is Link.SIGNED_OUT:
            self._bridge.wake()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        super().closeEvent(event)
        self.closed.emit()


def _table(page: Page) -> TablePane[Any] | None:
    """The first table of a page that is shown."""
    found = page.findChildren(TablePane)
    return next((pane for pane in found if pane.isVisibleTo(page)), None)


def _export(page: Page) -> None:
    table = _table(page)
    if table is not None and table.model.rowCount():
        table.ask_for_csv()
