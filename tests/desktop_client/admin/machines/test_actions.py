"""What is done to machines names its victims."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.machines.actions import (
    DANGEROUS,
    Act,
    consequence,
    first_offer,
    offers,
    pools,
    relabelled,
    shared_labels,
    subjects,
    unclaimed_name,
    wrong_labels,
    wrong_name,
    wrong_pool,
)
from desktop_client.admin.model import Node, Unclaimed
from desktop_client.model import State
from tests.desktop_client.admin.machines.fleets import fleet, instance, node

CONFIRMED = (Act.DRAIN, Act.REVOKE, Act.DECLARE_OFF, Act.ACCEPT_LEDGER)


def test_drain_as_the_design_says_it() -> None:
    home, other = node(), node("render-05")
    held = tuple(instance(f"ComfyUI-{i}", home, owner) for i, owner in enumerate("ABC"))
    waiting = tuple(instance(f"q{i}", None) for i in range(2))
    full = fleet(home, other, instances=held + waiting)
    said = consequence(Act.DRAIN, [full.nodes[home.id]], full, "en")
    assert said.title == "Drain render-04: 3 creators keep working, 2 queued go elsewhere"
    assert said.verb == "Drain render-04"
    assert said.victims == ("ComfyUI-0 of A", "ComfyUI-1 of B", "ComfyUI-2 of C")
    assert not said.danger
    both = consequence(Act.DRAIN, list(full.nodes.values()), full, "en")
    assert both.title == (
        "Drain render-04, render-05: 3 creators keep working, "
        "2 queued wait: no other machine takes engines"
    )
    assert both.victims[0] == "ComfyUI-0 of A, on render-04"
    zh = consequence(Act.DRAIN, [full.nodes[home.id]], full, "zh")
    assert zh.title == "将 render-04 设为维护：3 位创作者可继续使用，2 个排队请求将转到其他机器"


def test_one_and_nobody() -> None:
    home = node()
    full = fleet(home, instances=(instance("ComfyUI", home), instance("Jupyter", home)))
    said = consequence(Act.DRAIN, [full.nodes[home.id]], full, "en")
    assert said.title == "Drain render-04: 1 creator keeps working"
    empty = fleet(home)
    assert consequence(Act.DRAIN, [home], empty, "en").title.endswith("nobody works there")
    assert "no engine is there" in consequence(Act.REVOKE, [home], empty, "en").title


def test_revoke_and_off_say_what_becomes_of_the_engines() -> None:
    home = node()
    full = fleet(home, instances=(instance("A", home, "x"), instance("B", home, "y")))
    here = [full.nodes[home.id]]
    said = consequence(Act.REVOKE, here, full, "en")
    assert said.title == "Revoke render-04: 2 engines of 2 people are cut off"
    assert "keep running" in said.sentence
    off = consequence(Act.DECLARE_OFF, here, full, "en")
    assert "count as ended" in off.title
    assert "two writers" in off.sentence
    assert said.danger
    assert off.danger


def test_one_person_is_not_people() -> None:
    home = node()
    two = fleet(home, instances=(instance("A", home, "x"), instance("B", home, "x")))
    said = consequence(Act.REVOKE, [two.nodes[home.id]], two, "en")
    assert said.title == "Revoke render-04: 2 engines of 1 person are cut off"


@given(
    st.integers(0, 6), st.integers(0, 4), st.sampled_from(CONFIRMED),
    st.sampled_from(["en", "zh"]), st.integers(1, 5),
)  # fmt: skip
def test_every_consequence_names_every_engine(
    held: int, waiting: int, act: Act, language: str, machines: int
) -> None:
    homes = [node(f"render-{i}") for i in range(machines)]
    runs = tuple(instance(f"e{i}", homes[i % machines], f"o{i}") for i in range(held))
    queue = tuple(instance(f"q{i}", None) for i in range(waiting))
    full = fleet(*homes, instances=runs + queue)
    said = consequence(act, list(full.nodes.values()), full, language)
    assert len(said.victims) == held
    for run in runs:
        assert any(run.name in line and run.owner_name in line for line in said.victims)
    assert said.title
    assert said.verb
    assert said.sentence
    if machines <= 3:
        assert all(home.name in said.title for home in homes)
    else:
        assert str(machines) in said.title
    assert said.danger == (act in DANGEROUS)


def test_ended_engines_are_no_victims() -> None:
    home = node()
    over = instance("old", home, state=State.STOPPED)
    full = fleet(home, instances=(over,))
    assert consequence(Act.REVOKE, [full.nodes[home.id]], full, "en").victims == ()


def acts(*nodes: Node) -> dict[Act, bool]:
    return {offer.act: offer.enabled for offer in offers(nodes, "en")}


def test_what_is_offered_fits_the_machines() -> None:
    plain = acts(node())
    assert plain[Act.DRAIN]
    assert Act.UNDRAIN not in plain
    assert Act.ACCEPT_LEDGER not in plain
    assert plain[Act.DECLARE_OFF] is False  # refused with its reason
    assert acts(node(online=False))[Act.DECLARE_OFF]
    assert Act.RENAME not in acts(node(), node("render-05"))
    assert Act.REVOKE not in acts(node(revoked=True, online=False))
    assert acts(node(ledger_refused=True))[Act.ACCEPT_LEDGER]
    assert offers([], "en") == ()
    why = next(o.why_not for o in offers([node()], "en") if o.act is Act.DECLARE_OFF)
    assert why.startswith("render-04: online right now")


@pytest.mark.parametrize(
    ("more", "act"),
    [
        ({}, Act.DRAIN),
        ({"draining": True}, Act.UNDRAIN),
        ({"online": False}, Act.DECLARE_OFF),
        ({"ledger_refused": True}, Act.ACCEPT_LEDGER),
    ],
)
def test_one_action_is_right_now(more: dict[str, object], act: Act) -> None:
    offer = first_offer(node("render-04", **more), "en")
    assert offer is not None
    assert (offer.act, offer.enabled) == (act, True)
    assert first_offer(node(revoked=True, online=False), "en") is None


def test_subjects_are_those_that_change() -> None:
    some = (node(draining=True), node("render-05"), node("render-06", revoked=True, online=False))
    assert [n.name for n in subjects(Act.DRAIN, some)] == ["render-05"]
    assert [n.name for n in subjects(Act.UNDRAIN, some)] == ["render-04"]
    with pytest.raises(ValueError, match="no confirmation"):
        consequence(Act.UNDRAIN, some, fleet(*some), "en")


@pytest.mark.parametrize("name", ["render-04", "r", "渲染机-1", "a.b_c"])
def test_names_that_fit(name: str) -> None:
    assert wrong_name(name, node(), fleet(node(), node("other")), "en") == ""
    assert wrong_pool(name, "en") == ""


@pytest.mark.parametrize("name", ["", "-x", "x-", "a b", "x" * 64, 'a"b'])
def test_names_that_do_not(name: str) -> None:
    assert wrong_name(name, node(), fleet(node()), "en")
    assert wrong_pool(name, "zh")


def test_a_name_is_free_or_taken() -> None:
    gone = replace(node("gone"), revoked=True)
    full = fleet(node(), node("other"), gone)
    assert "another machine other" in wrong_name("OTHER", node(), full, "en")
    assert wrong_name("gone", node(), full, "en") == ""
    assert wrong_name("n-other", node(), full, "en")
    assert pools(fleet(node(pool="cloud"))) == ("on-prem", "cloud")


keys = st.sampled_from(["room", "team", "rack", "x"])
label_sets = st.dictionaries(keys, st.sampled_from(["", "1", "2"]))


@given(st.lists(label_sets, min_size=1, max_size=4), label_sets)
def test_editing_shared_labels_leaves_the_others(
    each: list[dict[str, str]], after: dict[str, str]
) -> None:
    nodes = [node(f"r{i}", labels=labels) for i, labels in enumerate(each)]
    before = shared_labels(nodes)
    for machine in nodes:
        assert before.items() <= machine.labels.items()
        made = relabelled(machine, before, after)
        now = dict(machine.labels) if made is None else made
        assert after.items() <= now.items()
        for key, value in machine.labels.items():
            if key not in before and key not in after:
                assert now[key] == value
            if key in before and key not in after:
                assert key not in now
        assert made is None or made != dict(machine.labels)


def test_labels_are_checked_before_they_are_sent() -> None:
    assert wrong_labels([("room", "2"), ("rack/unit", "")], "en") == ""
    assert "twice" in wrong_labels([("a", "1"), ("a", "2")], "en")
    assert wrong_labels([("a b", "")], "zh")
    assert wrong_labels([("a", "x" * 101)], "en")
    assert wrong_labels([(f"k{i}", "") for i in range(33)], "en")


def test_unclaimed_containers_have_a_name() -> None:
    run = instance("ComfyUI", node())
    full = fleet(node(), instances=(run,))
    known = unclaimed_name(Unclaimed("abcdef0123456789", run.id), full, "en")
    assert known == "ComfyUI of Lin Xia, an earlier run (container abcdef012345)"
    assert "nobody knows" in unclaimed_name(Unclaimed("abc"), full, "en")
