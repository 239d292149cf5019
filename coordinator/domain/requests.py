"""What people ask for: one function per request, the same whoever asks (pitfall 26).

Each checks everything before it changes anything, so that a refusal leaves no trace.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from coordinator.domain import lifecycle
from coordinator.domain.audit_detail import detail
from coordinator.domain.draft import Draft, Outcome
from coordinator.domain.engine import Engine, EngineId
from coordinator.domain.events import (
    DeleteRequested,
    KeepRequested,
    RenameRequested,
    StartCause,
    StartRequested,
    StopRequested,
)
from coordinator.domain.instance import Instance, InstanceId, Signals, State, StopReason
from coordinator.domain.people import Person, PersonId
from coordinator.domain.refusal import RefusalKind, Refused
from coordinator.domain.sharing import Access, access_of
from coordinator.domain.volume import Volume

NAME_LENGTH = 60


def start(draft: Draft, asked: StartRequested) -> Outcome:
    """Begin, or go on with, an instance; make it if there is none by that name.

    Raises:
        Refused: with one sentence for the person.
    """
    person = able_person(draft, asked.person)
    existing = _existing(draft, asked, person)
    if existing is not None and existing.owner != person.id:
        return _start_as_guest(draft, asked, existing, person)
    if existing is None:
        return Outcome(instance=_make(draft, asked, person), created=True)
    _check_version(draft, existing, asked.version)
    version = asked.version or existing.version
    if version != existing.version:
        changed = replace(existing, version=version)
        draft.put_instance(changed)
        draft.tell(
            existing, changed, "version-changed", f"person {person.id}", f"now version {version}"
        )
    _begin(draft, existing.id, asked.cause, person)
    if draft.instances[existing.id].started_by is not None:
        draft.put_instance(replace(draft.instances[existing.id], started_by=None))
    _seen(draft, existing.id, str(asked.cause))
    return Outcome(instance=draft.instances[existing.id])


def _start_as_guest(
    draft: Draft, asked: StartRequested, instance: Instance, guest: Person
) -> Outcome:
    """A guest who may use it begins what its owner set up: on the owner's account, as it is.

    Raises:
        Refused: another version is asked for, or it cannot be started.
    """
    if asked.version and asked.version != instance.version:
        raise Refused(
            "not-yours",
            f"{instance.name} belongs to somebody else; only its owner chooses its version",
            RefusalKind.FORBIDDEN,
        )
    able_person(draft, instance.owner)
    _check_version(draft, instance, "")
    _begin(draft, instance.id, asked.cause, guest)
    if draft.instances[instance.id] != instance:
        draft.put_instance(replace(draft.instances[instance.id], started_by=guest.id))
        draft.audit(guest.id, "guest-start", instance.id, detail("owner", person=instance.owner))
    _seen(draft, instance.id, f"{asked.cause} by a guest")
    return Outcome(instance=draft.instances[instance.id])


def stop(draft: Draft, asked: StopRequested) -> Outcome:
    instance = instance_or_refuse(draft, asked.instance_id)
    draft.happen(
        instance.id, lifecycle.StopOrdered(asked.reason), "stop-requested", f"person {asked.by}"
    )
    if asked.reason is StopReason.BY_ADMIN:
        draft.audit(asked.by, "instance-stop", instance.id, detail("owner", person=instance.owner))
    return Outcome(instance=draft.instances[instance.id])


def keep(draft: Draft, asked: KeepRequested) -> Outcome:
    """Keep running: counts as a person's act now, and the maximum lifetime begins anew."""
    instance = instance_or_refuse(draft, asked.instance_id)
    if instance.state is not State.READY:
        raise Refused(
            "instance-not-running",
            f"{instance.name} is {instance.state}, so there is nothing to keep running; start it",
            RefusalKind.CONFLICT,
        )
    signals = draft.signals.get(instance.id, Signals())
    draft.put_signals(instance.id, replace(signals, kept_at=draft.now))
    draft.tell(instance, instance, "kept", f"person {asked.by}", "the idle clock begins anew")
    return Outcome(instance=instance)


def rename(draft: Draft, asked: RenameRequested) -> Outcome:
    instance = instance_or_refuse(draft, asked.instance_id)
    name = _clean_name(asked.name)
    for other in owned_by(draft, instance.owner):
        if other.id != instance.id and same_name(other.name, name):
            raise Refused(
                "name-taken",
                f"there is another instance named {other.name}; choose a different name",
                RefusalKind.CONFLICT,
            )
    if name != instance.name:
        renamed = replace(instance, name=name)
        draft.put_instance(renamed)
        detail = f"was {instance.name}, is {name}"
        draft.tell(instance, renamed, "renamed", f"person {asked.by}", detail)
    return Outcome(instance=draft.instances[instance.id])


def delete(draft: Draft, asked: DeleteRequested) -> Outcome:
    """Delete it; its data goes to the trash at once, or as soon as its machine let go of it."""
    instance = instance_or_refuse(draft, asked.instance_id)
    if not instance.delete_wanted:
        draft.happen(
            instance.id, lifecycle.DeleteOrdered(), "delete-requested", f"person {asked.by}"
        )
        draft.audit(asked.by, "instance-delete", instance.id, f"{instance.name}")
    kept_until = draft.now + timedelta(days=draft.studio.policy.trash_days)
    return Outcome(instance=draft.instances[instance.id], kept_until=kept_until)


def instance_or_refuse(draft: Draft, instance_id: InstanceId) -> Instance:
    instance = draft.instances.get(instance_id)
    if instance is None or instance.state is State.DELETED:
        raise Refused(
            "instance-unknown",
            f"there is no instance {instance_id}; it may have been deleted",
            RefusalKind.NOT_FOUND,
        )
    return instance


def person_or_refuse(draft: Draft, person_id: PersonId) -> Person:
    person = draft.people.get(person_id)
    if person is None:
        raise Refused(
            "person-unknown",
            f"nobody by the id {person_id} has ever signed in here; sign in first",
            RefusalKind.NOT_FOUND,
        )
    return person


def able_person(draft: Draft, person_id: PersonId) -> Person:
    """Somebody who may ask for something now.

    Raises:
        Refused: nobody by that id, or the account is disabled.
    """
    person = person_or_refuse(draft, person_id)
    if person.disabled:
        raise Refused(
            "person-disabled",
            f"the account of {person.name} is disabled; ask your IT to enable it",
            RefusalKind.FORBIDDEN,
        )
    return person


def owned_by(draft: Draft, person: PersonId) -> list[Instance]:
    """Their instances that count: neither deleted nor about to be; the oldest first."""
    mine = [
        i
        for i in draft.instances.values()
        if i.owner == person and i.state is not State.DELETED and not i.delete_wanted
    ]
    return sorted(mine, key=lambda i: (i.created_at, i.id))


def _existing(draft: Draft, asked: StartRequested, person: Person) -> Instance | None:
    """Which instance is meant, or None if one is to be made."""
    if asked.instance_id is not None:
        instance = instance_or_refuse(draft, asked.instance_id)
        if access_of(draft, person.id, instance, draft.now) not in (Access.OWNER, Access.USE):
            raise Refused(
                "not-yours",
                "it belongs to somebody else; start an instance of your own",
                RefusalKind.FORBIDDEN,
            )
        if instance.delete_wanted:
            raise Refused(
                "instance-deleted",
                f"{instance.name} is being deleted; start a new one",
                RefusalKind.CONFLICT,
            )
        if asked.engine_id is not None and asked.engine_id != instance.engine_id:
            raise Refused(
                "engine-differs",
                f"{instance.name} is an instance of {instance.engine_id}, not of "
                f"{asked.engine_id}; leave one of the two out",
                RefusalKind.INVALID,
            )
        return instance
    engine = _engine(draft, asked.engine_id)
    of_engine = [i for i in owned_by(draft, person.id) if i.engine_id == engine.id]
    if asked.name:
        return next((i for i in of_engine if same_name(i.name, asked.name)), None)
    if not of_engine:
        return None
    default = next((i for i in of_engine if same_name(i.name, engine.name.en)), None)
    return default or max(of_engine, key=lambda i: (i.state_since, i.id))


def _engine(draft: Draft, engine_id: EngineId | None) -> Engine:
    engines = draft.studio.engines
    if not engine_id:
        raise Refused(
            "engine-missing",
            f"say which engine to start; there are {_listed(engines)}",
            RefusalKind.INVALID,
        )
    engine = engines.get(engine_id)
    if engine is None:
        names = {e.name.en.casefold(): e.id for e in engines.values()}
        by_name = names.get(engine_id.casefold())
        if by_name is not None:
            return engines[by_name]
        near = _nearest(engine_id, engines)
        if not near:
            near = _nearest(engine_id, (e.name.en for e in engines.values()))
        hint = f"did you mean {near}?" if near else f"there are {_listed(engines)}"
        if not engines:
            hint = "the studio has not published an engine yet; ask your IT"
        raise Refused(
            "engine-unknown", f"there is no engine {engine_id}; {hint}", RefusalKind.NOT_FOUND
        )
    return engine


def _check_version(draft: Draft, instance: Instance, wanted: str) -> None:
    engine = draft.studio.engines.get(instance.engine_id)
    if engine is None:
        raise Refused(
            "engine-withdrawn",
            f"the engine {instance.engine_id} is no longer in the studio's catalogue; "
            "its data is kept, ask your IT",
            RefusalKind.CONFLICT,
        )
    running = instance.placement is not None or instance.state in lifecycle.WAITING
    if running and (not wanted or wanted == instance.version):
        return
    if running:
        raise Refused(
            "version-while-running",
            f"{instance.name} is running version {instance.version}; stop it before starting "
            f"version {wanted}",
            RefusalKind.CONFLICT,
        )
    _version_or_refuse(engine, wanted or instance.version)


def _version_or_refuse(engine: Engine, version: str) -> str:
    found = engine.version(version)
    offered = [v.version for v in engine.versions if v.available]
    if found is None:
        near = _nearest(version, offered)
        hint = f"did you mean {near}?" if near else f"there are {_listed(offered)}"
        raise Refused(
            "version-unknown",
            f"{engine.name.en} has no version {version}; {hint}",
            RefusalKind.NOT_FOUND,
        )
    if not found.available:
        raise Refused(
            "version-withdrawn",
            f"version {version} of {engine.name.en} was withdrawn; there are {_listed(offered)}",
            RefusalKind.CONFLICT,
        )
    return version


def _make(draft: Draft, asked: StartRequested, person: Person) -> Instance:
    engine = _engine(draft, asked.engine_id)
    version = _version_or_refuse(engine, asked.version or engine.default_version)
    name = _clean_name(asked.name or engine.name.en)
    check_room(draft, person.id, engine.id, engine.name.en, "start that one")
    if any(same_name(i.name, name) for i in owned_by(draft, person.id)):
        raise Refused(
            "name-taken",
            f"there is another instance named {name}; choose a different name",
            RefusalKind.CONFLICT,
        )
    check_fresh(draft, asked.new_instance_id, asked.new_host)
    if asked.new_volume_id in draft.volumes:
        raise _collision()
    draft.put_volume(Volume(asked.new_volume_id, person.id, draft.now))
    instance = Instance(
        id=asked.new_instance_id,
        owner=person.id,
        engine_id=engine.id,
        version=version,
        name=name,
        host=asked.new_host,
        volume_id=asked.new_volume_id,
        created_at=draft.now,
        state=State.REQUESTED,
        state_since=draft.now,
        requested_at=draft.now,
    )
    draft.put_instance(instance)
    detail = f"{engine.id} {version}, named {name}"
    draft.tell(None, instance, str(asked.cause), f"person {person.id}", detail)
    _seen(draft, instance.id, str(asked.cause))
    return instance


def check_room(
    draft: Draft, person: PersonId, engine_id: EngineId, engine_name: str, instead: str
) -> None:
    """Whether one more instance of that engine is allowed; ``instead`` is what else to do.

    Raises:
        Refused: ``limit-instances`` or ``limit-engine``.
    """
    policy = draft.studio.policy
    mine = owned_by(draft, person)
    if len(mine) >= policy.instances_per_person:
        raise Refused(
            "limit-instances",
            f"you have {len(mine)} instances and the studio allows "
            f"{policy.instances_per_person} for each person; delete one you no longer need",
            RefusalKind.LIMIT,
        )
    same = [i for i in mine if i.engine_id == engine_id]
    if len(same) >= policy.instances_per_engine:
        names = ", ".join(i.name for i in same)
        raise Refused(
            "limit-engine",
            f"you have {names} of {engine_name} already and the studio allows "
            f"{policy.instances_per_engine} of each engine; {instead}",
            RefusalKind.LIMIT,
        )


def check_fresh(draft: Draft, instance_id: InstanceId, host: str) -> None:
    """Host names are never used again, those of deleted instances neither.

    Raises:
        Refused: ``name-collision``.
    """
    taken = not host or any(i.host == host for i in draft.instances.values())
    if taken or instance_id in draft.instances:
        raise _collision()


def _collision() -> Refused:
    return Refused(
        "name-collision",
        "a fresh random name was used before, which hardly ever happens; try again",
        RefusalKind.UNAVAILABLE,
    )


def _begin(draft: Draft, instance_id: InstanceId, cause: StartCause, person: Person) -> None:
    draft.happen(instance_id, lifecycle.Begun(), str(cause), f"person {person.id}")


def _seen(draft: Draft, instance_id: InstanceId, what: str) -> None:
    """A Start or a visit is a person's act: the idle clock begins anew (pitfall 22)."""
    signals = draft.signals.get(instance_id, Signals())
    draft.put_signals(instance_id, replace(signals, person_at=draft.now, person_what=what))


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > NAME_LENGTH or not clean.isprintable():
        raise Refused(
            "name-invalid",
            f"a name has 1 to {NAME_LENGTH} printable characters; this one has {len(clean)}",
            RefusalKind.INVALID,
        )
    return clean


def same_name(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _nearest(word: str, known: Iterable[str]) -> str:
    folded = {k.casefold(): k for k in known}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.5)
    return folded[found[0]] if found else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
