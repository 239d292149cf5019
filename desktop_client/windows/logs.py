"""The log of one instance, followed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout

from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import label, pad, set_text
from desktop_client.windows.worded import Window

_LINES = 5000


class LogsWindow(Window):
    """Find, copy, follow, wrap. The view stays where a person scrolled to; at its end it follows.

    Signals:
        left(str): closed; with the instance's id.
    """

    left = Signal(str)

    def __init__(self, key: str, name: str, language: str) -> None:
        super().__init__(language)
        self._key = key
        self._ended: str | None = None
        self._say("logs.title", self.setWindowTitle, name=name)
        self.resize(760, 460)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setMaximumBlockCount(_LINES)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setProperty("role", "log")
        self._text.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._say("logs.waiting", self._text.setPlaceholderText)
        self._say("logs.title", self._text.setAccessibleName, name=name)
        self._state = label("quiet")
        self._problem = label("problem")
        self._problem.hide()
        self._state.hide()
        body = QVBoxLayout(self)
        pad(body, around=GRID + 4)
        body.addLayout(self._top())
        body.addWidget(self._text, 1)
        body.addLayout(self._bottom())
        self.closed.connect(self._left)
        self._text.setFocus()

    def _top(self) -> QHBoxLayout:
        self._field = QLineEdit()
        self._field.setClearButtonEnabled(True)
        self._say("logs.find", self._field.setPlaceholderText)
        self._say("logs.find", self._field.setAccessibleName)
        self._field.textChanged.connect(self._typed)
        self._field.returnPressed.connect(self._find)
        for keys, act in (
            (QKeySequence.StandardKey.Find, self._focus_field),
            (QKeySequence.StandardKey.FindNext, self._find),
            (QKeySequence.StandardKey.FindPrevious, self._find_back),
        ):
            QShortcut(keys, self).activated.connect(act)
        self._missing = label("problem", wrap=False)
        self._missing.hide()
        self._next = self._button("", "logs.next", self._find)
        self._previous = self._button("", "logs.previous", self._find_back)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._field, 1)
        row.addWidget(self._missing)
        row.addWidget(self._previous)
        row.addWidget(self._next)
        self._typed("")
        return row

    def _bottom(self) -> QHBoxLayout:
        self._follow = QCheckBox()
        self._follow.setChecked(True)
        self._follow.toggled.connect(self._follow_changed)
        self._wrap = QCheckBox()
        self._wrap.toggled.connect(self._wrap_changed)
        self._say("logs.follow", self._follow.setText)
        self._say("logs.wrap", self._wrap.setText)
        row = QHBoxLayout()
        row.setSpacing(GRID * 2)
        row.addWidget(self._follow)
        row.addWidget(self._wrap)
        row.addWidget(self._state, 1)
        row.addWidget(self._problem, 1)
        row.addStretch(0)
        row.addWidget(self._button("", "logs.copy", self._copy))
        return row

    def add(self, lines: Sequence[str]) -> None:
        """Append; the view moves only while it follows."""
        self._ended = None
        self._show_end()
        bar = self._text.verticalScrollBar()
        was = bar.value()
        follows = self._follow.isChecked()
        self._text.appendPlainText("\n".join(line.rstrip("\n") for line in lines))
        bar.setValue(bar.maximum() if follows else was)

    def end(self, problem: str) -> None:
        """Nothing more comes; why, if it failed."""
        self._ended = problem
        self._show_end()

    def refresh(self, colours: Colours) -> None:
        self._show_end()

    def _show_end(self) -> None:
        set_text(self._problem, self._ended or "")
        set_text(self._state, say("logs.ended", self.language) if self._ended == "" else "")

    # -- finding --------------------------------------------------------------------------------

    def _focus_field(self) -> None:
        self._field.setFocus()
        self._field.selectAll()

    def _typed(self, text: str) -> None:
        self._missing.hide()
        self._next.setEnabled(bool(text))
        self._previous.setEnabled(bool(text))

    def _find(self) -> None:
        self._look(QTextDocument.FindFlag(0))

    def _find_back(self) -> None:
        self._look(QTextDocument.FindFlag.FindBackward)

    def _look(self, flags: QTextDocument.FindFlag) -> None:
        """The next place, beginning again at the other end."""
        wanted = self._field.text()
        if not wanted:
            self._focus_field()
            return
        self._follow.setChecked(False)
        found = self._text.find(wanted, flags)
        if not found:
            back = bool(flags & QTextDocument.FindFlag.FindBackward)
            before = self._text.textCursor()
            self._text.moveCursor(
                QTextCursor.MoveOperation.End if back else QTextCursor.MoveOperation.Start
            )
            found = self._text.find(wanted, flags)
            if not found:
                self._text.setTextCursor(before)
        set_text(self._missing, "" if found else say("logs.missing", self.language))

    # -- the switches ---------------------------------------------------------------------------

    def _scrolled(self, value: int) -> None:
        """Scrolling up stops the following, scrolling to the end begins it again."""
        at_end = value >= self._text.verticalScrollBar().maximum()
        if self._text.verticalScrollBar().isSliderDown() or self._text.underMouse():
            self._follow.setChecked(at_end)

    def _follow_changed(self, on: bool) -> None:
        bar = self._text.verticalScrollBar()
        if on and bar.value() != bar.maximum():
            bar.setValue(bar.maximum())

    def _wrap_changed(self, on: bool) -> None:
        mode = QPlainTextEdit.LineWrapMode
        self._text.setLineWrapMode(mode.WidgetWidth if on else mode.NoWrap)

    def _copy(self) -> None:
        """What is selected, else everything."""
        selected = self._text.textCursor().selectedText().replace("\u2029", "\n")
        QGuiApplication.clipboard().setText(selected or self._text.toPlainText())

    def _left(self) -> None:
        self.left.emit(self._key)
