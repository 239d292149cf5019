"""Readings over time as the lines of a graph. Pure.

A line is drawn only where something was measured: an unknown reading, or two readings that are
further apart than the readings usually come, leave a gap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

Known = tuple[datetime, float]
Reading = tuple[datetime, float | None]


class Unit(StrEnum):
    """What a graph measures."""

    PERCENT = "percent"
    BYTES = "bytes"
    CELSIUS = "celsius"
    WATTS = "watts"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Line:
    """One series.

    Attributes:
        key: stays the same while its points change (a card's uuid).
        points: by time, the oldest first, aware; None where the reading is unknown.
        gap: readings further apart than this have a gap between them; None: only where unknown.
    """

    key: str
    name: str
    points: tuple[Reading, ...]
    gap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """All that one chart shows.

    Attributes:
        lines: together on one scale.
        start, end: what the time axis covers, aware.
        top: where the scale ends (100 for a share, a card's memory); None: from the readings.
    """

    title: str
    unit: Unit
    lines: tuple[Line, ...]
    start: datetime
    end: datetime
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing is known between two moments."""

    start: datetime
    end: datetime


def segments(line: Line, start: datetime, end: datetime) -> list[list[Known]]:
    """The runs of readings between two moments that a line may join, each with one at least."""
    runs: list[list[Known]] = []
    open_run: list[Known] = []
    for at, value in line.points:
        if not start <= at <= end:
            continue
        far = bool(open_run) and line.gap is not None and at - open_run[-1][0] > line.gap
        if open_run and (value is None or far):
            runs.append(open_run)
            open_run = []
        if value is not None:
            open_run.append((at, value))
    if open_run:
        runs.append(open_run)
    return runs


def gaps(line: Line, start: datetime, end: datetime) -> list[Gap]:
    """Where nothing is known between two moments.

    At the ends too, if a reading there is unknown or none came for more than ``gap``.
    """
    runs = segments(line, start, end)
    if not runs:
        return [Gap(start, end)] if end > start else []
    slack = line.gap if line.gap is not None else timedelta(0)
    unknown = [at for at, value in line.points if value is None and start <= at <= end]
    first, last = runs[0][0][0], runs[-1][-1][0]
    found = []
    if first - start > slack or (unknown and unknown[0] < first):
        found.append(Gap(start, first))
    found.extend(Gap(a[-1][0], b[0][0]) for a, b in pairwise(runs))
    if end - last > slack or (unknown and unknown[-1] > last):
        found.append(Gap(last, end))
    return found


def thin(run: Sequence[Known], start: datetime, end: datetime, columns: int) -> list[Known]:
    """At most four readings a pixel column: its first, least, greatest and last.

    What is drawn looks the same as with all of them: no peak is lost.

    Args:
        run: readings that a line joins, by time, all between start and end.
        columns: width of the plot in pixels, at least 1.
    """
    if len(run) <= columns * 2:
        return list(run)
    width = (end - start) / columns
    kept: list[Known] = []
    column: list[Known] = []
    number = -1
    for reading in run:
        place = min(int((reading[0] - start) / width), columns - 1)
        if place != number and column:
            kept.extend(_extremes(column))
            column = []
        number = place
        column.append(reading)
    kept.extend(_extremes(column))
    return kept


def _extremes(column: list[Known]) -> list[Known]:
    picked = {0, len(column) - 1}
    picked.add(min(range(len(column)), key=lambda i: column[i][1]))
    picked.add(max(range(len(column)), key=lambda i: column[i][1]))
    return [column[i] for i in sorted(picked)]


def marked(
    runs: Sequence[Sequence[Known]], start: datetime, end: datetime, count: int, shift: float
) -> list[Known]:
    """The readings that carry their line's marker: about ``count`` of them, evenly spread.

    A reading that stands alone and the last of all always do.

    Args:
        shift: from 0 to 1, so that the markers of several lines do not meet.
    """
    width = (end - start) / count
    found: list[Known] = []
    taken: set[int] = set()
    for run in runs:
        for reading in run:
            place = int((reading[0] - start) / width + 1 - shift)
            alone = len(run) == 1
            if alone or (place not in taken and place > 0):
                found.append(reading)
                taken.add(place)
    if runs and (not found or found[-1] != runs[-1][-1]):
        found.append(runs[-1][-1])
    return found


def moments(lines: Sequence[Line], start: datetime, end: datetime) -> list[datetime]:
    """Every moment between two at which any line has a reading or says that there is none."""
    return sorted({at for line in lines for at, _ in line.points if start <= at <= end})


def nearest(times: Sequence[datetime], at: datetime) -> datetime | None:
    """Of moments in order, the one nearest to another; the earlier of two that are as near."""
    if not times:
        return None
    after = bisect_left(times, at)
    around = times[max(after - 1, 0) : after + 1]
    return min(around, key=lambda t: abs(t - at))


def value_at(line: Line, at: datetime) -> float | None:
    """What a line read at a moment: exactly then, or within half a gap of it, else None."""
    times = [t for t, _ in line.points]
    found = nearest(times, at)
    if found is None:
        return None
    slack = line.gap / 2 if line.gap is not None else timedelta(0)
    if abs(found - at) > slack:
        return None
    return line.points[bisect_left(times, found)][1]
