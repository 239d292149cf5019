"""Somebody who came through a new provider turns out to be a person who was here before."""

from __future__ import annotations

from dataclasses import replace

from coordinator.domain.audit_detail import detail
from coordinator.domain.draft import Draft, Outcome
from coordinator.domain.events import PersonLinked
from coordinator.domain.people import Role
from coordinator.domain.refusal import RefusalKind, Refused
from coordinator.domain.requests import person_or_refuse


def person_linked(draft: Draft, event: PersonLinked) -> Outcome:
    """The newcomer's instances, volumes and shares are the person's from now on.

    Limits on how many one may have are not asked: nothing new is made, and the next start asks.
    """
    newcomer, person = person_or_refuse(draft, event.newcomer), event.person
    before = person_or_refuse(draft, person.id)
    if newcomer.became is not None or before.became is not None or newcomer.id == person.id:
        raise Refused(
            "link-done", "they are one person already; list the people", RefusalKind.CONFLICT
        )
    handed_over = 0
    for instance in list(draft.instances.values()):
        if instance.owner == newcomer.id:
            handed_over += 1
            draft.put_instance(replace(instance, owner=person.id))
    for volume in list(draft.volumes.values()):
        if volume.owner == newcomer.id:
            draft.put_volume(replace(volume, owner=person.id))
    for share in list(draft.shares.values()):
        owner = person.id if share.owner == newcomer.id else share.owner
        guest = person.id if share.person == newcomer.id else share.person
        if guest == owner:
            draft.drop_share(share.id)
        elif (owner, guest) != (share.owner, share.person):
            draft.put_share(replace(share, owner=owner, person=guest))
    draft.put_person(replace(person, disabled=before.disabled))
    draft.put_person(replace(newcomer, role=Role.CREATOR, became=person.id))
    said = detail("linked", newcomer=newcomer.id, count=handed_over)
    draft.audit(event.by, "person-link", person.id, said)
    return Outcome(person=draft.people[person.id])
