"""One instance's life: ``handle(instance, happening, now) -> (instance, effects)``.

The diagram is in docs/architecture.md. Two rules hold everywhere:

* ``placement`` is not None exactly while the instance holds cards and the right to write its
  volume. It ends by the machine's confirmation or by an admin's statement, never by time.
* An instance that holds a placement either shall run there or shall end there
  (:func:`shall_run`); the desired set is made of that alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from coordinator.domain.effects import (
    Effect,
    EndLease,
    LeaveResidue,
    Note,
    QuarantineGpus,
    TakeLease,
    TrashVolume,
)
from coordinator.domain.engine import EngineVersion
from coordinator.domain.events import Observed, Phase
from coordinator.domain.instance import FailReason, Instance, Placement, State, StopReason

RUNNING = frozenset({State.PLACED, State.PREPARING, State.STARTING, State.READY})
WAITING = frozenset({State.REQUESTED, State.QUEUED})
SILENT = frozenset({State.UNREACHABLE, State.LOST})
RESTING = frozenset({State.STOPPED, State.FAILED})


class InvalidTransition(Exception):  # noqa: N818 - it reads as what happened
    """A happening that its state does not allow; carries the evidence. A defect of ours."""

    def __init__(self, instance: Instance, happening: object) -> None:
        super().__init__(
            f"{type(happening).__name__} cannot happen to an instance that is {instance.state}: "
            f"{instance!r}, {happening!r}"
        )
        self.instance = instance
        self.happening = happening


# --- what can happen to one instance ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begun:
    """A Start or a visit was accepted."""


@dataclass(frozen=True, slots=True)
class StopOrdered:
    reason: StopReason


@dataclass(frozen=True, slots=True)
class DeleteOrdered:
    pass


@dataclass(frozen=True, slots=True)
class FoundNoPlace:
    """The placement put it into the queue."""


@dataclass(frozen=True, slots=True)
class FoundPlace:
    placement: Placement
    spec: EngineVersion


@dataclass(frozen=True, slots=True)
class Missing:
    """Its machine shows everything it has, knows what is desired, and does not show this."""


@dataclass(frozen=True, slots=True)
class WentSilent:
    pass


@dataclass(frozen=True, slots=True)
class SilentTooLong:
    pass


@dataclass(frozen=True, slots=True)
class Heard:
    """A sign of life that says nothing new about its phase."""


@dataclass(frozen=True, slots=True)
class MachineRestarted:
    """The machine booted anew: nothing of the old boot runs any more."""


@dataclass(frozen=True, slots=True)
class MachineDeclaredOff:
    pass


@dataclass(frozen=True, slots=True)
class Adopted:
    """An admin took this ledger as the truth although the machine runs a newer epoch of it."""

    placement: Placement
    phase: Phase
    spec: EngineVersion | None


Happening = (
    Begun
    | StopOrdered
    | DeleteOrdered
    | FoundNoPlace
    | FoundPlace
    | Observed
    | Missing
    | WentSilent
    | SilentTooLong
    | Heard
    | MachineRestarted
    | MachineDeclaredOff
    | Adopted
)
Result = tuple[Instance, tuple[Effect, ...]]


def shall_run(instance: Instance) -> bool:
    """Whether its machine shall run it; with a placement and False, it shall end there."""
    if instance.placement is None:
        return False
    state = instance.before_silence if instance.state in SILENT else instance.state
    return state in RUNNING


def handle(instance: Instance, happening: Happening, now: datetime) -> Result:
    """The instance afterwards, and what that asks of the things around it.

    Raises:
        InvalidTransition: the caller broke a rule of the core; the evidence is in the message.
    """
    if instance.state is State.DELETED:
        raise InvalidTransition(instance, happening)
    match happening:
        case Begun():
            return _begin(instance, now)
        case StopOrdered(reason):
            return _stop(instance, reason, now)
        case DeleteOrdered():
            return _delete(instance, now)
        case FoundNoPlace():
            if instance.state not in WAITING:
                raise InvalidTransition(instance, happening)
            return _to(instance, State.QUEUED, now), ()
        case FoundPlace():
            return _place(instance, happening, now)
        case Adopted():
            return _adopt(instance, happening, now)
    if instance.placement is None:
        raise InvalidTransition(instance, happening)
    match happening:
        case Observed():
            return _observe(instance, happening, now)
        case Missing():
            return _miss(instance, now)
        case WentSilent():
            if instance.state in SILENT or instance.state is State.FAILED:
                return instance, ()  # a failed one only waits for its confirmation
            silent = replace(instance, before_silence=instance.state)
            return _to(silent, State.UNREACHABLE, now), ()
        case SilentTooLong():
            if instance.state is not State.UNREACHABLE:
                return instance, ()
            return _to(instance, State.LOST, now), ()
        case Heard():
            return _return(instance, now), ()
        case MachineRestarted():
            return _machine_restarted(instance, now)
        case MachineDeclaredOff():
            placement = instance.placement
            end: Effect = LeaveResidue(placement, instance.id)
            after, effects = _gone(instance, now)
            return after, (end, *effects)


def _to(instance: Instance, state: State, now: datetime) -> Instance:
    """Move to a state; the time of entry changes only if the state does."""
    if state is instance.state:
        return instance
    before = instance.before_silence if state in SILENT else None
    return replace(instance, state=state, state_since=now, before_silence=before)


def _request(instance: Instance, now: datetime) -> Instance:
    return replace(
        _to(instance, State.REQUESTED, now),
        requested_at=now,
        restart_wanted=False,
        stop_reason=None,
        fail_reason=None,
        fail_detail="",
        support_code="",
        ready_at=None,
        parts=(),
    )


def _begin(instance: Instance, now: datetime) -> Result:
    if instance.delete_wanted:
        raise InvalidTransition(instance, Begun())
    if instance.state in WAITING or (instance.state in RUNNING and shall_run(instance)):
        return instance, ()  # it is on its way, or there: asking twice is asking once
    if instance.placement is None:
        return _request(instance, now), ()
    if instance.state is State.FAILED:
        instance = _to(instance, State.STOPPING, now)
    return replace(instance, restart_wanted=True), ()


def _stop(instance: Instance, reason: StopReason, now: datetime) -> Result:
    if instance.state in RESTING:
        return replace(instance, restart_wanted=False), ()
    if instance.placement is None:
        return _rest(instance, reason, now), ()
    asked = replace(instance, restart_wanted=False, stop_reason=instance.stop_reason or reason)
    if asked.state in SILENT:
        return replace(asked, before_silence=State.STOPPING), ()
    return _to(asked, State.STOPPING, now), ()


def _rest(instance: Instance, reason: StopReason | None, now: datetime) -> Instance:
    return replace(
        _to(instance, State.STOPPED, now),
        stop_reason=reason,
        requested_at=None,
        restart_wanted=False,
        parts=(),
    )


def _delete(instance: Instance, now: datetime) -> Result:
    if instance.placement is None:
        return _deleted(instance, now)
    after, effects = _stop(instance, StopReason.BY_CREATOR, now)
    if after.state is State.FAILED:
        after = _to(after, State.STOPPING, now)
    return replace(after, delete_wanted=True), effects


def _deleted(instance: Instance, now: datetime) -> Result:
    gone = replace(
        _to(instance, State.DELETED, now),
        requested_at=None,
        restart_wanted=False,
        delete_wanted=False,
    )
    return gone, (TrashVolume(instance.volume_id),)


def _place(instance: Instance, found: FoundPlace, now: datetime) -> Result:
    placement = found.placement
    if instance.state not in WAITING or placement.epoch != instance.epoch + 1:
        raise InvalidTransition(instance, found)
    placed = replace(
        _to(instance, State.PLACED, now),
        placement=placement,
        epoch=placement.epoch,
        spec=found.spec,
        requested_at=None,
        placed_at=now,
        image_digest=found.spec.digest,
    )
    lease = TakeLease(instance.volume_id, instance.id, placement.epoch, placement.node_id)
    return placed, (lease,)


def _adopt(instance: Instance, adopted: Adopted, now: datetime) -> Result:
    placement = adopted.placement
    if placement.epoch < instance.epoch:
        raise InvalidTransition(instance, adopted)
    effects: list[Effect] = []
    old = instance.placement
    if old is not None and old.node_id != placement.node_id:
        effects.append(LeaveResidue(old, instance.id))
    state = _PHASE_STATES.get(adopted.phase, State.STOPPING)
    after = replace(
        _to(instance, state, now),
        placement=placement,
        epoch=placement.epoch,
        spec=adopted.spec or instance.spec,
        requested_at=None,
        ready_at=now if state is State.READY else None,
        stop_reason=None,
        fail_reason=None,
        fail_detail="",
    )
    effects.append(TakeLease(instance.volume_id, instance.id, placement.epoch, placement.node_id))
    return after, tuple(effects)


_PHASE_STATES = {
    Phase.PREPARING: State.PREPARING,
    Phase.STARTING: State.STARTING,
    Phase.READY: State.READY,
}
_ORDER = (State.PLACED, State.PREPARING, State.STARTING, State.READY)


def _observe(instance: Instance, seen: Observed, now: datetime) -> Result:
    if seen.image_digest:
        instance = replace(instance, image_digest=seen.image_digest)
    match seen.phase:
        case Phase.PREPARING | Phase.STARTING | Phase.READY:
            return _advance(instance, seen, now), ()
        case Phase.STOPPING:
            return _return(instance, now), ()
        case Phase.EXITED:
            return _exited(instance, seen, now)
        case Phase.FAILED:
            if not shall_run(instance):
                return _gone(instance, now)
            failed = _fail(instance, seen.fail_reason or FailReason.START, seen.error, now)
            return _gone(failed, now)
        case Phase.GONE:
            if shall_run(instance) and instance.state not in SILENT:
                reason = FailReason.PREPARE
                if instance.state in (State.STARTING, State.READY):
                    reason = FailReason.CRASHED
                sentence = seen.error or "its container was removed behind our back"
                return _gone(_fail(instance, seen.fail_reason or reason, sentence, now), now)
            return _gone(instance, now)
        case Phase.GPU_QUARANTINED:
            placement = instance.placement
            assert placement is not None
            kept: tuple[Effect, ...] = (
                QuarantineGpus(placement.node_id, placement.gpu_uuids),
                LeaveResidue(placement, instance.id),
            )
            if shall_run(instance) and instance.state not in SILENT:
                sentence = seen.error or "its container was removed behind our back"
                instance = _fail(instance, seen.fail_reason or FailReason.CRASHED, sentence, now)
            after, effects = _gone(instance, now)
            return after, (*kept, *effects)


def _advance(instance: Instance, seen: Observed, now: datetime) -> Instance:
    """The machine says how far it is; what shall end is not brought back by that."""
    state = _PHASE_STATES[seen.phase]
    if not shall_run(instance):
        return _return(instance, now)
    if seen.parts != instance.parts and state is not State.READY:
        instance = replace(instance, parts=seen.parts)
    if instance.state in SILENT:
        # A machine that adopts its containers probes them again: ready before is ready.
        before = instance.before_silence
        assert before is not None
        if before is State.READY and state is State.STARTING:
            state = State.READY
        instance = _to(instance, state, now)
        if state is State.READY:
            instance = replace(instance, ready_at=instance.ready_at or now, parts=())
        return replace(instance, restart_wanted=False)
    if _ORDER.index(state) <= _ORDER.index(instance.state):
        return instance  # late, or probing again after adoption
    instance = _to(instance, state, now)
    if state is State.READY:
        instance = replace(instance, ready_at=now, parts=())
    return instance


def _return(instance: Instance, now: datetime) -> Instance:
    if instance.state not in SILENT or instance.before_silence is None:
        return instance
    state = instance.before_silence
    returned = _to(instance, state, now)
    if state in RUNNING:
        returned = replace(returned, restart_wanted=False)
    return returned


def _exited(instance: Instance, seen: Observed, now: datetime) -> Result:
    """It ended by itself; its cards are held until the machine confirms that all is gone."""
    if not shall_run(instance):
        return _return(instance, now), ()
    if seen.ended_by_machine:
        return _machine_restarted(instance, now)
    reason = seen.fail_reason or FailReason.CRASHED
    sentence = seen.error or (
        "the engine ended by itself"
        + ("" if seen.exit_code is None else f" with exit code {seen.exit_code}")
    )
    return _fail(instance, reason, sentence, now), ()


def _fail(instance: Instance, reason: FailReason, detail: str, now: datetime) -> Instance:
    code = hashlib.sha256(f"{instance.id}/{instance.epoch}/{reason}".encode()).hexdigest()[:8]
    return replace(
        _to(instance, State.FAILED, now),
        fail_reason=reason,
        fail_detail=detail,
        support_code=code,
        stop_reason=None,
    )


def _miss(instance: Instance, now: datetime) -> Result:
    if not shall_run(instance):
        return _gone(instance, now)
    state = instance.before_silence if instance.state in SILENT else instance.state
    if state in (State.PLACED, State.PREPARING):
        # No container yet, so there is nothing to show: the machine begins (again) by itself.
        return _return(instance, now), ()
    if instance.state in SILENT:
        return _machine_restarted(instance, now)
    # Not freed yet: it shall end now, and the machine confirms that with its proof.
    sentence = "its container is no longer on the machine"
    return _fail(instance, FailReason.CRASHED, sentence, now), ()


def _machine_restarted(instance: Instance, now: datetime) -> Result:
    """Nobody's fault: what was to run is begun again once the old run is confirmed gone."""
    if instance.state is State.FAILED or not shall_run(instance):
        return _return(instance, now), ()
    ending = _to(instance, State.STOPPING, now)
    note = Note("the machine was restarted; it begins again once the old run is confirmed gone")
    return replace(ending, restart_wanted=True, stop_reason=None), (note,)


def _gone(instance: Instance, now: datetime) -> Result:
    """The placement ends: confirmed by the machine, or stated by an admin."""
    placement = instance.placement
    assert placement is not None
    wanted = instance.restart_wanted or (shall_run(instance) and instance.state is not State.FAILED)
    lease = EndLease(instance.volume_id, instance.id, placement.epoch)
    free = replace(instance, placement=None)
    if free.delete_wanted:
        deleted, effects = _deleted(free, now)
        return deleted, (lease, *effects)
    if wanted:
        return _request(free, now), (lease,)
    if free.state is State.FAILED:
        return free, (lease,)
    return _rest(free, free.stop_reason, now), (lease,)
