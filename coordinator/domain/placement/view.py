"""What the placement looks at: the request, and each node's free and taken cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from coordinator.domain.engine import EngineVersion, Text
from coordinator.domain.gpu import Gpu, GpuUuid
from coordinator.domain.instance import Instance, InstanceId
from coordinator.domain.node import Node, NodeId
from coordinator.domain.policy import Policy
from coordinator.domain.studio import Residue, Sighting
from coordinator.domain.volume import Volume

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """One waiting instance with what it needs."""

    instance: Instance
    spec: EngineVersion
    volume: Volume | None
    # It, and the deleted ones whose data it took over: an old run of any of them writes that data.
    kin: frozenset[InstanceId] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """The ledger of cards as it stands now. ``held`` is the truth; NVML readings only warn.

    It lives for one pass over the queue, and :meth:`take` keeps it up to date meanwhile.
    """

    policy: Policy
    nodes: Mapping[NodeId, Node]
    # Which cards are taken on each node, by whom (in words, for the reason).
    held: dict[NodeId, dict[GpuUuid, str]]
    # Instances on each node: for packing.
    load: dict[NodeId, int]
    residues: Mapping[tuple[NodeId, InstanceId], Residue] = field(default_factory=dict)
    sightings: Mapping[NodeId, tuple[Sighting, ...]] = field(default_factory=dict)
    # Instances of which some machine holds something: they are judged one by one.
    concerned: frozenset[InstanceId] = frozenset()
    # Nodes that obey another ledger, or a later state of this one.
    elsewhere: frozenset[NodeId] = frozenset()
    # Cards kept for a several-card request that waits longer.
    reserved: Mapping[NodeId, frozenset[GpuUuid]] = field(default_factory=dict)

    # Worked out once for each node: asked for by filters, candidates and scorers alike.
    free_cards: dict[NodeId, tuple[Gpu, ...]] = field(default_factory=dict)

    def free(self, node: Node) -> tuple[Gpu, ...]:
        """Cards that nobody holds and that may be given."""
        known = self.free_cards.get(node.id)
        if known is None:
            taken = {
                *self.held.get(node.id, {}),
                *self.reserved.get(node.id, frozenset()),
                *node.quarantined_gpus,
            }
            known = tuple(gpu for gpu in node.gpus if gpu.uuid not in taken)
            self.free_cards[node.id] = known
        return known

    def take(self, instance: Instance) -> None:
        """Note what was just given."""
        where = instance.placement
        assert where is not None
        held = self.held.setdefault(where.node_id, {})
        held.update(dict.fromkeys(where.gpu_uuids, f"instance {instance.id}"))
        self.load[where.node_id] = self.load.get(where.node_id, 0) + 1
        self.free_cards.pop(where.node_id, None)


@dataclass(frozen=True, slots=True)
class FilteredOut:
    """One node that a filter removed, and why."""

    filter: str
    node_id: NodeId
    node_name: str
    reason: Text
    # Whether waiting helps: the cards are there and somebody else uses them.
    capacity: bool = False


@dataclass(frozen=True, slots=True)
class NoPlacement:
    """Nowhere: which filter removed which nodes, and the one sentence for the person."""

    removed: tuple[FilteredOut, ...]
    reason: Text


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to place a request."""

    node: Node
    gpus: tuple[Gpu, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best candidate, and how the best few scored (to be printed), the chosen one first."""

    candidate: Candidate
    scores: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]

    def __str__(self) -> str:
        return "; ".join(
            f"{name}: " + ", ".join(f"{scorer} {value:g}" for scorer, value in values)
            for name, values in self.scores
        )


def vram_mib(gpu: Gpu) -> int | None:
    return None if gpu.memory_total_bytes is None else gpu.memory_total_bytes // MIB
