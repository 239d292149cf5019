"""A creator and a script author, against real programs."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.aigc.cli.conftest import Cli, Studio

pytestmark = pytest.mark.timeout(180)

INSTANCE_KEYS = {
    "id", "name", "engine", "version", "state", "line", "since", "url", "node", "gpus",
    "simulated", "queue_position", "parts", "stop_reason", "fail_reason", "support_code",
    "last_activity_at", "release_at", "data_bytes", "owner", "node_id", "created_at",
    "vram_reserved_bytes", "vram_used_bytes", "gpu_percent", "refused",
    "access", "shares", "shared_until", "started_by",
}  # fmt: skip


def test_who_is_signed_in(lin: Cli, studio: Studio) -> None:
    told = lin.json("whoami")
    assert told["role"] == "creator"
    assert told["coordinator"] == studio.ready.creators
    assert lin("whoami").stdout.startswith("Lin Xia")


def test_the_engines_on_offer(lin: Cli) -> None:
    (engine,) = lin.json("engines")
    assert engine["id"] == "demo"
    assert engine["name"]["zh"] == "演示引擎"
    assert engine["versions"][0]["version"] == "1.0"
    assert lin("engines").stdout.split("\t")[0] == "demo"  # piped: one row a line, no bars
    assert "演示引擎" in lin("engines", LANG="zh_CN.UTF-8").stdout


def test_start_wait_list_logs_keep_stop_delete(lin: Cli) -> None:
    ready = lin.json("start", "demo", "--name", "Poster", "--wait")
    assert set(ready) == INSTANCE_KEYS
    assert ready["state"] == "ready"
    assert ready["simulated"] is True
    assert re.fullmatch(r"http://[a-z0-9-]+\.localhost:\d+/?", ready["url"])

    done = lin("list")
    assert "Poster" in done.stdout
    assert "imulated" in done.stdout
    assert [i["name"] for i in lin.json("list")] == ["Poster"]

    lines = [json.loads(line) for line in lin("logs", "Poster", "--json").stdout.splitlines()]
    assert any("Uvicorn running" in line["text"] for line in lines)
    assert set(lines[0]) == {"at", "stream", "text"}

    assert lin.json("keep", "Poster")["state"] == "ready"
    assert lin("open", "Poster").stdout.strip() == ready["url"]
    assert lin.json("stop", "Poster")["state"] in ("stopping", "stopped")

    code, key, _ = lin.error("delete", "Poster")
    assert (code, key) == (2, "not-confirmed")
    gone = lin.json("delete", "Poster", "--yes")
    assert gone["id"] == ready["id"]
    assert gone["kept_until"]
    _until_in_trash(lin, ready["id"])
    assert lin.json("list") == []


def test_the_trash_gives_an_instance_back_with_its_files(lin: Cli, studio: Studio) -> None:
    folder = studio.folder / "volumes" / "volumes"
    before = set(folder.iterdir())
    first = lin.json("start", "demo", "--name", "Draft", "--wait")
    (volume,) = set(folder.iterdir()) - before
    (volume / "mine.txt").write_text("kept")
    lin.json("delete", "Draft", "--yes")
    kept = _until_in_trash(lin, first["id"])
    assert set(kept) == {
        "id", "name", "engine", "version", "deleted_at", "kept_until", "data_bytes", "node", "line",
    }  # fmt: skip
    assert (kept["name"], kept["engine"]) == ("Draft", "demo")
    assert kept["node"]
    assert kept["kept_until"] > kept["deleted_at"]
    table = lin("trash", "list").stdout
    assert "Draft\tdemo\t" in table
    assert first["id"] in table

    code, key, message = lin.error("trash", "restore", "Draf")
    assert (code, key) == (5, "not-in-trash")
    assert "Draft" in message
    back = lin.json("trash", "restore", "Draft")
    assert set(back) == INSTANCE_KEYS
    assert (back["name"], back["state"]) == ("Draft", "stopped")
    assert back["id"] != first["id"]
    assert back["url"] != first["url"]
    assert first["id"] not in lin("trash", "list").stdout
    code, key, _ = lin.error("trash", "restore", first["id"])
    assert (code, key) == (5, "not-in-trash")

    assert lin.json("start", "Draft", "--wait")["state"] == "ready"
    assert (volume / "mine.txt").read_text() == "kept"
    told = lin("delete", "Draft", "--yes")
    assert f"aigc trash restore {back['id']}" in told.stdout
    _until_in_trash(lin, back["id"])
    # While another one of that engine exists, the limit is said in words.
    lin.json("start", "demo")
    code, key, message = lin.error("trash", "restore", back["id"])
    assert code == 7
    assert key.startswith("limit-")
    assert "delete it first" in message
    other = lin.json("list")[0]["id"]
    lin.json("delete", other, "--yes")
    _until_in_trash(lin, other)


def _until_in_trash(cli: Cli, instance_id: str) -> dict[str, Any]:
    """It is stopped first; what is in the trash is said once that is over."""
    end = time.monotonic() + 60
    while time.monotonic() < end:  # each look takes a while of its own
        found = [t for t in cli.json("trash", "list") if t["id"] == instance_id]
        if found:
            return dict(found[0])
    raise AssertionError(f"{instance_id} never came to the trash")


def test_names_that_are_wrong(lin: Cli) -> None:
    code, _, message = lin.error("start", "dmo")
    assert code == 5
    assert "demo" in message
    code, key, message = lin.error("stop", "Nothing")
    assert (code, key) == (5, "instance-unknown")
    assert "aigc list" in message
    assert lin.error("start", "demo", "--version", "9.9")[0] in (2, 5)


def test_a_creator_is_not_it(lin: Cli) -> None:
    for words in (["nodes", "list"], ["people", "list"], ["audit"], ["instances", "list"]):
        assert lin.error(*words)[0] == 4, words


def test_a_token_for_scripts(lin: Cli, studio: Studio, tmp_path: Path) -> None:
    made = lin.json("token", "create", "nightly", "--days", "1")
    assert made["name"] == "nightly"
    assert [t["id"] for t in lin.json("token", "list")] == [made["id"]]
    assert "token" not in lin.json("token", "list")[0]

    script = Cli(tmp_path, {"AIGC_COORDINATOR": studio.link, "AIGC_TOKEN": made["token"]})
    assert script.json("whoami")["name"] == "Lin Xia"
    assert script.json("engines")[0]["id"] == "demo"
    # Nothing of it is kept on the script's machine.
    assert [p for p in tmp_path.rglob("*") if p.is_file() and "lock" not in p.name] == []

    assert lin("token", "revoke", "nightly").returncode == 0
    code, _, message = script.error("engines")
    assert code == 3
    assert "AIGC_TOKEN" in message or "token" in message


def test_another_pin_is_refused(studio: Studio, stranger: Cli) -> None:
    wrong = "sha256:" + "B" * 43
    code, key, _ = stranger.error(
        "engines", AIGC_COORDINATOR=studio.ready.creators, AIGC_PIN=wrong, AIGC_TOKEN="x"
    )
    assert code != 0
    assert "pin" in key


def test_a_new_coordinator_shows_its_pin_first(studio: Studio, stranger: Cli) -> None:
    code, key, message = stranger.error("login", "--coordinator", studio.ready.creators)
    assert (code, key) == (2, "pin-needed")
    assert studio.ready.pin in message


def test_no_secure_store_is_said_before_anything_is_opened(studio: Studio, stranger: Cli) -> None:
    code, key, message = stranger.error(
        "login", "--coordinator", studio.link, DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent"
    )
    assert (code, key) == (2, "no-secure-store")
    assert "--store file" in message


def test_signing_out_forgets(studio: Studio, stranger: Cli) -> None:
    done = studio.log_in(stranger, "lin", "--coordinator", studio.link)
    assert done.returncode == 0, done.stderr
    assert "unencrypted" in done.stderr
    kept = next(stranger.home.rglob("tokens.json"))
    assert kept.stat().st_mode & 0o077 == 0
    # The address is remembered: the next sign-in needs no option.
    assert studio.log_in(stranger, "lin").returncode == 0
    assert stranger("logout").returncode == 0
    assert not kept.exists()
    code, key, _ = stranger.error("list")
    assert (code, key) == (3, "signed-out")
