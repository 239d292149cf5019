"""What happens on this desktop between the coordinator's messages. Pure.

A click is acknowledged at once (``acknowledge``), before the coordinator answers; a refusal takes
it back with the reason. ``hear`` takes a new snapshot and says what is worth a notification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from desktop_client.history import Past, Series, fill, record
from desktop_client.model import (
    BEGINNING,
    LIVE,
    Access,
    Instance,
    Link,
    Problem,
    Snapshot,
    State,
    Stop,
)

T = TypeVar("T")

RELEASE_NEAR = timedelta(minutes=5)


class Do(StrEnum):
    """What a person can ask for, in cards, menus and notifications alike."""

    START = "start"
    CANCEL = "cancel"
    OPEN = "open"
    STOP = "stop"
    KEEP = "keep"
    RETRY = "retry"
    WHY = "why"
    LOGS = "logs"
    RENAME = "rename"
    DELETE = "delete"
    COPY = "copy"
    SHARE = "share"  # with a colleague or a team
    LEAVE = "leave"  # give back what was shared with one
    ACCOUNT = "account"  # password and second factor, where accounts are local
    FORMER = "former"  # ask for what an account of before owns
    SHOW = "show"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    ADMIN = "admin"
    WEB = "web"
    RECONNECT = "reconnect"
    LANGUAGE = "language"
    CHANGE_STUDIO = "change-studio"
    SETTINGS = "settings"
    RECENT = "recent"
    DIAGNOSTICS = "diagnostics"
    TRASH = "trash"
    HELP = "help"
    SNOOZE = "snooze"  # value: hour, tomorrow or off
    STOP_ALL = "stop-all"
    QUIT = "quit"


# What is sent to the coordinator and answered by it.
ASKED = frozenset({Do.START, Do.RETRY, Do.CANCEL, Do.STOP, Do.KEEP, Do.RENAME, Do.DELETE, Do.LEAVE})


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. ``key`` is an instance's id, or ``engine:ID``; ``value`` a version, name."""

    do: Do
    key: str = ""
    value: str = ""


class News(StrEnum):
    """What is worth a notification."""

    READY = "ready"
    RELEASE_NEAR = "release-near"
    RELEASED = "released"
    FAILED = "failed"
    REFUSED = "refused"
    SHARED = "shared"  # somebody shares an engine with this person
    UNSHARED = "unshared"  # and no longer does, before its time
    TOKEN_ENDS = "token-ends"  # noqa: S105 - a name
    AWAKE = "awake"  # this computer woke up, and engines ran on meanwhile


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell about one instance; a later one of the same instance replaces it."""

    news: News
    key: str
    instance: Instance | None = None
    text: str = ""  # of a refusal; the engines that ran on; a token's name
    problem_key: str = ""  # of a refusal: the key of its translation
    at: datetime | None = None  # when what it tells of happens, where the instance does not say


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything the views are made from.

    Attributes:
        acks: keys with a request under way, and which.
        refusals: keys whose last request was refused, and why.
        started_here: instances whose start was asked for here: they open by themselves.
        warned: instances whose coming release was told, with the time told.
        pasts: what was seen of each instance over the last minutes.
        ahead: by how much the coordinator's clock is before this desktop's.
        snoozed_until: notifications are silent until then; None: they are not.
    """

    snapshot: Snapshot = field(default_factory=Snapshot)
    acks: Mapping[str, Do] = field(default_factory=dict)
    refusals: Mapping[str, Problem] = field(default_factory=dict)
    started_here: frozenset[str] = frozenset()
    warned: Mapping[str, datetime] = field(default_factory=dict)
    pasts: Mapping[str, Past] = field(default_factory=dict)
    ahead: timedelta = timedelta()
    snoozed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The new desk, what to tell, and which instances to open in the browser now."""

    desk: Desk
    notices: tuple[Notice, ...] = ()
    open_now: tuple[Instance, ...] = ()


def acknowledge(desk: Desk, action: Action) -> Desk:
    """A person asked for something: it shows at once."""
    if action.do not in ASKED:
        return desk
    started = desk.started_here
    if action.do in (Do.CANCEL, Do.STOP, Do.DELETE):
        started = started - {action.key}
    return replace(
        desk,
        acks={**desk.acks, action.key: action.do},
        refusals=_without(desk.refusals, action.key),
        started_here=started,
    )


def answered(desk: Desk, action: Action, instance_id: str) -> Heard:
    """The coordinator agreed; the snapshot already shows it. What is ready by now opens."""
    after = replace(desk, acks=_without(desk.acks, action.key))
    if action.do not in (Do.START, Do.RETRY):
        return Heard(after)
    instance = next((i for i in desk.snapshot.instances if i.id == instance_id), None)
    if instance is not None and instance.state is State.READY and instance.url:
        return Heard(after, (), (instance,))
    return Heard(replace(after, started_here=after.started_here | {instance_id}))


def refused(desk: Desk, action: Action, problem: Problem) -> Heard:
    """The coordinator refused, or could not be reached: back as it was, with the reason."""
    after = replace(
        desk,
        acks=_without(desk.acks, action.key),
        refusals={**desk.refusals, action.key: problem},
    )
    instance = instance_of(desk.snapshot, action.key)
    notice = Notice(News.REFUSED, action.key, instance, problem.message, problem.key)
    return Heard(after, (notice,))


def hear(desk: Desk, snapshot: Snapshot, now: datetime) -> Heard:
    """A new snapshot arrived."""
    before = {i.id: i for i in desk.snapshot.instances}
    ids = {i.id for i in snapshot.instances}
    keys = ids | {i.id for i in snapshot.shared} | {f"engine:{e.id}" for e in snapshot.engines}
    notices: list[Notice] = []
    open_now: list[Instance] = []
    started = desk.started_here
    refusals = dict(desk.refusals)
    for instance in snapshot.instances:
        old = before.get(instance.id)
        changed = old is not None and old.state is not instance.state
        if changed or (old is None and instance.id in started):
            refusals.pop(instance.id, None)
            news = _news(old, instance, instance.id in started)
            if news is not None:
                notices.append(Notice(news, instance.id, instance))
        if instance.id in started and instance.state not in BEGINNING:
            if instance.state is State.READY and instance.url:
                open_now.append(instance)
            started = started - {instance.id}
    notices += _guest_news(desk, snapshot)
    known = snapshot.link in (Link.ONLINE, Link.OFFLINE)
    after = Desk(
        snapshot=snapshot,
        acks={k: v for k, v in desk.acks.items() if k in keys or not known},
        refusals={k: v for k, v in refusals.items() if k in keys or not known},
        started_here=started,
        warned={k: v for k, v in desk.warned.items() if k in ids},
        pasts=record(desk.pasts, desk.snapshot, snapshot),
        ahead=_ahead(desk, snapshot, now),
        snoozed_until=desk.snoozed_until,
    )
    later = remind(after, now)
    return Heard(later.desk, (*notices, *later.notices), tuple(open_now))


def filled(desk: Desk, instance_id: str, series: Sequence[Series]) -> Heard:
    """The coordinator told how an instance was used before this program looked."""
    instance = next((i for i in desk.snapshot.instances if i.id == instance_id), None)
    if instance is None:
        return Heard(desk)
    past = fill(desk.pasts.get(instance_id, Past()), instance, series)
    return Heard(replace(desk, pasts={**desk.pasts, instance_id: past}))


def remind(desk: Desk, now: datetime) -> Heard:
    """Tell once of each release that is near; called when time has passed (``next_reminder``)."""
    warned = dict(desk.warned)
    notices = []
    for instance in desk.snapshot.instances:
        if not release_near(instance, now):
            if instance.release_at is None or instance.release_at - now > RELEASE_NEAR:
                warned.pop(instance.id, None)
            continue
        if instance.id not in warned and desk.snapshot.link is Link.ONLINE:
            assert instance.release_at is not None
            warned[instance.id] = instance.release_at
            notices.append(Notice(News.RELEASE_NEAR, instance.id, instance))
    return Heard(replace(desk, warned=warned), tuple(notices))


def next_reminder(desk: Desk, now: datetime) -> datetime | None:
    """When ``remind`` has something to say if nothing else happens; None: never."""
    times = [
        max(i.release_at - RELEASE_NEAR, now)
        for i in desk.snapshot.instances
        if i.state is State.READY and i.release_at and i.release_at > now
        if i.id not in desk.warned
    ]
    return min(times, default=None)


def release_near(instance: Instance, now: datetime) -> bool:
    """Whether a ready instance is given back within the next minutes."""
    return (
        instance.state is State.READY
        and instance.release_at is not None
        and instance.release_at - now <= RELEASE_NEAR
    )


def still_running(desk: Desk) -> tuple[Instance, ...]:
    """What goes on when this program ends."""
    return tuple(i for i in desk.snapshot.instances if i.state in LIVE)


def _ahead(desk: Desk, snapshot: Snapshot, now: datetime) -> timedelta:
    """Told by each message of the coordinator's, which is on its way for a moment only."""
    if snapshot.link is not Link.ONLINE or snapshot.heard_at in (None, desk.snapshot.heard_at):
        return desk.ahead
    assert snapshot.heard_at is not None
    return snapshot.heard_at - now


def instance_of(snapshot: Snapshot, key: str) -> Instance | None:
    """One's own instance, or one that is shared with one, by its id."""
    return next((i for i in known_instances(snapshot) if i.id == key), None)


def known_instances(snapshot: Snapshot) -> tuple[Instance, ...]:
    """One's own, then those that are shared with one."""
    return (*snapshot.instances, *snapshot.shared)


def opens_for_guest(instance: Instance) -> bool:
    """Whether a guest has something to open: a visit starts it for one who may use it, and who
    looks on sees it only while it runs."""
    if not instance.url:
        return False
    if instance.access is Access.VIEW:
        return instance.state is State.READY
    return instance.state is not State.STOPPING


def _guest_news(desk: Desk, snapshot: Snapshot) -> list[Notice]:
    """What is shared since the last list, and what no longer is. What was there when this program
    came to know the person is no news, nor is a share that one gave back or whose time is over."""
    before = desk.snapshot
    followed = before.link in (Link.ONLINE, Link.OFFLINE) and before.heard_at is not None
    if not followed or before.person != snapshot.person or snapshot.link is not Link.ONLINE:
        return []
    old, new = {i.id for i in before.shared}, {i.id for i in snapshot.shared}
    told = [Notice(News.SHARED, i.id, i) for i in snapshot.shared if i.id not in old]
    for gone in before.shared:
        left = gone.id in new or desk.acks.get(gone.id) is Do.LEAVE
        if not left and not _over(gone, snapshot.heard_at):
            told.append(Notice(News.UNSHARED, gone.id, gone))
    return told


def _over(guest: Instance, now: datetime | None) -> bool:
    return guest.shared_until is not None and now is not None and guest.shared_until <= now


def _news(old: Instance | None, new: Instance, started_here: bool) -> News | None:
    match new.state:
        case State.READY:
            # Back from silence is no news: the page went on working.
            if old is not None and old.state not in BEGINNING and not started_here:
                return None
            return News.READY
        case State.FAILED:
            return News.FAILED
        case State.STOPPED if new.stop not in (Stop.BY_CREATOR, Stop.UNKNOWN):
            return News.RELEASED
    return None


def _without(values: Mapping[str, T], key: str) -> dict[str, T]:
    return {k: v for k, v in values.items() if k != key}
