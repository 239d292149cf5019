"""What would be sent to IT, file by file, before it is saved."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QDir, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QPlainTextEdit,
    QVBoxLayout,
)

from desktop_client.diagnostics import Report
from desktop_client.theme import GRID
from desktop_client.windows.parts import label, pad, set_text
from desktop_client.windows.worded import Window

_NAV_WIDTH = 160


class DiagnosticsWindow(Window):
    """Signals:
    save_asked(str): a file name that the person chose.
    person_chosen(bool): whether name and e-mail stay in.
    """

    save_asked = Signal(str)
    person_chosen = Signal(bool)

    def __init__(self, name: str, language: str) -> None:
        """Args:
        name: proposed for the zip.
        """
        super().__init__(language)
        self._name = name
        self._files: tuple[Report, ...] = ()
        self._say("diagnostics.title", self.setWindowTitle)
        self.resize(760, 560)
        self._nav = QListWidget()
        self._nav.setObjectName("nav")
        self._nav.setFixedWidth(_NAV_WIDTH)
        self._say("diagnostics.files", self._nav.setAccessibleName)
        self._nav.currentRowChanged.connect(self._show_file)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._say("diagnostics.collecting", self._text.setPlaceholderText)
        self._person = QCheckBox()
        self._say("diagnostics.person", self._person.setText)
        self._person.clicked.connect(self.person_chosen)
        self._told = label("quiet")
        self._problem = label("problem")
        for widget in (self._told, self._problem):
            widget.hide()
            widget.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._save = self._button("primary", "diagnostics.save", self._ask_where)
        self._save.setEnabled(False)
        QShortcut(QKeySequence.StandardKey.Save, self).activated.connect(self._save.click)
        self._lay_out()

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self._person)
        foot.addStretch(1)
        foot.addWidget(self._button("", "close", self.close))
        foot.addWidget(self._save)
        right = QVBoxLayout()
        pad(right, around=GRID * 2, between=GRID)
        right.addWidget(self._label("page", "diagnostics.title"))
        right.addWidget(self._label("quiet", "diagnostics.text"))
        right.addWidget(self._text, 1)
        right.addWidget(self._told)
        right.addWidget(self._problem)
        right.addLayout(foot)
        row = QHBoxLayout(self)
        pad(row, around=0, between=0)
        row.addWidget(self._nav)
        row.addLayout(right, 1)

    def show_files(self, files: Sequence[Report]) -> None:
        """What would be saved."""
        chosen = max(self._nav.currentRow(), 0)
        self._files = tuple(files)
        self._nav.blockSignals(True)
        self._nav.clear()
        self._nav.addItems([f.name for f in files])
        self._nav.blockSignals(False)
        self._nav.setCurrentRow(min(chosen, len(files) - 1))
        self._show_file(self._nav.currentRow())
        self._save.setEnabled(bool(files))

    @property
    def files(self) -> tuple[Report, ...]:
        """What is shown, and so what is saved."""
        return self._files

    def show_saved(self, text: str) -> None:
        """Where it went, in a sentence."""
        set_text(self._told, text)
        set_text(self._problem, "")

    def show_problem(self, text: str) -> None:
        set_text(self._problem, text)
        set_text(self._told, "")

    def _show_file(self, row: int) -> None:
        if 0 <= row < len(self._files):
            self._text.setPlainText(self._files[row].text)
            self._text.setAccessibleName(self._files[row].name)

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, self.windowTitle(), QDir.home().filePath(self._name))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("zip")
        dialog.setNameFilter("ZIP (*.zip)")
        dialog.fileSelected.connect(self.save_asked)
        dialog.open()
