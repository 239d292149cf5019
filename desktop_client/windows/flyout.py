"""The creator's flyout at the tray: header, cards, footer.

Frameless beside the icon; where there is no tray the same content in a window with a frame.
"""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QEnterEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QStackedWidget, QVBoxLayout, QWidget

from desktop_client.placement import Box, Display, display_of, place
from desktop_client.shapes import tray_icon
from desktop_client.theme import Colours
from desktop_client.view_model import Icon, View
from desktop_client.windows.cards_page import CardsPage
from desktop_client.windows.flyout_bars import Footer, Header
from desktop_client.windows.parts import pad, scrolled
from desktop_client.windows.plain_page import PlainPage

WIDTH = 360
TALLEST = 640
_FRAMED_HEIGHT = 600
_PLAIN, _CARDS = 0, 1  # pages of the stack
_CLICK_MS = 400  # a click on the icon takes the focus first; then it is a click to close
_SETTLE_MS = 120  # between two windows of this program nobody has the focus for a moment


class Flyout(QFrame):
    """Signals:
    performed(Action): a person asked for something.
    opened(): it was shown anew.
    closed(): it was closed, by whatever way.
    """

    performed = Signal(object)
    opened = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("flyout")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._view: View | None = None
        self._look: tuple[Colours, str] | None = None
        self._icon: Icon | None = None
        self._stale = False
        self._framed = False
        self._anchor: Box | None = None
        self._was_active = False
        self._left = QElapsedTimer()  # since the focus went to another program
        self._make()
        self._flags()
        search = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        search.activated.connect(self._search)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._look_after_focus)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.focusWindowChanged.connect(self._focus_moved)

    def _make(self) -> None:
        self._header = Header()
        self._cards = CardsPage()
        self._plain = PlainPage()
        self._footer = Footer()
        self._stack = QStackedWidget()
        self._stack.addWidget(scrolled(self._plain))
        self._stack.addWidget(self._cards)
        for sender in (self._header, self._cards, self._plain, self._footer):
            sender.performed.connect(self.performed)
        self._cards.resized.connect(self._fit)
        self._body = QVBoxLayout(self)
        pad(self._body, around=0, between=0)  # its border is the theme's
        self._body.addWidget(self._header)
        self._body.addWidget(self._stack, 1)
        self._body.addWidget(self._footer)

    def _flags(self) -> None:
        if self._framed:
            self.setWindowFlags(Qt.WindowType.Window)
            self.setMinimumWidth(WIDTH)
            self.setMaximumWidth(2 * WIDTH)
        else:
            self.setWindowFlags(
                Qt.WindowType.Tool
                | Qt.WindowType.FramelessWindowHint
                | Qt.WindowType.WindowStaysOnTopHint
            )
            self.setFixedWidth(WIDTH)

    # -- what it shows --------------------------------------------------------------------------

    def show_view(self, view: View, colours: Colours, language: str) -> None:
        """Show what the desk looks like now; put off until it is seen."""
        self._view, self._look = view, (colours, language)
        self._stale = True
        if self.isVisible():
            self._refresh()

    def set_framed(self, framed: bool) -> None:
        """Without a tray host it is an ordinary window, which the person moves and closes."""
        if framed is self._framed:
            return
        shown = self.isVisible()
        self._framed = framed
        self._flags()
        if framed:
            self.resize(WIDTH, _FRAMED_HEIGHT)
        if shown:
            self.bring_up(None)

    def _refresh(self) -> None:
        if not self._stale or self._view is None or self._look is None:
            return
        self._stale = False
        if not self.underMouse() and QApplication.activePopupWidget() is None:
            self._cards.hold(False)  # the pointer left while a menu was open
        view, (colours, language) = self._view, self._look
        self.setWindowTitle(view.studio)  # Qt adds the program's name, as this desktop has it
        if view.icon is not self._icon:
            self._icon = view.icon
            self.setWindowIcon(tray_icon(view.icon))
        self._header.show_view(view, colours, language)
        self._footer.show_view(view, language)
        if view.plain is not None:
            self._plain.show_plain(view.plain, view.icon, language)
        self._cards.show_view(view, colours, language)
        self._stack.setCurrentIndex(_PLAIN if view.plain is not None else _CARDS)
        self._fit()

    # -- where it is ----------------------------------------------------------------------------

    def bring_up(self, anchor: QPoint | QRect | None) -> None:
        """Show, beside the anchor (the icon, or where it was clicked; None: nobody knows)."""
        if self.isMinimized():
            self.showNormal()
        anew = not self.isVisible()
        if anew:
            self._anchor = _box(anchor)
            self._was_active = False
            self._cards.hold(False)
            self._cards.to_top()
            self._refresh()
            for widget in self.findChildren(QWidget):
                widget.ensurePolished()  # or the theme's sizes come after the first look
            self._fit()
        self.show()
        self.raise_()
        self.activateWindow()
        if anew:
            self.setFocus(Qt.FocusReason.PopupFocusReason)  # no card looks chosen yet
            self.opened.emit()

    def toggle(self, anchor: QPoint | QRect | None) -> None:
        """A click on the icon: open, or close if it is open (or was when the click began)."""
        if self.isVisible():
            self.close()
        elif not self._left.isValid() or self._left.hasExpired(_CLICK_MS):
            self.bring_up(anchor)
        self._left.invalidate()

    def _fit(self) -> None:
        """Take the height that the content wants, beside the same place."""
        if self._framed or self._stale:
            return
        bars = self._header.sizeHint().height() + self._footer.sizeHint().height() + 2
        inner = WIDTH - 2
        if self._stack.currentIndex() == _CARDS:
            content = self._cards.height_for(inner)
        else:
            least = self._plain.minimumSizeHint().height()
            content = max(self._plain.heightForWidth(inner), least)
        height = min(bars + content, TALLEST)
        if self.isVisible() and self.underMouse():
            height = max(height, self.height())  # nothing moves away under the pointer
        screen = self._display()
        target = place(WIDTH, height, self._anchor, screen)
        self.resize(WIDTH, target.height)
        if not QGuiApplication.platformName().startswith("wayland"):
            self.move(target.x, target.y)  # there the desktop alone places windows

    def _display(self) -> Display:
        displays = [
            Display(_of(s.geometry()), _of(s.availableGeometry()))
            for s in QGuiApplication.screens()
        ]
        primary = _of(QGuiApplication.primaryScreen().geometry())
        return display_of(displays, self._anchor or primary)

    # -- what a person does ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            if not self._cards.leave_search():
                self.close()
        elif event.key() == Qt.Key.Key_Down and self._stack.currentIndex() == _CARDS:
            self._cards.focus_first()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        self._cards.hold(True)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().leaveEvent(event)
        if QApplication.activePopupWidget() is None:
            self._cards.hold(False)
            self._fit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._settle.stop()
        self._cards.hold(False)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        super().closeEvent(event)
        self.closed.emit()

    def _focus_moved(self) -> None:
        """To another window, of this program or of none."""
        if self.isVisible():
            self._was_active = self._was_active or self.isActiveWindow()
            self._settle.start()

    def _look_after_focus(self) -> None:
        """Close when the person works elsewhere: not for a menu or a dialog of its own."""
        if self._framed or not self._was_active or not self.isVisible():
            return
        if QApplication.activePopupWidget() is not None or self.isActiveWindow():
            return
        active = QApplication.activeWindow()
        if active is not None and _is_within(active, self):
            return
        self._left.start()
        self.close()

    def _search(self) -> None:
        if self._stack.currentIndex() == _CARDS:
            self._cards.search()


def _is_within(window: QWidget, owner: QWidget) -> bool:
    """Whether a window belongs to another: a dialog of it, or a dialog's dialog."""
    above: QWidget | None = window
    while above is not None:
        if above is owner:
            return True
        above = above.parentWidget()
    return False


def _box(anchor: QPoint | QRect | None) -> Box | None:
    if isinstance(anchor, QRect):
        return _of(anchor) if anchor.isValid() and not anchor.isEmpty() else None
    return None if anchor is None else Box(anchor.x(), anchor.y(), 1, 1)


def _of(rectangle: QRect) -> Box:
    return Box(rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height())
