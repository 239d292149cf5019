"""What people ask for: one path, one sentence when refused, asking twice is asking once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from coordinator.domain.desired import VolumeAction, desired_for
from coordinator.domain.engine import EngineId
from coordinator.domain.events import (
    CatalogueLoaded,
    DeleteRequested,
    PersonDisabledSet,
    Phase,
    RenameRequested,
    StartCause,
    StopRequested,
    VolumeOrderDone,
)
from coordinator.domain.instance import InstanceId, State, StopReason
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.refusal import RefusalKind, Refused
from coordinator.domain.volume import VolumeId
from tests.coordinator.bench import Bench
from tests.coordinator.studios import make_engine, make_gpu, observe, start

LIN = PersonId("lin")
ONE = InstanceId("i1")
NODE = NodeId("render-01")


@pytest.fixture
def bench() -> Iterator[Bench]:
    policy = Policy(instances_per_person=3, instances_per_engine=2)
    made = Bench(
        make_engine("comfyui"),
        make_engine("jupyterlab", gpus=0),
        make_engine("invokeai"),
        policy=policy,
    )
    made.person("lin")
    made.person("kai")
    made.node("render-01", make_gpu("GPU-1"), make_gpu("GPU-2"))
    yield made
    made.close()


def refused(bench: Bench, *events: object) -> Refused:
    before = bench.studio
    with pytest.raises(Refused) as caught:
        bench.say(*events)  # type: ignore[arg-type]
    assert bench.studio is before
    message = caught.value.message
    assert message
    assert "\n" not in message
    return caught.value


def test_starting_twice_is_starting_once(bench: Bench) -> None:
    first = bench.say(start(serial=1))
    second = bench.say(start(serial=2))
    assert first.created
    assert not second.created
    assert second.instance is not None
    assert second.instance.id == ONE
    by_id = replace(start(serial=3), engine_id=None, instance_id=ONE)
    assert bench.say(by_id).instance == bench.instance()
    visit = replace(by_id, cause=StartCause.VISIT)
    assert bench.say(visit).instance == bench.instance()
    assert len(bench.studio.instances) == 1


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"engine_id": EngineId("comfiui")}, "engine-unknown", "did you mean comfyui"),
        ({"engine_id": EngineId("x")}, "engine-unknown", "comfyui, invokeai, jupyterlab"),
        ({"engine_id": None}, "engine-missing", "say which engine"),
        ({"version": "2.1"}, "version-unknown", "did you mean 2.0"),
        ({"name": "  "}, "name-invalid", "1 to 60"),
        ({"name": "x" * 61}, "name-invalid", "this one has 61"),
        ({"name": "a\x00b"}, "name-invalid", "printable"),
        ({"instance_id": InstanceId("nope")}, "instance-unknown", "no instance nope"),
        ({"person": PersonId("ghost")}, "person-unknown", "sign in first"),
    ],
)
def test_a_start_that_cannot_be(
    bench: Bench, change: dict[str, object], key: str, words: str
) -> None:
    error = refused(bench, replace(start(), **change))  # type: ignore[arg-type]
    assert error.key == key
    assert words in error.message


def test_an_engine_by_its_name_for_people(bench: Bench) -> None:
    outcome = bench.say(start(engine="ComfyUI"))
    assert outcome.instance is not None
    assert outcome.instance.engine_id == "comfyui"


def test_limits(bench: Bench) -> None:
    """Pitfall 26."""
    bench.say(start(serial=1))
    bench.say(replace(start(serial=2), name="Second"))
    error = refused(bench, replace(start(serial=3), name="Third"))
    assert error.key == "limit-engine"
    assert error.kind is RefusalKind.LIMIT
    bench.say(start(serial=4, engine="jupyterlab"))
    assert refused(bench, start(serial=5, engine="invokeai")).key == "limit-instances"
    # A deleted one makes room.
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, LIN))
    bench.say(observe(bench.instance(), Phase.GONE))
    bench.say(DeleteRequested(ONE, LIN))
    assert bench.say(start(serial=5, engine="invokeai")).created


def test_another_creators_instance_is_refused(bench: Bench) -> None:
    bench.say(start())
    error = refused(bench, replace(start("kai", serial=2), instance_id=ONE))
    assert error.key == "not-yours"
    assert error.kind is RefusalKind.FORBIDDEN


def test_a_disabled_person_is_refused_and_leaves_the_queue(bench: Bench) -> None:
    for serial in (1, 2):
        bench.say(replace(start("kai", serial=serial), name=f"n{serial}"))
    bench.say(start(serial=3))
    assert bench.state(3) is State.QUEUED
    bench.say(PersonDisabledSet(LIN, True, PersonId("it")))
    assert bench.state(3) is State.STOPPED
    assert refused(bench, start(serial=4)).key == "person-disabled"


def test_hosts_are_never_used_again(bench: Bench) -> None:
    bench.say(start())
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, LIN))
    bench.say(observe(bench.instance(), Phase.GONE))
    bench.say(DeleteRequested(ONE, LIN))
    again = replace(start(serial=2), new_host="host1")
    assert refused(bench, again).key == "name-collision"


def test_a_version_changes_only_while_it_rests(bench: Bench) -> None:
    bench.say(start())
    assert refused(bench, replace(start(), version="1.0")).key == "version-while-running"
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, LIN))
    bench.say(observe(bench.instance(), Phase.GONE))
    outcome = bench.say(replace(start(), version="1.0"))
    assert outcome.instance is not None
    assert outcome.instance.version == "1.0"
    run = desired_for(bench.studio, NODE).run
    assert [r.version.version for r in run] == ["1.0"]


def test_a_withdrawn_version_and_engine_are_told(bench: Bench) -> None:
    bench.say(start())
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, LIN))
    bench.say(observe(bench.instance(), Phase.GONE))
    engine = bench.engines[EngineId("comfyui")]
    versions = (replace(engine.versions[0], available=False), engine.versions[1])
    bench.studio = replace(bench.studio, engines={engine.id: replace(engine, versions=versions)})
    error = refused(bench, start())
    assert error.key == "version-withdrawn"
    assert "1.0" in error.message
    bench.studio = replace(bench.studio, engines={})
    assert refused(bench, replace(start(), engine_id=None, instance_id=ONE)).key == (
        "engine-withdrawn"
    )


def test_a_running_engine_keeps_its_version_when_the_catalogue_changes(bench: Bench) -> None:
    bench.say(start())
    before = desired_for(bench.studio, NODE)
    bench.studio = replace(bench.studio, engines={})
    bench.say(CatalogueLoaded())
    assert desired_for(bench.studio, NODE) == before


def test_a_digest_is_resolved_once_for_all(bench: Bench) -> None:
    bench.say(start())
    seen = observe(bench.instance(), Phase.READY)
    bench.say(replace(seen, observed=replace(seen.observed, image_digest="sha256:abc")))
    bench.say(start("kai", serial=2))
    digests = {r.instance.id: r.version.digest for r in desired_for(bench.studio, NODE).run}
    assert digests == {"i1": "", "i2": "sha256:abc"}


def test_stop_while_waiting_and_cancel_of_a_restart(bench: Bench) -> None:
    bench.say(start())
    bench.say(observe(bench.instance(), Phase.READY))
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, LIN))
    bench.say(start())
    assert bench.state() is State.STOPPING
    assert bench.instance().restart_wanted
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, LIN))
    assert not bench.instance().restart_wanted
    bench.say(observe(bench.instance(), Phase.GONE))
    assert bench.state() is State.STOPPED


def test_a_start_while_stopping_begins_again_when_it_is_gone(bench: Bench) -> None:
    bench.say(start())
    bench.say(StopRequested(ONE, StopReason.BY_CREATOR, LIN))
    bench.say(start())
    bench.say(observe(bench.instance(), Phase.GONE))
    assert bench.state() is State.PLACED
    assert bench.instance().epoch == 2


def test_rename(bench: Bench) -> None:
    bench.say(start())
    bench.say(replace(start(serial=2), name="Second"))
    assert refused(bench, RenameRequested(ONE, "second", LIN)).key == "name-taken"
    bench.say(RenameRequested(ONE, "  Portraits  ", LIN))
    assert bench.instance().name == "Portraits"
    assert bench.instance().host == "host1"


def test_delete_moves_the_data_to_a_trash_and_purges_it_in_its_time(bench: Bench) -> None:
    bench.say(start())
    outcome = bench.say(DeleteRequested(ONE, LIN))
    assert outcome.kept_until == bench.now + timedelta(days=30)
    assert bench.state() is State.STOPPING
    assert desired_for(bench.studio, NODE).volume_orders == ()
    bench.say(observe(bench.instance(), Phase.GONE))
    assert bench.state() is State.DELETED
    (order,) = desired_for(bench.studio, NODE).volume_orders
    assert (order.action, order.volume_id) == (VolumeAction.TRASH, "v1")
    bench.say(VolumeOrderDone(NODE, order.order_id, False, "disk broken"))
    assert desired_for(bench.studio, NODE).volume_orders == (order,)
    bench.say(VolumeOrderDone(NodeId("elsewhere"), order.order_id, True))
    assert desired_for(bench.studio, NODE).volume_orders == (order,)
    bench.say(VolumeOrderDone(NODE, order.order_id, True))
    assert desired_for(bench.studio, NODE).volume_orders == ()
    bench.wait(timedelta(days=29).total_seconds())
    assert desired_for(bench.studio, NODE).volume_orders == ()
    bench.wait(timedelta(days=2).total_seconds())
    (order,) = desired_for(bench.studio, NODE).volume_orders
    assert order.action is VolumeAction.PURGE
    bench.say(VolumeOrderDone(NODE, order.order_id, True))
    assert desired_for(bench.studio, NODE).volume_orders == ()
    assert bench.studio.volumes[VolumeId("v1")].purged_at == bench.now
    assert refused(bench, DeleteRequested(ONE, LIN)).key == "instance-unknown"
