"""Containers of ours that no ledger knows: kept, shown, and stopped only after a hold."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from aigc.clock import Clock, milliseconds
from node_agent.config import AgentConfig
from node_agent.engines.driver import Container
from node_agent.store import Store

log = logging.getLogger(__name__)


class Quarantine:
    """See the module. The hold counts from when a container was first seen, over restarts.

    Attributes:
        held: by container id, with the moment it was first seen (UTC milliseconds).
    """

    def __init__(
        self,
        store: Store,
        config: AgentConfig,
        clock: Clock,
        stop: Callable[[Container], Awaitable[None]],
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._stop = stop
        self._stopping: dict[str, asyncio.Future[None]] = {}
        self.held: dict[str, tuple[Container, int]] = {}

    @property
    def jobs(self) -> Collection[asyncio.Future[None]]:
        """What is being stopped now."""
        return self._stopping.values()

    async def hold(self, found: list[Container]) -> None:
        """These are unclaimed now, and no others; what is over its hold begins to stop.

        Raises:
            AigcError: ``agent-state-broken``: nothing is stopped that could not be remembered.
        """
        now = milliseconds(self._clock.now())
        first = {c.container_id: self._store.unclaimed.get(c.container_id, now) for c in found}
        await self._store.save_unclaimed(first)
        self.held = {c.container_id: (c, first[c.container_id]) for c in found}
        self._stopping = {name: job for name, job in self._stopping.items() if not job.done()}
        for name, (container, first_seen) in self.held.items():
            if now >= self.stop_after(first_seen) and name not in self._stopping:
                log.warning("unclaimed stopped", extra={"instance_id": container.instance_id})
                self._stopping[name] = asyncio.ensure_future(self._stop(container))

    def stop_after(self, first_seen_ms: int) -> int:
        """When an unclaimed container is stopped, UTC milliseconds."""
        hold = timedelta(hours=self._config.unclaimed_hold_hours)
        return first_seen_ms + round(hold.total_seconds() * 1000)
