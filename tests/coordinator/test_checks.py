"""What `aigc coordinator check` finds, in words."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from coordinator.checks import Finding, check
from coordinator.config import CoordinatorConfig, parse_config
from coordinator.fleet.authority import Authority
from tests.coordinator.identity.house import TurnableClock

ENGINE = """
id: sketch
name: Sketch
default_version: "1.0"
versions:
  - {version: "1.0", image: "example/sketch:1.0", port: 8000}
"""


def _config(tmp_path: Path, **changes: Any) -> CoordinatorConfig:
    (tmp_path / "engines").mkdir(exist_ok=True)
    (tmp_path / "engines" / "sketch.yaml").write_text(ENGINE)
    values: dict[str, Any] = {
        "state_dir": "state",
        "catalogue_dir": "engines",
        "listen": {
            "creators": "127.0.0.1:0",
            "nodes": "127.0.0.1:0",
            "web": "127.0.0.1:0",
            "web_tls": False,
        },
        "public": {"host": "127.0.0.1"},
        "gateway": {"listen": "127.0.0.1:0", "tls": False, "tunnel_listen": "127.0.0.1:0"},
    }
    for section, value in changes.items():
        values[section] = {**values.get(section, {}), **value} if value else value
    return parse_config(values, tmp_path / "coordinator.toml")


async def _wrong(config: CoordinatorConfig) -> dict[str, str]:
    findings: list[Finding] = await check(config, TurnableClock())
    return {f.name: f.message for f in findings if not f.ok}


async def test_a_good_configuration_has_nothing_wrong(tmp_path: Path) -> None:
    assert await _wrong(_config(tmp_path)) == {}


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    address = f"127.0.0.1:{taken.sockets[0].getsockname()[1]}"
    wrong = await _wrong(_config(tmp_path, listen={"web": address}))
    taken.close()
    await taken.wait_closed()
    assert address in wrong["port web"]


async def test_a_zone_and_a_host_that_do_not_resolve(tmp_path: Path) -> None:
    config = _config(tmp_path, gateway={"zone": "gw.invalid"}, public={"host": "nobody.invalid"})
    wrong = await _wrong(config)
    assert "*.gw.invalid" in wrong["zone"]
    assert "nobody.invalid" in wrong["name"]


async def test_a_broken_template_and_a_missing_secret(tmp_path: Path) -> None:
    config = _config(tmp_path, secrets={"hub": "missing.secret"})
    (tmp_path / "engines" / "bad.yaml").write_text("id: bad\nprivileged: true\n")
    wrong = await _wrong(config)
    assert "bad.yaml" in wrong["catalogue"]
    assert "missing.secret" in wrong["secrets"]


@pytest.mark.parametrize("kind", ["other zone", "other key", "ends soon", "good"])
async def test_the_certificate_of_the_zone(tmp_path: Path, kind: str) -> None:
    clock = TurnableClock()

    def make() -> CoordinatorConfig:
        authority = Authority.open(tmp_path / "it", "IT", clock)
        zone = "other.lan" if kind == "other zone" else "localhost"
        files = authority.server_files("zone", (f"*.{zone}",))
        key = authority.server_files("x", ("x",)).key if kind == "other key" else files.key
        gateway = {"tls": True, "certificate": str(files.certificate), "key": str(key)}
        return _config(tmp_path, gateway=gateway)

    config = await asyncio.to_thread(make)
    clock.ahead = 380 * 86400 if kind == "ends soon" else 0
    wrong = {f.name: f.message for f in await check(config, clock) if not f.ok}
    expected = {
        "other zone": "not for *.localhost",
        "other key": "cannot be used",
        "ends soon": "renew it",
        "good": "",
    }[kind]
    assert expected in wrong.get("certificate", "")
    assert ("certificate" in wrong) == (kind != "good")
