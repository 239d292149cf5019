"""What was seen over the last minutes, kept while the program runs. Pure.

Readings for the small graphs, and bytes for an honest estimate. All times are the coordinator's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from desktop_client.model import Instance, Link, Part, Snapshot, State

SPAN = timedelta(minutes=10)  # how far back the graphs reach
_RATE_SPAN = timedelta(seconds=20)
_RATE_LEAST = timedelta(seconds=5)  # of watching, before anything is said
_LONGEST_ESTIMATE = timedelta(hours=12)  # beyond, a rate of seconds says nothing
_TICK = timedelta(milliseconds=1)
_STEP = timedelta(seconds=5)  # between two messages of the coordinator's, where something changes


@dataclass(frozen=True, slots=True)
class Reading:
    """One moment of an instance's use. What nobody knows is None, and a gap in the graph."""

    at: datetime
    percent: float | None = None
    used_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """What the coordinator remembers of one card. Readings more than ``step`` apart have a gap
    between them."""

    readings: tuple[Reading, ...] = ()
    step: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Amount:
    """So many bytes had come at that time."""

    at: datetime
    done: int


@dataclass(frozen=True, slots=True)
class Past:
    """Of one instance: readings in order of time, and what came of each part."""

    readings: tuple[Reading, ...] = ()
    amounts: Mapping[str, tuple[Amount, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Use:
    """An instance's use now. ``whole_card``: others' work on a shared card is in it."""

    percent: float | None
    used_bytes: int | None
    total_bytes: int | None
    whole_card: bool = False


def use_of(instance: Instance) -> Use:
    """The instance's own use where its machine can tell, else that of its cards together."""
    cards = instance.cards
    shared = instance.vram_reserved_bytes is not None
    percent = instance.gpu_percent
    if percent is None:
        known = [c.percent for c in cards if c.percent is not None]
        percent = sum(known) / len(known) if known else None
    used = instance.vram_used_bytes
    own = used is not None
    if used is None:
        used = _sum([c.used_bytes for c in cards])
    total = _sum([c.total_bytes for c in cards])
    if own and instance.vram_reserved_bytes is not None:
        total = instance.vram_reserved_bytes * max(len(cards), 1)
    whole_card = shared and (not own or instance.gpu_percent is None)
    return Use(percent, used, total, whole_card)


def record(pasts: Mapping[str, Past], before: Snapshot, after: Snapshot) -> Mapping[str, Past]:
    """Add a snapshot. What happened while nobody listened is a gap."""
    at = after.heard_at
    if after.link is not Link.ONLINE or at is None:
        return pasts
    missed = before.link is not Link.ONLINE
    return {
        i.id: _record(pasts.get(i.id, Past()), i, at, missed)
        for i in after.instances
        if i.id in pasts or i.state in (State.READY, State.PREPARING)
    }


def fill(past: Past, instance: Instance, series: Sequence[Series]) -> Past:
    """Put what the coordinator remembers before what was seen here, where both mean the same."""
    own = instance.gpu_percent is not None or instance.vram_used_bytes is not None
    if not series or (own and instance.vram_reserved_bytes is not None):
        return past  # the past of a shared card is not this instance's
    earliest = max((t for t in (instance.since, _floor(past)) if t is not None), default=None)
    until = past.readings[0].at if past.readings else None
    older = _together(series, earliest, until)
    if older and until is not None and until - older[-1].at > _patience(series):
        older.append(Reading(older[-1].at + _TICK))
    return Past((*older, *past.readings), past.amounts)


def estimate(past: Past, part: Part, now: datetime) -> timedelta | None:
    """How long the rest of a part takes at the rate of the last seconds; None: nobody can say."""
    amounts = past.amounts.get(part.kind, ())
    if part.done or part.bytes_total is None or not amounts:
        return None
    watched, came = now - amounts[0].at, part.bytes_done - amounts[0].done
    rest = part.bytes_total - part.bytes_done
    if watched < _RATE_LEAST or came <= 0 or rest < 0 or now - amounts[-1].at > _RATE_SPAN:
        return None
    left = watched * (rest / came)
    return left if left <= _LONGEST_ESTIMATE else None


def _record(past: Past, instance: Instance, at: datetime, missed: bool) -> Past:
    readings = [r for r in past.readings if at - SPAN <= r.at < at]
    if readings and missed:
        readings.append(Reading(readings[-1].at + _TICK))
    elif readings and at - readings[-1].at > 2 * _STEP:
        # Nothing was said because nothing changed: the value held until now.
        readings.append(replace(readings[-1], at=at - _STEP))
    if instance.state is State.READY:
        use = use_of(instance)
        readings.append(Reading(at, use.percent, use.used_bytes))
    elif readings and (readings[-1].percent, readings[-1].used_bytes) != (None, None):
        readings.append(Reading(at))
    amounts: dict[str, tuple[Amount, ...]] = {}
    if instance.state is State.PREPARING:
        for part in instance.parts:
            amounts[part.kind] = _amounts(past.amounts.get(part.kind, ()), at, part.bytes_done)
    return Past(tuple(readings), amounts)


def _amounts(old: tuple[Amount, ...], at: datetime, done: int) -> tuple[Amount, ...]:
    """With the newest; what is older than the span goes, but for one to measure from."""
    if old and done < old[-1].done:
        old = ()  # it began anew
    if old and done == old[-1].done:
        return old
    kept = [a for a in old if a.at < at]
    while len(kept) > 1 and at - kept[1].at >= _RATE_SPAN:
        kept.pop(0)
    return (*kept, Amount(at, done))


def _together(
    series: Sequence[Series], earliest: datetime | None, until: datetime | None
) -> list[Reading]:
    """The cards of one instance as one: mean percent, sum of memory, gaps where none was read."""
    moments: dict[datetime, list[Reading]] = {}
    for one in series:
        for reading in one.readings:
            if (earliest and reading.at < earliest) or (until and reading.at >= until):
                continue
            moments.setdefault(reading.at, []).append(reading)
    patience, made = _patience(series), list[Reading]()
    for at in sorted(moments):
        if made and at - made[-1].at > patience:
            made.append(Reading(made[-1].at + _TICK))
        percents = [r.percent for r in moments[at] if r.percent is not None]
        complete = len(moments[at]) == len(series)
        made.append(
            Reading(
                at,
                sum(percents) / len(percents) if percents else None,
                _sum([r.used_bytes for r in moments[at]]) if complete else None,
            )
        )
    return made


def _patience(series: Sequence[Series]) -> timedelta:
    return max(s.step for s in series) * 1.5


def _floor(past: Past) -> datetime | None:
    return past.readings[-1].at - SPAN if past.readings else None


def _sum(values: Sequence[int | None]) -> int | None:
    """Unknown if one is, or where there are none."""
    known = [v for v in values if v is not None]
    return sum(known) if known and len(known) == len(values) else None
