"""Signing in by a code, against the embedded issuer and against a real foreign provider."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from aigc.errors import AigcError
from coordinator.domain.people import Role
from desktop_client.device_sign_in import DevicePrompt, sign_in
from desktop_client.sign_in import SignInOptions, Tokens, refresh
from tests.coordinator.identity.house import Browser, House, open_house
from tests.standins.clock import FakeClock
from tests.standins.foreign_provider import (
    LOGIN_PASSWORD,
    NATIVE,
    ForeignProvider,
    native_client,
    person,
)

pytestmark = pytest.mark.timeout(180)
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class QuickClock(FakeClock):
    """Nobody waits: a sleep turns the hands at once, and those of the issuer's clock."""

    def __init__(self, house: House | None = None) -> None:
        super().__init__()
        self.house = house
        self.slept: list[float] = []
        self.asked_six_times = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 6:
            self.asked_six_times.set()
        self._elapsed += seconds
        if self.house is not None:
            self.house.clock.ahead += seconds
        await asyncio.sleep(0.05)


class Screen:
    """What the terminal shows."""

    def __init__(self) -> None:
        self.prompts: asyncio.Queue[DevicePrompt] = asyncio.Queue()

    def __call__(self, prompt: DevicePrompt) -> None:
        self.prompts.put_nowait(prompt)


def options_of(house: House) -> SignInOptions:
    told = house.identity.sign_in_options()
    return SignInOptions(told.issuer, told.client_id, told.scopes)


@asynccontextmanager
async def studio(tmp_path: Path) -> AsyncIterator[tuple[House, Browser]]:
    """With Lin at her browser."""
    async with open_house(tmp_path) as house, house.browser() as browser:
        await house.add("it", Role.ADMIN, "IT")
        await house.add()
        await browser.sign_in(to="/engines")
        yield house, browser


async def answer(browser: Browser, prompt: DevicePrompt, yes: bool) -> str:
    """Lin's answer; the page on which she gave it."""
    page = await browser.post_form(await browser.get("/oidc/device"), user_code=prompt.code)
    ticket = page.text.split('name="ticket" value="')[1].split('"')[0]
    await browser.post_form(page, ticket=ticket, answer="yes" if yes else "no")
    return page.text


@asynccontextmanager
async def asking(
    options: SignInOptions, clock: QuickClock, timeout: float = 600
) -> AsyncIterator[tuple[DevicePrompt, asyncio.Task[Tokens]]]:
    screen = Screen()
    task = asyncio.create_task(sign_in(options, screen, clock, timeout, "aigc on render-07"))
    first = asyncio.create_task(screen.prompts.get())
    await asyncio.wait((task, first), return_when=asyncio.FIRST_COMPLETED, timeout=60)
    if not first.done():
        first.cancel()
        await task
    try:
        yield first.result(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_signs_in_and_refreshes(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, browser):
        options = options_of(house)
        async with asking(options, QuickClock(house)) as (prompt, task):
            assert prompt.address == f"{house.web_url}/oidc/device"
            assert prompt.code in prompt.link
            assert prompt.code not in repr(prompt)
            assert "aigc on render-07" in await answer(browser, prompt, True)
            tokens = await task
        assert tokens.nonce == ""
        session = await house.identity.exchange(tokens.id_token, tokens.nonce)
        assert session.person.name == "Lin Xia"
        fresh = await refresh(options, tokens.refresh_token)
        assert fresh.refresh_token != tokens.refresh_token


async def test_no_and_nobody_are_said(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, browser):
        options = options_of(house)
        async with asking(options, QuickClock(house)) as (prompt, task):
            await answer(browser, prompt, False)
            with pytest.raises(AigcError, match="somebody said no") as caught:
                await task
            assert caught.value.key == "sign-in-denied"
        clock = QuickClock(house)
        async with asking(options, clock, timeout=60) as (prompt, task):
            with pytest.raises(AigcError, match="within 1 minutes") as caught:
                await task
            assert caught.value.key == "sign-in-timeout"
            assert sum(clock.slept) <= 60


async def test_it_waits_longer_when_it_is_told_to(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, browser):
        clock = QuickClock()  # the issuer's stands still: every second question comes too early
        async with asking(options_of(house), clock) as (prompt, task):
            await clock.asked_six_times.wait()
            clock.house = house
            await answer(browser, prompt, True)
            assert (await task).id_token
        assert clock.slept[:2] == [5, 5]
        assert clock.slept[3] > clock.slept[1]
        assert max(clock.slept) <= 60


async def test_a_service_that_is_away_for_a_moment_is_asked_again(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, browser):
        options = options_of(house)
        issuer = house.identity.issuer
        assert issuer is not None
        clock = QuickClock(house)
        async with asking(options, clock) as (prompt, task):
            real, failures = issuer.token, 0

            async def failing(fields: list[tuple[str, str]]) -> object:
                nonlocal failures
                failures += 1
                if failures < 3:
                    raise RuntimeError("a moment of trouble")
                return await real(fields)

            issuer.token = failing  # type: ignore[method-assign,assignment]
            await answer(browser, prompt, True)
            try:
                assert (await task).id_token
            finally:
                issuer.token = real  # type: ignore[method-assign]
            assert failures >= 3


async def test_a_service_without_it_is_named(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, _):
        issuer = house.identity.issuer
        assert issuer is not None
        metadata = issuer.metadata()
        del metadata["device_authorization_endpoint"]
        issuer.metadata = lambda: metadata  # type: ignore[method-assign]
        with pytest.raises(AigcError, match="leave out --device") as caught:
            async with asking(options_of(house), QuickClock(house)):
                raise AssertionError("there was a code")
        assert caught.value.key == "device-sign-in-unknown"


@pytest.mark.node
async def test_a_foreign_provider(tmp_path: Path) -> None:
    """npm oidc-provider with its own pages for the code, its consent and its opaque tokens."""
    people = {"lin": person("Lin Xia", "artists")}
    manners = {"features": {"deviceFlow": {"enabled": True}}}
    async with ForeignProvider(tmp_path, people, manners) as provider:
        await provider.set_clients(
            native_client(grant_types=["authorization_code", "refresh_token", GRANT])
        )
        scopes = ("openid", "profile", "offline_access")
        options = SignInOptions(provider.issuer, NATIVE, scopes)
        async with asking(options, QuickClock()) as (prompt, task), _visitor() as browser:
            await _enter(browser, prompt)
            async with asyncio.timeout(60):
                tokens = await task
        assert tokens.refresh_token
        assert tokens.nonce == ""
        fresh = await refresh(options, tokens.refresh_token)
        assert fresh.id_token


def _visitor() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=40, trust_env=False)


async def _enter(browser: httpx.AsyncClient, prompt: DevicePrompt) -> None:
    """Do what the provider's pages ask until they say that it is done."""
    page = await browser.get(prompt.address)
    for _ in range(25):
        if page.is_redirect:
            page = await browser.get(urljoin(str(page.url), page.headers["location"]))
            continue
        form = re.search(r'<form[^>]*method="post"[^>]*action="([^"]+)"', page.text)
        if form is None:
            assert "Success" in page.text, page.text
            return
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        if 'name="login"' in page.text:
            fields |= {"login": "lin", "password": LOGIN_PASSWORD}
        if 'name="user_code"' in page.text:
            fields["user_code"] = prompt.code
        if "confirm" in page.text and 'name="user_code"' not in page.text:
            fields["confirm"] = "yes"
        page = await browser.post(urljoin(str(page.url), unescape(form[1])), data=fields)
    raise AssertionError("no end of pages")
