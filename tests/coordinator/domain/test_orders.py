"""What IT orders of machines: names, pools, labels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.domain.audit_detail import words_of
from coordinator.domain.events import NodeEdited, NodeRevoked
from coordinator.domain.instance import State
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.refusal import Refused
from coordinator.domain.wording import instance_line
from coordinator.ledger import read_audit
from tests.coordinator.bench import Bench
from tests.coordinator.studios import enrol, make_gpu, seen, start

NODE, IT = NodeId("render-01"), PersonId("it")


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.say(enrol("render-01"), enrol("render-02"), seen("lin"), seen("it"))
    yield bench
    bench.close()


def _audited(bench: Bench) -> list[tuple[str, str]]:
    rows = read_audit(bench.connection, 100)
    return [(r.action, words_of(r.detail).en) for r in rows if r.action == "node-update"]


def test_name_pool_and_labels_change_together_and_stay(bench: Bench) -> None:
    labels = (("room", "3.14"), ("owner", "VFX"))
    outcome = bench.say(NodeEdited(NODE, IT, name="Schmiede-ä1", pool="cloud", labels=labels))
    assert outcome.node is not None
    assert outcome.node.name == "Schmiede-ä1"
    assert _audited(bench) == [
        (
            "node-update",
            "name render-01 → Schmiede-ä1; pool on-prem → cloud; labels owner=VFX, room=3.14",
        )
    ]
    bench.load()
    node = bench.studio.nodes[NODE]
    assert (node.name, node.pool) == ("Schmiede-ä1", "cloud")
    assert dict(node.labels) == dict(labels)
    assert node.joined_at == bench.now
    bench.say(NodeEdited(NODE, IT, labels=()))
    assert bench.studio.nodes[NODE].labels == ()
    assert bench.studio.nodes[NODE].pool == "cloud"


def test_what_is_so_already_is_no_order(bench: Bench) -> None:
    bench.say(NodeEdited(NODE, IT, name="render-01", pool="on-prem", labels=()))
    assert _audited(bench) == []


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (NodeEdited(NODE, IT, name=""), "node-name"),
        (NodeEdited(NODE, IT, name="two words"), "node-name"),
        (NodeEdited(NODE, IT, name="-x"), "node-name"),
        (NodeEdited(NODE, IT, name="x" * 64), "node-name"),
        (NodeEdited(NODE, IT, name="a\nb"), "node-name"),
        (NodeEdited(NODE, IT, name="Render-02"), "node-name-taken"),
        (NodeEdited(NODE, IT, pool=""), "node-pool"),
        (NodeEdited(NODE, IT, labels=(("", "x"),)), "node-labels"),
        (NodeEdited(NODE, IT, labels=(("a b", "x"),)), "node-labels"),
        (NodeEdited(NODE, IT, labels=(("a", "x\ny"),)), "node-labels"),
        (NodeEdited(NODE, IT, labels=(("a", "x" * 101),)), "node-labels"),
        (NodeEdited(NODE, IT, labels=tuple((f"k{n}", "") for n in range(33))), "node-labels"),
        (NodeEdited(NodeId("render-09"), IT, name="x"), "node-unknown"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    bench: Bench, edit: NodeEdited, key: str
) -> None:
    before = bench.studio
    with pytest.raises(Refused) as caught:
        bench.say(edit)
    assert caught.value.key == key
    assert bench.studio is before


def test_a_revoked_machines_name_is_free_again(bench: Bench) -> None:
    bench.say(NodeRevoked(NodeId("render-02"), IT))
    with pytest.raises(Refused, match="another machine"):  # its id would still mean it
        bench.say(NodeEdited(NODE, IT, name="render-02"))
    bench.say(NodeEdited(NodeId("render-02"), IT, name="old"))
    bench.say(NodeEdited(NODE, IT, name="OLD"))
    assert bench.studio.nodes[NODE].name == "OLD"


def test_a_machine_that_joins_again_keeps_its_new_name(bench: Bench) -> None:
    bench.say(NodeEdited(NODE, IT, name="forge"))
    bench.say(enrol("render-01"))
    assert bench.studio.nodes[NODE].name == "forge"
    bench.say(NodeEdited(NodeId("render-02"), IT, name="render-03"))
    bench.say(enrol("render-03"))  # by that id; its name is another's by now
    assert bench.studio.nodes[NodeId("render-03")].name == "render-03-2"


def test_whose_line_names_the_machine_is_told_anew(bench: Bench) -> None:
    bench.node("render-01", make_gpu("GPU-1"))
    bench.say(start())
    assert bench.state() is State.PLACED
    bench.say(NodeEdited(NODE, IT, name="forge"))
    line = instance_line(bench.studio, bench.instance(), bench.now)
    assert line.en == "Preparing on forge"


@settings(deadline=None)  # a studio with real tables for each
@given(st.text(max_size=80))
def test_a_name_that_is_taken_can_be_typed_in_a_filter(name: str) -> None:
    bench = Bench()
    try:
        bench.say(enrol("render-01"), seen("it"))
        try:
            bench.say(NodeEdited(NODE, IT, name=name))
        except Refused:
            return
        assert name
        assert len(name) <= 63
        assert name.isprintable()
        assert not any(c.isspace() or c in "\"':,;" for c in name)
    finally:
        bench.close()
