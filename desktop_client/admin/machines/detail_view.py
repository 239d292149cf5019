"""One machine in full, as the detail pane shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from desktop_client.admin.machines import rows
from desktop_client.admin.machines.actions import Act, Offer, first_offer, offers, unclaimed_name
from desktop_client.admin.machines.columns import (
    celsius,
    docker_of,
    door_meaning,
    door_word,
    labels_of,
    memory_of,
    standing_word,
    takes,
    troubles_of,
    watts,
)
from desktop_client.admin.machines.rows import GpuRow, Standing
from desktop_client.admin.model import Fleet, Node, Unclaimed
from desktop_client.admin.pages.cells import DASH, at, both, bytes_of, mark_of, memory, percent
from desktop_client.admin.tables.column import Mark, Speech
from desktop_client.i18n import say
from desktop_client.model import Instance
from desktop_client.wording import duration


@dataclass(frozen=True, slots=True)
class Fact:
    """``note`` says what it means, where that is not plain."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CardView:
    """A graphics card. ``share`` is the part of its memory that is used, unknown as None."""

    uuid: str
    name: str
    mark: Mark
    place: str  # PCI address and uuid
    readings: str  # use, temperature, power
    memory: str
    share: float | None
    holder: str
    simulated: bool
    apart: str  # why it is set aside, or empty


@dataclass(frozen=True, slots=True)
class HeldView:
    """An instance on the machine."""

    id: str
    mark: Mark
    title: str
    line: str


@dataclass(frozen=True, slots=True)
class UnclaimedView:
    """A container that the ledger does not know, and when it will be stopped."""

    container_id: str
    title: str
    line: str


@dataclass(frozen=True, slots=True)
class MachineView:
    """Everything about one machine."""

    id: str
    name: str
    mark: Mark
    state: str
    simulated: bool
    problems: tuple[str, ...]
    action: Offer | None
    more: tuple[Offer, ...]
    asked: str  # what was asked for and is not answered yet
    cards: tuple[CardView, ...]
    instances: tuple[HeldView, ...]
    unclaimed: tuple[UnclaimedView, ...]
    facts: tuple[Fact, ...]


def machine_view(
    node: Node, fleet: Fleet, speech: Speech, *, may_change: bool, asked: Act | None = None
) -> MachineView:
    """A machine at a moment, in a language.

    Args:
        may_change: an auditor sees everything and is offered nothing.
        asked: what this window asked for and the coordinator has not answered yet.
    """
    language = speech.language
    found = rows.standing(node)
    first = first_offer(node, language) if may_change else None
    all_offers = offers([node], language) if may_change else ()
    return MachineView(
        id=node.id,
        name=node.name,
        mark=rows.mark_of(found, rows.needs_attention(node)),
        state=_state(node, found, speech),
        simulated=any(gpu.simulated for gpu in node.gpus),
        problems=tuple(troubles_of(node, language)),
        action=first,
        more=tuple(o for o in all_offers if first is None or o.act is not first.act),
        asked=say(f"machines.asked.{asked}", language) if asked is not None else "",
        cards=tuple(_card(row, node, speech) for row in rows.gpu_rows(node, fleet.instances)),
        instances=tuple(_held(i, language) for i in rows.instances_on(node, fleet.instances)),
        unclaimed=tuple(_unclaimed(u, fleet, speech) for u in node.unclaimed),
        facts=_facts(node, speech),
    )


def _state(node: Node, found: Standing, speech: Speech) -> str:
    """``Online · takes engines``, ``Offline since 14:02 (35 min)``."""
    language = speech.language
    if found is Standing.OFFLINE:
        if node.last_seen is None:
            return say("machines.state.never", language)
        span = duration(speech.now - node.last_seen, language)
        return say("machines.state.offline", language, at=at(node.last_seen, speech), span=span)
    if found is Standing.CANNOT_START:
        return say("machines.state.cannot_start", language)
    return f"{standing_word(found, language)} · {takes(node, language)}"


def _card(row: GpuRow, node: Node, speech: Speech) -> CardView:
    language, gpu = speech.language, row.gpu
    live = node.online
    used = gpu.memory_used_bytes if live else None
    total = gpu.memory_total_bytes
    readings = (
        say("machines.card.use", language, value=percent(gpu.percent if live else None)),
        celsius(gpu.celsius if live else None),
        watts(gpu.watts if live else None),
    )
    holders = [_holder(i, language) for i in row.holders]
    return CardView(
        uuid=gpu.uuid,
        name=rows.card_names(node.gpus)[gpu.uuid],
        mark=rows.gpu_mark(row),
        place=" · ".join(part for part in (gpu.name, gpu.pci_bus_id, gpu.uuid) if part),
        readings=" · ".join(readings),
        memory=memory_of(used, total),
        share=min(used / total, 1.0) if used is not None and total else None,
        holder=say("machines.comma", language).join(holders) or say("machines.card.free", language),
        simulated=gpu.simulated,
        apart=say("machines.card.apart", language) if gpu.quarantined else "",
    )


def _holder(instance: Instance, language: str) -> str:
    name = instance.name or instance.engine_id
    if not instance.owner_name:
        return name
    return say("machines.victim", language, name=name, owner=instance.owner_name)


def _held(instance: Instance, language: str) -> HeldView:
    line = instance.line.spoken(language)
    return HeldView(instance.id, mark_of(instance), _holder(instance, language), line)


def _unclaimed(found: Unclaimed, fleet: Fleet, speech: Speech) -> UnclaimedView:
    language = speech.language
    seen, stop = at(found.first_seen, speech), both(found.stop_after, speech)
    key = "machines.unclaimed.line" if found.stop_after else "machines.unclaimed.kept"
    values = {"seen": seen, "stop": stop} if found.stop_after else {"seen": seen}
    title = unclaimed_name(found, fleet, language)
    return UnclaimedView(found.container_id, title, say(key, language, **values))


def _facts(node: Node, speech: Speech) -> tuple[Fact, ...]:
    language = speech.language

    def fact(key: str, value: str, note: str = "") -> Fact:
        return Fact(say(f"machines.fact.{key}", language), value or DASH, note)

    found = [
        fact("pool", node.pool),
        fact("labels", labels_of(node)),
        fact("seen", _seen(node.last_seen, speech)),
        fact("cpus", str(node.cpus) if node.cpus else ""),
        fact("memory", memory(node.memory_bytes)),
        fact("disk", bytes_of(node.disk_free_bytes)),
        fact("driver", node.nvidia_driver),
        fact("docker", docker_of(node, language)),
        fact("agent", node.agent_version),
        fact("door", door_word(node.door, language), _door_note(node, language)),
        fact("certificate", both(node.certificate_expires, speech), _renewal(node, speech)),
        fact("joined", both(node.joined_at, speech)),
        fact("id", node.id),
    ]
    return tuple(found)


def _door_note(node: Node, language: str) -> str:
    """Why it is open and what closes it, where the machine says so; else what that means."""
    return node.door_reason.spoken(language) or door_meaning(node.door, language)


def _seen(when: datetime | None, speech: Speech) -> str:
    return DASH if when is None else both(when, speech)


def _renewal(node: Node, speech: Speech) -> str:
    """What becomes of the certificate: an online machine renews it by itself."""
    if node.revoked or node.certificate_expires is None:
        return ""
    key = "online" if node.online else "offline"
    return say(f"machines.certificate.{key}", speech.language)
