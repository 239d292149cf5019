"""IT's commands against real programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aigc.cli.conftest import Cli, Studio

pytestmark = pytest.mark.timeout(180)


def test_machines(it: Cli) -> None:
    # Others may have joined this studio in vain and are offline.
    (node,) = [n for n in it.json("nodes", "list") if n["online"]]
    assert node["driver"] == "process"
    assert node["gpus"][0]["simulated"] is True
    assert "simulated" in it("nodes", "list").stdout
    assert it("nodes", "drain", node["name"]).returncode == 0
    assert _machine(it, node["id"])["draining"] is True
    assert it("nodes", "undrain", node["id"]).returncode == 0
    assert _machine(it, node["id"])["draining"] is False
    assert it.json("nodes", "unclaimed") == []
    code, key, _ = it.error("nodes", "unclaimed", "--stop", "nothing")
    assert (code, key) == (5, "container-unknown")
    done = it("nodes", "drain", node["name"][:-1] + "x")
    assert done.returncode == 5
    assert "There is no machine" in done.stderr
    for verb in (["revoke"], ["accept-ledger"], ["declare-off", "--reason", "unplugged"]):
        done = it("nodes", verb[0], node["name"], *verb[1:])
        assert done.returncode == 2, "it must not go on without a yes"
        assert "--yes" in done.stderr


def _machine(it: Cli, node_id: str) -> dict[str, Any]:
    (found,) = [n for n in it.json("nodes", "list") if n["id"] == node_id]
    machine: dict[str, Any] = found
    return machine


def test_everybodys_instances(it: Cli, lin: Cli) -> None:
    started = lin.json("start", "demo", "--wait")
    (found,) = [i for i in it.json("instances", "list") if i["id"] == started["id"]]
    assert found["owner"]["name"] == "Lin Xia"
    story = it.json("instances", "story", started["id"])
    assert [s["seq"] for s in story] == sorted(s["seq"] for s in story)
    assert any(s["to"] == "ready" for s in story)
    assert it.json("instances", "why", started["id"])["machines"] == [], "it does not wait"
    code, key, words = it.error("instances", "stop", started["id"])
    assert (code, key) == (2, "not-confirmed")
    assert "Lin Xia" in words
    stopped = it.json("instances", "stop", started["id"], "--yes")
    assert stopped["state"] in ("stopping", "stopped")
    assert stopped["stop_reason"] == "by-admin"
    assert lin("delete", started["id"], "--yes").returncode == 0


def test_people(it: Cli) -> None:
    made = it.json("people", "add", "wei", "--name", "Wei")
    assert made["one_time_password"]
    people = {p["name"]: p for p in it.json("people", "list")}
    assert people["Wei"]["role"] == "creator"
    assert people["Wei"]["local"] is True
    assert it("people", "role", "Wei", "auditor").returncode == 0
    assert it.error("people", "disable", "Wei")[1] == "not-confirmed"
    assert it("people", "disable", "Wei", "--yes").returncode == 0
    people = {p["name"]: p for p in it.json("people", "list")}
    assert (people["Wei"]["role"], people["Wei"]["disabled"]) == ("auditor", True)
    assert it("people", "enable", made["id"]).returncode == 0
    code, key, _ = it.error("people", "add", "wei")
    assert code in (2, 6), key
    done = it("people", "disable", "nobody")
    assert done.returncode == 5


def test_the_audit_log_has_it(it: Cli) -> None:
    entries = it.json("audit", "--limit", "200")
    assert entries
    assert set(entries[0]) == {
        *("seq", "at", "actor", "actor_name", "action"),
        *("target", "target_name", "outcome", "facts", "detail"),
    }


def test_join_command_and_catalogue(it: Cli, studio: Studio) -> None:
    told = it.json("coordinator", "join-command", "--minutes", "5")
    assert told["command"].startswith("aigc agent join 'aigc://join/")
    assert studio.ready.creators in told["command"]
    plain = it("coordinator", "join-command")
    assert plain.stdout.count("\n") == 1  # the line alone on stdout
    status = it.json("coordinator", "catalogue", "status")
    assert status["engines"] == ["demo"]
    assert status["problems"] == []


def test_joining_twice_with_one_line(it: Cli, tmp_path: object, stranger: Cli) -> None:
    command = it.json("coordinator", "join-command")["command"]
    link = command.split("'")[1]
    for number, expected in ((1, 0), (2, 3)):
        config = stranger.home / f"agent{number}.toml"
        config.write_text(
            f'state_dir = "{stranger.home}/s{number}"\nvolume_root = "{stranger.home}/v"\n'
        )
        done = stranger("agent", "join", link, "--config", str(config), "--name", "spare")
        assert (done.returncode == 0) == (expected == 0), done.stderr
    assert "token" in done.stderr
    assert it("nodes", "revoke", "spare", "--yes").returncode == 0


def test_the_link_for_creators(studio: Studio, stranger: Cli, tmp_path: Path) -> None:
    config = str(studio.folder / "coordinator.toml")
    told = stranger.json("coordinator", "link", "--config", config)
    assert told == {"link": studio.link, "address": studio.ready.creators, "pin": studio.ready.pin}
    plain = stranger("coordinator", "link", "--config", config)
    assert plain.stdout.strip() == studio.link
    assert studio.ready.pin in plain.stderr
    elsewhere = tmp_path / "coordinator.toml"
    elsewhere.write_text(Path(config).read_text().replace(str(studio.folder), str(tmp_path)))
    code, key, _ = stranger.error("coordinator", "link", "--config", str(elsewhere))
    assert (code, key) == (8, "coordinator-not-running")


def test_the_coordinator_checks_itself(studio: Studio, stranger: Cli) -> None:
    config = str(studio.folder / "coordinator.toml")
    done = stranger("coordinator", "check", "--config", config)
    assert "catalogue" in done.stdout
    assert "Error" not in done.stderr
