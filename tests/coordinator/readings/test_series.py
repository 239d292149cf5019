"""Means over steps: within what was read, and a gap stays a gap."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.readings.packing import NOTHING, pack_point, unpack
from coordinator.readings.series import (
    Occupancy,
    Point,
    choose_step,
    means,
    occupancy_means,
)

_READING = st.none() | st.floats(0, 6000, allow_nan=False)
_POINTS = st.lists(
    st.builds(
        Point,
        st.integers(1, 2_000_000),
        _READING,
        st.none() | st.integers(0, 200 << 30),
        _READING,
        _READING,
    ),
    max_size=60,
)
_FIELDS = ("percent", "memory_bytes", "celsius", "watts")


@settings(deadline=None)
@given(_POINTS, st.integers(1, 300_000), st.integers(0, 1_000_000), st.integers(1, 1_000_000))
def test_a_mean_stays_within_what_was_read_and_gaps_stay_gaps(
    samples: list[Point], step: int, begin: int, span: int
) -> None:
    end = begin + span
    found = means(samples, step, begin, end)
    inside = [s for s in samples if begin < s.at_ms <= end]
    assert [p.at_ms for p in found] == sorted({p.at_ms for p in found})
    covered = 0
    for point in found:
        assert begin < point.at_ms <= end
        number = -(-point.at_ms // step)
        there = [s for s in inside if -(-s.at_ms // step) == number]
        assert there, "no point without a sample"
        covered += len(there)
        for field in _FIELDS:
            read = [v for s in there if (v := getattr(s, field)) is not None]
            mean = getattr(point, field)
            if read:
                assert min(read) <= mean <= max(read)
            else:
                assert mean is None, "unknown is not zero"
    assert covered == len(inside), "each sample is in one point"


def test_an_hour_without_readings_has_no_points() -> None:
    early = [Point(60_000 * n, 50.0) for n in range(1, 11)]
    late = [Point(60_000 * n, 70.0) for n in range(71, 81)]
    found = means([*late, *early], 300_000, 0, 60_000 * 80)
    assert [(p.at_ms // 60_000, p.percent) for p in found] == [
        (5, 50.0),
        (10, 50.0),
        (75, 70.0),
        (80, 70.0),
    ]


@settings(deadline=None)
@given(st.integers(1, 9 * 86_400_000), st.integers(1, 3000), st.floats(1, 4000))
def test_a_step_gives_no_more_points_than_asked_for(
    span: int, points: int, at_least: float
) -> None:
    step = choose_step(span, points, at_least)
    assert step >= at_least
    assert span / 1000 / step <= points


def test_steps_are_round() -> None:
    assert choose_step(3_600_000, 360, 7.5) == 10
    assert choose_step(86_400_000, 360, 60) == 300
    assert choose_step(8 * 86_400_000, 360, 60) == 3600
    assert choose_step(400 * 86_400_000, 10, 1) == 40 * 86_400


def test_who_is_busy_is_unknown_where_nobody_tells() -> None:
    samples = [
        Occupancy(60_000, 8, 4, None, 1),
        Occupancy(120_000, 8, 6, 3, 2),
        Occupancy(180_000, 8, 8, None, 0),
    ]
    first, second = occupancy_means(samples, 120_000, 0, 180_000)
    assert (first.at_ms, first.cards, first.held, first.busy, first.waiting) == (
        *(120_000, 8, 5, 3),
        1.5,
    )
    assert (second.at_ms, second.busy) == (180_000, None)


@settings(deadline=None)
@given(
    st.builds(
        Point,
        st.just(7),
        st.none() | st.floats(0, 100),
        st.none() | st.integers(0, 200 << 30),
        st.none() | st.floats(-50, 150),
        st.none() | st.floats(0, 2000),
    )
)
def test_ten_bytes_hold_a_reading_as_well_as_people_read_it(point: Point) -> None:
    packed = pack_point(point)
    again = unpack(7, packed)
    assert (packed == NOTHING) == point.is_empty
    for field, off_by in zip(_FIELDS, (0.006, 0.51 * (1 << 20), 0.06, 0.06), strict=True):
        before, after = getattr(point, field), getattr(again, field)
        assert (before is None) == (after is None)
        if before is not None:
            assert abs(before - after) <= off_by
