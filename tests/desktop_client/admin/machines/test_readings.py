"""The past from the coordinator and the present from the stream, as one graph."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from desktop_client.admin.charts.lines import gaps, segments
from desktop_client.admin.charts.scales import Span, scale
from desktop_client.admin.machines.readings import (
    LIVE_EVERY,
    Live,
    Past,
    Quantity,
    fetch_every,
    graphs,
    heard,
    past_of,
    tells,
)
from desktop_client.admin.records import Reading, Series
from tests.desktop_client.admin.machines.fleets import GB, NOW, gpu, node

STEP = timedelta(seconds=10)


def past(uuid: str, until_seconds: int = 0, count: int = 360) -> Series:
    end = NOW - timedelta(seconds=until_seconds)
    points = tuple(Reading(end - STEP * (count - 1 - i), float(i % 100)) for i in range(count))
    return Series(uuid, "RTX 4090", points, step_seconds=10)


def test_the_past_goes_on_with_what_is_heard() -> None:
    machine = node(gpus=(gpu("GPU-a"),))
    live = Live()
    for seconds in range(0, 60, 5):
        live = heard(live, machine, NOW + timedelta(seconds=seconds))
    end = NOW + timedelta(seconds=55)
    made = dict(graphs(machine, past_of((past("GPU-a"),)), live, Span.HOUR, end, "en"))
    line = made[Quantity.USE].lines[0]
    assert len(segments(line, made[Quantity.USE].start, end)) == 1  # joined without a gap
    assert line.points[-1] == (end, 61.0)
    times = [at for at, _ in line.points]
    assert times == sorted(set(times))


def test_a_silent_machine_leaves_a_gap() -> None:
    machine = node(gpus=(gpu("GPU-a"),))
    live = heard(Live(), machine, NOW)
    live = heard(live, replace(machine, online=False), NOW + LIVE_EVERY)
    end = NOW + timedelta(minutes=5)
    made = dict(graphs(machine, Past(), live, Span.HOUR, end, "en"))
    missing = gaps(made[Quantity.USE].lines[0], NOW, end)
    assert [(g.start, g.end) for g in missing] == [(NOW, end)]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_what_was_heard_is_an_hour_at_most_and_in_order(steps: list[int]) -> None:
    machine, live, at = node(gpus=(gpu("GPU-a"),)), Live(), NOW
    for step in steps:
        at += timedelta(seconds=step)
        live = heard(live, machine, at)
    times = [r.at for r in live.points["GPU-a"]]
    assert times == sorted(set(times))
    assert times[-1] == at
    assert at - times[0] <= Span.HOUR.length


def test_all_cards_share_a_scale_and_simulated_ones_say_so() -> None:
    machine = node(
        gpus=(gpu("GPU-a"), gpu("GPU-b", memory_total_bytes=48 * GB, simulated=True, watts=None))
    )
    live = heard(Live(), machine, NOW)
    made = dict(graphs(machine, Past(), live, Span.HOUR, NOW, "zh"))
    assert scale(made[Quantity.MEMORY]).top == 48 * GB
    assert made[Quantity.USE].top == 100
    assert [line.name for line in made[Quantity.USE].lines] == [
        "RTX 4090 · 1",
        "RTX 4090 · 2（模拟）",
    ]
    assert tells(made[Quantity.POWER])
    mute = node(gpus=(gpu("GPU-a", watts=None),))
    silent = dict(graphs(mute, Past(), heard(Live(), mute, NOW), Span.HOUR, NOW, "en"))
    assert not tells(silent[Quantity.POWER])


def test_a_day_is_the_coordinators_word_alone() -> None:
    machine = node(gpus=(gpu("GPU-a"),))
    live = heard(Live(), machine, NOW)
    made = dict(graphs(machine, past_of((past("GPU-a", 600),)), live, Span.DAY, NOW, "en"))
    assert len(made[Quantity.USE].lines[0].points) == 360
    assert fetch_every(Span.HOUR) == timedelta(minutes=1)
    assert fetch_every(Span.WEEK) > fetch_every(Span.DAY)
