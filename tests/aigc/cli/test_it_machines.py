"""What IT does to machines, against real programs and at a real terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.aigc.cli.conftest import Cli
from tests.aigc.cli.terminal import answer

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def machine(it: Cli) -> Iterator[dict[str, Any]]:
    """The machine that is there; afterwards it is called as before."""
    (node,) = [n for n in it.json("nodes", "list") if n["online"]]
    yield node
    it("nodes", "rename", node["id"], node["name"])
    it("nodes", "pool", node["id"], node["pool"])


def test_one_machine_in_full(it: Cli, machine: dict[str, Any]) -> None:
    shown = it.json("nodes", "show", machine["name"])
    assert shown["id"] == machine["id"]
    assert shown["cpus"] > 0
    assert shown["can_start"] is True
    assert shown["joined_at"] < shown["certificate_expires_at"]
    plain = it("nodes", "show", machine["id"]).stdout
    assert "certificate" in plain
    assert "(simulated)" in plain


def test_machines_are_filtered_as_in_the_window(it: Cli, machine: dict[str, Any]) -> None:
    found = it.json("nodes", "list", "state:online", machine["name"])
    assert [n["id"] for n in found] == [machine["id"]]
    assert machine["id"] not in [n["id"] for n in it.json("nodes", "list", "state:offline")]
    code, key, words = it.error("nodes", "list", "colour:blue")
    assert (code, key) == (2, "filter-wrong")
    assert "pool" in words, "the columns that there are"


def test_name_pool_and_labels(it: Cli, machine: dict[str, Any]) -> None:
    renamed = it.json("nodes", "rename", machine["name"], "render-77")
    assert (renamed["id"], renamed["name"]) == (machine["id"], "render-77")
    (moved,) = it.json("nodes", "pool", "render-77", "lab")
    assert moved["pool"] == "lab"
    (labelled,) = it.json("nodes", "label", "render-77", "--set", "room=3", "--set", "rack=b 2")
    assert labelled["labels"] == {"rack": "b 2", "room": "3"}
    (labelled,) = it.json("nodes", "label", "render-77", "--remove", "room")
    assert labelled["labels"] == {"rack": "b 2"}
    assert it.json("nodes", "label", "render-77")[0]["labels"] == {"rack": "b 2"}
    assert it.json("nodes", "label", "render-77", "--remove", "rack")[0]["labels"] == {}
    assert it.error("nodes", "label", "render-77", "--set", "room")[1] == "label-wrong"
    code, _, words = it.error("nodes", "rename", "render-77", "two words")
    assert code == 2
    assert words


def test_readings_over_time(it: Cli, machine: dict[str, Any]) -> None:
    series = it.json("nodes", "readings", machine["name"], "--hours", "1", "--points", "30")
    assert {s["uuid"] for s in series} == {g["uuid"] for g in machine["gpus"]}
    assert all(s["simulated"] for s in series)
    assert set(series[0]["points"][-1]) == {
        *("at", "utilisation_percent", "memory_used_bytes", "temperature_celsius", "power_watts"),
    }
    assert "RTX" in it("nodes", "readings", machine["name"], "--points", "5").stdout


def test_a_machine_is_not_cut_off_without_a_yes(it: Cli, lin: Cli, machine: dict[str, Any]) -> None:
    held = lin.json("start", "demo", "--wait")
    code, shown = answer(it, "nodes", "revoke", machine["name"], asked="Go on?", say="n")
    assert code == 130
    assert machine["name"] in shown
    assert "Lin Xia" in shown, "whom it concerns"
    assert it.json("nodes", "show", machine["id"])["revoked"] is False
    told = it("nodes", "drain", machine["name"]).stdout
    assert "Lin Xia" in told
    assert it("nodes", "undrain", machine["name"]).returncode == 0
    assert lin("delete", held["id"], "--yes").returncode == 0


def test_the_fate_of_unclaimed_containers(it: Cli) -> None:
    assert it.error("nodes", "unclaimed", "--keep", "nothing")[1] == "container-unknown"
    assert it.error("nodes", "unclaimed", "--keep", "a", "--stop", "b")[1] == "option-wrong"
