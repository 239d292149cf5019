"""What people get wrong, run as they run it: one sentence that says what, where and how to mend."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aigc.cli.conftest import Cli, Studio

# Turns a real process's clock without turning the machine's.
_ANOTHER_CLOCK = """
import os
from datetime import timedelta
import aigc.clock
now = aigc.clock.SystemClock.now
ahead = timedelta(minutes=float(os.environ["TEST_CLOCK_AHEAD"]))
aigc.clock.SystemClock.now = lambda self: now(self) + ahead
"""


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH: programs obey TEST_CLOCK_AHEAD (minutes) with it."""
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_ANOTHER_CLOCK)
    return folder


@pytest.mark.parametrize(("ahead", "said"), [(5, "5 min ahead"), (-5, "5 min behind")])
def test_joining_with_a_clock_that_is_off(
    it: Cli, stranger: Cli, clock: Path, ahead: int, said: str
) -> None:
    link = it.json("coordinator", "join-command")["command"].split("'")[1]
    config = stranger.home / "agent.toml"
    config.write_text(f'state_dir = "{stranger.home}/s"\nvolume_root = "{stranger.home}/v"\n')
    turned = {"PYTHONPATH": str(clock), "TEST_CLOCK_AHEAD": str(ahead)}
    done = stranger("agent", "join", link, "--config", str(config), **turned)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "set the clock" in done.stderr
    # The token is not used up: the same line works once the clock is right.
    done = stranger("agent", "join", link, "--config", str(config), "--name", f"clock{ahead}")
    assert done.returncode == 0, done.stderr
    assert it("nodes", "revoke", f"clock{ahead}", "--yes").returncode == 0


@pytest.mark.parametrize(("ahead", "said"), [(5, "5 minutes ahead"), (-5, "5 minutes behind")])
def test_signing_in_with_a_clock_that_is_off(
    studio: Studio, stranger: Cli, clock: Path, ahead: int, said: str
) -> None:
    turned = {"PYTHONPATH": str(clock), "TEST_CLOCK_AHEAD": str(ahead)}
    done = stranger("login", "--store", "file", "--coordinator", studio.link, **turned)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "http" not in done.stderr, "nothing was opened"


def test_a_token_reaches_its_owners_instances_alone(
    lin: Cli, it: Cli, studio: Studio, tmp_path: Path
) -> None:
    """Pitfall 26: the same limits for a script; somebody else's token opens nothing."""
    mine = lin.json("start", "demo", "--name", "Mine alone")
    token = it.json("token", "create", "nosy")["token"]
    script = Cli(tmp_path, {"AIGC_COORDINATOR": studio.link, "AIGC_TOKEN": token})
    try:
        assert script.json("list") == [], "of other people it lists nothing, whatever its role"
        for words in (
            ("stop", mine["id"]),
            ("start", mine["id"]),
            ("open", mine["id"]),
            ("logs", mine["id"]),
            ("keep", mine["id"]),
            ("delete", mine["id"], "--yes"),
        ):
            done = script(*words)
            assert done.returncode in (4, 5), (words, done.stderr)
        (still,) = (i for i in lin.json("list") if i["id"] == mine["id"])
        assert still["state"] in ("placed", "preparing", "starting", "ready")
    finally:
        it("token", "revoke", "nosy")
        lin("stop", mine["id"], "--wait")
        lin("delete", mine["id"], "--yes")


@pytest.mark.parametrize(
    "token", ["aigc_pat_expired", "x", "\u00fc" * 3, "a b", "a\nb", "x" * 20_000]
)
def test_a_token_that_is_no_good(studio: Studio, stranger: Cli, token: str) -> None:
    code, _, message = stranger.error("engines", AIGC_COORDINATOR=studio.link, AIGC_TOKEN=token)
    assert code == 3, message
    assert "AIGC_TOKEN" in message
    assert "aigc token create" in message


def test_an_address_that_is_another_service(studio: Studio, stranger: Cli) -> None:
    web = studio.ready.web_url.rpartition("//")[2]
    code, _, message = stranger.error(
        "engines", AIGC_COORDINATOR=web, AIGC_PIN=studio.ready.pin, AIGC_TOKEN="x"
    )
    assert code == 8
    assert web in message
    assert "does not speak TLS" in message


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of its own without room."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], check=True)
    try:
        with (place / "filling").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(1024)):
                    pass
            except OSError:
                pass
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(it: Cli, stranger: Cli, full_disk: Path) -> None:
    engines = stranger.home / "engines"
    engines.mkdir()
    server = stranger.home / "coordinator.toml"
    server.write_text(f'name = "x"\nstate_dir = "{full_disk}/s"\ncatalogue_dir = "{engines}"\n')
    machine = stranger.home / "agent.toml"
    machine.write_text(f'state_dir = "{full_disk}/a"\nvolume_root = "{stranger.home}/v"\n')
    link = it.json("coordinator", "join-command")["command"].split("'")[1]
    for words, where in (
        (("coordinator", "serve", "--config", str(server)), "s"),
        (("agent", "join", link, "--config", str(machine)), "a"),
        (("demo", "--headless", "--data-dir", str(full_disk / "d")), "d"),
    ):
        done = stranger(*words)
        assert done.returncode == 8, done.stderr
        last = done.stderr.strip().splitlines()[-1]
        assert f"{full_disk}/{where}: No space left on device" in last
        assert "room" in last
    # Nothing was used up: with room the same line works.
    (full_disk / "filling").unlink()
    done = stranger("agent", "join", link, "--config", str(machine), "--name", "roomy")
    assert done.returncode == 0, done.stderr
    assert it("nodes", "revoke", "roomy", "--yes").returncode == 0


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("volumes: [{path: /x, source: /etc}]", "versions[0].volumes[0].source"),
        ("privileged: true", "versions[0].privileged"),
        ("network: host", "versions[0].network"),
        ("capabilities: [SYS_ADMIN]", "versions[0].capabilities[0]"),
        ("devices: [/dev/mem]", "versions[0].devices"),
    ],
)
def test_a_template_that_asks_for_the_machine(
    lin: Cli, it: Cli, studio: Studio, asked: str, field: str
) -> None:
    """Security 28, on a running studio: refused by name, and what was offered stays."""
    bad = studio.folder / "engines" / "greedy.yaml"
    bad.write_text(
        "name: Greedy\ndefault_version: '1'\nversions:\n  - version: '1'\n    image: a:1\n"
        f"    port: 80\n    {asked}\n"
    )
    try:
        done = lin("coordinator", "catalogue", "check", str(bad.parent), "--json")
        assert done.returncode == 2
        problems = json.loads(done.stdout)["problems"]
        assert [(p["file"], p["line"]) for p in problems] == [("greedy.yaml", 7)]
        assert problems[0]["field"].startswith(field)
        assert problems[0]["message"]
        assert [e["id"] for e in lin.json("engines")] == ["demo"]
        assert lin.error("start", "greedy")[0] == 5
    finally:
        bad.unlink()
