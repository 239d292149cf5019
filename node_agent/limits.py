"""What this machine allows, whoever asks: agent.toml against each desired instance.

A hostile coordinator is not root here: what it asks for beyond this is refused with the field's
name, before anything is made.
"""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from aigc.egress import MOST_DESTINATIONS, Destination, destination, parse
from node_agent.config import AgentConfig
from node_agent.volumes import VOLUME_ID
from protos.aigc.v1 import node_pb2

# Pitfall 32: a template may ask for these and nothing else.
ALLOWED_CAPABILITIES = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"})
MOST_PIDS = 32768
DEFAULT_PIDS = 4096
LONGEST_READY = 3600.0
LONGEST_PREPARE = 24 * 3600.0
LONGEST_GRACE = 600.0

_INSTANCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]{0,511}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?")
_READY_PATH = re.compile(r"/[!-~]{0,1023}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# The container runtime reads these: with them an engine would choose its cards itself.
_RUNTIME_VARIABLES = re.compile(
    r"NVIDIA_(VISIBLE_DEVICES|DRIVER_CAPABILITIES|MIG_.*|REQUIRE_.*|DISABLE_REQUIRE|IMEX_CHANNELS"
    r"|FABRIC_IMEX_MGMT|GDS|GDRCOPY|MOFED|NVSWITCH)"
    r"|(AMD|ASCEND|HABANA|METAX|MTHREADS)_VISIBLE_DEVICES"
)
_SYSTEM_FOLDERS = ("/proc", "/sys", "/dev", "/run", "/var/run", "/etc", "/boot")
_SHM = "/dev/shm"  # noqa: S108 - the path in the container that engines know, not a file of ours


class LimitError(Exception):
    """This machine does not allow it. Attributes: field, message (one sentence)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message

    @property
    def told(self) -> str:
        """The sentence with the field's name in it, for whoever wrote the template."""
        named = f"field {self.field}" in self.message
        return self.message if named else f"{self.message} (Field {self.field}.)"


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is, to hold against what is asked for. Bytes."""

    cpus: float
    memory_bytes: int
    gpu_uuids: frozenset[str]
    process_driver: bool


def check(desired: node_pb2.DesiredInstance, config: AgentConfig, machine: Machine) -> None:
    """Return if this machine may run it.

    Raises:
        LimitError: names the first field that goes too far.
    """
    spec = desired.spec
    if not _INSTANCE_ID.fullmatch(desired.instance_id):
        raise LimitError("instance_id", f"{_shown(desired.instance_id)} is not an instance id.")
    if desired.epoch >= 1 << 62:
        raise LimitError("epoch", "The lease epoch is out of bounds.")
    if machine.process_driver:
        if not config.process_allowed:
            raise _refused("process_command", "plain processes (set process_allowed = true)")
    else:
        check_image(spec, config)
    _check_capabilities(spec)
    _check_sizes(spec, config, machine)
    _check_environment(spec)
    _check_mounts(desired, config)
    _check_gpus(desired, config, machine)
    destinations(spec, config)


def destinations(spec: node_pb2.EngineSpec, config: AgentConfig) -> tuple[Destination, ...]:
    """What the list of an engine lets it reach, if this machine allows all of it.

    Private addresses only by agent.toml's own list, never by a template alone.

    Raises:
        LimitError: it does not; names the field.
    """
    if spec.egress and not config.egress_allowed:
        raise _refused("egress", "engines that reach the internet (egress_allowed = false)")
    if len(spec.egress_to) > MOST_DESTINATIONS:
        raise _refused("egress", f"{len(spec.egress_to)} destinations for one engine")
    allowed = [parse(text) for text in config.egress_private]
    found = []
    for rule in spec.egress_to:
        try:
            place = destination(rule.to, rule.ports)
        except ValueError as error:
            raise LimitError("egress", f"{_shown(rule.to)} is not a destination.") from error
        if place.is_private:
            if not any(a.covers(place) for a in allowed):
                raise _refused(
                    "egress", f'the private address {place} (add it to "egress_private")'
                )
        elif not config.egress_allowed:
            raise _refused("egress", f"engines that reach {place} (egress_allowed = false)")
        found.append(place)
    return tuple(found)


def registry_of(image: str) -> str:
    """The registry that an image reference names; Docker's own where it names none."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return "docker.io"


def check_image(spec: node_pb2.EngineSpec, config: AgentConfig) -> None:
    """Whether this machine takes that image.

    Raises:
        LimitError: it does not; names the field.
    """
    if not _IMAGE.fullmatch(spec.image):
        raise LimitError("image", f"{_shown(spec.image)} is not an image reference.")
    if spec.image_digest and not _DIGEST.fullmatch(spec.image_digest):
        raise LimitError("image_digest", f"{_shown(spec.image_digest)} is not a sha256 digest.")
    if ".." in spec.image or "//" in spec.image:
        raise LimitError("image", f"{_shown(spec.image)} is not an image reference.")
    registry = registry_of(spec.image)
    rest = spec.image.removeprefix(registry + "/")
    full = f"{registry}/{rest}"
    if not any(_covers(allowed, registry, full) for allowed in config.registries):
        raise _refused("image", f'images from {registry} (add it to "registries")')
    if spec.HasField("registry") and spec.registry.server not in {registry, ""}:
        raise LimitError(
            "registry.server",
            f"A credential for {_shown(spec.registry.server)} does not belong to an image from "
            f"{registry}.",
        )


def _covers(allowed: str, registry: str, full: str) -> bool:
    allowed = allowed.rstrip("/")
    if allowed == "*" or allowed == registry:
        return True
    return "/" in allowed and full.startswith(allowed + "/")


def _check_capabilities(spec: node_pb2.EngineSpec) -> None:
    beyond = sorted({c.removeprefix("CAP_") for c in spec.capabilities} - ALLOWED_CAPABILITIES)
    if beyond:
        raise LimitError(
            "capabilities",
            f"The capability {_shown(beyond[0])} is never given to an engine; only "
            f"{', '.join(sorted(ALLOWED_CAPABILITIES))} may be asked for.",
        )


def _check_sizes(spec: node_pb2.EngineSpec, config: AgentConfig, machine: Machine) -> None:
    if config.memory is not None and spec.memory_bytes > config.memory:
        raise _refused(
            "memory_bytes",
            f"{_gib(spec.memory_bytes)} for one engine (at most {_gib(config.memory)})",
        )
    if not math.isfinite(spec.cpus) or spec.cpus < 0:
        raise LimitError("cpus", f"{spec.cpus} is not a number of processors.")
    if config.cpus is not None and spec.cpus > config.cpus:
        raise _refused("cpus", f"{spec.cpus:g} processors for one engine (at most {config.cpus:g})")
    if spec.shm_bytes > (spec.memory_bytes or bounded_memory(spec, config, machine)):
        raise _refused("shm_bytes", "more shared memory than memory")
    if spec.pids > MOST_PIDS:
        raise _refused("pids", f"{spec.pids} processes in one engine (at most {MOST_PIDS})")
    if not 1 <= spec.port <= 65535:
        raise LimitError("port", f"{spec.port} is not a port.")
    if not _READY_PATH.fullmatch(spec.ready_path):
        raise LimitError("ready_path", f"{_shown(spec.ready_path)} is not a path such as /ready.")
    for field, value, most in (
        ("ready_timeout_seconds", spec.ready_timeout_seconds, LONGEST_READY),
        ("prepare_timeout_seconds", spec.prepare_timeout_seconds, LONGEST_PREPARE),
        ("stop_grace_seconds", spec.stop_grace_seconds, LONGEST_GRACE),
    ):
        if value > most:
            raise _refused(field, f"{value} s (at most {most:g} s)")
    if spec.user and not _USER.fullmatch(spec.user):
        raise LimitError("user", f"{_shown(spec.user)} is not a user or user:group.")


def _check_environment(spec: node_pb2.EngineSpec) -> None:
    both: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("environment", spec.environment),
        ("secrets", spec.secrets),
    )
    for field, values in both:
        for name, value in values.items():
            if not _VARIABLE.fullmatch(name) or "\0" in value:
                raise LimitError(field, f"{_shown(name)} is not an environment variable.")
            if _RUNTIME_VARIABLES.fullmatch(name):
                raise _refused(field, f"{name} from a template (it chooses cards)")
    for part in (*spec.command, *spec.process_command):
        if "\0" in part:
            raise LimitError("command", "The command holds a NUL character.")


def _check_mounts(desired: node_pb2.DesiredInstance, config: AgentConfig) -> None:
    targets: set[str] = set()
    for mount in desired.mounts:
        target = mount.path
        if (
            not target.startswith("/")
            or posixpath.normpath(target) != target
            or target == "/"
            or target.startswith("//")
            or "\0" in target
            or ":" in target
        ):
            raise LimitError("mounts.path", f"{_shown(target)} is not a plain absolute path.")
        if _is_below(target, _SYSTEM_FOLDERS) and target != _SHM:
            raise _refused("mounts.path", f"a mount over {_shown(target)}")
        if target in targets:
            raise LimitError("mounts.path", f"{_shown(target)} is mounted twice.")
        targets.add(target)
        if bool(mount.library) == bool(mount.volume_id):
            raise LimitError("mounts", f"{_shown(target)}: name either a volume or a library.")
        if mount.library and mount.library not in config.libraries:
            name = mount.library if _NAME.fullmatch(mount.library) else "?"
            raise _refused("mounts.library", f'the library "{name}" (add it to "libraries")')
        if mount.volume_id and not VOLUME_ID.fullmatch(mount.volume_id):
            raise LimitError("mounts.volume_id", f"{_shown(mount.volume_id)} is not a volume id.")
        if mount.subpath and (
            mount.subpath.startswith("/")
            or any(part in {"", ".", ".."} for part in mount.subpath.split("/"))
            or "\0" in mount.subpath
        ):
            raise LimitError("mounts.subpath", f"{_shown(mount.subpath)} leaves its volume.")
        if mount.environment and (
            not _VARIABLE.fullmatch(mount.environment)
            or _RUNTIME_VARIABLES.fullmatch(mount.environment)
        ):
            raise LimitError(
                "mounts.environment", f"{_shown(mount.environment)} is not an environment variable."
            )


def _check_gpus(desired: node_pb2.DesiredInstance, config: AgentConfig, machine: Machine) -> None:
    if len(set(desired.gpu_uuids)) != len(desired.gpu_uuids):
        raise LimitError("gpu_uuids", "The same card is named twice.")
    for uuid in desired.gpu_uuids:
        if not allowed_gpu(uuid, config):
            raise _refused("gpu_uuids", f'the card {_shown(uuid)} (add it to "gpus")')
        if uuid not in machine.gpu_uuids:
            raise LimitError("gpu_uuids", f"This machine has no card {_shown(uuid)} (any more).")


def allowed_gpu(uuid: str, config: AgentConfig) -> bool:
    """Whether agent.toml gives this card to the studio."""
    return config.gpus is None or uuid in config.gpus


def bounded_memory(spec: node_pb2.EngineSpec, config: AgentConfig, machine: Machine) -> int:
    """The memory limit to set, in bytes: never none."""
    return spec.memory_bytes or config.memory or machine.memory_bytes


def bounded_cpus(spec: node_pb2.EngineSpec, config: AgentConfig, machine: Machine) -> float:
    """The processors to give: never none, never more than there are."""
    return min(spec.cpus or config.cpus or machine.cpus, machine.cpus)


def bounded_pids(spec: node_pb2.EngineSpec) -> int:
    """The most processes in it: never unbounded."""
    return spec.pids or DEFAULT_PIDS


def _is_below(path: str, folders: Collection[str]) -> bool:
    return any(path == f or path.startswith(f + "/") for f in folders)


def _refused(field: str, what: str) -> LimitError:
    return LimitError(field, f"This machine's agent.toml does not allow {what} (field {field}).")


def _shown(value: str) -> str:
    """What somebody sent, safe to stand in a sentence."""
    return json.dumps(value[:80])


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"


def library_folder(name: str, config: AgentConfig) -> Path:
    """The folder of a library that :func:`check` let pass."""
    return config.libraries[name]
