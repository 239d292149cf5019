"""The trash: what was deleted and is still kept, and how its owner gets it back.

Restoring makes a new instance of the old data, since nothing of a deleted one is used again: a
link of yesterday must not lead into something else tomorrow. The data itself is brought back by
its machine (see :func:`coordinator.domain.desired.volume_order`); until that is confirmed nobody
writes it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from coordinator.domain.audit_detail import detail
from coordinator.domain.draft import Draft, Outcome
from coordinator.domain.events import RestoreRequested
from coordinator.domain.instance import Instance, State
from coordinator.domain.people import PersonId
from coordinator.domain.refusal import RefusalKind, Refused
from coordinator.domain.requests import (
    NAME_LENGTH,
    able_person,
    check_fresh,
    check_room,
    owned_by,
    same_name,
)
from coordinator.domain.studio import Studio
from coordinator.domain.volume import Volume


@dataclass(frozen=True, slots=True)
class Trashed:
    """A deleted instance whose data can still be brought back."""

    instance: Instance
    volume: Volume
    deleted_at: datetime
    kept_until: datetime


def trash_of(studio: Studio, person: PersonId, now: datetime) -> list[Trashed]:
    """What that person deleted and may have back, the last deleted first."""
    taken_over = {i.restored_from for i in studio.instances.values()}
    found = []
    for instance in studio.instances.values():
        if instance.owner != person or instance.state is not State.DELETED:
            continue
        volume = studio.volumes[instance.volume_id]
        if instance.id in taken_over or volume.trashed_at is None or volume.purge_at is None:
            continue
        if not _is_over(volume, now):
            found.append(Trashed(instance, volume, volume.trashed_at, volume.purge_at))
    return sorted(found, key=lambda t: (t.deleted_at, t.instance.id), reverse=True)


def restore(draft: Draft, asked: RestoreRequested) -> Outcome:
    """A new instance, stopped, with the data of a deleted one.

    Raises:
        Refused: with one sentence for the person; nothing is changed.
    """
    person = able_person(draft, asked.person)
    old = draft.instances.get(asked.instance_id)
    if old is None:
        raise Refused(
            "not-in-trash",
            f"there is no {asked.instance_id} in your trash; list what is there",
            RefusalKind.NOT_FOUND,
        )
    if old.owner != person.id:
        raise Refused(
            "not-yours",
            "it belongs to somebody else; restore one of your own",
            RefusalKind.FORBIDDEN,
        )
    volume = _volume_or_refuse(draft, old)
    engine = draft.studio.engines.get(old.engine_id)
    engine_name = old.engine_id if engine is None else engine.name.en
    instead = "delete it first: its data then goes to the trash in turn"
    check_room(draft, person.id, old.engine_id, engine_name, instead)
    check_fresh(draft, asked.new_instance_id, asked.new_host)
    draft.put_volume(
        replace(
            volume,
            trashed_at=None,
            purge_at=None,
            trash_done=False,
            restoring=volume.home is not None,  # never mounted: there is nothing on any disk
            restore_error="",
            moves=volume.moves + 1,
        )
    )
    instance = Instance(
        id=asked.new_instance_id,
        owner=person.id,
        engine_id=old.engine_id,
        version=old.version,
        name=_free_name(old.name, [i.name for i in owned_by(draft, person.id)]),
        host=asked.new_host,
        volume_id=volume.id,
        created_at=draft.now,
        state=State.STOPPED,
        state_since=draft.now,
        restored_from=old.id,
    )
    draft.put_instance(instance)
    told = f"{old.name} ({old.id}) out of the trash, named {instance.name}"
    draft.tell(None, instance, "restored", f"person {person.id}", told)
    said = detail("restored", name=old.name, instance=instance.id)
    draft.audit(person.id, "instance-restore", old.id, said)
    return Outcome(instance=instance, created=True)


def _volume_or_refuse(draft: Draft, old: Instance) -> Volume:
    """The data of a deleted instance, if it can still be brought back."""
    if old.delete_wanted:
        raise Refused(
            "still-deleting",
            f"{old.name} is still being stopped; restore it once it is in the trash",
            RefusalKind.CONFLICT,
        )
    if old.state is not State.DELETED:
        raise Refused(
            "not-deleted",
            f"{old.name} was not deleted, so there is nothing to restore; start it",
            RefusalKind.CONFLICT,
        )
    newer = next((i for i in draft.instances.values() if i.restored_from == old.id), None)
    if newer is not None:
        if newer.state is State.DELETED:
            words = "was deleted again since; restore the newer one of the two"
        else:
            words = "is among your instances already; start it there"
        raise Refused(
            "restored-already",
            f"{old.name} was restored as {newer.name} and {words}",
            RefusalKind.CONFLICT,
        )
    volume = draft.volumes[old.volume_id]
    if _is_over(volume, draft.now):
        raise Refused(
            "trash-over",
            f"the time of {old.name} in the trash is over and its data is gone or going; "
            "ask your IT for a backup",
            RefusalKind.CONFLICT,
        )
    return volume


def _is_over(volume: Volume, now: datetime) -> bool:
    """Whether its purge began, or is due this very moment."""
    return volume.purging or volume.purged_at is not None or _due(volume.purge_at, now)


def _due(at: datetime | None, now: datetime) -> bool:
    return at is not None and now >= at


def _free_name(name: str, taken: Collection[str]) -> str:
    """The same name if it is free, else with "(restored)" or a number behind it."""
    free, number = name, 1
    while any(same_name(free, other) for other in taken):
        mark = " (restored)" if number == 1 else f" (restored {number})"
        free, number = name[: NAME_LENGTH - len(mark)].rstrip() + mark, number + 1
    return free
