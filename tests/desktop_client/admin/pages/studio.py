"""A small studio for the tests of the pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from desktop_client.admin.model import Door, Fleet, Gpu, Node, Role
from desktop_client.admin.tables.column import Column, Row, Speech
from desktop_client.model import Instance, Link, State, Words

NOW = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)  # a Monday
GIB = 1 << 30
EN = Speech("en", NOW, UTC)
ZH = Speech("zh", NOW, UTC)


def gpu(number: int = 0, **more: object) -> Gpu:
    made = Gpu(f"GPU-{number}", "RTX 4090", memory_total_bytes=24 * GIB, percent=50.0)
    return replace(made, **more)  # type: ignore[arg-type]


def node(name: str = "render-01", **more: object) -> Node:
    made = Node(
        id=f"n-{name}", name=name, pool="on-prem", online=True, last_seen=NOW, gpus=(gpu(),),
        agent_version="0.9.0", disk_free_bytes=500_000_000_000, door=Door.CLOSED,
        certificate_expires=NOW + timedelta(hours=20),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def instance(name: str = "ComfyUI", state: State = State.READY, **more: object) -> Instance:
    made = Instance(
        id=f"i-{name}", name=name, engine_id="comfyui", engine_name=Words("ComfyUI", "ComfyUI"),
        version="0.12", state=state, owner_id="p-1", owner_name="Lin Xia",
        line=Words("Ready", "就绪"), since=NOW - timedelta(hours=1),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def fleet(nodes: tuple[Node, ...] = (), instances: tuple[Instance, ...] = ()) -> Fleet:
    return Fleet(
        nodes={n.id: n for n in nodes},
        instances={i.id: i for i in instances},
        server_time=NOW, heard_at=NOW, link=Link.ONLINE, role=Role.ADMIN, person="IT",
    )  # fmt: skip


def told(columns: tuple[Column[Row], ...], row: Row, speech: Speech = EN) -> dict[str, str]:
    """Column -> what its cell says."""
    return {c.key: c.text(row, speech) for c in columns}
