"""Who waits: the rows and columns of the queue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from desktop_client.admin.pages import cells
from desktop_client.admin.pages.cells import DASH
from desktop_client.admin.pages.instances_columns import INSTANCES
from desktop_client.admin.records import Catalogue, RemovedMachine
from desktop_client.admin.tables.column import Align, Column, Mark, Speech
from desktop_client.i18n import say
from desktop_client.model import Instance, State, Version
from desktop_client.view_model import Shape

Needs = Mapping[tuple[str, str], Version]

WAITING = (State.QUEUED, State.REQUESTED)
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """An instance in the queue; ``need`` is None while the catalogue does not say."""

    instance: Instance
    need: Version | None = None


def needs_in(catalogue: Catalogue | None) -> dict[tuple[str, str], Version]:
    """(engine, version) -> what it needs."""
    if catalogue is None:
        return {}
    return {(e.id, v.version): v for e in catalogue.engines for v in e.versions}


def waiting_rows(instances: Iterable[Instance], needs: Needs) -> list[Waiting]:
    """Everybody who waits, whose turn it is first."""
    there = [i for i in instances if i.state in WAITING]
    there.sort(key=lambda i: (i.queue_position is None, i.queue_position or 0, i.id))
    return [Waiting(i, needs.get((i.engine_id, i.version))) for i in there]


def need_words(need: Version | None, language: str) -> str:
    """``2 cards, 20 GB each``; a dash while the catalogue does not say."""
    if need is None:
        return DASH
    if not need.gpus:
        return say("queue.need.none", language)
    key = "queue.need.one" if need.gpus == 1 else "queue.need.more"
    if not need.vram_mib:
        return say(f"{key}.any", language, count=need.gpus)
    size = f"{need.vram_mib / 1024:.1f}".removesuffix(".0")
    return say(key, language, count=need.gpus, size=size)


def summary(rows: Iterable[Waiting], speech: Speech) -> str:
    """How many wait, and how long the longest."""
    there = [row.instance for row in rows]
    if not there:
        return say("queue.empty", speech.language)
    first = min((i.since for i in there if i.since), default=None)
    key = "queue.summary.one" if len(there) == 1 else "queue.summary.more"
    return say(key, speech.language, count=len(there), at=cells.at(first, speech))


def _of_instance(of: str, **changes: object) -> Column[Waiting]:
    """A column of instances, for a row that holds one."""
    column = next(c for c in INSTANCES if c.key == of)
    sort, words, tooltip = column.sort, column.words, column.tooltip
    made = Column[Waiting](
        column.key, column.title,
        text=lambda w, s: column.text(w.instance, s),
        sort=None if sort is None else lambda w: sort(w.instance),
        words=None if words is None else lambda w: words(w.instance),
        tooltip=None if tooltip is None else lambda w, s: tooltip(w.instance, s),
        filter_names=column.filter_names, values=column.values, align=column.align,
        width=column.width, shown_by_default=column.shown_by_default,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


REMOVED: tuple[Column[RemovedMachine], ...] = (
    Column(
        "machine", "queue.machine", lambda r, s: r.node_name or r.node_id,
        mark=lambda r: Mark(Shape.QUEUED if r.capacity else Shape.STOPPED, struck=not r.capacity),
        words=lambda r: (r.node_id, r.rule), filter_names=("机器",), width=110,
    ),
    Column(
        "why", "queue.why", lambda r, s: r.reason.spoken(s.language) or r.rule,
        sort=lambda r: (not r.capacity, r.rule, r.node_name),
        tooltip=lambda r, s: r.reason.spoken(s.language), filter_names=("原因",), width=300,
    ),
    Column(
        "rule", "queue.rule", lambda r, s: r.rule, filter_names=("规则",), width=100,
        shown_by_default=False,
    ),
)  # fmt: skip


def _vram(waiting: Waiting) -> float | None:
    need = waiting.need
    return None if need is None else need.vram_mib * _MIB / 1e9


QUEUE: tuple[Column[Waiting], ...] = (
    Column(
        "position", "queue.position",
        lambda w, s: DASH if w.instance.queue_position is None else str(w.instance.queue_position),
        sort=lambda w: w.instance.queue_position,
        number=lambda w: w.instance.queue_position,
        mark=lambda w: cells.mark_of(w.instance), filter_names=("位置",), width=90,
    ),
    _of_instance("name"),
    _of_instance("owner"),
    Column(
        "waited", "queue.waited", lambda w, s: cells.ago(w.instance.since, s),
        sort=lambda w: None if w.instance.since is None else -w.instance.since.timestamp(),
        tooltip=lambda w, s: cells.stamp(w.instance.since, s), align=Align.END, width=125,
    ),
    Column(
        "need", "queue.need", lambda w, s: need_words(w.need, s.language),
        sort=lambda w: None if w.need is None else (w.need.gpus, w.need.vram_mib),
        filter_names=("需求",), width=130,
    ),
    _of_instance("reason", key="why", title="queue.why", width=420),
    _of_instance("since"),
    Column(
        "vram", "queue.vram",
        lambda w, s: DASH if (size := _vram(w)) is None else f"{size:.1f} GB",
        sort=_vram, number=_vram, filter_names=("显存",), align=Align.END, width=90,
        shown_by_default=False,
    ),
    _of_instance("engine"),
    _of_instance("version"),
    _of_instance("id"),
)  # fmt: skip
