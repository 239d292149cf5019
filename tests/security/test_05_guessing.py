"""Line 5: who guesses gets nowhere, learns nothing, and keeps nobody out. On a real coordinator."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import argon2
import pytest
import pytest_asyncio

from aigc.errors import AigcError
from coordinator.domain.people import PersonId, Role
from coordinator.identity import Passwords
from coordinator.identity.passwords import one_time_password
from coordinator.identity.throttle import LINE_FREE, LINE_SECONDS, Asker, TooManyAttemptsError
from tests.coordinator.identity.house import PASSWORD, House, Native, open_house

pytestmark = [pytest.mark.attack(5), pytest.mark.timeout(240)]
IT = PersonId("local|it")


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        await opened.add("it", Role.ADMIN, "IT")
        await opened.add()
        yield opened


async def guess(house: House, address: str, username: str = "lin") -> int:
    """One wrong password: seconds to wait, or 0 when it was looked at."""
    try:
        await house.identity.issuer_sign_in(username, "a wrong guess", Asker(address))
    except TooManyAttemptsError as error:
        return error.retry_after
    except AigcError as error:
        if error.key != "sign-in-wrong":
            raise
        return 0
    raise AssertionError("a wrong password was right")


class Attack:
    """Guesses from many addresses, each as soon as it may again."""

    def __init__(self, house: House, addresses: int) -> None:
        self._house = house
        self._again = {f"10.1.{n // 250}.{n % 250}": 0.0 for n in range(addresses)}
        self.counted = 0

    async def go_on(self, seconds: int, step: int = 5) -> None:
        for _ in range(0, seconds, step):
            now = self._house.clock.monotonic()
            for address, at in self._again.items():
                if at <= now:
                    wait = await guess(self._house, address)
                    self.counted += wait == 0
                    self._again[address] = now + wait
            self._house.clock.ahead += step


@pytest.mark.parametrize("addresses", [1, 40])
async def test_an_hour_of_guesses_and_the_owner_signs_in(house: House, addresses: int) -> None:
    async with house.browser() as known, house.browser() as fresh:
        await known.sign_in(to="/engines")
        known.kept = {k: v for k, v in known.kept.items() if "known" in k}
        assert len(known.kept) == 1
        attack = Attack(house, addresses)
        await attack.go_on(3600)
        assert attack.counted <= LINE_FREE + 3600 / LINE_SECONDS + addresses
        # Her own browser, signed out since: at once.
        assert (await known.sign_in(to="/engines")).url.path == "/engines"
        # Another browser: a wait that is told and bounded, while the guesses go on.
        page = await fresh.follow(await fresh.get("/engines"))
        waited = 0
        while True:
            answer = await fresh.post_form(page, username="lin", password=PASSWORD)
            if answer.status_code != 429:
                break
            wait = int(answer.headers["retry-after"])
            waited += wait
            assert waited <= LINE_SECONDS * (addresses + 1), waited
            await attack.go_on(wait, step=wait)
        assert (await fresh.follow(answer)).url.path == "/engines"


async def test_it_lets_somebody_in_at_once_whatever_is_guessed(house: House) -> None:
    (lin,) = (p for p in house.reactor.studio.people.values() if p.name == "Lin Xia")
    await Attack(house, 60).go_on(600)
    one_time = await house.identity.reset_password(lin.id, IT)
    waits = [await guess(house, f"198.51.100.{n}") for n in range(LINE_FREE + 1)]
    assert waits[-1] > 0  # strangers stand in line
    step = await house.identity.issuer_sign_in("lin", one_time.password, Asker("192.0.2.7"))
    assert step.token
    # What looks like one is compared with no password that somebody chose, and waits as others do.
    keys = []
    for _ in range(7):
        with pytest.raises(AigcError) as caught:
            await house.identity.issuer_sign_in("it", one_time_password(), Asker("192.0.2.8"))
        keys.append(caught.value.key)
    assert keys == ["sign-in-wrong"] * 5 + ["too-many-attempts"] * 2


async def test_strangers_learn_nothing(house: House) -> None:
    """Known, unknown, disabled, one-time, and too many: one text, one status, the same work."""
    await house.identity.create_account("fresh", "Fresh")
    await house.add("gone", name="Gone")
    (gone,) = (p for p in house.reactor.studio.people.values() if p.name == "Gone")
    await house.identity.set_disabled(gone.id, True, IT)
    answers: dict[str, list[tuple[int, str, str]]] = {}
    async with house.browser() as browser:
        page = await browser.follow(await browser.get(Native(house, browser).request()))
        for username in ("lin", "nobody", "fresh", "gone"):
            told = answers[username] = []
            for _ in range(7):
                said = await browser.post_form(page, username=username, password="wrong wrong")
                told.append(
                    (
                        said.status_code,
                        said.text.replace(f'"{username}"', ""),
                        said.headers.get("retry-after", ""),
                    )
                )
    assert [status for status, _, _ in answers["lin"]] == [401] * 5 + [429] * 2
    for username in ("nobody", "fresh", "gone"):
        assert [a[0] for a in answers[username]] == [a[0] for a in answers["lin"]]
        assert [a[1] for a in answers[username][:5]] == [a[1] for a in answers["lin"][:5]]


async def test_every_name_costs_the_same_hashes(tmp_path: Path) -> None:
    """Equal work, counted: one verification each, and of a hash with the same parameters."""
    seen: list[str] = []

    class Counting(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
            seen.append(str(hash).rsplit("$", 2)[0])
            return super().verify(hash, password)

    async with open_house(tmp_path) as house:
        await house.add()
        await house.identity.create_account("fresh", "Fresh")
        hasher = Counting(time_cost=1, memory_cost=64, parallelism=1)
        house.identity.accounts._passwords._hasher = hasher
        for username in ("lin", "nobody", "fresh", "LIN ", "<script>", "", "x" * 5000):
            seen.clear()
            for password in ("wrong wrong", one_time_password()):
                with pytest.raises(AigcError) as caught:
                    await house.identity.issuer_sign_in(username, password, Asker("10.0.0.1"))
                assert caught.value.key == "sign-in-wrong"
            assert len(seen) == 2, username
            assert len(set(seen)) == 1, username


async def test_a_flood_of_hashes_leaves_room_for_who_is_known(tmp_path: Path) -> None:
    """Bounded memory, 429 for the flood, and neither others nor known browsers wait for it."""
    begun, go_on = threading.Semaphore(0), threading.Event()
    at_once, most = 0, 0
    lock = threading.Lock()

    class Slow(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            begun.release()
            if password == "flooding it":
                assert go_on.wait(60)
            with lock:
                at_once -= 1
            return True

    passwords = Passwords(Slow(time_cost=1, memory_cost=64, parallelism=1))
    flood = [
        asyncio.create_task(passwords.verify("x", "flooding it", f"10.0.0.{n % 10}"))
        for n in range(400)
    ]
    refused = [t for t in (await asyncio.wait(flood, timeout=0.5))[0] if t.exception()]
    assert len(refused) == 400 - 32
    assert {getattr(t.exception(), "key", "") for t in refused} == {"sign-in-busy"}
    async with asyncio.timeout(30):
        assert await passwords.verify("x", "I am known", "10.0.0.1", known=True)
    go_on.set()
    await asyncio.gather(*(t for t in flood if t not in refused))
    # One address alone cannot fill the room.
    go_on.clear()
    alone = [
        asyncio.create_task(passwords.verify("x", "flooding it", "10.0.0.1")) for _ in range(50)
    ]
    done, waiting = await asyncio.wait(alone, timeout=0.5)
    assert len(waiting) == 8
    assert all(getattr(t.exception(), "key", "") == "sign-in-busy" for t in done)
    other = asyncio.create_task(passwords.verify("x", "somebody else", "10.0.0.2"))
    go_on.set()
    async with asyncio.timeout(30):
        assert await other
    await asyncio.gather(*waiting)
    passwords.close()
    assert most <= 3


async def test_a_flood_is_answered_with_429(house: House) -> None:
    async with house.browser() as browser:
        page = await browser.follow(await browser.get(Native(house, browser).request()))
        passwords = house.identity.accounts._passwords
        passwords._strangers.waiting = 32
        answer = await browser.post_form(page, username="lin", password=PASSWORD)
        passwords._strangers.waiting = 0
        assert answer.status_code == 429
        assert "Too many people are signing in" in answer.text
