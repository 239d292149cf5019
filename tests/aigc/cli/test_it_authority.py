"""The studio's authority is rotated under running programs: coordinator, gateway, agent, people."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aigc.tls import GATEWAY_NAME
from tests.aigc.cli.conftest import Cli, open_studio

pytestmark = [pytest.mark.timeout(300), pytest.mark.attack(22)]


def _until(what: str, probe: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.3)
    return found


def _issuer_of_tunnel(folder: Path) -> str:
    """Who signed the certificate that the gateway shows to machines now."""
    import json
    import socket

    ready = json.loads((folder / "coordinator" / "ready.json").read_text())
    host, _, port = ready["tunnel"].rpartition(":")
    context = ssl.create_default_context(
        cafile=str(folder / "coordinator" / "authority" / "trusted.crt")
    )
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=GATEWAY_NAME) as tls,
    ):
        found = tls.getpeercert()
        assert found is not None
        issuer: Any = found["issuer"]
        return str(issuer[0][0][1])


def test_a_rotation_from_the_first_step_to_the_last(tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "lin").mkdir()
    it, lin = Cli(tmp_path / "it"), Cli(tmp_path / "lin")
    with open_studio(tmp_path / "data") as studio:
        assert studio.log_in(it, "it", studio.link).returncode == 0
        assert studio.log_in(lin, "lin", studio.link).returncode == 0
        before = it.json("coordinator", "authority")
        assert before["phase"] == "steady"
        assert [a["pin"] for a in before["authorities"]] == [studio.ready.pin]
        assert lin.json("start", "demo", "--wait")["state"] == "ready"
        assert lin.error("coordinator", "authority", "rotate", "announce", "--yes")[1] == (
            "role-missing"
        )
        assert it.error("coordinator", "authority", "rotate", "announce")[1] == "not-confirmed"
        assert it.error("coordinator", "authority", "rotate", "switch", "--yes")[1] == (
            "rotation-step"
        )

        def step(name: str) -> Any:
            it.json("coordinator", "authority", "rotate", name, "--yes")
            lin.json("list")  # a desktop that is on learns it

            def nobody_missing() -> Any:
                status = it.json("coordinator", "authority")
                return None if status["waiting_machines"] else status

            return _until(f"every machine after {name}", nobody_missing)

        first = _issuer_of_tunnel(studio.folder)
        announced = step("announce")
        assert announced["phase"] == "announced"
        assert announced["authorities"][0]["pin"] == studio.ready.pin
        switched = step("switch")
        assert switched["authorities"][0]["pin"] == announced["authorities"][1]["pin"]
        # The gateway takes the new certificate up by itself, and the machine finds it good.
        _until("a new tunnel certificate", lambda: _issuer_of_tunnel(studio.folder) != first)
        done = step("finish")
        assert done["phase"] == "steady"
        assert len(done["authorities"]) == 1

        assert [i["state"] for i in lin.json("list")] == ["ready"]
        lin("stop", "demo")
        assert lin.json("start", "demo", "--wait")["state"] == "ready"
        assert it.json("nodes", "list")[0]["online"]
        assert done["authorities"][0]["pin"] in it("coordinator", "authority").stdout
        # The old link is refused in words.
        stranger = Cli(tmp_path)
        old = stranger("login", studio.link, "--store", "file")
        assert old.returncode != 0
        assert "another key" in old.stderr
