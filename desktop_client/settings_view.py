"""What the settings window shows, as a value. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from desktop_client.i18n import knows, say
from desktop_client.model import Account, ApiToken, Link, Problem, Scope, Snapshot
from desktop_client.settings import Settings
from desktop_client.wording import listed, moment, problem_text


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token in words."""

    id: str
    name: str
    text: str  # what it is for, used when
    ends: str = ""  # when it ends, in words
    soon: bool = False  # within a week: a warning


@dataclass(frozen=True, slots=True)
class Openable:
    """An engine that a token can be limited to."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class SettingsView:
    """Attributes:
    state: how things stand with the studio, in one sentence.
    role: in words, or empty while unknown.
    tokens: None while they are not known.
    autostart: None where this system has no such switch, or it is not known yet.
    local: the account is the studio's own, with a page for password and second factor.
    openable: engines that a token can be limited to.
    silent: until when notifications are silent, in words, or empty.
    problem: what did not work last, in one sentence.
    """

    settings: Settings
    studio: str
    address: str
    pin: str
    state: str
    signed_in: bool
    person: str
    email: str = ""
    role: str = ""
    tokens: tuple[TokenRow, ...] | None = None
    local: bool = False
    openable: tuple[Openable, ...] = ()
    autostart: bool | None = None
    silent: str = ""
    problem: str = ""


def settings_view(
    snapshot: Snapshot,
    settings: Settings,
    now: datetime,
    zone: tzinfo | None,
    language: str,
    *,
    account: Account | None = None,
    tokens: Sequence[ApiToken] | None = None,
    autostart: bool | None = None,
    problem: Problem | None = None,
) -> SettingsView:
    """From what is known now."""
    signed_in = snapshot.link in (Link.ONLINE, Link.OFFLINE) and bool(snapshot.person)
    return SettingsView(
        settings=settings,
        studio=snapshot.studio or snapshot.address,
        address=snapshot.address,
        pin=snapshot.pin,
        state=_state(snapshot, language),
        signed_in=signed_in,
        person=account.name if account else snapshot.person,
        email=account.email if account else "",
        role=_role(account.role, language) if account else "",
        tokens=None if tokens is None else _rows(tokens, now, zone, language),
        local=signed_in and bool(snapshot.account_url),
        openable=_openable(snapshot, language),
        autostart=autostart,
        silent=silent_words(settings.snoozed_until, now, zone, language),
        problem=problem_text(problem, language),
    )


def silent_words(until: datetime | None, now: datetime, zone: tzinfo | None, language: str) -> str:
    """``Silent until 15:40``, or nothing."""
    if until is None or until <= now:
        return ""
    return say("settings.silent", language, at=_day_moment(until, now, zone, language))


def _day_moment(at: datetime, now: datetime, zone: tzinfo | None, language: str) -> str:
    if at.astimezone(zone).date() > now.astimezone(zone).date():
        return say("time.tomorrow", language, clock=at.astimezone(zone).strftime("%H:%M"))
    return moment(at, now, zone, language)


def _state(snapshot: Snapshot, language: str) -> str:
    key = f"settings.link.{snapshot.link}"
    if snapshot.link is Link.OFFLINE and snapshot.problem is not None:
        return problem_text(snapshot.problem, language)
    return say(key, language)


def _role(role: str, language: str) -> str:
    key = f"settings.role.{role}"
    return say(key, language) if knows(key) else role


def _openable(snapshot: Snapshot, language: str) -> tuple[Openable, ...]:
    mine = [Openable(i.id, i.name or i.engine_name.spoken(language)) for i in snapshot.instances]
    guests = [
        Openable(i.id, say("settings.token.of", language, name=i.name, owner=i.owner_name))
        for i in snapshot.shared
    ]
    return (
        *sorted(mine, key=lambda o: (o.label.casefold(), o.id)),
        *sorted(guests, key=lambda o: (o.label.casefold(), o.id)),
    )


def _rows(
    tokens: Sequence[ApiToken], now: datetime, zone: tzinfo | None, language: str
) -> tuple[TokenRow, ...]:
    """Those that end soon first, then the newest."""
    newest = sorted(tokens, key=lambda t: t.created_at, reverse=True)
    return tuple(
        TokenRow(
            t.id, t.name, _uses(t, now, zone, language), _end(t, now, zone, language), t.ends_soon
        )
        for t in sorted(newest, key=lambda t: not t.ends_soon)
    )


def _uses(token: ApiToken, now: datetime, zone: tzinfo | None, language: str) -> str:
    """``Engines' APIs: only ComfyUI · read only · last used yesterday 14:02``."""
    told = []
    if Scope.API in token.scopes:
        told.append(say("settings.token.for.api", language))
    if Scope.ENGINES in token.scopes:
        gone = say("settings.token.gone", language)
        names = listed([name or gone for name in token.instance_names])(language)
        key = "settings.token.for.some" if token.instance_ids else "settings.token.for.engines"
        told.append(say(key, language, names=names))
    if token.read_only:
        told.append(say("settings.token.reads", language))
    if token.last_used is None:
        told.append(say("settings.token.never", language))
    else:
        used = moment(token.last_used, now, zone, language)
        told.append(say("settings.token.used", language, used=used))
    whole = " · ".join(told)
    return whole[:1].upper() + whole[1:]


def _end(token: ApiToken, now: datetime, zone: tzinfo | None, language: str) -> str:
    at = moment(token.expires_at, now, zone, language)
    if not token.ends_soon:
        return say("settings.token.end", language, at=at)
    days = int((token.expires_at - now) / timedelta(days=1))
    if days < 1:
        return say("settings.token.end_today", language, at=at)
    key = "settings.token.end_day" if days == 1 else "settings.token.end_days"
    return say(key, language, at=at, days=days)
