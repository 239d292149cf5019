"""The flyout's header (studio, settings, account) and footer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.picture import Picture, sharp_icon
from desktop_client.shapes import chevron, gear, mark
from desktop_client.theme import GRID, TITLE, Colours
from desktop_client.view_model import Page, View
from desktop_client.windows.parts import ElidedLabel, button, label

_LONGEST_NAME = 18  # characters of a person's name
_BEFORE_STUDIO = (Page.FIRST_RUN, Page.TRUST)


class Header(QFrame):
    """Signals: performed(Action)."""

    performed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._shown: tuple[object, ...] = ()
        self._mark = Picture()
        self._mark.setFixedSize(TITLE, TITLE)
        self._studio = ElidedLabel("title")
        self._settings = QToolButton()
        self._settings.clicked.connect(lambda: self.performed.emit(Action(Do.SETTINGS)))
        self._settings.setIconSize(QSize(TITLE + 2, TITLE + 2))
        self._account = QToolButton()
        self._account.setProperty("role", "account")
        self._account.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._account.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow comes last
        self._account.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._account.setIconSize(QSize(TITLE, TITLE))
        self._menu = QMenu(self._account)
        self._menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._account.setMenu(self._menu)
        self._silent = label("caption", wrap=False)
        self._speak = button("link")
        self._speak.clicked.connect(lambda: self.performed.emit(Action(Do.SNOOZE, value="off")))
        self._silence = QWidget()
        below = QHBoxLayout(self._silence)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self._silent, 1)
        below.addWidget(self._speak)
        self._silence.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID, GRID, GRID)
        column.setSpacing(0)
        row = QHBoxLayout()
        column.addLayout(row)
        column.addWidget(self._silence)
        row.setSpacing(GRID)
        row.addWidget(self._mark)
        row.addWidget(self._studio, 1)
        row.addWidget(self._settings)
        row.addWidget(self._account)
        self.setTabOrder(self._settings, self._account)

    def show_view(self, view: View, colours: Colours, language: str) -> None:
        """Show studio, link and person."""
        shown = (view.studio, view.person, view.page, view.link, view.link_struck,
                 view.link_words, view.silent, colours, language)  # fmt: skip
        if shown == self._shown:
            return
        self._shown = shown
        state = (view.link, view.link_struck)
        self._mark.paint(lambda ratio: mark(*state, colours, TITLE, ratio))
        self._silent.setText(view.silent)
        self._speak.setText(say("settings.silence.off", language))
        self._silence.setVisible(bool(view.silent))
        self._mark.setToolTip(view.link_words)
        self._mark.setAccessibleName(view.link_words)
        self._studio.show_text(view.studio)
        self._settings.setIcon(sharp_icon(lambda ratio: gear(colours, TITLE + 2, ratio)))
        self._settings.setAccessibleName(say("do.settings", language))
        self._settings.setToolTip(say("do.settings", language))
        self._account.setIcon(sharp_icon(lambda ratio: chevron(colours, TITLE, ratio)))
        name = view.person if view.page is Page.CARDS else ""
        short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1].rstrip() + "…"
        unnamed = say("flyout.account_unnamed", language)
        self._account.setText(short.replace("&", "&&") or unnamed)
        spoken = say("flyout.account", language, name=name) if name else unnamed
        self._account.setAccessibleName(spoken)
        self._account.setToolTip(spoken)
        self._account.setVisible(view.page not in _BEFORE_STUDIO)
        self._fill_menu(view, language)

    def _fill_menu(self, view: View, language: str) -> None:
        self._menu.clear()
        wanted = [Do.CHANGE_STUDIO]
        if view.page is Page.CARDS:
            wanted = [Do.WEB, Do.CHANGE_STUDIO, Do.SIGN_OUT]
            if view.for_it:
                wanted.insert(0, Do.ADMIN)
        for do in wanted:
            entry = self._menu.addAction(say(f"do.{do}", language))
            entry.triggered.connect(_performer(self, do))


class Footer(QFrame):
    """Signals: performed(Action)."""

    performed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self._language = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID + 2, GRID // 2, GRID + 2, GRID // 2)
        row.setSpacing(GRID // 2)
        self._buttons = {do: button("link") for do in (Do.TRASH, Do.RECENT, Do.HELP, Do.QUIT)}
        for do, one in self._buttons.items():
            one.clicked.connect(_performer(self, do))
            if do is Do.QUIT:
                row.addStretch(1)
            row.addWidget(one)

    def show_view(self, view: View, language: str) -> None:
        """What is about one's own engines is there for those who are signed in."""
        self._buttons[Do.TRASH].setVisible(view.page is Page.CARDS)
        if language == self._language:
            return
        self._language = language
        for do, one in self._buttons.items():
            one.setText(say(f"do.{do}", language))


def _performer(sender: Header | Footer, do: Do) -> Callable[[], None]:
    return lambda: sender.performed.emit(Action(do))
