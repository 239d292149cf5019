"""What IT can do to machines, and what happens then, by name and number. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from desktop_client.admin.machines.rows import instances_on
from desktop_client.admin.model import Fleet, Node, Unclaimed
from desktop_client.i18n import say
from desktop_client.model import Instance, State

NAMED_AT_MOST = 200  # lines of a confirmation
# As the coordinator has it: what people type in filters and commands.
_NAME = re.compile(r"\w(?:[\w.-]{0,61}\w)?")
_LABEL_KEY = re.compile(r"\w(?:[\w./-]{0,61}\w)?")
LABELS_AT_MOST = 32
_LABEL_VALUE_AT_MOST = 100


class Act(StrEnum):
    """Something that IT does to one or more machines."""

    DRAIN = "drain"
    UNDRAIN = "undrain"
    RENAME = "rename"
    POOL = "pool"
    LABELS = "labels"
    ACCEPT_LEDGER = "accept-ledger"
    DECLARE_OFF = "declare-off"
    REVOKE = "revoke"


DANGEROUS = frozenset({Act.DECLARE_OFF, Act.REVOKE, Act.ACCEPT_LEDGER})


@dataclass(frozen=True, slots=True)
class Offer:
    """An action and its words. ``why_not`` says why it cannot be done now; then it is disabled."""

    act: Act
    label: str
    why_not: str = ""

    @property
    def enabled(self) -> bool:
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a confirmation says.

    Attributes:
        title: what is done, to whom, what follows, in one sentence.
        victims: whom it concerns, by name, one a line.
        sentence: what happens then.
        verb: on the button.
    """

    title: str
    victims: tuple[str, ...]
    sentence: str
    verb: str
    danger: bool


def subjects(act: Act, nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Of the chosen machines those that the action changes."""
    match act:
        case Act.DRAIN:
            return tuple(n for n in nodes if not n.draining and not n.revoked)
        case Act.UNDRAIN:
            return tuple(n for n in nodes if n.draining and not n.revoked)
        case Act.ACCEPT_LEDGER:
            return tuple(n for n in nodes if n.ledger_refused and not n.revoked)
        case Act.REVOKE:
            return tuple(n for n in nodes if not n.revoked)
        case Act.DECLARE_OFF:
            return tuple(n for n in nodes if not n.online)
        case Act.RENAME:
            return tuple(nodes) if len(nodes) == 1 else ()
    return tuple(nodes)


def offers(nodes: Sequence[Node], language: str) -> tuple[Offer, ...]:
    """The actions for a choice of machines, those that make sense for at least one of them.

    Declaring off is shown for machines that are online too, with the reason why not: who looks for
    it must learn that it is for machines that are off.
    """
    if not nodes:
        return ()
    found = []
    for act in Act:
        if subjects(act, nodes):
            found.append(Offer(act, say(f"machines.act.{act}", language)))
        elif act is Act.DECLARE_OFF and not all(n.revoked for n in nodes):
            why = say("machines.off.online", language, names=_names(nodes, language))
            found.append(Offer(act, say(f"machines.act.{act}", language), why))
    return tuple(found)


def first_offer(node: Node, language: str) -> Offer | None:
    """The one action that is right now for a machine, if any."""
    if node.revoked:
        return None
    if node.ledger_refused and node.online:
        act = Act.ACCEPT_LEDGER
    elif not node.online:
        act = Act.DECLARE_OFF
    else:
        act = Act.UNDRAIN if node.draining else Act.DRAIN
    return next(o for o in offers([node], language) if o.act is act)


def consequence(act: Act, nodes: Sequence[Node], fleet: Fleet, language: str) -> Consequence:
    """``Drain render-04: 3 creators keep working, 2 queued go elsewhere`` and who they are.

    Args:
        nodes: those that the action changes (``subjects``), at least one.
    """
    held = [(node, i) for node in nodes for i in instances_on(node, fleet.instances)]
    instances = [instance for _, instance in held]
    people = len({i.owner_id or i.owner_name or i.id for i in instances})
    names = _names(nodes, language)
    match act:
        case Act.DRAIN:
            what = _drained(nodes, instances, people, fleet, language)
            sentence = say("machines.drain.sentence", language)
        case Act.REVOKE:
            what = _counted("machines.revoke.what", len(instances), language, people)
            sentence = say(
                "machines.revoke.sentence" if instances else "machines.revoke.idle", language
            )
        case Act.DECLARE_OFF:
            what = _counted("machines.off.what", len(instances), language, people)
            sentence = say("machines.off.sentence", language)
        case Act.ACCEPT_LEDGER:
            what = _counted("machines.ledger.what", len(instances), language, people)
            sentence = say("machines.ledger.sentence", language)
        case _:
            raise ValueError(f"{act} needs no confirmation")
    return Consequence(
        title=say(f"machines.{act}.title", language, names=names, what=what),
        victims=_victims(nodes, held, language),
        sentence=sentence,
        verb=_verb(act, nodes, language),
        danger=act in DANGEROUS,
    )


def _verb(act: Act, nodes: Sequence[Node], language: str) -> str:
    if len(nodes) == 1:
        return say(f"machines.{act}.verb", language, name=nodes[0].name)
    return say(f"machines.{act}.verb.more", language, count=len(nodes))


def _names(nodes: Sequence[Node], language: str) -> str:
    """Up to three by name, more by number."""
    if len(nodes) > 3:
        return say("machines.count", language, count=len(nodes))
    return say("machines.comma", language).join(n.name for n in nodes)


def _counted(key: str, count: int, language: str, people: int) -> str:
    """``key.none``, ``key.one``, ``key.more.one`` (all of one person) or ``key.more``."""
    if count == 0:
        return say(f"{key}.none", language)
    if count == 1:
        return say(f"{key}.one", language)
    if people == 1:
        return say(f"{key}.more.one", language, count=count)
    return say(f"{key}.more", language, count=count, people=people)


def _drained(
    nodes: Sequence[Node], instances: Sequence[Instance], people: int, fleet: Fleet, language: str
) -> str:
    at_work = _counted_people(people, language)
    queued = sum(i.state is State.QUEUED for i in fleet.instances.values())
    if not queued:
        return at_work
    leaving = {node.id for node in nodes}
    others = any(
        n.online and n.can_start and not n.draining and not n.revoked and n.id not in leaving
        for n in fleet.nodes.values()
    )
    key = "machines.drain.queued" if others else "machines.drain.stuck"
    waiting = _queue(key, queued, language)
    return say("machines.drain.both", language, work=at_work, waiting=waiting)


def _counted_people(people: int, language: str) -> str:
    if people == 0:
        return say("machines.drain.nobody", language)
    if people == 1:
        return say("machines.drain.one", language)
    return say("machines.drain.people", language, count=people)


def _queue(key: str, count: int, language: str) -> str:
    return say(f"{key}.one", language) if count == 1 else say(f"{key}.more", language, count=count)


def _victims(
    nodes: Sequence[Node], held: Sequence[tuple[Node, Instance]], language: str
) -> tuple[str, ...]:
    """Every engine by its name and its owner's; with several machines, on which one."""
    lines = []
    for node, instance in held[:NAMED_AT_MOST]:
        name = instance.name or instance.engine_id
        if instance.owner_name:
            name = say("machines.victim", language, name=name, owner=instance.owner_name)
        if len(nodes) > 1:
            name = say("machines.victim.on", language, victim=name, machine=node.name)
        lines.append(name)
    if len(held) > NAMED_AT_MOST:
        lines.append(say("machines.victims.more", language, count=len(held) - NAMED_AT_MOST))
    return tuple(lines)


# -- unclaimed containers -------------------------------------------------------------------------


def unclaimed_name(container: Unclaimed, fleet: Fleet, language: str) -> str:
    """Whose it may be, as far as anybody knows, and which container it is."""
    short = container.container_id[:12]
    known = fleet.instances.get(container.instance_id)
    if known is None:
        return say("machines.unclaimed.stranger", language, container=short)
    owner = known.owner_name or known.owner_id
    return say("machines.unclaimed.known", language, name=known.name, owner=owner, container=short)


# -- names, pools and labels ----------------------------------------------------------------------


def wrong_name(name: str, node: Node | None, fleet: Fleet, language: str) -> str:
    """Why a machine cannot have this name; empty: it can."""
    if not _NAME.fullmatch(name):
        return say("machines.rename.wrong", language)
    for other in fleet.nodes.values():
        if node is not None and other.id == node.id:
            continue
        if other.id == name or (not other.revoked and other.name.casefold() == name.casefold()):
            return say("machines.rename.taken", language, name=other.name)
    return ""


def wrong_pool(name: str, language: str) -> str:
    """Why a pool cannot have this name; empty: it can."""
    return "" if _NAME.fullmatch(name) else say("machines.pool.wrong", language)


def pools(fleet: Fleet) -> tuple[str, ...]:
    """The pools that there are, ``on-prem`` first."""
    found = {node.pool for node in fleet.nodes.values() if node.pool}
    return tuple(sorted(found | {"on-prem"}, key=lambda p: (p != "on-prem", p.casefold())))


def shared_labels(nodes: Sequence[Node]) -> dict[str, str]:
    """The labels that all of them have with the same value."""
    if not nodes:
        return {}
    first, *others = (dict(node.labels) for node in nodes)
    return {k: v for k, v in first.items() if all(o.get(k) == v for o in others)}


def wrong_labels(labels: Sequence[tuple[str, str]], language: str) -> str:
    """Why these cannot be a machine's labels; empty: they can."""
    seen: set[str] = set()
    if len(labels) > LABELS_AT_MOST:
        return say("machines.labels.many", language, most=LABELS_AT_MOST)
    for key, value in labels:
        if not _LABEL_KEY.fullmatch(key):
            return say("machines.labels.key", language, key=key)
        if len(value) > _LABEL_VALUE_AT_MOST:
            return say("machines.labels.value", language, key=key, most=_LABEL_VALUE_AT_MOST)
        if key in seen:
            return say("machines.labels.twice", language, key=key)
        seen.add(key)
    return ""


def relabelled(
    node: Node, before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, str] | None:
    """A machine's labels after the shared ones were edited; its own others stay. None: no change.

    Args:
        before: what the editor began with (``shared_labels``).
        after: what it ended with.
    """
    labels = {k: v for k, v in node.labels.items() if k not in before or k in after}
    labels.update(after)
    return None if labels == dict(node.labels) else labels
