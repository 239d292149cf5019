"""What a page of the admin window is, and what the window is to its pages."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_client.admin.bridge import AdminBridge
from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.settings import AdminSettings, TableSettings
from desktop_client.model import Problem
from desktop_client.theme import Colours


class Shell(Protocol):
    """The window, as its pages see it.

    Attributes:
        bridge: everything that takes time goes there.
        settings: what is remembered; see keep_table.
        fleet: the last one heard.
        language: ``en`` or ``zh``.
    """

    @property
    def bridge(self) -> AdminBridge: ...
    @property
    def settings(self) -> AdminSettings: ...
    @property
    def fleet(self) -> Fleet: ...
    @property
    def language(self) -> str: ...
    @property
    def colours(self) -> Colours: ...
    @property
    def zone(self) -> tzinfo | None: ...

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def keep_table(self, key: str, table: TableSettings) -> None:
        """Remember how a table is arranged."""
        ...

    def tell(self, problem: Problem | None) -> None:
        """Show a refusal in the bar at the page's top; None takes it away. Never a modal."""
        ...

    def tell_done(self, sentence: str) -> None:
        """Say in the same bar what was done; it leaves by itself."""
        ...

    def go_to(self, page: str, filter: str = "", row: str = "") -> None:  # noqa: A002
        """Another page, with its filter and the row that is meant."""
        ...

    def choose_language(self, language: str) -> None:
        """``en`` or ``zh``; remembered."""
        ...

    def choose_look(self, look: str) -> None:
        """``light``, ``dark``, or empty: as the desktop; remembered."""
        ...

    def ask_to_sign_out(self) -> None:
        """Confirm first: the tray is signed out with it."""
        ...


if TYPE_CHECKING:
    _QtType = type
else:
    _QtType = type(QWidget)


class _PageType(ABCMeta, _QtType):
    """Qt makes its objects by a way of its own, on which abc does not look for what is missing."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if missing := ", ".join(sorted(cls.__abstractmethods__)):
            raise TypeError(f"{cls.__name__} is no page without {missing}")
        return super().__call__(*args, **kwargs)


class Page(QWidget, metaclass=_PageType):
    """One page. Made when it is first shown; gets each change only while it is shown.

    Signals:
        badge_changed(): ``badge()`` answers something else now.
    """

    key: ClassVar[str]
    badge_changed = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell

    @abstractmethod
    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        """Show what changed. ``delta.whole``: everything anew (first, after hiding, after a change
        of language or theme); the rows that stayed the same objects need no work."""

    def shown(self) -> None:
        """The page is before the person's eyes: start what costs."""

    def hidden(self) -> None:
        """It is not any more: stop what costs."""

    def badge(self) -> str | None:
        """A few characters beside its name at the left; None: as the fleet says (badges.py)."""
        return None

    def find_in_page(self) -> None:
        """Ctrl+F: the filter field, where there is one."""

    def refresh(self) -> None:
        """F5: ask again for what comes by no stream."""

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        """Somebody came by a link: show this filter and this row, each may be empty."""
