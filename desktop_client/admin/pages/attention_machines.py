"""What needs an admin about single machines. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from desktop_client.admin.model import Door, Node
from desktop_client.admin.pages.concerns import (
    Concern,
    Facts,
    Item,
    counted,
    each_machine,
    named,
    of_machines,
)
from desktop_client.model import LIVE, Instance
from desktop_client.wording import size

DISK_LOW = 20_000_000_000  # bytes; an engine's image alone takes about ten
CERTIFICATE_LOW = timedelta(hours=4)  # of 24; an agent renews when eight hours are left


def _ledger(facts: Facts) -> list[Item]:
    nodes = [n for n in facts.nodes if n.ledger_refused]
    concern = Concern.LEDGER
    return each_machine(
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
            engines=counted(facts, "engines", len(there)),
            people=named(people, facts.language),
        )

    def alone(node: Node) -> str:
        if node.last_seen is None:
            return facts.say("overview.away.never", machine=node.name)
        return facts.say("overview.away.one", machine=node.name, at=facts.at(node.last_seen))

    return [
        *each_machine(facts, Concern.CUT_OFF, cut_off, with_engines),
        *each_machine(facts, Concern.AWAY, empty, alone),
    ]


def _engines_by_node(instances: Iterable[Instance]) -> dict[str, list[Instance]]:
    found: dict[str, list[Instance]] = {}
    for instance in instances:
        if instance.state in LIVE and instance.node_id:
            found.setdefault(instance.node_id, []).append(instance)
    return found


def _door(facts: Facts) -> list[Item]:
    nodes = [n for n in facts.nodes if n.online and n.door is Door.OPEN_TO_LOCAL_USERS]

    def why(node: Node) -> str:
        said = facts.say("overview.door.one", machine=node.name)
        gap = "" if facts.language == "zh" else " "
        reason = node.door_reason.spoken(facts.language)
        return f"{said}{gap}{reason}" if reason else said

    return each_machine(facts, Concern.DOOR, nodes, why)


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
        *each_machine(facts, Concern.BROKEN, broken, why),
        *each_machine(facts, Concern.PROBLEM, saying, says),
    ]


def _first_problem(facts: Facts, node: Node) -> str:
    return node.problems[0].spoken(facts.language) if node.problems else ""


def _set_aside(facts: Facts) -> list[Item]:
    nodes = [n for n in facts.nodes if n.online and any(g.quarantined for g in n.gpus)]

    def one(node: Node) -> str:
        count = sum(g.quarantined for g in node.gpus)
        return facts.say(
            "overview.set-aside.one", machine=node.name, cards=counted(facts, "cards", count)
        )

    return each_machine(facts, Concern.SET_ASIDE, nodes, one)


def _disk(facts: Facts) -> list[Item]:
    nodes = [
        n
        for n in facts.nodes
        if n.online and n.disk_free_bytes is not None and 0 < n.disk_free_bytes < DISK_LOW
    ]
    return each_machine(
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
    return each_machine(
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
            containers=counted(facts, "containers", len(node.unclaimed)),
            at=facts.at(min((u.stop_after for u in node.unclaimed if u.stop_after), default=None)),
        )

    return each_machine(facts, Concern.UNCLAIMED, nodes, one)


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
    remedy = facts.say("overview.version.remedy")
    if len(behind) == 1:
        label = facts.say("overview.show_one", name=behind[0].name)
        return [Item(Concern.VERSION, text, remedy, label, "machines", row=behind[0].id)]
    label = facts.say("overview.show_machines", count=len(behind))
    return [Item(Concern.VERSION, text, remedy, label, "machines", of_machines(behind))]


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


LOOKS: tuple[Callable[[Facts], list[Item]], ...] = (
    _ledger, _silent, _door, _broken, _set_aside, _disk, _certificate, _unclaimed, _version,
)  # fmt: skip
