"""Links that the system hands to the running program (macOS), as Qt events."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from desktop_client.platform.deep_links import SCHEME


class LinkApplication(QApplication):
    """The application, told of links.

    Not an event filter: on an application that one would run for each event of each object.

    Signals: link_opened(str), a link of ours; it is not yet validated.
    """

    link_opened = Signal(str)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FileOpen and isinstance(event, QFileOpenEvent):
            url = event.url()
            if url.scheme() == SCHEME:
                self.link_opened.emit(url.toString())
                return True
        return super().event(event)
