"""From an instance's specification to Docker's terms and back: pure translation, no calls."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docker.types import DeviceRequest, HostConfig, LogConfig
from docker.types import Mount as DockerMount

from aigc.egress import Destination, parse
from node_agent.engines.driver import Container, ContainerState, InstanceSpec

# The only capabilities that a template may ask for; everything else is dropped.
CAPABILITIES = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"})

SCOPE = "aigc.scope"
INSTANCE = "aigc.instance"
EPOCH = "aigc.epoch"
OWNER = "aigc.owner"
ENGINE = "aigc.engine"
VERSION = "aigc.version"
PORT = "aigc.port"
READY = "aigc.ready"
GPUS = "aigc.gpus"
DIGEST = "aigc.image-digest"
NETWORK = "aigc.network"
# On a network: whether it has a way out. On a container: where it may go; see egress_label.
EGRESS = "aigc.egress"
# Inside an engine's own network namespace, where nobody listens: no name server at all.
NO_NAME_SERVER = "127.0.0.1"

_STATES = {
    "created": ContainerState.CREATED,
    "running": ContainerState.RUNNING,
    "paused": ContainerState.RUNNING,
    "restarting": ContainerState.RUNNING,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What of this machine a container's settings depend on.

    Attributes:
        cpus: that Docker sees; it refuses to give more.
        publish: the container's port goes to the host's loopback (where its own address cannot be
            reached, as on Docker Desktop).
        pass_gpus: GPUs exist and are passed; False where they are simulated.
    """

    scope: str
    cpus: int
    publish: bool = False
    pass_gpus: bool = True


def container_name(scope: str, instance_id: str) -> str:
    """One name per instance, whatever its epoch: Docker itself then refuses a second writer."""
    clean = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{scope}-{instance_id}")
    return f"aigc-{clean}"


def refused_capabilities(spec: InstanceSpec) -> list[str]:
    """What the template asks for and may not have."""
    wanted = {c.upper().removeprefix("CAP_") for c in spec.capabilities}
    return sorted(wanted - CAPABILITIES)


def labels(spec: InstanceSpec, ground: Ground, digest: str, network: str) -> dict[str, str]:
    """All that is needed to adopt the container later; no secrets."""
    return {
        SCOPE: ground.scope,
        INSTANCE: spec.instance_id,
        EPOCH: str(spec.epoch),
        OWNER: spec.owner_id,
        ENGINE: spec.engine_id,
        VERSION: spec.version,
        PORT: str(spec.port),
        READY: spec.ready_path,
        GPUS: ",".join(spec.gpu_uuids),
        DIGEST: digest,
        NETWORK: network,
        EGRESS: egress_label(spec),
    }


def egress_label(spec: InstanceSpec) -> str:
    """Where it may go, as its container's label keeps it for a restarted agent."""
    return " ".join([*(["internet"] if spec.egress else []), *map(str, spec.egress_to)])


def egress_of(label: str) -> tuple[bool, tuple[Destination, ...]]:
    """The internet or not, and the list, from such a label; what does not parse is nothing."""
    words = label.split()
    listed = []
    for word in words:
        if word not in ("internet", "yes", "no"):
            with contextlib.suppress(ValueError):
                listed.append(parse(word))
    return "internet" in words, tuple(listed)


def environment(spec: InstanceSpec, ground: Ground) -> dict[str, str]:
    """The template's variables and secrets, and where its mounts are.

    Which GPUs are seen is not the template's to say.
    """
    paths = {m.environment: m.target for m in spec.mounts if m.environment}
    merged = {**spec.environment, **spec.secrets, **paths}
    merged.pop("NVIDIA_VISIBLE_DEVICES", None)
    if not (spec.gpu_uuids and ground.pass_gpus):
        # Images often ask for all cards; where nvidia is the default runtime they would get them.
        merged["NVIDIA_VISIBLE_DEVICES"] = "void"
    return merged


def host_config(
    spec: InstanceSpec, ground: Ground, network: str, name_servers: Sequence[str] = ()
) -> HostConfig:
    """Limits and hardening. Swap is off: what exceeds the memory is ended, not slowed down.

    ``name_servers``: whom Docker's own resolver in the container asks; none: Docker's choice.
    """
    options: dict[str, Any] = {
        "version": "1.40",
        "network_mode": network,
        "init": True,
        "privileged": False,
        "security_opt": ["no-new-privileges:true"],
        "cap_drop": ["ALL"],
        "cap_add": sorted({c.upper().removeprefix("CAP_") for c in spec.capabilities}),
        "read_only": spec.read_only_root,
        "restart_policy": {"Name": "no"},
        "log_config": LogConfig(
            type=LogConfig.types.JSON, config={"max-size": "10m", "max-file": "3"}
        ),
        "mounts": [
            DockerMount(target=m.target, source=str(m.source), type="bind", read_only=m.read_only)
            for m in spec.mounts
        ],
    }
    if name_servers:
        options["dns"] = list(name_servers)
    if spec.read_only_root:
        options["tmpfs"] = {"/tmp": "rw,nosuid,nodev,mode=1777", "/run": "rw,nosuid,nodev"}  # noqa: S108 - inside the container
    if spec.cpus > 0:
        options["nano_cpus"] = int(min(spec.cpus, ground.cpus) * 1e9)
    if spec.memory_bytes > 0:
        options["mem_limit"] = options["memswap_limit"] = spec.memory_bytes
    if spec.pids > 0:
        options["pids_limit"] = spec.pids
    if spec.shm_bytes > 0:
        options["shm_size"] = spec.shm_bytes
    if spec.gpu_uuids and ground.pass_gpus:
        options["device_requests"] = [
            DeviceRequest(device_ids=list(spec.gpu_uuids), capabilities=[["gpu"]])
        ]
    if ground.publish:
        options["port_bindings"] = {spec.port: ("127.0.0.1", None)}
    return HostConfig(**options)


def create_arguments(
    spec: InstanceSpec,
    ground: Ground,
    image: str,
    digest: str,
    network: str,
    name_servers: Sequence[str] = (),
) -> dict[str, Any]:
    """For the SDK's create_container."""
    arguments: dict[str, Any] = {
        "image": image,
        "name": container_name(ground.scope, spec.instance_id),
        "labels": labels(spec, ground, digest, network),
        "environment": environment(spec, ground),
        "host_config": host_config(spec, ground, network, name_servers),
        # The image's own health check would run a process in the container every few seconds.
        "healthcheck": {"test": ["NONE"]},
        "detach": True,
    }
    if spec.command:
        arguments["command"] = list(spec.command)
    if spec.user:
        arguments["user"] = spec.user
    if ground.publish:
        arguments["ports"] = [spec.port]
    return arguments


def container_of(inspected: Mapping[str, Any]) -> Container:
    """What Docker says about one of our containers."""
    found: Mapping[str, str] = inspected["Config"].get("Labels") or {}
    state: Mapping[str, Any] = inspected["State"]
    is_now = _STATES.get(str(state.get("Status", "")), ContainerState.EXITED)
    ended = is_now is ContainerState.EXITED
    code = int(state.get("ExitCode") or 0) if ended else None
    return Container(
        container_id=str(inspected["Id"]),
        instance_id=found.get(INSTANCE, ""),
        epoch=_number(found.get(EPOCH, "")),
        state=is_now,
        gpu_uuids=tuple(u for u in found.get(GPUS, "").split(",") if u),
        address=_address(inspected, found) if is_now is ContainerState.RUNNING else None,
        ready_path=found.get(READY, "/"),
        image_digest=found.get(DIGEST, ""),
        started_at=parse_time(str(state.get("StartedAt", ""))),
        exit_code=code,
        # OOMKilled is also set when a child was killed and the engine ended well by itself later.
        out_of_memory=ended and bool(state.get("OOMKilled")) and code != 0,
        network=found.get(NETWORK, ""),
    )


def is_still(summary: Mapping[str, Any], known: Container) -> bool:
    """Whether a container runs on as it was inspected, by its line in Docker's list."""
    networks = ((summary.get("NetworkSettings") or {}).get("Networks") or {}).values()
    addresses = {str((network or {}).get("IPAddress") or "") for network in networks}
    return (
        summary.get("State") == "running"
        and known.address is not None
        and known.address[0] in addresses
    )


def parse_time(text: str) -> float | None:
    """Seconds since the epoch of Docker's RFC 3339 with nanoseconds; None for its zero time."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if match is None or text.startswith("0001-"):
        return None
    whole = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    return whole.timestamp() + float(match[2] or 0)


def _address(inspected: Mapping[str, Any], found: Mapping[str, str]) -> tuple[str, int] | None:
    port = _number(found.get(PORT, ""))
    settings = inspected.get("NetworkSettings") or {}
    published = (settings.get("Ports") or {}).get(f"{port}/tcp")
    if published:
        return str(published[0]["HostIp"]), int(published[0]["HostPort"])
    network = (settings.get("Networks") or {}).get(found.get(NETWORK, "")) or {}
    ip = str(network.get("IPAddress") or "")
    return (ip, port) if ip and port else None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
