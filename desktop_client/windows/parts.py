"""Small pieces that all windows are made of."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from desktop_client.theme import GRID


def label(role: str = "", text: str = "", *, wrap: bool = True) -> QLabel:
    """Plain text (never markup: names come from people), wrapped, in a role of the theme."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


class _Button(QPushButton):
    """Enter presses it as Space does. In a dialog Enter is the dialog's: its default button's."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not isinstance(self.window(), QDialog):
            self.click()
        else:
            super().keyPressEvent(event)


def button(role: str = "", text: str = "") -> QPushButton:
    """A button in a role of the theme; ``primary`` is the one action that is right now."""
    made = _Button(text)
    made.setAutoDefault(False)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    if role:
        made.setProperty("role", role)
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return made


def set_text(target: QLabel, text: str) -> None:
    """Show a text, or take no room when there is none."""
    if target.text() != text:
        target.setText(text)
    target.setVisible(bool(text))


def repolish(widget: QWidget) -> None:
    """Let the theme look again, after a property changed."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    for inner in widget.findChildren(QLabel):
        style.unpolish(inner)
        style.polish(inner)


def pad(layout: QLayout, *, around: int = GRID * 2, between: int = GRID) -> None:
    layout.setContentsMargins(around, around, around, around)
    layout.setSpacing(between)


def scrolled(inner: QWidget) -> QScrollArea:
    """What scrolls up and down where it does not fit. The keyboard goes to what is in it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inner)
    return area


class ElidedLabel(QLabel):
    """One line that ends in … where it does not fit; the whole text is its tooltip."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self._full = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if role:
            self.setProperty("role", role)

    def show_text(self, text: str) -> None:
        self._full = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._elide()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(0, self.fontMetrics().height() + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._elide()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self._elide()
        super().paintEvent(event)

    def _elide(self) -> None:
        text = self.fontMetrics().elidedText(
            self._full, Qt.TextElideMode.ElideRight, max(self.width(), 0)
        )
        if self.text() != text:
            self.setText(text)
