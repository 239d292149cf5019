"""What needs an admin now: a sentence each with where and what to do, the most severe first. Pure.

What concerns more machines than can be read is one item that names the first of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from desktop_client.admin.model import Door, Fleet, Node
from desktop_client.admin.records import Catalogue
from desktop_client.admin.tables.filters import Filter, Op, Term
from desktop_client.i18n import say
from desktop_client.model import LIVE, Instance, State, Version
from desktop_client.wording import duration, moment, size

NAMED = 3  # machines, people or engines that a sentence names; the others are counted
DISK_LOW = 20_000_000_000  # bytes; an engine's image alone takes about ten
CERTIFICATE_LOW = timedelta(hours=4)  # of 24; an agent renews when eight hours are left
FAILED_WITHIN = timedelta(days=1)
CLOCK_OFF = timedelta(minutes=2)


class Concern(StrEnum):
    """What it is about, the most severe first."""

    LEDGER = "ledger"  # a machine obeys nobody
    CUT_OFF = "cut-off"  # a silent machine with somebody's engines on it
    DOOR = "door"  # engines that other users of the machine reach
    STUCK = "stuck"  # somebody waits for what nobody has
    BROKEN = "broken"  # a machine that cannot start engines
    AWAY = "away"  # a silent machine, nobody's engines on it
    SET_ASIDE = "set-aside"  # cards that are not proven free
    DISK = "disk"
    CERTIFICATE = "certificate"
    PROBLEM = "problem"  # what the machine itself says
    UNCLAIMED = "unclaimed"
    FAILED = "failed"
    CATALOGUE = "catalogue"
    CLOCK = "clock"  # of this computer
    VERSION = "version"  # of an agent


@dataclass(frozen=True, slots=True)
class Item:
    """``page`` and ``filter`` say where its one action leads; an empty page: nowhere."""

    concern: Concern
    text: str
    remedy: str
    action: str = ""
    page: str = ""
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the items are found in.

    Attributes:
        catalogue: None while it is not known.
        coordinator_version: empty while it is not known; then the newest agent's is taken.
    """

    fleet: Fleet
    now: datetime
    language: str
    zone: tzinfo | None
    catalogue: Catalogue | None = None
    coordinator_version: str = ""
    nodes: tuple[Node, ...] = field(init=False)

    def __post_init__(self) -> None:
        there = [n for n in self.fleet.nodes.values() if not n.revoked]
        ordered = tuple(sorted(there, key=lambda n: (n.name.casefold(), n.id)))
        object.__setattr__(self, "nodes", ordered)

    def say(self, key: str, **values: object) -> str:
        return say(key, self.language, **values)

    def at(self, when: datetime | None) -> str:
        return "–" if when is None else moment(when, self.now, self.zone, self.language)


def attention(facts: Facts) -> tuple[Item, ...]:
    """All items, the most severe first; empty: nothing needs anybody."""
    found: list[Item] = []
    for look in _LOOKS:
        found += look(facts)
    order = list(Concern)
    return tuple(sorted(found, key=lambda item: order.index(item.concern)))


def named(names: Sequence[str], language: str) -> str:
    """``render-01, render-02, render-03 and 9 more``."""
    comma = "、" if language == "zh" else ", "
    listed = comma.join(names[:NAMED])
    more = len(names) - NAMED
    return listed if more <= 0 else say("overview.and_more", language, names=listed, count=more)


def _each(
    facts: Facts,
    concern: Concern,
    nodes: Sequence[Node],
    one: Callable[[Node], str],
) -> list[Item]:
    """One item a machine, or one for all of them if they are too many."""
    remedy = facts.say(f"overview.{concern}.remedy")
    if len(nodes) > NAMED:
        names = named([n.name for n in nodes], facts.language)
        text = facts.say(f"overview.{concern}.many", count=len(nodes), machines=names)
        label = facts.say("overview.show_machines", count=len(nodes))
        return [Item(concern, text, remedy, label, "machines", _machines(nodes))]
    return [
        Item(
            concern,
            one(node),
            remedy,
            facts.say("overview.show_one", name=node.name),
            "machines",
            _machines([node]),
        )
        for node in nodes
    ]


def one_of(key: str, values: Sequence[str]) -> str:
    """The filter for exactly these values of a column, as a person would write it."""
    return str(Filter((Term(tuple(values), key, Op.EQUALS),)))


def _machines(nodes: Sequence[Node]) -> str:
    return one_of("machine", [n.name for n in nodes])


def _ledger(facts: Facts) -> list[Item]:
    nodes = [n for n in facts.nodes if n.ledger_refused]
    concern = Concern.LEDGER
    return _each(
        facts, concern, nodes,
        lambda n: facts.say("overview.ledger.one", machine=n.name))  # fmt: skip


def _silent(facts: Facts) -> list[Item]:
    """Whoever was drained and runs nothing was switched off on purpose."""
    engines = _engines_by_node(facts.fleet.instances.values())
    away = [n for n in facts.nodes if not n.online]
    cut_off = [n for n in away if engines.get(n.id)]
    empty = [n for n in away if not engines.get(n.id) and not n.draining]

    def with_engines(node: Node) -> str:
        there = engines[node.id]
        people = sorted({i.owner_name or i.owner_id for i in there}, key=str.casefold)
        return facts.say(
            "overview.cut-off.one",
            machine=node.name,
            at=facts.at(node.last_seen),
            engines=_counted(facts, "engines", len(there)),
            people=named(people, facts.language),
        )

    def alone(node: Node) -> str:
        if node.last_seen is None:
            return facts.say("overview.away.never", machine=node.name)
        return facts.say("overview.away.one", machine=node.name, at=facts.at(node.last_seen))

    return [
        *_each(facts, Concern.CUT_OFF, cut_off, with_engines),
        *_each(facts, Concern.AWAY, empty, alone),
    ]


def _counted(facts: Facts, noun: str, count: int) -> str:
    return facts.say(f"overview.{noun}.one" if count == 1 else f"overview.{noun}.more", count=count)


def _engines_by_node(instances: Iterable[Instance]) -> dict[str, list[Instance]]:
    found: dict[str, list[Instance]] = {}
    for instance in instances:
        if instance.state in LIVE and instance.node_id:
            found.setdefault(instance.node_id, []).append(instance)
    return found


def _door(facts: Facts) -> list[Item]:
    nodes = [n for n in facts.nodes if n.online and n.door is Door.OPEN_TO_LOCAL_USERS]
    return _each(
        facts, Concern.DOOR, nodes,
        lambda n: facts.say("overview.door.one", machine=n.name))  # fmt: skip


def _broken(facts: Facts) -> list[Item]:
    """A machine that cannot start engines says why in its first problem."""
    broken = [n for n in facts.nodes if n.online and not n.can_start and not n.ledger_refused]

    def why(node: Node) -> str:
        problem = _first_problem(facts, node) or facts.say("overview.broken.silent")
        return facts.say("overview.broken.one", machine=node.name, problem=problem)

    saying = [n for n in facts.nodes if n.online and n.can_start and n.problems]

    def says(node: Node) -> str:
        return facts.say(
            "overview.problem.one", machine=node.name, problem=_first_problem(facts, node)
        )

    return [
        *_each(facts, Concern.BROKEN, broken, why),
        *_each(facts, Concern.PROBLEM, saying, says),
    ]


def _first_problem(facts: Facts, node: Node) -> str:
    return node.problems[0].spoken(facts.language) if node.problems else ""


def _set_aside(facts: Facts) -> list[Item]:
    nodes = [n for n in facts.nodes if n.online and any(g.quarantined for g in n.gpus)]

    def one(node: Node) -> str:
        count = sum(g.quarantined for g in node.gpus)
        return facts.say(
            "overview.set-aside.one", machine=node.name, cards=_counted(facts, "cards", count)
        )

    return _each(facts, Concern.SET_ASIDE, nodes, one)


def _disk(facts: Facts) -> list[Item]:
    nodes = [
        n
        for n in facts.nodes
        if n.online and n.disk_free_bytes is not None and 0 < n.disk_free_bytes < DISK_LOW
    ]
    return _each(
        facts, Concern.DISK, nodes,
        lambda n: facts.say(
            "overview.disk.one", machine=n.name, size=size(n.disk_free_bytes or 0)
        ))  # fmt: skip


def _certificate(facts: Facts) -> list[Item]:
    """A machine that answers and does not renew; one that is off renews when it is back."""
    nodes = [
        n
        for n in facts.nodes
        if n.online
        and n.certificate_expires is not None
        and n.certificate_expires - facts.now < CERTIFICATE_LOW
    ]
    return _each(
        facts, Concern.CERTIFICATE, nodes,
        lambda n: facts.say(
            "overview.certificate.one", machine=n.name, at=facts.at(n.certificate_expires)
        ))  # fmt: skip


def _unclaimed(facts: Facts) -> list[Item]:
    nodes = [n for n in facts.nodes if n.unclaimed]

    def one(node: Node) -> str:
        return facts.say(
            "overview.unclaimed.one",
            machine=node.name,
            containers=_counted(facts, "containers", len(node.unclaimed)),
            at=facts.at(min((u.stop_after for u in node.unclaimed if u.stop_after), default=None)),
        )

    return _each(facts, Concern.UNCLAIMED, nodes, one)


def _version(facts: Facts) -> list[Item]:
    """One item for all: an update is rolled out, not done machine by machine."""
    agents = [n for n in facts.nodes if n.online and version_key(n.agent_version)]
    newest = facts.coordinator_version or max(
        (n.agent_version for n in agents), key=version_key, default=""
    )
    behind = [n for n in agents if version_key(n.agent_version) < version_key(newest)]
    if not behind:
        return []
    text = facts.say(
        "overview.version.one" if len(behind) == 1 else "overview.version.many",
        count=len(behind),
        machines=named([n.name for n in behind], facts.language),
        versions=named(sorted({n.agent_version for n in behind}), facts.language),
        newest=newest,
    )
    several = facts.say("overview.show_machines", count=len(behind))
    label = facts.say("overview.show_one", name=behind[0].name) if len(behind) == 1 else several
    remedy = facts.say("overview.version.remedy")
    return [Item(Concern.VERSION, text, remedy, label, "machines", _machines(behind))]


def version_key(text: str) -> tuple[int, ...]:
    """``0.10.2`` after ``0.9``; what is no number ends it; empty for no version at all."""
    numbers: list[int] = []
    for part in text.split("."):
        digits = "".join(c for c in part if c in "0123456789")
        if not digits or not part[0].isascii() or not part[0].isdigit():
            break
        numbers.append(int(digits))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers) or ((0,) if text else ())


def _stuck(facts: Facts) -> list[Item]:
    """Who waits for what no machine that answers has, whoever gives cards back."""
    able = [n for n in facts.nodes if n.online and n.can_start and not n.draining]
    needs = _needs(facts.catalogue)
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
            Item(Concern.STUCK, text, remedy, label, "queue", one_of("id", [first.id])),
        ]
    names = named([f"{i.name} ({i.owner_name or i.owner_id})" for i in stuck], facts.language)
    text = facts.say("overview.stuck.many", count=len(stuck), engines=names)
    return [Item(Concern.STUCK, text, remedy, label, "queue")]


def _needs(catalogue: Catalogue | None) -> dict[tuple[str, str], Version]:
    if catalogue is None:
        return {}
    return {(e.id, v.version): v for e in catalogue.engines for v in e.versions}


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
        return [Item(Concern.FAILED, text, remedy, label, "instances", one_of("id", [only.id]))]
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
    _ledger, _silent, _door, _broken, _set_aside, _disk, _certificate, _unclaimed, _version,
    _stuck, _failed, _catalogue, _clock,
)  # fmt: skip
