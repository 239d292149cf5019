"""What is remembered of the last minutes, and what is said from it: nothing that nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client import desk as desks
from desktop_client.desk import Desk
from desktop_client.history import (
    SPAN,
    Past,
    Reading,
    Series,
    estimate,
    fill,
    record,
    use_of,
)
from desktop_client.model import Card, Instance, Link, Part, Snapshot, State, Words

NOW = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)
GB = 1_000_000_000


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def ready(percent: float | None = 50.0, used: int | None = 6 * GB, **more: object) -> Instance:
    card = Card("RTX 4090", percent, used, 24 * GB, uuid="GPU-1")
    made = Instance("a", "Demo", "demo", Words("Demo"), "1", State.READY, cards=(card,))
    return replace(made, **more)  # type: ignore[arg-type]


def preparing(done: int, total: int | None = 10 * GB) -> Instance:
    return replace(ready(), state=State.PREPARING, parts=(Part("image", done, total),))


def online(instance: Instance, at: datetime) -> Snapshot:
    return Snapshot(link=Link.ONLINE, instances=(instance,), heard_at=at)


def told(*snapshots: Snapshot) -> Past:
    """The past of the one instance after these messages."""
    desk = Desk()
    for snapshot in snapshots:
        desk = desks.hear(desk, snapshot, snapshot.heard_at or NOW).desk
    return desk.pasts.get("a", Past())


steps = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from([Link.ONLINE, Link.ONLINE, Link.ONLINE, Link.OFFLINE]),
        st.sampled_from([State.READY, State.READY, State.STOPPED, State.UNREACHABLE]),
        st.none() | st.floats(0, 100),
        st.none() | st.integers(0, 24 * GB),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(steps=steps)
def test_readings_are_in_order_and_never_older_than_the_span(steps: list) -> None:  # type: ignore[type-arg]
    at, before = NOW, Snapshot()
    pasts: dict[str, Past] = {}
    for wait, link, state, percent, used in steps:
        at += seconds(wait)
        after = Snapshot(
            link=link, instances=(replace(ready(percent, used), state=state),), heard_at=at
        )
        pasts = dict(record(pasts, before, after))
        before = after
        readings = pasts["a"].readings if "a" in pasts else ()
        times = [r.at for r in readings]
        assert times == sorted(times)
        if link is Link.ONLINE:
            assert all(at - t <= SPAN + seconds(1) for t in times)
            if state is State.READY:
                assert (readings[-1].percent, readings[-1].used_bytes) == (percent, used)
            elif readings:
                assert readings[-1].percent is None


def test_what_nobody_heard_is_a_gap() -> None:
    away = replace(online(ready(), NOW + seconds(5)), link=Link.OFFLINE)
    past = told(online(ready(), NOW), away, online(ready(20.0), NOW + seconds(60)))
    assert [r.percent for r in past.readings] == [50.0, None, 20.0]
    assert past.readings[1].at < NOW + seconds(1)


def test_nothing_said_means_nothing_changed() -> None:
    past = told(online(ready(3.0), NOW), online(ready(90.0), NOW + seconds(120)))
    assert [(r.percent, r.at) for r in past.readings] == [
        (3.0, NOW),
        (3.0, NOW + seconds(115)),
        (90.0, NOW + seconds(120)),
    ]


def test_an_instance_that_is_gone_is_forgotten() -> None:
    gone = Snapshot(link=Link.ONLINE, heard_at=NOW + seconds(5))
    assert told(online(ready(), NOW), gone) == Past()


def test_the_instances_own_use_comes_before_its_cards() -> None:
    assert use_of(ready()).percent == 50.0
    assert use_of(ready()).total_bytes == 24 * GB
    own = use_of(ready(gpu_percent=7.0, vram_used_bytes=2 * GB, vram_reserved_bytes=8 * GB))
    assert (own.percent, own.used_bytes, own.total_bytes) == (7.0, 2 * GB, 8 * GB)
    assert not own.whole_card
    assert use_of(ready(vram_reserved_bytes=8 * GB)).whole_card
    assert use_of(ready(None, None)).percent is None
    assert use_of(ready(None, None)).used_bytes is None
    two = ready()
    two = replace(two, cards=(two.cards[0], Card("RTX 4090", None, None, 24 * GB)))
    assert use_of(two).percent == 50.0
    assert use_of(two).used_bytes is None, "half of a sum is no sum"
    assert use_of(two).total_bytes == 48 * GB


def _series(*minutes_ago: float) -> Series:
    return Series(
        tuple(Reading(NOW - timedelta(minutes=m), 10.0, GB) for m in minutes_ago), seconds(30)
    )


def test_what_the_coordinator_remembers_comes_before_what_was_seen_here() -> None:
    past = told(online(ready(), NOW))
    filled = fill(past, ready(), [_series(9, 8.5, 5, 4.5, 0.25, -1)])
    known = [(round((NOW - r.at).total_seconds() / 60, 2), r.percent) for r in filled.readings]
    assert [k for k in known if k[1] is not None] == [
        (9, 10.0), (8.5, 10.0), (5, 10.0), (4.5, 10.0), (0.25, 10.0), (0, 50.0),
    ]  # fmt: skip
    assert [k[0] for k in known if k[1] is None] == [8.5, 4.5]


def test_filling_twice_adds_nothing_and_the_earlier_life_stays_out() -> None:
    past = told(online(ready(), NOW))
    once = fill(past, ready(), [_series(9, 8.5)])
    assert fill(once, ready(), [_series(9, 8.5)]) == once
    young = ready(since=NOW - timedelta(minutes=2))
    assert fill(past, young, [_series(9, 1)]).readings[0].at == NOW - timedelta(minutes=1)


def test_the_past_of_a_shared_card_is_not_the_instances() -> None:
    sharing = ready(vram_reserved_bytes=8 * GB, vram_used_bytes=GB)
    past = told(online(sharing, NOW))
    assert fill(past, sharing, [_series(9)]) == past


def test_two_cards_are_one_curve() -> None:
    series = [_series(2, 1.5), Series((Reading(NOW - timedelta(minutes=2), 30.0, 3 * GB),))]
    filled = fill(Past(), ready(), series)
    assert [(r.percent, r.used_bytes) for r in filled.readings] == [(20.0, 4 * GB), (10.0, None)]


def test_an_estimate_is_the_rate_of_the_last_seconds() -> None:
    part = Part("image", 2 * GB, 10 * GB)
    past = told(online(preparing(GB), NOW), online(preparing(2 * GB), NOW + seconds(10)))
    left = estimate(past, part, NOW + seconds(10))
    assert left is not None
    assert abs(left - seconds(80)) < seconds(1)


def test_no_estimate_where_there_is_nothing_to_go_by() -> None:
    part = Part("image", 2 * GB, 10 * GB)
    past = told(online(preparing(GB), NOW), online(preparing(2 * GB), NOW + seconds(10)))
    assert estimate(past, replace(part, bytes_total=None), NOW + seconds(10)) is None
    assert estimate(past, replace(part, done=True), NOW + seconds(10)) is None
    assert estimate(past, part, NOW + seconds(40)) is None, "nothing came for long"
    assert estimate(Past(), part, NOW) is None
    first = told(online(preparing(GB), NOW))
    assert estimate(first, Part("image", GB, 10 * GB), NOW + seconds(10)) is None
    soon = told(online(preparing(GB), NOW), online(preparing(2 * GB), NOW + seconds(2)))
    assert estimate(soon, part, NOW + seconds(2)) is None, "watched too shortly"
    slow = told(online(preparing(GB), NOW), online(preparing(GB + 1), NOW + seconds(10)))
    assert estimate(slow, Part("image", GB + 1, 10 * GB), NOW + seconds(10)) is None


def test_a_download_that_begins_anew_is_measured_anew() -> None:
    past = told(
        online(preparing(5 * GB), NOW),
        online(preparing(6 * GB), NOW + seconds(10)),
        online(preparing(GB), NOW + seconds(20)),
    )
    assert [a.done for a in past.amounts["image"]] == [GB]


@settings(deadline=None)
@given(
    rates=st.lists(st.integers(0, GB), min_size=1, max_size=40),
    total=st.none() | st.integers(1, 50 * GB),
)
def test_an_estimate_is_never_negative(rates: list[int], total: int | None) -> None:
    done, snapshots = 0, []
    for index, rate in enumerate(rates):
        done += rate
        snapshots.append(online(preparing(done, total), NOW + seconds(3 * index)))
    past = told(*snapshots)
    left = estimate(past, Part("image", done, total), NOW + seconds(3 * len(rates)))
    assert left is None or left >= timedelta()


def test_how_far_the_clocks_are_apart_is_measured_by_each_message() -> None:
    desk = desks.hear(Desk(), online(ready(), NOW), NOW - seconds(90)).desk
    assert desk.ahead == seconds(90)
    again = desks.hear(desk, replace(desk.snapshot, studio="North"), NOW + seconds(10)).desk
    assert again.ahead == seconds(90), "the same message says nothing new about it"


def test_readings_that_come_for_an_instance_that_is_gone_are_dropped() -> None:
    assert desks.filled(Desk(), "a", [_series(3)]).desk == Desk()
    desk = desks.hear(Desk(), online(ready(), NOW), NOW).desk
    assert len(desks.filled(desk, "a", [_series(3)]).desk.pasts["a"].readings) == 3
