"""What the coordinator says -> what a person sees and may do. Pure.

One view value is made from the desk; the window, the tray's icon and its menu all show that one.
Each card has one action that is right now; the rest is behind "more".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from desktop_client import model
from desktop_client.desk import RELEASE_NEAR, Action, Desk, Do, release_near
from desktop_client.i18n import knows, say
from desktop_client.model import BEGINNING, SILENT, Instance, Link, Problem, Snapshot, State
from desktop_client.wording import duration, moment, of_size, part_line, progress, size


class Shape(StrEnum):
    """A state's mark, so that colour is never alone."""

    READY = "ready"  # filled disc
    STARTING = "starting"  # arc
    QUEUED = "queued"  # clock
    STOPPED = "stopped"  # ring
    ATTENTION = "attention"  # triangle


class Icon(StrEnum):
    """The tray icon's states."""

    SIGNED_OUT = "signed-out"
    CONNECTING = "connecting"
    IDLE = "idle"
    STARTING = "starting"
    READY = "ready"
    ATTENTION = "attention"
    OFFLINE = "offline"


class Page(StrEnum):
    """What the window shows."""

    FIRST_RUN = "first-run"
    TRUST = "trust"
    SIGN_IN = "sign-in"
    SIGNING_IN = "signing-in"
    CONNECTING = "connecting"
    CARDS = "cards"


@dataclass(frozen=True, slots=True)
class Offer:
    """An action with its words."""

    action: Action
    label: str
    enabled: bool = True
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """``fraction`` is None while the total is unknown."""

    fraction: float | None
    text: str


@dataclass(frozen=True, slots=True)
class CardView:
    """One engine or instance. ``why`` answers "why am I waiting" in full, else empty."""

    key: str
    title: str
    version: str
    icon_svg: str
    shape: Shape
    struck: bool  # offline: the last known state
    line: str
    details: tuple[str, ...] = ()
    refusal: str = ""
    progress: Progress | None = None
    action: Offer | None = None
    more: tuple[Offer, ...] = ()
    why: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Everything that window, icon and menu show.

    Attributes:
        banner: one sentence above the cards (offline, no secure store), or empty.
        problem: why the last attempt failed, on the pages before the cards.
        empty: what to read where there are no cards.
    """

    page: Page
    icon: Icon
    tooltip: str
    studio: str
    person: str
    address: str = ""
    pin: str = ""
    sign_in_url: str = ""
    busy: bool = False
    banner: str = ""
    banner_action: Offer | None = None
    problem: str = ""
    empty: str = ""
    cards: tuple[CardView, ...] = ()


def build(desk: Desk, now: datetime, language: str, zone: tzinfo | None = UTC) -> View:
    """The view of a desk at a moment, in a language, with clock times of a zone."""
    snapshot = desk.snapshot
    page = _page(snapshot)
    cards = _Cards(desk, now, language, zone).all() if page is Page.CARDS else ()
    icon = _icon(snapshot, cards)
    banner, offer = _banner(snapshot, now, language, zone) if page is Page.CARDS else ("", None)
    return View(
        page=page,
        icon=icon,
        tooltip=_tooltip(snapshot, icon, cards, language),
        studio=snapshot.studio or snapshot.address or say("app.name", language),
        person=snapshot.person,
        address=snapshot.address,
        pin=snapshot.pin,
        sign_in_url=snapshot.sign_in_url,
        busy=snapshot.busy,
        banner=banner,
        banner_action=offer,
        problem=problem_text(snapshot.problem, language) if page is not Page.CARDS else "",
        empty="" if cards or page is not Page.CARDS else say("empty", language),
        cards=cards,
    )


def problem_text(problem: Problem | None, language: str) -> str:
    """A problem in the person's language: translated by its key where the catalogue knows it."""
    if problem is None:
        return ""
    key = f"problem.{problem.key}"
    if language == "zh" and knows(key):
        return say(key, language)
    return problem.message[:1].upper() + problem.message[1:]


def next_change(desk: Desk, now: datetime) -> datetime | None:
    """When the view changes if nothing is heard: the next minute, while a time is counted down."""
    counting = any(i.state is State.READY and i.release_at for i in desk.snapshot.instances)
    return now + timedelta(seconds=60 - now.second) if counting else None


def _page(snapshot: Snapshot) -> Page:
    match snapshot.link:
        case Link.UNCONFIGURED:
            return Page.FIRST_RUN
        case Link.UNTRUSTED:
            return Page.TRUST
        case Link.SIGNED_OUT:
            return Page.SIGN_IN
        case Link.SIGNING_IN:
            return Page.SIGNING_IN
        case Link.CONNECTING | Link.OFFLINE if snapshot.heard_at is None:
            return Page.CONNECTING
    return Page.CARDS


def _icon(snapshot: Snapshot, cards: tuple[CardView, ...]) -> Icon:
    match snapshot.link:
        case Link.OFFLINE:
            return Icon.OFFLINE
        case Link.CONNECTING:
            return Icon.CONNECTING
        case Link.ONLINE:
            shapes = {card.shape for card in cards}
            if Shape.ATTENTION in shapes:
                return Icon.ATTENTION
            if shapes & {Shape.STARTING, Shape.QUEUED}:
                return Icon.STARTING
            return Icon.READY if Shape.READY in shapes else Icon.IDLE
    return Icon.SIGNED_OUT


def _tooltip(snapshot: Snapshot, icon: Icon, cards: tuple[CardView, ...], language: str) -> str:
    name = snapshot.studio or say("app.name", language)
    ready = sum(card.shape is Shape.READY for card in cards)
    if icon is Icon.READY:
        return f"{name} · {say('tooltip.ready', language, count=ready)}"
    return f"{name} · {say(f'tooltip.{icon}', language)}"


def _banner(
    snapshot: Snapshot, now: datetime, language: str, zone: tzinfo | None
) -> tuple[str, Offer | None]:
    if snapshot.link is not Link.ONLINE:
        at = moment(snapshot.heard_at, now, zone, language) if snapshot.heard_at else "–"
        reason = problem_text(snapshot.problem, language)
        text = say("banner.offline", language, at=at, reason=reason).strip()
        return text, Offer(Action(Do.RECONNECT), say("do.reconnect", language))
    if snapshot.memory_only:
        return say("banner.memory_only", language), None
    return "", None


class _Cards:
    """Makes the cards of one desk at one moment."""

    def __init__(self, desk: Desk, now: datetime, language: str, zone: tzinfo | None) -> None:
        self._desk = desk
        self._now = now
        self._language = language
        self._zone = zone
        self._offline = desk.snapshot.link is not Link.ONLINE
        self._engines = {e.id: e for e in desk.snapshot.engines}

    def all(self) -> tuple[CardView, ...]:
        """Running first, then starting and waiting, then ended by last use, then engines that
        have no instance yet, by name."""
        instances = sorted(self._desk.snapshot.instances, key=_order)
        used = {i.engine_id for i in instances}
        unused = sorted(
            (e for e in self._desk.snapshot.engines if e.id not in used),
            key=lambda e: (e.name.spoken(self._language).casefold(), e.id),
        )
        return (*map(self._instance, instances), *map(self._engine, unused))

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

    def _engine(self, engine: model.Engine) -> CardView:
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
        )

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

    def _instance(self, instance: Instance) -> CardView:
        ack = self._desk.acks.get(instance.id)
        engine = self._engines.get(instance.engine_id)
        waiting = instance.state in BEGINNING and ack is None
        return CardView(
            key=instance.id,
            title=instance.name or instance.engine_name.spoken(self._language),
            version=instance.version,
            icon_svg=engine.icon_svg if engine else "",
            shape=_shape(instance, ack),
            struck=self._offline,
            line=self._line(instance, ack),
            details=self._details(instance, ack),
            refusal=self._refusal(instance.id),
            progress=self._progress(instance, ack),
            action=self._action(instance, ack),
            more=self._more(instance, ack, engine),
            why=self._why(instance) if waiting else "",
            simulated=instance.simulated,
        )

    def _line(self, instance: Instance, ack: Do | None) -> str:
        if ack is not None:
            return self._say(f"line.ack.{ack}")
        said = instance.line.spoken(self._language)
        if said:
            return said
        if instance.state is State.STOPPED and instance.since:
            at = moment(instance.since, self._now, self._zone, self._language)
            return self._say("line.stopped_at", at=at)
        return self._say(f"line.{instance.state}", node=instance.node_name or "–")

    def _details(self, instance: Instance, ack: Do | None) -> tuple[str, ...]:
        lines: list[str] = []
        if ack is None and instance.state is State.READY:
            lines += self._usage(instance)
            if instance.release_at is not None:
                lines.append(
                    self._say(
                        "detail.release",
                        at=moment(instance.release_at, self._now, self._zone, self._language),
                        span=duration(instance.release_at - self._now, self._language),
                    )
                )
        if instance.state in (State.STOPPED, State.FAILED) and instance.data_bytes is not None:
            lines.append(self._say("detail.data", size=size(instance.data_bytes)))
        if instance.state is State.FAILED and instance.support_code:
            lines.append(self._say("detail.code", code=instance.support_code))
        return tuple(lines)

    def _usage(self, instance: Instance) -> list[str]:
        lines = []
        for card in instance.cards:
            percent = "–" if card.percent is None else f"{card.percent:.0f} %"
            memory = _memory(card)
            name = card.name
            if card.simulated:
                name = self._say("detail.simulated", name=name)
            lines.append(self._say("detail.card", name=name, percent=percent, memory=memory))
        return lines

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
        if state is State.FAILED:
            offers.append(self._offer(Do.COPY, key, always=True))
        if state is not State.QUEUED:
            offers.append(self._offer(Do.LOGS, key))
        offers.append(self._offer(Do.RENAME, key))
        if state in (State.STOPPED, State.FAILED):
            offers.append(self._offer(Do.DELETE, key))
        return tuple(offers)

    def _why(self, instance: Instance) -> str:
        lines = [instance.line.spoken(self._language)]
        if instance.queue_position is not None:
            lines.insert(0, self._say("why.position", position=instance.queue_position))
        if instance.state is State.PREPARING:
            lines += [part_line(p, self._language) for p in instance.parts]
        if instance.since is not None:
            waited = duration(max(self._now - instance.since, timedelta()), self._language)
            lines.append(self._say("why.since", span=waited))
        return "\n".join(line for line in lines if line)


def _memory(card: model.Card) -> str:
    """Unknown is a dash, never zero."""
    if card.total_bytes is None:
        return "–" if card.used_bytes is None else size(card.used_bytes)
    if card.used_bytes is None:
        return f"– / {size(card.total_bytes)}"
    return of_size(card.used_bytes, card.total_bytes)


def _shape(instance: Instance, ack: Do | None) -> Shape:
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
    match instance.state:
        case State.READY | State.UNREACHABLE | State.LOST | State.STOPPING:
            group = 0
        case State.STOPPED | State.FAILED:
            group = 2
        case _:
            group = 1
    last = instance.since.timestamp() if instance.since and group == 2 else 0.0
    return (group, -last, instance.name.casefold(), instance.id)


__all__ = [
    "RELEASE_NEAR",
    "CardView",
    "Icon",
    "Offer",
    "Page",
    "Progress",
    "Shape",
    "View",
    "build",
    "next_change",
    "problem_text",
]
