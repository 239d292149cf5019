"""What the flyout says where there are no cards: signed out, on the way, offline, empty."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from desktop_client.picture import Picture
from desktop_client.shapes import tray_icon
from desktop_client.theme import GRID
from desktop_client.view_model import Icon, Plain
from desktop_client.windows.parts import button, label, pad, set_text

_LOGO = 48


class PlainPage(QWidget):
    """Signals: performed(Action)."""

    performed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plain: Plain | None = None
        self._icon: Icon | None = None
        self._logo = Picture()
        self._logo.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = label("title")
        self._text = label("quiet")
        self._problem = label("problem")
        for one in (self._title, self._text, self._problem):
            one.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._button = button("primary")
        self._button.clicked.connect(self._act)
        body = QVBoxLayout(self)
        pad(body, around=GRID * 4, between=GRID)
        body.addStretch(1)
        body.addWidget(self._logo)
        body.addSpacing(GRID // 2)
        body.addWidget(self._title)
        body.addWidget(self._text)
        body.addWidget(self._problem)
        body.addWidget(self._bar)
        body.addSpacing(GRID // 2)
        body.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        body.addStretch(2)

    def show_plain(self, plain: Plain, icon: Icon, language: str) -> None:
        """Show one sentence, and the one thing to do."""
        if icon is not self._icon:
            self._icon = icon
            size = QSize(_LOGO, _LOGO)
            self._logo.paint(lambda ratio: tray_icon(icon).pixmap(size, ratio))
        self._plain = plain
        set_text(self._title, plain.title)
        set_text(self._text, plain.text)
        set_text(self._problem, plain.problem)
        self._bar.setVisible(plain.busy)
        self._bar.setAccessibleName(plain.title)
        self._button.setVisible(plain.offer is not None)
        if plain.offer is not None:
            self._button.setText(plain.offer.label)
            self._button.setEnabled(plain.offer.enabled)
            self._button.setAccessibleName(plain.offer.label)

    def _act(self) -> None:
        if self._plain is not None and self._plain.offer is not None:
            self.performed.emit(self._plain.offer.action)
