"""Python's cyclic garbage collector runs in the GUI thread alone.

By itself it runs in whichever thread happens to allocate, and what it finds may be windows and
menus that were let go: Qt objects must not be destroyed outside of their thread. So it is switched
off, and looked after each time that Qt's loop has done its work and is about to sleep. Nothing is
woken for it: what makes garbage (a message, a click) ends in the GUI thread anyhow.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QAbstractEventDispatcher, QObject

_YOUNG, _MIDDLE, _OLD = 700, 10, 10  # as Python's own thresholds
_FULL_SECONDS = 30.0  # a full collection takes a while and finds little


class GuiCollector(QObject):
    """Make it in the GUI thread once the application is there. It holds to the program's end:
    threads may be at work still when the windows are let go."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._full_at = time.monotonic()
        QAbstractEventDispatcher.instance().aboutToBlock.connect(self._look)
        gc.freeze()  # what is loaded by now stays: it need not be looked through each time
        gc.disable()

    def _look(self) -> None:
        young, middle, old = gc.get_count()
        if young < _YOUNG:
            return
        now = time.monotonic()
        if old >= _OLD and middle >= _MIDDLE and now - self._full_at >= _FULL_SECONDS:
            self._full_at = now
            gc.collect(2)
        else:
            gc.collect(1 if middle >= _MIDDLE else 0)
