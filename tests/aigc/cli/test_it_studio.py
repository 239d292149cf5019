"""The studio as a whole on the command line, against real programs."""

from __future__ import annotations

import json

import pytest

from tests.aigc.cli.conftest import Cli

pytestmark = pytest.mark.timeout(240)


def test_what_needs_somebody_and_how_full_it_is(it: Cli) -> None:
    told = it.json("overview")
    assert told["machines"] >= 1
    assert sum(told["cards"].values()) >= 2
    assert {"door", "problem"} & {a["concern"] for a in told["attention"]}
    plain = it("overview")
    assert "▲" in plain.stdout
    assert "Cards held" in plain.stdout
    chinese = it("overview", LANG="zh_CN.UTF-8")
    assert "显卡" in chinese.stdout


def test_instances_found_by_everything_that_they_are(it: Cli, lin: Cli) -> None:
    started = lin.json("start", "demo", "--wait", "--name", "Poster two")
    try:
        (machine,) = [n for n in it.json("nodes", "list") if n["online"]]
        for words in (
            ["--owner", "Lin Xia", "--state", "ready", "--engine", "demo"],
            ["--machine", machine["name"]],
            ["owner:Lin Xia", "state:ready,starting"],
            ["name:Poster two"],
            ["poster"],
        ):
            found = it.json("instances", "list", *words)
            assert [i["id"] for i in found] == [started["id"]], words
        assert it.json("instances", "list", "--state", "failed") == []
        shown = it.json("instances", "show", started["id"])
        assert shown["node_id"] == machine["id"]
        assert shown["created_at"]
        assert started["url"] in it("instances", "show", "Poster two").stdout
        lines = it("instances", "logs", "Poster two", "--json").stdout.splitlines()
        assert any("Uvicorn running" in json.loads(line)["text"] for line in lines)
        (entry,) = it.json("audit", "instance-logs", "-n", "1")
        assert entry["target"] == started["id"]
        assert entry["actor_name"] == "IT"
        assert it.json("queue") == []
        renamed = lin.json("rename", "Poster two", "Poster three")
        assert (renamed["id"], renamed["name"]) == (started["id"], "Poster three")
    finally:
        lin("delete", started["id"], "--yes")


def test_the_audit_log_is_searched_and_read_in_pages(it: Cli) -> None:
    everything = it.json("audit", "-n", "100000")
    first = it.json("audit", "-n", "2")
    assert first == everything[:2]
    assert it.json("audit", "-n", "2", "--before", str(first[-1]["seq"])) == everything[2:4]
    assert all(e["action"] == "account-create" for e in it.json("audit", "account-create"))
    assert it.json("audit", "no such thing at all") == []
    assert "--before" in it("audit", "-n", "1").stderr


def test_how_full_the_studio_was(it: Cli) -> None:
    points = it.json("occupancy", "--hours", "1", "--step", "1")
    assert all(set(p) == {"at", "cards", "held", "busy", "waiting"} for p in points)


def test_the_settings_without_secrets(it: Cli) -> None:
    told = it.json("settings")
    assert told["pin"].startswith("sha256:")
    assert {"section", "key", "value", "default", "meaning"} == set(told["settings"][0])
    some = it.json("settings", "section:policy")["settings"]
    assert some
    assert {s["section"] for s in some} == {"policy"}
    assert "policy." in it("settings", "section:policy").stdout
