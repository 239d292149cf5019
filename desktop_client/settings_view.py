"""What the settings window shows, as a value. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from desktop_client.i18n import knows, say
from desktop_client.model import Account, ApiToken, Link, Problem, Snapshot
from desktop_client.settings import Settings
from desktop_client.wording import moment, problem_text


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token in words."""

    id: str
    name: str
    text: str  # made when, ends when, used when


@dataclass(frozen=True, slots=True)
class SettingsView:
    """Attributes:
    state: how things stand with the studio, in one sentence.
    role: in words, or empty while unknown.
    tokens: None while they are not known.
    autostart: None where this system has no such switch, or it is not known yet.
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


def _rows(
    tokens: Sequence[ApiToken], now: datetime, zone: tzinfo | None, language: str
) -> tuple[TokenRow, ...]:
    return tuple(
        TokenRow(
            t.id,
            t.name,
            say(
                "settings.token.line",
                language,
                end=moment(t.expires_at, now, zone, language),
                used=moment(t.last_used, now, zone, language)
                if t.last_used
                else say("settings.token.never", language),
            ),
        )
        for t in sorted(tokens, key=lambda t: t.created_at, reverse=True)
    )
