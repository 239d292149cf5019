"""A machine as the command line shows it, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aigc.cli.output import sentence, size, timestamp, when

if TYPE_CHECKING:
    from protos.aigc.v1 import admin_pb2, common_pb2

COLUMNS = ("machine", "pool", "state", "driver", "cards", "instances", "attention")


def row(node: admin_pb2.Node) -> list[str]:
    """Of the table of machines."""
    return [
        node.name,
        node.pool,
        state(node),
        node.driver_name or "–",
        ", ".join(card(g) for g in node.gpus) or "–",
        str(len(node.instance_ids)),
        " ".join(attention(node)),
    ]


def state(node: admin_pb2.Node) -> str:
    """ "online", "draining", "offline since …", "revoked"."""
    if node.revoked:
        return "revoked"
    if not node.online:
        return f"offline since {when(node.last_seen_ms)}"
    return "draining" if node.draining else "online"


def card(gpu: common_pb2.GpuReading) -> str:
    """Name and memory, and whether it is simulated."""
    memory = size(gpu.memory_total_bytes if gpu.HasField("memory_total_bytes") else None)
    return f"{gpu.name} {memory}" + (" (simulated)" if gpu.simulated else "")


def attention(node: admin_pb2.Node) -> list[str]:
    """What needs somebody, a sentence each."""
    found = [sentence(p) for p in node.problems]
    if node.online and node.HasField("door_reason"):
        found.append(sentence(node.door_reason))
    if node.ledger_refused:
        found.append("The ledger went back: this machine kept its own state. See accept-ledger.")
    if node.quarantined_gpus:
        found.append(f"{len(node.quarantined_gpus)} cards are set aside: not proven free.")
    if node.unclaimed:
        found.append(f"{len(node.unclaimed)} unclaimed; see 'aigc nodes unclaimed'.")
    return found


def as_json(node: admin_pb2.Node) -> dict[str, Any]:
    """The stable keys of a machine."""
    return {
        "id": node.id,
        "name": node.name,
        "pool": node.pool,
        "labels": dict(sorted(node.labels.items())),
        "online": node.online,
        "draining": node.draining,
        "revoked": node.revoked,
        "can_start": node.can_start,
        "last_seen": timestamp(node.last_seen_ms),
        "joined_at": timestamp(node.joined_at_ms),
        "certificate_expires_at": timestamp(node.certificate_expires_ms),
        "agent_version": node.agent_version,
        "driver": node.driver_name,
        "docker_version": node.docker_version or None,
        "nvidia_driver": node.nvidia_driver or None,
        "door": door(node),
        "door_reason": {"en": node.door_reason.en, "zh": node.door_reason.zh}
        if node.HasField("door_reason")
        else None,
        "cpus": node.cpus or None,
        "memory_bytes": node.memory_bytes or None,
        "disk_free_bytes": node.disk_free_bytes,
        "ledger_refused": node.ledger_refused,
        "gpus": [gpu_json(g, g.uuid in node.quarantined_gpus) for g in node.gpus],
        "problems": [{"en": p.en, "zh": p.zh} for p in node.problems],
        "unclaimed": [unclaimed_json(u) for u in node.unclaimed],
        "instances": list(node.instance_ids),
    }


def door(node: admin_pb2.Node) -> str:
    """How well its engines' ports are closed to other users of the machine."""
    from protos.aigc.v1 import common_pb2

    doors = {
        common_pb2.DOOR_CLOSED: "closed",
        common_pb2.DOOR_OPEN_TO_LOCAL_USERS: "open-to-local-users",
    }
    return doors.get(node.door, "unknown")


def gpu_json(gpu: common_pb2.GpuReading, quarantined: bool = False) -> dict[str, Any]:
    """What the card cannot tell is None."""

    def known(name: str) -> Any:
        return getattr(gpu, name) if gpu.HasField(name) else None  # type: ignore[arg-type]

    return {
        "uuid": gpu.uuid,
        "name": gpu.name,
        "simulated": gpu.simulated,
        "quarantined": quarantined,
        "pci_bus_id": known("pci_bus_id"),
        "memory_total_bytes": known("memory_total_bytes"),
        "memory_used_bytes": known("memory_used_bytes"),
        "utilisation_percent": known("utilisation_percent"),
        "temperature_celsius": known("temperature_celsius"),
        "power_watts": known("power_watts"),
        "compute_capability": known("compute_capability"),
    }


def unclaimed_json(item: admin_pb2.Unclaimed) -> dict[str, Any]:
    """A container with our labels that the ledger does not know."""
    return {
        "container": item.container_id,
        "instance": item.instance_id,
        "epoch": item.epoch,
        "first_seen": timestamp(item.first_seen_ms),
        "stopped_after": timestamp(item.stop_after_ms),
    }
