"""The rows and columns of people and of their tokens. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from desktop_client.admin.model import Fleet, Role
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.cells import DASH
from desktop_client.admin.records import Person, Token
from desktop_client.admin.tables.column import Align, Column, Mark, Speech
from desktop_client.i18n import say
from desktop_client.model import LIVE, Instance
from desktop_client.view_model import Shape

ROLES = (Role.CREATOR, Role.TEAM_LEAD, Role.AUDITOR, Role.ADMIN)
_ORDER = {role: index for index, role in enumerate((Role.UNKNOWN, *ROLES))}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person, and how many of their instances are live now."""

    person: Person
    live: int = 0


def people_rows(people: Iterable[Person], fleet: Fleet) -> list[Somebody]:
    live = Counter(i.owner_id for i in fleet.instances.values() if i.state in LIVE)
    return [Somebody(p, live[p.id]) for p in people]


def live_of(person_id: str, fleet: Fleet) -> list[Instance]:
    """What of somebody's is live now, by name."""
    there = [i for i in fleet.instances.values() if i.owner_id == person_id and i.state in LIVE]
    return sorted(there, key=lambda i: (i.name.casefold(), i.id))


def role_word(role: Role, language: str) -> str:
    return say(f"people.role.{role}", language) if role else DASH


def role_told(person: Person, language: str) -> str:
    """The role, and where it comes from when somebody here gave it."""
    word = role_word(person.role, language)
    if not person.role_overridden:
        return word
    if person.claims_role in (Role.UNKNOWN, person.role):
        return say("people.role.here", language, role=word)
    claims = role_word(person.claims_role, language)
    return say("people.role.here.claims", language, role=word, claims=claims)


def scopes_told(token: Token, language: str) -> str:
    """What a token is good for."""
    comma = "、" if language == "zh" else ", "
    parts = []
    for scope in token.scopes or ("api",):
        if scope == "engines" and token.instances:
            names = comma.join(token.instances)
            parts.append(say("people.token.engines.some", language, names=names))
        else:
            parts.append(say(f"people.token.scope.{scope}", language))
    what = comma.join(parts)
    return say("people.token.read_only", language, what=what) if token.read_only else what


def state_word(person: Person, language: str) -> str:
    return say("people.state.disabled" if person.disabled else "people.state.active", language)


def account_word(person: Person, language: str) -> str:
    return say("people.account.local" if person.local else "people.account.provider", language)


def _mark(somebody: Somebody) -> Mark:
    if somebody.person.disabled:
        return Mark(Shape.STOPPED, struck=True)
    if somebody.person.problem.en:
        return Mark(Shape.ATTENTION)
    return Mark(Shape.READY if somebody.person.sessions or somebody.live else Shape.STOPPED)


def _time(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()


def _ends(token: Token, speech: Speech) -> str:
    when = cells.at(token.expires_at, speech)
    return say("people.token.soon", speech.language, at=when) if token.ends_soon else when


PEOPLE: tuple[Column[Somebody], ...] = (
    Column(
        "name", "people.name", lambda r, s: r.person.name or r.person.id, mark=_mark,
        tooltip=lambda r, s: r.person.problem.spoken(s.language),
        words=lambda r: (r.person.id, r.person.username),
        filter_names=("姓名", "person"), width=150,
    ),
    Column(
        "email", "people.email", lambda r, s: r.person.email or DASH,
        filter_names=("邮箱",), width=180,
    ),
    Column(
        "role", "people.role", lambda r, s: role_word(r.person.role, s.language),
        tooltip=lambda r, s: role_told(r.person, s.language),
        sort=lambda r: _ORDER[r.person.role],
        words=lambda r: (r.person.role,), filter_names=("角色",), values=tuple(ROLES), width=105,
    ),
    Column(
        "teams", "people.teams", lambda r, s: ", ".join(r.person.teams) or DASH,
        filter_names=("团队", "team"), width=120,
    ),
    Column(
        "account", "people.account", lambda r, s: account_word(r.person, s.language),
        words=lambda r: ("local" if r.person.local else "provider",),
        filter_names=("账户",), values=("local", "provider"), width=95,
    ),
    Column(
        "state", "people.state", lambda r, s: state_word(r.person, s.language),
        words=lambda r: ("disabled" if r.person.disabled else "active",),
        filter_names=("状态",), values=("active", "disabled"), width=95,
    ),
    Column(
        "seen", "people.seen", lambda r, s: cells.at(r.person.last_seen, s),
        sort=lambda r: _time(r.person.last_seen),
        tooltip=lambda r, s: cells.stamp(r.person.last_seen, s), width=115,
    ),
    Column(
        "sessions", "people.sessions", lambda r, s: str(r.person.sessions),
        sort=lambda r: r.person.sessions, number=lambda r: r.person.sessions,
        tooltip=lambda r, s: say("people.sessions.meaning", s.language),
        align=Align.END, width=85,
    ),
    Column(
        "tokens", "people.tokens", lambda r, s: str(r.person.tokens),
        sort=lambda r: r.person.tokens, number=lambda r: r.person.tokens,
        align=Align.END, width=90, shown_by_default=False,
    ),
    Column(
        "live", "people.live", lambda r, s: str(r.live),
        sort=lambda r: r.live, number=lambda r: r.live,
        filter_names=("instances",), align=Align.END, width=83,
    ),
    Column("id", "people.id", lambda r, s: r.person.id, width=150, shown_by_default=False),
)  # fmt: skip

TOKENS: tuple[Column[Token], ...] = (
    Column("name", "people.token.name", lambda t, s: t.name or t.id, width=130),
    Column(
        "scopes", "people.token.scopes", lambda t, s: scopes_told(t, s.language),
        tooltip=lambda t, s: scopes_told(t, s.language), width=150,
    ),
    Column(
        "used", "people.token.used", lambda t, s: cells.at(t.last_used, s),
        sort=lambda t: _time(t.last_used), width=110,
    ),
    Column(
        "ends", "people.token.ends", _ends,
        sort=lambda t: _time(t.expires_at), width=110,
    ),
    Column(
        "made", "people.token.made", lambda t, s: cells.at(t.created_at, s),
        sort=lambda t: _time(t.created_at), width=110, shown_by_default=False,
    ),
    Column("id", "people.id", lambda t, s: t.id, width=120, shown_by_default=False),
)  # fmt: skip


def disabling(person: Person, live: list[Instance], speech: Speech) -> tuple[str, ...]:
    """What disabling somebody ends and what it leaves, one sentence each."""
    language = speech.language
    waiting = [i for i in live if i.queue_position is not None]
    running = [i for i in live if i.queue_position is None]
    comma = "、" if language == "zh" else ", "
    lines = [
        say("people.disable.sessions", language, count=person.sessions),
        say("people.disable.tokens", language, count=person.tokens),
    ]
    if running:
        names = comma.join(i.name for i in running)
        lines.append(say("people.disable.running", language, count=len(running), names=names))
    if waiting:
        names = comma.join(i.name for i in waiting)
        lines.append(say("people.disable.waiting", language, count=len(waiting), names=names))
    return tuple(lines)
