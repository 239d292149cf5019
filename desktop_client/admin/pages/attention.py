"""What needs an admin now: a sentence each with where and what to do, the most severe first. Pure.

What concerns more machines than can be read is one item that names the first of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from desktop_client.admin.model import Node
from desktop_client.admin.pages import attention_machines
from desktop_client.admin.pages.concerns import Concern, Facts, Item, named
from desktop_client.admin.pages.queue_columns import needs_in
from desktop_client.model import State, Version
from desktop_client.wording import duration

FAILED_WITHIN = timedelta(days=1)
CLOCK_OFF = timedelta(minutes=2)


def attention(facts: Facts) -> tuple[Item, ...]:
    """All items, the most severe first; empty: nothing needs anybody."""
    found: list[Item] = []
    for look in _LOOKS:
        found += look(facts)
    order = list(Concern)
    return tuple(sorted(found, key=lambda item: order.index(item.concern)))


def _stuck(facts: Facts) -> list[Item]:
    """Who waits for what no machine that answers has, whoever gives cards back."""
    able = [n for n in facts.nodes if n.online and n.can_start and not n.draining]
    needs = needs_in(facts.catalogue)
    waiting = [i for i in facts.fleet.instances.values() if i.state is State.QUEUED]
    stuck = [
        i
        for i in waiting
        if not any(
            _could_take(node, needs.get((i.engine_id, i.version), Version(i.version)))
            for node in able
        )
    ]
    if not stuck:
        return []
    stuck.sort(key=lambda i: (i.queue_position or 0, i.name.casefold(), i.id))
    first = stuck[0]
    remedy = facts.say("overview.stuck.remedy")
    label = facts.say("overview.stuck.show")
    who = first.owner_name or first.owner_id
    if len(stuck) == 1:
        text = facts.say(
            "overview.stuck.one",
            engine=first.name,
            owner=who,
            line=first.line.spoken(facts.language),
        )
        return [
            Item(Concern.STUCK, text, remedy, label, "queue", row=first.id),
        ]
    names = named([f"{i.name} ({i.owner_name or i.owner_id})" for i in stuck], facts.language)
    text = facts.say("overview.stuck.many", count=len(stuck), engines=names)
    return [Item(Concern.STUCK, text, remedy, label, "queue")]


def _could_take(node: Node, need: Version) -> bool:
    """Whether the machine's cards would do if all were free. A card of unknown size promises
    nothing, as in the coordinator's own rule."""
    wanted = need.vram_mib * 1024 * 1024
    good = [
        g
        for g in node.gpus
        if not g.quarantined
        and (not wanted or (g.memory_total_bytes is not None and g.memory_total_bytes >= wanted))
    ]
    return len(good) >= need.gpus


def _failed(facts: Facts) -> list[Item]:
    failed = [
        i
        for i in facts.fleet.instances.values()
        if i.state is State.FAILED and i.since and facts.now - i.since <= FAILED_WITHIN
    ]
    if not failed:
        return []
    failed.sort(key=lambda i: (-(i.since or facts.now).timestamp(), i.id))
    remedy = facts.say("overview.failed.remedy")
    label = facts.say("overview.failed.show")
    if len(failed) == 1:
        only = failed[0]
        text = facts.say(
            "overview.failed.one",
            engine=only.name,
            owner=only.owner_name or only.owner_id,
            at=facts.at(only.since),
            line=only.line.spoken(facts.language),
        )
        return [Item(Concern.FAILED, text, remedy, label, "instances", row=only.id)]
    counted = Counter(i.engine_name.spoken(facts.language) or i.engine_id for i in failed)
    names = named([f"{name} × {count}" for name, count in counted.most_common()], facts.language)
    text = facts.say("overview.failed.many", count=len(failed), engines=names)
    return [Item(Concern.FAILED, text, remedy, label, "instances")]


def _catalogue(facts: Facts) -> list[Item]:
    problems = facts.catalogue.problems if facts.catalogue is not None else ()
    if not problems:
        return []
    first = problems[0]
    place = f"{first.file}:{first.line}" if first.line else first.file
    key = "overview.catalogue.one" if len(problems) == 1 else "overview.catalogue.many"
    text = facts.say(key, count=len(problems), place=place, message=first.message)
    remedy = facts.say("overview.catalogue.remedy")
    return [
        Item(Concern.CATALOGUE, text, remedy, facts.say("overview.catalogue.show"), "catalogue")
    ]


def _clock(facts: Facts) -> list[Item]:
    server, heard = facts.fleet.server_time, facts.fleet.heard_at
    if server is None or heard is None or abs(server - heard) < CLOCK_OFF:
        return []
    offset = server - heard
    key = "overview.clock.behind" if offset > timedelta() else "overview.clock.ahead"
    text = facts.say(key, span=duration(abs(offset), facts.language))
    return [Item(Concern.CLOCK, text, facts.say("overview.clock.remedy"))]


_LOOKS: tuple[Callable[[Facts], list[Item]], ...] = (
    *attention_machines.LOOKS, _stuck, _failed, _catalogue, _clock,
)  # fmt: skip
