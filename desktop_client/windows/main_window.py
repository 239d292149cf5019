"""The one window: cards when signed in, before that the way there.

At a tray it is what the icon opens; where there is no tray it is the program.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.shapes import tray_icon
from desktop_client.theme import GRID, Colours
from desktop_client.view_model import Page, View
from desktop_client.windows.card import CardWidget
from desktop_client.windows.pages import (
    ConnectingPage,
    FirstRunPage,
    SigningInPage,
    SignInPage,
    TrustPage,
)
from desktop_client.windows.parts import ElidedLabel, button, label, pad, set_text

_WIDTH, _HEIGHT, _NARROWEST = 400, 600, 360


class MainWindow(QWidget):
    """Signals:
    performed(Action): a person asked for something.
    closed(): the window was closed by the person.
    """

    performed = Signal(object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumWidth(_NARROWEST)
        self.resize(_WIDTH, _HEIGHT)
        self._page: Page | None = None
        self.first_run = FirstRunPage()
        self.trust = TrustPage()
        self.sign_in = SignInPage()
        self.signing_in = SigningInPage()
        self.connecting = ConnectingPage()
        self._cards = _CardsPage()
        self._pages: dict[Page, QWidget] = {
            Page.FIRST_RUN: self.first_run,
            Page.TRUST: self.trust,
            Page.SIGN_IN: self.sign_in,
            Page.SIGNING_IN: self.signing_in,
            Page.CONNECTING: self.connecting,
            Page.CARDS: self._cards,
        }
        for sender in (self.sign_in, self.connecting, self._cards):
            sender.performed.connect(self.performed)
        self._stack = QStackedWidget()
        for page in self._pages.values():
            self._stack.addWidget(page)
        body = QVBoxLayout(self)
        pad(body, around=0, between=0)
        body.addWidget(self._header(), 0)
        body.addWidget(self._stack, 1)
        body.addWidget(self._footer(), 0)

    def _header(self) -> QWidget:
        frame = QFrame()
        frame.setObjectName("header")
        self._studio = ElidedLabel("title")
        self._person = label("quiet", wrap=False)
        row = QHBoxLayout(frame)
        row.setContentsMargins(GRID * 2, GRID + 4, GRID * 2, GRID + 4)
        row.addWidget(self._studio, 1)
        row.addWidget(self._person)
        return frame

    def _footer(self) -> QWidget:
        frame = QWidget()
        self._web = button("link")
        self._sign_out = button("link")
        self._language = button("link")
        self._quit = button("link")
        for one, do in (
            (self._web, Do.WEB),
            (self._sign_out, Do.SIGN_OUT),
            (self._language, Do.LANGUAGE),
            (self._quit, Do.QUIT),
        ):
            one.clicked.connect(self._performer(Action(do)))
        row = QHBoxLayout(frame)
        row.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        row.addWidget(self._web)
        row.addWidget(self._sign_out)
        row.addStretch(1)
        row.addWidget(self._language)
        row.addWidget(self._quit)
        return frame

    def _performer(self, action: Action):  # type: ignore[no-untyped-def]
        return lambda: self.performed.emit(action)

    def show_view(self, view: View, colours: Colours, language: str) -> None:
        """Show what the desk looks like now."""
        title = say("app.name", language)
        self.setWindowTitle(title if view.studio == title else f"{view.studio} · {title}")
        self.setWindowIcon(tray_icon(view.icon))
        self._studio.show_text(view.studio)
        set_text(self._person, view.person if view.page is Page.CARDS else "")
        signed_in = view.page is Page.CARDS
        self._web.setVisible(signed_in)
        self._sign_out.setVisible(signed_in)
        for one, do in (
            (self._web, Do.WEB),
            (self._sign_out, Do.SIGN_OUT),
            (self._language, Do.LANGUAGE),
            (self._quit, Do.QUIT),
        ):
            one.setText(say(f"do.{do}", language))
        for page in (
            self.first_run,
            self.trust,
            self.sign_in,
            self.signing_in,
            self.connecting,
        ):
            page.show_view(view, language)
        self._cards.show_view(view, colours, language)
        if view.page is not self._page:
            self._page = view.page
            self._stack.setCurrentWidget(self._pages[view.page])
            if view.page is Page.FIRST_RUN:
                self.first_run.focus()

    def bring_up(self) -> None:
        """Show, and come to the front."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        super().closeEvent(event)
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)


class _CardsPage(QWidget):
    """Banner and cards, in a list that scrolls."""

    performed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._widgets: dict[str, CardWidget] = {}
        self._banner = QFrame()
        self._banner.setObjectName("banner")
        self._banner_text = label()
        self._banner_action = button()
        self._banner_do: Action | None = None
        self._banner_action.clicked.connect(self._act)
        row = QHBoxLayout(self._banner)
        row.setContentsMargins(GRID + 4, GRID, GRID, GRID)
        row.addWidget(self._banner_text, 1)
        row.addWidget(self._banner_action, 0, Qt.AlignmentFlag.AlignTop)
        self._empty = label("quiet")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner = QWidget()
        self._list = QVBoxLayout(inner)
        pad(self._list, around=GRID + 4, between=GRID)
        self._list.addWidget(self._banner)
        self._list.addWidget(self._empty, 1)
        self._list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inner)
        body = QVBoxLayout(self)
        pad(body, around=0, between=0)
        body.addWidget(area)

    def show_view(self, view: View, colours: Colours, language: str) -> None:
        self._banner.setVisible(bool(view.banner))
        self._banner_text.setText(view.banner)
        offer = view.banner_action
        self._banner_do = offer.action if offer else None
        self._banner_action.setVisible(offer is not None)
        if offer is not None:
            self._banner_action.setText(offer.label)
        set_text(self._empty, view.empty)
        keys = [card.key for card in view.cards]
        for key in [k for k in self._widgets if k not in keys]:
            gone = self._widgets.pop(key)
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for index, card in enumerate(view.cards):
            widget = self._widgets.get(card.key)
            if widget is None:
                widget = CardWidget()
                widget.performed.connect(self.performed)
                self._widgets[card.key] = widget
            widget.show_view(card, colours, language)
            place = index + 2  # after banner and the empty text
            if self._list.indexOf(widget) != place:
                self._list.insertWidget(place, widget)

    def _act(self) -> None:
        if self._banner_do is not None:
            self.performed.emit(self._banner_do)
