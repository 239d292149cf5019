"""What a line may join, and what it may not: by properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.charts.lines import (
    Gap,
    Line,
    gaps,
    marked,
    moments,
    nearest,
    segments,
    thin,
    value_at,
)

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

values = st.one_of(st.none(), st.floats(0, 1e12, allow_nan=False))
offsets = st.lists(st.integers(-600, 4200), unique=True, max_size=80).map(sorted)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    times = draw(offsets)
    points = tuple((START + timedelta(seconds=t), draw(values)) for t in times)
    gap = draw(st.one_of(st.none(), st.integers(1, 900).map(lambda s: timedelta(seconds=s))))
    return Line("k", "n", points, gap)


@given(lines())
def test_segments_hold_every_known_reading_in_range_once_and_in_order(line: Line) -> None:
    joined = [reading for run in segments(line, START, START + HOUR) for reading in run]
    assert joined == [
        (at, v) for at, v in line.points if v is not None and START <= at <= START + HOUR
    ]


@given(lines())
def test_no_segment_goes_over_a_gap(line: Line) -> None:
    unknown = [at for at, value in line.points if value is None]
    for run in segments(line, START, START + HOUR):
        assert run
        for (before, _), (after, _) in pairwise(run):
            assert line.gap is None or after - before <= line.gap
            assert not any(before < at < after for at in unknown)


@given(lines())
def test_gaps_and_segments_together_cover_the_time(line: Line) -> None:
    end = START + HOUR
    found = gaps(line, START, end)
    runs = segments(line, START, end)
    assert all(START <= g.start < g.end <= end for g in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    for run in runs:
        assert not any(g.start < at < g.end for g in found for at, _ in run)
    if not runs:
        assert found == [Gap(START, end)]
    else:
        inner = [g for g in found if g.start != START and g.end != end]
        assert len(inner) <= len(runs) - 1 <= len(found)


@given(
    st.lists(st.integers(0, 3600), unique=True, min_size=1, max_size=400).map(sorted),
    st.integers(1, 60),
)
def test_thinned_keeps_order_ends_and_extremes(seconds: list[int], columns: int) -> None:
    run = [(START + timedelta(seconds=s), float((s * 7919) % 101)) for s in seconds]
    kept = thin(run, START, START + HOUR, columns)
    assert len(kept) <= max(columns * 4, columns * 2)
    assert kept == sorted(kept, key=lambda r: r[0])
    assert set(kept) <= set(run)
    assert (kept[0], kept[-1]) == (run[0], run[-1])
    assert min(v for _, v in kept) == min(v for _, v in run)
    assert max(v for _, v in kept) == max(v for _, v in run)


@given(st.lists(st.integers(0, 3600), unique=True).map(sorted), st.integers(-100, 4000))
def test_the_nearest_moment_is_the_nearest(seconds: list[int], wanted: int) -> None:
    times = [START + timedelta(seconds=s) for s in seconds]
    at = START + timedelta(seconds=wanted)
    found = nearest(times, at)
    assert (found is None) == (not times)
    if found is not None:
        assert abs(found - at) == min(abs(t - at) for t in times)


def test_values_are_exact_or_unknown() -> None:
    ten = timedelta(seconds=10)
    line = Line("k", "n", ((START, 4.0), (START + ten, None), (START + 2 * ten, 6.0)), ten)
    assert value_at(line, START) == 4.0
    assert value_at(line, START + timedelta(seconds=4)) == 4.0
    assert value_at(line, START + ten) is None
    assert value_at(line, START + 4 * ten) is None
    assert value_at(Line("k", "n", ()), START) is None
    assert moments([line, line], START, START + ten) == [START, START + ten]


@given(lines(), st.integers(1, 12), st.floats(0, 1))
def test_markers_stand_on_readings_with_the_last_and_the_lonely(
    line: Line, count: int, shift: float
) -> None:
    runs = segments(line, START, START + HOUR)
    found = marked(runs, START, START + HOUR, count, shift)
    known = [reading for run in runs for reading in run]
    assert found == sorted(set(found), key=lambda r: r[0])
    assert set(found) <= set(known)
    assert {run[0] for run in runs if len(run) == 1} <= set(found)
    assert not known or known[-1] in found
    assert len(found) <= count + 2 + sum(len(run) == 1 for run in runs)
