"""What may need an admin, and how it is told: the pieces of ``attention``. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum

from desktop_client.admin.model import Fleet, Node
from desktop_client.admin.records import Catalogue
from desktop_client.admin.tables.filters import Filter, Op, Term
from desktop_client.i18n import say
from desktop_client.wording import moment

NAMED = 3  # machines, people or engines that a sentence names; the others are counted


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
    """Where its one action leads: a page (empty: nowhere), there a filter for several rows, or the
    id of the one row that is meant."""

    concern: Concern
    text: str
    remedy: str
    action: str = ""
    page: str = ""
    filter: str = ""
    row: str = ""


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


def named(names: Sequence[str], language: str) -> str:
    """``render-01, render-02, render-03 and 9 more``."""
    comma = "、" if language == "zh" else ", "
    listed = comma.join(names[:NAMED])
    more = len(names) - NAMED
    return listed if more <= 0 else say("overview.and_more", language, names=listed, count=more)


def counted(facts: Facts, noun: str, count: int) -> str:
    return facts.say(f"overview.{noun}.one" if count == 1 else f"overview.{noun}.more", count=count)


def one_of(key: str, values: Sequence[str]) -> str:
    """The filter for exactly these values of a column, as a person would write it."""
    return str(Filter((Term(tuple(values), key, Op.EQUALS),)))


def of_machines(nodes: Sequence[Node]) -> str:
    return one_of("machine", [n.name for n in nodes])


def each_machine(
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
        return [Item(concern, text, remedy, label, "machines", of_machines(nodes))]
    return [
        Item(
            concern,
            one(node),
            remedy,
            facts.say("overview.show_one", name=node.name),
            "machines",
            row=node.id,
        )
        for node in nodes
    ]
