"""A graphics card in the detail pane: who holds it, how full and how busy it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout

from desktop_client.admin.machines.detail_view import CardView
from desktop_client.admin.tables.column import Mark
from desktop_client.i18n import say
from desktop_client.picture import Picture
from desktop_client.shapes import mark as paint_mark
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import ElidedLabel, label, set_text

MARK = 14


class MarkLabel(Picture):
    """A state's mark; painted anew only when it is another."""

    def __init__(self, size: int = MARK) -> None:
        super().__init__()
        self._size = size
        self._shown: tuple[Mark, Colours] | None = None
        self.setFixedSize(size, size)

    def show_mark(self, mark: Mark, colours: Colours) -> None:
        if (mark, colours) != self._shown:
            self._shown = (mark, colours)
            state = (mark.shape, mark.struck)
            self.paint(lambda ratio: paint_mark(*state, colours, self._size, ratio))


class CardRow(QFrame):
    """Shows a :class:`CardView`."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._mark = MarkLabel()
        self._name, self._holder = label("section", wrap=False), ElidedLabel()
        self._badge = label("badge", wrap=False)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setProperty("role", "slim")
        self._memory = label("caption", wrap=False)
        self._readings = label("caption", wrap=False)
        self._place = ElidedLabel("caption")
        self._place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._apart = label("problem")
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._mark)
        head.addWidget(self._name)
        head.addWidget(self._badge)
        head.addWidget(self._holder, 1)
        middle = QHBoxLayout()
        middle.setSpacing(GRID)
        middle.addWidget(self._memory)
        middle.addStretch(1)
        middle.addWidget(self._readings)
        body = QVBoxLayout(self)
        body.setContentsMargins(GRID + 4, GRID, GRID + 4, GRID)
        body.setSpacing(GRID // 2)
        body.addLayout(head)
        body.addWidget(self._bar)
        body.addLayout(middle)
        body.addWidget(self._place)
        body.addWidget(self._apart)
        self._holder.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def show_card(self, view: CardView, colours: Colours, language: str) -> None:
        self._mark.show_mark(view.mark, colours)
        set_text(self._name, view.name)
        set_text(self._badge, say("machines.simulated", language) if view.simulated else "")
        self._holder.show_text(view.holder)
        self._bar.setVisible(view.share is not None)
        self._bar.setValue(round((view.share or 0) * 1000))
        memory = say("machines.card.memory", language, value=view.memory)
        self._bar.setAccessibleName(memory)
        set_text(self._memory, memory)
        set_text(self._readings, view.readings)
        self._place.show_text(view.place)
        set_text(self._apart, view.apart)
        said = (view.name, self._badge.text(), view.holder, memory, view.readings, view.apart)
        self.setAccessibleName(" · ".join(part for part in said if part))
