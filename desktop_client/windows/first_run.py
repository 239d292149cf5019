"""The way to one's engines, in a small window of its own: studio, trust, sign-in, ready.

At the first run it comes up by itself; later only where a person has to do something that the
flyout cannot: another studio, signing in again.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.shapes import tray_icon
from desktop_client.theme import GRID, Colours
from desktop_client.view_model import Icon, Page, View
from desktop_client.windows.pages import (
    ConnectingPage,
    DonePage,
    SigningInPage,
    SignInPage,
    Step,
    StudioPage,
    TrustPage,
)
from desktop_client.windows.parts import button, label, pad, repolish
from desktop_client.windows.worded import bring_up

_WIDTH, _HEIGHT = 480, 560
_STEPS = ("studio", "trust", "sign_in", "done")
_STEP_OF = {
    Page.FIRST_RUN: 0,
    Page.TRUST: 1,
    Page.CONNECTING: 2,
    Page.SIGN_IN: 2,
    Page.SIGNING_IN: 2,
    Page.CARDS: 3,
}


class FirstRunWindow(QWidget):
    """One page at a time, as the view says; it is kept, and only hidden when closed.

    Signals:
        performed(Action): something of the usual kind was asked for.
        closed(): the person closed it.
        went_on(): the person read the last page.

    Attributes:
        studio, trust, sign_in, signing_in, connecting, done: the pages, with signals of their own.
    """

    performed = Signal(object)
    closed = Signal()
    went_on = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumWidth(_WIDTH - GRID * 10)
        self.resize(_WIDTH, _HEIGHT)
        self.studio = StudioPage()
        self.trust = TrustPage()
        self.sign_in = SignInPage()
        self.signing_in = SigningInPage()
        self.connecting = ConnectingPage()
        self.done = DonePage()
        self._page: Page | None = None
        self._pages: dict[Page, Step] = {
            Page.FIRST_RUN: self.studio,
            Page.TRUST: self.trust,
            Page.SIGN_IN: self.sign_in,
            Page.SIGNING_IN: self.signing_in,
            Page.CONNECTING: self.connecting,
            Page.CARDS: self.done,
        }
        self._stack = QStackedWidget()
        for page in self._pages.values():
            page.performed.connect(self.performed)
            self._stack.addWidget(page)
        self.done.went_on.connect(self.went_on)
        body = QVBoxLayout(self)
        pad(body, around=0, between=0)
        body.addWidget(self._header())
        body.addWidget(self._stack, 1)
        body.addLayout(self._footer())

    def _header(self) -> QWidget:
        """The four steps, the present one strong."""
        frame = QFrame()
        frame.setObjectName("header")
        row = QHBoxLayout(frame)
        row.setContentsMargins(GRID * 4, GRID + 4, GRID * 4, GRID + 4)
        row.setSpacing(GRID)
        self._steps = [label("step", wrap=False) for _ in _STEPS]
        for index, step in enumerate(self._steps):
            if index:
                line = QFrame()
                line.setObjectName("rule")
                row.addWidget(line, 1, Qt.AlignmentFlag.AlignVCenter)
            row.addWidget(step)
        return frame

    def _footer(self) -> QHBoxLayout:
        self._language = button("link")
        self._language.clicked.connect(lambda: self.performed.emit(Action(Do.LANGUAGE)))
        self._quit = button("link")
        self._quit.clicked.connect(lambda: self.performed.emit(Action(Do.QUIT)))
        row = QHBoxLayout()
        row.setContentsMargins(GRID * 3, 0, GRID * 3, GRID)
        row.addWidget(self._language)
        row.addStretch(1)
        row.addWidget(self._quit)
        return row

    def show_view(self, view: View, colours: Colours, language: str) -> None:
        """Show where the way has come to."""
        self.setWindowTitle(view.studio)  # Qt adds the program's name, as this desktop has it
        self.setWindowIcon(tray_icon(Icon.IDLE))
        self._language.setText(say("do.language", language))
        self._quit.setText(say("do.quit", language))
        self._show_steps(_STEP_OF[view.page], language)
        for page in self._pages.values():
            page.show_view(view, language)
        if view.page is not self._page:
            self._page = view.page
            page = self._pages[view.page]
            self._stack.setCurrentWidget(page)
            page.focus()

    def _show_steps(self, now: int, language: str) -> None:
        for index, (step, key) in enumerate(zip(self._steps, _STEPS, strict=True)):
            text = say(f"first.step.{key}", language)
            step.setText(f"{'✓' if index < now else index + 1}  {text}")
            if step.property("now") != (index == now):
                step.setProperty("now", index == now)
                repolish(step)
            if index == now:
                step.setAccessibleName(
                    say("first.step.now", language, step=now + 1, steps=len(_STEPS), name=text)
                )

    def bring_up(self) -> None:
        """Show, and come to the front."""
        bring_up(self)
        if self._page is not None:
            self._pages[self._page].focus()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        super().closeEvent(event)
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)
