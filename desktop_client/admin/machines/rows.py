"""Machines and graphics cards as rows: what a machine is in, summed over its cards. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from desktop_client.admin.model import Delta, Fleet, Gpu, Node
from desktop_client.admin.pages.cells import short
from desktop_client.admin.tables.column import Mark
from desktop_client.model import LIVE, SILENT, Instance, State
from desktop_client.view_model import Shape


class Standing(StrEnum):
    """How a machine stands towards new engines; the first that holds."""

    REVOKED = "revoked"
    OFFLINE = "offline"
    CANNOT_START = "cannot-start"
    DRAINING = "draining"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A machine with what it carries. ``id`` is the machine's."""

    id: str
    node: Node
    standing: Standing
    instances: tuple[Instance, ...]  # those that hold it, not the ended ones
    cards_held: int
    percent: float | None  # mean of the cards that say
    used_bytes: int | None  # sum over its cards; None while none says
    total_bytes: int | None
    celsius: float | None  # the hottest card's
    simulated: bool
    attention: bool


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One card. ``id`` is ``machine's id/uuid``."""

    id: str
    node: Node
    gpu: Gpu
    standing: Standing
    holders: tuple[Instance, ...]


def standing(node: Node) -> Standing:
    """The one word for a machine."""
    if node.revoked:
        return Standing.REVOKED
    if not node.online:
        return Standing.OFFLINE
    if not node.can_start:
        return Standing.CANNOT_START
    return Standing.DRAINING if node.draining else Standing.ONLINE


def needs_attention(node: Node) -> bool:
    """Whether IT has something to look at here."""
    if node.revoked:
        return False
    return bool(
        not node.online
        or not node.can_start
        or node.problems
        or node.unclaimed
        or node.ledger_refused
        or any(gpu.quarantined for gpu in node.gpus)
    )


def mark_of(found: Standing, attention: bool) -> Mark:
    """Shape first: a ring is over, a triangle wants somebody, struck is the last known state."""
    match found:
        case Standing.REVOKED:
            return Mark(Shape.STOPPED)
        case Standing.OFFLINE:
            return Mark(Shape.ATTENTION, struck=True)
        case Standing.CANNOT_START:
            return Mark(Shape.ATTENTION)
        case Standing.DRAINING:
            return Mark(Shape.ATTENTION if attention else Shape.QUEUED)
    return Mark(Shape.ATTENTION if attention else Shape.READY)


def machine_row(node: Node, instances: Mapping[str, Instance]) -> MachineRow:
    """The row of a machine."""
    held = instances_on(node, instances)
    percents = [gpu.percent for gpu in node.gpus if gpu.percent is not None]
    totals = [g.memory_total_bytes for g in node.gpus if g.memory_total_bytes is not None]
    used = [g.memory_used_bytes for g in node.gpus if g.memory_used_bytes is not None]
    warm = [gpu.celsius for gpu in node.gpus if gpu.celsius is not None]
    own = {gpu.uuid for gpu in node.gpus}
    taken = {card.uuid for each in held for card in each.cards if card.uuid in own}
    return MachineRow(
        id=node.id,
        node=node,
        standing=standing(node),
        instances=held,
        cards_held=len(taken),
        percent=sum(percents) / len(percents) if percents and node.online else None,
        used_bytes=sum(used) if used and node.online else None,
        total_bytes=sum(totals) if totals else None,
        celsius=max(warm) if warm and node.online else None,
        simulated=any(gpu.simulated for gpu in node.gpus),
        attention=needs_attention(node),
    )


def instances_on(node: Node, instances: Mapping[str, Instance]) -> tuple[Instance, ...]:
    """What is placed on a machine and not over, the running first, by owner and name."""
    found = [instances[i] for i in node.instance_ids if i in instances]
    return tuple(sorted((i for i in found if i.state in LIVE), key=_order))


def _order(instance: Instance) -> tuple[bool, str, str, str]:
    return (instance.state is not State.READY, instance.owner_name, instance.name, instance.id)


def gpu_rows(node: Node, instances: Mapping[str, Instance]) -> list[GpuRow]:
    """The rows of a machine's cards. A silent machine's cards keep the last known holder."""
    held = instances_on(node, instances)
    holders: dict[str, list[Instance]] = {}
    for instance in held:
        for card in instance.cards:
            holders.setdefault(card.uuid, []).append(instance)
    found = standing(node)
    return [
        GpuRow(f"{node.id}/{gpu.uuid}", node, gpu, found, tuple(holders.get(gpu.uuid, ())))
        for gpu in node.gpus
    ]


def gpu_mark(row: GpuRow) -> Mark:
    """A ring is free, a disc is held, a triangle is set aside."""
    if row.gpu.quarantined:
        return Mark(Shape.ATTENTION, struck=not row.node.online)
    if any(i.state in SILENT for i in row.holders):
        return Mark(Shape.ATTENTION, struck=True)
    shape = Shape.READY if row.holders else Shape.STOPPED
    return Mark(shape, struck=row.standing in (Standing.OFFLINE, Standing.REVOKED))


def touched_nodes(fleet: Fleet, delta: Delta, known: Mapping[str, str]) -> set[str]:
    """Ids of the machines whose rows are other now.

    Args:
        known: instance id -> the machine that its row was counted on, as seen before.
    """
    touched = {node.id for node in delta.nodes}
    for instance in delta.instances:
        touched |= {instance.node_id, known.get(instance.id, "")}
    touched |= {known.get(i, "") for i in delta.removed_instances}
    return {i for i in touched if i in fleet.nodes}


def model_of(gpu: Gpu) -> str:
    """``RTX 4090``: without the maker's names, which all of them share."""
    return short(gpu.name)


def models_of(gpus: Iterable[Gpu]) -> str:
    """``4 × RTX 4090, A6000``."""
    counted: dict[str, int] = {}
    for gpu in gpus:
        counted[model_of(gpu)] = counted.get(model_of(gpu), 0) + 1
    return ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counted.items())


def card_names(gpus: Iterable[Gpu]) -> dict[str, str]:
    """uuid -> a name that tells a machine's cards apart: ``RTX 4090 · 2`` where it has two."""
    listed = list(gpus)
    models = [model_of(gpu) for gpu in listed]
    counted: dict[str, int] = {}
    names = {}
    for gpu, model in zip(listed, models, strict=True):
        counted[model] = counted.get(model, 0) + 1
        names[gpu.uuid] = model if models.count(model) == 1 else f"{model} · {counted[model]}"
    return names
