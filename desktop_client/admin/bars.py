"""What stands above and below the pages: a refusal, what was done, offline, who is looking."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton

from desktop_client.admin.standing import Status
from desktop_client.i18n import say
from desktop_client.picture import Picture
from desktop_client.shapes import mark
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import ElidedLabel, button, label

_DONE_MS = 8000  # how long "done" stays
_MARK = 14


class Bar(QFrame):
    """One sentence across the page's top. ``banner`` in the theme for what went wrong, ``done``
    for what did not.

    Signals:
        acted(): its button.
    """

    acted = Signal()

    def __init__(self, name: str, *, closable: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self._text = label()
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = button()
        self._button.clicked.connect(self.acted)
        self._button.hide()
        self._close = QToolButton()
        self._close.setText("✕")
        self._close.clicked.connect(self.hide)
        self._close.setVisible(closable)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID + 4, GRID // 2, GRID // 2, GRID // 2)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        row.addWidget(self._close)
        self._leave = QTimer(self)
        self._leave.setSingleShot(True)
        self._leave.setInterval(_DONE_MS)
        self._leave.timeout.connect(self.hide)
        self.hide()

    def show_text(self, text: str, language: str, action: str = "", *, brief: bool = False) -> None:
        """Say this until it is closed, or for a while; an empty text takes the bar away."""
        self._text.setText(text)
        self.setAccessibleName(text)
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._close.setAccessibleName(say("admin.status.close", language))
        self.setVisible(bool(text))
        self._leave.stop()
        if brief and text:
            self._leave.start()

    @property
    def text(self) -> str:
        return self._text.text() if not self.isHidden() else ""


class StatusLine(QFrame):
    """The line at the window's foot."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("status")
        self._mark = Picture()
        self._live = label("caption", wrap=False)
        self._where = ElidedLabel("caption")
        self._who = label("caption", wrap=False)
        self.account = QToolButton()
        self.account.setText("⋯")
        self.account.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 2, 2, GRID, 2)
        row.setSpacing(GRID)
        row.addWidget(self._mark)
        row.addWidget(self._live)
        row.addWidget(self._where, 1)
        row.addWidget(self._who)
        row.addWidget(self.account)

    def show_status(self, status: Status, colours: Colours, language: str) -> None:
        """Show this."""
        self._mark.paint(lambda ratio: mark(status.shape, status.struck, colours, _MARK, ratio))
        self._live.setText(status.live)
        self._where.show_text(status.where)
        self._who.setText(status.who)
        self.account.setAccessibleName(say("admin.account", language))
        self.account.setToolTip(say("admin.account", language))
