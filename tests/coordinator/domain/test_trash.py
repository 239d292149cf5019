"""The trash: what is in it, and how somebody gets it back with every file in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from coordinator.domain.desired import VolumeAction, VolumeOrder, desired_for
from coordinator.domain.events import (
    DeleteRequested,
    NodeDeclaredOff,
    NodeDisconnected,
    Observed,
    PersonDisabledSet,
    Phase,
    RenameRequested,
    RestoreRequested,
    StartRequested,
    VolumeOrderDone,
)
from coordinator.domain.instance import InstanceId, State
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.refusal import RefusalKind, Refused
from coordinator.domain.trash import Trashed, trash_of
from coordinator.domain.volume import Volume, VolumeId
from coordinator.domain.wording import instance_line, trash_line
from tests.coordinator.bench import Bench
from tests.coordinator.studios import make_engine, make_gpu, observe, start, whole_set

LIN = PersonId("lin")
ONE = InstanceId("i1")
NODE = NodeId("render-01")


@pytest.fixture
def bench() -> Iterator[Bench]:
    policy = Policy(instances_per_person=2, instances_per_engine=2)
    made = Bench(make_engine("comfyui"), make_engine("notebook", gpus=0), policy=policy)
    made.person("lin")
    made.person("kai")
    made.node("render-01", make_gpu("GPU-1"), make_gpu("GPU-2"))
    yield made
    made.close()


def used_and_deleted(bench: Bench, serial: int = 1) -> None:
    """It ran, was deleted, and its machine has put its data into the trash."""
    bench.say(start(serial=serial))
    bench.say(observe(bench.instance(serial), Phase.READY))
    bench.say(DeleteRequested(bench.instance(serial).id, LIN))
    bench.say(observe(bench.instance(serial), Phase.GONE))
    (order,) = orders(bench)
    bench.say(VolumeOrderDone(NODE, order.order_id, True))
    assert orders(bench) == ()


def wanted_back(serial: int = 9, old: InstanceId = ONE, person: PersonId = LIN) -> RestoreRequested:
    return RestoreRequested(old, person, InstanceId(f"i{serial}"), f"host{serial}")


def orders(bench: Bench) -> tuple[VolumeOrder, ...]:
    return desired_for(bench.studio, NODE).volume_orders


def started(serial: int = 9) -> StartRequested:
    return replace(start(), engine_id=None, instance_id=InstanceId(f"i{serial}"))


def refused(bench: Bench, event: RestoreRequested) -> Refused:
    before = bench.studio
    with pytest.raises(Refused) as caught:
        bench.say(event)
    assert bench.studio is before
    return caught.value


def in_trash(bench: Bench, person: PersonId = LIN) -> list[Trashed]:
    return trash_of(bench.studio, person, bench.now)


def volume(bench: Bench, serial: int = 1) -> Volume:
    return bench.studio.volumes[VolumeId(f"v{serial}")]


def line(bench: Bench, serial: int = 9) -> str:
    return instance_line(bench.studio, bench.instance(serial), bench.now).en


def test_what_is_in_the_trash_is_its_owners_and_says_how_long(bench: Bench) -> None:
    assert in_trash(bench) == []
    used_and_deleted(bench)
    cards = bench.studio.nodes[NODE].gpus
    for size in (3_100_000_000, None):  # after the move it was not measured yet
        told = whole_set("render-01", bench.studio.ledger_id, bench.studio.revision, gpus=cards)
        bench.say(replace(told, volumes=((VolumeId("v1"), size),)))
    (found,) = in_trash(bench)
    assert (found.instance.id, found.deleted_at) == (ONE, bench.now)
    assert found.kept_until == bench.now + timedelta(days=30)
    words = trash_line(bench.studio, found, bench.now)
    assert words.en == (
        "Deleted 09:00 UTC, kept until 2026-12-02 09:00 UTC · 3.1 GB · on render-01"
    )
    assert words.zh == ("已删除，09:00 UTC；保留至 2026-12-02 09:00 UTC · 3.1 GB · 位于 render-01")
    assert in_trash(bench, PersonId("kai")) == []
    used_and_deleted(bench, 2)
    assert len(in_trash(bench)) == 2
    bench.wait(timedelta(days=31).total_seconds())
    assert in_trash(bench) == []


def test_a_restored_one_is_new_and_waits_for_its_files(bench: Bench) -> None:
    used_and_deleted(bench)
    outcome = bench.say(wanted_back())
    new = outcome.instance
    assert outcome.created
    assert new is not None
    assert (new.state, new.name, new.host, new.volume_id) == (
        State.STOPPED,
        "Comfyui",
        "host9",
        "v1",
    )
    assert in_trash(bench) == []
    assert bench.studio.instance_at("host1") is None
    (order,) = orders(bench)
    assert (order.action, order.volume_id) == (VolumeAction.RESTORE, "v1")
    assert "brought back on render-01" in line(bench)
    # A start before that has no folder to mount: it waits, with the reason.
    bench.say(started())
    assert bench.state(9) is State.QUEUED
    assert "brought back from the trash" in line(bench)
    bench.load()
    bench.node("render-01", make_gpu("GPU-1"), make_gpu("GPU-2"))
    assert bench.state(9) is State.QUEUED
    assert orders(bench) == (order,)
    bench.say(VolumeOrderDone(NODE, order.order_id, True))
    assert bench.state(9) is State.PLACED
    assert orders(bench) == ()
    assert volume(bench).writer == ("i9", 1)
    bench.wait(timedelta(days=40).total_seconds())
    assert not volume(bench).purging


def test_data_that_does_not_come_back_is_told_and_never_replaced(bench: Bench) -> None:
    used_and_deleted(bench)
    bench.say(wanted_back(), started())
    (order,) = orders(bench)
    bench.say(VolumeOrderDone(NODE, order.order_id, False, "The disk refused."))
    assert bench.state(9) is State.QUEUED
    assert "The disk refused. Tell IT" in line(bench)
    assert orders(bench) == (order,)  # it stands, and is asked again
    bench.say(VolumeOrderDone(NODE, order.order_id, True))
    assert bench.state(9) is State.PLACED


def test_an_answer_to_an_earlier_move_counts_for_nothing(bench: Bench) -> None:
    """Into the trash, out of it and in again: the first answer comes late, or twice."""
    bench.say(start())
    bench.say(observe(bench.instance(), Phase.READY))
    bench.say(DeleteRequested(ONE, LIN))
    bench.say(observe(bench.instance(), Phase.GONE))
    (first,) = orders(bench)
    bench.say(wanted_back())  # before the machine said anything
    bench.say(VolumeOrderDone(NODE, first.order_id, True))
    (back,) = orders(bench)
    assert back.action is VolumeAction.RESTORE
    bench.say(DeleteRequested(InstanceId("i9"), LIN))
    bench.say(VolumeOrderDone(NODE, first.order_id, True))
    bench.say(VolumeOrderDone(NODE, back.order_id, True))
    (again,) = orders(bench)
    assert again.action is VolumeAction.TRASH
    assert again.order_id not in (first.order_id, back.order_id)
    assert not volume(bench).trash_done
    bench.say(VolumeOrderDone(NODE, again.order_id, True))
    assert volume(bench).trash_done
    # Only the newer of the two is in the trash, and comes back once more.
    assert [t.instance.id for t in in_trash(bench)] == ["i9"]
    assert refused(bench, wanted_back(10)).key == "restored-already"
    bench.say(wanted_back(10, InstanceId("i9")))
    assert bench.state(10) is State.STOPPED


def test_an_old_run_on_the_data_ends_before_the_restored_one_begins(bench: Bench) -> None:
    """The machine was declared off and was not: its container still writes those files."""
    bench.say(start())
    bench.say(observe(bench.instance(), Phase.READY))
    old = Observed(ONE, 1, Phase.READY, gpu_uuids=bench.instance().placement.gpu_uuids)  # type: ignore[union-attr]
    bench.say(NodeDisconnected(NODE, "cut off"))
    bench.say(NodeDeclaredOff(NODE, "seen with own eyes", PersonId("it")))
    bench.say(DeleteRequested(ONE, LIN))
    bench.say(wanted_back(), started())
    bench.node("render-01", make_gpu("GPU-1"), make_gpu("GPU-2"))
    bench.show("render-01", old)
    (order,) = orders(bench)
    bench.say(VolumeOrderDone(NODE, order.order_id, True))
    bench.show("render-01", old)
    assert bench.state(9) is State.QUEUED
    assert "an earlier run" in line(bench)
    assert [e.instance_id for e in desired_for(bench.studio, NODE).ended] == [ONE]
    bench.show("render-01")
    assert bench.state(9) is State.PLACED


def test_what_was_never_mounted_is_back_at_once(bench: Bench) -> None:
    bench.say(start(engine="notebook"), DeleteRequested(ONE, LIN))
    assert volume(bench).home is None
    bench.say(wanted_back())
    assert orders(bench) == ()
    assert "Restored 09:00 UTC with your files" in line(bench)
    bench.say(started())
    assert bench.state(9) is State.PLACED


def test_a_machine_that_is_away_is_named(bench: Bench) -> None:
    used_and_deleted(bench)
    bench.say(NodeDisconnected(NODE, "cut off"))
    bench.say(wanted_back())
    assert "as soon as render-01 answers" in line(bench)


def test_names(bench: Bench) -> None:
    used_and_deleted(bench)
    bench.say(start(serial=2), RenameRequested(InstanceId("i2"), "comfyui", LIN))
    bench.say(wanted_back())
    assert bench.instance(9).name == "Comfyui (restored)"
    long = "x" * 60
    bench.say(RenameRequested(InstanceId("i2"), long, LIN), DeleteRequested(InstanceId("i2"), LIN))
    bench.say(observe(bench.instance(2), Phase.GONE))
    bench.say(RenameRequested(InstanceId("i9"), long, LIN))
    bench.say(wanted_back(10, InstanceId("i2")))
    assert bench.instance(10).name == "x" * 49 + " (restored)"


def test_who_may_not(bench: Bench) -> None:
    used_and_deleted(bench)
    other = refused(bench, wanted_back(person=PersonId("kai")))
    assert (other.key, other.kind) == ("not-yours", RefusalKind.FORBIDDEN)
    unknown = refused(bench, wanted_back(old=InstanceId("ghost")))
    assert (unknown.key, unknown.kind) == ("not-in-trash", RefusalKind.NOT_FOUND)
    used = replace(wanted_back(), new_host="host1")
    assert refused(bench, used).key == "name-collision"
    bench.say(start(serial=2), replace(start(serial=3), name="Second"))
    full = refused(bench, wanted_back())
    assert (full.key, full.kind) == ("limit-instances", RefusalKind.LIMIT)
    bench.say(PersonDisabledSet(LIN, True, PersonId("it")))
    assert refused(bench, wanted_back()).key == "person-disabled"


def test_what_is_not_in_the_trash(bench: Bench) -> None:
    bench.say(start())
    assert refused(bench, wanted_back()).key == "not-deleted"
    bench.say(DeleteRequested(ONE, LIN))
    assert refused(bench, wanted_back()).key == "still-deleting"
    bench.say(observe(bench.instance(), Phase.GONE))
    bench.say(wanted_back())
    again = refused(bench, wanted_back(10))
    assert again.key == "restored-already"
    assert "Comfyui" in again.message


def test_nothing_comes_back_once_its_time_is_over(bench: Bench) -> None:
    used_and_deleted(bench)
    bench.now += timedelta(days=30)  # due, and not yet acted upon
    assert refused(bench, wanted_back()).key == "trash-over"
    bench.wait(1)
    (order,) = orders(bench)
    assert order.action is VolumeAction.PURGE
    assert refused(bench, wanted_back()).key == "trash-over"
    bench.say(VolumeOrderDone(NODE, order.order_id, True))
    assert refused(bench, wanted_back()).key == "trash-over"
