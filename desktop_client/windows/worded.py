"""Windows whose words follow the language while they are open."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_client.i18n import say
from desktop_client.shapes import tray_icon
from desktop_client.theme import GRID, Colours
from desktop_client.view_model import Icon
from desktop_client.windows.parts import button, label, pad

# A value of a message that depends on the language itself.
Value = object | Callable[[str], object]


class Words:
    """Remembers where each message is shown, and says them all again in another language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._places: list[tuple[str, Callable[[str], object], dict[str, Value]]] = []

    def put(self, key: str, setter: Callable[[str], object], values: dict[str, Value]) -> None:
        """Say a message there, now and after each change of the language."""
        self._places.append((key, setter, values))
        self._speak(key, setter, values)

    def change(self, language: str) -> bool:
        """Whether it is another one."""
        if language == self.language:
            return False
        self.language = language
        for place in self._places:
            self._speak(*place)
        return True

    def _speak(self, key: str, setter: Callable[[str], object], values: dict[str, Value]) -> None:
        spoken = {k: v(self.language) if callable(v) else v for k, v in values.items()}
        setter(say(key, self.language, **spoken))


class Worded:
    """What windows and dialogs share. ``_begin`` comes first."""

    _words: Words

    def _begin(self, language: str) -> None:
        self._words = Words(language)

    @property
    def language(self) -> str:
        """The one spoken now."""
        return self._words.language

    def reword(self, language: str, colours: Colours) -> None:
        """Speak another language, and take other colours where it paints by itself."""
        self._words.change(language)
        self.refresh(colours)

    def refresh(self, colours: Colours) -> None:
        """Show again what is made from values, in the present language. Nothing by default."""

    def _say(self, key: str, setter: Callable[[str], object], **values: Value) -> None:
        self._words.put(key, setter, values)

    def _label(self, role: str, key: str, *, wrap: bool = True, **values: Value) -> QLabel:
        made = label(role, wrap=wrap)
        self._words.put(key, made.setText, values)
        return made

    def _button(self, role: str, key: str, press: Callable[[], object]) -> QPushButton:
        made = button(role)
        self._words.put(key, made.setText, {})
        made.clicked.connect(lambda: press())
        return made


class Window(Worded, QWidget):
    """A normal window of ours: Escape closes it, closing deletes it.

    Signals:
        closed(): it is gone for the person.
    """

    closed = Signal()

    def __init__(self, language: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowIcon(tray_icon(Icon.IDLE))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._begin(language)

    def bring_up(self) -> None:
        """Show, and come to the front."""
        bring_up(self)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        super().closeEvent(event)
        if event.isAccepted():
            self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)


class Dialog(Worded, QDialog):
    """A title, a text, what is particular, a row of buttons. Modal only where it says so.

    Signals:
        closed(): it is gone for the person.
    """

    closed = Signal()
    _WIDTH = 400

    def __init__(self, language: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowIcon(tray_icon(Icon.IDLE))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(self._WIDTH)
        self._begin(language)
        self.finished.connect(self._finished)
        self._body = QVBoxLayout(self)
        pad(self._body, around=GRID * 2, between=GRID + 4)
        self._row = QHBoxLayout()
        self._row.setSpacing(GRID)

    def bring_up(self) -> None:
        """Show, and come to the front."""
        bring_up(self)

    def _finished(self) -> None:
        self.closed.emit()

    def _head(self, title: str, text: str = "", **values: Value) -> None:
        """The title (the window's as well) and a text below it."""
        heading, below = label("title"), label()
        self._words.put(title, self.setWindowTitle, values)
        self._words.put(title, heading.setText, values)
        self._body.addWidget(heading)
        if text:
            self._words.put(text, below.setText, values)
            self._body.addWidget(below)

    def _foot(self, *widgets: QWidget) -> None:
        """The buttons, at the right, the last one the one that is right now."""
        self._row.addStretch(1)
        for widget in widgets:
            self._row.addWidget(widget)
        self._body.addStretch(1)
        self._body.addLayout(self._row)
        self._fit()

    def _fit(self) -> None:
        """As high as its words at this width need."""
        width = max(self._WIDTH, self._row.sizeHint().width() + GRID * 4)
        height = self._body.heightForWidth(width)
        self.resize(width, max(height, self._body.minimumSize().height()))

    def reword(self, language: str, colours: Colours) -> None:
        super().reword(language, colours)
        self._fit()


def bring_up(window: QWidget) -> None:
    """Show a window, and let it come to the front."""
    if window.isMinimized():
        window.showNormal()
    window.show()
    window.raise_()
    window.activateWindow()
