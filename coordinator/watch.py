"""Telling others that something changed, without ever waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from dataclasses import dataclass

from coordinator.domain.instance import InstanceId
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.studio import Studio


@dataclass(frozen=True, slots=True)
class Changed:
    """What to look at again; what it is now stands in ``reactor.studio``."""

    instances: frozenset[InstanceId] = frozenset()
    nodes: frozenset[NodeId] = frozenset()
    people: bool = False
    catalogue: bool = False
    shares: bool = False

    def __or__(self, other: Changed) -> Changed:
        return Changed(
            self.instances | other.instances,
            self.nodes | other.nodes,
            self.people or other.people,
            self.catalogue or other.catalogue,
            self.shares or other.shares,
        )

    def __bool__(self) -> bool:
        return bool(self.instances or self.nodes or self.people or self.catalogue or self.shares)


def is_of(person: PersonId, machines: Set[NodeId], changed: Changed, studio: Studio) -> bool:
    """Whether somebody's own list may be another: others' engines and readings wake nobody.

    ``machines``: those that this person's instances are on, as last looked at.
    """
    if changed.people or changed.catalogue or changed.shares:
        return True
    if not changed.nodes.isdisjoint(machines):
        return True
    known, me = studio.instances, studio.people.get(person)
    return any(
        known[i].owner == person
        or (me is not None and any(share.is_for(me) for share in studio.shares_at(i)))
        for i in changed.instances
        if i in known
    )


def machines_of(person: PersonId, studio: Studio) -> set[NodeId]:
    """Those that this person's instances are on."""
    placements = (i.placement for i in studio.instances_of(person))
    return {where.node_id for where in placements if where is not None}


class Watch:
    """An async iterator of :class:`Changed`; a slow reader gets several changes as one.

    One reader at a time. Ends after :meth:`close`.
    """

    def __init__(
        self,
        forget: Callable[[Watch], None],
        concerns: Callable[[Changed], bool] | None = None,
    ) -> None:
        self._forget = forget
        self._concerns = concerns
        self._pending = Changed()
        self._wake = asyncio.Event()
        self._closed = False

    def tell(self, changed: Changed) -> None:
        """Add a change; never blocks. What does not concern the reader does not wake it."""
        if self._concerns is not None and not self._concerns(changed):
            return
        self._pending |= changed
        self._wake.set()

    def close(self) -> None:
        """End the iteration, now and for a reader that waits."""
        self._closed = True
        self._forget(self)
        self._wake.set()

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Changed:
        while not self._pending and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        if self._closed:
            raise StopAsyncIteration
        changed, self._pending = self._pending, Changed()
        return changed
