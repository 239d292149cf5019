"""Sharing: who else may open an instance, how far, and until when.

What a share says and what holds at this moment are two things; :func:`access_of` asks for both, so
that no order of events leaves somebody with access that nobody gives them any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

from coordinator.domain.instance import Instance, InstanceId, State
from coordinator.domain.people import Person, PersonId

ShareId = NewType("ShareId", str)


class Access(StrEnum):
    """What somebody may do with an instance at the gateway; from least to most."""

    VIEW = "view"  # look on
    USE = "use"  # whatever the engine's pages offer; a visit starts it
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Share:
    """One instance for one person or one team, until ``expires_at``. ``access`` is never OWNER."""

    id: ShareId
    instance_id: InstanceId
    owner: PersonId
    access: Access
    created_at: datetime
    expires_at: datetime
    person: PersonId | None = None
    team: str = ""

    def is_for(self, person: Person) -> bool:
        """Whether it means that person now: by name, or as a member of the team."""
        if self.person is not None:
            return self.person == person.id
        return bool(self.team) and self.team in person.teams and person.id != self.owner


class Sharers(Protocol):
    """The part of a studio, or of a draft of one, that decides about access."""

    @property
    def people(self) -> Mapping[PersonId, Person]: ...
    @property
    def instances(self) -> Mapping[InstanceId, Instance]: ...
    @property
    def shares(self) -> Mapping[ShareId, Share]: ...
    def shares_at(self, instance_id: InstanceId) -> Iterable[Share]: ...


def access_of(
    studio: Sharers, person_id: PersonId, instance: Instance, now: datetime
) -> Access | None:
    """What that person may do with that instance at this moment; None: nothing."""
    person = studio.people.get(person_id)
    if person is None or person.disabled or instance.state is State.DELETED:
        return None
    if instance.owner == person_id:
        return Access.OWNER
    best = best_share(
        share for share in shares_of(studio, instance.id, now) if share.is_for(person)
    )
    return None if best is None else best.access


def best_share(shares: Iterable[Share]) -> Share | None:
    """The one that gives most, and of these the one that lasts longest."""
    return max(shares, key=lambda s: (s.access is Access.USE, s.expires_at), default=None)


def shares_of(studio: Sharers, instance_id: InstanceId, now: datetime) -> Iterator[Share]:
    """The shares of an instance that hold at this moment."""
    for share in studio.shares_at(instance_id):
        if now < share.expires_at and stands(studio, share):
            yield share


def shared_with(
    studio: Sharers, person_id: PersonId, now: datetime
) -> list[tuple[Instance, Share]]:
    """Others' instances that somebody may open now, each with the share that gives most."""
    person = studio.people.get(person_id)
    if person is None or person.disabled:
        return []
    found: dict[InstanceId, list[Share]] = {}
    for share in studio.shares.values():
        if now < share.expires_at and share.is_for(person) and stands(studio, share):
            found.setdefault(share.instance_id, []).append(share)
    listed = []
    for instance_id, shares in found.items():
        best = best_share(shares)
        assert best is not None
        listed.append((studio.instances[instance_id], best))
    return sorted(listed, key=lambda pair: (pair[0].name.casefold(), pair[0].id))


def guests_of(studio: Sharers, instance: Instance, now: datetime) -> dict[PersonId, Share]:
    """Everybody but the owner who may open an instance now, with the share that gives most."""
    guests: dict[PersonId, list[Share]] = {}
    for share in shares_of(studio, instance.id, now):
        if share.person is not None:
            guests.setdefault(share.person, []).append(share)
            continue
        for person in studio.people.values():
            if share.is_for(person) and not person.disabled:
                guests.setdefault(person.id, []).append(share)
    best = ((person, best_share(shares)) for person, shares in guests.items())
    return {person: share for person, share in best if share is not None}


def stands(studio: Sharers, known: Share) -> bool:
    """Whether everything that it speaks of is still so. Teams are looked at person by person."""
    instance = studio.instances.get(known.instance_id)
    if instance is None or instance.state is State.DELETED or instance.delete_wanted:
        return False
    if instance.owner != known.owner:
        return False
    named = (known.owner, known.person) if known.person is not None else (known.owner,)
    people = (studio.people.get(person) for person in named)
    return all(person is not None and not person.disabled for person in people)
