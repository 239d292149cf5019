"""Links that the system hands to the running program (macOS), as Qt events."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent

from desktop_client.platform.deep_links import SCHEME


class OpenedLinks(QObject):
    """Install on the application: ``app.installEventFilter(OpenedLinks(app))``.

    Signals: opened(str), a link of ours; it is not yet validated.
    """

    opened = Signal(str)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.FileOpen and isinstance(event, QFileOpenEvent):
            url = event.url()
            if url.scheme() == SCHEME:
                self.opened.emit(url.toString())
                return True
        return False
