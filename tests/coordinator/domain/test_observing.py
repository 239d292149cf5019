"""Level, not edge: silence, return, reboot, crash, residues, quarantine, an old ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from coordinator.domain.desired import desired_for
from coordinator.domain.events import (
    InstanceObserved,
    InstanceReading,
    LedgerAccepted,
    LedgerRefusedByNode,
    NodeDeclaredOff,
    NodeDisconnected,
    NodeObserved,
    NodeRevoked,
    Observed,
    Phase,
    ReadingsTaken,
    StopRequested,
    UnclaimedResolved,
)
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.instance import (
    FailReason,
    InstanceId,
    Refusals,
    RefusedPlace,
    Signal,
    State,
    StopReason,
)
from coordinator.domain.node import NodeId, Unclaimed
from coordinator.domain.people import PersonId
from coordinator.domain.refusal import Refused
from coordinator.domain.volume import VolumeId
from coordinator.domain.wording import instance_line
from tests.coordinator.bench import Bench
from tests.coordinator.studios import connect, make_gpu, observe, start

NODE = NodeId("render-01")
ONE = InstanceId("i1")
IT = PersonId("it")


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    made.person()
    made.person("kai")
    made.node("render-01", make_gpu("GPU-1"))
    made.say(start())
    made.say(observe(made.instance(), Phase.READY))
    yield made
    made.close()


def silence(bench: Bench, seconds: float) -> None:
    bench.say(NodeDisconnected(NODE, "cut off"))
    bench.wait(seconds)


def test_a_short_break_is_nobodys_concern(bench: Bench) -> None:
    silence(bench, 10)
    assert bench.state() is State.READY
    bench.say(connect("render-01"))
    bench.show("render-01", observe(bench.instance(), Phase.READY).observed)
    bench.wait(10)
    assert bench.state() is State.READY


def test_a_silent_stream_counts_as_silence(bench: Bench) -> None:
    bench.wait(16)
    assert bench.state() is State.UNREACHABLE
    assert not bench.studio.nodes[NODE].online
    line = instance_line(bench.studio, bench.instance(), bench.now)
    assert "render-01 has not answered since 09:00 UTC" in line.en


def test_unreachable_then_lost_then_back(bench: Bench) -> None:
    silence(bench, 20)
    assert bench.state() is State.UNREACHABLE
    bench.wait(90)
    assert bench.state() is State.LOST
    assert desired_for(bench.studio, NODE).run, "it is still desired: it may be running"
    bench.say(start())
    assert bench.instance().restart_wanted
    assert bench.state() is State.LOST, "never a second writer"
    bench.say(connect("render-01"))
    bench.show("render-01", observe(bench.instance(), Phase.READY).observed)
    assert bench.state() is State.READY
    assert bench.instance().epoch == 1
    assert not bench.instance().restart_wanted


def test_figures_are_a_sign_of_life(bench: Bench) -> None:
    """An agent that was only suspended sends no new set at first."""
    bench.wait(20)
    assert bench.state() is State.UNREACHABLE
    bench.say(ReadingsTaken(NODE, instances=(InstanceReading(ONE, 1, Signal.IDLE),)))
    assert bench.state() is State.READY


def test_declared_off_frees_its_leases_and_the_old_run_ends_when_it_returns(bench: Bench) -> None:
    silence(bench, 200)
    bench.say(start())
    outcome = bench.say(NodeDeclaredOff(NODE, "burnt", IT))
    assert outcome.leases_freed == 1
    assert bench.studio.volumes[VolumeId("v1")].writer is None
    assert bench.state() is State.QUEUED
    reason = bench.studio.queue[0].reason
    assert reason.en == "your files are on render-01, unreachable since 09:00 UTC"
    assert "09:00" in reason.zh
    # It comes back with the container that it had: that ends first.
    old = Observed(ONE, 1, Phase.READY, gpu_uuids=(GpuUuid("GPU-1"),))
    bench.say(connect("render-01"))
    bench.show("render-01", old)
    assert bench.state() is State.QUEUED
    assert [(e.instance_id, e.epoch) for e in desired_for(bench.studio, NODE).ended] == [(ONE, 1)]
    other = bench.say(start("kai", serial=2))
    assert other.instance is not None
    assert other.instance.state is State.QUEUED, "its card is still in use"
    bench.say(StopRequested(InstanceId("i2"), StopReason.BY_CREATOR, PersonId("kai")))
    bench.show("render-01", Observed(ONE, 1, Phase.GONE))
    assert bench.state() is State.PLACED
    assert bench.instance().epoch == 2
    assert desired_for(bench.studio, NODE).ended == ()


def test_a_rebooted_machine_begins_again(bench: Bench) -> None:
    silence(bench, 200)
    assert bench.state() is State.LOST
    bench.say(connect("render-01", boot="boot-2"))
    assert bench.state() is State.STOPPING
    assert "was restarted" in instance_line(bench.studio, bench.instance(), bench.now).en
    assert desired_for(bench.studio, NODE).ended[0].epoch == 1
    bench.show("render-01", Observed(ONE, 1, Phase.EXITED, exit_code=137))
    assert bench.state() is State.STOPPING
    bench.show("render-01", Observed(ONE, 1, Phase.GONE))
    assert bench.state() is State.PLACED
    assert bench.instance().epoch == 2


def test_a_reboot_does_not_begin_what_was_stopped(bench: Bench) -> None:
    silence(bench, 20)
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, PersonId("lin")))
    assert bench.state() is State.UNREACHABLE
    assert desired_for(bench.studio, NODE).run == ()
    bench.say(connect("render-01", boot="boot-2"))
    bench.show("render-01")
    assert bench.state() is State.STOPPED


def test_a_crash_holds_the_card_until_it_is_proven_free(bench: Bench) -> None:
    exited = Observed(ONE, 1, Phase.EXITED, fail_reason=FailReason.OUT_OF_MEMORY, error="no memory")
    bench.say(InstanceObserved(NODE, exited))
    assert bench.state() is State.FAILED
    assert bench.instance().placement is not None
    line = instance_line(bench.studio, bench.instance(), bench.now)
    assert "Ran out of memory: no memory" in line.en
    assert bench.instance().support_code in line.en
    assert desired_for(bench.studio, NODE).ended[0].instance_id == ONE
    bench.say(start())
    assert bench.state() is State.STOPPING
    bench.say(observe(bench.instance(), Phase.GONE))
    assert bench.state() is State.PLACED


def test_missing_from_a_set_that_knows_it(bench: Bench) -> None:
    bench.show("render-01")
    assert bench.state() is State.FAILED
    assert bench.instance().placement is not None
    bench.show("render-01")
    assert bench.instance().placement is None
    assert bench.state() is State.FAILED


def test_missing_from_a_set_that_cannot_know_it(bench: Bench) -> None:
    ledger_id, gpus = bench.studio.ledger_id, bench.studio.nodes[NODE].gpus
    bench.say(NodeObserved(NODE, ledger_id, 0, (), gpus))
    assert bench.state() is State.READY
    bench.say(NodeObserved(NODE, "another", 99, (), gpus))
    assert bench.state() is State.READY
    bench.say(NodeObserved(NODE, ledger_id, 99, (), gpus))
    assert bench.state() is State.READY, "ours before it went back: an admin decides"


def test_an_unknown_instance_is_left_to_the_quarantine(bench: Bench) -> None:
    mine = observe(bench.instance(), Phase.READY).observed
    bench.show("render-01", mine, Observed(InstanceId("alien"), 3, Phase.READY))
    desired = desired_for(bench.studio, NODE)
    assert desired.ended == ()
    assert [r.instance.id for r in desired.run] == [ONE]


def test_an_unclaimed_container_is_ended_by_order_only(bench: Bench) -> None:
    unclaimed = Unclaimed("c9", "alien", 3, bench.now, bench.now, (GpuUuid("GPU-9"),))
    mine = observe(bench.instance(), Phase.READY).observed
    told = NodeObserved(
        NODE,
        bench.studio.ledger_id,
        bench.studio.revision,
        (mine,),
        (make_gpu("GPU-1"), make_gpu("GPU-9")),
        unclaimed=(unclaimed,),
    )
    bench.say(told)
    bench.say(start("kai", serial=2))
    assert bench.state(2) is State.QUEUED, "the unclaimed container holds the other card"
    with pytest.raises(Refused, match="no unclaimed container c8"):
        bench.say(UnclaimedResolved(NODE, "c8", IT))
    bench.say(UnclaimedResolved(NODE, "c9", IT, keep=True))
    assert desired_for(bench.studio, NODE).ended == (), "its machine holds it"
    bench.say(UnclaimedResolved(NODE, "c9", IT))
    with pytest.raises(Refused, match="being stopped already"):
        bench.say(UnclaimedResolved(NODE, "c9", IT, keep=True))
    ended = desired_for(bench.studio, NODE).ended
    assert [(e.instance_id, e.epoch) for e in ended] == [("alien", 3)]
    gone = Observed(InstanceId("alien"), 3, Phase.GONE)
    bench.say(replace(told, revision=bench.studio.revision, instances=(mine, gone), unclaimed=()))
    assert desired_for(bench.studio, NODE).ended == ()
    assert bench.state(2) is State.PLACED


def test_a_card_that_is_not_proven_free_is_nobodys(bench: Bench) -> None:
    """Pitfall 13."""
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, PersonId("lin")))
    stuck = Observed(ONE, 1, Phase.GPU_QUARANTINED, gpu_uuids=(GpuUuid("GPU-1"),))
    bench.say(InstanceObserved(NODE, stuck))
    assert bench.state() is State.STOPPED
    assert bench.studio.nodes[NODE].quarantined_gpus == {"GPU-1"}
    bench.say(start("kai", serial=2))
    assert bench.state(2) is State.QUEUED
    assert "set aside" in bench.studio.queue[0].reason.en
    bench.load()
    assert bench.studio.nodes[NODE].quarantined_gpus == {"GPU-1"}, "a restart forgets nothing"
    revision = bench.studio.revision
    bench.say(connect("render-01"))
    gpus = (make_gpu("GPU-1"),)
    bench.say(NodeObserved(NODE, bench.studio.ledger_id, revision, (), gpus))
    assert bench.studio.revision > revision
    assert bench.state(2) is State.QUEUED, "a set from before the new desired set proves nothing"
    bench.show("render-01", stuck)
    assert bench.state(2) is State.QUEUED
    bench.say(InstanceObserved(NODE, Observed(ONE, 1, Phase.GONE)))
    assert bench.state(2) is State.PLACED


def test_an_older_epoch_is_ended_where_it_shows(bench: Bench) -> None:
    mine = observe(bench.instance(), Phase.READY).observed
    bench.node("render-02", make_gpu("GPU-2"))
    bench.show("render-02", Observed(ONE, 1, Phase.READY, gpu_uuids=(GpuUuid("GPU-2"),)))
    ended = desired_for(bench.studio, NodeId("render-02")).ended
    assert [(e.instance_id, e.epoch) for e in ended] == [(ONE, 1)]
    bench.show("render-01", mine)
    assert bench.state() is State.READY


def test_a_ledger_that_went_back_waits_for_an_admin(bench: Bench) -> None:
    """Restored from an old copy: the machine runs an epoch that this ledger cannot know."""
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, PersonId("lin")))
    bench.say(observe(bench.instance(), Phase.GONE))
    newer = Observed(ONE, 5, Phase.READY, gpu_uuids=(GpuUuid("GPU-1"),))
    bench.say(LedgerRefusedByNode(NODE, bench.studio.ledger_id, 70))
    bench.say(
        NodeObserved(NODE, bench.studio.ledger_id, 70, (newer,), bench.studio.nodes[NODE].gpus)
    )
    bench.say(start())
    assert bench.state() is State.QUEUED
    assert "IT has to decide" in bench.studio.queue[0].reason.en
    bench.say(LedgerAccepted(NODE, IT))
    assert bench.state() is State.READY
    assert bench.instance().epoch == 5
    run = desired_for(bench.studio, NODE).run
    assert [(r.instance.id, r.epoch, r.gpu_uuids) for r in run] == [(ONE, 5, ("GPU-1",))]
    assert bench.studio.volumes[VolumeId("v1")].writer == (ONE, 5)


def test_a_revoked_machine_has_no_say(bench: Bench) -> None:
    bench.say(NodeRevoked(NODE, IT))
    bench.say(observe(bench.instance(), Phase.GONE))
    assert bench.state() is State.READY
    bench.wait(200)
    assert bench.state() is State.LOST


def test_failed_to_prepare_frees_everything(bench: Bench) -> None:
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, PersonId("lin")))
    bench.say(observe(bench.instance(), Phase.GONE))
    bench.say(start())
    failed = Observed(ONE, 2, Phase.FAILED, fail_reason=FailReason.PREPARE, error="404 for x:1")
    bench.say(InstanceObserved(NODE, failed))
    assert bench.state() is State.FAILED
    assert bench.instance().placement is None
    assert bench.studio.volumes[VolumeId("v1")].writer is None
    assert "Could not be prepared: 404 for x:1" in (
        instance_line(bench.studio, bench.instance(), bench.now).en
    )


def test_the_story_tells_every_transition(bench: Bench) -> None:
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, PersonId("lin")))
    bench.say(observe(bench.instance(), Phase.GONE))
    story = bench.story()
    moves = [(line.from_state, line.to_state) for line in story]
    assert moves == [
        ("", "requested"),
        ("requested", "placed"),
        ("placed", "ready"),
        ("ready", "stopping"),
        ("stopping", "stopped"),
    ]
    assert [line.seq for line in story] == sorted(line.seq for line in story)
    assert story[3].cause == "person lin"
    assert "GPU-1" in story[1].detail


def test_the_first_refusal_of_a_run_is_in_its_story_once(bench: Bench) -> None:
    told = Refusals(14, (RefusedPlace("192.168.1.7", 445, "tcp", 14),), bench.now, bench.now)
    for total in (14, 20):
        reading = InstanceReading(ONE, 1, Signal.IDLE, refusals=replace(told, total=total))
        bench.say(ReadingsTaken(NODE, instances=(reading,)))
    (line,) = [line for line in bench.story() if line.event == "refused"]
    assert "14 attempts to connect (192.168.1.7:445)" in line.detail
    assert bench.studio.usage[ONE].refusals == replace(told, total=20)


def test_an_old_refusal_told_to_a_coordinator_that_came_back_is_no_news(bench: Bench) -> None:
    long_ago = bench.now - timedelta(hours=1)
    reading = InstanceReading(ONE, 1, Signal.IDLE, refusals=Refusals(3, (), long_ago, long_ago))
    bench.say(ReadingsTaken(NODE, instances=(reading,)))
    assert not [line for line in bench.story() if line.event == "refused"]
    assert bench.studio.usage[ONE].refusals is not None
