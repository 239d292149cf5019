"""The log of somebody's instance. Reading it is audited, so it begins by a click and says so."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QHideEvent, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_client.admin.page import Shell
from desktop_client.admin.pages.parts import CopyButton, allow, why_not
from desktop_client.i18n import say
from desktop_client.model import Instance, Problem
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, set_text
from desktop_client.wording import problem_text

_LINES = 5000
_HEIGHT = 280
_SLACK = 4  # pixels from the end that still count as the end


class LogView(QWidget):
    """Follows one log while it is visible."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._instance: Instance | None = None
        self._following = False
        self._note = label("caption")
        self._begin = button()
        self._begin.clicked.connect(self._turn)
        self._copy = CopyButton()
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setMaximumBlockCount(_LINES)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setMinimumHeight(_HEIGHT)
        self._end = label("problem")
        self._end.hide()
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._begin)
        row.addWidget(self._copy)
        row.addStretch(1)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addWidget(self._note)
        body.addLayout(row)
        body.addWidget(self._text, 1)
        body.addWidget(self._end)
        shell.bridge.lines.connect(self._add)
        shell.bridge.lines_ended.connect(self._ended)

    def show_instance(self, instance: Instance) -> None:
        """Another one begins with nothing read."""
        if self._instance is None or self._instance.id != instance.id:
            self.leave()
            self._text.clear()
            set_text(self._end, "")
        self._instance = instance
        self.dress()

    def dress(self) -> None:
        """Say everything in the shell's language."""
        language = self._shell.language
        self._note.setText(say("instances.logs.audited", language))
        self._begin.setText(
            say("instances.logs.stop" if self._following else "instances.logs.read", language)
        )
        # What an engine prints is its creator's work: an auditor may not read it.
        allow(self._begin, "" if self._following else why_not(self._shell.fleet, language))
        self._text.setPlaceholderText(
            say("instances.logs.waiting", language) if self._following else ""
        )
        if self._instance is not None:
            name = say("instances.logs.of", language, name=self._instance.name)
            self._text.setAccessibleName(name)
        self._offer_copy()

    def leave(self) -> None:
        """Follow no more."""
        if self._following and self._instance is not None:
            self._following = False
            self._shell.bridge.leave_logs(self._instance.id)
            self.dress()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.leave()

    def begin(self) -> None:
        """Read and follow; the coordinator notes who does."""
        if self._instance is not None and not self._following:
            self._text.clear()
            set_text(self._end, "")
            self._following = True
            self._shell.bridge.follow_logs(self._instance.id)
            self.dress()

    def _turn(self) -> None:
        if self._following:
            self.leave()
        else:
            self.begin()

    def _add(self, instance_id: str, lines: Sequence[str]) -> None:
        if not self._following or self._instance is None or instance_id != self._instance.id:
            return
        bar = self._text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - _SLACK
        self._text.appendPlainText("\n".join(line.rstrip("\n") for line in lines))
        if at_end:
            self._text.moveCursor(QTextCursor.MoveOperation.End)
            bar.setValue(bar.maximum())
        self._offer_copy()

    def _ended(self, instance_id: str, problem: Problem | None) -> None:
        if not self._following or self._instance is None or instance_id != self._instance.id:
            return
        self._following = False
        language = self._shell.language
        why = problem_text(problem, language) or say("instances.logs.ended", language)
        set_text(self._end, why)
        self.dress()

    def _offer_copy(self) -> None:
        language = self._shell.language
        words = say("instances.copy", language), say("instances.copied", language)
        self._copy.offer(self._text.toPlainText(), *words)
