"""The settings: studio, account, notifications, this computer. Every change holds at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_client.desk import Action, Do
from desktop_client.settings import Language, Look, Notify, OnSleep, Settings, Snooze
from desktop_client.settings_view import SettingsView
from desktop_client.theme import GRID, Colours
from desktop_client.windows.choice import Choice
from desktop_client.windows.parts import label, pad, set_text
from desktop_client.windows.token_list import TokenList
from desktop_client.windows.worded import Window
from desktop_client.wording import grouped

_NAV_WIDTH = 168


class Section(StrEnum):
    """The pages, in order."""

    STUDIO = "studio"
    ACCOUNT = "account"
    NOTIFICATIONS = "notifications"
    COMPUTER = "computer"


class SettingsWindow(Window):
    """Signals:
    chose(Settings): another choice; the caller keeps it and shows the view anew.
    performed(Action): sign out, another studio, silence.
    autostart_chosen(bool): start with the computer, or no longer.

    Attributes:
        tokens: the list of API tokens, with signals of its own.
    """

    chose = Signal(object)
    performed = Signal(object)
    autostart_chosen = Signal(bool)

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self._view: SettingsView | None = None
        self._say("settings.title", self.setWindowTitle)
        self.resize(720, 560)
        self._nav = QListWidget()
        self._nav.setObjectName("nav")
        self._nav.setFixedWidth(_NAV_WIDTH)
        self._nav.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._say("settings.title", self._nav.setAccessibleName)
        self._stack = QStackedWidget()
        self._problem = label("problem")
        self._problem.setContentsMargins(GRID * 3, GRID, GRID * 3, GRID)
        self._problem.hide()
        self.tokens = TokenList(self._words)
        pages = {
            Section.STUDIO: self._studio_page(),
            Section.ACCOUNT: self._account_page(),
            Section.NOTIFICATIONS: self._notifications_page(),
            Section.COMPUTER: self._computer_page(),
        }
        for section, page in pages.items():
            self._nav.addItem("")
            self._say(f"settings.{section}", self._namer(self._nav.count() - 1))
            area = _scrolling(page)
            self._say(f"settings.{section}", area.setAccessibleName)
            self._stack.addWidget(area)
        self._nav.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._nav.setCurrentRow(0)
        right = QVBoxLayout()
        pad(right, around=0, between=0)
        right.addWidget(self._problem)
        right.addWidget(self._stack, 1)
        row = QHBoxLayout(self)
        pad(row, around=0, between=0)
        row.addWidget(self._nav)
        row.addLayout(right, 1)

    def go_to(self, section: Section) -> None:
        """Show a page."""
        self._nav.setCurrentRow(list(Section).index(section))

    def show_view(self, view: SettingsView) -> None:
        """Show how everything stands."""
        self._view = view
        settings = view.settings
        set_text(self._problem, view.problem)
        set_text(self._studio, view.studio)
        set_text(self._state, view.state)
        set_text(self._address, view.address)
        set_text(self._pin, grouped(view.pin) if view.pin else "")
        self._pin_title.setVisible(bool(view.pin))
        set_text(self._person, view.person)
        set_text(self._who, " · ".join(x for x in (view.email, view.role) if x))
        self._local.setVisible(view.local)
        self._sign_out.setVisible(view.signed_in)
        self._sign_in.setVisible(not view.signed_in)
        self.tokens.setVisible(view.signed_in)
        self.tokens.show_rows(view.tokens)
        self.tokens.form.show_openable(view.openable)
        self._notify.choose(settings.notify)
        set_text(self._silent, view.silent)
        self._off.setVisible(bool(view.silent))
        for one in (self._hour, self._tomorrow):
            one.setVisible(not view.silent)
        self._language.choose(settings.language)
        self._look.choose(settings.look)
        self._on_sleep.choose(settings.on_sleep)
        self._autostart.setEnabled(view.autostart is not None)
        self._autostart.setChecked(bool(view.autostart))

    def refresh(self, colours: Colours) -> None:
        if self._view is not None:
            self.show_view(self._view)

    # -- the pages ------------------------------------------------------------------------------

    def _studio_page(self) -> QVBoxLayout:
        page = self._page("settings.studio")
        panel = self._panel(page)
        self._studio = label("title")
        self._state = label("quiet")
        self._address = label()
        self._address.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._pin_title = self._label("caption", "settings.fingerprint")
        self._pin = label("code")
        self._pin.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._say("settings.fingerprint", self._pin.setAccessibleDescription)
        for widget in (self._studio, self._state, self._address, self._pin_title, self._pin):
            panel.addWidget(widget)
        change = self._button("", "do.change-studio", self._performer(Do.CHANGE_STUDIO))
        page.addWidget(change)
        page.addStretch(1)
        return page

    def _account_page(self) -> QVBoxLayout:
        page = self._page("settings.account")
        panel = self._panel(page)
        self._person = label("title")
        self._who = label("quiet")
        panel.addWidget(self._person)
        panel.addWidget(self._who)
        self._sign_out = self._button("", "do.sign-out", self._performer(Do.SIGN_OUT))
        self._sign_in = self._button("primary", "do.sign-in", self._performer(Do.SIGN_IN))
        self._local = self._button("", "do.account", self._performer(Do.ACCOUNT))
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for widget in (self._local, self._sign_out, self._sign_in):
            row.addWidget(widget)
        row.addStretch(1)
        panel.addLayout(row)
        page.addWidget(self.tokens)
        page.addStretch(1)
        return page

    def _notifications_page(self) -> QVBoxLayout:
        page = self._page("settings.notifications")
        self._notify = Choice(
            (
                (Notify.ALL, "settings.notify.all", "settings.notify.all.text"),
                (Notify.NEEDS_ME, "settings.notify.needs-me", "settings.notify.needs-me.text"),
                (Notify.NONE, "settings.notify.none", "settings.notify.none.text"),
            ),
            self._put,
        )
        self._notify.chosen.connect(self._chooser("notify"))
        self._panel(page).addWidget(self._notify)
        page.addWidget(self._label("section", "settings.silence"))
        self._silent = label()
        self._hour = self._button("", "settings.silence.hour", self._snoozer(Snooze.HOUR))
        self._tomorrow = self._button(
            "", "settings.silence.tomorrow", self._snoozer(Snooze.TOMORROW)
        )
        self._off = self._button("", "settings.silence.off", self._snoozer(Snooze.OFF))
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._silent)
        for widget in (self._hour, self._tomorrow, self._off):
            row.addWidget(widget)
        row.addStretch(1)
        panel = self._panel(page)
        panel.addWidget(self._label("quiet", "settings.silence.text"))
        panel.addLayout(row)
        page.addStretch(1)
        return page

    def _computer_page(self) -> QVBoxLayout:
        page = self._page("settings.computer")
        self._language = Choice(
            (
                (Language.SYSTEM, "settings.language.system", ""),
                (Language.ENGLISH, "settings.language.en", ""),
                (Language.CHINESE, "settings.language.zh", ""),
            ),
            self._put,
        )
        self._language.chosen.connect(self._chooser("language"))
        self._look = Choice(
            (
                (Look.SYSTEM, "settings.look.system", ""),
                (Look.LIGHT, "settings.look.light", ""),
                (Look.DARK, "settings.look.dark", ""),
            ),
            self._put,
        )
        self._look.chosen.connect(self._chooser("look"))
        self._on_sleep = Choice(
            (
                (OnSleep.KEEP, "settings.sleep.keep", "settings.sleep.keep.text"),
                (OnSleep.ASK, "settings.sleep.ask", "settings.sleep.ask.text"),
                (OnSleep.STOP, "settings.sleep.stop", "settings.sleep.stop.text"),
            ),
            self._put,
        )
        self._on_sleep.chosen.connect(self._chooser("on_sleep"))
        self._autostart = QCheckBox()
        self._autostart.clicked.connect(self.autostart_chosen)
        self._say("autostart.switch", self._autostart.setText)
        autostart = self._panel(page)
        autostart.addWidget(self._autostart)
        autostart.addWidget(self._label("caption", "autostart.text"))
        for title, widget in (
            ("settings.language", self._language),
            ("settings.look", self._look),
            ("settings.sleep", self._on_sleep),
        ):
            page.addWidget(self._label("section", title))
            self._panel(page).addWidget(widget)
        page.addStretch(1)
        return page

    # -- small things ---------------------------------------------------------------------------

    def _page(self, title: str) -> QVBoxLayout:
        page = QVBoxLayout()
        pad(page, around=GRID * 3, between=GRID + 4)
        page.addWidget(self._label("page", title))
        return page

    def _panel(self, page: QVBoxLayout) -> QVBoxLayout:
        frame = QFrame()
        frame.setObjectName("panel")
        body = QVBoxLayout(frame)
        pad(body, around=GRID * 2, between=GRID)
        page.addWidget(frame)
        return body

    def _namer(self, row: int) -> Callable[[str], None]:
        """The item is asked for each time: the list alone owns it."""
        return lambda words: self._nav.item(row).setText(words)

    def _put(self, key: str, setter: Callable[[str], object]) -> None:
        self._words.put(key, setter, {})

    def _performer(self, do: Do) -> Callable[[], None]:
        return lambda: self.performed.emit(Action(do))

    def _snoozer(self, span: Snooze) -> Callable[[], None]:
        return lambda: self.performed.emit(Action(Do.SNOOZE, value=str(span)))

    def _chooser(self, name: str) -> Callable[[object], None]:
        def choose(value: object) -> None:
            if self._view is not None:
                changed: Settings = replace(self._view.settings, **{name: value})  # type: ignore[arg-type]
                self.chose.emit(changed)

        return choose


def _scrolling(page: QVBoxLayout) -> QScrollArea:
    inner = QWidget()
    inner.setLayout(page)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(inner)
    return area
