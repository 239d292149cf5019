"""Attacks on the embedded issuer (docs: lines 1 to 4 and 7 of the list of attacks)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from coordinator.identity.sessions import Kind
from coordinator.identity.settings import CODE_LIFETIME, REFRESH_GRACE
from coordinator.ledger import read_audit
from tests.coordinator.identity.house import House, Native, open_house


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add()
        yield opened


async def refusals(house: House, action: str) -> list[str]:
    """What the audit log says was refused."""
    entries = await house.ledger.read(lambda c: read_audit(c, 100))
    return [e.detail for e in entries if e.action == action and e.outcome == "refused"]


@pytest.mark.attack(1)
async def test_attack_1_no_pkce_or_plain_pkce(house: House) -> None:
    native = Native(house)
    cases: list[dict[str, str | None]] = [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": None},
    ]
    async with native.browser as browser:
        for changes in cases:
            answer = await browser.get(native.request(**changes))
            assert answer.status_code == 302, changes
            location = answer.headers["location"]
            assert location.startswith(native.redirect_uri)
            query = parse_qs(urlsplit(location).query)
            assert query["error"] == ["invalid_request"], changes
            assert query["state"] == [native.state]
            assert query["iss"] == [f"{house.web_url}/oidc"]
            assert "code" not in query
    assert await refusals(house, "authorize") == ["invalid_request"] * len(cases)


@pytest.mark.attack(2)
async def test_attack_2_redirect_addresses(house: House) -> None:
    native = Native(house)
    refused = [
        "http://127.0.0.1.evil.example:1/callback",
        "http://127.0.0.1:49152/callback/",
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152/callback?x=1",
        "http://127.0.0.1:49152/callback#x",
        "http://user@127.0.0.1:49152/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:049152/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.2:49152/callback",
        "http://localhost:49152/callback",
        "https://127.0.0.1:49152/callback",
        "http://[::2]:49152/callback",
        "http://127.0.0.1:49152/callback\n",
        "http://127.0.0.1:49152\\callback",
        "javascript:alert(1)",
        "//127.0.0.1:49152/callback",
        f"{house.web_url}/callback",
        "",
    ]
    async with native.browser as browser:
        for address in refused:
            answer = await browser.get(native.request(redirect_uri=address))
            assert answer.status_code == 400, address
            assert "location" not in answer.headers
        for client in ("aigc-web", "unknown", ""):
            answer = await browser.get(native.request(client_id=client))
            assert answer.status_code == 400, client
        twice = native.request() + "&redirect_uri=http://127.0.0.1:1/callback"
        assert (await browser.get(twice)).status_code == 400
        for address in (
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1:65535/callback",
            "http://[::1]:50000/callback",
        ):
            answer = await browser.get(native.request(redirect_uri=address))
            assert answer.headers["location"].startswith("/oidc/login?"), address
    assert len(await refusals(house, "authorize")) == len(refused) + 4


@pytest.mark.attack(2)
async def test_attack_2_other_response_types_and_scopes(house: House) -> None:
    native = Native(house)
    cases: list[tuple[dict[str, str | None], str]] = [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ]
    async with native.browser as browser:
        for changes, error in cases:
            answer = await browser.get(native.request(**changes))
            query = parse_qs(urlsplit(answer.headers["location"]).query)
            assert query["error"] == [error], changes


@pytest.mark.attack(3)
async def test_attack_3_code_replay_kills_the_family(house: House) -> None:
    native = Native(house)
    async with native.browser:
        code = await native.code()
        tokens = (await native.redeem(code)).json()
        session = await house.identity.exchange(tokens["id_token"], native.nonce)
        caller = await house.identity.check_session(session.token)
        ended = asyncio.create_task(house.identity.wait_ended(caller))
        await asyncio.sleep(0)
        again = await native.redeem(code)
        assert again.status_code == 400
        assert again.json()["error"] == "invalid_grant"
        assert (await native.refresh(tokens["refresh_token"])).status_code == 400
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await native.browser.get("/oidc/userinfo", headers=bearer)).status_code == 401
        await asyncio.wait_for(ended, 10)
        assert await house.identity.sessions.find(session.token, Kind.SESSION) is None
    entries = await house.ledger.read(lambda c: read_audit(c, 10))
    told = {e.detail for e in entries if e.action == "token"}
    assert told == {"token-reused", "invalid_grant"}


@pytest.mark.attack(3)
async def test_attack_3_sixteen_at_once(house: House) -> None:
    native = Native(house)
    async with native.browser:
        code = await native.code()
        answers = await asyncio.gather(*(native.redeem(code) for _ in range(16)))
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(200) == 1
        assert statuses.count(400) == 15
        (good,) = (answer for answer in answers if answer.status_code == 200)
        assert (await native.refresh(good.json()["refresh_token"])).status_code == 400


@pytest.mark.attack(3)
async def test_attack_3_wrong_verifier_client_address_or_late(house: House) -> None:
    native = Native(house)
    async with native.browser as browser:
        code = await native.code()
        for changes in (
            {"code_verifier": "x" * 43},
            {"code_verifier": ""},
            {"redirect_uri": "http://127.0.0.1:1/callback"},
            {"redirect_uri": ""},
            {"client_id": "aigc-web"},
            {"client_id": "aigc-web", "client_secret": "guess"},
            {"client_id": "unknown"},
            {"code": code + "x"},
            {"grant_type": "password"},
            {"grant_type": "client_credentials"},
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": code},
        ):
            answer = await native.redeem(**{"code": code, **changes})
            assert answer.status_code in (400, 401), changes
        repeated = await browser.post(
            "/oidc/token",
            content=f"grant_type=authorization_code&code={code}&code={code}&client_id=aigc-native",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert repeated.status_code == 400
        assert (await native.redeem(code)).status_code == 200

        late = await native.code()
        house.clock.ahead += CODE_LIFETIME.total_seconds() + 1
        assert (await native.redeem(late)).status_code == 400


@pytest.mark.attack(4)
async def test_attack_4_refresh_reuse_kills_the_family(house: House) -> None:
    native = Native(house)
    async with native.browser:
        first = (await native.tokens())["refresh_token"]
        second = (await native.refresh(first)).json()["refresh_token"]
        house.clock.ahead += REFRESH_GRACE.total_seconds() + 1
        assert (await native.refresh(first)).json()["error"] == "invalid_grant"
        assert (await native.refresh(second)).status_code == 400


@pytest.mark.attack(4)
async def test_attack_4_a_lost_response_and_two_processes(house: House) -> None:
    native = Native(house)
    async with native.browser:
        first = (await native.tokens())["refresh_token"]
        answers = await asyncio.gather(native.refresh(first), native.refresh(first))
        assert [answer.status_code for answer in answers] == [200, 200]
        for answer in answers:
            assert (await native.refresh(answer.json()["refresh_token"])).status_code == 200
        for _ in range(2):
            await native.refresh(first)
        assert (await native.refresh(first)).status_code == 400  # a grace is not a licence


@pytest.mark.attack(4)
async def test_attack_4_other_client_and_wider_scope(house: House) -> None:
    native = Native(house)
    async with native.browser:
        narrow = await native.redeem(await native.code(scope="openid offline_access"))
        token = narrow.json()["refresh_token"]
        assert (await native.refresh(token, client_id="aigc-web")).status_code == 400
        wider = await native.refresh(token, scope="openid profile offline_access")
        assert wider.json()["error"] == "invalid_scope"
        assert (await native.refresh("aigc_r_" + "x" * 43)).status_code == 400
        assert (await native.refresh(token)).status_code == 200


@pytest.mark.attack(7)
async def test_attack_7_end_session(house: House) -> None:
    native = Native(house)
    async with native.browser as browser:
        tokens = await native.tokens()
        for address in ("https://evil.example/", f"{house.web_url}/signed-out/../x", "//evil"):
            answer = await browser.get(
                "/oidc/end_session",
                params={
                    "post_logout_redirect_uri": address,
                    "id_token_hint": tokens["id_token"],
                },
            )
            assert answer.status_code == 400
            assert "location" not in answer.headers
        asked = await browser.get("/oidc/end_session")
        assert asked.status_code == 200  # without an ID token a person must say so
        assert (await browser.post("/oidc/end_session", data={"x": "1"})).status_code == 403
        back = f"{house.web_url}/signed-out"
        done = await browser.get(
            "/oidc/end_session",
            params={
                "post_logout_redirect_uri": back,
                "id_token_hint": tokens["id_token"],
                "state": "s 1",
            },
        )
        assert done.headers["location"] == f"{back}?state=s+1"
        assert (await browser.get(native.request())).headers["location"].startswith("/oidc/login")


async def test_a_program_asks_before_it_signs_in_silently(house: House) -> None:
    native = Native(house)
    async with native.browser as browser:
        await native.code()
        house.clock.ahead += 120
        page = await browser.get(native.request())
        assert page.status_code == 200
        assert "Continue as Lin Xia?" in page.text
        silent = await browser.get(native.request(prompt="none"))
        query = parse_qs(urlsplit(silent.headers["location"]).query)
        assert query["error"] == ["interaction_required"]
        agreed = await browser.post_form(page, answer="yes")
        assert "code=" in agreed.headers["location"]
        other = await browser.post_form(page, answer="other")
        assert other.headers["location"].startswith("/oidc/login?")


async def test_revocation_ends_the_family(house: House) -> None:
    native = Native(house)
    async with native.browser as browser:
        token = (await native.tokens())["refresh_token"]
        form = {"token": token, "client_id": "aigc-native"}
        assert (await browser.post("/oidc/revoke", data=form)).status_code == 200
        assert (await native.refresh(token)).status_code == 400


async def test_discovery_says_what_holds(house: House) -> None:
    async with house.browser() as browser:
        document = (await browser.get("/oidc/.well-known/openid-configuration")).json()
        assert document["issuer"] == f"{house.web_url}/oidc"
        assert document["code_challenge_methods_supported"] == ["S256"]
        assert document["response_types_supported"] == ["code"]
        assert document["authorization_response_iss_parameter_supported"] is True
        keys = (await browser.get(urlsplit(document["jwks_uri"]).path)).json()["keys"]
        assert keys
        assert not {"d", "p", "q"} & set(keys[0])
