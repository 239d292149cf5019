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


@dataclass(frozen=True, slots=True)
class View:
    """The ledger of cards as it stands now. ``held`` is the truth; NVML readings only warn."""

    policy: Policy
    nodes: Mapping[NodeId, Node]
    # Which cards are taken on each node, by whom (in words, for the reason).
    held: Mapping[NodeId, Mapping[GpuUuid, str]]
    # Instances on each node: for packing.
    load: Mapping[NodeId, int]
    residues: Mapping[tuple[NodeId, InstanceId], Residue] = field(default_factory=dict)
    sightings: Mapping[NodeId, tuple[Sighting, ...]] = field(default_factory=dict)
    # Nodes that obey another ledger, or a later state of this one.
    elsewhere: frozenset[NodeId] = frozenset()
    # Cards kept for a several-card request that waits longer.
    reserved: Mapping[NodeId, frozenset[GpuUuid]] = field(default_factory=dict)

    def free(self, node: Node) -> list[Gpu]:
        """Cards that nobody holds and that may be given."""
        held = self.held.get(node.id, {})
        reserved = self.reserved.get(node.id, frozenset())
        return [
            gpu
            for gpu in node.gpus
            if gpu.uuid not in held
            and gpu.uuid not in reserved
            and gpu.uuid not in node.quarantined_gpus
        ]


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
    """The best candidate, and how every candidate scored (to be printed)."""

    candidate: Candidate
    scores: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]

    def __str__(self) -> str:
        return "; ".join(
            f"{name}: " + ", ".join(f"{scorer} {value:g}" for scorer, value in values)
            for name, values in self.scores
        )


def vram_mib(gpu: Gpu) -> int | None:
    return None if gpu.memory_total_bytes is None else gpu.memory_total_bytes // MIB
