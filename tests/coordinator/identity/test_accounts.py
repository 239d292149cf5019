"""Guessing passwords (line 5): slowed down, told nothing, and nobody else locked out."""

from __future__ import annotations

import asyncio
import logging
import statistics
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import argon2
import pytest
import pytest_asyncio

from aigc.errors import AigcError
from coordinator.domain.people import Role
from coordinator.identity import Passwords
from coordinator.identity.settings import ONE_TIME_PASSWORD_LIFETIME
from coordinator.identity.throttle import Asker, Throttle, TooManyAttemptsError
from tests.coordinator.identity.house import PASSWORD, House, Native, open_house
from tests.standins.clock import FakeClock


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add()
        yield opened


async def key_of(house: House, username: str, password: str, address: str = "10.0.0.1") -> str:
    """The error's key, or nothing if it worked."""
    try:
        await house.identity.issuer_sign_in(username, password, Asker(address))
    except AigcError as error:
        return error.key
    return ""


@pytest.mark.attack(5)
async def test_attack_5_guesses_are_slowed_for_that_address_alone(house: House) -> None:
    for username in ("lin", "nobody"):
        keys = [await key_of(house, username, f"guess {i} guess") for i in range(6)]
        assert keys == ["sign-in-wrong"] * 5 + ["too-many-attempts"], username
    assert await key_of(house, "lin", PASSWORD) == "too-many-attempts"
    assert await key_of(house, "LIN ", PASSWORD) == "too-many-attempts"  # the same account
    assert await key_of(house, "lin", PASSWORD, "10.0.0.2") == ""  # the person, elsewhere
    house.clock.ahead += 16 * 60
    assert await key_of(house, "lin", PASSWORD) == ""


@pytest.mark.attack(5)
async def test_attack_5_parallel_guesses_count_before_their_outcome(house: House) -> None:
    keys = await asyncio.gather(*(key_of(house, "lin", f"guess {i} guess") for i in range(16)))
    assert keys.count("sign-in-wrong") == 5
    assert keys.count("too-many-attempts") == 11


@pytest.mark.attack(5)
async def test_attack_5_the_form_answers_alike(house: House) -> None:
    native = Native(house)
    async with native.browser as browser:
        page = await browser.follow(await browser.get(native.request()))
        known = await browser.post_form(page, username="lin", password="wrong wrong")
        unknown = await browser.post_form(page, username="nob", password="wrong wrong")
        assert known.status_code == unknown.status_code == 401
        assert known.text.replace('"lin"', "") == unknown.text.replace('"nob"', "")
        for _ in range(6):
            last = await browser.post_form(page, username="nob", password="wrong wrong")
        assert last.status_code == 429
        assert int(last.headers["retry-after"]) > 0


@pytest.mark.attack(5)
async def test_attack_5_an_unknown_name_costs_the_same_work() -> None:
    calls = []

    class Counting(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            started = time.perf_counter()
            try:
                return super().verify(hash, password)
            finally:
                calls.append(time.perf_counter() - started)

    passwords = Passwords(Counting(time_cost=2, memory_cost=8192, parallelism=1))
    stored = await passwords.hash("something else")
    known, unknown = [], []
    for _ in range(5):
        assert not await passwords.verify(stored, "guess")
        known.append(calls[-1])
        assert not await passwords.verify(None, "guess")
        unknown.append(calls[-1])
    passwords.close()
    assert len(calls) == 10
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.2 < ratio < 5


@pytest.mark.attack(5)
async def test_attack_5_a_flood_of_hashes_has_bounded_memory() -> None:
    at_once, most = 0, 0
    lock = threading.Lock()

    class Slow(argon2.PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.005)
            with lock:
                at_once -= 1
            return "x"

    passwords = Passwords(Slow(), workers=2)
    outcomes = await asyncio.gather(
        *(passwords.hash("p") for _ in range(200)), return_exceptions=True
    )
    passwords.close()
    refused = [o for o in outcomes if isinstance(o, AigcError)]
    assert len(refused) == 200 - 32
    assert {error.key for error in refused} == {"sign-in-busy"}
    assert most <= 2


@pytest.mark.attack(5)
def test_attack_5_the_throttle_forgets_the_oldest() -> None:
    throttle = Throttle(FakeClock())
    for i in range(25_000):
        throttle.attempt(f"user {i}", "10.0.0.1")
    assert len(throttle._tries) == 20_000
    for _ in range(4):
        throttle.attempt("user 24999", "10.0.0.1")
    with pytest.raises(TooManyAttemptsError):
        throttle.attempt("user 24999", "10.0.0.1")


async def one_time_of(house: House, username: str = "wu") -> str:
    """The one-time password of a new account."""
    _, one_time = await house.identity.create_account(username, "Wu", Role.CREATOR)
    assert one_time is not None
    return one_time.password


async def test_a_one_time_password_is_changed_first(house: House) -> None:
    one_time = await one_time_of(house)
    native = Native(house)
    async with native.browser as browser:
        page = await browser.follow(await browser.get(native.request()))
        page = await browser.follow(await browser.post_form(page, username="wu", password=one_time))
        assert page.url.path == "/oidc/password"
        assert (
            (await browser.get(native.request())).headers["location"].startswith("/oidc/password")
        )
        for new, again in (("short", "short"), ("one long password", "another"), (one_time,) * 2):
            answer = await browser.post_form(page, current=one_time, password=new, again=again)
            assert answer.status_code == 400, new
        assert (
            await browser.post_form(
                page, current="wrong wrong", password="my own words", again="my own words"
            )
        ).status_code == 401
        done = await browser.post_form(
            page, current=one_time, password="my own words", again="my own words"
        )
        back = await browser.follow(done, stop=native.redirect_uri)
        assert back.headers["location"].startswith(f"{native.redirect_uri}?code=")
    assert await key_of(house, "wu", one_time) == "sign-in-wrong"
    assert await key_of(house, "wu", "my own words") == ""


async def test_a_one_time_password_runs_out(house: House) -> None:
    one_time = await one_time_of(house)
    house.clock.ahead += ONE_TIME_PASSWORD_LIFETIME.total_seconds() + 1
    assert await key_of(house, "wu", one_time) == "sign-in-wrong"


async def test_a_changed_password_ends_the_other_sessions(house: House) -> None:
    native = Native(house)
    tokens = await native.tokens()
    session = await house.identity.exchange(tokens["id_token"], native.nonce)
    browser = native.browser
    page = await browser.get("/oidc/password")
    done = await browser.post_form(
        page, current=PASSWORD, password="quite another one", again="quite another one"
    )
    assert "Your password is changed" in done.text
    with pytest.raises(AigcError):
        await house.identity.check_session(session.token)
    assert (await native.refresh(tokens["refresh_token"])).status_code == 400
    await browser.aclose()


@pytest.mark.parametrize(
    ("username", "password", "key"),
    [
        ("lin", PASSWORD, "username-taken"),
        ("LIN", PASSWORD, "username-taken"),
        ("ｌｉｎ", PASSWORD, "username-taken"),  # full width letters
        ("", PASSWORD, "username-invalid"),
        ("a b", PASSWORD, "username-invalid"),
        ("<script>", PASSWORD, "username-invalid"),
        ("x" * 65, PASSWORD, "username-invalid"),
        ("wu", "short", "password-short"),
        ("wu", "x" * 257, "password-long"),
        ("wu", "aaaaaaaaaaaa", "password-weak"),
        ("longusername", "LongUserName", "password-weak"),
    ],
)
async def test_names_and_passwords_that_are_refused(
    house: House, username: str, password: str, key: str
) -> None:
    with pytest.raises(AigcError) as caught:
        await house.identity.create_account(username, "X", Role.CREATOR, password)
    assert caught.value.key == key


@pytest.mark.attack(25)
async def test_attack_25_no_secret_in_the_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_house(tmp_path) as house:
        caplog.set_level(logging.DEBUG)
        path = await house.identity.bootstrap(tmp_path)
        assert path is not None
        code = path.read_text().strip()
        await house.identity.set_up(code, "it", "IT", PASSWORD, "10.0.0.1")
        native = Native(house)
        async with native.browser as browser:
            tokens = await native.tokens("it")
            fresh = (await native.refresh(tokens["refresh_token"])).json()
            session = await house.identity.exchange(tokens["id_token"], native.nonce)
            token, _ = await house.identity.create_token(session.person, "script")
            await house.identity.check_session(token)
            await browser.follow(await browser.get("/"))
            await native.redeem("aigc_c_wrong_wrong_wrong")
            cookies = list(browser.kept.values())
        names = ("id_token", "access_token", "refresh_token")
        secrets = [code, PASSWORD, session.token, token, native.verifier, *cookies]
        secrets += [answer[name] for answer in (tokens, fresh) for name in names]
    written = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert written
    for secret in secrets:
        assert secret not in written
