"""Instances: named things of one creator's, of an engine, at a version. They survive containers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordinator.domain.engine import EngineId, EngineVersion
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.people import PersonId
from coordinator.domain.volume import InstanceId, NodeId, VolumeId

__all__ = [
    "FailReason",
    "Instance",
    "InstanceId",
    "NodeId",
    "Part",
    "PartKind",
    "Placement",
    "Refusals",
    "RefusedPlace",
    "Signal",
    "Signals",
    "State",
    "StopReason",
]


class State(StrEnum):
    """Where an instance is in its life; see the diagram in docs/architecture.md."""

    REQUESTED = "requested"
    QUEUED = "queued"
    PLACED = "placed"
    PREPARING = "preparing"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    DELETED = "deleted"


class StopReason(StrEnum):
    BY_CREATOR = "by-creator"
    BY_ADMIN = "by-admin"
    IDLE = "idle"
    LIFETIME = "lifetime"
    BUDGET = "budget"
    NODE_DRAINED = "node-drained"
    UPDATED = "updated"


class FailReason(StrEnum):
    PREPARE = "prepare"
    START = "start"
    PROBE_TIMEOUT = "probe-timeout"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out-of-memory"
    GPU_LOST = "gpu-lost"


class Signal(StrEnum):
    """What one source says about use (pitfall 1). FAILED counts as active; ABSENT takes no part."""

    ACTIVE = "active"
    IDLE = "idle"
    FAILED = "failed"
    ABSENT = "absent"


class PartKind(StrEnum):
    IMAGE = "image"
    DATA = "data"
    MODELS = "models"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is prepared before a start, with bytes."""

    kind: PartKind
    bytes_done: int = 0
    bytes_total: int | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an instance runs: a node, its cards, under one lease epoch."""

    node_id: NodeId
    gpu_uuids: tuple[GpuUuid, ...]
    vram_mib: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Signals:
    """What was last seen of an instance's use; never persisted at every beat."""

    person_at: datetime | None = None  # last act of a person
    person_what: str = ""  # for the story
    bodies_in_flight_at: datetime | None = None  # last moment when bytes of a body moved
    gpu_work: Signal = Signal.ABSENT
    gpu_busy_at: datetime | None = None
    kept_at: datetime | None = None  # "Keep running"
    # Its machine was silent until then: nobody could be seen, so nobody is blamed for quiet.
    seen_again_at: datetime | None = None
    failed_at: datetime | None = None  # since when the work signal has failed
    failed_told: bool = False  # and whether that was alerted on


@dataclass(frozen=True, slots=True)
class RefusedPlace:
    """Where an engine wanted to go and may not. ``protocol``: tcp, udp or name."""

    address: str
    port: int
    protocol: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """What one run wanted to reach and may not; the most frequent places first."""

    total: int
    top: tuple[RefusedPlace, ...] = ()
    since: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run was last read to use of its cards; None where its machine cannot tell."""

    epoch: int
    vram_used_bytes: int | None = None
    gpu_percent: float | None = None
    refusals: Refusals | None = None  # None: none, or nobody counts there


@dataclass(frozen=True, slots=True)
class Instance:
    """See the module. ``epoch`` grows with each placement; a report of another epoch is stale."""

    id: InstanceId
    owner: PersonId
    engine_id: EngineId
    version: str
    name: str
    host: str  # the label before the zone; never used again once deleted
    volume_id: VolumeId
    created_at: datetime
    state: State
    state_since: datetime
    epoch: int = 0
    placement: Placement | None = None
    stop_reason: StopReason | None = None
    fail_reason: FailReason | None = None
    fail_detail: str = ""
    support_code: str = ""
    image_digest: str = ""
    ready_at: datetime | None = None
    # While UNREACHABLE or LOST: the state to return to.
    before_silence: State | None = None
    # A Start or visit that came while STOPPING, UNREACHABLE or LOST: begin again when it is safe.
    restart_wanted: bool = False
    parts: tuple[Part, ...] = ()
    # A Delete that came while it held a machine: its data goes to the trash once that is gone.
    delete_wanted: bool = False
    requested_at: datetime | None = None  # since when it waits for a place; its turn in the queue
    placed_at: datetime | None = None  # when it last got a place: who got one last waits longer
    # What it was placed with: a catalogue edited later never changes a running engine.
    spec: EngineVersion | None = None
    # The studio's revision when what its node shall do with it last changed. A node that has
    # accepted an older one cannot be blamed for not showing it.
    desired_revision: int = 0
    restored_from: InstanceId | None = None  # the deleted one whose data it took over
    # The guest whose visit or Start began its present life; None: its owner did.
    started_by: PersonId | None = None
