"""The switch that starts this program with the session, for the windows that show it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop_client.bridge import Bridge
from desktop_client.model import Problem
from desktop_client.platform.autostart import open_autostart


class Autostart(QObject):
    """How the switch stands, asked and moved beside the GUI thread.

    Signals:
        changed(): ``on`` or ``problem`` is another.

    Attributes:
        on: None while it is not known, or where the system has no such switch.
        problem: why it could not be moved, or None.
    """

    changed = Signal()

    def __init__(
        self, bridge: Bridge, command: tuple[str, ...], parent: QObject | None = None
    ) -> None:
        """Args:
        command: what the session is to start.
        """
        super().__init__(parent)
        self._bridge, self._command = bridge, command
        self.on: bool | None = None
        self.problem: Problem | None = None

    def look(self) -> None:
        """Ask how it stands."""
        command = self._command
        self._bridge.compute(
            lambda: open_autostart(command).is_on(), self, self._known, self._unknown
        )

    def switch(self, on: bool) -> None:
        """Start with this computer, or no longer."""

        command = self._command

        def move() -> bool:
            switch = open_autostart(command)
            switch.switch(on)
            return switch.is_on()

        self._bridge.compute(move, self, self._known, self._failed)

    def _known(self, on: bool) -> None:
        self.on, self.problem = on, None
        self.changed.emit()

    def _unknown(self, problem: Problem) -> None:
        self.on = None
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self.problem = problem
        self.changed.emit()
