"""What was told lately, newest first, with what can still be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from desktop_client.card_view import Shape
from desktop_client.desk import Action, News
from desktop_client.picture import Picture
from desktop_client.recent import RecentLine
from desktop_client.shapes import mark
from desktop_client.theme import BODY, GRID, Colours
from desktop_client.windows.parts import button, label, set_text
from desktop_client.windows.rows import Rows
from desktop_client.windows.worded import Window

_SHAPES = {
    News.READY: Shape.READY,
    News.RELEASED: Shape.STOPPED,
    News.RELEASE_NEAR: Shape.QUEUED,
    News.FAILED: Shape.ATTENTION,
    News.REFUSED: Shape.ATTENTION,
    News.AWAKE: Shape.READY,
}


class RecentWindow(Window):
    """Signals:
    performed(Action): one of the actions was chosen.
    """

    performed = Signal(object)

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self._say("recent.title", self.setWindowTitle)
        self.resize(480, 520)
        self._lines: tuple[RecentLine, ...] | None = None
        self._colours: Colours | None = None
        self._rows = Rows(self)
        self._rows.body.addWidget(self._label("page", "recent.title"))
        self._rows.body.addWidget(self._label("quiet", "recent.text"))
        self._empty = self._label("quiet", "recent.empty")
        self._rows.body.addWidget(self._empty)

    def show_lines(self, lines: Sequence[RecentLine], colours: Colours) -> None:
        """The list as it is now."""
        if tuple(lines) == self._lines and colours is self._colours:
            return
        self._lines, self._colours = tuple(lines), colours
        self._empty.setVisible(not lines)
        self._rows.fill([self._line(line, colours) for line in lines])

    def _line(self, line: RecentLine, colours: Colours) -> QFrame:
        frame = QFrame()
        frame.setObjectName("card")
        shape = Picture()
        shape.setFixedSize(BODY, BODY + GRID)
        shape.paint(lambda ratio: mark(_SHAPES[line.news], False, colours, BODY, ratio))
        title, when, text = label("section", line.title), label("caption", line.when), label()
        when.setWordWrap(False)
        set_text(text, line.text)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(shape, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(title, 1)
        head.addWidget(when, 0, Qt.AlignmentFlag.AlignTop)
        body = QVBoxLayout(frame)
        body.setContentsMargins(GRID + 4, GRID, GRID + 4, GRID)
        body.setSpacing(GRID // 2)
        body.addLayout(head)
        body.addWidget(text)
        if line.actions:
            row = QHBoxLayout()
            row.setSpacing(GRID)
            row.addStretch(1)
            for action, words in line.actions:
                made = button("", words)
                made.setAccessibleName(f"{words}: {line.title}")
                made.clicked.connect(self._performer(action))
                row.addWidget(made)
            body.addLayout(row)
        frame.setAccessibleName(f"{line.when}: {line.title}. {line.text}")
        return frame

    def _performer(self, action: Action) -> Callable[[], None]:
        return lambda: self.performed.emit(action)
