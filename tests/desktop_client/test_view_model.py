"""From what the coordinator says to what a person sees and may do: pure, so by properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client import desk as desks
from desktop_client.desk import ASKED, Action, Desk, Do, News
from desktop_client.menu_model import Entry, menu
from desktop_client.model import (
    BEGINNING,
    Card,
    Engine,
    Instance,
    Link,
    Part,
    Problem,
    Snapshot,
    State,
    Stop,
    Version,
    Words,
)
from desktop_client.view_model import Icon, Page, Shape, build
from desktop_client.wording import duration, moment, of_size, progress, size

NOW = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)
ENGINE = Engine(
    "demo", Words("Demo", "演示"), versions=(Version("2.0"), Version("1.0")), default_version="2.0"
)

times = st.none() | st.integers(-7200, 7200).map(lambda s: NOW + timedelta(seconds=s))
counts = st.integers(0, 10**13)
words = st.builds(Words, st.text(max_size=40), st.text(max_size=40))
parts = st.builds(
    Part,
    st.sampled_from(["image", "data", "models"]),
    counts,
    st.none() | counts,
    st.booleans(),
)
instances = st.builds(
    Instance,
    id=st.sampled_from(["a", "b", "c", "d"]),
    name=st.text(min_size=1, max_size=60),
    engine_id=st.sampled_from(["demo", "withdrawn"]),
    engine_name=words,
    version=st.sampled_from(["1.0", "2.0", "0.1"]),
    state=st.sampled_from(State),
    stop=st.sampled_from(Stop),
    line=words,
    since=times,
    url=st.sampled_from(["", "http://x.localhost:1/"]),
    parts=st.lists(parts, max_size=3).map(tuple),
    queue_position=st.none() | st.integers(1, 50),
    node_name=st.text(max_size=10),
    cards=st.lists(
        st.builds(
            Card,
            st.text(max_size=10),
            st.none() | st.floats(0, 100),
            st.none() | counts,
            st.none() | counts,
            st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    release_at=times,
    simulated=st.booleans(),
    data_bytes=st.none() | counts,
    support_code=st.text(max_size=8),
)
snapshots = st.builds(
    Snapshot,
    link=st.sampled_from(Link),
    studio=st.text(max_size=20),
    address=st.just("aigc.lan:7443"),
    person=st.text(max_size=10),
    engines=st.sampled_from([(), (ENGINE,)]),
    instances=st.lists(instances, max_size=4, unique_by=lambda i: i.id).map(tuple),
    heard_at=times,
    problem=st.none() | st.just(Problem("coordinator-refused", "nothing listens")),
    memory_only=st.booleans(),
)
acks = st.dictionaries(st.sampled_from(["a", "b", "engine:demo"]), st.sampled_from(sorted(ASKED)))
all_desks = st.builds(Desk, snapshots, acks)
languages = st.sampled_from(["en", "zh"])


def instance(state: State, **more: object) -> Instance:
    made = Instance("a", "Demo", "demo", Words("Demo", "演示"), "2.0", state)
    return replace(made, **more)  # type: ignore[arg-type]


def online(*instances: Instance, **more: object) -> Snapshot:
    made = Snapshot(
        link=Link.ONLINE, studio="North", engines=(ENGINE,), instances=instances, heard_at=NOW
    )
    return replace(made, **more)  # type: ignore[arg-type]


def flat(entries: tuple[Entry, ...]) -> list[Entry]:
    return [x for e in entries for x in (e, *flat(e.entries))]


@settings(max_examples=60, deadline=None)
@given(desk=all_desks, language=languages)
def test_every_view_can_be_shown(desk: Desk, language: str) -> None:
    view = build(desk, NOW, language)
    entries = menu(view, language)
    assert all(not e.entries for top in entries for e in top.entries), "one submenu level"
    assert any(e.action == Action(Do.QUIT) for e in entries)
    assert len({c.key for c in view.cards}) == len(view.cards)
    assert view.tooltip
    for card in view.cards:
        assert card.line
        if card.progress is not None and card.progress.fraction is not None:
            assert 0 <= card.progress.fraction <= 1
        offers = [o.action for o in card.more]
        assert card.action is None or card.action.action not in offers
        assert card.key not in desk.acks or card.action is None or not card.action.enabled
    if desk.snapshot.link is Link.OFFLINE:
        offered = [o for c in view.cards for o in (*c.more, c.action) if o is not None]
        assert not [o for o in offered if o.enabled and o.action.do in ASKED]


@settings(max_examples=60, deadline=None)
@given(desk=all_desks, snapshot=snapshots)
def test_hearing_never_loses_what_the_coordinator_said(desk: Desk, snapshot: Snapshot) -> None:
    heard = desks.hear(desk, snapshot, NOW)
    assert heard.desk.snapshot == snapshot
    again = desks.hear(heard.desk, snapshot, NOW)
    assert not again.notices, "the same news is told once"
    assert not again.open_now
    assert len({n.key for n in heard.notices}) == len(heard.notices) or any(
        n.news is News.RELEASE_NEAR for n in heard.notices
    )


@settings(max_examples=40, deadline=None)
@given(desk=all_desks, do=st.sampled_from(sorted(ASKED)), key=st.sampled_from(["a", "engine:demo"]))
def test_a_refusal_puts_everything_back_and_says_why(desk: Desk, do: Do, key: str) -> None:
    action = Action(do, key)
    asked = desks.acknowledge(desk, action)
    assert asked.acks[key] is do
    heard = desks.refused(asked, action, Problem("limit", "no more"))
    assert key not in heard.desk.acks
    assert heard.desk.refusals[key].message == "no more"
    assert heard.notices[0].news is News.REFUSED


@given(st.integers(0, 10**16))
def test_sizes_are_short_and_have_a_unit(count: int) -> None:
    assert 3 <= len(size(count)) <= 8
    assert of_size(count // 2, count).endswith(size(count))


@given(st.lists(parts, max_size=4).map(tuple))
def test_progress_is_a_fraction_or_unknown(some: tuple[Part, ...]) -> None:
    value = progress(some)
    assert value is None or 0 <= value <= 1
    if some and all(p.done for p in some):
        assert value == 1


@pytest.mark.parametrize(
    ("state", "do"),
    [
        (State.STOPPED, Do.START),
        (State.REQUESTED, Do.CANCEL),
        (State.QUEUED, Do.CANCEL),
        (State.PREPARING, Do.CANCEL),
        (State.STARTING, Do.CANCEL),
        (State.READY, Do.OPEN),
        (State.STOPPING, None),
        (State.UNREACHABLE, None),
        (State.LOST, None),
        (State.FAILED, Do.RETRY),
    ],
)
def test_each_state_has_its_one_action(state: State, do: Do | None) -> None:
    (card,) = build(Desk(online(instance(state))), NOW, "en").cards
    assert (card.action.action.do if card.action else None) == do


def test_a_release_that_is_near_offers_to_keep_running() -> None:
    near = instance(State.READY, release_at=NOW + timedelta(minutes=4))
    (card,) = build(Desk(online(near)), NOW, "en").cards
    assert card.action is not None
    assert card.action.action.do is Do.KEEP
    assert Do.OPEN in [o.action.do for o in card.more]


def test_running_comes_first_then_starting_then_stopped_then_the_unused() -> None:
    other = replace(ENGINE, id="other", name=Words("Other", "其他"))
    some = online(
        instance(State.STOPPED, id="old", since=NOW - timedelta(days=2)),
        instance(State.STOPPED, id="new", since=NOW - timedelta(days=1)),
        instance(State.QUEUED, id="waits"),
        instance(State.READY, id="runs"),
        engines=(ENGINE, other),
    )
    cards = build(Desk(some), NOW, "en").cards
    assert [c.key for c in cards] == ["runs", "waits", "new", "old", "engine:other"]


def test_why_am_i_waiting_says_place_reason_and_time() -> None:
    waits = instance(
        State.QUEUED,
        queue_position=2,
        line=Words("needs 20 GB on one card", "需要单卡 20 GB"),
        since=NOW - timedelta(minutes=9),
    )
    (card,) = build(Desk(online(waits)), NOW, "en").cards
    assert card.why == "Place in the queue: 2\nneeds 20 GB on one card\nWaiting for 9 min"
    assert "需要单卡 20 GB" in build(Desk(online(waits)), NOW, "zh").cards[0].why


def test_offline_keeps_what_was_known_greyed_with_its_time() -> None:
    desk = Desk(
        online(
            instance(State.READY, url="http://x/"),
            link=Link.OFFLINE,
            heard_at=NOW - timedelta(minutes=35),
            problem=Problem("coordinator-refused", "Nothing listens."),
        )
    )
    view = build(desk, NOW, "en")
    assert view.page is Page.CARDS
    assert view.icon is Icon.OFFLINE
    assert "14:02" in view.banner
    (card,) = view.cards
    assert card.struck
    assert card.action is not None
    assert card.action.enabled, "a running engine's page works without the coordinator"


def test_a_click_shows_at_once_and_comes_back_when_refused() -> None:
    desk = Desk(online())
    asked = desks.acknowledge(desk, Action(Do.START, "engine:demo"))
    (card,) = build(asked, NOW, "en").cards
    assert card.shape is Shape.STARTING
    assert card.action is not None
    assert not card.action.enabled
    after = desks.refused(
        asked, Action(Do.START, "engine:demo"), Problem("limit-instances", "you have 5")
    )
    (card,) = build(after.desk, NOW, "en").cards
    assert card.refusal == "You have 5"
    assert card.action is not None
    assert card.action.enabled
    assert "上限" in build(after.desk, NOW, "zh").cards[0].refusal


def test_what_was_started_here_opens_once_when_ready() -> None:
    desk = desks.acknowledge(Desk(online()), Action(Do.START, "engine:demo"))
    desk = desks.hear(desk, online(instance(State.REQUESTED)), NOW).desk
    desk = desks.answered(desk, Action(Do.START, "engine:demo"), "a").desk
    for state in sorted(BEGINNING):
        heard = desks.hear(desk, online(instance(state)), NOW)
        assert not heard.open_now
        desk = heard.desk
    ready = online(instance(State.READY, url="http://x/"))
    heard = desks.hear(desk, ready, NOW)
    assert [i.id for i in heard.open_now] == ["a"]
    assert [n.news for n in heard.notices] == [News.READY]
    assert not desks.hear(heard.desk, ready, NOW).open_now


def test_ready_before_the_answer_came_opens_too() -> None:
    desk = desks.acknowledge(Desk(online()), Action(Do.START, "engine:demo"))
    desk = desks.hear(desk, online(instance(State.READY, url="http://x/")), NOW).desk
    assert desks.answered(desk, Action(Do.START, "engine:demo"), "a").open_now


def test_what_was_started_elsewhere_is_told_but_not_opened() -> None:
    desk = Desk(online(instance(State.STARTING)))
    heard = desks.hear(desk, online(instance(State.READY, url="http://x/")), NOW)
    assert [n.news for n in heard.notices] == [News.READY]
    assert not heard.open_now


def test_cancelled_here_does_not_open() -> None:
    desk = Desk(online(instance(State.STARTING)), started_here=frozenset({"a"}))
    desk = desks.acknowledge(desk, Action(Do.CANCEL, "a"))
    assert not desks.hear(desk, online(instance(State.READY, url="http://x/")), NOW).open_now


def test_the_first_list_is_no_news() -> None:
    heard = desks.hear(Desk(), online(instance(State.READY), instance(State.FAILED, id="b")), NOW)
    assert not heard.notices


def test_released_by_idleness_is_news_stopped_by_me_is_not() -> None:
    desk = Desk(online(instance(State.STOPPING)))
    idle = desks.hear(desk, online(instance(State.STOPPED, stop=Stop.IDLE)), NOW)
    assert [n.news for n in idle.notices] == [News.RELEASED]
    mine = desks.hear(desk, online(instance(State.STOPPED, stop=Stop.BY_CREATOR)), NOW)
    assert not mine.notices


def test_a_near_release_is_told_once_and_again_after_it_was_put_off() -> None:
    far = online(instance(State.READY, release_at=NOW + timedelta(minutes=10)))
    heard = desks.hear(Desk(), far, NOW)
    assert not heard.notices
    due = desks.next_reminder(heard.desk, NOW)
    assert due == NOW + timedelta(minutes=5)
    told = desks.remind(heard.desk, due)
    assert [n.news for n in told.notices] == [News.RELEASE_NEAR]
    assert not desks.remind(told.desk, due).notices
    assert desks.next_reminder(told.desk, due) is None
    kept = desks.hear(
        told.desk, online(instance(State.READY, release_at=due + timedelta(minutes=15))), due
    )
    assert desks.remind(kept.desk, due + timedelta(minutes=11)).notices


@pytest.mark.parametrize(
    ("link", "heard_at", "page", "icon"),
    [
        (Link.UNCONFIGURED, None, Page.FIRST_RUN, Icon.SIGNED_OUT),
        (Link.UNTRUSTED, None, Page.TRUST, Icon.SIGNED_OUT),
        (Link.SIGNED_OUT, None, Page.SIGN_IN, Icon.SIGNED_OUT),
        (Link.SIGNING_IN, None, Page.SIGNING_IN, Icon.SIGNED_OUT),
        (Link.CONNECTING, None, Page.CONNECTING, Icon.CONNECTING),
        (Link.OFFLINE, None, Page.CONNECTING, Icon.OFFLINE),
        (Link.OFFLINE, NOW, Page.CARDS, Icon.OFFLINE),
        (Link.ONLINE, NOW, Page.CARDS, Icon.IDLE),
    ],
)
def test_pages_and_icons(link: Link, heard_at: datetime | None, page: Page, icon: Icon) -> None:
    view = build(Desk(Snapshot(link=link, heard_at=heard_at)), NOW, "en")
    assert (view.page, view.icon) == (page, icon)


def test_times_are_told_as_people_do() -> None:
    assert moment(NOW, NOW, UTC, "en") == "14:37"
    assert moment(NOW - timedelta(days=1), NOW, UTC, "en") == "yesterday 14:37"
    assert moment(NOW - timedelta(days=3), NOW, UTC, "zh") == "11月20日 14:37"
    assert duration(timedelta(seconds=61), "en") == "2 min"
    assert duration(timedelta(minutes=125), "en") == "2 h 5 min"
    assert duration(timedelta(seconds=-5), "en") == "a moment"
