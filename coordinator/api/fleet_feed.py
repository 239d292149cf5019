"""Machines and instances for one admin window: the whole set in pieces, then what changed.

What was told is remembered by its digest, so that a change that nobody would see is not sent.
Pieces stay far below gRPC's message limit, and the event loop gets its turn between them: a studio
of a thousand machines must not stand still because somebody opened a window.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from datetime import datetime

from aigc.clock import milliseconds
from coordinator.api import conversion
from coordinator.api.conversion import UrlOf
from coordinator.domain.instance import InstanceId, State
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.studio import Studio
from coordinator.watch import Changed
from protos.aigc.v1 import admin_pb2, creator_pb2

_BYTES_AT_ONCE = 256 << 10
_ROWS_AT_ONCE = 25  # between two turns of the loop: about two milliseconds

Row = admin_pb2.Node | creator_pb2.Instance


class FleetFeed:
    """See the module. Belongs to one stream; its methods are used one after the other."""

    def __init__(self, url_of: UrlOf, certificate_expires: Callable[[str], datetime | None]):
        self._url_of = url_of
        self._certificate_expires = certificate_expires
        self._nodes: dict[NodeId, bytes] = {}
        self._instances: dict[InstanceId, bytes] = {}
        self._names: dict[PersonId, str] = {}

    async def whole(
        self, studio: Studio, now: datetime
    ) -> AsyncGenerator[admin_pb2.WatchFleetResponse, None]:
        """The whole set: ``begin`` in its first message, ``more`` in all but the last."""
        self._nodes.clear()
        self._instances.clear()
        self._names = _names(studio)
        there = (i.id for i in studio.instances.values() if i.state is not State.DELETED)
        waiting: admin_pb2.WatchFleetResponse | None = None
        async for message in self._rows(studio, now, studio.nodes, there):
            if waiting is not None:
                waiting.more = True
                yield waiting
            message.begin = waiting is None
            waiting = message
        yield waiting or _message(studio, now, begin=True)

    async def delta(
        self, studio: Studio, changed: Changed, now: datetime
    ) -> AsyncGenerator[admin_pb2.WatchFleetResponse, None]:
        """What is another than it was told; nothing at all where nothing is."""
        instances = self._concerned(studio, changed)
        first = _message(studio, now)
        first.people_changed, first.catalogue_changed = changed.people, changed.catalogue
        gone_nodes = [n for n in changed.nodes if n in self._nodes and n not in studio.nodes]
        gone = [i for i in instances if i in self._instances and not _is_there(studio, i)]
        for node_id in gone_nodes:
            del self._nodes[node_id]
        for instance_id in gone:
            del self._instances[instance_id]
        first.removed_node_ids.extend(gone_nodes)
        first.removed_instance_ids.extend(gone)
        head: admin_pb2.WatchFleetResponse | None = None
        if changed.people or changed.catalogue or gone or gone_nodes:
            head = first
        nodes = (n for n in changed.nodes if n in studio.nodes)
        there = (i for i in instances if _is_there(studio, i))
        async for message in self._rows(studio, now, nodes, there):
            if head is not None:
                message.MergeFrom(head)
                head = None
            yield message
        if head is not None:
            yield head

    def _concerned(self, studio: Studio, changed: Changed) -> set[InstanceId]:
        """Whose line, cards or names may be others now."""
        if changed.catalogue:
            return {*studio.instances, *changed.instances}
        concerned = set(changed.instances)
        for node_id in changed.nodes:
            concerned.update(i.id for i in studio.placed_on(node_id))
        coming_back = {
            v.id for v in studio.volumes.values() if v.restoring and v.home in changed.nodes
        }
        renamed: set[PersonId] = set()
        if changed.people:
            names = _names(studio)
            renamed = {p for p, name in names.items() if self._names.get(p) != name}
            self._names = names
        if coming_back or renamed:
            concerned.update(
                i.id
                for i in studio.instances.values()
                if i.volume_id in coming_back or i.owner in renamed
            )
        return concerned

    async def _rows(
        self,
        studio: Studio,
        now: datetime,
        nodes: Iterable[NodeId],
        instances: Iterable[InstanceId],
    ) -> AsyncGenerator[admin_pb2.WatchFleetResponse, None]:
        message, size, seen = _message(studio, now), 0, 0
        for row, length in self._fresh(studio, now, nodes, instances):
            seen += 1
            if seen % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            if row is None:
                continue
            if size + length > _BYTES_AT_ONCE and size:
                yield message
                message, size = _message(studio, now), 0
            size += length
            if isinstance(row, admin_pb2.Node):
                message.nodes.append(row)
            else:
                message.instances.append(row)
        if size:
            yield message

    def _fresh(
        self,
        studio: Studio,
        now: datetime,
        nodes: Iterable[NodeId],
        instances: Iterable[InstanceId],
    ) -> Iterator[tuple[Row | None, int]]:
        """Each row with its bytes, or None for one that was told as it is."""
        for node_id in nodes:
            expires = self._certificate_expires(node_id)
            node = conversion.node(studio, studio.nodes[node_id], expires)
            last_seen, node.last_seen_ms = node.last_seen_ms, 0
            digest, length = _digest(node)
            node.last_seen_ms = last_seen
            if self._nodes.get(node_id) == digest:
                yield None, 0
                continue
            self._nodes[node_id] = digest
            yield node, length
        for instance_id in instances:
            value = studio.instances[instance_id]
            instance = conversion.instance(studio, value, now, self._url_of)
            digest, length = _digest(instance)
            if self._instances.get(instance_id) == digest:
                yield None, 0
                continue
            self._instances[instance_id] = digest
            yield instance, length


def _message(studio: Studio, now: datetime, begin: bool = False) -> admin_pb2.WatchFleetResponse:
    return admin_pb2.WatchFleetResponse(
        revision=studio.revision, begin=begin, server_time_ms=milliseconds(now)
    )


def _digest(row: Row) -> tuple[bytes, int]:
    data = row.SerializeToString(deterministic=True)
    return hashlib.blake2b(data, digest_size=16).digest(), len(data)


def _is_there(studio: Studio, instance_id: InstanceId) -> bool:
    found = studio.instances.get(instance_id)
    return found is not None and found.state is not State.DELETED


def _names(studio: Studio) -> dict[PersonId, str]:
    return {p.id: p.name for p in studio.people.values()}
