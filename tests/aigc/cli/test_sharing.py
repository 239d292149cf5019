"""Sharing and scoped tokens on the command line, with a real gateway and a real engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import People
from tests.aigc.cli.conftest import Cli, Studio

pytestmark = pytest.mark.timeout(300)

SHARE_KEYS = {
    "id", "instance", "name", "owner", "person", "person_id", "team", "access", "created_at",
    "expires_at",
}  # fmt: skip
TOKEN_KEYS = {
    "id", "name", "created_at", "expires_at", "last_used_at", "scopes", "read_only", "instances",
    "ends_soon",
}  # fmt: skip


@pytest.fixture(scope="module")
def poster(lin: Cli) -> Iterator[dict[str, Any]]:
    """A running engine of Lin's."""
    yield lin.json("start", "demo", "--name", "Poster", "--wait")
    lin("unshare", "Poster")
    lin.json("delete", "Poster", "--yes")


def answer(url: str, token: str, method: str = "GET") -> tuple[int, str]:
    """Status and body of a request as a script makes it."""
    host = urlsplit(url).netloc
    connection = HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=30)
    try:
        connection.request(method, "/", headers={"Host": host, "Authorization": f"Bearer {token}"})
        told = connection.getresponse()
        return told.status, told.read().decode()
    finally:
        connection.close()


def until_status(url: str, token: str, status: int, method: str = "GET") -> str:
    deadline = time.monotonic() + 30
    while True:
        found, body = answer(url, token, method)
        if found == status:
            return body
        assert time.monotonic() < deadline, (found, body)
        time.sleep(0.1)  # the gateway is told in a moment


def test_a_colleague_opens_it_for_a_time(lin: Cli, it: Cli, poster: dict[str, Any]) -> None:
    made = lin.json("share", "Poster", "--with", "IT", "--for", "30m", "--view")
    assert set(made) == {*SHARE_KEYS, "url"}
    assert (made["access"], made["owner"], made["team"]) == ("view", "Lin Xia", None)
    assert made["url"] == poster["url"]
    ends = datetime.fromisoformat(made["expires_at"])
    assert timedelta(minutes=29) < ends - datetime.now(UTC) < timedelta(minutes=31)
    given = lin.json("shares")["given"]
    assert [s["id"] for s in given] == [made["id"]]
    assert lin.json("list")[0]["shares"] == 1
    (shared,) = it.json("list", "--shared")
    assert (shared["name"], shared["access"]) == ("Poster", "view")
    assert shared["owner"]["name"] == "Lin Xia"
    assert it.json("list") == []
    assert it("open", "Poster").stdout.strip() == poster["url"]
    assert [s["id"] for s in it.json("shares")["received"]] == [made["id"]]
    assert "Poster" in it("list", "--shared").stdout
    # IT sees it as IT, too, and may end it.
    assert [s["id"] for s in it.json("instances", "shares")] == [made["id"]]
    assert it.error("instances", "unshare", made["id"])[1] == "not-confirmed"
    assert it.json("instances", "unshare", made["id"], "--yes")["id"] == made["id"]
    assert lin.json("shares") == {"given": [], "received": []}
    again = lin.json("share", "poster", "--with", "it")
    assert again["access"] == "use"
    assert [s["id"] for s in lin.json("unshare", "Poster", "--with", "IT")] == [again["id"]]


@pytest.mark.attack(12, 17)
def test_a_guests_browser_is_handed_off_and_shown_out(
    lin: Cli, studio: Studio, poster: dict[str, Any]
) -> None:
    lin.json("share", "Poster", "--with", "IT")
    assert asyncio.run(_visit_as_guest(studio, poster["url"], lin)) == [200, 403]


async def _visit_as_guest(studio: Studio, url: str, lin: Cli) -> list[int]:
    """What a guest's browser gets: while it is shared, and afterwards with the same cookies."""
    people = People(studio.folder, studio.ready)
    async with Browser() as browser:
        page = await people.log_in(browser, await browser.visit(url), studio.account("it"))
        assert str(page.url).startswith(url.rstrip("/")), page.url
        found = [page.status_code]
        await asyncio.to_thread(lin.json, "unshare", "Poster")
        async with asyncio.timeout(30):
            while (page := await browser.visit(url)).status_code == 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # the gateway is told in a moment
        assert "shared with you" in page.text
        return [*found, page.status_code]


def test_what_cannot_be_shared_is_said(lin: Cli, poster: dict[str, Any]) -> None:
    for words, key in (
        (["--with", "Nobody"], "colleague-unknown"),
        (["--team", "lighting"], "team-unknown"),
        (["--with", "IT", "--for", "31d"], "share-time"),
        (["--with", "IT", "--for", "soon"], "usage"),
        ([], "usage"),
        (["--with", "IT", "--team", "x"], "usage"),
    ):
        assert lin.error("share", "Poster", *words)[1] == key, words
    assert lin.error("unshare", "Poster")[1] == "share-unknown"
    assert lin.error("unshare", "s-nothing")[1] == "instance-unknown"


@pytest.mark.attack(25)
def test_a_token_for_one_engine(
    lin: Cli, studio: Studio, tmp_path: Path, poster: dict[str, Any]
) -> None:
    url = poster["url"]
    made = lin.json(
        *("token", "create", "script", "--scope", "engines", "--engine", "Poster", "--days", "1")
    )
    assert set(made) == {*TOKEN_KEYS, "token"}
    assert (made["scopes"], made["instances"]) == (["engines"], [poster["id"]])
    assert "Poster" in lin("token", "list").stdout
    assert "<html" in until_status(url, made["token"], 200).lower()
    script = Cli(tmp_path, {"AIGC_COORDINATOR": studio.link, "AIGC_TOKEN": made["token"]})
    assert script.error("list")[1] == "token-scope"
    looks = lin.json("token", "create", "looks", "--scope", "engines", "--read-only")["token"]
    until_status(url, looks, 200)
    assert "view-only" in answer(url, looks, "POST")[1]
    reads = lin.json("token", "create", "reads", "--read-only")["token"]
    assert answer(url, reads)[0] == 401
    reader = Cli(tmp_path, {"AIGC_COORDINATOR": studio.link, "AIGC_TOKEN": reads})
    assert [i["name"] for i in reader.json("list")] == ["Poster"]
    assert reader.error("stop", "Poster")[1] == "token-read-only"
    lin.json("stop", "Poster")
    told = until_status(url, made["token"], 503)
    assert "engine-stopped" in told
    assert poster["id"] in told
    assert lin("token", "revoke", "script").returncode == 0
    assert "token-invalid" in until_status(url, made["token"], 401)
    for name in ("looks", "reads"):
        assert lin("token", "revoke", name).returncode == 0
