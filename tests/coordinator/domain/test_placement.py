"""Where, why not, and whose turn: filters, best fit, fairness, reservation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.domain.desired import desired_for
from coordinator.domain.draft import Draft
from coordinator.domain.engine import EngineId
from coordinator.domain.events import (
    DeleteRequested,
    NodeDrainSet,
    NodeObserved,
    NodeRevoked,
    Observed,
    Phase,
    StopRequested,
)
from coordinator.domain.gpu import Gpu, GpuNeed, GpuUuid
from coordinator.domain.instance import Instance, InstanceId, State, StopReason
from coordinator.domain.node import Node, NodeId, Problem
from coordinator.domain.people import PersonId
from coordinator.domain.placement.filters import FILTERS, describe, first_reason
from coordinator.domain.placement.place import place
from coordinator.domain.placement.queue import explain, make_view
from coordinator.domain.placement.view import Chosen, NoPlacement, Request, View
from coordinator.domain.policy import Policy
from coordinator.domain.volume import Volume, VolumeId
from tests.coordinator.bench import BEGIN, Bench
from tests.coordinator.studios import GIB, make_engine, make_gpu, observe, start

LIN = PersonId("lin")
IT = PersonId("it")


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(
        make_engine("comfyui", vram_mib=20 * 1024),
        make_engine("small", vram_mib=8 * 1024),
        make_engine("trainer", gpus=2),
        make_engine("notebook", gpus=0),
        policy=Policy(instances_per_person=20, instances_per_engine=10),
    )
    for person in ("lin", "kai", "mei"):
        made.person(person)
    yield made
    made.close()


def begin(bench: Bench, person: str, engine: str, serial: int) -> Instance:
    asked = replace(start(person, engine, serial), name=f"{engine} {serial}")
    outcome = bench.say(asked)
    assert outcome.instance is not None
    return bench.instance(serial)


def end(bench: Bench, serial: int) -> None:
    bench.say(StopRequested(InstanceId(f"i{serial}"), StopReason.BY_CREATOR, LIN))
    bench.say(observe(bench.instance(serial), Phase.GONE))


def where(bench: Bench, serial: int) -> tuple[str, tuple[str, ...]]:
    placement = bench.instance(serial).placement
    assert placement is not None
    return placement.node_id, tuple(placement.gpu_uuids)


def test_best_fit_keeps_large_cards_for_large_needs(bench: Bench) -> None:
    bench.node("render-01", make_gpu("big", 48), make_gpu("small", 12))
    bench.node("render-02", make_gpu("middle", 24))
    begin(bench, "lin", "small", 1)
    begin(bench, "kai", "comfyui", 2)
    assert where(bench, 1) == ("render-01", ("small",))
    assert where(bench, 2) == ("render-02", ("middle",))


def test_packing_keeps_whole_machines_for_several_cards(bench: Bench) -> None:
    bench.node("render-01", make_gpu("1a"), make_gpu("1b"))
    bench.node("render-02", make_gpu("2a"))
    begin(bench, "lin", "small", 1)
    assert where(bench, 1)[0] == "render-02"
    begin(bench, "lin", "trainer", 2)
    assert where(bench, 2) == ("render-01", ("1a", "1b"))


def test_the_pool_with_priority_is_filled_first(bench: Bench) -> None:
    bench.node("cloud-01", make_gpu("c", 8), pool="cloud")
    bench.node("render-01", make_gpu("r", 48))
    begin(bench, "lin", "small", 1)
    assert where(bench, 1)[0] == "render-01"
    begin(bench, "kai", "small", 2)
    assert where(bench, 2)[0] == "cloud-01"


def test_an_engine_without_a_card(bench: Bench) -> None:
    bench.node("render-01")
    begin(bench, "lin", "notebook", 1)
    assert where(bench, 1) == ("render-01", ())
    begin(bench, "lin", "comfyui", 2)
    assert "render-01 has none" in bench.studio.queue[0].reason.en


def test_equal_places_fall_to_the_name_every_time(bench: Bench) -> None:
    for name in ("render-03", "render-01", "render-02"):
        bench.node(name, make_gpu(f"{name}-b"), make_gpu(f"{name}-a"))
    begin(bench, "lin", "small", 1)
    assert where(bench, 1) == ("render-01", ("render-01-a",))


def test_the_decision_can_be_printed(bench: Bench) -> None:
    bench.node("render-01", make_gpu("a"))
    begin(bench, "lin", "small", 1)
    placed = next(line for line in bench.story() if line.to_state == "placed")
    assert "render-01: pool 10, data 0, waste-mib -16384" in placed.cause


def test_files_stay_where_they_are(bench: Bench) -> None:
    bench.node("render-01", make_gpu("a"))
    begin(bench, "lin", "small", 1)
    end(bench, 1)
    bench.say(replace(start("lin", "small", 1), name="small 1"))
    assert where(bench, 1)[0] == "render-01"
    end(bench, 1)
    begin(bench, "kai", "small", 2)
    bench.node("render-02", make_gpu("b"))
    bench.say(replace(start("lin", "small", 1), name="small 1"))
    assert bench.state(1) is State.QUEUED
    reason = bench.studio.queue[0].reason
    assert reason.en == "needs 8 GB on one card; on render-01 0 free, 1 in use"
    assert "render-01" in reason.zh
    assert "空闲" in reason.zh


def spec_view(bench: Bench) -> tuple[Request, Node, View]:
    bench.node("render-01", make_gpu("a"))
    spec = bench.engines[EngineId("comfyui")].versions[0]
    instance = Instance(
        InstanceId("x"),
        LIN,
        EngineId("comfyui"),
        "2.0",
        "x",
        "x",
        VolumeId("vx"),
        BEGIN,
        State.QUEUED,
        BEGIN,
    )
    view = make_view(Draft(bench.studio, bench.now))
    return Request(instance, spec, None), bench.studio.nodes[NodeId("render-01")], view


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"revoked": True}, "revoked"),
        ({"online": False}, "answering"),
        ({"ledger_refused": True}, "ledger"),
        ({"draining": True}, "draining"),
        ({"can_start": False}, "can-start"),
        ({"can_start": False, "problems": (Problem("no Docker", "无 Docker"),)}, "can-start"),
        ({"memory_bytes": GIB // 2}, "memory"),
        ({"gpus": ()}, "cards"),
        ({"gpus": (make_gpu("a", 12),)}, "cards"),
        ({"gpus": (make_gpu("a", None),)}, "cards"),
        ({"quarantined_gpus": frozenset({GpuUuid("a")})}, "cards"),
    ],
)
def test_each_filter_says_which_node_and_why(
    bench: Bench, change: dict[str, object], rule: str
) -> None:
    """Pitfall 21."""
    request, node, view = spec_view(bench)
    assert first_reason(request, node, view) is None
    changed = replace(node, **change)  # type: ignore[arg-type]
    out = first_reason(request, changed, view)
    assert out is not None
    assert out.filter == rule
    assert out.node_name == "render-01"
    assert "render-01" in out.reason.en
    assert "render-01" in out.reason.zh
    result = place(request, replace(view, nodes={changed.id: changed}))
    assert isinstance(result, NoPlacement)
    assert result.reason == out.reason
    assert [r.filter for r in result.removed] == [rule]


def test_data_elsewhere_and_an_old_run(bench: Bench) -> None:
    request, node, view = spec_view(bench)
    volume = Volume(VolumeId("vx"), LIN, BEGIN, home=NodeId("render-09"))
    out = first_reason(replace(request, volume=volume), node, view)
    assert out is not None
    assert out.filter == "data"
    result = place(replace(request, volume=volume), view)
    assert isinstance(result, NoPlacement)
    assert "no longer has" in result.reason.en


def test_every_filter_has_a_place_in_the_order_of_telling() -> None:
    from coordinator.domain.placement.place import _TELLING

    assert set(_TELLING) == {rule.name for rule in FILTERS}


def test_models_and_compute_capability(bench: Bench) -> None:
    request, node, view = spec_view(bench)
    card = replace(node.gpus[0], compute_capability="8.9")
    node = replace(node, gpus=(card,))
    view = replace(view, nodes={node.id: node})

    def fits(need: GpuNeed) -> bool:
        return isinstance(
            place(replace(request, spec=replace(request.spec, gpu=need)), view), Chosen
        )

    assert fits(GpuNeed(models=("4090", "A100")))
    assert not fits(GpuNeed(models=("A100",)))
    assert fits(GpuNeed(min_compute_capability="8.6"))
    assert not fits(GpuNeed(min_compute_capability="8.10"))
    assert "A100" in describe(GpuNeed(models=("A100",))).zh


def test_an_empty_studio_says_so(bench: Bench) -> None:
    begin(bench, "lin", "small", 1)
    assert bench.studio.queue[0].reason.en == "the studio has no machine yet"
    bench.node("render-01", make_gpu("a"))
    assert bench.state(1) is State.PLACED


@pytest.mark.parametrize("how", ["drain", "revoke", "cannot"])
def test_a_machine_that_may_not_take_more(bench: Bench, how: str) -> None:
    bench.node("render-01", make_gpu("a"), make_gpu("b"))
    begin(bench, "lin", "small", 1)
    node = NodeId("render-01")
    if how == "drain":
        bench.say(NodeDrainSet(node, True, IT))
    elif how == "revoke":
        bench.say(NodeRevoked(node, IT))
    else:
        seen = observe(bench.instance(1), Phase.READY).observed
        studio = bench.studio
        gpus = studio.nodes[node].gpus
        told = NodeObserved(node, studio.ledger_id, studio.revision, (seen,), gpus)
        bench.say(replace(told, can_start=False))
    begin(bench, "kai", "small", 2)
    assert bench.state(2) is State.QUEUED
    assert desired_for(bench.studio, node).run, "what runs there goes on"


def test_creators_take_turns(bench: Bench) -> None:
    """Nobody gets a second engine while somebody waits for the first."""
    bench.node("render-01", make_gpu("a"))
    begin(bench, "lin", "small", 1)
    begin(bench, "lin", "small", 2)
    begin(bench, "lin", "small", 3)
    bench.wait(1)
    bench.show("render-01", observe(bench.instance(1), Phase.READY).observed)
    begin(bench, "kai", "small", 4)
    assert [e.instance_id for e in bench.studio.queue] == ["i4", "i2", "i3"]
    assert [e.position for e in bench.studio.queue] == [1, 2, 3]
    end(bench, 1)
    assert bench.state(4) is State.PLACED


def test_whoever_waited_long_goes_first(bench: Bench) -> None:
    bench.node("render-01", make_gpu("a"), make_gpu("b"))
    for serial in (1, 2, 3):
        begin(bench, "lin", "small", serial)
    assert bench.state(3) is State.QUEUED
    bench.wait(timedelta(minutes=31).total_seconds())
    bench.say(
        NodeObserved(
            NodeId("render-01"),
            bench.studio.ledger_id,
            bench.studio.revision,
            (
                Observed(InstanceId("i1"), 1, Phase.READY),
                Observed(InstanceId("i2"), 1, Phase.READY),
            ),
            bench.studio.nodes[NodeId("render-01")].gpus,
        )
    )
    begin(bench, "kai", "small", 4)
    assert [e.instance_id for e in bench.studio.queue] == ["i3", "i4"]


def test_a_request_for_several_cards_is_not_starved(bench: Bench) -> None:
    bench.node("render-01", make_gpu("a"), make_gpu("b"))
    begin(bench, "lin", "small", 1)
    begin(bench, "lin", "small", 2)
    begin(bench, "kai", "trainer", 3)
    begin(bench, "mei", "small", 4)
    end(bench, 1)
    assert bench.state(3) is State.QUEUED
    assert bench.state(4) is State.QUEUED, "the free card is kept for the trainer"
    kept = next(e for e in bench.studio.queue if e.instance_id == "i4")
    assert "kept for somebody who waits longer" in kept.reason.en
    end(bench, 2)
    assert where(bench, 3)[1] == ("a", "b")
    end(bench, 3)
    assert bench.state(4) is State.PLACED


def test_why_it_waits_machine_by_machine(bench: Bench) -> None:
    bench.node("render-01", make_gpu("a"), make_gpu("b"))
    bench.node("render-02", make_gpu("c"))
    bench.say(NodeDrainSet(NodeId("render-02"), True, IT))
    begin(bench, "lin", "small", 1)
    begin(bench, "lin", "small", 2)
    begin(bench, "kai", "trainer", 3)
    begin(bench, "mei", "small", 4)
    end(bench, 1)

    def why(serial: int) -> dict[str, tuple[str, bool]]:
        draft = Draft(bench.studio, bench.now)
        found = explain(draft, InstanceId(f"i{serial}"))
        assert isinstance(found, NoPlacement)
        told = next(e for e in bench.studio.queue if e.instance_id == f"i{serial}")
        assert found.reason == told.reason, "as its line says"
        assert not draft.must_commit(), "nothing is changed by asking"
        return {r.node_id: (r.filter, r.capacity) for r in found.removed}

    trainer = why(3)
    assert trainer["render-01"] == ("free-cards", True)
    assert trainer["render-02"] == ("draining", False)
    assert why(4)["render-01"] == ("free-cards", True), "kept for the trainer before it"
    assert explain(Draft(bench.studio, bench.now), InstanceId("i2")) is None, "it runs"


def test_a_reservation_does_not_idle_other_machines(bench: Bench) -> None:
    bench.node("render-01", make_gpu("a"), make_gpu("b"))
    begin(bench, "lin", "small", 1)
    begin(bench, "kai", "trainer", 2)
    assert bench.state(2) is State.QUEUED
    bench.node("render-02", make_gpu("c"))
    begin(bench, "mei", "small", 3)
    assert where(bench, 3)[0] == "render-02"


def test_a_herd_in_the_morning_is_queued_and_all_are_served(bench: Bench) -> None:
    """Pitfall 27."""
    bench.node("render-01", make_gpu("a"), make_gpu("b"))
    people = [f"p{n}" for n in range(12)]
    for serial, person in enumerate(people, 1):
        bench.person(person)
        begin(bench, person, "trainer" if serial % 4 == 0 else "small", serial)
    served: list[int] = []
    for _ in range(40):
        running = [s for s in range(1, 13) if bench.instance(s).placement is not None]
        if not running:
            break
        served.append(running[0])
        end(bench, running[0])
        bench.say(DeleteRequested(InstanceId(f"i{running[0]}"), LIN))
    assert sorted(served) == list(range(1, 13))


CARD = st.sampled_from([None, 8, 12, 24, 48])


@settings(max_examples=60, deadline=None)
@given(
    machines=st.lists(st.lists(CARD, max_size=4), min_size=1, max_size=4),
    asks=st.lists(st.sampled_from(["comfyui", "small", "trainer", "notebook"]), max_size=10),
    ends=st.lists(st.integers(1, 10), max_size=8),
)
def test_cards_are_exclusive_and_large_enough(
    machines: list[list[int | None]], asks: list[str], ends: list[int]
) -> None:
    bench = Bench(
        make_engine("comfyui", vram_mib=20 * 1024),
        make_engine("small", vram_mib=8 * 1024),
        make_engine("trainer", gpus=2),
        make_engine("notebook", gpus=0),
        policy=Policy(instances_per_person=20, instances_per_engine=20),
    )
    try:
        for number, cards in enumerate(machines):
            gpus = [make_gpu(f"G{number}-{n}", gib) for n, gib in enumerate(cards)]
            bench.node(f"n{number}", *gpus)
        for serial, engine in enumerate(asks, 1):
            bench.person(f"p{serial % 3}")
            begin(bench, f"p{serial % 3}", engine, serial)
            _check(bench)
        for serial in ends:
            if serial <= len(asks) and bench.instance(serial).placement is not None:
                end(bench, serial)
                _check(bench)
    finally:
        bench.close()


def _check(bench: Bench) -> None:
    taken: set[GpuUuid] = set()
    cards: dict[GpuUuid, Gpu] = {
        g.uuid: g for node in bench.studio.nodes.values() for g in node.gpus
    }
    for instance in bench.studio.instances.values():
        if instance.placement is None:
            continue
        assert instance.spec is not None
        need = instance.spec.gpu
        assert len(instance.placement.gpu_uuids) == need.count
        for uuid in instance.placement.gpu_uuids:
            assert uuid not in taken
            taken.add(uuid)
            total = cards[uuid].memory_total_bytes
            assert need.vram_mib == 0 or (total is not None and total >> 20 >= need.vram_mib)
    # Nobody at the head waits for what is free.
    if bench.studio.queue:
        head = bench.studio.instances[bench.studio.queue[0].instance_id]
        spec = bench.engines[head.engine_id].versions[0]
        volume = bench.studio.volumes[head.volume_id]
        view = make_view(Draft(bench.studio, bench.now))
        assert isinstance(place(Request(head, spec, volume), view), NoPlacement)
