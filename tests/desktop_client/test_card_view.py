"""Cards as values: parts, graphs, times, the search, and an order that holds still."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client.card_view import CardView, held, matches
from desktop_client.desk import Action, Desk, Do
from desktop_client.history import Amount, Past, Reading
from desktop_client.menu_model import menu
from desktop_client.model import (
    Card,
    Engine,
    Instance,
    Link,
    Part,
    Snapshot,
    State,
    Version,
    Words,
)
from desktop_client.view_model import build, next_change
from desktop_client.wording import about, elapsed

NOW = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)
GB = 1_000_000_000
GIB = 1024**3
ENGINES = tuple(
    Engine(f"e{n}", Words(f"Engine {n}"), versions=(Version("1"),), default_version="1")
    for n in range(12)
)


def instance(state: State, **more: object) -> Instance:
    made = Instance("a", "Demo", "e1", Words("Demo", "演示"), "1", state)
    return replace(made, **more)  # type: ignore[arg-type]


def card_of(one: Instance, past: Past | None = None, language: str = "en") -> CardView:
    snapshot = Snapshot(link=Link.ONLINE, instances=(one,), heard_at=NOW)
    desk = Desk(snapshot, pasts={one.id: past} if past else {})
    (card,) = build(desk, NOW, language).cards
    return card


def test_each_part_has_its_bytes_and_an_estimate_only_where_it_is_honest() -> None:
    preparing = instance(
        State.PREPARING,
        node_name="render-02",
        line=Words("Preparing · image 4.1 of 9.8 GB"),
        parts=(
            Part("image", 4 * GB, 10 * GB),
            Part("data", 3 * GB, None),
            Part("models", 2 * GB, 2 * GB, True),
        ),
    )
    past = Past(
        (),
        {
            "image": (Amount(NOW - timedelta(seconds=10), 3 * GB), Amount(NOW, 4 * GB)),
            "data": (Amount(NOW - timedelta(seconds=10), GB), Amount(NOW, 3 * GB)),
        },
    )
    card = card_of(preparing, past)
    assert card.line == "Preparing on render-02"
    image, data, models = card.parts
    assert (image.figure, image.fraction, image.left) == (
        "4.0 / 10.0 GB",
        0.4,
        "about 1 min",
    )
    assert (data.figure, data.fraction, data.left) == ("3.0 GB", None, "")
    assert models.done
    assert card_of(replace(preparing, state=State.STARTING), past).parts == ()


def test_a_working_card_says_how_long_when_last_and_until_when() -> None:
    working = instance(
        State.READY,
        line=Words("Ready · render-04, RTX 4090"),
        node_name="render-04",
        cards=(Card("RTX 4090", 61.0, 11 * GIB, 24 * GIB),),
        since=NOW - timedelta(hours=2, minutes=6, seconds=50),
        last_activity=NOW - timedelta(minutes=2, seconds=30),
        release_at=NOW + timedelta(minutes=15),
    )
    card = card_of(working)
    assert card.details == (
        "Running 2 h 6 min · used 14:34 (2 min ago)",
        "Released at 14:52, in 15 min, if not used",
    )
    gpu, vram = card.graphs
    assert (gpu.figure, vram.figure) == ("61 %", "11.0 / 24.0 GB")
    near = card_of(replace(working, line=Words("Released in 4 min: nothing happened"),
                           release_at=NOW + timedelta(minutes=4)))  # fmt: skip
    assert near.details[0] == "render-04 · RTX 4090", "the line does not name them"
    assert near.details[-1] == "Released at 14:41"
    assert near.action is not None
    assert near.action.action.do is Do.KEEP


def test_unknown_is_a_dash_and_a_gap() -> None:
    card = card_of(
        instance(State.READY, cards=(Card("RTX 4090", None, None, 24 * GIB),)),
        Past((Reading(NOW - timedelta(seconds=5), 5.0, GB), Reading(NOW))),
    )
    gpu, vram = card.graphs
    assert (gpu.figure, vram.figure) == ("–", "– / 24.0 GB")
    assert [value for _, value in gpu.points] == [0.05, None]
    assert card_of(instance(State.READY)).graphs == (), "without a card there is nothing to read"


def test_a_share_of_a_card_is_told_from_the_whole_card() -> None:
    shared = instance(
        State.READY,
        cards=(Card("RTX 4090", 80.0, 20 * GIB, 24 * GIB),),
        vram_reserved_bytes=8 * GIB,
    )
    assert "whole card" in card_of(shared).note
    own = replace(shared, gpu_percent=7.0, vram_used_bytes=5 * GIB)
    card = card_of(own)
    assert card.note == ""
    assert card.graphs[1].figure == "5.0 / 8.0 GB"


@settings(deadline=None)
@given(
    readings=st.lists(
        st.tuples(
            st.integers(-2000, 0),
            st.none() | st.floats(-5, 200),
            st.none() | st.integers(0, 10**13),
        ),
        max_size=20,
    ),
    total=st.none() | st.integers(0, 10**12),
)
def test_graphs_stay_within_their_frame(
    readings: list[tuple[int, float | None, int | None]], total: int | None
) -> None:
    past = Past(
        tuple(Reading(NOW + timedelta(seconds=s), p, u) for s, p, u in sorted(readings, key=str))
    )
    card = card_of(instance(State.READY, cards=(Card("x", None, None, total),)), past)
    for graph in card.graphs:
        assert all(value is None or 0 <= value <= 1 for _, value in graph.points)


def test_running_then_starting_then_waiting_then_ended_by_last_use_then_never_started() -> None:
    def made(key: str, state: State, **more: object) -> Instance:
        return replace(instance(state), id=key, name=key, engine_id="gone", **more)  # type: ignore[arg-type]

    snapshot = Snapshot(
        link=Link.ONLINE,
        engines=ENGINES[:2],
        heard_at=NOW,
        instances=(
            made("old", State.STOPPED, since=NOW - timedelta(days=9)),
            made("second", State.QUEUED, queue_position=2),
            made("fresh", State.FAILED, since=NOW),
            made("first", State.QUEUED, queue_position=1),
            made("begins", State.PREPARING),
            made("runs", State.READY),
        ),
    )
    keys = [c.key for c in build(Desk(snapshot), NOW, "en").cards]
    assert keys == [
        "runs", "begins", "first", "second", "fresh", "old", "engine:e0", "engine:e1",
    ]  # fmt: skip


pairs = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz")), unique_by=lambda p: p[0]
)


@settings(deadline=None)
@given(shown=pairs, wanted=pairs)
def test_held_cards_keep_their_order(
    shown: list[tuple[str, str]], wanted: list[tuple[str, str]]
) -> None:
    order = held(shown, wanted)
    assert sorted(order) == sorted(key for key, _ in wanted)
    kept = {key for key, _ in shown} & {key for key, _ in wanted}
    assert [k for k in order if k in kept] == [k for k, _ in shown if k in kept]
    if {key for key, _ in shown} == {key for key, _ in wanted}:
        assert list(order) == [key for key, _ in shown]


def test_a_new_instance_takes_the_place_of_its_engines_card() -> None:
    shown = [("i-1", "a"), ("engine:b", "b"), ("engine:c", "c")]
    wanted = [("i-2", "b"), ("i-1", "a"), ("engine:c", "c")]
    assert held(shown, wanted) == ("i-1", "i-2", "engine:c")


def test_a_search_needs_every_word() -> None:
    card = card_of(instance(State.READY, line=Words("Ready · render-04")))
    assert matches(card, "")
    assert matches(card, "demo READY")
    assert matches(card, " render ")
    assert not matches(card, "demo stopped")


def test_many_unused_engines_share_one_submenu() -> None:
    snapshot = Snapshot(
        link=Link.ONLINE, engines=ENGINES, instances=(instance(State.READY),), heard_at=NOW
    )
    entries = menu(build(Desk(snapshot), NOW, "en"), "en")
    (together,) = [e for e in entries if e.label == "More engines"]
    assert len(together.entries) == 11
    assert together.entries[0].action == Action(Do.START, "engine:e0")
    assert [e for e in entries if "Demo" in e.label]


def test_times_and_estimates_as_people_say_them() -> None:
    assert elapsed(timedelta(seconds=59), "en") == "less than a minute"
    assert elapsed(timedelta(seconds=119), "en") == "1 min"
    assert elapsed(timedelta(days=3, hours=5), "en") == "3 days"
    assert elapsed(timedelta(seconds=-9), "zh") == "不到 1 分钟"
    assert about(timedelta(seconds=30), "en") == "less than a minute"
    assert about(timedelta(seconds=130), "en") == "about 3 min"
    assert about(timedelta(minutes=12), "en") == "about 15 min"
    assert about(timedelta(minutes=62), "zh") == "约 1 小时 15 分钟"


def test_time_passes_only_where_it_is_told() -> None:
    def due(*states: State) -> datetime | None:
        instances = tuple(instance(s, id=str(n)) for n, s in enumerate(states))
        return next_change(Desk(Snapshot(link=Link.ONLINE, instances=instances)), NOW)

    assert due() is None
    assert due(State.STOPPED, State.FAILED, State.UNREACHABLE) is None
    assert due(State.READY) == NOW + timedelta(minutes=1)
    assert due(State.QUEUED, State.STOPPED) == NOW + timedelta(minutes=1)
    assert due(State.READY, State.PREPARING) == NOW + timedelta(seconds=15)
