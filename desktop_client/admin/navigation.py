"""The pages' names at the left, each with a number where there is something to see."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from desktop_client.admin.icons import page_icon
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import label

_WIDTH = 200
_ICON = 18
_NEEDS_SOMEBODY = ("overview", "machines", "catalogue")  # other numbers are only numbers


class Navigation(QFrame):
    """Signals: chosen(str), a page's key."""

    chosen = Signal(str)

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self.setObjectName("navigation")
        self.setFixedWidth(_WIDTH)
        self._items = {key: _Item(key) for key in keys}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._studio = label("title")
        self._studio.setContentsMargins(GRID + 4, GRID, GRID, GRID * 2)
        body = QVBoxLayout(self)
        body.setContentsMargins(GRID, GRID * 2, GRID, GRID)
        body.setSpacing(4)
        body.addWidget(self._studio)
        for item in self._items.values():
            self._group.addButton(item)
            item.clicked.connect(self._clicked)
            item.left.connect(self._walk)
            body.addWidget(item)
        body.addStretch(1)

    def show_page(self, key: str) -> None:
        """Mark the page that is shown."""
        self._items[key].setChecked(True)

    def show_badge(self, key: str, badge: str, language: str) -> None:
        self._items[key].show_badge(badge, language)

    def show_studio(self, name: str) -> None:
        if self._studio.text() != name:
            self._studio.setText(name)

    def dress(self, colours: Colours, language: str) -> None:
        """Say everything in a language, in these colours."""
        for number, item in enumerate(self._items.values(), start=1):
            item.dress(number, colours, language)

    def _clicked(self) -> None:
        item = self.sender()
        if isinstance(item, _Item):
            self.chosen.emit(item.key)

    def _walk(self, step: int) -> None:
        left, items = self.sender(), list(self._items.values())
        if not isinstance(left, _Item):
            return
        item = items[(items.index(left) + step) % len(items)]
        item.setFocus(Qt.FocusReason.TabFocusReason)
        item.click()


class _Item(QPushButton):
    """One page's name. Signals: left(int), towards the next (1) or the one before (-1)."""

    left = Signal(int)

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self._name = ""
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setProperty("role", "page")
        self.setIconSize(QSize(_ICON, _ICON))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._badge = QLabel()
        self._badge.setProperty("role", "count")
        self._badge.setProperty("calm", key not in _NEEDS_SOMEBODY)
        self._badge.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._badge.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, GRID, 0)
        row.addStretch(1)
        row.addWidget(self._badge)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Up and down walk along the pages: Qt's own walk moves the keyboard, not the page."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in steps:
            self.left.emit(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def dress(self, number: int, colours: Colours, language: str) -> None:
        self._name = say(f"admin.page.{self.key}", language)
        self.setText(self._name)
        self.setIcon(page_icon(self.key, colours, _ICON))
        self.setToolTip(say("admin.page.shortcut", language, number=number))
        self.show_badge(self._badge.text(), language)

    def show_badge(self, badge: str, language: str) -> None:
        if badge != self._badge.text():
            self._badge.setText(badge)
            self._badge.setVisible(bool(badge))
        told = say("admin.page.badge", language, page=self._name, badge=badge)
        self.setAccessibleName(told if badge else self._name)
