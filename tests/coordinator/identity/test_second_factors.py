"""TOTP and recovery codes: set up, asked for, used once, throttled, demanded, reset."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
import pytest_asyncio
from joserfc import jws

from aigc.errors import AigcError
from coordinator.domain.people import PersonId, Role
from coordinator.identity.account_key import AccountKey
from coordinator.identity.settings import SecondFactorRule
from coordinator.ledger import read_audit
from tests.coordinator.identity.house import (
    PASSWORD,
    Browser,
    House,
    Native,
    csrf_of,
    open_house,
)

STEP = 30


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add("it", Role.ADMIN, "IT")
        await opened.add()
        yield opened


def secret_of(page: httpx.Response) -> str:
    """What the page shows to type into the app."""
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.text)
    assert found, page.text
    return found[1].replace(" ", "")


def code_of(house: House, secret: str, steps: int = 0) -> str:
    """What the app shows now, or some steps later."""
    at = int(house.clock.now().timestamp()) + steps * STEP
    return pyotp.TOTP(secret).at(at)


def recovery_of(page: httpx.Response) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code></li>", page.text)


async def set_up(house: House, browser: Browser) -> tuple[str, list[str]]:
    """As a person does it: the secret in the app, and the recovery codes."""
    page = await browser.get("/oidc/second-factor")
    assert page.status_code == 200, page.text
    secret = secret_of(page)
    done = await browser.post_form(page, code=code_of(house, secret), act="confirm")
    assert done.status_code == 200, done.text
    return secret, recovery_of(done)


async def second_page(house: House, browser: Browser) -> httpx.Response:
    """The password was right; the form for the code."""
    page = await browser.follow(await browser.get(Native(house, browser).request()))
    page = await browser.follow(await browser.post_form(page, username="lin", password=PASSWORD))
    assert page.url.path == "/oidc/second", page.text
    return page


async def test_it_is_set_up_and_asked_for(house: House) -> None:
    async with house.browser() as browser, house.browser() as elsewhere:
        await elsewhere.sign_in(to="/engines")
        await browser.sign_in(to="/engines")
        page = await browser.get("/oidc/second-factor")
        assert "<svg" in page.text
        assert "style=" not in page.text  # the policy would ignore it
        wrong = await browser.post_form(page, code="000000", act="confirm")
        assert wrong.status_code == 401
        secret, recovery = await set_up(house, browser)
        assert len(set(recovery)) == 10
        # Elsewhere is over; here goes on.
        assert (await elsewhere.get("/engines")).headers["location"].startswith("/signin")
        assert (await browser.get("/engines")).status_code == 200
        assert "On since" in (await browser.get("/oidc/account")).text
    async with house.browser() as browser:
        page = await second_page(house, browser)
        assert "__Host-aigc-issuer" not in browser.kept
        house.clock.ahead += STEP
        native = Native(house, browser)
        done = await browser.post_form(page, code=code_of(house, secret))
        assert "__Host-aigc-issuer" in browser.kept
        await browser.follow(done, stop=native.redirect_uri)
        tokens = (await native.redeem(await native.code())).json()
        claims = jws.extract_compact(tokens["id_token"].encode()).payload.decode()
        assert '"amr":["pwd","otp","mfa"]' in claims.replace(" ", "")
        refreshed = (await native.refresh(tokens["refresh_token"])).json()
        again = jws.extract_compact(refreshed["id_token"].encode()).payload.decode()
        assert '"amr":["pwd","otp","mfa"]' in again.replace(" ", "")
        assert '"auth_time"' in again


async def test_the_qr_code_says_the_secret(house: House) -> None:
    login_secret, link = "", ""
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        page = await browser.get("/oidc/second-factor")
        login = await house.identity.issuer_login(browser.kept["__Host-aigc-issuer"])
        assert login is not None
        login_secret, link = await house.identity.begin_factor(login)
        assert secret_of(page) == login_secret  # a page that is reloaded shows the same
        assert secret_of(await browser.get("/oidc/second-factor")) == login_secret
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query)["secret"] == [login_secret]
    assert parse_qs(parts.query)["issuer"] == ["Studio North"]


@pytest.mark.attack(5)
async def test_a_code_is_good_once_and_for_one_step_of_drift(house: House) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        secret, _ = await set_up(house, browser)
    used = code_of(house, secret)
    for code, works in (
        (used, False),  # it was used to set it up
        (code_of(house, secret, -1), False),  # older than a used one
        (code_of(house, secret, 2), False),  # too far ahead
        (code_of(house, secret, 1), True),  # one step of drift
        (code_of(house, secret, 1), False),  # again
    ):
        async with house.browser() as browser:
            page = await second_page(house, browser)
            answer = await browser.post_form(page, code=code)
            assert (answer.status_code == 303) is works, code
    house.clock.ahead += 3 * STEP
    async with house.browser() as browser:
        page = await second_page(house, browser)
        late = await browser.post_form(page, code=code_of(house, secret, -2))
        assert late.status_code == 401
        assert (await browser.post_form(page, code=code_of(house, secret, -1))).status_code == 303


async def test_recovery_codes_work_once_each(house: House) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        secret, recovery = await set_up(house, browser)
    async with house.browser() as browser:
        page = await second_page(house, browser)
        typed = recovery[0].upper().replace("-", " ")
        assert (await browser.post_form(page, code=typed)).status_code == 303
        assert "codes: 9" in (await browser.get("/oidc/account")).text
        native = Native(house, browser)
        tokens = (await native.redeem(await native.code())).json()
        claims = jws.extract_compact(tokens["id_token"].encode()).payload.decode()
        assert '"amr":["pwd","mfa"]' in claims.replace(" ", "")
        # Fresh ones, for a code; the old ones are over.
        house.clock.ahead += STEP
        form = await browser.get("/oidc/second-factor")
        fresh = await browser.post_form(form, code=code_of(house, secret), act="recovery")
        assert len(set(recovery_of(fresh)) - set(recovery)) == 10
    async with house.browser() as browser:
        page = await second_page(house, browser)
        for spent in recovery[:3]:
            assert (await browser.post_form(page, code=spent)).status_code == 401
        new = recovery_of(fresh)[0]
        assert (await browser.post_form(page, code=new)).status_code == 303


@pytest.mark.attack(5)
async def test_codes_cannot_be_guessed(house: House) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        secret, _ = await set_up(house, browser)
    counted = 0
    async with house.browser() as browser:
        for _ in range(4):
            page = await second_page(house, browser)
            for _ in range(8):
                answer = await browser.post_form(page, code=f"{secrets.randbelow(10**6):06}")
                if answer.status_code in (303, 404) or "username" in answer.text:
                    break  # the password is asked for again
                counted += answer.status_code == 401
                assert answer.status_code in (401, 429)
        assert counted <= 6
    # The owner at a browser that is known is not slowed by that.
    house.clock.ahead += STEP
    asker = house.identity.asker("lin", "10.0.0.1", {})
    value = house.identity.known_browsers.value_for("lin", "")
    assert value is not None
    cookies = {house.identity.known_browsers.cookie_name("lin"): value}
    known = house.identity.asker("lin", "127.0.0.1", cookies)
    assert known.known
    assert not asker.known
    step = await house.identity.issuer_sign_in("lin", PASSWORD, known)
    assert step.wanted
    assert await house.identity.issuer_second_step(step.token, code_of(house, secret), known)


async def test_the_second_step_belongs_to_one_sign_in_and_ends(house: House) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        secret, _ = await set_up(house, browser)
    async with house.browser() as browser:
        page = await second_page(house, browser)
        house.clock.ahead += 301
        late = await browser.post_form(page, code=code_of(house, secret))
        assert late.headers["location"].startswith("/oidc/login")
        browser.kept["__Host-aigc-second"] = "x" * 9000
        assert (await browser.get(str(page.url))).status_code == 303
        assert "__Host-aigc-issuer" not in browser.kept


async def test_a_sign_in_of_long_ago_sets_nothing_up(house: House) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        page = await browser.get("/oidc/second-factor")
        house.clock.ahead += 601
        answer = await browser.get("/oidc/second-factor")
        assert answer.headers["location"] == "/oidc/login?to=second-factor"
        late = await browser.post_form(page, code="123456", act="confirm")
        assert late.headers["location"] == "/oidc/login?to=second-factor"
        form = await browser.get("/oidc/login?to=second-factor")
        back = await browser.follow(
            await browser.post_form(form, username="lin", password=PASSWORD)
        )
        assert back.url.path == "/oidc/second-factor"
        assert secret_of(back)


async def test_it_can_be_removed_for_a_code(house: House) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        secret, _ = await set_up(house, browser)
        page = await browser.get("/oidc/second-factor")
        assert (await browser.post_form(page, code="000000", act="remove")).status_code == 401
        house.clock.ahead += STEP
        gone = await browser.post_form(page, code=code_of(house, secret), act="remove")
        assert gone.headers["location"] == "/oidc/account"
        assert "Off." in (await browser.get("/oidc/account")).text
    async with house.browser() as browser:
        assert (await browser.sign_in(to="/engines")).url.path == "/engines"


async def test_the_studio_can_demand_it(tmp_path: Path) -> None:
    rule = SecondFactorRule.ADMINS
    async with open_house(tmp_path, second_factor=rule) as house, house.browser() as browser:
        await house.add()
        await house.add("it", Role.ADMIN, "IT")
        assert (await browser.sign_in(to="/engines")).url.path == "/engines"  # a creator need not
        async with house.browser() as admin:
            page = await admin.sign_in("it", to="/engines")
            assert page.url.path == "/oidc/second-factor"
            # Nothing else is to be had before.
            native = Native(house, admin)
            first = await admin.get(native.request())
            assert first.headers["location"].startswith("/oidc/second-factor?")
            silent = await admin.get(native.request(prompt="none"))
            assert "error=login_required" in silent.headers["location"]
            for own in ("/oidc/account", "/oidc/device"):
                assert "/oidc/second-factor" in (await admin.get(own)).headers["location"]
            secret = secret_of(page)
            done = await admin.post_form(page, code=code_of(house, secret), act="confirm")
            onward = re.search(r'class="button primary" href="([^"]+)"', done.text)
            assert onward
            end = await admin.follow(await admin.get(unescape(onward[1])))
            assert end.url.path == "/engines"
            house.clock.ahead += STEP
            form = await admin.get("/oidc/second-factor")
            kept = await admin.post_form(form, code=code_of(house, secret), act="remove")
            assert kept.status_code == 403


async def test_it_resets_what_was_lost(house: House) -> None:
    it = PersonId("local|it")
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        await set_up(house, browser)
        (person,) = (p for p in house.reactor.studio.people.values() if p.name == "Lin Xia")
        facts = (await house.identity.person_facts())[person.id]
        assert facts.second_factor
        assert facts.username == "lin"
        await house.identity.reset_second_factor(person.id, it)
        assert (await browser.get("/engines")).headers["location"].startswith("/signin")
        assert (await browser.sign_in(to="/engines")).url.path == "/engines"
        with pytest.raises(AigcError) as caught:
            await house.identity.reset_second_factor(person.id, it)
        assert caught.value.key == "second-factor-none"
    entries = await house.ledger.read(lambda c: read_audit(c, 20))
    told = [e.action for e in entries if e.action.startswith("second-factor")]
    assert sorted(told) == ["second-factor-reset", "second-factor-set"]


async def test_the_ledger_alone_tells_no_second_factor(house: House, tmp_path: Path) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        secret, recovery = await set_up(house, browser)
        assert csrf_of(await browser.get("/oidc/account"))
    written = await asyncio.to_thread(
        lambda: b"".join(path.read_bytes() for path in tmp_path.glob("ledger.sqlite*"))
    )
    assert b"account_factor" in written
    for told in (secret, *recovery, *(code.replace("-", "") for code in recovery)):
        assert told.encode() not in written
    sealed = AccountKey(b"a" * 32).encrypt(secret, "one")
    assert AccountKey(b"a" * 32).decrypt(sealed, "one") == secret
    for key, owner in ((b"b" * 32, "one"), (b"a" * 32, "other")):
        with pytest.raises(AigcError) as caught:
            AccountKey(key).decrypt(sealed, owner)
        assert caught.value.key == "second-factor-unreadable"


async def refused_actions(house: House) -> list[tuple[str, str, str]]:
    """Who was refused what, and why, as the audit log tells it."""
    rows = await house.ledger.read(
        lambda c: c.execute(
            "SELECT actor, action, detail FROM audit WHERE outcome = 'refused'"
        ).fetchall()
    )
    return [tuple(row) for row in rows]


@pytest.mark.attack(5)
async def test_a_reset_password_ends_a_sign_in_that_waits_for_its_code(house: House) -> None:
    async with house.browser() as browser, house.browser() as thief:
        await browser.sign_in(to="/engines")
        secret, _ = await set_up(house, browser)
        house.clock.ahead += STEP
        page = await second_page(house, thief)
        lin = next(p for p in house.reactor.studio.people.values() if p.name == "Lin Xia")
        await house.identity.reset_password(lin.id, lin.id)
        await thief.post_form(page, code=code_of(house, secret))
        assert "__Host-aigc-issuer" not in thief.kept


@pytest.mark.attack(5)
async def test_guesses_on_the_account_pages_are_in_the_audit_log(house: House) -> None:
    async with house.browser() as browser:
        await browser.sign_in(to="/engines")
        page = await browser.get("/oidc/second-factor")
        await browser.post_form(page, code="000000", act="confirm")
        await set_up(house, browser)
        page = await browser.get("/oidc/second-factor")
        for act in ("remove", "recovery"):
            assert (await browser.post_form(page, code="000000", act=act)).status_code == 401
        page = await browser.get("/oidc/password")
        new = "another long password"
        await browser.post_form(page, current="not it at all", password=new, again=new)
    told = [(action, why) for _, action, why in await refused_actions(house)]
    assert told == [
        ("second-factor-set", "second-factor-wrong"),
        ("second-factor-off", "second-factor-wrong"),
        ("recovery-codes", "second-factor-wrong"),
        ("password-change", "sign-in-wrong"),
    ]
