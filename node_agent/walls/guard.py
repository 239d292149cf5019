"""Looks after the walls every minute: are they there, do they hold, what did they refuse?"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aigc.clock import Clock
from aigc.errors import AigcError
from aigc.tls import split_address
from node_agent.engines.driver import Problem
from node_agent.walls.keeper import Sight, Walls
from node_agent.walls.refusals import Reading, Refusals, grown
from node_agent.walls.resolver import Names

log = logging.getLogger(__name__)

Key = tuple[str, int]
_LOOKUP_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Watched:
    """An engine that runs: its run, its bridge, and where it listens (None: nowhere yet)."""

    key: Key
    bridge: str
    address: tuple[str, int] | None


class Guard:
    """See the module.

    Args:
        watched: the engines that run now.
        ours: host:port of the coordinator and the gateway, "" where unknown.
        refused: takes what each run was refused, where it was anything.
        told: called when the door opened or closed.
        every: seconds between two looks.
    """

    def __init__(
        self,
        walls: Walls,
        names: Names | None,
        clock: Clock,
        watched: Callable[[], list[Watched]],
        ours: Callable[[], Iterable[str]],
        refused: Callable[[Mapping[Key, Refusals]], None],
        told: Callable[[], None],
        every: float = 60.0,
    ) -> None:
        self._walls = walls
        self._names = names
        self._clock = clock
        self._watched = watched
        self._ours = ours
        self._refused = refused
        self._told = told
        self._every = every
        self._before: dict[Key, Reading] = {}
        self._refusals: dict[Key, Refusals] = {}
        self._last: dict[str, set[str]] = {}
        self._said: Problem | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(self._every)

    async def look(self) -> Sight:
        """Once: our own addresses, the rules, an attempt, the counters."""
        await asyncio.to_thread(self._walls.protect, await self._addresses())
        watched = self._watched()
        known = self._walls.engines
        old = next((w.key[0] for w in watched if w.bridge and w.bridge not in known), "")
        at = next((w.address for w in watched if w.bridge in known and w.address), None)
        sight = await asyncio.to_thread(self._walls.look, at, old)
        for what in sight.repaired:
            log.warning("walls repaired", extra={"what": what})
        self._count(watched, sight)
        if sight.trouble != self._said:
            self._said = sight.trouble
            if sight.trouble is not None:
                log.warning("walls do not hold", extra={"why": sight.trouble.en})
            else:
                log.info("walls hold")
            self._told()
        return sight

    def _count(self, watched: list[Watched], sight: Sight) -> None:
        now = self._clock.now()
        here = {w.key for w in watched}
        for watch in watched:
            kernel = sight.readings.get(watch.bridge)
            asked = self._names.refused(watch.bridge) if self._names is not None else {}
            if kernel is None:
                continue
            after = Reading(kernel.total + sum(asked.values()), {**kernel.places, **asked})
            known = self._refusals.get(watch.key, Refusals(now))
            before = self._before.get(watch.key, Reading())
            self._refusals[watch.key] = grown(known, before, after, now)
            self._before[watch.key] = after
        self._refusals = {k: r for k, r in self._refusals.items() if k in here}
        self._before = {k: r for k, r in self._before.items() if k in here}
        self._refused({k: r for k, r in self._refusals.items() if r.total})

    async def _addresses(self) -> set[str]:
        """Of the coordinator and the gateway, as far as their names have any now."""
        found: set[str] = set()
        for where in {address for address in self._ours() if address}:
            try:
                host, _ = split_address(where)
                async with asyncio.timeout(_LOOKUP_WITHIN):
                    said = await asyncio.get_running_loop().getaddrinfo(
                        host, None, family=socket.AF_INET, type=socket.SOCK_STREAM
                    )
            except (OSError, TimeoutError, AigcError) as error:
                log.info("an address of ours is unknown", extra={"of": where, "why": str(error)})
                # What was known goes on: nobody opens a wall by taking a name server away.
                found |= self._last.get(where, set())
                continue
            self._last[where] = {str(entry[4][0]) for entry in said}
            found |= self._last[where]
        return found
