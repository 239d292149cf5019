"""Engines and their versions, as the catalogue tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import NewType

from coordinator.domain.gpu import GpuNeed

EngineId = NewType("EngineId", str)

# Pitfall 32: nothing by default; a template may ask for these and nothing else.
ALLOWED_CAPABILITIES = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"})


class VolumeScope(StrEnum):
    """Whose a mounted volume is."""

    PERSONAL = "personal"  # one per instance


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str = ""


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """A folder of the instance's volume, mounted where the template says."""

    path: str  # absolute, in the container
    scope: VolumeScope = VolumeScope.PERSONAL
    subpath: str = ""  # below the volume's root; may hold {image} and {abi}
    environment: str = ""  # a variable that is set to the path


@dataclass(frozen=True, slots=True)
class LibraryMount:
    """A library of the studio's shared models, read-only; the agent knows its folder by name."""

    library: str
    path: str


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A secret by name, given to the engine as an environment variable."""

    environment: str
    secret: str


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """Says whether a kind of traffic is a person's act; the first match wins.

    Empty fields match everything. ``frame_max_bytes`` > 0 makes it a rule for WebSocket frames
    from the browser of at most so many bytes.
    """

    method: str = ""
    path_regex: str = ""
    frame_max_bytes: int = 0
    person: bool = False


@dataclass(frozen=True, slots=True)
class ViewRule:
    """What a guest who looks on may send besides reading, or may not read; the first match wins.

    An empty field matches everything; ``frame_max_bytes`` not 0: WebSocket frames up to that size.
    """

    method: str = ""
    path_regex: str = ""
    frame_max_bytes: int = 0
    allow: bool = False


@dataclass(frozen=True, slots=True)
class IdlePolicy:
    """When an instance is released."""

    release_after: timedelta = timedelta(minutes=15)
    grace_after_start: timedelta = timedelta(minutes=5)
    warn_before: timedelta = timedelta(minutes=5)
    max_lifetime: timedelta | None = timedelta(hours=24)
    # Without any work signal besides traffic the template must say that traffic alone decides.
    traffic_alone: bool = False


@dataclass(frozen=True, slots=True)
class EgressRule:
    """One place that an engine may reach: a host name, ``*.`` before one, an IPv4 address or
    network; no ports: all."""

    to: str
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """One version of an engine: an image with its port, mounts and needs."""

    engine_id: EngineId
    version: str
    image: str
    port: int
    digest: str = ""  # empty: resolved at the first pull
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    secrets: tuple[SecretReference, ...] = ()
    registry: str = ""  # name of a registry credential in coordinator.toml
    ready_path: str = "/"
    ready_timeout: timedelta = timedelta(minutes=5)
    prepare_timeout: timedelta = timedelta(hours=2)
    gpu: GpuNeed = field(default_factory=GpuNeed)
    cpus: float = 4.0
    memory_bytes: int = 16 << 30
    pids: int = 4096
    shm_bytes: int = 1 << 30
    capabilities: tuple[str, ...] = ()
    user: str = ""
    stop_grace: timedelta = timedelta(seconds=20)
    mounts: tuple[VolumeMount, ...] = ()
    libraries: tuple[LibraryMount, ...] = ()
    process_command: tuple[str, ...] = ()  # for the process driver (demo and development)
    egress: bool = False  # the internet; never private addresses
    egress_to: tuple[EgressRule, ...] = ()  # these too; private ones if the machine allows them
    read_only_root: bool = False
    available: bool = True
    prepull: bool = False  # machines fetch its image before anybody asks for it


@dataclass(frozen=True, slots=True)
class Engine:
    """A product such as ComfyUI, with its versions, newest first."""

    id: EngineId
    name: Text
    versions: tuple[EngineVersion, ...]
    default_version: str
    summary: Text = field(default_factory=lambda: Text(""))
    icon_svg: str = ""
    activity: tuple[ActivityRule, ...] = ()
    count_client_frames: bool = False
    viewing: tuple[ViewRule, ...] = ()
    idle: IdlePolicy = field(default_factory=IdlePolicy)

    def version(self, name: str) -> EngineVersion | None:
        """The version by that name, or None."""
        return next((v for v in self.versions if v.version == name), None)
