"""Several choices, one of which holds; each may say below what it means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from desktop_client.theme import GRID
from desktop_client.windows.parts import label, pad

_INDENT = GRID * 4  # below the words of its button

Say = Callable[[str, Callable[[str], object]], None]


class Choice(QWidget):
    """Signals:
    chosen(StrEnum): the person chose another one.
    """

    chosen = Signal(object)

    def __init__(
        self, options: Sequence[tuple[StrEnum, str, str]], say: Say, parent: QWidget | None = None
    ) -> None:
        """Args:
        options: value, key of its words, key of what it means (or nothing).
        say: puts the words of a key into a setter, and keeps them in the right language.
        """
        super().__init__(parent)
        self._buttons: dict[StrEnum, QRadioButton] = {}
        self._group = QButtonGroup(self)
        body = QVBoxLayout(self)
        pad(body, around=0, between=GRID // 2)
        for value, words, meaning in options:
            made = QRadioButton()
            say(words, made.setText)
            self._group.addButton(made)
            self._buttons[value] = made
            body.addWidget(made)
            if meaning:
                caption = label("caption")
                caption.setContentsMargins(_INDENT, 0, 0, 0)
                say(meaning, caption.setText)
                say(meaning, made.setAccessibleDescription)
                body.addWidget(caption)
            made.clicked.connect(self._clicked)

    def choose(self, value: StrEnum) -> None:
        """Show which one holds; no signal."""
        self._buttons[value].setChecked(True)

    def _clicked(self) -> None:
        self.chosen.emit(next(v for v, b in self._buttons.items() if b.isChecked()))
