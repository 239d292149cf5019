"""How engines were used before this program looked: asked for when somebody wants to see it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop_client.bridge import Bridge
from desktop_client.history import Series
from desktop_client.model import Link, Problem, Snapshot, State

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession

log = logging.getLogger(__name__)


class Lookback(QObject):
    """Signals:
    filled(str, tuple[Series, ...]): what the coordinator remembers of an instance's cards.
    """

    filled = Signal(str, object)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge

    def look(self, snapshot: Snapshot) -> None:
        """Ask for each instance that runs on a card."""
        if snapshot.link is not Link.ONLINE:
            return
        for instance in snapshot.instances:
            if instance.state is State.READY and instance.cards:
                self._ask(instance.id)

    def _ask(self, instance_id: str) -> None:
        def take(series: tuple[Series, ...]) -> None:
            self.filled.emit(instance_id, series)

        self._bridge.request(_readings_of(instance_id), self, take, _without)


def _readings_of(
    instance_id: str,
) -> Callable[[CoordinatorSession], Coroutine[Any, Any, tuple[Series, ...]]]:
    async def ask(session: CoordinatorSession) -> tuple[Series, ...]:
        from desktop_client.personal import readings  # gRPC is loaded by now; not before the icon

        return await readings(session, instance_id)

    return ask


def _without(problem: Problem) -> None:
    """An older coordinator does not know: the graphs begin with what is seen from now on."""
    log.info("no readings of the last minutes", extra={"reason": problem.key})
