"""How the messages of the fleet's stream become what is known. Pure.

A message that begins starts the whole set anew; while ``more`` is set it is gathered and not shown;
every other message holds whole rows that changed and the ids of those that are gone. So any order
of wholes and changes ends at what the coordinator knows, and a repeated message changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from desktop_client.admin.model import Delta, Node, merge
from desktop_client.model import Instance


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=_HasId)


@dataclass(frozen=True, slots=True)
class Update:
    """One message of the stream."""

    begin: bool = False
    more: bool = False
    nodes: tuple[Node, ...] = ()
    removed_nodes: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()
    removed_instances: tuple[str, ...] = ()
    people_changed: bool = False
    catalogue_changed: bool = False
    server_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known so far.

    Attributes:
        pending: what came since the last time that there was something to show, or None.
        before: rows from before a new beginning: those that stayed equal stay the same objects.
    """

    nodes: Mapping[str, Node] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)
    pending: Delta | None = None
    before: Known | None = None


def fold(known: Known, update: Update) -> tuple[Known, Delta | None]:
    """What is known after a message, and what to show; None: not yet."""
    before = known.before
    nodes, instances = known.nodes, known.instances
    if update.begin:
        # A beginning within a beginning: the rows from before the first one are the shown ones.
        before = known.before or Known(nodes, instances)
        nodes, instances = {}, {}
    nodes = _changed(nodes, update.nodes, update.removed_nodes, before.nodes if before else {})
    instances = _changed(
        instances,
        update.instances,
        update.removed_instances,
        before.instances if before else {},
    )
    delta = Delta(
        nodes=() if update.begin else update.nodes,
        removed_nodes=() if update.begin else update.removed_nodes,
        instances=() if update.begin else update.instances,
        removed_instances=() if update.begin else update.removed_instances,
        whole=update.begin,
        people_changed=update.people_changed or update.begin,
        catalogue_changed=update.catalogue_changed or update.begin,
    )
    if known.pending is not None:
        delta = merge(known.pending, delta)
    if update.more:
        return Known(nodes, instances, delta, before), None
    return Known(nodes, instances), delta


def _changed(
    rows: Mapping[str, Row],
    changed: tuple[Row, ...],
    removed: tuple[str, ...],
    before: Mapping[str, Row],
) -> Mapping[str, Row]:
    if not changed and not removed:
        return rows
    made = dict(rows)
    for key in removed:
        made.pop(key, None)
    for row in changed:
        old = before.get(row.id)
        made[row.id] = old if old == row else row
    return made
