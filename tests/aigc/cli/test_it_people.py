"""What IT does to accounts, sessions and tokens, against real programs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from tests.aigc.cli.conftest import Cli, Studio
from tests.aigc.cli.terminal import answer

pytestmark = pytest.mark.timeout(240)


async def _first_sign_in(studio: Studio, password: str) -> None:
    """With the one-time password, as a person does who chooses another."""
    people = People(studio.folder, studio.ready)
    async with Browser() as browser:
        page = await browser.visit(f"{studio.ready.web_url}/")
        await people.log_in(browser, page, Account("mo", password), "mo-chose-this-one")
    kept = studio.folder / "accounts.json"
    known = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps(known | {"mo": "mo-chose-this-one"}), "utf-8")


def test_signing_somebody_out_everywhere(it: Cli, studio: Studio, tmp_path: Path) -> None:
    made = it.json("people", "add", "mo", "--name", "Mo")
    asyncio.run(_first_sign_in(studio, made["one_time_password"]))
    mo = Cli(tmp_path)
    assert studio.log_in(mo, "mo", studio.link).returncode == 0
    assert mo("list").returncode == 0
    (before,) = [p for p in it.json("people", "list") if p["name"] == "Mo"]
    assert before["sessions"] >= 1
    assert it.error("people", "sign-out", "Mo")[1] == "not-confirmed"
    assert it.json("people", "sign-out", "Mo", "--yes")["sessions_ended"] >= 1
    assert mo("list").returncode == 3
    (after,) = [p for p in it.json("people", "list") if p["name"] == "Mo"]
    assert after["sessions"] == 0


def test_roles_given_here_and_taken_back(it: Cli, studio: Studio) -> None:
    it.json("people", "add", "ro", "--name", "Ro")
    given = it.json("people", "role", "Ro", "auditor")
    assert (given["role"], given["role_overridden"], given["claims_role"]) == (
        "auditor",
        True,
        "creator",
    )
    assert "auditor (given here; claims: creator)" in it("people", "list").stdout
    back = it.json("people", "role", "Ro", "from-claims")
    assert (back["role"], back["role_overridden"]) == ("creator", False)
    assert back["issuer"] == "local"


def test_nobody_asks_for_a_former_account_in_a_local_studio(it: Cli, lin: Cli) -> None:
    assert it.json("people", "links", "--all") == []
    assert it("people", "links").returncode == 0
    assert it.error("people", "approve-link", "l1", "--yes")[1] == "link-unknown"
    assert it.error("people", "refuse-link", "l1")[1] == "link-unknown"
    assert lin.json("link", "show") == {"request": None, "possible": False}
    assert lin.error("link", "ask", "lin", "--note", "mine")[1] == "link-impossible"
    assert "Withdrawn" in lin("link", "withdraw").stdout


def test_the_tokens_of_somebody(it: Cli, studio: Studio, tmp_path: Path) -> None:
    lin = Cli(tmp_path)
    assert studio.log_in(lin, "lin", studio.link).returncode == 0
    secret = lin.json("token", "create", "render farm")["token"]
    script = Cli(tmp_path / "script", {"AIGC_TOKEN": secret, "AIGC_COORDINATOR": studio.link})
    assert script("list").returncode == 0
    (found,) = [t for t in it.json("people", "tokens", "Lin Xia") if t["name"] == "render farm"]
    assert "token" not in found
    code, key, _ = it.error("people", "revoke-token", "Lin Xia", "no such")
    assert (code, key) == (5, "token-unknown")
    code, shown = answer(
        it, "people", "revoke-token", "Lin Xia", "render farm", asked="Go on?", say="y"
    )
    assert code == 0, shown
    assert "Lin Xia" in shown
    assert script("list").returncode == 3


def test_a_creator_is_not_it(it: Cli, lin: Cli) -> None:
    assert lin("people", "list").returncode == 4
    assert lin("people", "sign-out", "Lin Xia", "--yes").returncode == 4
