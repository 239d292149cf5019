"""What the details of an instance say. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_client.admin.pages import cells
from desktop_client.admin.tables.column import Speech
from desktop_client.i18n import say
from desktop_client.model import LIVE, Card, Instance, Refusals, State
from desktop_client.wording import memory_size, of_memory, part_line


def stoppable(instance: Instance) -> bool:
    """Whether Stop would do something."""
    return instance.state in LIVE and instance.state is not State.STOPPING


def facts(instance: Instance, speech: Speech) -> tuple[tuple[str, str], ...]:
    """Name and value; what cannot be known in this state is left out, what is unknown is a dash."""
    language = speech.language
    live = instance.state in LIVE
    engine = instance.engine_name.spoken(language) or instance.engine_id
    found = [
        ("engine", f"{engine} {instance.version}".strip()),
        ("owner", instance.owner_name or instance.owner_id or cells.DASH),
        ("since", cells.both(instance.since, speech)),
    ]
    if instance.parts and instance.state is State.PREPARING:
        found.append(("parts", "\n".join(part_line(p, language) for p in instance.parts)))
    if live and instance.node_id:
        found.append(("machine", instance.node_name or instance.node_id))
        found.append(("cards", "\n".join(_card(c, language) for c in instance.cards) or cells.DASH))
        found.append(("vram", cells.vram(instance)))
        found.append(("gpu", cells.percent(instance.gpu_percent)))
    if live:
        found.append(("activity", cells.both(instance.last_activity, speech)))
        found.append(("release", cells.both(instance.release_at, speech)))
    if instance.refusals is not None:
        found.append(("refused", _refused(instance.refusals, speech)))
    if instance.started_by:
        found.append(("started_by", instance.started_by))
    if instance.shares:
        many = "one" if instance.shares == 1 else "many"
        shared = say(f"instances.shares.{many}", language, count=instance.shares)
        found.append(("shares", shared))
    found.append(("data", cells.bytes_of(instance.data_bytes)))
    found.append(("created", cells.both(instance.created_at, speech)))
    if instance.support_code:
        found.append(("code", instance.support_code))
    found.append(("id", instance.id))
    return tuple((say(f"instances.{key}", language), value) for key, value in found)


def _refused(refusals: Refusals, speech: Speech) -> str:
    """How many connections the walls refused, then the destinations, one a line."""
    language = speech.language
    key = f"instances.refused.{'one' if refusals.total == 1 else 'many'}"
    since = cells.both(refusals.since, speech)
    lines = [say(key, language, count=refusals.total, at=since)]
    for target in refusals.top:
        host = f"[{target.address}]" if ":" in target.address else target.address
        where = f"{host}:{target.port}" if target.port else target.address
        lines.append(
            say(
                "instances.refused.target",
                language,
                count=target.attempts,
                where=where,
                protocol=target.protocol,
            )
        )
    return "\n".join(lines)


def _card(card: Card, language: str) -> str:
    name = cells.short(card.name)
    if card.simulated:
        name = say("instances.card.simulated", language, name=name)
    return say(
        "instances.card",
        language,
        name=name,
        percent=cells.percent(card.percent),
        memory=_memory(card),
    )


def _memory(card: Card) -> str:
    if card.total_bytes is None:
        return cells.memory(card.used_bytes)
    if card.used_bytes is None:
        return f"{cells.DASH} / {memory_size(card.total_bytes)}"
    return of_memory(card.used_bytes, card.total_bytes)


def victims(instances: Sequence[Instance], language: str) -> tuple[str, ...]:
    """Each by its name, its owner and where it is, for a confirmation."""
    return tuple(_victim(i, language) for i in instances)


def _victim(instance: Instance, language: str) -> str:
    key = "instances.stop.victim" if instance.node_name else "instances.stop.victim.waiting"
    return say(
        key,
        language,
        name=instance.name,
        owner=instance.owner_name or instance.owner_id,
        state=cells.state_word(instance.state, language),
        machine=instance.node_name,
    )
