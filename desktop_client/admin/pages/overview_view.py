"""The overview, in the order of an admin's questions: what needs me, how full are we, who is on
what, is today as usual. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from desktop_client.admin.model import Fleet
from desktop_client.admin.pages.attention import attention
from desktop_client.admin.pages.concerns import Facts, Item
from desktop_client.admin.pages.fullness import Fullness, fullness
from desktop_client.admin.pages.usual_day import Like, UsualDay, usual_day
from desktop_client.admin.records import Catalogue, OccupancyPoint
from desktop_client.i18n import say
from desktop_client.model import LIVE, Instance, State

STEP = timedelta(minutes=30)  # of the day's graph
BACK = timedelta(days=28)  # how far the usual day looks back


@dataclass(frozen=True, slots=True)
class OverviewView:
    """Attributes:
    calm: what to read where nothing needs anybody; empty if something does.
    working: live instances that have a place, by their owner's name.
    full: the studio's fullness in one sentence; today: today beside the usual day in one.
    """

    items: tuple[Item, ...]
    calm: str
    fullness: Fullness
    full: str
    working: tuple[Instance, ...]
    day: UsualDay
    today: str


def overview(
    fleet: Fleet,
    catalogue: Catalogue | None,
    occupancy: Sequence[OccupancyPoint],
    now: datetime,
    *,
    language: str,
    zone: tzinfo | None,
    coordinator_version: str = "",
) -> OverviewView:
    """What the overview shows; what is not known yet is left out, never guessed."""
    facts = Facts(fleet, now, language, zone, catalogue, coordinator_version)
    items = attention(facts)
    full = fullness(fleet)
    day = usual_day(occupancy, now, zone, STEP)
    return OverviewView(
        items=items,
        calm="" if items else say("overview.calm", language),
        fullness=full,
        full=_full(full, language),
        working=working(fleet),
        day=day,
        today=_today(day, full, now, language, zone),
    )


def working(fleet: Fleet) -> tuple[Instance, ...]:
    """Who is on what now: everything that has a machine, or had one when it was last heard of."""
    waiting = (State.QUEUED, State.REQUESTED)
    there = [i for i in fleet.instances.values() if i.state in LIVE and i.state not in waiting]
    return tuple(sorted(there, key=lambda i: (i.owner_name.casefold(), i.name.casefold(), i.id)))


def _full(full: Fullness, language: str) -> str:
    if not full.machines:
        return say("overview.full.no_machines", language)
    if not full.cards.all:
        return say("overview.full.no_cards", language, machines=full.machines)
    return say(
        "overview.full",
        language,
        held=full.cards.held,
        cards=full.cards.all,
        answering=full.answering,
        machines=full.machines,
    )


def _today(day: UsualDay, full: Fullness, now: datetime, language: str, zone: tzinfo | None) -> str:
    if not full.cards.all:
        return say("overview.today.unknown", language)
    held = full.cards.held
    if day.like is Like.NONE:
        return say("overview.today.first", language, held=held)
    weekday = say(f"overview.weekday.{now.astimezone(zone).weekday()}", language)
    like = "one-day" if day.days == 1 else day.like
    days = say(f"overview.like.{like}", language, days=day.days, weekday=weekday)
    if day.usual_now is None:
        return say("overview.today.gap", language, held=held, days=days)
    return say("overview.today.usual", language, held=held, usual=figure(day.usual_now), days=days)


def figure(value: float) -> str:
    """``3`` or ``2.5``."""
    return f"{value:.1f}".removesuffix(".0")
