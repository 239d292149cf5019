"""The filter field of a table: completes names, says at once what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget

_WRITING_MS = 150


class FilterField(QLineEdit):
    """Signals:
    written(str): the text, once the person pauses or presses Enter.

    Args:
        complete: what a text may become.
    """

    written = Signal(str)

    def __init__(self, complete: Callable[[str], list[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._complete = complete
        self.setClearButtonEnabled(True)
        self._choices = QStringListModel(self)
        completer = QCompleter(self._choices, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_WRITING_MS)
        self._pause.timeout.connect(self._tell)
        self.textEdited.connect(self._offer)
        self.textChanged.connect(self._pause.start)
        self.returnPressed.connect(self._tell)

    def show_text(self, text: str) -> None:
        """Put a text in and use it at once."""
        self.setText(text)
        self._tell()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.ShortcutFocusReason:
            self.selectAll()

    def _offer(self, text: str) -> None:
        at_end = self.cursorPosition() == len(text)
        self._choices.setStringList(self._complete(text) if at_end else [])

    def _tell(self) -> None:
        self._pause.stop()
        self.written.emit(self.text())
