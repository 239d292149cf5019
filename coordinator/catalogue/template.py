"""What a template may say: the shape of one YAML file, and the engine that it becomes.

Everything that is not named here is refused. What would open the GPU machine to an engine
(host paths, privileged mode, the Docker socket, the host's network, other capabilities) has no
field at all, and says so by name when somebody asks for it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from aigc.egress import MOST_DESTINATIONS, Destination
from aigc.egress import parse as parse_destination
from coordinator.catalogue.icon import sanitise
from coordinator.catalogue.quantities import parse_duration, parse_size
from coordinator.domain.engine import (
    ALLOWED_CAPABILITIES,
    ActivityRule,
    EgressRule,
    Engine,
    EngineId,
    EngineVersion,
    IdlePolicy,
    LibraryMount,
    SecretReference,
    Text,
    ViewRule,
    VolumeMount,
    VolumeScope,
)
from coordinator.domain.gpu import GpuNeed

_IMAGE_NAME = re.compile(r"[a-z0-9][a-zA-Z0-9.-]*(?::\d+)?(?:/[a-z0-9][a-z0-9._-]*)*|[a-z0-9._-]+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# The machines refuse these too (agent.toml's own limits); here it is told before anybody starts.
_SYSTEM_FOLDERS = ("/proc", "/sys", "/dev", "/run", "/var/run", "/etc", "/boot")
_CARD_VARIABLES = re.compile(
    r"NVIDIA_(VISIBLE_DEVICES|DRIVER_CAPABILITIES|MIG_.*|REQUIRE_.*|DISABLE_REQUIRE|IMEX_CHANNELS"
    r"|FABRIC_IMEX_MGMT|GDS|GDRCOPY|MOFED|NVSWITCH)"
    r"|(AMD|ASCEND|HABANA|METAX|MTHREADS)_VISIBLE_DEVICES"
)
_USER = r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?)?$"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def _engine_id(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", value):
        raise ValueError(
            "must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter"
        )
    return value


def _environment_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("must be the name of an environment variable, such as HF_HOME")
    if _CARD_VARIABLES.fullmatch(value):
        raise ValueError("chooses cards, which only gpu: may do; remove it")
    return value


def _absolute_path(value: str) -> str:
    if not value.startswith("/") or value == "/" or ".." in value.split("/") or "\0" in value:
        raise ValueError('must be an absolute path inside the engine, such as "/data"')
    path = "/" + "/".join(part for part in value.split("/") if part not in ("", "."))
    if path.endswith(("docker.sock", "containerd.sock")):
        raise ValueError("must not be the Docker socket: an engine never gets it")
    if any(path == folder or path.startswith(f"{folder}/") for folder in _SYSTEM_FOLDERS):
        raise ValueError(f"must not be below {', '.join(_SYSTEM_FOLDERS)}")
    if ":" in path:
        raise ValueError("must not hold a colon")
    return path


def _folder(value: str) -> str:
    if value.startswith("/"):
        raise ValueError(
            "must be a folder of the creator's volume, such as add-ons: "
            "a folder of the machine is never mounted"
        )
    if ".." in value.split("/") or "\\" in value or "\0" in value:
        raise ValueError("must be a folder below the creator's volume, without ..")
    for name in _PLACEHOLDER.findall(value):
        if name not in ("image", "abi"):
            raise ValueError(f"may hold {{image}} and {{abi}}, not {{{name}}}")
    return value


def _capability(value: str) -> str:
    name = value.upper().removeprefix("CAP_")
    if name not in ALLOWED_CAPABILITIES:
        raise ValueError(f"must be one of {', '.join(sorted(ALLOWED_CAPABILITIES))}")
    return name


def _image(value: str) -> str:
    rest, at, digest = value.partition("@")
    tagged = rest.rfind(":") > rest.rfind("/")
    name, _, tag = rest.rpartition(":") if tagged else (rest, "", "")
    if (
        not _IMAGE_NAME.fullmatch(name)
        or (tagged and not _TAG.fullmatch(tag))
        or (at and not _DIGEST.fullmatch(digest))
        or not (tagged or at)
    ):
        raise ValueError(
            "must be an image with its tag or digest, such as registry.studio.lan:5000/comfyui:0.12"
        )
    return value


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"must be a regular expression ({error})") from error
    return value


def _url_path(value: str) -> str:
    if not re.fullmatch(r"/[^\s#]*", value):
        raise ValueError('must be a path that begins with "/", such as "/healthz"')
    return value


Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Size = Annotated[int, BeforeValidator(parse_size)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
InsidePath = Annotated[str, AfterValidator(_absolute_path)]
Folder = Annotated[str, AfterValidator(_folder)]
Variable = Annotated[str, AfterValidator(_environment_name)]


class Shape(BaseModel):
    """Strict, closed and frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TextShape(Shape):
    en: Short
    zh: Annotated[str, StringConstraints(max_length=200)] = ""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return {"en": value} if isinstance(value, str) else value

    def value(self) -> Text:
        return Text(self.en, self.zh or self.en)


class ReadyShape(Shape):
    path: Annotated[str, AfterValidator(_url_path)] = "/"
    within: Annotated[Duration, Field(le=timedelta(hours=1))] = timedelta(minutes=5)


class GpuShape(Shape):
    count: Annotated[int, Field(ge=0, le=16)] = 1
    vram: Size = 0
    compute_capability: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+$")] | None = None
    models: list[Short] = []


class VolumeShape(Shape):
    path: InsidePath
    scope: Annotated[VolumeScope, BeforeValidator(lambda value: _scope(value))] = (
        VolumeScope.PERSONAL
    )
    folder: Folder = ""
    environment: Variable | None = None


class AddOnShape(Shape):
    """A folder for add-ons: by default one for each image."""

    path: InsidePath
    folder: Folder = "add-ons/{image}"
    environment: Variable | None = None


class PackagesShape(Shape):
    """A folder for installed packages: one for each image and Python ABI."""

    path: InsidePath
    folder: Folder = "packages/{image}/{abi}"
    environment: Variable | None = None

    @model_validator(mode="after")
    def _keyed(self) -> PackagesShape:
        if "{image}" not in self.folder or "{abi}" not in self.folder:
            raise ValueError(
                "folder must hold {image} and {abi}: packages of one image break another"
            )
        return self


class LibraryShape(Shape):
    name: Short
    path: InsidePath


class EgressShape(Shape):
    """Where an engine may go: nowhere, the internet, a list of places, or both."""

    internet: bool = False
    to: list[str] = []

    def places(self) -> list[Destination]:
        return [parse_destination(text) for text in self.to]


def _egress(value: object) -> object:
    """What a template writes: a bool as before, "none", "internet", one place or a list."""
    if isinstance(value, bool):
        return {"internet": value}
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(v, str) for v in listed):
        raise ValueError(
            "must be none, internet, or a list of host names, IPv4 addresses and networks with "
            "their ports, such as [pypi.org:443]"
        )
    if "none" in listed and len(listed) > 1:
        raise ValueError("must be none alone, or what it may reach")
    places = [v for v in listed if v not in ("internet", "none")]
    if len(places) > MOST_DESTINATIONS:
        raise ValueError(f"must list at most {MOST_DESTINATIONS} places")
    for place in places:
        try:
            parse_destination(place)
        except ValueError as error:
            raise ValueError(f"must list places that exist in this form: {error}") from error
    return {"internet": "internet" in listed, "to": places}


class VersionShape(Shape):
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
    image: Annotated[str, AfterValidator(_image)]
    registry: Short | None = None
    command: list[str] = []
    environment: dict[Variable, str] = {}
    secrets: dict[Variable, Short] = {}
    port: Annotated[int, Field(ge=1, le=65535)]
    ready: ReadyShape = ReadyShape()
    prepare_within: Annotated[Duration, Field(le=timedelta(hours=24))] = timedelta(hours=2)
    stop_grace: Annotated[Duration, Field(le=timedelta(minutes=10))] = timedelta(seconds=20)
    gpu: GpuShape = GpuShape()
    cpus: Annotated[float, Field(gt=0, le=1024, strict=False)] = 4.0
    memory: Size = 16 << 30
    shm: Size = 1 << 30
    pids: Annotated[int, Field(ge=16, le=32768)] = 4096
    capabilities: list[Annotated[str, AfterValidator(_capability)]] = []
    user: Annotated[str, StringConstraints(pattern=_USER)] = ""
    volumes: list[VolumeShape] = []
    add_ons: list[AddOnShape] = []
    packages: list[PackagesShape] = []
    libraries: list[LibraryShape] = []
    process_command: list[str] = []
    egress: Annotated[EgressShape, BeforeValidator(_egress)] = EgressShape()
    read_only_root: bool = False
    available: bool = True
    prepull: bool = False

    @model_validator(mode="after")
    def _paths_differ(self) -> VersionShape:
        seen: set[str] = set()
        for path in [m.path for m in self._mounts()] + [m.path for m in self.libraries]:
            if path in seen:
                raise ValueError(f"{path} is mounted twice")
            seen.add(path)
        return self

    def _mounts(self) -> list[VolumeShape | AddOnShape | PackagesShape]:
        return [*self.volumes, *self.add_ons, *self.packages]

    def value(self, engine_id: EngineId) -> EngineVersion:
        image, _, digest = self.image.partition("@")
        return EngineVersion(
            engine_id=engine_id,
            version=self.version,
            image=image,
            digest=digest,
            port=self.port,
            command=tuple(self.command),
            environment=tuple(self.environment.items()),
            secrets=tuple(SecretReference(k, v) for k, v in self.secrets.items()),
            registry=self.registry or "",
            ready_path=self.ready.path,
            ready_timeout=self.ready.within,
            prepare_timeout=self.prepare_within,
            gpu=GpuNeed(
                count=self.gpu.count,
                vram_mib=-(-self.gpu.vram // (1 << 20)),
                min_compute_capability=self.gpu.compute_capability,
                models=tuple(self.gpu.models),
            ),
            cpus=self.cpus,
            memory_bytes=self.memory,
            pids=self.pids,
            shm_bytes=self.shm,
            capabilities=tuple(dict.fromkeys(self.capabilities)),
            user=self.user,
            stop_grace=self.stop_grace,
            mounts=tuple(
                VolumeMount(m.path, VolumeScope.PERSONAL, m.folder, m.environment or "")
                for m in self._mounts()
            ),
            libraries=tuple(LibraryMount(m.name, m.path) for m in self.libraries),
            process_command=tuple(self.process_command),
            egress=self.egress.internet,
            egress_to=tuple(EgressRule(d.to, d.ports) for d in self.egress.places()),
            read_only_root=self.read_only_root,
            available=self.available,
            prepull=self.prepull,
        )


class RuleShape(Shape):
    person: bool
    method: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,20}$")] = ""
    path: Annotated[str, AfterValidator(_regex)] = ""
    frame_max_bytes: Annotated[int, Field(ge=0)] = 0


class ActivityShape(Shape):
    count_client_frames: bool = False
    rules: list[RuleShape] = []


class ViewRuleShape(Shape):
    allow: bool
    method: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,20}$")] = ""
    path: Annotated[str, AfterValidator(_regex)] = ""
    frame_max_bytes: Annotated[int, Field(ge=0, le=65536)] = 0

    @model_validator(mode="after")
    def _means_something(self) -> ViewRuleShape:
        if self.allow and not self.path:
            raise ValueError("path: name what is harmless; a rule that allows has a path")
        if self.frame_max_bytes and self.method:
            raise ValueError("method: a rule for WebSocket frames has none; remove it")
        return self


class IdleShape(Shape):
    release_after: Duration = timedelta(minutes=15)
    grace_after_start: Duration = timedelta(minutes=5)
    warn_before: Duration = timedelta(minutes=5)
    max_lifetime: Annotated[
        timedelta | None,
        BeforeValidator(lambda value: None if value == "never" else parse_duration(value)),
    ] = timedelta(hours=24)
    traffic_alone: bool = False


class TemplateShape(Shape):
    """One file: one engine."""

    id: Annotated[str, AfterValidator(_engine_id)]
    name: TextShape
    summary: TextShape | None = None
    icon: Annotated[str, AfterValidator(sanitise)] = ""
    default_version: str | None = None
    idle: IdleShape = IdleShape()
    activity: ActivityShape = ActivityShape()
    viewing: list[ViewRuleShape] = []
    versions: Annotated[list[VersionShape], Field(min_length=1)]

    @model_validator(mode="after")
    def _versions_differ(self) -> TemplateShape:
        names = [v.version for v in self.versions]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise ValueError(f"versions: {twice} is listed twice")
        if self.default_version is not None and self.default_version not in names:
            raise ValueError(f"default_version must be one of {', '.join(names)}")
        return self

    def value(self) -> Engine:
        engine_id = EngineId(self.id)
        versions = tuple(v.value(engine_id) for v in self.versions)
        default = self.default_version or next(
            (v.version for v in versions if v.available), versions[0].version
        )
        return Engine(
            id=engine_id,
            name=self.name.value(),
            versions=versions,
            default_version=default,
            summary=self.summary.value() if self.summary else Text(""),
            icon_svg=self.icon,
            activity=tuple(
                ActivityRule(r.method, r.path, r.frame_max_bytes, r.person)
                for r in self.activity.rules
            ),
            count_client_frames=self.activity.count_client_frames,
            viewing=tuple(
                ViewRule(r.method, r.path, r.frame_max_bytes, r.allow) for r in self.viewing
            ),
            idle=IdlePolicy(
                release_after=self.idle.release_after,
                grace_after_start=self.idle.grace_after_start,
                warn_before=self.idle.warn_before,
                max_lifetime=self.idle.max_lifetime,
                traffic_alone=self.idle.traffic_alone,
            ),
        )


def _scope(value: object) -> VolumeScope:
    if value in [scope.value for scope in VolumeScope]:
        return VolumeScope(str(value))
    raise ValueError(f"must be one of {', '.join(scope.value for scope in VolumeScope)}")


_NO_HOST_PATH = (
    "a template may not mount a folder of the machine; use volumes (the creator's own data) "
    "or libraries (shared models, whose folders IT names in agent.toml)"
)
_NO_NETWORK = "an engine has a network of its own and nothing else; remove this"
_NO_PRIVILEGE = "an engine never runs privileged; at most capabilities: " + ", ".join(
    sorted(ALLOWED_CAPABILITIES)
)

# What somebody may have copied from a compose file, and why it is refused. Keys are compared
# without case, hyphens and underscores.
REFUSED_FIELDS: dict[str, str] = {
    "privileged": _NO_PRIVILEGE,
    "capadd": "use capabilities: " + ", ".join(sorted(ALLOWED_CAPABILITIES)),
    "securityopt": _NO_PRIVILEGE,
    "devices": "cards are given by gpu: (count and vram); other devices are never passed on",
    "dockersocket": "an engine never gets the Docker socket; remove this",
    "hostpath": _NO_HOST_PATH,
    "source": _NO_HOST_PATH,
    "host": _NO_HOST_PATH,
    "bind": _NO_HOST_PATH,
    "binds": _NO_HOST_PATH,
    "hostnetwork": _NO_NETWORK,
    "network": _NO_NETWORK,
    "networkmode": _NO_NETWORK,
    "networks": _NO_NETWORK,
    "ports": "name the one port: that the engine listens on; nothing is published on the machine",
    "pid": "an engine has processes of its own only; remove this",
    "ipc": "use shm: for the size of shared memory",
    "shmsize": "use shm: for the size of shared memory",
    "userns": _NO_PRIVILEGE,
    "sysctls": _NO_PRIVILEGE,
    "runtime": "cards are given by gpu: (count and vram); remove this",
    "gpus": "use gpu: with count and vram",
}
