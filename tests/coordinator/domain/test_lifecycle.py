"""The machine itself: every happening in every state either has a meaning or shows its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from coordinator.domain import lease
from coordinator.domain.effects import EndLease, TakeLease, TrashVolume
from coordinator.domain.engine import EngineId
from coordinator.domain.events import Observed, Phase
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.instance import Instance, InstanceId, Placement, State, StopReason
from coordinator.domain.lifecycle import (
    RUNNING,
    SILENT,
    Begun,
    DeleteOrdered,
    FoundNoPlace,
    FoundPlace,
    Heard,
    InvalidTransition,
    MachineDeclaredOff,
    MachineRestarted,
    Missing,
    Result,
    SilentTooLong,
    StopOrdered,
    WentSilent,
    handle,
    shall_run,
)
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.volume import Volume, VolumeId
from tests.coordinator.bench import BEGIN
from tests.coordinator.studios import make_engine

SPEC = make_engine().versions[0]
PLACEMENT = Placement(NodeId("n"), (GpuUuid("g"),), 0, 1)
NEXT = replace(PLACEMENT, epoch=2)
BARE = Instance(
    InstanceId("i"),
    PersonId("p"),
    EngineId("comfyui"),
    "2.0",
    "x",
    "x",
    VolumeId("v"),
    BEGIN,
    State.STOPPED,
    BEGIN,
    epoch=1,
)
LATER = BEGIN + timedelta(minutes=1)


def instances() -> list[Instance]:
    found = []
    for state in State:
        for held in (False, True):
            if held and state in (
                State.REQUESTED,
                State.QUEUED,
                State.STOPPED,
                State.DELETED,
            ):
                continue
            if not held and state in RUNNING | SILENT | {State.STOPPING}:
                continue
            for before in (State.READY, State.STOPPING) if state in SILENT else (None,):
                found.append(
                    replace(
                        BARE,
                        state=state,
                        before_silence=before,
                        placement=PLACEMENT if held else None,
                        spec=SPEC,
                    )
                )
    return found


HAPPENINGS = [
    Begun(),
    StopOrdered(StopReason.IDLE),
    DeleteOrdered(),
    FoundNoPlace(),
    FoundPlace(NEXT, SPEC),
    Missing(),
    WentSilent(),
    SilentTooLong(),
    Heard(),
    MachineRestarted(),
    MachineDeclaredOff(),
    *(Observed(BARE.id, 1, phase) for phase in Phase),
]


def outcome(instance: Instance, happening: object) -> Result | InvalidTransition:
    try:
        return handle(instance, happening, LATER)  # type: ignore[arg-type]
    except InvalidTransition as invalid:
        return invalid


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda h: repr(h)[:40])
@pytest.mark.parametrize("instance", instances(), ids=lambda i: f"{i.state}-{i.before_silence}")
def test_every_happening_in_every_state(instance: Instance, happening: object) -> None:
    result = outcome(instance, happening)
    if isinstance(result, InvalidTransition):
        assert result.instance == instance
        assert result.happening == happening
        assert str(instance.state) in str(result)
        return
    after, effects = result
    assert after.id == instance.id
    assert (after.state in RUNNING | SILENT | {State.STOPPING}) <= (after.placement is not None)
    assert (after.placement is None) or after.state not in (State.STOPPED, State.QUEUED)
    assert (after.before_silence is not None) == (after.state in SILENT)
    if after.state is not instance.state:
        assert after.state_since == LATER
    ended = [e for e in effects if isinstance(e, EndLease)]
    taken = [e for e in effects if isinstance(e, TakeLease)]
    if instance.placement is not None and after.placement is None:
        assert [(e.instance_id, e.epoch) for e in ended] == [(instance.id, 1)]
    else:
        assert not ended
    if instance.placement is None and after.placement is not None:
        assert [(e.instance_id, e.epoch) for e in taken] == [(instance.id, 2)]
    else:
        assert not taken
    if after.state is State.DELETED:
        assert TrashVolume(instance.volume_id) in effects


@pytest.mark.parametrize("instance", instances(), ids=lambda i: f"{i.state}-{i.before_silence}")
def test_what_shall_run_is_never_resting(instance: Instance) -> None:
    if shall_run(instance):
        assert instance.state in RUNNING | SILENT


def test_ready_is_not_taken_back_by_a_late_word() -> None:
    ready = replace(BARE, state=State.READY, placement=PLACEMENT, spec=SPEC, ready_at=BEGIN)
    for phase in (Phase.PREPARING, Phase.STARTING):
        after, _ = handle(ready, Observed(BARE.id, 1, phase), LATER)
        assert after == ready


def test_a_lease_is_one_writers() -> None:
    """Pitfall 19."""
    volume = Volume(VolumeId("v"), PersonId("p"), BEGIN)
    one = TakeLease(volume.id, InstanceId("a"), 1, NodeId("n"))
    held = lease.take(volume, one)
    assert held.writer == ("a", 1)
    assert held.home == "n"
    assert lease.take(held, one) == held
    with pytest.raises(lease.LeaseTaken):
        lease.take(held, replace(one, epoch=2))
    with pytest.raises(lease.LeaseTaken):
        lease.take(held, replace(one, instance_id=InstanceId("b")))
    assert lease.end(held, EndLease(volume.id, InstanceId("a"), 2)) == held
    free = lease.end(held, EndLease(volume.id, InstanceId("a"), 1))
    assert free.writer is None
    with pytest.raises(lease.LeaseTaken):
        lease.take(replace(free, trashed_at=BEGIN), one)
