"""Attacks on sessions, tokens and the first admin's code (lines 8, 12, 23 and 25)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from aigc.errors import AigcError, ErrorKind
from coordinator.domain.events import PersonDisabledSet
from coordinator.domain.instance import Instance
from coordinator.domain.people import Person, Role
from coordinator.identity import Session
from coordinator.identity.handoff import hash_nonce, safe_path
from coordinator.identity.sessions import Kind, SessionRow
from coordinator.identity.settings import (
    BROWSER_LIFETIME,
    BROWSER_WINDOW,
    HANDOFF_LIFETIME,
    SESSION_LIFETIME,
    SETUP_CODE_LIFETIME,
)
from coordinator.naming import start_request
from tests.coordinator.identity.house import ENGINE, PASSWORD, House, Native, open_house


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add("it", Role.ADMIN, "IT")
        yield opened


async def tray(house: House, username: str = "lin") -> tuple[Native, dict[str, str], Session]:
    native = Native(house)
    tokens = await native.tokens(username)
    session = await house.identity.exchange(tokens["id_token"], native.nonce, device="tray")
    return native, tokens, session


async def instance_of(house: House, person: Person) -> Instance:
    outcome = await house.reactor.ask(start_request(person.id, engine_id=ENGINE.id))
    assert isinstance(outcome.instance, Instance)
    return outcome.instance


async def web(house: House, person: Person) -> SessionRow:
    _, row = await house.identity.sessions.create(Kind.WEB, person.id)
    return row


async def unauthenticated(house: House, bearer: str) -> None:
    with pytest.raises(AigcError) as caught:
        await house.identity.check_session(bearer)
    assert caught.value.kind is ErrorKind.UNAUTHENTICATED


@pytest.mark.attack(8)
@pytest.mark.parametrize("directly", [False, True])
async def test_attack_8_a_disabled_person(house: House, directly: bool) -> None:
    person = await house.add()
    admin = next(p for p in house.reactor.studio.people.values() if p.role is Role.ADMIN)
    native, tokens, session = await tray(house)
    token, _ = await house.identity.create_token(person, "script")
    callers = [await house.identity.check_session(t) for t in (session.token, token)]
    streams = [asyncio.create_task(house.identity.wait_ended(caller)) for caller in callers]
    watch = house.identity.watch_sessions()
    instance = await instance_of(house, person)
    code = await house.identity.mint_handoff(
        await web(house, person), instance, hash_nonce("n"), "/"
    )
    _, row, _ = await house.identity.redeem_handoff(code, instance.host, "n")
    assert (await anext(watch)).added == (row,)
    if directly:
        await house.reactor.ask(PersonDisabledSet(person.id, True, admin.id))
    else:
        await house.identity.set_disabled(person.id, True, admin.id)
    await asyncio.wait_for(asyncio.gather(*streams), 10)
    assert (await asyncio.wait_for(anext(watch), 10)).revoked == (row.token_hash,)
    for bearer in (session.token, token):
        await unauthenticated(house, bearer)
    assert await house.identity.browser_sessions() == ()
    browser = native.browser
    assert (await native.refresh(tokens["refresh_token"])).status_code == 400
    page = await browser.follow(await browser.get(native.request()))
    answer = await browser.post_form(page, username="lin", password=PASSWORD)
    assert answer.status_code in (401, 403)
    assert "location" not in answer.headers
    await browser.aclose()
    # Enabled again, the old ones stay dead, and signing in works.
    await house.identity.set_disabled(person.id, False, admin.id)
    await unauthenticated(house, session.token)
    fresh, _, _ = await tray(house)
    await fresh.browser.aclose()
    watch.close()


@pytest.mark.attack(23)
async def test_attack_23_bearers(house: House) -> None:
    await house.add()
    native, tokens, session = await tray(house)
    await native.browser.aclose()
    web_token, _ = await house.identity.sessions.create(Kind.WEB, session.person.id)
    for bearer in (
        "",
        "x",
        "A" * 12_000,
        "A" * 20_000,
        session.token + "x",
        session.token[:-1],
        session.token.upper(),
        f" {session.token}",
        "aigc_t_" + session.token[7:],
        "é" * 50,
        tokens["id_token"],
        tokens["access_token"],
        tokens["refresh_token"],
        web_token,  # a browser's cookie is no bearer
    ):
        await unauthenticated(house, bearer)
    with pytest.raises(AigcError):
        await house.identity.check_web(session.token)
    house.clock.ahead += SESSION_LIFETIME.total_seconds() + 1
    await unauthenticated(house, session.token)


@pytest.mark.attack(23)
async def test_attack_23_only_hashes_are_stored(house: House, tmp_path: Path) -> None:
    await house.add()
    native, tokens, session = await tray(house)
    await native.browser.aclose()
    token, _ = await house.identity.create_token(session.person, "script")
    await house.ledger.transact(lambda c: c.execute("SELECT 1").fetchone())
    stored = b"".join(
        [
            await asyncio.to_thread(path.read_bytes)
            for path in await asyncio.to_thread(lambda: list(tmp_path.glob("ledger.sqlite*")))
        ]
    )
    own = [tokens[key] for key in ("id_token", "access_token", "refresh_token")]
    for secret in (session.token, token, PASSWORD, *own, *native.browser.kept.values()):
        assert secret.encode() not in stored


@pytest.mark.attack(25)
async def test_attack_25_the_first_admins_code(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        path = await house.identity.bootstrap(tmp_path)
        assert path is not None
        old = path.read_text().strip()
        await house.identity.bootstrap(tmp_path)
        code = path.read_text().strip()
        assert code != old

        async def attempt(given: str, address: str = "10.0.0.1") -> None:
            await house.identity.set_up(given, "it", "IT", PASSWORD, address)

        for guess in (old, "", code[:-1], code + "x"):
            with pytest.raises(AigcError) as caught:
                await attempt(guess)
            assert caught.value.key == "setup-code", guess
        house.clock.ahead += SETUP_CODE_LIFETIME.total_seconds() + 1
        with pytest.raises(AigcError, match="older than a day"):
            await attempt(code, "10.0.0.2")
        await house.identity.bootstrap(tmp_path)
        code = path.read_text().strip()
        outcomes = await asyncio.gather(
            *(
                house.identity.set_up(code, f"it{i}", "IT", PASSWORD, f"10.0.1.{i}")
                for i in range(4)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Person) for outcome in outcomes) == 1
        assert len(house.reactor.studio.people) == 1
        assert not path.exists()
        assert await house.identity.bootstrap(tmp_path) is None
        with pytest.raises(AigcError):
            await attempt(code, "10.0.0.3")
        async with house.browser() as browser:
            assert (await browser.get("/setup")).headers["location"] == "/"


@pytest.mark.attack(25)
async def test_attack_25_guessing_the_code_is_slowed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.identity.bootstrap(tmp_path)
        keys = []
        for _ in range(8):
            with pytest.raises(AigcError) as caught:
                await house.identity.set_up("guess", "it", "IT", PASSWORD, "10.0.0.1")
            keys.append(caught.value.key)
        assert keys[:5] == ["setup-code"] * 5
        assert keys[-1] == "too-many-attempts"


@pytest.mark.attack(25)
async def test_attack_25_a_token_whose_owner_was_demoted(house: House) -> None:
    person = await house.add("wu", Role.ADMIN, "Wu")
    admin = next(p for p in house.reactor.studio.people.values() if p.name == "IT")
    token, info = await house.identity.create_token(person, "script", 7)
    assert (await house.identity.check_session(token)).person.role is Role.ADMIN
    await house.identity.set_role(person.id, Role.CREATOR, admin.id)
    await unauthenticated(house, token)  # it was an admin's
    # The override outlives the next sign-in, whose claims still say admin.
    native, _, session = await tray(house, "wu")
    await native.browser.aclose()
    assert session.person.role is Role.CREATOR
    with pytest.raises(AigcError, match="last admin"):
        await house.identity.set_role(admin.id, Role.CREATOR, admin.id)
    with pytest.raises(AigcError, match="last admin"):
        await house.identity.set_disabled(admin.id, True, admin.id)
    # And a token made as a creator never becomes an admin's.
    low, _ = await house.identity.create_token(session.person, "low", 7)
    await house.identity.set_role(person.id, Role.ADMIN, admin.id)
    assert (await house.identity.check_session(low)).person.role is Role.CREATOR
    with pytest.raises(AigcError):
        await house.identity.revoke_token(admin.id, info.id)
    await house.identity.revoke_token(person.id, info.id)
    await unauthenticated(house, token)
    house.clock.ahead += timedelta(days=8).total_seconds()
    await unauthenticated(house, low)
    assert [t.name for t in await house.identity.list_tokens(person.id)] == ["low"]


@pytest.mark.attack(12)
async def test_attack_12_hand_off_codes(house: House) -> None:
    lin, other = await house.add(), await house.add("wu", name="Wu")
    instance = await instance_of(house, lin)
    session = await web(house, lin)

    async def mint() -> str:
        return await house.identity.mint_handoff(session, instance, hash_nonce("n"), "/x?y=1")

    with pytest.raises(AigcError) as caught:
        await house.identity.mint_handoff(await web(house, other), instance, hash_nonce("n"), "/")
    assert caught.value.kind is ErrorKind.FORBIDDEN
    with pytest.raises(AigcError):
        await house.identity.mint_handoff(session, instance, "short", "/")
    for host, nonce in ((instance.host, "m"), (f"{instance.host}x", "n"), ("", "n")):
        code = await mint()
        with pytest.raises(AigcError):
            await house.identity.redeem_handoff(code, host, nonce)
        with pytest.raises(AigcError):  # a wrong try uses it up
            await house.identity.redeem_handoff(code, instance.host, "n")
    late = await mint()
    house.clock.ahead += HANDOFF_LIFETIME.total_seconds() + 1
    with pytest.raises(AigcError):
        await house.identity.redeem_handoff(late, instance.host, "n")
    good = await mint()
    token, row, path = await house.identity.redeem_handoff(good, instance.host, "n")
    assert (row.host, row.person_id, row.instance_id) == (instance.host, lin.id, instance.id)
    assert path == "/x?y=1"
    assert row in await house.identity.browser_sessions()
    await unauthenticated(house, token)
    with pytest.raises(AigcError):
        await house.identity.redeem_handoff(good, instance.host, "n")
    signed_out = await mint()
    await house.identity.sessions.end(session.id)
    with pytest.raises(AigcError):
        await house.identity.redeem_handoff(signed_out, instance.host, "n")
    assert await house.identity.browser_sessions() == ()


async def test_browser_sessions_slide_and_end(house: House) -> None:
    """Pitfall 31."""
    lin = await house.add()
    instance = await instance_of(house, lin)
    session = await web(house, lin)
    code = await house.identity.mint_handoff(session, instance, hash_nonce("n"), "/")
    _, row, _ = await house.identity.redeem_handoff(code, instance.host, "n")
    hours = 0.0
    while timedelta(hours=hours) < BROWSER_LIFETIME - timedelta(hours=3):
        house.clock.ahead += 3 * 3600
        hours += 3
        await house.identity.slide((row.token_hash,))
        assert await house.identity.sessions.by_id(session.id) is not None
    (slid,) = await house.identity.browser_sessions()
    assert slid.expires_at <= row.expires_at + BROWSER_LIFETIME - BROWSER_WINDOW
    house.clock.ahead += 3 * 3600 + 1
    assert await house.identity.browser_sessions() == ()


async def test_an_unused_browser_session_ends(house: House) -> None:
    session = await web(house, await house.add())
    house.clock.ahead += BROWSER_WINDOW.total_seconds() + 1
    assert await house.identity.sessions.by_id(session.id) is None


@pytest.mark.attack(13)
@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: x=1",
        "/%0d%0aSet-Cookie:x=1",
        "/%2f%2fevil.example",
        "%2f%2fevil.example",
        "/%2fevil.example",
        "/%252fevil.example",
        "/%5cevil.example",
        "/%09/evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        "/" + "x" * 3000,
        "/é",
    ],
)
def test_attack_13_paths_that_lead_elsewhere(path: str) -> None:
    assert safe_path(path) == "/"


@pytest.mark.parametrize(
    "path", ["/", "/lab/tree/a%20b.ipynb", "/?q=%2F%2Fx&r=https://x", "/%E4%BD%A0", "/a//b", "/#x"]
)
def test_paths_that_stay(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.attack(8, 12)
async def test_a_sign_out_during_a_hand_off_leaves_no_session(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin = await house.add()
    instance, session = await instance_of(house, lin), await web(house, lin)
    code = await house.identity.mint_handoff(session, instance, hash_nonce("n"), "/")
    sessions = house.identity.sessions
    by_id = sessions.by_id

    async def looked_up_just_before(session_id: str) -> SessionRow | None:
        found = await by_id(session_id)
        await sessions.end(session_id)
        return found

    monkeypatch.setattr(sessions, "by_id", looked_up_just_before)
    with pytest.raises(AigcError):
        await house.identity.redeem_handoff(code, instance.host, "n")
    assert await house.identity.browser_sessions() == ()
