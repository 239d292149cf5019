"""The whole studio as one value: what is committed, and what is only in memory.

Everybody reads it; only the reactor replaces it, after a commit. ``signals``, ``usage``, ``heard``,
``sightings``, ``followed``, ``warned`` and ``door_*`` are what machines say all the time: they live
in memory (the last act of a person is kept coarsely), and a restart begins them anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from coordinator.domain.engine import Engine, EngineId, Text
from coordinator.domain.events import Phase
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.idle import Verdict
from coordinator.domain.instance import Instance, InstanceId, Signals, State, Usage
from coordinator.domain.node import Node, NodeId
from coordinator.domain.people import Person, PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.sharing import Share, ShareId
from coordinator.domain.volume import Volume, VolumeId


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One waiting instance: its turn (1 = next) and why it waits."""

    instance_id: InstanceId
    position: int
    reason: Text


@dataclass(frozen=True, slots=True)
class Residue:
    """An old run that must end on a node although its placement is over for the ledger.

    Its cards are nobody's until the node shows that it is gone.
    """

    node_id: NodeId
    instance_id: InstanceId
    epoch: int
    gpu_uuids: tuple[GpuUuid, ...] = ()
    since_revision: int = 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A run that a node showed and that this ledger cannot know: its epoch is newer than ours."""

    instance_id: InstanceId
    epoch: int
    phase: Phase
    gpu_uuids: tuple[GpuUuid, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One life of a coordinator on this ledger, which began at that revision.

    Revisions alone do not tell a copy of the ledger that lives on from the ledger itself.
    """

    id: str
    first_revision: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict of the idle rule, and the very values that it rests on."""

    instance: Instance
    signals: Signals
    engine: Engine | None
    since: tuple[datetime | None, ...]
    verdict: Verdict


@dataclass(slots=True)
class _Found:
    """What one studio was asked before; with a thousand machines the same is asked of it often."""

    queue: Mapping[InstanceId, QueueEntry] | None = None
    placed: Mapping[NodeId, list[Instance]] | None = None
    owned: Mapping[PersonId, list[Instance]] | None = None
    homes: Mapping[NodeId, list[Volume]] | None = None
    shares: Mapping[InstanceId, list[Share]] | None = None


@dataclass(frozen=True, slots=True)
class Studio:
    """See the module. All mappings are read-only for everybody."""

    ledger_id: str
    policy: Policy
    revision: int = 0
    terms: Sequence[Term] = ()  # the oldest first; the last one is ours
    loaded_at: datetime | None = None
    engines: Mapping[EngineId, Engine] = field(default_factory=dict)
    instances: Mapping[InstanceId, Instance] = field(default_factory=dict)
    nodes: Mapping[NodeId, Node] = field(default_factory=dict)
    volumes: Mapping[VolumeId, Volume] = field(default_factory=dict)
    people: Mapping[PersonId, Person] = field(default_factory=dict)
    shares: Mapping[ShareId, Share] = field(default_factory=dict)
    signals: Mapping[InstanceId, Signals] = field(default_factory=dict)
    usage: Mapping[InstanceId, Usage] = field(default_factory=dict)
    residues: Mapping[tuple[NodeId, InstanceId], Residue] = field(default_factory=dict)
    queue: Sequence[QueueEntry] = ()
    heard: Mapping[NodeId, datetime] = field(default_factory=dict)
    sightings: Mapping[NodeId, tuple[Sighting, ...]] = field(default_factory=dict)
    warned: Mapping[InstanceId, datetime] = field(default_factory=dict)
    # The ledger, revision and term that each node last said it obeys.
    followed: Mapping[NodeId, tuple[str, int, str]] = field(default_factory=dict)
    # The gateway: since when it is away (None: it is there), whether that was told, and when it
    # came back.
    door_away_since: datetime | None = None
    door_away_told: bool = False
    door_back_at: datetime | None = None
    # Of each running instance, handed on from studio to studio; timers.py alone uses it.
    verdicts: dict[InstanceId, Judged] = field(default_factory=dict, repr=False, compare=False)
    # Answers that were worked out for this very value; see the methods below.
    _found: _Found = field(default_factory=_Found, init=False, repr=False, compare=False)

    def is_ours(self, ledger_id: str, revision: int, term: str) -> bool:
        """Whether who obeys that ledger can have it from us: its revisions, and no copy's."""
        if ledger_id != self.ledger_id or revision > self.revision:
            return False
        if not term or not self.terms:
            return True  # an agent from before there were terms
        following = [t.first_revision for t in self.terms[1:]] + [self.revision + 1]
        return any(
            known.id == term and revision < end
            for known, end in zip(self.terms, following, strict=True)
        )

    def instances_of(self, person: PersonId) -> list[Instance]:
        """That person's instances that are not deleted, the oldest first."""
        if self._found.owned is None:
            owned: dict[PersonId, list[Instance]] = defaultdict(list)
            for instance in self.instances.values():
                if instance.state is not State.DELETED:
                    owned[instance.owner].append(instance)
            self._found.owned = owned
        mine = self._found.owned.get(person, [])
        return sorted(mine, key=lambda i: (i.created_at, i.id))

    def instance_at(self, host: str) -> Instance | None:
        """The instance behind a host label, exactly; None too if it was deleted."""
        return next(
            (i for i in self.instances.values() if i.host == host and i.state is not State.DELETED),
            None,
        )

    def queue_entry(self, instance_id: InstanceId) -> QueueEntry | None:
        if self._found.queue is None:
            self._found.queue = {e.instance_id: e for e in self.queue}
        return self._found.queue.get(instance_id)

    def placed_on(self, node_id: NodeId) -> Sequence[Instance]:
        """Who holds something on that node, in a fixed order."""
        if self._found.placed is None:
            placed: dict[NodeId, list[Instance]] = defaultdict(list)
            for instance in self.instances.values():
                if instance.placement is not None:
                    placed[instance.placement.node_id].append(instance)
            for there in placed.values():
                there.sort(key=lambda i: i.id)
            self._found.placed = placed
        return self._found.placed.get(node_id, ())

    def shares_at(self, instance_id: InstanceId) -> Sequence[Share]:
        """Every share of that instance, also one whose time is over."""
        if self._found.shares is None:
            shares: dict[InstanceId, list[Share]] = defaultdict(list)
            for share in self.shares.values():
                shares[share.instance_id].append(share)
            self._found.shares = shares
        return self._found.shares.get(instance_id, ())

    def volumes_on(self, node_id: NodeId) -> Sequence[Volume]:
        """Whose home that node is."""
        if self._found.homes is None:
            homes: dict[NodeId, list[Volume]] = defaultdict(list)
            for volume in self.volumes.values():
                if volume.home is not None:
                    homes[volume.home].append(volume)
            self._found.homes = homes
        return self._found.homes.get(node_id, ())
