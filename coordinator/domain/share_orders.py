"""What changes shares: somebody lets a guest in, somebody ends that, and what ends by itself."""

from __future__ import annotations

from datetime import timedelta

from coordinator.domain.audit_detail import detail
from coordinator.domain.draft import Draft
from coordinator.domain.events import ShareEndRequested, ShareRequested
from coordinator.domain.instance import Instance
from coordinator.domain.people import Person
from coordinator.domain.refusal import RefusalKind, Refused
from coordinator.domain.requests import able_person, instance_or_refuse
from coordinator.domain.sharing import Access, Share, stands

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=30)
SHARES_AT_MOST = 50  # of one instance


def share(draft: Draft, asked: ShareRequested) -> Instance:
    """Let somebody in. A share with the same person or team is changed, not doubled.

    Raises:
        Refused: with one sentence for the person; nothing is changed.
    """
    owner = able_person(draft, asked.by)
    instance = instance_or_refuse(draft, asked.instance_id)
    if instance.owner != owner.id:
        raise Refused(
            "not-yours",
            f"{instance.name} belongs to somebody else; only its owner can share it",
            RefusalKind.FORBIDDEN,
        )
    if instance.delete_wanted:
        raise Refused("instance-deleted", f"{instance.name} is being deleted", RefusalKind.CONFLICT)
    if asked.access is Access.OWNER:
        raise Refused(
            "share-access", 'Share it to be used ("use") or viewed ("view").', RefusalKind.INVALID
        )
    if not SHORTEST <= asked.lasts <= LONGEST:
        raise Refused(
            "share-time",
            "A share lasts from 5 minutes to 30 days; say how long.",
            RefusalKind.INVALID,
        )
    whom = _whom(draft, owner, asked)
    same = [
        s
        for s in draft.shares.values()
        if s.instance_id == instance.id and s.person == asked.person and s.team == asked.team
    ]
    others = sum(1 for s in draft.shares.values() if s.instance_id == instance.id) - len(same)
    if others >= SHARES_AT_MOST:
        raise Refused(
            "share-limit",
            f"{instance.name} is shared {SHARES_AT_MOST} times already; end some of these first, "
            "or share it with a team",
            RefusalKind.LIMIT,
        )
    if not same and asked.new_share_id in draft.shares:
        raise Refused(
            "name-collision",
            "a fresh random name was used before, which hardly ever happens; try again",
            RefusalKind.UNAVAILABLE,
        )
    made = Share(
        id=same[0].id if same else asked.new_share_id,
        instance_id=instance.id,
        owner=owner.id,
        access=asked.access,
        created_at=draft.now,
        expires_at=draft.now + asked.lasts,
        person=asked.person,
        team=asked.team,
    )
    draft.put_share(made)
    until = f"{made.expires_at:%Y-%m-%d %H:%M} UTC"
    told = f"with {whom} to {made.access} until {until}"
    draft.tell(instance, instance, "shared", f"person {owner.id}", told)
    said = detail("shared", whom=whom, access=made.access, until=until, share=made.id)
    draft.audit(owner.id, "share", instance.id, said)
    return instance


def end_share(draft: Draft, asked: ShareEndRequested) -> None:
    """Let somebody in no longer: by the owner, by who was named, or by IT.

    Raises:
        Refused: there is no such share, or it is not theirs to end.
    """
    found = draft.shares.get(asked.share_id)
    allowed = found is not None and (asked.as_admin or asked.by in (found.owner, found.person))
    if found is None or not allowed:
        # The same words for both: whoever guesses ids learns nothing.
        raise Refused(
            "share-unknown",
            "there is no such share of yours, or it ended already; list them",
            RefusalKind.NOT_FOUND,
        )
    _end(draft, found, f"person {asked.by}", "revoked")
    said = detail("share-ended", whom=_name(draft, found), share=found.id)
    draft.audit(asked.by, "unshare", found.instance_id, said)


def sweep(draft: Draft) -> None:
    """End what has lost its ground. Called at the end of every batch, whatever happened in it."""
    for known in list(draft.shares.values()):
        why = _why_over(draft, known)
        if why:
            _end(draft, known, "rule", why)


def _why_over(draft: Draft, known: Share) -> str:
    if draft.now >= known.expires_at:
        return "its time is over"
    if not stands(draft, known):
        return "the instance, its owner or the guest is no longer there"
    return ""


def _end(draft: Draft, known: Share, cause: str, why: str) -> None:
    draft.drop_share(known.id)
    instance = draft.instances.get(known.instance_id)
    if instance is not None:
        told = f"with {_name(draft, known)}: {why}"
        draft.tell(instance, instance, "share-ended", cause, told)


def _whom(draft: Draft, owner: Person, asked: ShareRequested) -> str:
    if (asked.person is None) == (not asked.team):
        raise Refused(
            "share-whom", "Say one person or one team to share it with.", RefusalKind.INVALID
        )
    if asked.person is None:
        if asked.team not in owner.teams:
            raise Refused(
                "team-unknown",
                f"You are in no team {asked.team}; you can share with your own teams.",
                RefusalKind.NOT_FOUND,
            )
        return f"team {asked.team}"
    guest = draft.people.get(asked.person)
    if guest is None or guest.disabled or guest.became is not None:
        raise Refused(
            "colleague-unknown",
            "nobody by that id can be shared with; look the colleague up by name",
            RefusalKind.NOT_FOUND,
        )
    if guest.id == owner.id:
        raise Refused("share-self", "it is yours already", RefusalKind.INVALID)
    return f"{guest.name} ({guest.id})"


def _name(draft: Draft, known: Share) -> str:
    if known.person is None:
        return f"team {known.team}"
    guest = draft.people.get(known.person)
    return known.person if guest is None else f"{guest.name} ({guest.id})"
