"""What every engine driver can do. Two implement it: docker and process (demo, development).

After JupyterHub's Spawner and Nomad's DriverPlugin: fingerprint, prepare, start, recover by
relist, stop, events, logs. One contract suite (tests/node_agent/engines/contract.py) runs
against each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from aigc.egress import Destination


class FailReason(StrEnum):
    """Why an instance could not be prepared, started or kept running."""

    PREPARE = "prepare"
    START = "start"
    PROBE_TIMEOUT = "probe-timeout"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out-of-memory"
    GPU_LOST = "gpu-lost"


class DriverError(Exception):
    """A prepare or start that failed, in one sentence for people. Nothing of it is left behind."""

    def __init__(self, reason: FailReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Door(StrEnum):
    """Whether other users of this machine can reach an engine's port past the gateway.

    CLOSED is said only where rules that keep them out are installed and verified; see walls.
    """

    CLOSED = "closed"
    OPEN_TO_LOCAL_USERS = "open-to-local-users"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with this machine, in one sentence, in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the driver found out about its engine; never raises, says what is wrong instead."""

    name: str
    version: str
    can_start: bool
    door: Door
    problems: tuple[Problem, ...] = ()
    door_reason: Problem | None = None  # why it is not closed, and how to close it


@dataclass(frozen=True, slots=True)
class MountSpec:
    """A folder of this machine, mounted at a path of the instance."""

    source: Path
    target: str
    read_only: bool = False
    environment: str = ""


@dataclass(frozen=True, slots=True)
class RegistryCredential:
    server: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """Everything that is needed to run one instance; already checked against agent.toml.

    Sizes in bytes, times in seconds. ``secrets`` are environment variables that must not reach
    labels or logs.
    """

    instance_id: str
    epoch: int
    owner_id: str
    engine_id: str
    version: str
    image: str
    image_digest: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    port: int
    ready_path: str
    ready_timeout: float
    prepare_timeout: float
    cpus: float
    memory_bytes: int
    pids: int
    shm_bytes: int
    capabilities: tuple[str, ...]
    user: str
    stop_grace: float
    gpu_uuids: tuple[str, ...]
    mounts: tuple[MountSpec, ...]
    process_command: tuple[str, ...] = ()
    registry: RegistryCredential | None = None
    egress: bool = False  # the internet
    egress_to: tuple[Destination, ...] = ()  # these too, within what agent.toml allows
    read_only_root: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes of one part that is being prepared; total is None while unknown."""

    part: str  # "image", "data" or "models"
    done: int
    total: int | None
    finished: bool = False


class ContainerState(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Container:
    """One container (or process) with our labels, as a relist finds it."""

    container_id: str
    instance_id: str
    epoch: int
    state: ContainerState
    gpu_uuids: tuple[str, ...]
    # Where the engine listens, reachable from the agent; None while it has no address.
    address: tuple[str, int] | None
    ready_path: str
    image_digest: str
    started_at: float | None  # seconds since the epoch
    exit_code: int | None = None
    out_of_memory: bool = False
    network: str = ""  # its bridge on this machine, where it has one of its own


@dataclass(frozen=True, slots=True)
class DriverEvent:
    """A hint that something happened to a container; the relist is the truth."""

    container_id: str
    instance_id: str
    what: str  # "start", "die", "oom", "destroy"


@dataclass(frozen=True, slots=True)
class LogLine:
    at: float | None  # seconds since the epoch
    stream: str  # "stdout" or "stderr"
    text: str


class EngineDriver(Protocol):
    """See the module. Every call may be cancelled and repeated; all are idempotent."""

    name: str

    async def load(self) -> None:
        """Connect. Absent or broken parts are told by :meth:`fingerprint`, not raised."""
        ...

    async def unload(self) -> None:
        """Let go of everything held here; instances run on."""
        ...

    async def fingerprint(self) -> Fingerprint: ...

    async def relist(self) -> list[Container]:
        """All containers that carry our labels, running or not.

        Raises:
            DriverError: the engine did not answer, or is going down and ends containers itself;
                nothing is known (which is not "nothing runs").
        """
        ...

    async def prepare(self, spec: InstanceSpec, report: Callable[[Progress], None]) -> str:
        """Make the image available here; returns its digest ("" where there is none).

        Raises:
            DriverError: with FailReason.PREPARE.
        """
        ...

    async def start(self, spec: InstanceSpec, image_digest: str) -> Container:
        """Run it, labelled with instance id and epoch; adopts one that runs already.

        Raises:
            DriverError: with FailReason.START; a half-made container is removed.
        """
        ...

    async def stop(self, container: Container, grace: float) -> None:
        """SIGTERM, wait so long, SIGKILL, remove it with its network; returns when it is gone."""
        ...

    def events(self) -> AsyncIterator[DriverEvent]:
        """Hints, until unload; ends when the connection breaks (relist and call again)."""
        ...

    def logs(self, container: Container, tail: int, follow: bool) -> AsyncIterator[LogLine]: ...

    async def processes(self, container: Container) -> frozenset[int]:
        """Process ids on this machine that belong to it (for GPU use by instance)."""
        ...
