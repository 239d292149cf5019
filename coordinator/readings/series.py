"""Readings as series, and their means over steps: pure. A time without a reading is a gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MINUTE_MS = 60_000
# Steps that people can read off an axis, in seconds.
_STEPS = (10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Point:
    """What one card read at a moment, or the mean of a step that ends then.

    Attributes:
        at_ms: UTC milliseconds.
        percent: utilisation; like all readings None where the card cannot tell.
    """

    at_ms: int
    percent: float | None = None
    memory_bytes: int | None = None
    celsius: float | None = None
    watts: float | None = None

    @property
    def is_empty(self) -> bool:
        return (self.percent, self.memory_bytes, self.celsius, self.watts) == (None,) * 4


@dataclass(frozen=True, slots=True)
class Card:
    """Which card a series is of."""

    uuid: str
    name: str
    simulated: bool = False
    memory_total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One card over a time, oldest first; points further apart than a step have a gap."""

    card: Card
    points: tuple[Point, ...]
    step_seconds: int


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How full the studio was at a moment, or on average over a step that ends then.

    Attributes:
        cards: of machines that answer.
        held: of these, given to an instance.
        busy: held and over 5 % utilised; None where no held card tells.
        waiting: instances in the queue.
    """

    at_ms: int
    cards: float
    held: float
    busy: float | None
    waiting: float


def choose_step(span_ms: int, points: int, at_least_seconds: float) -> int:
    """Seconds of a step so that a span has about so many points (never more), and a round one."""
    wanted = max(span_ms / 1000 / max(1, points), at_least_seconds)
    longest = _STEPS[-1]
    return next((s for s in _STEPS if s >= wanted), -(-int(wanted) // longest) * longest)


def means(samples: Iterable[Point], step_ms: int, from_ms: int, to_ms: int) -> tuple[Point, ...]:
    """One point for each step in ``(from, to]`` that has a sample; steps end at round times.

    A reading that is absent from every sample of its step is absent from the point.
    """
    steps: dict[int, list[Point]] = defaultdict(list)
    for sample in samples:
        if from_ms < sample.at_ms <= to_ms:
            steps[-(-sample.at_ms // step_ms)].append(sample)
    return tuple(_mean(steps[number], min(number * step_ms, to_ms)) for number in sorted(steps))


def occupancy_means(
    samples: Iterable[Occupancy], step_ms: int, from_ms: int, to_ms: int
) -> tuple[Occupancy, ...]:
    """As :func:`means`."""
    steps: dict[int, list[Occupancy]] = defaultdict(list)
    for sample in samples:
        if from_ms < sample.at_ms <= to_ms:
            steps[-(-sample.at_ms // step_ms)].append(sample)
    found = []
    for number in sorted(steps):
        there = steps[number]
        found.append(
            Occupancy(
                min(number * step_ms, to_ms),
                _of([o.cards for o in there]) or 0.0,
                _of([o.held for o in there]) or 0.0,
                _of([o.busy for o in there]),
                _of([o.waiting for o in there]) or 0.0,
            )
        )
    return tuple(found)


def mean_of(samples: Sequence[Point], at_ms: int) -> Point:
    """The mean of samples as one point."""
    return _mean(samples, at_ms)


def _mean(samples: Sequence[Point], at_ms: int) -> Point:
    memory = _of([s.memory_bytes for s in samples])
    return Point(
        at_ms,
        _of([s.percent for s in samples]),
        None if memory is None else round(memory),
        _of([s.celsius for s in samples]),
        _of([s.watts for s in samples]),
    )


def _of(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    if not known:
        return None
    # A sum rounds: the mean of equal readings is that reading, and never beyond what was read.
    return min(max(sum(known) / len(known), min(known)), max(known))
