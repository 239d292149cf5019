"""A picture that is painted for the screen's scale, and again when that changes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QLabel, QWidget

_RATIOS = (1.0, 1.25, 1.5, 1.75, 2.0, 3.0)  # what desktops offer


def sharp_icon(make: Callable[[float], QPixmap]) -> QIcon:
    """An icon that holds a picture for each scale, for buttons, which choose one themselves."""
    icon = QIcon()
    for ratio in _RATIOS:
        icon.addPixmap(make(ratio))
    return icon


class Picture(QLabel):
    """Sharp on every screen: a window may be moved to another one, or the desktop's scale
    changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make: Callable[[float], QPixmap] | None = None

    def paint(self, make: Callable[[float], QPixmap]) -> None:
        """Show what is made for a device pixel ratio."""
        self._make = make
        self.setPixmap(make(self.devicePixelRatioF()))

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange and self._make is not None:
            self.setPixmap(self._make(self.devicePixelRatioF()))
        return handled
