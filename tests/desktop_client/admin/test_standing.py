"""How things stand, in words: the gate before the pages, the line at the foot, the badges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from desktop_client.admin.badges import Badges, needs_somebody
from desktop_client.admin.model import EVERYTHING, Delta, Fleet, Gpu, Node, Role, Unclaimed
from desktop_client.admin.standing import Step, gate, status
from desktop_client.card_view import Shape
from desktop_client.model import Link, Problem, State, Words
from tests.standins.fleet import NOW, fleet, studio

SEEN = fleet(studio(12, 2, 30))
AWAY = Problem("coordinator-unreachable", "the connection broke")


@pytest.mark.parametrize(
    ("fleet", "first", "second"),
    [
        (Fleet(link=Link.UNCONFIGURED), Step.FIND, None),
        (Fleet(link=Link.UNTRUSTED, pin="sha256:x"), Step.TRUST, Step.DISTRUST),
        (Fleet(link=Link.SIGNED_OUT), Step.SIGN_IN, None),
        (Fleet(link=Link.SIGNING_IN), None, Step.CANCEL),
        (Fleet(link=Link.CONNECTING), None, None),
        (Fleet(link=Link.OFFLINE), Step.WAKE, None),
        (Fleet(link=Link.ONLINE, role=Role.CREATOR), Step.SIGN_OUT, Step.WAKE),
        (Fleet(link=Link.ONLINE, role=Role.TEAM_LEAD), Step.SIGN_OUT, Step.WAKE),
        (replace(SEEN, link=Link.OFFLINE, role=Role.CREATOR), Step.SIGN_OUT, Step.WAKE),
    ],
)
def test_what_is_missing_and_the_step_that_is_right_now(
    fleet: Fleet, first: Step | None, second: Step | None
) -> None:
    for language in ("en", "zh"):
        found = gate(fleet, language)
        assert found is not None
        assert (found.first, found.second) == (first, second)
        assert found.title
        assert found.text


def test_what_was_seen_stays_visible_offline() -> None:
    assert gate(SEEN, "en") is None
    assert gate(replace(SEEN, link=Link.OFFLINE), "en") is None


def test_offline_says_since_when_and_why() -> None:
    away = replace(SEEN, link=Link.OFFLINE, problem=AWAY, heard_at=NOW - timedelta(minutes=35))
    found = status(away, NOW, UTC, "en")
    assert found.live == "Offline since 14:02"
    assert "14:02" in found.banner
    assert "The connection broke" in found.banner
    assert (found.shape, found.struck) == (Shape.ATTENTION, True)
    live = status(SEEN, NOW, UTC, "en")
    assert (live.live, live.banner, live.who) == ("Live", "", "Chen Jie (admin)")
    assert "changes nothing" in status(replace(SEEN, role=Role.AUDITOR), NOW, UTC, "en").who


def test_only_an_admin_online_may_change() -> None:
    assert SEEN.may_change
    assert not replace(SEEN, link=Link.OFFLINE).may_change
    assert not replace(SEEN, role=Role.AUDITOR).may_change


@pytest.mark.parametrize(
    ("node", "needy"),
    [
        (Node("n", "n", online=True), False),
        (Node("n", "n", online=True, draining=True), False),
        (Node("n", "n", online=False), True),
        (Node("n", "n", online=False, revoked=True), False),
        (Node("n", "n", online=True, can_start=False), True),
        (Node("n", "n", online=True, problems=(Words("x", "x"),)), True),
        (Node("n", "n", online=True, unclaimed=(Unclaimed("c"),)), True),
        (Node("n", "n", online=True, gpus=(Gpu("g", "g", quarantined=True),)), True),
    ],
)
def test_which_machines_need_somebody(node: Node, needy: bool) -> None:
    assert needs_somebody(node) is needy


def test_badges_count_along() -> None:
    badges = Badges()
    badges.take(SEEN, EVERYTHING)
    waiting = sum(i.state is State.QUEUED for i in SEEN.instances.values())
    assert badges.badge("machines") == "5"
    assert badges.badge("queue") == (str(waiting) if waiting else "")
    assert badges.badge("people") == ""
    one = next(iter(SEEN.instances.values()))
    badges.take(SEEN, Delta(instances=(replace(one, id="x", state=State.QUEUED),)))
    assert badges.badge("queue") == str(waiting + 1)
    badges.take(SEEN, Delta(removed_instances=("x",), removed_nodes=tuple(SEEN.nodes)))
    assert badges.badge("queue") == (str(waiting) if waiting else "")
    assert badges.badge("machines") == ""
