"""When the window of the way to one's engines is up: at the first run by itself, later when a
person has to do something that the flyout cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_client.autostart import Autostart
from desktop_client.bridge import Bridge
from desktop_client.theme import Colours
from desktop_client.view_model import Page, View
from desktop_client.wording import problem_text

if TYPE_CHECKING:
    from desktop_client.windows.first_run import FirstRunWindow

_ASKS = (Page.FIRST_RUN, Page.TRUST, Page.SIGN_IN)  # the person is asked for something
_OWN = (Page.FIRST_RUN, Page.TRUST, Page.SIGNING_IN)  # what only this window can show


class Way(QObject):
    """Makes the window when it is first needed.

    Signals:
        performed(Action): something of the usual kind was asked for.
        welcomed(): the person is signed in and has read the last page.
        left(): the person closed the window before that.
    """

    performed = Signal(object)
    welcomed = Signal()
    left = Signal()

    def __init__(self, bridge: Bridge, autostart: Autostart, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._autostart = bridge, autostart
        self._window: FirstRunWindow | None = None
        self._view: View | None = None
        self._look: tuple[Colours, str] | None = None
        self._welcomed = False
        self._had_studio = False
        self._has_tray = True
        self._came_up = False  # by itself, once
        autostart.changed.connect(self._show_autostart)

    @property
    def is_visible(self) -> bool:
        return self._window is not None and self._window.isVisible()

    @property
    def is_needed(self) -> bool:
        """Whether this, and not the flyout, is what a person wants to see now."""
        if self._view is None:
            return False
        page = self._view.page
        return page in _OWN or (not self._welcomed and page is not Page.CARDS)

    def show_view(
        self, view: View, colours: Colours, language: str, *, welcomed: bool, has_tray: bool
    ) -> None:
        """Show where the way has come to; comes up by itself once if it must, and leaves when a
        person who knows it all is signed in again."""
        self._view, self._look = view, (colours, language)
        self._welcomed, self._has_tray = welcomed, has_tray
        if view.page is Page.CARDS:
            self._had_studio = self._came_up = True
        if self.is_visible:
            if view.page is Page.CARDS and welcomed:
                self.hide()
                self.welcomed.emit()
                return
            self._show()
        elif view.page in _ASKS and not self._came_up:
            self._came_up = True  # never a silent icon at the first run
            if not welcomed or view.page is not Page.SIGN_IN:
                self.bring_up()

    def bring_up(self) -> None:
        """Show the window, and let it come to the front."""
        if self._window is None:
            self._window = self._make()
        self._show()
        self._window.bring_up()

    def hide(self) -> None:
        if self._window is not None:
            self._window.hide()

    def _make(self) -> FirstRunWindow:
        from desktop_client.windows.first_run import FirstRunWindow  # seldom needed, so late

        window, bridge = FirstRunWindow(), self._bridge
        window.performed.connect(self.performed)
        window.closed.connect(self._closed)
        window.went_on.connect(self.welcomed)
        window.studio.entered.connect(bridge.find)
        window.studio.went_back.connect(bridge.back)
        window.trust.trusted.connect(bridge.trust)
        window.trust.went_back.connect(bridge.forget)
        window.signing_in.cancelled.connect(bridge.cancel_sign_in)
        window.done.autostart_chosen.connect(self._autostart.switch)
        self._autostart.look()
        return window

    def _show(self) -> None:
        if self._window is None or self._view is None or self._look is None:
            return
        self._window.studio.allow_back(self._had_studio)
        self._window.done.show_tray(self._has_tray)
        self._window.show_view(self._view, *self._look)
        self._show_autostart()

    def _show_autostart(self) -> None:
        if self._window is not None and self._look is not None:
            problem = problem_text(self._autostart.problem, self._look[1])
            self._window.done.show_autostart(self._autostart.on, problem)

    def _closed(self) -> None:
        if self._view is not None and self._view.page is Page.CARDS and not self._welcomed:
            self.welcomed.emit()
        else:
            self.left.emit()
