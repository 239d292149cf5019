"""Counters that grow, restart and fill up become what a run was refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from node_agent.walls.refusals import SHOWN, Reading, Refusals, grown, place_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAS = ("192.168.1.7", "tcp", 445)
OTHER = ("10.0.0.1", "udp", 53)


def test_what_grows_is_added_and_what_restarts_goes_on() -> None:
    known = Refusals(NOW)
    readings = [
        Reading(2, {NAS: 2}),
        Reading(5, {NAS: 4, OTHER: 1}),
        Reading(1, {NAS: 1}),  # put anew: counted from zero
        Reading(1, {NAS: 1}),
    ]
    before = Reading()
    for minute, after in enumerate(readings, 1):
        known = grown(known, before, after, NOW + timedelta(minutes=minute))
        before = after
    assert known.total == 6
    assert known.places == {NAS: 5, OTHER: 1}
    assert known.top()[0] == (NAS, 5)
    assert known.last == NOW + timedelta(minutes=3)  # the fourth told nothing new


def test_more_places_than_are_shown_are_in_the_total() -> None:
    many = {(f"10.0.0.{n}", "tcp", 80): n + 1 for n in range(100)}
    known = grown(Refusals(NOW), Reading(), Reading(sum(many.values()), many), NOW)
    assert len(known.top()) == SHOWN
    assert known.top()[0][0] == ("10.0.0.99", "tcp", 80)
    assert known.total == 5050


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_a_total_never_falls(totals: list[int]) -> None:
    known, before, last = Refusals(NOW), Reading(), 0
    for total in totals:
        known = grown(known, before, Reading(total), NOW)
        assert known.total >= last
        before, last = Reading(total), known.total


def test_elements_are_read_as_nft_writes_them() -> None:
    assert place_of(("10.0.0.1", "tcp", "445")) == ("10.0.0.1", "tcp", 445)
    assert place_of(("10.0.0.1", "6", "445")) == ("10.0.0.1", "tcp", 445)
    assert place_of(("10.0.0.1", "udp", "domain")) == ("10.0.0.1", "udp", 53)
    assert place_of(("10.0.0.1",)) is None
