"""IT's pages about people: for admins, from this site, with a fresh sign-in, and on record."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from coordinator.domain.events import PersonSeen
from coordinator.domain.people import Person, PersonId, Role
from coordinator.ledger import read_audit
from tests.coordinator.identity.house import PASSWORD, Browser, House, csrf_of, open_house
from tests.coordinator.identity.test_foreign_provider import studio
from tests.standins.foreign_provider import Visitor

ACTS = ("reset-password", "reset-second-factor", "disable", "enable", "sign-out", "role")


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add("it", Role.ADMIN, "Ingrid Tang")
        await opened.add()
        yield opened


@pytest_asyncio.fixture
async def it(house: House) -> AsyncIterator[Browser]:
    async with house.browser() as browser:
        await browser.sign_in("it", to="/engines")
        yield browser


def person(house: House, name: str = "Lin Xia") -> Person:
    return next(p for p in house.reactor.studio.people.values() if p.name == name)


async def done(house: House) -> set[str]:
    """What the audit log says was done, refused or not."""
    entries = await house.ledger.read(lambda c: read_audit(c, 50))
    return {
        f"{e.action} {e.outcome}" for e in entries if e.actor == person(house, "Ingrid Tang").id
    }


async def test_what_is_done_is_on_record(house: House, it: Browser) -> None:
    at = f"/admin/people/{person(house).id}"
    page = await it.get(f"{at}/reset-password")
    shown = await it.post_form(page)
    one_time = re.search(r'<code class="secret">([a-z0-9-]{19})</code>', shown.text)
    assert one_time
    assert "no-store" in shown.headers["cache-control"]
    assert one_time[1] not in (await it.get(at)).text  # shown once
    form = await it.get(f"{at}/role")
    assert (await it.post_form(form, role="team_lead")).headers["location"] == at
    assert person(house).role is Role.TEAM_LEAD
    assert (await it.post_form(form, role="emperor")).status_code == 400
    for act, disabled in (("disable", True), ("enable", False)):
        assert (await it.post_form(await it.get(f"{at}/{act}"))).status_code == 303
        assert person(house).disabled is disabled
    await it.post_form(await it.get(f"{at}/sign-out"))
    wanted = {"password-reset done", "person-sign-out done"}
    assert wanted <= await done(house)
    refused = await it.post_form(await it.get(f"{at}/reset-second-factor"))
    assert refused.status_code == 409
    assert "no second factor" in refused.text


async def test_the_last_admin_stays(house: House, it: Browser) -> None:
    at = f"/admin/people/{person(house, 'Ingrid Tang').id}"
    assert "This is you." in (await it.get(at)).text
    for act in ("disable", "role"):
        answer = await it.post_form(await it.get(f"{at}/{act}"), role="creator")
        assert answer.status_code == 409
        assert "last admin" in answer.text
    assert person(house, "Ingrid Tang").role is Role.ADMIN


@pytest.mark.attack(14)
async def test_other_sites_and_pages_of_before_change_nothing(house: House, it: Browser) -> None:
    at = f"/admin/people/{person(house).id}"
    page = await it.get(f"{at}/disable")
    token = csrf_of(page)
    for headers, data in (
        ({"origin": "https://evil.example"}, {"csrf": token}),
        ({"origin": "null"}, {"csrf": token}),
        ({"sec-fetch-site": "cross-site"}, {"csrf": token}),
        ({"sec-fetch-site": "same-site"}, {"csrf": token}),
        ({}, {"csrf": "x" * 64}),
        ({}, {"x": "1"}),
    ):
        for act in ACTS:
            answer = await it.post(f"{at}/{act}", data=data, headers=headers)
            assert answer.status_code == 403, (act, headers)
        answer = await it.post("/admin/people/new", data={**data, "username": "x"}, headers=headers)
        assert answer.status_code == 403
    assert not person(house).disabled
    assert len(house.reactor.studio.people) == 2


@pytest.mark.attack(27)
async def test_a_sign_in_of_long_ago_is_not_enough(house: House, it: Browser) -> None:
    at = f"/admin/people/{person(house).id}"
    pages = {act: await it.get(f"{at}/{act}") for act in ACTS}
    new = await it.get("/admin/people/new")
    house.clock.ahead += 601
    assert (await it.get(at)).status_code == 200  # looking needs none
    for act, page in pages.items():
        answer = await it.post_form(page, role="admin")
        assert answer.headers["location"].startswith("/signin?fresh=1"), act
    answer = await it.post_form(new, username="mallory", name="M", role="admin")
    assert answer.headers["location"].startswith("/signin?fresh=1")
    assert not person(house).disabled
    assert person(house).role is Role.CREATOR
    assert len(house.reactor.studio.people) == 2
    # Signing in anew leads back, and what is open in this browser stays open.
    before = it.kept["__Host-aigc-session"]
    form = await it.follow(await it.get(f"{at}/disable"))
    assert form.url.path == "/oidc/login"
    back = await it.follow(await it.post_form(form, username="it", password=PASSWORD))
    assert back.url.path == f"{at}/disable"
    assert it.kept["__Host-aigc-session"] == before
    assert (await it.post_form(back)).status_code == 303
    assert person(house).disabled


async def test_somebody_else_who_signs_in_is_somebody_else(house: House, it: Browser) -> None:
    house.clock.ahead += 601
    before = it.kept["__Host-aigc-session"]
    form = await it.follow(await it.get(f"/admin/people/{person(house).id}/disable"))
    refused = await it.follow(await it.post_form(form, username="lin", password=PASSWORD))
    assert refused.status_code == 403
    assert it.kept["__Host-aigc-session"] != before


async def test_unknown_people_and_acts(house: House, it: Browser) -> None:
    at = f"/admin/people/{person(house).id}"
    for path in (f"{at}/delete", "/admin/people/nobody", "/admin/people/nobody/disable"):
        assert (await it.get(path)).status_code == 404, path


async def test_names_are_text(house: House, it: Browser) -> None:
    form = await it.get("/admin/people/new")
    made = await it.post_form(form, username="bobby", name="<b>Bobby</b>", role="creator")
    assert "<b>Bobby" not in made.text
    listed = await it.get("/admin/people")
    assert "<b>Bobby" not in listed.text
    assert "&lt;b&gt;Bobby" in listed.text
    assert "<script" not in listed.text
    assert "script-src 'self'" in listed.headers["content-security-policy"]
    taken = await it.post_form(form, username="BOBBY", name="x", role="creator")
    assert taken.status_code == 409


@pytest.mark.node
@pytest.mark.timeout(240)
async def test_people_of_a_foreign_provider(tmp_path: Path) -> None:
    """A provider that is asked for a fresh sign-in says when it was; without that, no act."""
    async with studio(tmp_path) as (house, provider):
        lin = Person(PersonId("x|lin"), provider.issuer, "lin", "Lin Xia", "", Role.CREATOR)
        await house.reactor.ask(PersonSeen(lin))
        async with house.browser() as pages, Visitor("wang") as elsewhere:

            async def through(begun: httpx.Response) -> httpx.Response:
                """From our redirect through the provider's pages, and back."""
                back = await elsewhere.go(begun.headers["location"], f"{house.web_url}/callback")
                return await pages.get(back)

            at = f"/admin/people/{quote(lin.id, safe='')}"
            await through(await pages.get("/signin?next=/admin/people"))
            assert "Lin Xia" in (await pages.get("/admin/people")).text
            assert "/admin/people/new" not in (await pages.get("/admin/people")).text
            row = await house.identity.web_session(pages.kept["__Host-aigc-session"])
            assert row is not None
            await house.identity.sessions.set_detail(row.id, "0")  # long ago
            begun = await pages.get(f"{at}/disable")
            assert begun.headers["location"].startswith("/signin?fresh=1")
            begun = await pages.get(begun.headers["location"])
            assert "max_age=600" in begun.headers["location"]
            form = await pages.follow(await through(begun))
            assert form.url.path.endswith("/disable"), form.text
            assert (await pages.post_form(form)).status_code == 303
            assert person(house).disabled
            # What it says of the sign-in is twenty minutes old: no loop, a sentence.
            house.clock.ahead += 1200
            begun = await pages.get(f"/signin?fresh=1&next={quote(at)}/enable")
            refused = await through(begun)
            assert refused.status_code == 403
            assert "auth_time" in refused.text
            assert person(house).disabled
