"""The network comes, goes or becomes another one: a reason to try the coordinator at once.

Through Qt's network information: NetworkManager or the kernel's routes (GIO) on Linux, the
Network List Manager on Windows, SystemConfiguration on macOS.
"""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation

log = logging.getLogger(__name__)

_Reach = QNetworkInformation.Reachability
_FEATURE = QNetworkInformation.Feature.Reachability


class NetworkWatch(QObject):
    """Runs from ``start`` on; the backend is Qt's and stays with the program.

    A hint when to try at once, never a reason not to try: a studio's network may have no way to
    the internet, which some systems call disconnected. What is unknown counts as in reach.

    Signals:
        changed(bool): the network changed; whether anything can be in reach now.
    """

    changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._information: QNetworkInformation | None = None
        self._why_not = "not started"

    @property
    def how(self) -> str:
        """Which backend tells us; empty while none does."""
        return "" if self._information is None else self._information.backendName()

    @property
    def why_not(self) -> str:
        """Why none does; empty while one does."""
        return "" if self._information is not None else self._why_not

    @property
    def reachable(self) -> bool:
        """Whether anything can be in reach, as far as is known."""
        return self._information is None or reaches(self._information.reachability())

    def start(self) -> None:
        if self._information is not None:
            return
        if not QNetworkInformation.loadBackendByFeatures(_FEATURE):
            self._why_not = "Qt has no backend that knows this system's network"
            log.info("network changes are not noticed: %s", self._why_not)
            return
        self._information = information = QNetworkInformation.instance()
        information.reachabilityChanged.connect(self._reached)
        information.transportMediumChanged.connect(self._moved)

    def stop(self) -> None:
        information, self._information = self._information, None
        if information is not None:
            information.reachabilityChanged.disconnect(self._reached)
            information.transportMediumChanged.disconnect(self._moved)

    def _reached(self, reach: QNetworkInformation.Reachability) -> None:
        self.changed.emit(reaches(reach))

    def _moved(self, _medium: QNetworkInformation.TransportMedium) -> None:
        self.changed.emit(self.reachable)


def reaches(reach: QNetworkInformation.Reachability) -> bool:
    """Whether a coordinator could be in reach."""
    return reach is not _Reach.Disconnected
