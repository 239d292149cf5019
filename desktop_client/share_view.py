"""What the window for sharing one engine shows, as a value. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from desktop_client.i18n import say
from desktop_client.model import Access, Found, Problem, Share
from desktop_client.wording import moment, problem_text

_HOUR = 60  # minutes
_DAY = 24 * _HOUR
SPANS = (_HOUR, 4 * _HOUR, 8 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY)  # minutes
USUAL_SPAN = 8 * _HOUR
_LETTERS_AT_LEAST = 2  # of a Latin name; one sign of a Chinese name is a name's beginning


@dataclass(frozen=True, slots=True)
class ShareWish:
    """What is asked for: either a person or a team, how far, and for how many minutes."""

    person_id: str
    team: str
    access: Access
    minutes: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could be let in: either a person or a team."""

    label: str
    person_id: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class ShareRow:
    """Somebody who may open it now."""

    id: str
    who: str
    text: str  # how far, until when


@dataclass(frozen=True, slots=True)
class ShareView:
    """Attributes:
    candidates: who matches what was typed.
    note: what there is to say about them: nobody, more, what to type.
    rows: None while they are not known.
    done: what just worked, in one sentence, or empty.
    problem: what did not, in one sentence, or empty.
    """

    name: str
    candidates: tuple[Candidate, ...] = ()
    note: str = ""
    rows: tuple[ShareRow, ...] | None = None
    done: str = ""
    problem: str = ""
    busy: bool = False


def is_searched(query: str) -> bool:
    """Whether there is enough of a name to look for people."""
    wanted = query.strip()
    return len(wanted) >= _LETTERS_AT_LEAST or (bool(wanted) and not wanted.isascii())


def share_view(
    name: str,
    query: str,
    found: Found | None,
    shares: Sequence[Share] | None,
    now: datetime,
    zone: tzinfo | None,
    language: str,
    *,
    shared_with: str = "",
    problem: Problem | None = None,
    busy: bool = False,
) -> ShareView:
    """From what is known now.

    Args:
        found: the answer to ``query``; None while it is awaited.
        shared_with: who was let in just now.
    """
    done = say("share.done", language, who=shared_with) if shared_with else ""
    return ShareView(
        name=name,
        candidates=_candidates(found, language),
        note=_note(query, found, language),
        rows=None if shares is None else tuple(_row(s, now, zone, language) for s in shares),
        done=done,
        problem=problem_text(problem, language),
        busy=busy,
    )


def _candidates(found: Found | None, language: str) -> tuple[Candidate, ...]:
    if found is None:
        return ()
    people = tuple(
        Candidate(f"{p.name} · {p.hint}" if p.hint else p.name, person_id=p.id)
        for p in found.people
    )
    teams = tuple(Candidate(say("share.team", language, team=t), team=t) for t in found.teams)
    return (*people, *teams)


def _note(query: str, found: Found | None, language: str) -> str:
    if found is None:
        return say("share.looking", language)
    if found.more:
        return say("share.more", language)
    if found.people or found.teams:
        return ""
    return say("share.nobody_found" if is_searched(query) else "share.type", language)


def _row(share: Share, now: datetime, zone: tzinfo | None, language: str) -> ShareRow:
    who = say("share.team", language, team=share.team) if share.team else share.person_name
    until = moment(share.expires_at, now, zone, language)
    far = "share.row.view" if share.access is Access.VIEW else "share.row.use"
    return ShareRow(share.id, who, say(far, language, at=until))
