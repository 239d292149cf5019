"""Finding a colleague to share with, and telling no more about people than that needs.

Nobody can list the studio's people here: the beginning of a name or a whole e-mail address must be
known, few are told at once, and who asks too often waits.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.people import Person, PersonId
from coordinator.domain.studio import Studio

SHOWN_AT_MOST = 8
QUERY_AT_MOST = 120
_LETTERS_AT_LEAST = 2  # of a Latin name; one sign of a Chinese name is a name's beginning
_ASKED_AT_MOST = 60
_ASKED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to share with. ``hint`` tells two of the same name apart."""

    id: PersonId
    name: str
    hint: str


@dataclass(frozen=True, slots=True)
class Found:
    people: tuple[Colleague, ...]
    teams: tuple[str, ...]
    more: bool  # there are more people than were told


def find_colleagues(studio: Studio, asker: PersonId, query: str) -> Found:
    """Who matches, by the beginning of a word of the name or by the whole e-mail address."""
    wanted = " ".join(query.split()).casefold()[:QUERY_AT_MOST]
    me = studio.people.get(asker)
    teams = () if me is None else tuple(t for t in sorted(me.teams) if wanted in t.casefold())
    if len(wanted) < _LETTERS_AT_LEAST and wanted.isascii():
        return Found((), teams, False)
    matching = sorted(
        (
            person
            for person in studio.people.values()
            if person.id != asker and _is_there(person) and _matches(person, wanted)
        ),
        key=lambda person: (person.name.casefold(), person.id),
    )
    shown = matching[:SHOWN_AT_MOST]
    names = Counter(person.name.casefold() for person in matching)
    people = tuple(
        Colleague(p.id, p.name, _hint(p) if names[p.name.casefold()] > 1 else "") for p in shown
    )
    return Found(people, teams, len(matching) > len(shown))


def one_colleague(studio: Studio, asker: PersonId, query: str) -> Colleague | None:
    """The one who is meant without doubt: the only one who matches, or whose whole name it is."""
    found = find_colleagues(studio, asker, query)
    if len(found.people) == 1:
        return found.people[0]
    whole = " ".join(query.split()).casefold()
    same = [person for person in found.people if person.name.casefold() == whole]
    return same[0] if len(same) == 1 and not found.more else None


def _is_there(person: Person) -> bool:
    """Not disabled, and nobody who turned out to be somebody who was here before."""
    return not person.disabled and person.became is None


def _matches(person: Person, wanted: str) -> bool:
    if person.email and person.email.casefold() == wanted:
        return True
    name = " ".join(person.name.split()).casefold()
    if name.startswith(wanted) or f" {wanted}" in name:
        return True
    return not wanted.isascii() and wanted in name  # names without spaces between their words


def _hint(person: Person) -> str:
    """A part of the e-mail address: enough to know somebody by, too little to write to."""
    local, at, domain = person.email.partition("@")
    return f"{local[:2]}…@{domain}" if at else ""


class AskedTooOften:
    """Counts who looks for people; nobody goes through the alphabet unnoticed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[PersonId, deque[float]] = {}

    def note(self, asker: PersonId) -> None:
        """One more question.

        Raises:
            AigcError: ``asked-too-often``.
        """
        now = self._clock.monotonic()
        times = self._asked.setdefault(asker, deque(maxlen=_ASKED_AT_MOST))
        if len(times) == _ASKED_AT_MOST and now - times[0] < _ASKED_SECONDS:
            raise AigcError(
                "asked-too-often",
                "You have looked for many people in a short time: wait a minute.",
                ErrorKind.LIMIT,
            )
        times.append(now)
