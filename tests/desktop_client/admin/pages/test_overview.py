"""The overview: what needs an admin, how full it is, who is on what, today beside the usual day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client.admin.model import Door, Fleet, Gpu, Node, Unclaimed
from desktop_client.admin.pages.attention import attention
from desktop_client.admin.pages.attention_machines import version_key
from desktop_client.admin.pages.concerns import Concern, Facts, named, one_of
from desktop_client.admin.pages.fullness import Cards, fullness
from desktop_client.admin.pages.overview_view import STEP, overview
from desktop_client.admin.pages.usual_day import Like, usual_day
from desktop_client.admin.records import Catalogue, CatalogueProblem, OccupancyPoint
from desktop_client.i18n import knows
from desktop_client.model import Card, Engine, Instance, State, Version, Words
from tests.desktop_client.admin.pages.studio import GIB, NOW, fleet, gpu, instance, node


def items(
    of: Fleet, language: str = "en", catalogue: Catalogue | None = None, version: str = ""
) -> list[tuple[Concern, str]]:
    facts = Facts(of, NOW, language, UTC, catalogue, version)
    return [(item.concern, item.text) for item in attention(facts)]


def only(of: Fleet, **more: object) -> str:
    [(_, text)] = items(of, **more)  # type: ignore[arg-type]
    return text


def test_a_quiet_studio_says_so() -> None:
    view = overview(fleet((node(),)), Catalogue(), (), NOW, language="en", zone=UTC)
    assert view.items == ()
    assert view.calm == "Nothing needs you right now."


def test_each_item_says_where_and_what_to_do_and_leads_there() -> None:
    silent = node(online=False, last_seen=NOW - timedelta(minutes=35))
    there = instance(state=State.UNREACHABLE, node_id=silent.id)
    facts = Facts(fleet((silent,), (there,)), NOW, "en", UTC)
    [item] = attention(facts)
    assert item.concern is Concern.CUT_OFF
    assert item.text == (
        "render-01 has not answered since 14:02; 1 engine of Lin Xia may still be running there."
    )
    assert item.remedy
    assert (item.action, item.page, item.row) == (
        "Open render-01",
        "machines",
        "n-render-01",
    )


def test_the_most_severe_is_first() -> None:
    """Every concern at once, in the order of the enum."""
    nodes = (
        node("old", agent_version="0.8.9"),
        node("u", unclaimed=(Unclaimed("c", stop_after=NOW + timedelta(hours=1)),)),
        node("p", problems=(Words("The clock is off.", "时钟不准。"),)),
        node("c", certificate_expires=NOW + timedelta(hours=1)),
        node("d", disk_free_bytes=3_000_000_000),
        node("q", gpus=(gpu(quarantined=True), gpu(1, quarantined=True))),
        node("a", online=False),
        node("b", can_start=False, problems=(Words("Docker does not answer.", "无响应。"),)),
        node("o", door=Door.OPEN_TO_LOCAL_USERS),
        node("s", online=False),
        node("l", ledger_refused=True, can_start=False),
        node("gone", revoked=True, online=False, ledger_refused=True),
    )
    instances = (
        instance("on-s", State.UNREACHABLE, node_id="n-s"),
        instance("big", State.QUEUED, version="big", queue_position=1),
        instance("bad", State.FAILED, line=Words("Crashed", "已崩溃")),
        instance("bad-long-ago", State.FAILED, since=NOW - timedelta(days=3)),
    )
    engine = Engine("comfyui", Words("C", "C"), versions=(Version("big", 1, 80 * 1024),))
    catalogue = Catalogue((engine,), (CatalogueProblem("x.yaml", 3, "image", "is missing"),))
    studio = replace(fleet(nodes, instances), server_time=NOW + timedelta(minutes=5))
    found = items(studio, catalogue=catalogue, version="0.9.0")
    assert [concern for concern, _ in found] == list(Concern)
    texts = dict(found)
    assert texts[Concern.SET_ASIDE].startswith("2 cards of q set aside")
    assert texts[Concern.DISK] == "d has 3.0 GB left on its disk."
    assert texts[Concern.CERTIFICATE].endswith("which ends 15:37.")
    assert texts[Concern.FAILED] == "bad of Lin Xia failed at 13:37. Crashed"
    assert "x.yaml:3: is missing" in texts[Concern.CATALOGUE]
    assert texts[Concern.CLOCK] == "This computer's clock is 5 min behind the coordinator's."
    assert texts[Concern.VERSION] == "old runs agent 0.8.9; 0.9.0 is current."


def test_many_machines_are_one_item() -> None:
    nodes = tuple(node(f"render-{n:02}", ledger_refused=True) for n in range(12))
    facts = Facts(fleet(nodes), NOW, "en", UTC)
    [item] = attention(facts)
    assert item.text.endswith("render-00, render-01, render-02 and 9 more.")
    assert item.action == "Show 12 machines"
    assert item.filter.startswith("machine=render-00,render-01,")


def test_a_drained_machine_that_is_switched_off_needs_nobody() -> None:
    assert items(fleet((node(online=False, draining=True), node("r-2")))) == []


@pytest.mark.parametrize(
    ("cards", "stuck"),
    [
        ((gpu(), gpu(1)), False),
        ((gpu(),), True),
        ((gpu(), gpu(1, memory_total_bytes=11 * GIB)), True),
        ((gpu(), gpu(1, memory_total_bytes=None)), True),
        ((gpu(), gpu(1, quarantined=True)), True),
    ],
)
def test_who_waits_for_what_nobody_has(cards: tuple[Gpu, ...], stuck: bool) -> None:
    engine = Engine("comfyui", Words("C"), versions=(Version("0.12", 2, 20 * 1024),))
    waiting = instance(state=State.QUEUED, line=Words("Waiting, you are next: needs 20 GB"))
    holder = instance("other", node_id="n-render-01", cards=(Card("x", uuid="GPU-0"),))
    studio = fleet((node(gpus=cards),), (waiting, holder))
    found = dict(items(studio, catalogue=Catalogue((engine,))))
    assert (Concern.STUCK in found) is stuck


def test_nothing_is_guessed_about_needs_that_are_not_known() -> None:
    waiting = instance(state=State.QUEUED)
    assert Concern.STUCK not in dict(items(fleet((node(),), (waiting,))))
    assert Concern.STUCK in dict(items(fleet((), (waiting,))))


def test_every_word_is_there() -> None:
    for concern in Concern:
        assert knows(f"overview.{concern}.remedy"), concern
    for like in set(Like) - {Like.NONE}:
        assert knows(f"overview.like.{like}"), like


def test_versions_are_numbers() -> None:
    assert version_key("0.10.2") > version_key("0.9")
    assert version_key("1.0") == version_key("1.0.0")
    assert version_key("1.2.dev3") == version_key("1.2")
    assert version_key("") == ()


def test_names() -> None:
    assert named(["a", "b"], "zh") == "a、b"
    assert named(["a", "b", "c", "d"], "en") == "a, b, c and 1 more"
    assert one_of("machine", ["two words", "b"]) == 'machine="two words",b'


# -- how full -------------------------------------------------------------------------------------


def test_cards_by_what_they_do() -> None:
    busy = node(
        "busy",
        gpus=(gpu(0), gpu(1, percent=0.0), gpu(2, percent=None), gpu(3, quarantined=True), gpu(4)),
    )
    holding = instance(node_id=busy.id, cards=tuple(Card("x", uuid=f"GPU-{n}") for n in (0, 1, 2)))
    sharing = instance("B", node_id=busy.id, cards=(Card("x", uuid="GPU-0"),))
    away = node("away", online=False, gpus=(gpu(8), gpu(9)))
    drained = node("drained", draining=True, pool="cloud", gpus=(gpu(5),))
    full = fullness(fleet((busy, away, drained), (holding, sharing, instance("C", State.QUEUED))))
    assert full.cards == Cards(in_use=1, idle=1, unknown=1, free=1, out=4)
    assert [(p.name, p.machines, p.answering) for p in full.pools] == [
        ("cloud", 1, 1),
        ("on-prem", 2, 1),
    ]
    assert full.waiting == 1
    assert (full.cards.held, full.cards.all) == (3, 8)


# -- today and the usual day ----------------------------------------------------------------------


def point(at: datetime, held: float, cards: float = 8.0) -> OccupancyPoint:
    return OccupancyPoint(at, cards, held)


def test_the_usual_day_is_the_median_of_the_same_weekday() -> None:
    weeks = [
        point(NOW - timedelta(days=7 * week) + STEP * step, held)
        for week, held in ((1, 2.0), (2, 4.0), (3, 100.0))
        for step in range(-2, 1)
    ]
    other = [point(NOW - timedelta(days=1), 50.0), point(NOW - timedelta(days=3), 50.0)]
    day = usual_day([*weeks, *other, point(NOW - STEP, 3.0)], NOW, UTC, STEP)
    assert (day.days, day.like) == (3, Like.WEEKDAY)
    assert day.usual_now == 4.0
    assert day.today == ((datetime(2026, 11, 23, 14, 30, tzinfo=UTC), 3.0),)
    assert [at.strftime("%H:%M") for at, _ in day.usual] == ["14:00", "14:30", "15:00"]


def test_what_is_not_known_is_a_gap() -> None:
    early = point(NOW - timedelta(hours=3), 1.0)
    late = point(NOW - timedelta(hours=1), 2.0)
    day = usual_day([early, late], NOW, UTC, STEP)
    assert [held for _, held in day.today] == [1.0, None, None, None, 2.0]
    assert day.like is Like.NONE
    assert day.usual == ()


def test_few_days_are_taken_as_they_come_and_named_so() -> None:
    working = [point(NOW - timedelta(days=d), 1.0) for d in (3, 4)]
    assert usual_day(working, NOW, UTC, STEP).like is Like.WORKING_DAYS
    assert usual_day([point(NOW - timedelta(days=2), 1.0)], NOW, UTC, STEP).like is Like.ALL
    sunday = NOW - timedelta(days=1)
    weekend = [point(sunday - timedelta(days=d), 1.0) for d in (1, 8)]
    assert usual_day(weekend, sunday, UTC, STEP).like is Like.WEEKENDS


def test_a_day_is_the_desktops_day() -> None:
    """22:10 in Berlin of yesterday is yesterday there, and 06:10 of today in Shanghai."""
    at = datetime(2026, 11, 22, 22, 10, tzinfo=UTC)
    east = timezone(timedelta(hours=8))
    assert usual_day([point(at, 1.0)], NOW, east, STEP).cards == 8.0
    assert usual_day([point(at, 1.0)], NOW, UTC, STEP).cards is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_today_is_told_in_a_sentence(language: str) -> None:
    aligned = NOW.replace(hour=15, minute=0)
    weeks = [point(aligned - timedelta(days=7 * w), 3.5) for w in (1, 2)]
    holder = instance(node_id="n-render-01", cards=(Card("x", uuid="GPU-0"),))
    view = overview(fleet((node(),), (holder,)), None, weeks, NOW, language=language, zone=UTC)
    told = {
        "en": "Cards held now: 1; usually 3.5 at this time (median of the last 2 Mondays).",
        "zh": "目前占用 1 张显卡；平常此时为 3.5 张（最近 2 个星期一的中位数）。",
    }
    assert view.today == told[language]


def test_one_day_is_not_days() -> None:
    before = [point(NOW.replace(hour=15, minute=0) - timedelta(days=2), 2.0)]
    view = overview(fleet((node(),), ()), None, before, NOW, language="en", zone=UTC)
    assert view.today.endswith("usually 2 at this time (median of the one day on record).")


# -- whatever is missing --------------------------------------------------------------------------

moments = st.integers(-50_000, 10_000).map(lambda minutes: NOW + timedelta(minutes=minutes))
times = st.none() | moments
gpus = st.builds(
    Gpu,
    uuid=st.sampled_from(["GPU-0", "GPU-1", "GPU-2"]),
    name=st.just("card"),
    memory_total_bytes=st.none() | st.integers(0, 1 << 40),
    percent=st.none() | st.floats(0, 100),
    quarantined=st.booleans(),
)
words = st.builds(Words, st.text(max_size=5), st.text(max_size=5))
nodes = st.builds(
    Node,
    id=st.sampled_from("abcdef"),
    name=st.text(max_size=8),
    online=st.booleans(),
    draining=st.booleans(),
    revoked=st.booleans(),
    last_seen=times,
    agent_version=st.text("0123456789.abc", max_size=6),
    gpus=st.lists(gpus, max_size=3).map(tuple),
    problems=st.lists(words, max_size=2).map(tuple),
    door=st.sampled_from(Door),
    unclaimed=st.lists(st.builds(Unclaimed, st.text(max_size=3), stop_after=times), max_size=2).map(
        tuple
    ),
    disk_free_bytes=st.none() | st.integers(0, 1 << 45),
    can_start=st.booleans(),
    ledger_refused=st.booleans(),
    certificate_expires=times,
)
instances = st.builds(
    Instance,
    id=st.uuids().map(str),
    name=st.text(max_size=5),
    engine_id=st.sampled_from(["x", "y"]),
    engine_name=words,
    version=st.sampled_from(["1", "2"]),
    state=st.sampled_from(State),
    line=words,
    since=times,
    node_id=st.sampled_from(["", "a", "b", "unknown"]),
    cards=st.lists(
        st.builds(Card, st.just("x"), uuid=st.sampled_from(["", "GPU-0", "GPU-1"])), max_size=2
    ).map(tuple),
    queue_position=st.none() | st.integers(1, 9),
    owner_name=st.text(max_size=3),
)
points = st.builds(
    OccupancyPoint,
    at=moments,
    cards=st.floats(0, 100),
    held=st.floats(0, 100),
    busy=st.none() | st.floats(0, 100),
)
engines = st.builds(
    Engine,
    id=st.sampled_from(["x", "y"]),
    name=words,
    versions=st.lists(
        st.builds(Version, st.sampled_from(["1", "2"]), st.integers(0, 9), st.integers(0, 1 << 20)),
        max_size=2,
    ).map(tuple),
)
catalogues = st.none() | st.builds(
    Catalogue,
    engines=st.lists(engines, max_size=2).map(tuple),
    problems=st.lists(
        st.builds(CatalogueProblem, st.just("f"), st.integers(0, 3), st.just("k"), st.text()),
        max_size=2,
    ).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(nodes, max_size=6), st.lists(instances, max_size=5), st.lists(points, max_size=20),
    catalogues, times, times, st.sampled_from(["en", "zh"]),
)  # fmt: skip
def test_whatever_is_missing_the_overview_is_there(
    there: list[Node],
    running: list[Instance],
    known: list[OccupancyPoint],
    catalogue: Catalogue | None,
    server: datetime | None,
    heard: datetime | None,
    language: str,
) -> None:
    studio = replace(fleet(tuple(there), tuple(running)), server_time=server, heard_at=heard)
    view = overview(studio, catalogue, known, NOW, language=language, zone=UTC)
    assert bool(view.calm) != bool(view.items)
    assert view.full
    assert view.today
    cards = sum(len(n.gpus) for n in studio.nodes.values() if not n.revoked)
    assert view.fullness.cards.all == cards
    assert sum(p.cards.all for p in view.fullness.pools) == cards
    order = list(Concern)
    severity = [order.index(item.concern) for item in view.items]
    assert severity == sorted(severity)
    assert all(item.text and item.remedy for item in view.items)
    assert all(bool(item.action) == bool(item.page) for item in view.items)
