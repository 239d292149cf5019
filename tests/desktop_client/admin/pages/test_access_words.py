"""Who gets in, in words: roles, tokens, former accounts, shares, the authority, refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from desktop_client.admin.model import Door, Role
from desktop_client.admin.pages.attention import attention
from desktop_client.admin.pages.authority_box import STEPS, authority_facts
from desktop_client.admin.pages.concerns import Facts as Concerned
from desktop_client.admin.pages.instance_facts import facts
from desktop_client.admin.pages.links import link_lines
from desktop_client.admin.pages.people_columns import PEOPLE, TOKENS, Somebody, role_told
from desktop_client.admin.pages.people_columns import scopes_told as scopes
from desktop_client.admin.pages.shares_columns import SHARES, share_victim
from desktop_client.admin.records import (
    AuthorityStatus,
    Link,
    Person,
    Phase,
    Share,
    Token,
    TrustedAuthority,
)
from desktop_client.admin.tables.column import Mark, Speech
from desktop_client.i18n import knows
from desktop_client.model import Refusals, RefusedTarget, Words
from desktop_client.view_model import Shape
from tests.desktop_client.admin.pages.studio import EN, NOW, ZH, fleet, instance, node, told

LIN = Person("p-1", "Lin Xia", role=Role.ADMIN, claims_role=Role.CREATOR, role_overridden=True)
ASKS = Link("l-1", "p-7", "Liu Yang", "liuyang")
USE = Share(
    "s-1", "i-1", "ComfyUI", "p-1", "Lin Xia", person_name="Wang Fang",
    created_at=NOW - timedelta(hours=3), expires_at=NOW + timedelta(hours=5),
)  # fmt: skip
STATUS = AuthorityStatus(
    Phase.ANNOUNCED,
    (
        TrustedAuthority("sha256:abcdefghij", NOW + timedelta(days=300)),
        TrustedAuthority("sha256:klmnopqrst", NOW + timedelta(days=3000)),
    ),
    NOW - timedelta(days=2),
    NOW + timedelta(days=5),
)


def test_every_word_of_a_step_and_of_a_phase_is_there() -> None:
    parts = ("", ".title", ".consequence", ".yes", ".done")
    computed = [
        *(f"authority.{step}{part}" for step in STEPS for part in parts),
        *(f"authority.phase.{phase or 'unknown'}" for phase in Phase),
        *(f"authority.next.{phase}" for phase in Phase if phase),
        *(f"people.token.scope.{scope}" for scope in ("api", "engines")),
        *(f"shares.ended.{many}" for many in ("one", "many")),
        *(f"shares.end.title.{many}" for many in ("one", "many")),
    ]  # fmt: skip
    assert [key for key in computed if not knows(key)] == []


# -- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "speech", "expected"),
    [
        (LIN, EN, "Admin (given here; otherwise Creator)"),
        (LIN, ZH, "管理员（在此指定；否则为创作者）"),
        (replace(LIN, claims_role=Role.ADMIN), EN, "Admin (given here)"),
        (replace(LIN, claims_role=Role.UNKNOWN), EN, "Admin (given here)"),
        (replace(LIN, role_overridden=False), EN, "Admin"),
    ],
)
def test_where_a_role_comes_from(person: Person, speech: Speech, expected: str) -> None:
    assert role_told(person, speech.language) == expected


def test_somebody_with_odd_claims_is_marked_and_says_why() -> None:
    odd = Somebody(replace(LIN, problem=Words("No groups came.", "没有用户组。"), sessions=2))
    name = PEOPLE[0]
    assert name.mark is not None
    assert name.mark(odd) == Mark(Shape.ATTENTION)
    locked_out = Somebody(replace(odd.person, disabled=True))
    assert name.mark(locked_out) == Mark(Shape.STOPPED, struck=True)
    assert name.tooltip is not None
    assert name.tooltip(odd, ZH) == "没有用户组。"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token("t", "a"), "the studio's API"),
        (Token("t", "a", scopes=("engines",)), "engines"),
        (Token("t", "a", scopes=("engines",), instances=("A", "B")), "engines A, B"),
        (
            Token("t", "a", scopes=("api", "engines"), read_only=True),
            "the studio's API, engines, reading only",
        ),
    ],
)
def test_what_a_token_is_good_for(token: Token, expected: str) -> None:
    assert scopes(token, "en") == expected
    assert told(TOKENS, token)["scopes"] == expected


def test_a_token_that_ends_soon_says_so() -> None:
    token = Token("t", "a", expires_at=NOW + timedelta(hours=2))
    assert told(TOKENS, token)["ends"] == "16:37"
    assert told(TOKENS, replace(token, ends_soon=True))["ends"] == "16:37, soon"


# -- former accounts ------------------------------------------------------------------------------


def test_what_an_admin_weighs() -> None:
    assert link_lines(ASKS, "en") == ("only named it", "Gets no engines")
    whole = replace(
        ASKS, proven=True, note="It is me.", former_engines=("A", "B"), asker_engines=("C",)
    )
    assert link_lines(whole, "en") == (
        "knew its password", "Gets: A, B", "Keeps: C", "Note: It is me.",
    )  # fmt: skip
    assert link_lines(whole, "zh")[1] == "将获得：A、B"


def test_nobody_is_told_what_they_get_where_there_is_an_obstacle() -> None:
    assert link_lines(replace(ASKS, obstacle=Words("No such account.")), "en") == ("only named it",)


# -- shares ---------------------------------------------------------------------------------------


def test_a_share_in_both_languages() -> None:
    cells = told(SHARES, USE)
    assert (cells["name"], cells["owner"], cells["guest"]) == ("ComfyUI", "Lin Xia", "Wang Fang")
    assert (cells["access"], cells["until"], cells["since"]) == ("use", "19:37", "11:37")
    team = replace(USE, person_name="", team="look-dev", view_only=True)
    assert (told(SHARES, team)["guest"], told(SHARES, team)["access"]) == (
        "team look-dev", "view only",
    )  # fmt: skip
    assert told(SHARES, team, ZH)["access"] == "仅查看"
    assert told(SHARES, replace(USE, person_name="", owner_name=""))["guest"] == "–"


def test_a_share_that_ends_is_named_whole() -> None:
    named = share_victim(USE, EN)
    assert all(word in named for word in ("ComfyUI", "Lin Xia", "Wang Fang", "19:37"))


# -- the authority --------------------------------------------------------------------------------


def test_who_signs_and_who_will() -> None:
    rows = dict(authority_facts(replace(STATUS, waiting=("render-02", "render-05")), EN))
    assert rows["Signs"].startswith("sha256: abcdefgh ij, until 2027-")
    assert rows["Will sign"].startswith("sha256: klmnopqr st")
    assert rows["Rotation"].endswith("since 21 Nov 14:37 (2 days ago)")
    assert rows["Next step"] == "switched by itself from 2026-11-28 14:37:00"
    assert rows["Machines missing"] == "render-02, render-05"


def test_after_the_switch_the_old_one_is_still_trusted() -> None:
    rows = dict(authority_facts(replace(STATUS, phase=Phase.SWITCHED), EN))
    assert rows["Still trusted"].startswith("sha256: klmnopqr st")
    assert "Machines missing" not in rows


def test_a_step_that_waits_for_machines_says_so() -> None:
    waits = replace(STATUS, next_step_at=None, waiting=("render-02",))
    assert dict(authority_facts(waits, EN))["Next step"] == "by itself once no machine is missing"
    never = replace(waits, waiting=())
    assert "Next step" not in dict(authority_facts(never, EN))


def test_an_authority_of_which_nothing_is_known_yet_or_is_newer() -> None:
    assert authority_facts(None, EN) == (("Signs", "–"),)
    newer = dict(authority_facts(replace(STATUS, phase=Phase.UNKNOWN), EN))
    assert newer["Rotation"] == "this window is too old to tell"
    assert "Next step" not in newer


# -- what engines were refused, doors -------------------------------------------------------------


def test_what_an_engine_was_refused_is_listed() -> None:
    refusals = Refusals(
        15,
        (RefusedTarget("192.168.1.7", 445, "tcp", 14), RefusedTarget("a.example", 0, "name", 1)),
        NOW - timedelta(minutes=35),
        NOW,
    )
    rows = dict(facts(instance(refusals=refusals), EN))
    assert rows["Refused"].splitlines() == [
        "15 connections since 14:02 (35 min ago)",
        "14 × 192.168.1.7:445 (tcp)",
        "1 × a.example (name)",
    ]
    six = replace(refusals, top=(RefusedTarget("fd00::7", 443, "tcp", 15),))
    assert dict(facts(instance(refusals=six), EN))["Refused"].endswith("15 × [fd00::7]:443 (tcp)")
    one = replace(refusals, total=1, top=())
    assert dict(facts(instance(refusals=one), EN))["Refused"].startswith("1 connection since")
    assert "Refused" not in dict(facts(instance(), EN))


def test_who_started_it_and_with_how_many_it_is_shared() -> None:
    rows = dict(facts(instance(started_by="Wang Fang", shares=1), EN))
    assert (rows["Started by"], rows["Shared"]) == ("Wang Fang", "with 1 person or team")
    assert dict(facts(instance(shares=3), EN))["Shared"] == "with 3 people or teams"
    assert not {"Started by", "Shared"} & dict(facts(instance(), EN)).keys()


@pytest.mark.parametrize(
    ("speech", "gap", "reason"), [(EN, " ", "Put it in group x."), (ZH, "", "请加入用户组 x。")]
)
def test_an_open_door_is_told_with_its_reason(speech: Speech, gap: str, reason: str) -> None:
    def text(reason: Words) -> str:
        open_ = node(door=Door.OPEN_TO_LOCAL_USERS, door_reason=reason)
        [item] = attention(Concerned(fleet((open_,)), NOW, speech.language, speech.zone))
        return item.text

    bare = text(Words())
    assert text(Words("Put it in group x.", "请加入用户组 x。")) == f"{bare}{gap}{reason}"
