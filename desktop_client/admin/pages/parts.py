"""Small pieces that several pages are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from desktop_client.admin.model import Fleet
from desktop_client.i18n import say
from desktop_client.model import Link
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, set_text

Fact = tuple[str, str]


def why_not(fleet: Fleet, language: str) -> str:
    """Why nothing may be changed now; empty: it may."""
    if fleet.may_change:
        return ""
    return say(
        "instances.offline" if fleet.link is not Link.ONLINE else "instances.auditor", language
    )


def is_online(fleet: Fleet) -> bool:
    """Whether asking makes sense: offline the window says so already."""
    return fleet.link is Link.ONLINE


def allow(target: QAbstractButton, reason: str) -> None:
    """Offer it, or say why not where the pointer asks."""
    target.setEnabled(not reason)
    target.setToolTip(reason)


class Facts(QWidget):
    """Names and values under each other; values can be marked and copied."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[QLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID * 2)
        self._grid.setVerticalSpacing(GRID - 2)
        self._grid.setColumnStretch(1, 1)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """What did not change is not touched."""
        while len(self._rows) < len(facts):
            name, value = label("quiet", wrap=False), label()
            value.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            row = len(self._rows)
            self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, row, 1)
            self._rows.append((name, value))
        for place, (name, value) in enumerate(self._rows):
            there = place < len(facts)
            if there:
                set_text(name, facts[place][0])
                if value.text() != facts[place][1]:
                    value.setText(facts[place][1])
                value.setAccessibleName(f"{facts[place][0]}: {facts[place][1]}")
            name.setVisible(there)
            value.setVisible(there)


class Choice(QWidget):
    """A few views of the same thing, one at a time.

    Signals:
        chosen(str): the key of another one.
    """

    chosen = Signal(str)

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self._buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID // 2)
        for key in keys:
            made = button("choice")
            made.setObjectName(key)
            made.setCheckable(True)
            made.setChecked(not self._buttons)
            made.clicked.connect(self._teller(key))
            self._group.addButton(made)
            self._buttons[key] = made
            row.addWidget(made)
        row.addStretch(1)

    @property
    def key(self) -> str:
        return next(key for key, made in self._buttons.items() if made.isChecked())

    def choose(self, key: str) -> None:
        """As a click on it."""
        self._buttons[key].click()

    def speak(self, words: Callable[[str], str]) -> None:
        for key, made in self._buttons.items():
            made.setText(words(key))

    def _teller(self, key: str) -> Callable[[], None]:
        return lambda: self.chosen.emit(key)


class CopyButton(QPushButton):
    """Copies a text, and says so until something else is to be copied."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self.setAutoDefault(False)
        if role:
            self.setProperty("role", role)
        self._text = ""
        self._words = ("", "")
        self.clicked.connect(self._copy)

    def offer(self, text: str, before: str, after: str) -> None:
        """``before`` on the button, ``after`` once it was copied."""
        if (text, (before, after)) != (self._text, self._words):
            self._text, self._words = text, (before, after)
            self.setText(before)
            self.setEnabled(bool(text))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.setText(self._words[1])
