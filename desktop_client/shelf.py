"""The windows that are open beside the flyout: one of each kind, found again by its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject

from desktop_client.theme import Colours

if TYPE_CHECKING:
    from desktop_client.windows.worded import Dialog, Window

W = TypeVar("W", bound="Window | Dialog")


class Shelf(QObject):
    """Keeps each window until it is closed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open: dict[str, Window | Dialog] = {}

    def open(self, key: str, make: Callable[[], W]) -> W:
        """Bring up the window of a key; it is made if it is not there."""
        window = self._open.get(key)
        if window is None:
            window = make()
            self._open[key] = window
            window.closed.connect(lambda: self._open.pop(key, None))
        window.bring_up()
        return window  # type: ignore[return-value]  # one key, one kind

    def has(self, key: str) -> bool:
        """Whether the window of a key is open."""
        return key in self._open

    def find(self, key: str, kind: type[W]) -> W | None:
        """The window of a key, if it is open."""
        window = self._open.get(key)
        return window if isinstance(window, kind) else None

    def reword(self, language: str, colours: Colours) -> None:
        """Another language, other colours."""
        for window in list(self._open.values()):
            window.reword(language, colours)

    def close(self, key: str) -> None:
        """Close the window of a key, if it is open."""
        window = self._open.get(key)
        if window is not None:
            window.close()

    def close_all(self) -> None:
        for window in list(self._open.values()):
            window.close()
