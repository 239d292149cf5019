"""Machines that come in while somebody waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.machines.joining import (
    VALIDITIES,
    Stage,
    joined,
    members,
    next_look,
    time_left,
    validity,
)
from desktop_client.model import Words
from desktop_client.view_model import Shape
from tests.desktop_client.admin.machines.fleets import NOW, fleet, gpu, node


def test_waiting_joined_ready() -> None:
    old = node("old")
    before = members(fleet(old))
    assert joined(fleet(old), before, "en") == ()
    new = node("render-07", online=False, last_seen=None, gpus=(), joined_at=NOW, can_start=False)
    first = joined(fleet(old, new), before, "en")[0]
    assert (first.stage, first.shape, first.problems) == (Stage.JOINED, Shape.STARTING, ())
    broken = replace(
        new, online=True, gpus=(gpu("G", simulated=True),),
        problems=(Words("Docker does not answer.", "Docker 无响应。"),),
    )  # fmt: skip
    second = joined(fleet(old, broken), before, "zh")[0]
    assert second.stage is Stage.PROBLEM
    assert second.problems == ("Docker 无响应。",)
    assert "模拟" in second.line
    third = joined(fleet(old, replace(broken, can_start=True, problems=())), before, "en")[0]
    assert (third.stage, third.line) == (Stage.READY, "Ready · RTX 4090 (simulated)")


def test_several_join_in_their_order_and_a_revoked_one_may_come_back() -> None:
    gone = node("gone", revoked=True, online=False)
    before = members(fleet(gone))
    late = node("b", joined_at=NOW)
    early = node("a-late-name", joined_at=NOW - timedelta(minutes=1))
    found = joined(fleet(gone, late, early), before, "en")
    assert [j.name for j in found] == ["a-late-name", "b"]
    again = joined(fleet(replace(gone, revoked=False, online=True)), before, "en")
    assert [j.name for j in again] == ["gone"]


@given(st.integers(-100, 700000))
def test_the_time_left_changes_when_it_says_so(seconds: int) -> None:
    expires = NOW + timedelta(seconds=seconds)
    said, look = time_left(expires, NOW, "en"), next_look(expires, NOW)
    assert (look is None) == (seconds <= 0)
    if look is not None:
        tick = timedelta(seconds=0.06)
        assert timedelta(0) < look <= timedelta(minutes=1) + tick
        assert time_left(expires, NOW + max(look - tick, timedelta(0)), "en") == said
        assert time_left(expires, NOW + look, "en") != said
    assert time_left(None, NOW, "en") == ""


def test_validities_in_words() -> None:
    assert [validity(m, "en") for m in VALIDITIES] == ["1 h", "8 h", "1 day", "7 days"]
    assert validity(60, "zh") == "1 小时"
