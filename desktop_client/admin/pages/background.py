"""What takes a moment in a large studio is made beside the GUI thread, and not too often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

from desktop_client.admin.page import Shell

T = TypeVar("T")

_PAUSE_MS = 1000  # between two looks at a studio that changes all the time


class Background(QObject, Generic[T]):
    """Makes a view again and again: one at a time, with a pause between two.

    Args:
        prepare: in the GUI thread: takes what is known now, and returns what to do elsewhere.
        show: in the GUI thread, with the result.
    """

    def __init__(
        self,
        shell: Shell,
        parent: QObject,
        prepare: Callable[[], Callable[[], T]],
        show: Callable[[T], None],
    ) -> None:
        super().__init__(parent)
        self._shell, self._prepare, self._show = shell, prepare, show
        self._busy = False
        self._again = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._paused)

    def ask(self, *, at_once: bool = False) -> None:
        """Something changed; what comes meanwhile is taken into the next. ``at_once``: a person
        waits for it (another language, an answer), so without the pause."""
        if at_once:
            self._pause.stop()
        if self._busy or self._pause.isActive():
            self._again = True
            return
        self._busy, self._again = True, False
        self._shell.bridge.work(self, self._prepare(), self._made)

    def _made(self, result: T) -> None:
        self._busy = False
        self._show(result)
        self._pause.start()

    def _paused(self) -> None:
        if self._again:
            self.ask()
