"""What happened, in the past tense. Everything that changes the studio is one of these.

Events are values: no I/O, no clock. ``by`` says who or what caused it, for the story and the
audit log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from coordinator.domain.engine import EngineId
from coordinator.domain.gpu import Gpu, GpuUuid
from coordinator.domain.instance import (
    FailReason,
    InstanceId,
    Part,
    Refusals,
    Signal,
    StopReason,
)
from coordinator.domain.node import Door, NodeId, Problem, Unclaimed
from coordinator.domain.people import Person, PersonId, Role
from coordinator.domain.sharing import Access, ShareId
from coordinator.domain.volume import VolumeId


class StartCause(StrEnum):
    START = "start"  # tray, command line, web page, API
    VISIT = "visit"  # a page visit to a stopped engine


class Phase(StrEnum):
    """What an agent says of one container; see ObservedInstance in node.proto."""

    PREPARING = "preparing"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    EXITED = "exited"
    GONE = "gone"  # the confirmation: container gone, card proven free
    FAILED = "failed"  # could not be prepared or started; nothing of it is left
    GPU_QUARANTINED = "gpu-quarantined"  # container gone, card not proven free


# --- asked for by people -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartRequested:
    """Start an engine (making the instance if there is none by that name) or an instance.

    One code path whoever asks (pitfall 26). ``new_*`` are fresh random names that the caller
    supplies, since the core has no randomness; they are used only if an instance is made.
    """

    person: PersonId
    new_instance_id: InstanceId
    new_volume_id: VolumeId
    new_host: str
    engine_id: EngineId | None = None
    version: str = ""
    name: str = ""
    instance_id: InstanceId | None = None
    cause: StartCause = StartCause.START


@dataclass(frozen=True, slots=True)
class StopRequested:
    instance_id: InstanceId
    reason: StopReason
    by: PersonId


@dataclass(frozen=True, slots=True)
class KeepRequested:
    instance_id: InstanceId
    by: PersonId


@dataclass(frozen=True, slots=True)
class RenameRequested:
    instance_id: InstanceId
    name: str
    by: PersonId


@dataclass(frozen=True, slots=True)
class DeleteRequested:
    instance_id: InstanceId
    by: PersonId


@dataclass(frozen=True, slots=True)
class RestoreRequested:
    """Make an instance again of the data that a deleted one left in the trash.

    ``new_*`` are fresh random names, as for a start: host names of deleted ones are not used again.
    """

    instance_id: InstanceId
    person: PersonId
    new_instance_id: InstanceId
    new_host: str


@dataclass(frozen=True, slots=True)
class ShareRequested:
    """Let a colleague or a team open an instance. ``new_share_id`` is fresh and random."""

    instance_id: InstanceId
    by: PersonId
    new_share_id: ShareId
    access: Access
    lasts: timedelta
    person: PersonId | None = None
    team: str = ""


@dataclass(frozen=True, slots=True)
class ShareEndRequested:
    share_id: ShareId
    by: PersonId
    as_admin: bool = False


# --- said by machines ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observed:
    """One container as its agent sees it."""

    instance_id: InstanceId
    epoch: int
    phase: Phase
    parts: tuple[Part, ...] = ()
    fail_reason: FailReason | None = None
    error: str = ""
    started_at: datetime | None = None
    ready_at: datetime | None = None
    exit_code: int | None = None
    ended_by_machine: bool = False  # the machine's container engine ended it, not it itself
    image_digest: str = ""
    gpu_uuids: tuple[GpuUuid, ...] = ()
    free_proof: str = ""
    gpu_work: Signal = Signal.ABSENT
    gpu_busy_at: datetime | None = None
    vram_used_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class NodeEnrolled:
    node_id: NodeId
    name: str
    pool: str
    by: str


@dataclass(frozen=True, slots=True)
class NodeConnected:
    node_id: NodeId
    boot_id: str = ""
    agent_version: str = ""
    driver_name: str = ""
    docker_version: str = ""
    nvidia_driver: str = ""
    cpus: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class NodeDisconnected:
    """The stream ended or fell silent."""

    node_id: NodeId
    why: str = ""


@dataclass(frozen=True, slots=True)
class NodeObserved:
    """The node's whole observed set: the truth about what runs there."""

    node_id: NodeId
    ledger_id: str
    revision: int
    instances: tuple[Observed, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    problems: tuple[Problem, ...] = ()
    unclaimed: tuple[Unclaimed, ...] = ()
    volumes: tuple[tuple[VolumeId, int | None], ...] = ()
    door: Door = Door.UNKNOWN
    door_reason: Problem | None = None
    disk_free_bytes: int = 0
    can_start: bool = True
    term: str = ""


@dataclass(frozen=True, slots=True)
class InstanceObserved:
    """A change of one container between two whole sets."""

    node_id: NodeId
    observed: Observed


@dataclass(frozen=True, slots=True)
class InstanceReading:
    instance_id: InstanceId
    epoch: int
    gpu_work: Signal
    gpu_busy_at: datetime | None = None
    vram_used_bytes: int | None = None
    gpu_percent: float | None = None
    refusals: Refusals | None = None


@dataclass(frozen=True, slots=True)
class ReadingsTaken:
    """NVML figures; kept in memory, never a row in the ledger."""

    node_id: NodeId
    gpus: tuple[Gpu, ...] = ()
    instances: tuple[InstanceReading, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerRefusedByNode:
    """The agent kept its own: the ledger offered to it is another one or older."""

    node_id: NodeId
    kept_ledger_id: str
    kept_revision: int


@dataclass(frozen=True, slots=True)
class VolumeOrderDone:
    node_id: NodeId
    order_id: str
    ok: bool
    error: str = ""


# --- said by the gateway -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActivitySeen:
    instance_id: InstanceId
    epoch: int
    person_at: datetime | None = None
    what: str = ""
    bodies_in_flight_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DoorOpened:
    """The gateway is connected: what people do is seen from now on."""


@dataclass(frozen=True, slots=True)
class DoorLost:
    """No gateway is connected, or it fell silent: what people do is not seen."""


# --- ordered by IT -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeDrainSet:
    node_id: NodeId
    draining: bool
    by: PersonId


@dataclass(frozen=True, slots=True)
class NodeEdited:
    """IT renamed a machine, moved it to a pool, or wrote its labels; None: as it is."""

    node_id: NodeId
    by: PersonId
    name: str | None = None
    pool: str | None = None
    labels: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class NodeRevoked:
    node_id: NodeId
    by: PersonId


@dataclass(frozen=True, slots=True)
class NodeDeclaredOff:
    """An admin states that the machine is off: its leases end now. Audited."""

    node_id: NodeId
    reason: str
    by: PersonId


@dataclass(frozen=True, slots=True)
class LedgerAccepted:
    node_id: NodeId
    by: PersonId


@dataclass(frozen=True, slots=True)
class UnclaimedResolved:
    """Stop that unclaimed container now, or keep it for another hold time."""

    node_id: NodeId
    container_id: str
    by: PersonId
    keep: bool = False


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """Somebody signed in: made or brought up to date from the claims."""

    person: Person


@dataclass(frozen=True, slots=True)
class PersonLinked:
    """Who signs in as ``newcomer`` is the former person: what either made is the person's."""

    newcomer: PersonId
    person: Person
    by: PersonId


@dataclass(frozen=True, slots=True)
class PersonDisabledSet:
    person_id: PersonId
    disabled: bool
    by: PersonId


@dataclass(frozen=True, slots=True)
class PersonRoleSet:
    person_id: PersonId
    role: Role
    by: PersonId
    given: bool = True  # False: as the claims say, no longer as an admin said


# --- time and configuration ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed; timers are looked at. Every timer acts here and nowhere else."""


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """The wall clock was set, or this machine slept: it moved by so much more than time did."""

    by: timedelta


@dataclass(frozen=True, slots=True)
class CatalogueLoaded:
    """The engines on offer changed; the reactor holds the new catalogue already."""

    engines: tuple[EngineId, ...] = field(default_factory=tuple)


Event = (
    StartRequested
    | StopRequested
    | KeepRequested
    | RenameRequested
    | DeleteRequested
    | RestoreRequested
    | ShareRequested
    | ShareEndRequested
    | NodeEnrolled
    | NodeConnected
    | NodeDisconnected
    | NodeObserved
    | InstanceObserved
    | ReadingsTaken
    | LedgerRefusedByNode
    | VolumeOrderDone
    | ActivitySeen
    | DoorOpened
    | DoorLost
    | NodeDrainSet
    | NodeEdited
    | NodeRevoked
    | NodeDeclaredOff
    | LedgerAccepted
    | UnclaimedResolved
    | PersonSeen
    | PersonLinked
    | PersonDisabledSet
    | PersonRoleSet
    | Ticked
    | ClockJumped
    | CatalogueLoaded
)
