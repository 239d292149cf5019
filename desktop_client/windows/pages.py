"""The pages of the way to one's engines: studio, trust, sign-in, done."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.picture import Picture
from desktop_client.shapes import tray_icon
from desktop_client.theme import GRID
from desktop_client.view_model import Icon, View
from desktop_client.windows.parts import button, label, pad, set_text
from desktop_client.wording import grouped

_LOGO = 56


class Step(QWidget):
    """A title, a text, what is particular, a problem where there is one, a row of buttons.

    Signals:
        performed(Action): something of the usual kind was asked for.
    """

    performed = Signal(object)
    icon = Icon.IDLE

    def __init__(self) -> None:
        super().__init__()
        self._logo = Picture()
        self._logo.paint(lambda ratio: tray_icon(self.icon).pixmap(QSize(_LOGO, _LOGO), ratio))
        self._title = label("page")
        self._text = label("quiet")
        self._problem = label("problem")
        self._row = QHBoxLayout()
        self._row.setSpacing(GRID)
        self._body = QVBoxLayout(self)
        pad(self._body, around=GRID * 4, between=GRID + 4)
        self._body.addStretch(1)
        self._body.addWidget(self._logo)
        self._body.addWidget(self._title)
        self._body.addWidget(self._text)
        self._fill()
        self._body.addWidget(self._problem)
        self._body.addSpacing(GRID)
        self._body.addLayout(self._row)
        self._body.addStretch(2)

    def _fill(self) -> None:
        """Add what is particular to this page."""
        raise NotImplementedError

    def _buttons(self, first: QWidget, other: QWidget) -> None:
        """The one that is right now, and the way back at the far end."""
        self._row.addWidget(first)
        self._row.addStretch(1)
        self._row.addWidget(other)

    def show_view(self, view: View, language: str) -> None:
        """Show the view's part in this."""
        set_text(self._problem, view.problem)

    def focus(self) -> None:
        """Where typing goes when the page comes up."""


class StudioPage(Step):
    """Where is your studio?

    Signals:
        entered(str): an address or a join link.
        went_back(): to the studio that was there before.
    """

    entered = Signal(str)
    went_back = Signal()

    def _fill(self) -> None:
        self._field = QLineEdit()
        self._field.returnPressed.connect(self._enter)
        self._connect = button("primary")
        self._connect.clicked.connect(self._enter)
        self._back = button("link")
        self._back.clicked.connect(self.went_back)
        self._body.addWidget(self._field)
        self._buttons(self._connect, self._back)

    def show_view(self, view: View, language: str) -> None:
        super().show_view(view, language)
        self._title.setText(say("first.title", language))
        self._text.setText(say("first.text", language))
        self._field.setPlaceholderText(say("first.placeholder", language))
        self._field.setAccessibleName(say("first.field", language))
        if view.address and not self._field.text() and not self._field.hasFocus():
            self._field.setText(view.address)
        self._connect.setText(say("first.looking" if view.busy else "first.connect", language))
        self._connect.setEnabled(not view.busy)
        self._back.setText(say("first.back", language))

    def allow_back(self, allowed: bool) -> None:
        """Whether there is a studio to go back to."""
        self._back.setVisible(allowed)

    def focus(self) -> None:
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _enter(self) -> None:
        if self._field.text().strip() and self._connect.isEnabled():
            self.entered.emit(self._field.text())


class TrustPage(Step):
    """Is that your studio?

    Signals:
        trusted(): the person compared the fingerprint.
        went_back(): it is another one.
    """

    trusted = Signal()
    went_back = Signal()

    def _fill(self) -> None:
        self._where = label("caption")
        self._pin = label("code")
        self._pin.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._yes = button("primary")
        self._yes.clicked.connect(self.trusted)
        self._back = button("link")
        self._back.clicked.connect(self.went_back)
        self._body.addWidget(self._where)
        self._body.addWidget(self._pin)
        self._buttons(self._yes, self._back)

    def show_view(self, view: View, language: str) -> None:
        super().show_view(view, language)
        self._title.setText(say("trust.title", language))
        self._text.setText(say("trust.text", language))
        self._where.setText(say("trust.fingerprint", language, address=view.address))
        self._pin.setText(grouped(view.pin))
        self._pin.setAccessibleName(view.pin)
        self._yes.setText(say("trust.yes", language))
        self._back.setText(say("trust.no", language))

    def focus(self) -> None:
        self._back.setFocus(Qt.FocusReason.OtherFocusReason)  # nobody trusts by a stray key


class SignInPage(Step):
    """One sentence and one button."""

    icon = Icon.SIGNED_OUT

    def _fill(self) -> None:
        self._sign_in = button("primary")
        self._sign_in.clicked.connect(lambda: self.performed.emit(Action(Do.SIGN_IN)))
        self._other = button("link")
        self._other.clicked.connect(lambda: self.performed.emit(Action(Do.CHANGE_STUDIO)))
        self._buttons(self._sign_in, self._other)

    def show_view(self, view: View, language: str) -> None:
        super().show_view(view, language)
        self._title.setText(say("sign_in.title", language, studio=view.studio))
        self._text.setText(say("sign_in.text", language))
        self._sign_in.setText(say("do.sign-in", language))
        self._other.setText(say("do.change-studio", language))

    def focus(self) -> None:
        self._sign_in.setFocus(Qt.FocusReason.OtherFocusReason)


class SigningInPage(Step):
    """The browser has it; a link to copy, and Cancel.

    Signals:
        cancelled(): no more.
    """

    cancelled = Signal()
    icon = Icon.CONNECTING

    def _fill(self) -> None:
        self._language = "en"
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._link = QLineEdit()
        self._link.setReadOnly(True)
        self._copy = button()
        self._copy.clicked.connect(self._copy_link)
        self._cancel = button("link")
        self._cancel.clicked.connect(self.cancelled)
        self._body.addWidget(self._bar)
        self._body.addWidget(self._link)
        self._buttons(self._copy, self._cancel)

    def show_view(self, view: View, language: str) -> None:
        super().show_view(view, language)
        self._title.setText(say("sign_in.waiting.title", language))
        self._bar.setAccessibleName(self._title.text())
        self._text.setText(say("sign_in.waiting.text", language))
        if self._link.text() != view.sign_in_url:
            self._link.setText(view.sign_in_url)
            self._link.setCursorPosition(0)
        if language != self._language or not view.sign_in_url or not self._copy.text():
            self._copy.setText(say("sign_in.copy", language))
        self._language = language
        self._copy.setEnabled(bool(view.sign_in_url))
        self._cancel.setText(say("sign_in.cancel", language))
        self._link.setAccessibleName(say("sign_in.waiting.text", language))

    def focus(self) -> None:
        self._copy.setFocus(Qt.FocusReason.OtherFocusReason)

    def _copy_link(self) -> None:
        QGuiApplication.clipboard().setText(self._link.text())
        self._copy.setText(say("sign_in.copied", self._language))


class ConnectingPage(Step):
    """On the way to the coordinator for the first time; never modal, tried again by itself."""

    icon = Icon.CONNECTING

    def _fill(self) -> None:
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._again = button()
        self._again.clicked.connect(lambda: self.performed.emit(Action(Do.RECONNECT)))
        self._other = button("link")
        self._other.clicked.connect(lambda: self.performed.emit(Action(Do.CHANGE_STUDIO)))
        self._body.addWidget(self._bar)
        self._buttons(self._again, self._other)

    def show_view(self, view: View, language: str) -> None:
        super().show_view(view, language)
        failed = bool(view.problem)
        self._title.setText(say("connecting.title", language, address=view.address))
        self._bar.setAccessibleName(self._title.text())
        self._text.setText(say("connecting.failed" if failed else "connecting.text", language))
        self._bar.setVisible(not failed)
        self._again.setVisible(failed)
        self._again.setText(say("do.reconnect", language))
        self._other.setText(say("do.change-studio", language))


class DonePage(Step):
    """Signed in: where the icon is, and whether to start with the computer.

    Signals:
        autostart_chosen(bool): the switch was moved.
        went_on(): to the engines.
    """

    autostart_chosen = Signal(bool)
    went_on = Signal()
    icon = Icon.READY

    def _fill(self) -> None:
        self._has_tray = True
        self._where = label()
        self._autostart = QCheckBox()
        self._autostart.clicked.connect(self.autostart_chosen)
        self._autostart.hide()
        self._autostart_text = label("caption")
        self._go = button("primary")
        self._go.clicked.connect(self.went_on)
        self._body.addWidget(self._where)
        self._body.addSpacing(GRID)
        self._body.addWidget(self._autostart)
        self._body.addWidget(self._autostart_text)
        self._row.addWidget(self._go)
        self._row.addStretch(1)

    def show_tray(self, has_tray: bool) -> None:
        """Whether there is an icon to be found."""
        self._has_tray = has_tray

    def show_autostart(self, on: bool | None, problem: str) -> None:
        """How the switch stands; None: there is none on this system."""
        self._autostart.setVisible(on is not None)
        self._autostart_text.setVisible(on is not None)
        self._autostart.setChecked(bool(on))
        set_text(self._problem, problem)

    def show_view(self, view: View, language: str) -> None:
        self._title.setText(say("first.done.title", language))
        self._text.setText(
            say("first.done.text", language, studio=view.studio, person=view.person or "–")
        )
        where = "first.done.where" if self._has_tray else "first.done.no_tray"
        self._where.setText(say(where, language))
        self._autostart.setText(say("autostart.switch", language))
        self._autostart_text.setText(say("autostart.text", language))
        self._go.setText(say("first.done.go", language))

    def focus(self) -> None:
        self._go.setFocus(Qt.FocusReason.OtherFocusReason)
