"""What stands beside the axes: round figures with units, round clock times. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from desktop_client.admin.charts.lines import Graph, Unit

_BYTES = ("B", "kB", "MB", "GB", "TB", "PB")
_STEPS_IN_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_DAY = 24 * 60
# A graph of nothing still has a scale that means something.
_LEAST_TOP = {
    Unit.PERCENT: 100.0,
    Unit.BYTES: float(1024**3),
    Unit.CELSIUS: 100.0,
    Unit.WATTS: 100.0,
    Unit.COUNT: 4.0,
}


class Span(StrEnum):
    """How far back a graph goes."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        return {
            Span.HOUR: timedelta(hours=1),
            Span.DAY: timedelta(days=1),
            Span.WEEK: timedelta(days=7),
        }[self]


@dataclass(frozen=True, slots=True)
class Scale:
    """The upright axis: from 0 to ``top``, a label at each tick."""

    top: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class TimeTick:
    at: datetime
    label: str


def scale(graph: Graph, most: int = 5) -> Scale:
    """Of a graph's readings or of its own ``top``, with ``most`` steps at most (at least 2)."""
    highest = max(
        (v for line in graph.lines for at, v in line.points
         if v is not None and graph.start <= at <= graph.end),
        default=0.0,
    )  # fmt: skip
    reach = max(highest, graph.top if graph.top is not None else _LEAST_TOP[graph.unit])
    whole = graph.unit is Unit.COUNT
    unit, sign = _scaled(reach, graph.unit)  # ticks are round in the unit that is read
    step = _round_step(reach / unit / max(most, 2), whole) * unit
    exact = graph.top is not None and highest <= graph.top
    top = reach if exact else math.ceil(reach / step - 1e-9) * step
    count = math.floor(top / step + 1e-9)
    ticks = tuple((i * step, _axis_label(i * step / unit, sign)) for i in range(count + 1))
    return Scale(top, ticks)


def _round_step(rough: float, whole: bool) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten; whole where only whole numbers are."""
    if whole and rough <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 2.5, 5, 10):
        if whole and factor * power % 1:
            continue
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def _scaled(top: float, unit: Unit) -> tuple[float, str]:
    """What to divide by, and the sign behind the figure."""
    if unit is not Unit.BYTES:
        return 1.0, _sign(unit)
    index = 0
    while top >= 999.5 * 1024**index and index < len(_BYTES) - 1:
        index += 1
    return float(1024**index), _BYTES[index]  # memory, counted as wording.memory_size does


def _sign(unit: Unit) -> str:
    return {Unit.PERCENT: "%", Unit.CELSIUS: "°C", Unit.WATTS: "W"}.get(unit, "")


def _axis_label(value: float, sign: str) -> str:
    return f"{value:g} {sign}".strip()


def exact(value: float | None, unit: Unit) -> str:
    """A reading as people say it: ``61 %``, ``11.2 GB``, ``64 °C``; unknown is a dash."""
    if value is None:
        return "–"
    match unit:
        case Unit.BYTES:
            divisor, sign = _scaled(value, unit)
            return f"{value / divisor:.{0 if sign == 'B' else 1}f} {sign}"
        case Unit.COUNT:
            return f"{value:.1f}".removesuffix(".0")
        case _:
            shown = f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"
            return f"{shown.removesuffix('.0')} {_sign(unit)}"


def plain(value: float | None, unit: Unit) -> str:
    """A reading for a spreadsheet: the figure alone; unknown is empty."""
    if value is None:
        return ""
    if unit is Unit.BYTES:
        return str(round(value))
    return f"{value:.2f}".rstrip("0").rstrip(".")


def time_ticks(
    start: datetime, end: datetime, zone: tzinfo | None, language: str, most: int
) -> list[TimeTick]:
    """Round local times between two moments, ``most`` at most (at least 1).

    The first of a day says the date instead of 00:00.
    """
    minutes = (end - start).total_seconds() / 60
    for step in (*_STEPS_IN_MINUTES, *(_DAY * days for days in (1, 2, 7, 14, 28))):
        if minutes / step <= max(most, 1):
            found = _aligned(start, end, zone, step)
            if len(found) <= max(most, 1):
                return [TimeTick(at, _clock(at, zone, language, step)) for at in found]
    return []


def _aligned(start: datetime, end: datetime, zone: tzinfo | None, step: int) -> list[datetime]:
    """Moments whose local clock is a multiple of ``step`` minutes (of the epoch's days)."""
    grain = timedelta(minutes=1 if step < 15 else 15)
    at = start.astimezone(UTC).replace(second=0, microsecond=0)
    at -= timedelta(minutes=at.minute % (grain.seconds // 60))
    found = []
    while at <= end:
        if at >= start:
            local = at.astimezone(zone)
            into_day = local.hour * 60 + local.minute
            days = max(step // _DAY, 1)
            if into_day % min(step, _DAY) == 0 and local.toordinal() % days == 0:
                found.append(at)
        at += grain
    return found


def _clock(at: datetime, zone: tzinfo | None, language: str, step: int) -> str:
    local = at.astimezone(zone)
    if step >= _DAY or (local.hour == 0 and local.minute == 0):
        return date_of(local, language)
    return local.strftime("%H:%M")


def date_of(local: datetime, language: str) -> str:
    """``23 Nov``, ``11月23日``; of a time that is already local."""
    if language == "zh":
        return f"{local.month}月{local.day}日"
    return f"{local.day} {local.strftime('%b')}"


def moment_of(at: datetime, span: timedelta, zone: tzinfo | None, language: str) -> str:
    """A reading's time, as exact as its graph needs: with seconds in an hour, with its date in a
    week."""
    local = at.astimezone(zone)
    if span <= timedelta(hours=2):
        return local.strftime("%H:%M:%S")
    clock = local.strftime("%H:%M")
    return f"{date_of(local, language)} {clock}" if span > timedelta(days=1) else clock
