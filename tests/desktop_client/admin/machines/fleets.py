"""Small studios for the tests of the machines page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from desktop_client.admin.model import Fleet, Gpu, Node, Role
from desktop_client.model import Card, Instance, Link, State, Words

NOW = datetime(2026, 11, 23, 14, 37, 10, tzinfo=UTC)
GB = 1024**3  # of memory


def gpu(uuid: str, **more: object) -> Gpu:
    made = Gpu(uuid, "RTX 4090", f"00000000:{uuid[-1]}1:00.0", 24 * GB, 11 * GB, 61.0, 64.0, 320.0)
    return replace(made, **more)  # type: ignore[arg-type]


def node(name: str = "render-04", **more: object) -> Node:
    made = Node(
        id=f"n-{name}", name=name, pool="on-prem", online=True, last_seen=NOW,
        agent_version="0.1.0", driver_name="docker", docker_version="27.3.1",
        nvidia_driver="560.35.03", gpus=(gpu(f"GPU-{name}-0"), gpu(f"GPU-{name}-1", percent=None)),
        disk_free_bytes=812_000_000_000, cpus=32, memory_bytes=128 * GB,
        certificate_expires=NOW + timedelta(hours=20), joined_at=NOW - timedelta(days=40),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def instance(key: str, on: Node | None, owner: str = "Lin Xia", **more: object) -> Instance:
    cards = () if on is None or not on.gpus else (Card("RTX 4090", uuid=on.gpus[0].uuid),)
    made = Instance(
        id=f"i-{key}", name=key, engine_id="comfyui", engine_name=Words("ComfyUI", "ComfyUI"),
        version="0.12", state=State.READY if on else State.QUEUED, cards=cards,
        owner_id=f"p-{owner}", owner_name=owner,
        node_id=on.id if on else "", node_name=on.name if on else "",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def fleet(*nodes: Node, instances: tuple[Instance, ...] = (), **more: object) -> Fleet:
    """Machines know their instances as the coordinator says it."""
    placed = [
        replace(n, instance_ids=tuple(i.id for i in instances if i.node_id == n.id)) for n in nodes
    ]
    made = Fleet(
        nodes={n.id: n for n in placed}, instances={i.id: i for i in instances},
        server_time=NOW, link=Link.ONLINE, heard_at=NOW, person="Ada", role=Role.ADMIN,
        studio="Studio North", address="aigc.studio.lan:7443",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]
