"""A page of help: what to know in a minute, the keys, and whom to ask."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

import aigc
from desktop_client.desk import Action, Do
from desktop_client.theme import GRID
from desktop_client.windows.parts import pad
from desktop_client.windows.rows import Rows
from desktop_client.windows.worded import Window

_TOPICS = ("engines", "files", "release", "keys", "trouble")


class HelpWindow(Window):
    """Signals:
    performed(Action): diagnostics, files, the web page.
    """

    performed = Signal(object)

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self._say("help.title", self.setWindowTitle)
        self.resize(520, 660)
        rows = Rows(self)
        rows.body.addWidget(self._label("page", "help.title"))
        panels = []
        for topic in _TOPICS:
            panel = QFrame()
            panel.setObjectName("panel")
            body = QVBoxLayout(panel)
            pad(body, around=GRID + 4, between=GRID // 2)
            body.addWidget(self._label("section", f"help.{topic}"))
            body.addWidget(self._label("quiet", f"help.{topic}.text"))
            if topic == "trouble":
                body.addLayout(self._buttons())
            panels.append(panel)
        rows.fill([*panels, self._label("caption", "help.version", version=aigc.__version__)])

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for do, key in (
            (Do.DIAGNOSTICS, "do.diagnostics"),
            (Do.WEB, "do.web"),
        ):
            row.addWidget(self._button("", key, self._performer(do)))
        row.addStretch(1)
        return row

    def _performer(self, do: Do) -> Callable[[], None]:
        return lambda: self.performed.emit(Action(do))
