"""Line 7: device codes. Replay, impatience, guesses of the code that people type, and the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coordinator.domain.people import PersonId, Role
from coordinator.identity.issuer_devices import GRANT_TYPE, normal_user_code
from coordinator.identity.sessions import Kind
from coordinator.ledger import read_audit
from tests.coordinator.identity.house import PASSWORD, Browser, House, csrf_of, open_house

pytestmark = pytest.mark.attack(7)
POLL = 5


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add("it", Role.ADMIN, "IT")
        await opened.add()
        yield opened


class Device:
    """A program without a browser."""

    def __init__(self, house: House, http: Browser) -> None:
        self._house = house
        self._http = http
        self.codes: dict[str, Any] = {}

    async def begin(self, **changes: str) -> httpx.Response:
        form = {
            "client_id": "aigc-native",
            "scope": "openid profile offline_access",
            "device_name": "render-07",
            **changes,
        }
        answer = await self._http.post("/oidc/device_authorization", data=form)
        self.codes = answer.json()
        return answer

    async def poll(self, pause: float = POLL, **changes: str) -> httpx.Response:
        self._house.clock.ahead += pause
        form = {
            "grant_type": GRANT_TYPE,
            "client_id": "aigc-native",
            "device_code": self.codes["device_code"],
            **changes,
        }
        return await self._http.post("/oidc/token", data=form)

    async def error(self, pause: float = POLL, **changes: str) -> str:
        answer = await self.poll(pause, **changes)
        assert answer.status_code in (400, 401), answer.text
        return str(answer.json()["error"])


@pytest_asyncio.fixture
async def device(house: House) -> AsyncIterator[Device]:
    async with house.browser() as http:
        yield Device(house, http)


@pytest_asyncio.fixture
async def lin(house: House) -> AsyncIterator[Browser]:
    """Lin's browser, signed in."""
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        yield browser


async def look_up(browser: Browser, code: str) -> httpx.Response:
    page = await browser.get("/oidc/device")
    return await browser.post_form(page, user_code=code)


async def answer(browser: Browser, page: httpx.Response, yes: bool) -> httpx.Response:
    found = page.text.split('name="ticket" value="')[1].split('"')[0]
    return await browser.post_form(page, ticket=found, answer="yes" if yes else "no")


async def agree(browser: Browser, code: str, yes: bool = True) -> httpx.Response:
    return await answer(browser, await look_up(browser, code), yes)


async def test_it_works_once_and_a_replay_ends_all(
    house: House, device: Device, lin: Browser
) -> None:
    await device.begin()
    assert device.codes["verification_uri"] == f"{house.web_url}/oidc/device"
    assert device.codes["user_code"] in device.codes["verification_uri_complete"]
    assert await device.error() == "authorization_pending"
    page = await look_up(lin, device.codes["user_code"].lower().replace("-", " "))
    assert "render-07" in page.text
    assert "127.0.0.1" in page.text
    assert "Let this program sign in as Lin Xia?" in page.text
    assert await device.error() == "authorization_pending"  # looking is no answer
    assert "Done" in (await answer(lin, page, True)).text
    good = await device.poll()
    assert good.status_code == 200, good.text
    tokens = good.json()
    assert tokens["refresh_token"]
    session = await house.identity.exchange(tokens["id_token"], "")
    assert session.person.name == "Lin Xia"
    assert await device.error() == "invalid_grant"  # a replay: the whole family ends
    for _ in range(50):  # the end is told in the event loop
        if await house.identity.sessions.find(session.token, Kind.SESSION) is None:
            break
        await asyncio.sleep(0.1)
    assert await house.identity.sessions.find(session.token, Kind.SESSION) is None
    form = {"grant_type": "refresh_token", "client_id": "aigc-native"}
    again = await lin.post("/oidc/token", data=form | {"refresh_token": tokens["refresh_token"]})
    assert again.status_code == 400
    entries = await house.ledger.read(lambda c: read_audit(c, 30))
    assert ("device-sign-in", "done") in {(e.action, e.outcome) for e in entries}


async def test_sixteen_polls_at_once_take_it_once(device: Device, lin: Browser) -> None:
    await device.begin()
    await agree(lin, device.codes["user_code"])
    answers = await asyncio.gather(*(device.poll(0) for _ in range(16)))
    assert [a.status_code for a in answers].count(200) <= 1
    assert {a.status_code for a in answers} <= {200, 400}
    taken = [a for a in answers if a.status_code == 200]
    if not taken:  # an earlier poll told them all to slow down
        assert (await device.poll(60)).status_code == 200


async def test_impatience_is_answered_with_slow_down(device: Device, lin: Browser) -> None:
    await device.begin()
    assert await device.error() == "authorization_pending"
    assert await device.error(1) == "slow_down"
    assert await device.error(5) == "slow_down"  # ten seconds by now
    assert await device.error(15) == "authorization_pending"
    await agree(lin, device.codes["user_code"])
    assert await device.error(1) == "slow_down"  # also when there is something to have
    assert (await device.poll(60)).status_code == 200


async def test_no_is_no(device: Device, lin: Browser) -> None:
    await device.begin()
    assert "Refused" in (await agree(lin, device.codes["user_code"], yes=False)).text
    assert await device.error() == "access_denied"
    assert await device.error() == "access_denied"
    assert "No program waits" in (await look_up(lin, device.codes["user_code"])).text


async def test_after_ten_minutes_it_is_over(device: Device, lin: Browser) -> None:
    await device.begin()
    page = await look_up(lin, device.codes["user_code"])
    assert await device.error(601) == "expired_token"
    late = await answer(lin, page, True)
    assert late.status_code == 404
    assert await device.error() == "expired_token"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "aigc-web"}, "invalid_client"),
        ({"client_id": "somebody"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
    ],
)
async def test_what_else_asks_for_a_code_is_refused(
    device: Device, changes: dict[str, str], error: str
) -> None:
    said = await device.begin(**changes)
    assert (said.status_code, said.json()["error"]) == (400, error)


async def test_a_device_code_is_worth_nothing_to_others(device: Device, lin: Browser) -> None:
    await device.begin()
    await agree(lin, device.codes["user_code"])
    for changes in (
        {"client_id": "aigc-web"},
        {"client_id": "somebody"},
        {"device_code": device.codes["user_code"]},
        {"device_code": device.codes["device_code"] + "x"},
        {"device_code": ""},
    ):
        assert await device.error(**changes) in (
            *("invalid_client", "invalid_grant", "invalid_request", "unauthorized_client"),
        ), changes
    assert (await device.poll()).status_code == 200


async def test_codes_cannot_be_guessed(house: House, device: Device, lin: Browser) -> None:
    await device.begin()
    tried = 0
    page = await lin.get("/oidc/device")
    for number in range(20):
        guess = normal_user_code("BCDFGHJKLMNPQRSTVWXZ"[number] * 8)
        said = await lin.post_form(page, user_code=guess)
        tried += said.status_code == 404
    assert tried == 10
    assert said.status_code == 429
    assert int(said.headers["retry-after"]) > 0
    # Another sign-in of the same person, and another person at the same address, alike.
    async with house.browser() as second, house.browser() as wu:
        await second.sign_in(to="/engines")
        await house.add("wu", name="Wu Min")
        await wu.sign_in("wu", to="/engines")
        for browser in (second, wu):
            refused = await look_up(browser, device.codes["user_code"])
            assert refused.status_code == 429
    # Right codes of one's own buy no more guesses: they count as well. It ends within the hour.
    house.clock.ahead += 3601
    await device.begin()
    assert "render-07" in (await look_up(lin, device.codes["user_code"])).text
    entries = await house.ledger.read(lambda c: read_audit(c, 100))
    assert sum(e.action == "device-code" and e.outcome == "refused" for e in entries) == 10


async def test_nobody_is_made_to_agree(house: House, device: Device, lin: Browser) -> None:
    """No link agrees by itself, no other site's form does, and a ticket is its browser's own."""
    await device.begin()
    complete = device.codes["verification_uri_complete"]
    opened = await lin.get(complete)
    assert 'value="' + device.codes["user_code"] in opened.text  # filled in, and nothing more
    assert "render-07" not in opened.text
    page = await look_up(lin, device.codes["user_code"])
    ticket = page.text.split('name="ticket" value="')[1].split('"')[0]
    data = {"ticket": ticket, "answer": "yes"}
    foreign = {"origin": "https://evil.example"}
    for headers, form in (
        (None, data),
        (foreign, data | {"csrf": csrf_of(page)}),
        ({"sec-fetch-site": "cross-site"}, data | {"csrf": csrf_of(page)}),
    ):
        refused = await lin.post("/oidc/device", data=form, headers=headers)
        assert refused.status_code == 403, headers
    async with house.browser() as wu:
        await house.add("wu", name="Wu Min")
        await wu.sign_in("wu", to="/engines")
        own = await wu.get("/oidc/device")
        stolen = await wu.post_form(own, ticket=ticket, answer="yes")
        assert stolen.status_code == 404
        forged = await wu.post_form(own, ticket=ticket[:-1] + "0", answer="yes")
        assert forged.status_code == 404
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert await device.error() == "authorization_pending"


async def test_signing_in_first_leads_back_with_the_code(house: House, device: Device) -> None:
    await device.begin()
    async with house.browser() as browser:
        page = await browser.follow(await browser.get(device.codes["verification_uri_complete"]))
        assert page.url.path == "/oidc/login"
        back = await browser.follow(
            await browser.post_form(page, username="lin", password=PASSWORD)
        )
        assert back.url.path == "/oidc/device"
        assert device.codes["user_code"] in back.text


async def test_an_account_that_ends_takes_its_agreement_along(
    house: House, device: Device, lin: Browser
) -> None:
    (person,) = (p for p in house.reactor.studio.people.values() if p.name == "Lin Xia")
    await device.begin()
    await agree(lin, device.codes["user_code"])
    await house.identity.set_disabled(person.id, True, PersonId("local|it"))
    assert await device.error() == "invalid_grant"


async def test_what_a_device_calls_itself_is_text(device: Device, lin: Browser) -> None:
    await device.begin(device_name="<img src=x onerror=alert(1)>\n\x1b[2J" + "x" * 500)
    page = await look_up(lin, device.codes["user_code"])
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text
    assert "\x1b" not in page.text
    assert "x" * 61 not in page.text


async def test_a_flood_of_devices_is_bounded(house: House, device: Device) -> None:
    said = [await device.begin() for _ in range(21)]
    assert [one.status_code for one in said] == [200] * 20 + [429]
    house.clock.ahead += 601
    assert (await device.begin()).status_code == 200


async def test_no_code_in_the_logs(
    device: Device, lin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await device.begin()
    await agree(lin, device.codes["user_code"])
    tokens = (await device.poll()).json()
    written = "\n".join(f"{r.getMessage()} {r.__dict__}" for r in caplog.records)
    for secret in (device.codes["device_code"], device.codes["user_code"], tokens["id_token"]):
        assert secret not in written
