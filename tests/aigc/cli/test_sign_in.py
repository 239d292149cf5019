"""Signing in where there is no browser or no secure store, and what IT does for who cannot."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from tests.aigc.cli.conftest import SECONDS, Cli, Studio
from tests.aigc.cli.terminal import answer

pytestmark = pytest.mark.timeout(240)


def begin(cli: Cli, *words: str) -> tuple[subprocess.Popen[str], list[str]]:
    """``aigc login --device``, and what it shows until it waits."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aigc.cli", "login", "--device", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=cli.variables(),
    )
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        told.append(line.strip())
        if "good for" in line:
            break
    return process, told


async def enter(studio: Studio, account: Account, page_at: str, code: str) -> None:
    """Anywhere else: sign in, enter the code, say yes."""
    people = People(studio.folder, studio.ready)
    async with Browser() as browser:
        page = await people.log_in(browser, await browser.visit(page_at), account)
        page = await browser.submit(page, {"user_code": code})
        assert account.name in page.text
        page = await browser.submit(page, {"answer": "yes"})
        assert "Done" in page.text


def test_by_a_code_on_a_machine_without_a_browser(studio: Studio, tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    process, told = begin(cli, studio.link, "--store", "file")
    address = next(line for line in told if line.startswith("http"))
    code = next(line for line in told if len(line) == 9 and line[4] == "-")
    assert address == f"{studio.ready.web_url}/oidc/device"
    asyncio.run(enter(studio, studio.account("lin"), address, code))
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "Signed in as Lin Xia" in out
    assert any("unencrypted" in line for line in told)  # the file was asked for, and is warned of
    (kept,) = tmp_path.rglob("tokens.json")
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert cli.json("whoami")["name"] == "Lin Xia"


@pytest.mark.attack(11)
def test_nothing_is_kept_where_there_is_no_secure_store(studio: Studio, tmp_path: Path) -> None:
    cli = Cli(tmp_path, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"})
    for words in ((), ("--device",)):
        code, key, message = cli.error("login", studio.link, *words)
        assert (code, key) == (2, "no-secure-store"), words
        assert "--store file" in message
        assert "AIGC_TOKEN" in message
    assert not list(tmp_path.rglob("tokens.json"))
    # Neither does a plaintext keyring that somebody configured change that.
    chosen = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    assert cli.error("login", studio.link, **chosen)[1] == "no-secure-store"


def test_a_lost_password(it: Cli, studio: Studio, tmp_path: Path) -> None:
    made = it.json("people", "add", "ning", "--name", "Ning")
    assert made["good_until"]
    (row,) = [p for p in it.json("people", "list") if p["name"] == "Ning"]
    assert (row["username"], row["second_factor"]) == ("ning", False)
    assert row["one_time_password_until"] == made["good_until"]
    assert it.error("people", "reset-password", "Ning")[1] == "not-confirmed"
    fresh = it.json("people", "reset-password", "ning", "--yes")
    assert fresh["one_time_password"] != made["one_time_password"]

    async def first_sign_in() -> None:
        people = People(studio.folder, studio.ready)
        async with Browser() as browser:
            page = await browser.visit(f"{studio.ready.web_url}/")
            old = Account("ning", made["one_time_password"])
            page = await people.log_in(browser, page, old, "never asked for this")
            assert page.status_code in (401, 429)
        async with Browser() as browser:
            page = await browser.visit(f"{studio.ready.web_url}/")
            new = Account("ning", fresh["one_time_password"])
            page = await people.log_in(browser, page, new, "ning chose this one")
            assert page.status_code == 200

    asyncio.run(first_sign_in())
    (row,) = [p for p in it.json("people", "list") if p["name"] == "Ning"]
    assert row["one_time_password_until"] is None
    code, shown = answer(it, "people", "reset-password", "Ning", asked="Go on?", say="y")
    assert code == 0, shown
    assert "signs in with this password once" in shown
    assert it.error("people", "reset-second-factor", "Ning", "--yes")[1] == "second-factor-none"


def test_a_new_signing_key(it: Cli, lin: Cli) -> None:
    assert lin("coordinator", "rotate-issuer-key").returncode == 4
    first = it.json("coordinator", "rotate-issuer-key")
    assert set(first) == {"kid", "signs_from"}
    assert it.json("coordinator", "rotate-issuer-key")["kid"] == first["kid"]  # it waits still
    assert it.error("coordinator", "rotate-issuer-key", "--at-once")[1] == "not-confirmed"
    second = it.json("coordinator", "rotate-issuer-key", "--at-once", "--yes")
    assert second["kid"] != first["kid"]
    assert it("people", "list").returncode == 0  # nobody is signed out
    entries = json.dumps(it.json("audit"))
    assert second["kid"] in entries
