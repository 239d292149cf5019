"""Round figures beside the axes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.charts.lines import Graph, Line, Unit
from desktop_client.admin.charts.scales import (
    Span,
    exact,
    moment_of,
    plain,
    scale,
    time_ticks,
)

NOW = datetime(2026, 11, 23, 14, 37, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def graph(unit: Unit, *values: float | None, top: float | None = None) -> Graph:
    points = tuple((NOW - timedelta(seconds=i), v) for i, v in enumerate(values))[::-1]
    return Graph("t", unit, (Line("k", "n", points),), NOW - HOUR, NOW, top)


@given(
    st.sampled_from(Unit),
    st.lists(st.one_of(st.none(), st.floats(0, 1e13)), max_size=20),
    st.one_of(st.none(), st.floats(1, 1e13)),
    st.integers(2, 8),
)
def test_a_scale_holds_every_reading(
    unit: Unit, values: list[float | None], top: float | None, most: int
) -> None:
    made = scale(graph(unit, *values, top=top), most)
    assert all(v is None or v <= made.top * (1 + 1e-9) for v in values)
    assert made.ticks[0][0] == 0
    assert 2 <= len(made.ticks) <= most + 2
    places = [at for at, _ in made.ticks]
    assert places == sorted(places)
    assert places[-1] <= made.top * (1 + 1e-9)
    labels = [label for _, label in made.ticks]
    assert len(set(labels)) == len(labels)


def test_scales_of_an_ordinary_machine() -> None:
    assert [label for _, label in scale(graph(Unit.PERCENT, 3.0)).ticks] == [
        "0 %", "20 %", "40 %", "60 %", "80 %", "100 %",
    ]  # fmt: skip
    memory = scale(graph(Unit.BYTES, 3e9, top=24 * 1024.0**3))
    assert memory.top == 24 * 1024**3
    assert [label for _, label in memory.ticks] == ["0 GB", "5 GB", "10 GB", "15 GB", "20 GB"]
    assert scale(graph(Unit.WATTS, 320.0)).top == 400
    assert scale(graph(Unit.COUNT, 1.0, top=2.0)).ticks == ((0, "0"), (1, "1"), (2, "2"))


def test_a_shared_scale_is_the_same_for_each_card() -> None:
    one = scale(graph(Unit.BYTES, 1e9, top=24e9))
    other = scale(graph(Unit.BYTES, 23e9, top=24e9))
    assert one == other


ZONES = ["UTC", "Asia/Shanghai", "Asia/Kathmandu", "Europe/Berlin", "America/St_Johns"]


@given(
    st.integers(0, 730 * 86400),
    st.sampled_from(Span),
    st.sampled_from(ZONES),
    st.integers(1, 12),
)
def test_ticks_are_round_local_times(offset: int, span: Span, name: str, most: int) -> None:
    zone = ZoneInfo(name)
    until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=offset)
    found = time_ticks(until - span.length, until, zone, "en", most)
    assert len(found) <= most
    assert all(until - span.length <= tick.at <= until for tick in found)
    times = [tick.at for tick in found]
    assert times == sorted(set(times))
    for tick in found:
        local = tick.at.astimezone(zone)
        assert local.second == 0
        if ":" not in tick.label:
            assert (local.hour, local.minute) == (0, 0)
        else:
            assert tick.label == local.strftime("%H:%M")


def test_ticks_of_an_hour_a_day_and_a_week() -> None:
    def labels(span: Span, language: str, most: int) -> list[str]:
        return [t.label for t in time_ticks(NOW - span.length, NOW, UTC, language, most)]

    assert labels(Span.HOUR, "en", 6) == ["13:40", "13:50", "14:00", "14:10", "14:20", "14:30"]
    assert labels(Span.DAY, "zh", 9) == [
        "15:00", "18:00", "21:00", "11月23日", "03:00", "06:00", "09:00", "12:00",
    ]  # fmt: skip
    assert labels(Span.WEEK, "en", 8)[0] == "17 Nov"


@pytest.mark.parametrize(
    ("value", "unit", "said", "figure"),
    [
        (None, Unit.WATTS, "–", ""),
        (61.4, Unit.PERCENT, "61 %", "61.4"),
        (0.0, Unit.PERCENT, "0 %", "0"),
        (0.42, Unit.PERCENT, "0.4 %", "0.42"),
        (11.5 * 1024**3, Unit.BYTES, "11.5 GB", "12348030976"),
        (64.0, Unit.CELSIUS, "64 °C", "64"),
        (320.0, Unit.WATTS, "320 W", "320"),
        (3.0, Unit.COUNT, "3", "3"),
        (2.25, Unit.COUNT, "2.2", "2.25"),
    ],
)
def test_readings_in_words_and_for_a_spreadsheet(
    value: float | None, unit: Unit, said: str, figure: str
) -> None:
    assert exact(value, unit) == said
    assert plain(value, unit) == figure


def test_a_moment_is_as_exact_as_its_graph() -> None:
    assert moment_of(NOW, Span.HOUR.length, UTC, "en") == "14:37:10"
    assert moment_of(NOW, Span.DAY.length, UTC, "en") == "14:37"
    assert moment_of(NOW, Span.WEEK.length, UTC, "zh") == "11月23日 14:37"
