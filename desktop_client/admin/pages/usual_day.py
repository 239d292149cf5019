"""How full the studio is today, beside the usual day. Pure.

The usual day is, for each time of the day, the median over the earlier days that are like today.
Like today is the same weekday if at least two of those are known, else any working day (or any day
of a weekend), else any day at all: the words say which, and how many days were known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from statistics import median
from typing import Protocol

ENOUGH_DAYS = 2  # of the same weekday; fewer say nothing about what is usual
_SATURDAY = 5


class Point(Protocol):
    """How full it was; ``at`` is the end of the step that it is the mean of."""

    @property
    def at(self) -> datetime: ...
    @property
    def cards(self) -> float: ...
    @property
    def held(self) -> float: ...


class Like(StrEnum):
    """Which earlier days stand for a usual one."""

    NONE = "none"  # no earlier day is known
    WEEKDAY = "weekday"
    WORKING_DAYS = "working-days"
    WEEKENDS = "weekends"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class UsualDay:
    """Attributes:
    today: (time, cards held) of the local day of ``now`` so far; None where nothing is known.
    usual: the same over the whole day, at today's date.
    days: how many earlier days the usual is made of; ``like`` says which kind.
    usual_now: the usual at this time of the day.
    cards: the most cards that were there today.
    """

    today: tuple[tuple[datetime, float | None], ...] = ()
    usual: tuple[tuple[datetime, float | None], ...] = ()
    days: int = 0
    like: Like = Like.NONE
    usual_now: float | None = None
    cards: float | None = None


def usual_day(
    points: Iterable[Point], now: datetime, zone: tzinfo | None, step: timedelta
) -> UsualDay:
    """Today and the usual day, in steps, with days as the zone has them."""
    days: dict[date, dict[int, Point]] = defaultdict(dict)
    for point in points:
        begun = (point.at - timedelta(microseconds=1)).astimezone(zone)
        days[begun.date()][_slot(begun, step)] = point
    today = now.astimezone(zone).date()
    mine = days.pop(today, {})
    like, chosen = _like(today, [d for d in days if d < today])
    held: dict[int, list[float]] = defaultdict(list)
    for day in chosen:
        for slot, point in days[day].items():
            held[slot].append(point.held)
    usual = {slot: median(values) for slot, values in held.items()}
    last = max(mine, default=None)
    return UsualDay(
        today=_line(today, {s: p.held for s, p in mine.items()}, last, zone, step),
        usual=_line(today, usual, max(usual, default=None), zone, step),
        days=len(chosen),
        like=like,
        usual_now=usual.get(_slot(now.astimezone(zone), step)),
        cards=max((p.cards for p in mine.values()), default=None),
    )


def _slot(at: datetime, step: timedelta) -> int:
    return (at.hour * 60 + at.minute) // max(int(step.total_seconds() // 60), 1)


def _line(
    day: date, values: dict[int, float], last: int | None, zone: tzinfo | None, step: timedelta
) -> tuple[tuple[datetime, float | None], ...]:
    """One value a step from the first to the last that is known; None in the gaps between."""
    if last is None:
        return ()
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    if zone is None:
        midnight = midnight.astimezone()  # the desktop's own zone
    return tuple(
        (midnight + step * (slot + 1), values.get(slot)) for slot in range(min(values), last + 1)
    )


def _like(today: date, known: list[date]) -> tuple[Like, list[date]]:
    same = [d for d in known if d.weekday() == today.weekday()]
    if len(same) >= ENOUGH_DAYS:
        return Like.WEEKDAY, same
    weekend = today.weekday() >= _SATURDAY
    kind = [d for d in known if (d.weekday() >= _SATURDAY) == weekend]
    if len(kind) >= ENOUGH_DAYS:
        return (Like.WEEKENDS if weekend else Like.WORKING_DAYS), kind
    return (Like.ALL if known else Like.NONE), known
