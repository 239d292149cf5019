"""The page that stands before the studio: what is missing, and the one step that is right now."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from desktop_client.admin.standing import Gate, Step
from desktop_client.i18n import say
from desktop_client.picture import Picture
from desktop_client.shapes import tray_icon
from desktop_client.theme import GRID
from desktop_client.view_model import Icon
from desktop_client.windows.parts import button, label, pad, set_text

_WIDTH = 480
_LOGO = 56


class GatePage(QWidget):
    """Signals:
    stepped(Step, str): what was chosen; the address for Step.FIND.
    """

    stepped = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self._gate: Gate | None = None
        logo = Picture()
        logo.paint(lambda ratio: tray_icon(Icon.IDLE).pixmap(QSize(_LOGO, _LOGO), ratio))
        self._title = label("page")
        self._text = label("quiet")
        self._problem = label("problem")
        self._field = QLineEdit()
        self._field.returnPressed.connect(self._first_chosen)
        self._code = QLineEdit()  # one line that scrolls: a link has nowhere to break
        self._code.setReadOnly(True)
        self._code.setProperty("role", "code")
        self._copy = button("link")
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._code.text()))
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._first = button("primary")
        self._first.clicked.connect(self._first_chosen)
        self._second = button()
        self._second.clicked.connect(self._second_chosen)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for widget in (self._first, self._second, self._copy):
            row.addWidget(widget)
        row.addStretch(1)
        inner = QWidget()
        inner.setFixedWidth(_WIDTH)
        body = QVBoxLayout(inner)
        pad(body, around=GRID * 3, between=GRID + 4)
        for part in (logo, self._title, self._text, self._field, self._code, self._progress):
            body.addWidget(part)
        body.addLayout(row)
        body.addWidget(self._problem)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(inner)
        across.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addLayout(across)
        outer.addStretch(2)

    def show_gate(self, gate: Gate, language: str) -> None:
        """Show this; the keyboard goes to the step that is right now."""
        before, self._gate = self._gate, gate
        self._title.setText(gate.title)
        self._text.setText(gate.text)
        self._field.setVisible(gate.field is not None)
        if gate.field is not None:
            self._field.setAccessibleName(gate.text)
            self._field.setEnabled(not gate.busy)
            if gate.field and not self._field.text():
                self._field.setText(gate.field)
        if self._code.text() != gate.code:
            self._code.setText(gate.code)
            self._code.setCursorPosition(0)
        self._code.setVisible(bool(gate.code))
        self._code.setAccessibleName(gate.title)
        self._copy.setText(say("admin.gate.copy", language))
        self._copy.setVisible(bool(gate.code))
        self._progress.setVisible(gate.busy)
        set_text(self._problem, gate.problem)
        for shown, step in ((self._first, gate.first), (self._second, gate.second)):
            shown.setVisible(step is not None)
            shown.setText(say(f"admin.step.{step}", language) if step is not None else "")
        self._first.setEnabled(not gate.busy)
        if before is None or before.first is not gate.first:
            target: QWidget = self._field if gate.field is not None else self._first
            if gate.first is Step.TRUST:
                target = self._second  # nobody trusts a stranger by pressing Return
            target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _first_chosen(self) -> None:
        if self._gate is not None and self._gate.first is not None and not self._gate.busy:
            text = self._field.text().strip()
            if self._gate.first is not Step.FIND or text:
                self.stepped.emit(self._gate.first, text)

    def _second_chosen(self) -> None:
        if self._gate is not None and self._gate.second is not None:
            self.stepped.emit(self._gate.second, "")
