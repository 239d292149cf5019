"""The whole way with a foreign provider: real coordinator, real command line, real browser.

The person clicks through the provider's login and consent pages in Chromium. The tray signs in
with the very code of the command line (desktop_client.session).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.coordinator.api.web.chromium import chromium, picture
from tests.coordinator.test_program import _TOML, Place
from tests.standins.foreign_provider import (
    NATIVE,
    SECRET,
    WEB,
    ForeignProvider,
    native_client,
    person,
    running,
    sign_in_with,
    web_client,
)

pytestmark = [
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.blocking_allowed("Playwright starts its driver in the test's own loop"),
]

_OIDC = """
[oidc]
issuer = "{issuer}"
client_id = "{web}"
native_client_id = "{native}"
client_secret_file = "oidc.secret"
scopes = ["openid", "profile", "email", "roles", "offline_access"]
role_claim = "groups"
teams_claim = "teams"
admin_values = ["gpu-admins"]
"""
_SECONDS = 90


@dataclass
class Studio:
    """A coordinator process of the provider's, and desks with a command line each."""

    place: Place
    provider: ForeignProvider
    web_url: str
    ready: dict[str, Any] = field(default_factory=dict)

    def start(self, desk: str, *words: str) -> Any:
        home = self.place.folder / desk
        variables = {"PATH": os.environ["PATH"], "HOME": str(home), "BROWSER": "true"}
        variables |= {"XDG_CONFIG_HOME": str(home), "PYTHONPATH": os.getcwd()}
        return asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "aigc.cli", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=variables,
        )

    async def run(self, desk: str, *words: str) -> tuple[int, str]:
        """One command at one desk: its exit code, and all that it said."""
        process = await self.start(desk, *words)
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
        return process.returncode, (out + err).decode()

    async def log_in(self, desk: str, page: Page, login: str, *, known: bool = False) -> str:
        """``aigc login``, with the person in Chromium."""
        address, pin = self.ready["creators"], self.ready["pin"]
        process = await self.start(desk, "login", address, "--pin", pin, "--store", "file")
        async with asyncio.timeout(_SECONDS):
            line = b""
            while b"/auth?" not in line:
                line = await process.stderr.readline()
                assert line, (await process.stdout.read()).decode()
            await page.goto(line.decode().strip())
            if known:
                await page.click("form[action*='/confirm'] #go")
            else:
                await sign_in_with(page, login)
            await expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()
            out, err = await process.communicate()
        assert process.returncode == 0, (out + err).decode()
        return str(out.decode())

    async def until_due(self, desk: str) -> None:
        """The desk's session has come to its last minutes; a second has gone by (ID tokens tell
        whole ones)."""
        file = next((self.place.folder / desk).rglob("tokens.json"))
        kept = json.loads(await asyncio.to_thread(file.read_text))
        kept["session_expires"] = 0
        await asyncio.to_thread(file.write_text, json.dumps(kept))
        await asyncio.sleep(1.01)

    async def refreshes(self) -> int:
        """How often somebody asked the token endpoint."""
        await self.provider.tell()
        return self.provider.calls.count("POST /token")


@asynccontextmanager
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    people = {
        "lin": person("Lin Xia", "artists", teams=["lighting"]),
        "wang": person("Wang Fang", "gpu-admins"),
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    web_url = f"http://127.0.0.1:{port}"
    async with running(tmp_path, **people) as provider:
        await provider.set_clients(native_client(), web_client(web_url))
        (tmp_path / "engines").mkdir()
        (tmp_path / "hub.secret").write_text("x")
        (tmp_path / "oidc.secret").write_text(SECRET)
        section = _OIDC.format(issuer=provider.issuer, web=WEB, native=NATIVE)
        (tmp_path / "coordinator.toml").write_text(_TOML.format(web=port) + section)
        place = Place(tmp_path)
        async with place.running():
            yield Studio(place, provider, web_url, await asyncio.to_thread(place.ready))
        assert SECRET not in place.output


async def test_the_command_line_and_the_browser(tmp_path: Path) -> None:
    async with studio(tmp_path) as here, chromium(here.web_url) as page:
        assert "Signed in as Lin Xia (creator)" in await here.log_in("desk", page, "lin")
        code, told = await here.run("desk", "whoami", "--json")
        assert (code, json.loads(told)["teams"]) == (0, ["lighting"])

        # Twice: the refresh token that came of a refresh is used the next time; and both times
        # two processes want it at once.
        for _ in range(2):
            await here.until_due("desk")
            before = await here.refreshes()
            answers = await asyncio.gather(*(here.run("desk", "whoami") for _ in range(2)))
            assert [code for code, _ in answers] == [0, 0], answers
            assert await here.refreshes() == before + 1

        # The same browser at the coordinator's pages: signed in there already.
        await page.goto(here.web_url)
        confirm = page.locator("form[action*='/confirm'] #go")
        mine = page.get_by_role("heading", name="Your engines")
        await expect(mine.or_(confirm)).to_be_visible()
        if await confirm.count():
            await confirm.click()
        await expect(mine).to_be_visible()
        await picture(page, "foreign-engines")
        await page.locator(".account summary").click()
        await page.get_by_role("button", name="Sign out").click()
        # The provider asks whether it is meant.
        await page.get_by_role("button", name="Yes, sign me out").click()
        await page.wait_for_url(f"{here.web_url}/signed-out")
        await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        await page.goto(here.web_url)
        await expect(page.locator("#login")).to_be_visible()

        # The command line's sign-in is its own, and ends here and at the provider.
        file = next((tmp_path / "desk").rglob("tokens.json"))
        kept = await asyncio.to_thread(file.read_text)
        code, told = await here.run("desk", "logout", "--browser")
        assert code == 0
        assert f"{here.provider.issuer}/session/end?" in told
        assert "POST /token/revocation" in (await here.refreshes(), here.provider.calls)[1]
        assert (await here.run("desk", "whoami"))[0] != 0
        await asyncio.to_thread(file.write_text, kept)  # a copy that somebody made before
        code, told = await here.run("desk", "whoami")
        assert code != 0, told


async def test_a_role_lost_at_the_provider_is_lost_here(tmp_path: Path) -> None:
    """At the next exchange; and an open stream of IT's ends with it."""
    async with studio(tmp_path) as here, chromium(here.web_url) as page:
        assert "(admin)" in await here.log_in("it", page, "wang")
        code, told = await here.run("it", "people", "list", "--json")
        assert code == 0
        assert json.loads(told)[0]["claims_role"] == "admin"
        assert await here.run("it", "people", "role", "Wang Fang", "admin") == (
            0,
            "Wang Fang is admin now.\n",
        )
        await here.provider.set_people(wang=person("Wang Fang", "artists"))
        # Given here: it wins over the claims, and is shown so.
        await here.until_due("it")
        code, told = await here.run("it", "people", "list")
        assert "admin (given here; claims: creator)" in told
        code, told = await here.run("it", "people", "role", "Wang Fang", "from-claims")
        assert code != 0
        assert "last admin" in told


@pytest.mark.attack(26)
async def test_programs_go_on_while_the_provider_is_away_but_not_its(tmp_path: Path) -> None:
    async with studio(tmp_path) as here, chromium(here.web_url) as page:
        await here.log_in("desk", page, "lin")
        async with chromium(here.web_url) as other:
            await here.log_in("it", other, "wang")
        await here.provider.stop()
        left = {}
        for desk in ("desk", "it"):
            file = next((tmp_path / desk).rglob("tokens.json"))
            kept = json.loads(await asyncio.to_thread(file.read_text))
            kept["session_expires"] = time.time() + 300
            await asyncio.to_thread(file.write_text, json.dumps(kept))
            code, told = await here.run(desk, "whoami")
            assert code == 0, told
            after = json.loads(await asyncio.to_thread(file.read_text))
            left[desk] = after["session_expires"] - time.time()
        assert left["desk"] > 600
        assert left["it"] < 300
