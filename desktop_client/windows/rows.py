"""A page of rows that scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop_client.theme import GRID
from desktop_client.windows.parts import pad


class Rows:
    """Args:
    window: takes the page; its title is the page's name for those who hear it.

    Attributes:
    body: takes what stands above the rows; the rows follow.
    """

    def __init__(self, window: QWidget) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        pad(column, around=GRID * 2, between=GRID)
        self.body = QVBoxLayout()
        self.body.setSpacing(GRID)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(GRID)
        column.addLayout(self.body)
        column.addLayout(self._rows)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inner)
        area.setAccessibleName(window.windowTitle())
        window.windowTitleChanged.connect(area.setAccessibleName)
        outer = QVBoxLayout(window)
        pad(outer, around=0, between=0)
        outer.addWidget(area)

    def fill(self, widgets: Sequence[QWidget]) -> None:
        """These rows instead of those that are there."""
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for widget in widgets:
            self._rows.addWidget(widget)
            widget.show()
