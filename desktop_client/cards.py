"""From instances and engines to their cards, in the order in which a person looks for them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from desktop_client import history, model
from desktop_client.card_view import CardView, Graph, Offer, PartView, Progress, Shape
from desktop_client.desk import Action, Desk, Do, release_near
from desktop_client.history import Past
from desktop_client.i18n import say
from desktop_client.model import BEGINNING, LIVE, SILENT, Instance, Link, Part, State
from desktop_client.wording import (
    about,
    duration,
    elapsed,
    memory_size,
    moment,
    of_memory,
    of_size,
    part_line,
    problem_text,
    progress,
    refused,
    size,
)


def cards(desk: Desk, now: datetime, language: str, zone: tzinfo | None) -> tuple[CardView, ...]:
    """Running first, then starting and waiting, then ended by last use, then engines that have no
    instance yet, by name."""
    made = _Cards(desk, now, language, zone)
    instances = sorted(desk.snapshot.instances, key=_order)
    used = {i.engine_id for i in instances}
    unused = sorted(
        (e for e in desk.snapshot.engines if e.id not in used),
        key=lambda e: (e.name.spoken(language).casefold(), e.id),
    )
    return (*map(made.instance, instances), *map(made.engine, unused))


class _Cards:
    """Makes the cards of one desk at one moment."""

    def __init__(self, desk: Desk, now: datetime, language: str, zone: tzinfo | None) -> None:
        self._desk = desk
        self._now = now
        self._language = language
        self._zone = zone
        self._offline = desk.snapshot.link is not Link.ONLINE
        self._engines = {e.id: e for e in desk.snapshot.engines}

    def engine(self, engine: model.Engine) -> CardView:
        key = f"engine:{engine.id}"
        asked = key in self._desk.acks
        versions = [v.version for v in engine.versions if v.available]
        default = engine.default_version or (versions[0] if versions else "")
        summary = engine.summary.spoken(self._language)
        return CardView(
            key=key,
            title=engine.name.spoken(self._language) or engine.id,
            version=default,
            icon_svg=engine.icon_svg,
            shape=Shape.STARTING if asked else Shape.STOPPED,
            struck=self._offline,
            line=self._say("line.asking") if asked else self._say("line.never_started"),
            details=(summary,) if summary else (),
            refusal=self._refusal(key),
            progress=Progress(None, "") if asked else None,
            action=self._offer(Do.START, key) if versions else None,
            more=self._versions(key, engine, default),
            engine_id=engine.id,
        )

    def instance(self, instance: Instance) -> CardView:
        ack = self._desk.acks.get(instance.id)
        engine = self._engines.get(instance.engine_id)
        waiting = instance.state in BEGINNING and ack is None
        working = instance.state is State.READY and ack is None
        return CardView(
            key=instance.id,
            title=instance.name or instance.engine_name.spoken(self._language),
            version=instance.version,
            icon_svg=engine.icon_svg if engine else "",
            shape=shape_of(instance, ack),
            struck=self._offline,
            line=self._line(instance, ack),
            details=self._details(instance, ack),
            refusal=self._refusal(instance.id),
            progress=self._progress(instance, ack),
            action=self._action(instance, ack),
            more=self._more(instance, ack, engine),
            why=self._why(instance) if waiting else "",
            simulated=instance.simulated,
            engine_id=instance.engine_id,
            parts=self._parts(instance) if waiting else (),
            graphs=self._graphs(instance) if working and instance.cards else (),
            note=self._note(instance) if working else "",
        )

    def _say(self, key: str, **values: object) -> str:
        return say(key, self._language, **values)

    def _offer(self, do: Do, key: str, value: str = "", *, always: bool = False) -> Offer:
        return Offer(
            Action(do, key, value),
            self._say(f"do.{do}"),
            enabled=(always or not self._offline) and key not in self._desk.acks,
            danger=do is Do.DELETE,
        )

    def _refusal(self, key: str) -> str:
        return problem_text(self._desk.refusals.get(key), self._language)

    def _versions(self, key: str, engine: model.Engine | None, current: str) -> tuple[Offer, ...]:
        if engine is None:
            return ()
        return tuple(
            Offer(
                Action(Do.START, key, v.version),
                self._say("do.start_version", version=v.version),
                enabled=not self._offline and key not in self._desk.acks,
            )
            for v in engine.versions
            if v.available and v.version != current
        )

    # -- what it says ---------------------------------------------------------------------------

    def _line(self, instance: Instance, ack: Do | None) -> str:
        if ack is not None:
            return self._say(f"line.ack.{ack}")
        said = instance.line.spoken(self._language)
        if instance.state is State.PREPARING and instance.parts and instance.node_name:
            said = ""  # its bytes are at the bars
        if said:
            return said
        if instance.state is State.STOPPED and instance.since:
            return self._say("line.stopped_at", at=self._moment(instance.since))
        return self._say(f"line.{instance.state}", node=instance.node_name or "–")

    def _details(self, instance: Instance, ack: Do | None) -> tuple[str, ...]:
        lines: list[str] = []
        if ack is None and instance.state is State.READY:
            lines += self._where(instance)
            lines += self._running(instance)
            lines += self._sharing(instance)
            if instance.release_at is not None:
                lines.append(self._release(instance, instance.release_at))
        elif ack is None:
            lines += self._sharing(instance)
        if ack is None and instance.state is State.QUEUED and instance.since is not None:
            waited = elapsed(self._now - instance.since, self._language)
            lines.append(self._say("why.since", span=waited))
        if instance.state in (State.STOPPED, State.FAILED) and instance.data_bytes is not None:
            lines.append(self._say("detail.data", size=size(instance.data_bytes)))
        if instance.state is State.FAILED and instance.support_code:
            lines.append(self._say("detail.code", code=instance.support_code))
        return tuple(lines)

    def _sharing(self, instance: Instance) -> list[str]:
        """Who started it, how many may open it, and what its walls refused: each quietly."""
        told = []
        if instance.started_by and instance.state in LIVE:
            told.append(self._say("detail.started_by", guest=instance.started_by))
        if instance.shares:
            told.append(self._say("detail.shared", count=instance.shares))
        lines = [" · ".join(told)] if told else []
        if instance.refusals is not None and instance.refusals.total:
            lines.append(refused(instance.refusals, self._language))
        return lines

    def _where(self, instance: Instance) -> list[str]:
        """Machine and card, as far as the line does not name them."""
        names = [instance.node_name, *dict.fromkeys(c.name for c in instance.cards)]
        missing = [n for n in names if n and n not in instance.line.spoken(self._language)]
        return [" · ".join(missing)] if missing else []

    def _running(self, instance: Instance) -> list[str]:
        told = []
        if instance.since is not None:
            span = elapsed(self._now - instance.since, self._language)
            told.append(self._say("detail.running", span=span))
        if instance.last_activity is not None:
            told.append(self._last_used(instance.last_activity))
        return [" · ".join(told)] if told else []

    def _last_used(self, at: datetime) -> str:
        ago = self._now - at
        if ago < timedelta(minutes=1):
            return self._say("detail.used_now")
        span = elapsed(ago, self._language)
        return self._say("detail.last_used", at=self._moment(at), span=span)

    def _release(self, instance: Instance, due: datetime) -> str:
        at = self._moment(due)
        if release_near(instance, self._now) and instance.line.spoken(self._language):
            return self._say("detail.release_at", at=at)  # the line says in how many minutes
        span = duration(due - self._now, self._language)
        return self._say("detail.release", at=at, span=span)

    def _moment(self, at: datetime) -> str:
        return moment(at, self._now, self._zone, self._language)

    def _why(self, instance: Instance) -> str:
        lines = [instance.line.spoken(self._language)]
        if instance.queue_position is not None:
            lines.insert(0, self._say("why.position", position=instance.queue_position))
        if instance.state is State.PREPARING:
            lines += [part_line(p, self._language) for p in instance.parts]
        if instance.since is not None:
            waited = elapsed(self._now - instance.since, self._language)
            lines.append(self._say("why.since", span=waited))
        return "\n".join(line for line in lines if line)

    # -- what it shows --------------------------------------------------------------------------

    def _progress(self, instance: Instance, ack: Do | None) -> Progress | None:
        if ack is not None:
            return Progress(None, "")
        match instance.state:
            case State.PREPARING:
                text = " · ".join(part_line(p, self._language) for p in instance.parts)
                return Progress(progress(instance.parts), text)
            case State.STARTING | State.PLACED | State.REQUESTED | State.STOPPING:
                return Progress(None, "")
        return None

    def _parts(self, instance: Instance) -> tuple[PartView, ...]:
        if instance.state is not State.PREPARING:
            return ()
        past = self._desk.pasts.get(instance.id, Past())
        return tuple(self._part(p, past) for p in instance.parts)

    def _part(self, part: Part, past: Past) -> PartView:
        label = self._say(f"part.{part.kind}")
        if part.done:
            return PartView(label, 1.0, self._say("part.complete"), done=True)
        if part.bytes_total is None:
            return PartView(label, None, size(part.bytes_done) if part.bytes_done else "–")
        fraction = min(part.bytes_done / part.bytes_total, 1.0) if part.bytes_total else 1.0
        figure = of_size(part.bytes_done, part.bytes_total)
        left = None
        if not self._offline:
            left = history.estimate(past, part, self._now + self._desk.ahead)
        return PartView(label, fraction, figure, about(left, self._language) if left else "")

    def _graphs(self, instance: Instance) -> tuple[Graph, ...]:
        use = history.use_of(instance)
        readings = self._desk.pasts.get(instance.id, Past()).readings
        last = readings[-1].at if readings else self._now
        until = last if self._offline else max(self._now + self._desk.ahead, last)
        scale = use.total_bytes or max((r.used_bytes or 0 for r in readings), default=0)
        percent = "–" if use.percent is None else f"{use.percent:.0f} %"
        return (
            Graph(
                self._say("graph.gpu"),
                percent,
                tuple(
                    (r.at, None if r.percent is None else _part_of(r.percent, 100))
                    for r in readings
                ),
                until,
            ),
            Graph(
                self._say("graph.vram"),
                _memory(use.used_bytes, use.total_bytes),
                tuple(
                    (r.at, None if r.used_bytes is None else _part_of(r.used_bytes, scale))
                    for r in readings
                ),
                until,
            ),
        )

    def _note(self, instance: Instance) -> str:
        whole = history.use_of(instance).whole_card
        return self._say("graph.whole_card") if whole and instance.cards else ""

    # -- what it offers -------------------------------------------------------------------------

    def _action(self, instance: Instance, ack: Do | None) -> Offer | None:
        key = instance.id
        if ack is not None:
            return None
        if instance.state in BEGINNING:
            return self._offer(Do.CANCEL, key)
        match instance.state:
            case State.READY if release_near(instance, self._now):
                return self._offer(Do.KEEP, key)
            case State.READY:
                # A page goes on working while only the coordinator is away.
                return self._offer(Do.OPEN, key, always=True)
            case State.STOPPED:
                return self._offer(Do.START, key)
            case State.FAILED:
                return self._offer(Do.RETRY, key)
        return None

    def _more(
        self, instance: Instance, ack: Do | None, engine: model.Engine | None
    ) -> tuple[Offer, ...]:
        key, state = instance.id, instance.state
        offers: list[Offer] = []
        if state in BEGINNING and ack is None:
            offers.append(self._offer(Do.WHY, key, always=True))
        if state is State.READY and release_near(instance, self._now):
            offers.append(self._offer(Do.OPEN, key, always=True))
        if state is State.READY:
            offers.append(self._offer(Do.STOP, key))
        if state in (State.STOPPED, State.FAILED):
            offers += self._versions(key, engine, instance.version)
        if state is State.FAILED or state in SILENT:
            offers.append(self._offer(Do.COPY, key, always=True))
        if state is not State.QUEUED:
            offers.append(self._offer(Do.LOGS, key))
        offers.append(self._offer(Do.SHARE, key))
        offers.append(self._offer(Do.RENAME, key))
        if state in (State.STOPPED, State.FAILED):
            offers.append(self._offer(Do.DELETE, key))
        return tuple(offers)


def _part_of(value: float, whole: float) -> float:
    return min(max(value / whole, 0.0), 1.0) if whole else 0.0


def _memory(used: int | None, total: int | None) -> str:
    """Unknown is a dash, never zero."""
    if total is None:
        return "–" if used is None else memory_size(used)
    if used is None:
        return f"– / {memory_size(total)}"
    return of_memory(used, total)


def shape_of(instance: Instance, ack: Do | None) -> Shape:
    """The mark of an instance's state; of one with a request under way, that something begins."""
    if ack is not None:
        return Shape.STARTING
    match instance.state:
        case State.READY:
            return Shape.READY
        case State.QUEUED:
            return Shape.QUEUED
        case State.STOPPED:
            return Shape.STOPPED
        case State.FAILED:
            return Shape.ATTENTION
    return Shape.ATTENTION if instance.state in SILENT else Shape.STARTING


def _order(instance: Instance) -> tuple[int, float, str, str]:
    """What runs, what starts, what waits (the next first), then what ended (the last first)."""
    within = 0.0
    match instance.state:
        case State.READY | State.UNREACHABLE | State.LOST | State.STOPPING:
            group = 0
        case State.QUEUED:
            group, within = 2, float(instance.queue_position or 0)
        case State.STOPPED | State.FAILED:
            group, within = 3, -instance.since.timestamp() if instance.since else 0.0
        case _:
            group = 1
    return (group, within, instance.name.casefold(), instance.id)
