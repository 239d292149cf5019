"""What the pages' tables say, cell by cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from desktop_client.admin.model import Role
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.audit_columns import AUDIT
from desktop_client.admin.pages.catalogue_columns import PROBLEMS, VERSIONS, version_rows
from desktop_client.admin.pages.fullness_view import PARTS
from desktop_client.admin.pages.instances_columns import INSTANCES, WORKING
from desktop_client.admin.pages.people_columns import (
    PEOPLE,
    ROLES,
    TOKENS,
    Somebody,
    disabling,
    people_rows,
)
from desktop_client.admin.pages.person_detail import ACTIONS
from desktop_client.admin.pages.queue_columns import (
    QUEUE,
    REMOVED,
    needs_in,
    summary,
    waiting_rows,
)
from desktop_client.admin.pages.settings_columns import SETTINGS
from desktop_client.admin.pages.shares_columns import SHARES
from desktop_client.admin.records import (
    AuditEntry,
    Catalogue,
    CatalogueProblem,
    Person,
    Setting,
    Token,
)
from desktop_client.admin.settings import LOOKS
from desktop_client.admin.tables.column import Column
from desktop_client.i18n import knows, say
from desktop_client.model import Card, Engine, State, Version, Words
from tests.desktop_client.admin.pages.studio import EN, GIB, NOW, ZH, fleet, instance, told

EVERY: list[tuple[Column[Any], ...]] = [
    INSTANCES, WORKING, QUEUE, REMOVED, PEOPLE, TOKENS, SHARES, VERSIONS, PROBLEMS, AUDIT,
    SETTINGS,
]  # fmt: skip


@pytest.mark.parametrize("columns", EVERY)
def test_columns_have_titles_and_keys_of_their_own(columns: tuple[Column[Any], ...]) -> None:
    assert all(knows(c.title) for c in columns)
    keys = [name for c in columns for name in (c.key, *c.filter_names)]
    assert len(keys) == len(set(keys))


def test_every_computed_word_is_there() -> None:
    computed = (
        [f"instances.state.{state}" for state in State]
        + [f"people.role.{role}{more}" for role in ROLES for more in ("", ".meaning")]
        + [f"people.{action}" for action in ACTIONS]
        + [f"catalogue.state.{state}" for state in ("default", "offered", "withdrawn", "gone")]
        + [f"overview.{part}" for part in PARTS]
        + [f"overview.weekday.{day}" for day in range(7)]
        + [f"instances.tab.{tab}" for tab in ("facts", "story", "logs")]
        + [f"studio.look.{look or 'system'}" for look in LOOKS]
        + [f"studio.origin.{origin}" for origin in ("default", "set")]
    )
    assert [key for key in computed if not knows(key)] == []


def test_an_instance_in_both_languages() -> None:
    it = instance(
        node_id="n-1", node_name="render-04",
        cards=(Card("RTX 4090", total_bytes=24 * GIB, uuid="GPU-0"),),
        vram_used_bytes=12_025_908_429, gpu_percent=61.4, data_bytes=3_100_000_000,
        release_at=NOW + timedelta(minutes=15), last_activity=NOW - timedelta(days=1),
    )  # fmt: skip
    english, chinese = told(INSTANCES, it), told(INSTANCES, it, ZH)
    assert english["state"] == "Ready"
    assert chinese["state"] == "就绪"
    assert english["vram"] == "11.2 / 24.0 GB"
    assert english["gpu"] == "61 %"
    assert (english["since"], english["release"]) == ("13:37", "14:52")
    assert (english["activity"], chinese["activity"]) == ("yesterday 14:37", "昨天 14:37")
    assert english["data"] == "3.1 GB"
    release = next(c for c in INSTANCES if c.key == "release").tooltip
    assert release is not None
    assert release(it, EN) == "14:52 (in 15 min)"


def test_unknown_is_a_dash_and_never_zero() -> None:
    bare = instance(state=State.STOPPED, since=None, line=Words(), version="")
    cells_ = told(INSTANCES, bare)
    for key in (
        "version", "machine", "cards", "vram", "gpu", "since", "activity", "release", "reason",
        "data", "created", "code",
    ):  # fmt: skip
        assert cells_[key] == "–", key
    unread = replace(bare, cards=(Card("A"), Card("A")))
    assert told(INSTANCES, unread)["vram"] == "–"
    assert told(INSTANCES, unread)["cards"] == "2 × A"
    assert cells.reserved(replace(unread, vram_reserved_bytes=GIB)) == 2 * GIB


def test_the_queue_by_turn_with_its_needs() -> None:
    engine = Engine("comfyui", Words("C"), versions=(Version("0.12", 2, 20 * 1024),))
    there = [
        instance("second", State.QUEUED, queue_position=2),
        instance("asked", State.REQUESTED, version="x"),
        instance("first", State.QUEUED, queue_position=1),
        instance("runs"),
    ]
    rows = waiting_rows(there, needs_in(Catalogue((engine,))))
    assert [r.instance.name for r in rows] == ["first", "second", "asked"]
    assert [told(QUEUE, r)["need"] for r in rows] == ["2 cards, 20 GB each"] * 2 + ["–"]
    assert told(QUEUE, rows[0])["waited"] == "1 h"
    assert [told(QUEUE, r)["position"] for r in rows] == ["1", "2", "–"]
    assert "3" in summary(rows, EN)
    assert "13:37" in summary(rows, EN)
    assert summary([], EN) == say("queue.empty", "en")
    assert told(QUEUE, waiting_rows(there, {})[0])["need"] == "–"


def test_people_with_what_they_run() -> None:
    lin = Person(
        "p-1", "Lin Xia", role=Role.TEAM_LEAD, teams=("vfx", "look"), local=True, sessions=2
    )
    studio = fleet((), (instance(), instance("old", State.STOPPED)))
    [row] = people_rows([lin], studio)
    cells_ = told(PEOPLE, row)
    assert cells_["role"] == "Team lead"
    assert cells_["teams"] == "vfx, look"
    assert (cells_["account"], cells_["state"], cells_["live"]) == ("local", "Active", "1")
    assert cells_["email"] == cells_["seen"] == "–"
    assert told(PEOPLE, Somebody(Person("p-2", "", role=Role.UNKNOWN)))["role"] == "–"
    assert told(TOKENS, Token("t", ""))["name"] == "t"


def test_disabling_names_what_ends_and_what_goes_on() -> None:
    lin = Person("p-1", "Lin Xia", sessions=3, tokens=1)
    waits = instance("InvokeAI", State.QUEUED, queue_position=1)
    lines = disabling(lin, [instance(), waits], EN)
    assert len(lines) == 4
    assert "3" in lines[0]
    assert "ComfyUI" in lines[2]
    assert "InvokeAI" in lines[3]
    assert len(disabling(lin, [], ZH)) == 2


def test_the_catalogue_counts_and_names_what_it_lost() -> None:
    engine = Engine(
        "comfyui", Words("ComfyUI"), default_version="0.12",
        versions=(Version("0.12", 1, 8192), Version("0.11", 1, 8192, available=False)),
    )  # fmt: skip
    studio = fleet(
        (),
        (
            instance(),
            instance("w", State.QUEUED),
            instance("s", State.STOPPED),
            instance("old", State.STOPPED, version="0.9"),
        ),
    )
    rows = version_rows(Catalogue((engine,)), studio)
    states = [told(VERSIONS, r)["state"] for r in rows]
    assert states == ["Offered, default", "Withdrawn", "Not in the catalogue"]
    first = told(VERSIONS, rows[0])
    assert (first["live"], first["waiting"], first["all"]) == ("1", "1", "3")
    assert told(VERSIONS, rows[2])["need"] == "–"
    assert version_rows(None, studio) == []
    assert told(PROBLEMS, CatalogueProblem("a.yaml", 0, "", "is empty"))["line"] == "–"


def test_the_audit_log_says_names_and_keeps_what_it_does_not_know() -> None:
    entry = AuditEntry(
        7, NOW, "p-1", "person-role", "p-2", "done",
        Words("now admin", "现为管理员"), "IT", "Lin Xia",
    )  # fmt: skip
    cells_ = told(AUDIT, entry)
    assert cells_ == {
        "time": "2026-11-23 14:37:00", "who": "IT", "what": "Changed a role",
        "target": "Lin Xia", "outcome": "done", "detail": "now admin", "number": "7",
    }  # fmt: skip
    assert told(AUDIT, entry, ZH)["detail"] == "现为管理员"
    newer = AuditEntry(8, None, "x", "from-the-future", outcome="postponed")
    cells_ = told(AUDIT, newer)
    assert (cells_["what"], cells_["outcome"]) == ("from-the-future", "postponed")
    assert (cells_["time"], cells_["target"]) == ("–", "–")


def test_settings_say_where_a_value_comes_from() -> None:
    setting = Setting("", "name", '"Studio"', False, Words("The studio's name", "工作室名称"))
    assert told(SETTINGS, setting)["section"] == "(top)"
    assert told(SETTINGS, setting)["origin"] == "set"
    assert told(SETTINGS, setting, ZH)["meaning"] == "工作室名称"
