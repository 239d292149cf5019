"""Where one's data is, and what was deleted and can be had back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop_client.files_view import FilesRow, FilesView
from desktop_client.i18n import say
from desktop_client.theme import GRID
from desktop_client.windows.parts import ElidedLabel, button, label, set_text
from desktop_client.windows.rows import Rows
from desktop_client.windows.worded import Window


class FilesWindow(Window):
    """Signals:
    restore_asked(str): the id of a deleted instance.
    """

    restore_asked = Signal(str)

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self._say("files.title", self.setWindowTitle)
        self.resize(560, 520)
        self._view: FilesView | None = None
        self._rows = Rows(self)
        self._told = label("section")
        self._problem = label("problem")
        for widget in (self._told, self._problem):
            widget.hide()
        self._rows.body.addWidget(self._label("page", "files.title"))
        self._rows.body.addWidget(self._label("quiet", "files.text"))
        self._rows.body.addWidget(self._told)
        self._rows.body.addWidget(self._problem)

    def show_view(self, view: FilesView) -> None:
        """What is known now."""
        if view == self._view:
            return
        self._view = view
        set_text(self._told, view.told)
        set_text(self._problem, view.problem)
        rows: list[QWidget] = [label("section", say("files.kept", self.language))]
        rows += [self._row(r) for r in view.kept]
        if not view.kept:
            rows.append(label("quiet", say("files.none", self.language)))
        title = label("section", say("files.deleted", self.language))
        title.setContentsMargins(0, GRID, 0, 0)
        rows.append(title)
        if view.deleted:
            rows += [self._row(r) for r in view.deleted]
        else:
            key = "files.asking" if view.deleted is None else "files.trash_empty"
            if view.deleted is not None or not view.problem:
                rows.append(label("quiet", say(key, self.language)))
        self._rows.fill(rows)

    def _row(self, row: FilesRow) -> QFrame:
        frame = QFrame()
        frame.setObjectName("card")
        name, text = ElidedLabel("section"), label("caption", row.text)
        name.show_text(row.name)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(text)
        body = QHBoxLayout(frame)
        body.setContentsMargins(GRID + 4, GRID, GRID + 4, GRID)
        body.setSpacing(GRID)
        body.addLayout(words, 1)
        if row.restorable:
            key = "files.restoring" if row.busy else "files.restore"
            restore = button("", say(key, self.language))
            restore.setEnabled(not row.busy)
            restore.setAccessibleName(f"{restore.text()}: {row.name}")
            restore.clicked.connect(self._restorer(row.id))
            body.addWidget(restore, 0, Qt.AlignmentFlag.AlignVCenter)
        frame.setAccessibleName(f"{row.name}: {row.text}")
        return frame

    def _restorer(self, trashed_id: str) -> Callable[[], None]:
        return lambda: self.restore_asked.emit(trashed_id)
