"""What a machine's cards read, from the coordinator and from the live stream, as graphs. Pure.

The coordinator remembers the past; the stream says what is now. Both together make the last hour;
a day and a week come from the coordinator alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from desktop_client.admin.charts.lines import Graph, Line, Unit
from desktop_client.admin.charts.scales import Span
from desktop_client.admin.machines.rows import card_names
from desktop_client.admin.model import Gpu, Node
from desktop_client.admin.records import Reading, Series
from desktop_client.i18n import say

LIVE_EVERY = timedelta(seconds=5)
_LIVE_GAP = LIVE_EVERY * 3
POINTS = 360  # of a card, in one graph


class Quantity(StrEnum):
    """What a card reads."""

    USE = "use"
    MEMORY = "memory"
    TEMPERATURE = "temperature"
    POWER = "power"

    @property
    def unit(self) -> Unit:
        return {
            Quantity.USE: Unit.PERCENT,
            Quantity.MEMORY: Unit.BYTES,
            Quantity.TEMPERATURE: Unit.CELSIUS,
            Quantity.POWER: Unit.WATTS,
        }[self]


_OF: Mapping[Quantity, Callable[[Reading], float | None]] = {
    Quantity.USE: lambda r: r.percent,
    Quantity.MEMORY: lambda r: r.memory_used_bytes,
    Quantity.TEMPERATURE: lambda r: r.celsius,
    Quantity.POWER: lambda r: r.watts,
}


@dataclass(frozen=True, slots=True)
class Past:
    """What the coordinator remembers, by the card's uuid."""

    series: Mapping[str, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """What was heard since somebody looks, by the card's uuid, an hour at most."""

    points: Mapping[str, tuple[Reading, ...]] = field(default_factory=dict)


def past_of(series: tuple[Series, ...]) -> Past:
    return Past({each.uuid: each for each in series})


def fetch_every(span: Span) -> timedelta:
    """How often the past is asked for anew while it is looked at: about each drawn step."""
    return max(span.length / POINTS, timedelta(minutes=1))


def heard(live: Live, node: Node, at: datetime) -> Live:
    """With what a machine's cards say at a moment. Silent, they say that nothing is known."""
    points = {}
    for gpu in node.gpus:
        known = live.points.get(gpu.uuid, ())
        if known and at - known[-1].at < LIVE_EVERY / 2:
            # The newest of a moment counts, at the moment's own time.
            known = known[:-1]
        begin = next((i for i, r in enumerate(known) if at - r.at <= Span.HOUR.length), len(known))
        points[gpu.uuid] = (*known[begin:], _now(gpu, at, online=node.online))
    return Live(points)


def _now(gpu: Gpu, at: datetime, *, online: bool) -> Reading:
    if not online:
        return Reading(at)
    return Reading(at, gpu.percent, gpu.memory_used_bytes, gpu.celsius, gpu.watts)


def graphs(
    node: Node, past: Past, live: Live, span: Span, end: datetime, language: str
) -> tuple[tuple[Quantity, Graph], ...]:
    """One graph a quantity, a line a card, all cards on one scale."""
    names = card_names(node.gpus)
    joined = {
        gpu.uuid: _joined(past.series.get(gpu.uuid), live.points.get(gpu.uuid, ()), span)
        for gpu in node.gpus
    }
    made = []
    for quantity in Quantity:
        read = _OF[quantity]
        lines = tuple(
            Line(
                key=gpu.uuid,
                name=_name(gpu, names[gpu.uuid], language),
                points=tuple((r.at, read(r)) for r in joined[gpu.uuid][0]),
                gap=joined[gpu.uuid][1],
            )
            for gpu in node.gpus
        )
        title = say(f"machines.graph.{quantity}", language)
        start = end - span.length
        made.append(
            (quantity, Graph(title, quantity.unit, lines, start, end, _top(quantity, node)))
        )
    return tuple(made)


def tells(graph: Graph) -> bool:
    """Whether any card ever said anything in a graph's time."""
    return any(
        value is not None and graph.start <= at <= graph.end
        for line in graph.lines
        for at, value in line.points
    )


def _joined(
    series: Series | None, live: tuple[Reading, ...], span: Span
) -> tuple[tuple[Reading, ...], timedelta]:
    """The past, then what was heard after it, and how far apart readings may be."""
    past = series.points if series is not None else ()
    step = timedelta(seconds=series.step_seconds) if series is not None else timedelta(0)
    if span is not Span.HOUR:
        return past, step * 1.5
    last = past[-1].at if past else None
    fresh = tuple(r for r in live if last is None or r.at > last)
    return (*past, *fresh), max(step * 1.5, _LIVE_GAP)


def _top(quantity: Quantity, node: Node) -> float | None:
    if quantity is Quantity.USE:
        return 100.0
    if quantity is Quantity.MEMORY:
        totals = [g.memory_total_bytes for g in node.gpus if g.memory_total_bytes is not None]
        return float(max(totals)) if totals else None
    return None


def _name(gpu: Gpu, name: str, language: str) -> str:
    return say("machines.simulated.behind", language, text=name) if gpu.simulated else name
