"""A notification of our own, where the desktop shows none: bottom right, beside the flyout
where that is open, one at a time.

It never takes the focus. A newer one replaces it; it leaves after a while unless it is urgent or
somebody points at it. What it said stays in the Recent list.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QEnterEvent, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.i18n import say
from desktop_client.platform.notifications import DEFAULT, Note
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad, set_text

_WIDTH = 360
_SHOWN_MS = 12_000
_MARGIN = GRID * 2
_CROSS = "\N{MULTIPLICATION SIGN}"  # a picture, not a word


class NoticeWindow(QWidget):
    """Signals:
    chosen(str, str): key and action of the note, as a desktop's service tells.
    """

    chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowDoesNotAcceptFocus,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._note: Note | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self._title = label("title")
        self._text = label()
        self._close = QToolButton()
        self._close.setText("×")
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close.clicked.connect(self.hide)
        self._row = QHBoxLayout()
        self._row.setSpacing(GRID)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        frame = QFrame()
        frame.setObjectName("notice")
        body = QVBoxLayout(frame)
        pad(body, around=GRID * 2, between=GRID)
        body.addLayout(head)
        body.addWidget(self._text)
        body.addLayout(self._row)
        outer = QVBoxLayout(self)
        pad(outer, around=0, between=0)
        outer.addWidget(frame)
        self.setFixedWidth(_WIDTH)

    def show_note(self, note: Note, language: str) -> None:
        """Show a note instead of the one that is there."""
        self._note = note
        self.setWindowTitle(note.title)
        self.setAccessibleName(f"{note.title}. {note.text}")
        self._title.setText(note.title)
        set_text(self._text, note.text)
        self._close.setAccessibleName(say("close", language))
        self._close.setToolTip(say("close", language))
        self._fill(note)
        self._place()
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
        if note.urgent:
            self._timer.stop()
        else:
            self._timer.start()

    def withdraw(self, key: str) -> None:
        """Hide a note that is no longer true."""
        if self._note is not None and self._note.key == key:
            self.hide()

    def _fill(self, note: Note) -> None:
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._row.addStretch(1)
        for index, (action, words) in enumerate(note.actions):
            made = button("primary" if index == 0 else "", words)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.setAccessibleName(f"{words}: {note.title}")
            made.clicked.connect(self._chooser(action))
            self._row.insertWidget(1, made)  # the first one last, as in our dialogs
            made.show()  # now, so that the height counts it

    def _place(self) -> None:
        self.ensurePolished()
        height = self.layout().heightForWidth(_WIDTH)  # type: ignore[union-attr]
        self.resize(_WIDTH, max(height, self.minimumSizeHint().height()))
        area = QGuiApplication.primaryScreen().availableGeometry()
        corner = QPoint(area.right() - _WIDTH - _MARGIN, area.bottom() - self.height() - _MARGIN)
        place = QRect(corner, self.size())
        for other in QApplication.topLevelWidgets():
            if other is self or not other.isVisible() or other.windowType() != Qt.WindowType.Tool:
                continue
            taken = other.frameGeometry()  # the flyout is on top too, and a person looks at it
            if place.intersects(taken):
                place.moveRight(taken.left() - _MARGIN)
        self.move(place.topLeft() if area.contains(place) else corner)

    def _chooser(self, action: str) -> Callable[[], None]:
        return lambda: self._choose(action)

    def _choose(self, action: str) -> None:
        note = self._note
        self.hide()
        if note is not None:
            self.chosen.emit(note.key, action)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self._choose(DEFAULT)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().leaveEvent(event)
        if self.isVisible() and self._note is not None and not self._note.urgent:
            self._timer.start()
