"""GPU machines as the coordinator knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordinator.domain.gpu import Gpu, GpuUuid
from coordinator.domain.volume import InstanceId, NodeId

__all__ = ["Door", "InstanceId", "Node", "NodeId", "Pool", "Problem", "Unclaimed"]


class Door(StrEnum):
    """How well engine ports are closed to other users of the machine."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPEN_TO_LOCAL_USERS = "open-to-local-users"


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes with one priority (a higher one is filled first) and one price list."""

    name: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a machine, in one sentence, in both languages."""

    en: str
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A container that carries our labels and that the ledger does not know (quarantined)."""

    container_id: str
    instance_id: str
    epoch: int
    first_seen: datetime
    stop_after: datetime
    gpu_uuids: tuple[GpuUuid, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One GPU machine: who it is, what it has, and what it last said."""

    id: NodeId
    name: str
    pool: str = "on-prem"
    draining: bool = False
    revoked: bool = False
    online: bool = False
    last_seen: datetime | None = None
    boot_id: str = ""
    agent_version: str = ""
    driver_name: str = ""
    docker_version: str = ""
    nvidia_driver: str = ""
    can_start: bool = False
    cpus: int = 0
    memory_bytes: int = 0
    disk_free_bytes: int = 0
    gpus: tuple[Gpu, ...] = ()
    quarantined_gpus: frozenset[GpuUuid] = frozenset()
    problems: tuple[Problem, ...] = ()
    unclaimed: tuple[Unclaimed, ...] = ()
    door: Door = Door.UNKNOWN
    door_reason: Problem | None = None  # why it is not closed, and how to close it
    ledger_refused: bool = False
    # What IT wrote on it, sorted by key. Shown; placement does not look at it.
    labels: tuple[tuple[str, str], ...] = ()
    joined_at: datetime | None = None  # None: it joined before this was noted
