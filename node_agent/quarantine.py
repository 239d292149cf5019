"""Containers of ours that no ledger knows: kept, shown, and stopped only after a hold.

IT may say to keep one: then the hold begins anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import timedelta

from aigc.clock import Clock, milliseconds
from node_agent.config import AgentConfig
from node_agent.engines.driver import Container
from node_agent.store import Store, Unclaimed

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
        known = self._store.unclaimed
        await self._store.save_unclaimed(
            {c.container_id: known.get(c.container_id, Unclaimed(now)) for c in found}
        )
        known = self._store.unclaimed
        self.held = {c.container_id: (c, known[c.container_id].first_seen_ms) for c in found}
        self._stopping = {name: job for name, job in self._stopping.items() if not job.done()}
        for name, (container, _) in self.held.items():
            if now >= self.stop_after(name) and name not in self._stopping:
                log.warning("unclaimed stopped", extra={"instance_id": container.instance_id})
                self._stopping[name] = asyncio.ensure_future(self._stop(container))

    async def keep(self, container_id: str) -> None:
        """Hold it for another hold time from now on; nothing for one that is not held or stops.

        Raises:
            AigcError: ``agent-state-broken``: it could not be remembered.
        """
        known = self._store.unclaimed.get(container_id)
        if known is None or container_id in self._stopping:
            log.warning("not unclaimed any more", extra={"container_id": container_id})
            return
        kept = replace(known, kept_at_ms=milliseconds(self._clock.now()))
        await self._store.save_unclaimed({**self._store.unclaimed, container_id: kept})
        log.info("unclaimed kept", extra={"container_id": container_id})

    def stop_after(self, container_id: str) -> int:
        """When a container that is held is stopped, UTC milliseconds."""
        known = self._store.unclaimed[container_id]
        hold = timedelta(hours=self._config.unclaimed_hold_hours)
        begun = max(known.first_seen_ms, known.kept_at_ms)
        return begun + round(hold.total_seconds() * 1000)
