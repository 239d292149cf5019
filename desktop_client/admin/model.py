"""The whole studio as plain values: no protobuf, no Qt, no asyncio.

A :class:`Fleet` is never changed: each message makes a new one that shares what stayed the same,
so that "is it the same object" answers "did it change".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from desktop_client.model import Instance, Link, Problem, Words

NOTHING: Mapping[str, str] = MappingProxyType({})


class Role(StrEnum):
    """What a person may do."""

    UNKNOWN = ""
    CREATOR = "creator"
    TEAM_LEAD = "team_lead"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Door(StrEnum):
    """How well an engine's port is closed to other users of its machine."""

    UNKNOWN = ""
    CLOSED = "closed"
    OPEN_TO_LOCAL_USERS = "open-to-local-users"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card as its machine reads it; what it cannot tell is None."""

    uuid: str
    name: str
    pci_bus_id: str = ""
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    percent: float | None = None
    celsius: float | None = None
    watts: float | None = None
    simulated: bool = False
    quarantined: bool = False  # not proven free after its last holder


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A container that runs on a machine and that the ledger knows nothing of."""

    container_id: str
    instance_id: str = ""
    epoch: int = 0
    first_seen: datetime | None = None
    stop_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A GPU machine; what is unknown is None or empty. Times are aware UTC."""

    id: str
    name: str
    pool: str = ""
    online: bool = False
    draining: bool = False
    revoked: bool = False
    last_seen: datetime | None = None
    agent_version: str = ""
    driver_name: str = ""  # docker, process
    docker_version: str = ""
    nvidia_driver: str = ""
    gpus: tuple[Gpu, ...] = ()
    problems: tuple[Words, ...] = ()
    door: Door = Door.UNKNOWN
    unclaimed: tuple[Unclaimed, ...] = ()
    disk_free_bytes: int | None = None
    cpus: int | None = None
    memory_bytes: int | None = None
    can_start: bool = True
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    ledger_refused: bool = False  # it obeys another ledger; see accept_ledger
    certificate_expires: datetime | None = None
    joined_at: datetime | None = None
    instance_ids: tuple[str, ...] = ()
    door_reason: Words = field(default_factory=Words)  # why it is not closed, and what closes it


_NO_NODES: Mapping[str, Node] = MappingProxyType({})
_NO_INSTANCES: Mapping[str, Instance] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything that the admin window knows at one moment.

    Attributes:
        nodes, instances: by id.
        server_time: the coordinator's clock at the last message, aware UTC.
        heard_at: this computer's clock then; offline, the last known state is as old as that.
        problem: why there is no connection, or why signing in failed.
        sign_in_url: while signing in: to copy by hand.
        pin: of a coordinator that the person has not compared the fingerprint of yet.
    """

    nodes: Mapping[str, Node] = field(default_factory=lambda: _NO_NODES)
    instances: Mapping[str, Instance] = field(default_factory=lambda: _NO_INSTANCES)
    server_time: datetime | None = None
    link: Link = Link.CONNECTING
    heard_at: datetime | None = None
    problem: Problem | None = None
    person: str = ""
    role: Role = Role.UNKNOWN
    studio: str = ""
    address: str = ""
    pin: str = ""
    sign_in_url: str = field(default="", repr=False)
    busy: bool = False  # looking for a coordinator

    @property
    def may_see(self) -> bool:
        """Whether this person's role opens the admin window at all."""
        return self.role in (Role.ADMIN, Role.AUDITOR)

    @property
    def may_change(self) -> bool:
        """An auditor sees everything and changes nothing; offline nobody changes anything."""
        return self.role is Role.ADMIN and self.link is Link.ONLINE


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed between two Fleets.

    Attributes:
        whole: forget what was shown and show the Fleet anew (the tuples are empty then).
        people_changed, catalogue_changed: ask again where they are shown.
    """

    nodes: tuple[Node, ...] = ()
    removed_nodes: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()
    removed_instances: tuple[str, ...] = ()
    whole: bool = False
    people_changed: bool = False
    catalogue_changed: bool = False


EVERYTHING = Delta(whole=True, people_changed=True, catalogue_changed=True)


def merge(first: Delta, second: Delta) -> Delta:
    """Both in one, for a receiver that did not take the first yet."""
    people = first.people_changed or second.people_changed
    catalogue = first.catalogue_changed or second.catalogue_changed
    if first.whole or second.whole:
        return Delta(whole=True, people_changed=people, catalogue_changed=catalogue)
    nodes = {n.id: n for n in first.nodes if n.id not in second.removed_nodes}
    nodes |= {n.id: n for n in second.nodes}
    instances = {i.id: i for i in first.instances if i.id not in second.removed_instances}
    instances |= {i.id: i for i in second.instances}
    gone_nodes = dict.fromkeys((*first.removed_nodes, *second.removed_nodes))
    gone = dict.fromkeys((*first.removed_instances, *second.removed_instances))
    return Delta(
        nodes=tuple(nodes.values()),
        removed_nodes=tuple(i for i in gone_nodes if i not in nodes),
        instances=tuple(instances.values()),
        removed_instances=tuple(i for i in gone if i not in instances),
        people_changed=people,
        catalogue_changed=catalogue,
    )
