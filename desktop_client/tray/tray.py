"""The tray icon. Shown when a tray host is there, retried quietly while none is.

Qt tells the host that the item is Active whenever it is shown, so that no desktop hides it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QObject, QPoint, QRect, Signal
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop_client.desk import Action
from desktop_client.menu_model import Entry
from desktop_client.platform import tray_host
from desktop_client.shapes import tray_icon
from desktop_client.view_model import View


class Tray(QObject):
    """Signals:
    performed(Action): a person chose an entry.
    clicked(QRect | QPoint | None): the icon was clicked; where it is, as far as anybody knows.
    """

    performed = Signal(object)
    clicked = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._menu = QMenu()
        self._submenus: list[QMenu] = []
        self._entries: tuple[Entry, ...] = ()
        self._actions: list[QAction] = []
        self._view: View | None = None
        self._dark = False
        self._icon: QSystemTrayIcon | None = None
        self._watch = tray_host.TrayHostWatch(self)
        self._watch.appeared.connect(self.try_to_show)

    @property
    def is_shown(self) -> bool:
        """Whether a person can find the icon."""
        return self._icon is not None and self._icon.isVisible() and tray_host.is_present()

    def try_to_show(self) -> None:
        """Show the icon if there is a host; else when one appears."""
        if self._icon is not None:
            return
        if not tray_host.is_present():
            self._watch.start()
            return
        self._watch.stop()
        self._icon = QSystemTrayIcon(self)
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._activated)
        if self._view is not None:
            self._icon.setIcon(tray_icon(self._view.icon, dark=self._dark))
            self._icon.setToolTip(self._view.tooltip)
        self._icon.show()

    def hide(self) -> None:
        self._watch.stop()
        if self._icon is not None:
            self._icon.hide()

    def show_view(self, view: View, entries: Sequence[Entry], *, dark: bool = False) -> None:
        """Make icon, tooltip and menu those of the view, on a light or dark desktop."""
        old, self._view = self._view, view
        if self._icon is not None:
            if old is None or old.icon is not view.icon or dark is not self._dark:
                self._icon.setIcon(tray_icon(view.icon, dark=dark))
            if old is None or old.tooltip != view.tooltip:
                self._icon.setToolTip(view.tooltip)
        self._dark = dark
        self._show_menu(tuple(entries))

    def where(self, *, clicked: bool = False) -> QRect | QPoint | None:
        """The icon's place: told by the desktop, else under the pointer that clicked it now,
        else nobody knows."""
        if self._icon is not None and not (told := self._icon.geometry()).isEmpty():
            return told
        return QCursor.pos() if clicked else None

    def _show_menu(self, entries: tuple[Entry, ...]) -> None:
        if entries == self._entries:
            return
        if _shape(entries) == _shape(self._entries):
            # Same lines, other words: nothing moves under the pointer.
            for action, entry in zip(self._actions, _flat(entries), strict=True):
                _fill(action, entry)
        else:
            self._menu.clear()
            for submenu in self._submenus:
                submenu.deleteLater()
            self._submenus, self._actions = [], []
            self._build(self._menu, entries)
        self._entries = entries

    def _build(self, menu: QMenu, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.separator:
                self._actions.append(menu.addSeparator())
            elif entry.entries:
                submenu = menu.addMenu(_escaped(entry.label))
                self._submenus.append(submenu)
                self._actions.append(submenu.menuAction())
                _fill(submenu.menuAction(), entry)
                self._build(submenu, entry.entries)
            else:
                action = menu.addAction(_escaped(entry.label))
                action.triggered.connect(self._triggered)
                self._actions.append(action)
                _fill(action, entry)

    def _triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction) and isinstance(action.data(), Action):
            self.performed.emit(action.data())

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        # A double click began as a Trigger. On macOS a click opens the menu by itself.
        if reason is QSystemTrayIcon.ActivationReason.Trigger and sys.platform != "darwin":
            self.clicked.emit(self.where(clicked=True))


def _flat(entries: Sequence[Entry]) -> list[Entry]:
    flat: list[Entry] = []
    for entry in entries:
        flat.append(entry)
        flat += _flat(entry.entries)
    return flat


def _shape(entries: Sequence[Entry]) -> tuple[object, ...]:
    return tuple((e.separator, _shape(e.entries)) for e in entries)


def _fill(action: QAction, entry: Entry) -> None:
    if entry.separator:
        return
    action.setText(_escaped(entry.label))
    action.setEnabled(entry.enabled)
    action.setData(entry.action)
    font = action.font()
    if font.bold() != entry.strong:
        font.setBold(entry.strong)
        action.setFont(font)


def _escaped(label: str) -> str:
    """An ampersand in a name is no keyboard mark."""
    return label.replace("&", "&&")
