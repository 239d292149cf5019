"""Small windows beside the main one. Only the confirmation of a deletion is modal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_client.i18n import say
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad

_LOG_LINES = 5000
_WIDTH = 360


class _Dialog(QDialog):
    """A title, a text, what is particular, a row of buttons."""

    def __init__(self, title: str, text: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self._body = QVBoxLayout(self)
        pad(self._body, around=GRID * 2, between=GRID + 4)
        self._body.addWidget(label("title", title))
        if text:
            self._body.addWidget(label("", text))
        self._row = QHBoxLayout()

    def _finish(self) -> None:
        self._body.addLayout(self._row)
        self.adjustSize()


class AskName(_Dialog):
    """A new name. Signals: named(str)."""

    named = Signal(str)

    def __init__(self, name: str, language: str, parent: QWidget | None = None) -> None:
        super().__init__(say("rename.title", language, name=name), "", parent)
        self._field = QLineEdit(name)
        self._field.setAccessibleName(say("rename.text", language))
        self._field.setMaxLength(60)
        self._field.selectAll()
        self._yes = button("primary", say("rename.yes", language))
        self._yes.setDefault(True)
        self._yes.clicked.connect(self._name)
        no = button("", say("cancel", language))
        no.clicked.connect(self.reject)
        self._body.addWidget(self._field)
        self._row.addStretch(1)
        self._row.addWidget(no)
        self._row.addWidget(self._yes)
        self._finish()

    def _name(self) -> None:
        if self._field.text().strip():
            self.named.emit(self._field.text().strip())
            self.accept()


class ConfirmDelete(_Dialog):
    """Destructive, so modal, and confirmed by typing the name. Signals: confirmed()."""

    confirmed = Signal()

    def __init__(self, name: str, size: str, language: str, parent: QWidget | None = None) -> None:
        text = say("delete.text", language, name=name, size=size)
        super().__init__(say("delete.title", language, name=name), text, parent)
        self.setModal(True)
        self._name = name
        self._field = QLineEdit()
        self._field.setPlaceholderText(name)
        self._field.setAccessibleName(text)
        self._field.textChanged.connect(self._typed)
        self._yes = button("danger", say("delete.yes", language))
        self._yes.setEnabled(False)
        self._yes.clicked.connect(self._confirm)
        no = button("", say("cancel", language))
        no.clicked.connect(self.reject)
        self._body.addWidget(self._field)
        self._row.addStretch(1)
        self._row.addWidget(no)
        self._row.addWidget(self._yes)
        self._finish()

    def _typed(self, text: str) -> None:
        self._yes.setEnabled(text.strip() == self._name)

    def _confirm(self) -> None:
        self.confirmed.emit()
        self.accept()


class Telling(_Dialog):
    """Something to read: why an engine waits."""

    def __init__(self, title: str, text: str, language: str, parent: QWidget | None = None) -> None:
        super().__init__(title, text, parent)
        close = button("", say("close", language))
        close.clicked.connect(self.accept)
        self._row.addStretch(1)
        self._row.addWidget(close)
        self._finish()


class Leaving(_Dialog):
    """Quit while engines run. Signals: left(), stopped_and_left()."""

    left = Signal()
    stopped_and_left = Signal()

    def __init__(self, names: Sequence[str], language: str, parent: QWidget | None = None) -> None:
        text = say("quit.text", language, names=", ".join(names))
        super().__init__(say("quit.title", language), text, parent)
        leave = button("primary", say("quit.yes", language))
        leave.clicked.connect(self.left)
        stop = button("", say("quit.stop", language))
        stop.clicked.connect(self.stopped_and_left)
        no = button("", say("cancel", language))
        no.clicked.connect(self.reject)
        self._row.addWidget(no)
        self._row.addStretch(1)
        self._row.addWidget(stop)
        self._row.addWidget(leave)
        self._finish()


class LogsWindow(QWidget):
    """The log of one instance, followed. Signals: closed(str) with its key."""

    closed = Signal(str)

    def __init__(self, key: str, name: str, language: str) -> None:
        super().__init__()
        self._key = key
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(say("logs.title", language, name=name))
        self.resize(720, 420)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setMaximumBlockCount(_LOG_LINES)
        self._text.setPlaceholderText(say("logs.waiting", language))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._problem = label("problem")
        self._problem.hide()
        copy = button("", say("logs.copy", language))
        copy.clicked.connect(self._copy)
        row = QHBoxLayout()
        row.addWidget(self._problem, 1)
        row.addStretch(0)
        row.addWidget(copy)
        body = QVBoxLayout(self)
        pad(body, around=GRID + 4)
        body.addWidget(self._text, 1)
        body.addLayout(row)

    def add(self, lines: Sequence[str]) -> None:
        """Append; the view follows only while it is at the end."""
        bar = self._text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        self._text.appendPlainText("\n".join(line.rstrip("\n") for line in lines))
        if at_end:
            self._text.moveCursor(QTextCursor.MoveOperation.End)
            bar.setValue(bar.maximum())

    def end(self, problem: str) -> None:
        """Nothing more comes; why, if it failed."""
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text.toPlainText())

    def closeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        self.closed.emit(self._key)
