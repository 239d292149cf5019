"""The coordinator, and the programs' sign-in, against a real foreign provider (oidc-provider)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from aigc.errors import AigcError, ErrorKind
from coordinator.domain.people import Role
from coordinator.identity import OidcSettings, RoleMapping
from coordinator.identity.settings import JWKS_PAUSE
from desktop_client import sign_in as programs
from tests.coordinator.identity.house import House, open_house
from tests.standins.foreign_provider import (
    NATIVE,
    SECRET,
    WEB,
    ForeignProvider,
    Visitor,
    native_client,
    person,
    running,
    web_client,
)

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]

MAPPING = RoleMapping(
    "groups",
    (("gpu-admins", Role.ADMIN), ("gpu-audit", Role.AUDITOR), ("leads", Role.TEAM_LEAD)),
    "teams",
)
PEOPLE = {
    "wang": person("Wang Fang", "gpu-admins", teams=["compositing"]),
    "lin": person("Lin Xia", "artists", teams=["lighting", "lookdev"]),
}


def settings(provider: ForeignProvider, **changes: Any) -> OidcSettings:
    """The section as docs/identity.md would write it for this provider."""
    values: dict[str, Any] = {
        "issuer": provider.issuer,
        "client_id": WEB,
        "client_secret": SECRET,
        "native_client_id": NATIVE,
        "scopes": ("openid", "profile", "email", "roles", "offline_access"),
        "roles": MAPPING,
        **changes,
    }
    return OidcSettings(**values)


@asynccontextmanager
async def studio(tmp_path: Path, **changes: Any) -> AsyncIterator[tuple[House, ForeignProvider]]:
    async with (
        running(tmp_path, **PEOPLE) as provider,
        open_house(tmp_path, settings(provider, **changes)) as house,
    ):
        await provider.set_clients(native_client(), web_client(house.web_url))
        yield house, provider


def options(house: House) -> programs.SignInOptions:
    """What GetSignInOptions tells a program."""
    told = house.identity.sign_in_options()
    return programs.SignInOptions(
        told.issuer, told.client_id, told.scopes, told.loopback_host, extra=told.extra
    )


async def tokens_of(
    house: House, login: str, told: programs.SignInOptions | None = None
) -> programs.Tokens:
    """Through the programs' own sign-in; the person clicks through the provider's pages."""
    told = told or options(house)
    loop = asyncio.get_running_loop()
    opened: asyncio.Queue[str] = asyncio.Queue()

    def open_browser(address: str) -> None:
        loop.call_soon_threadsafe(opened.put_nowait, address)

    signing_in = asyncio.create_task(programs.sign_in(told, open_browser, 60))
    async with Visitor(login) as browser:
        address = await opened.get()
        back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        page = asyncio.create_task(browser.get(await browser.go(address, back)))
        try:
            return await signing_in
        finally:
            assert (await page).status_code == 200


async def next_second() -> None:
    """ID tokens tell whole seconds: two of one second are the same one, and good once."""
    await asyncio.sleep(1.01)


async def test_a_program_signs_in_and_refreshes_again_and_again(tmp_path: Path) -> None:
    """Opaque access tokens, groups in userinfo alone, consent, a new refresh token each time."""
    async with studio(tmp_path) as (house, provider):
        tokens = await tokens_of(house, "wang")
        assert "." not in tokens.access_token
        assert tokens.refresh_token
        session = await house.identity.exchange(tokens.id_token, tokens.nonce, tokens.access_token)
        assert session.person.name == "Wang Fang"
        assert session.person.role is Role.ADMIN
        assert session.person.teams == ("compositing",)
        assert session.person.issuer == provider.issuer
        seen = {tokens.refresh_token}
        for _ in range(3):
            await next_second()
            tokens = await programs.refresh(options(house), tokens.refresh_token)
            assert tokens.refresh_token not in seen
            seen.add(tokens.refresh_token)
            again = await house.identity.exchange(
                tokens.id_token, tokens.nonce, tokens.access_token
            )
            assert again.person == session.person


async def test_consent_refused_is_said(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, _):
        told = replace(options(house), extra={"prompt": "none"})
        with pytest.raises(AigcError) as caught:
            await tokens_of(house, "lin", told)
        assert caught.value.key == "sign-in-denied"


async def test_roles_and_teams_follow_the_claims_at_every_exchange(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, provider):
        tokens = await tokens_of(house, "wang")
        first = await house.identity.exchange(tokens.id_token, tokens.nonce, tokens.access_token)
        caller = await house.identity.check_session(first.token)
        assert caller.person.role is Role.ADMIN
        await provider.set_people(wang=person("Wang Fang-Li", "leads", teams=["pipeline"]))
        await next_second()
        tokens = await programs.refresh(options(house), tokens.refresh_token)
        await house.identity.exchange(tokens.id_token, tokens.nonce, tokens.access_token)
        # The older session, too, at once.
        caller = await house.identity.check_session(first.token)
        assert caller.person.role is Role.TEAM_LEAD
        assert caller.person.teams == ("pipeline",)
        assert caller.person.name == "Wang Fang-Li"


@pytest.mark.parametrize("source", ["auto", "userinfo"])
async def test_the_browser_signs_in_and_out(tmp_path: Path, source: str) -> None:
    async with (
        studio(tmp_path, claims_from=source) as (house, provider),
        house.browser() as pages,
        Visitor("wang") as elsewhere,
    ):
        begun = await pages.get("/signin?next=/")
        back = await elsewhere.go(begun.headers["location"], f"{house.web_url}/callback")
        home = await pages.follow(await pages.get(back))
        assert home.status_code == 200
        assert "Wang Fang" in home.text
        (wang,) = house.reactor.studio.people.values()
        assert wang.role is Role.ADMIN
        left = await pages.post("/signout", data={"csrf": _csrf(home.text)})
        assert left.status_code == 200
        onward = left.headers["refresh"].partition("url=")[2]
        assert onward.startswith(f"{provider.issuer}/session/end?")
        assert "id_token_hint=" in onward
        assert (await pages.get("/")).headers["location"].startswith("/signin")
        done = await elsewhere.go(onward, f"{house.web_url}/signed-out")
        assert done == f"{house.web_url}/signed-out"
        # Signed out there as well: it asks for the password again.
        begun = await pages.get("/signin")
        asked = await elsewhere.get(begun.headers["location"], follow_redirects=True)
        assert 'name="login"' in asked.text


async def test_the_studio_may_sign_out_here_alone(tmp_path: Path) -> None:
    async with (
        studio(tmp_path, sign_out_there=False) as (house, provider),
        house.browser() as pages,
        Visitor("lin") as elsewhere,
    ):
        begun = await pages.get("/signin")
        back = await elsewhere.go(begun.headers["location"], f"{house.web_url}/callback")
        home = await pages.follow(await pages.get(back))
        left = await pages.follow(await pages.post("/signout", data={"csrf": _csrf(home.text)}))
        assert left.url.path == "/signed-out"
        assert f"{provider.issuer}/session/end" in left.text


async def test_a_revoked_refresh_token_is_over(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, _):
        tokens = await tokens_of(house, "lin")
        await programs.revoke(options(house), tokens.refresh_token)
        with pytest.raises(AigcError) as caught:
            await programs.refresh(options(house), tokens.refresh_token)
        assert caught.value.key == "sign-in-expired"
        page = await programs.end_session_url(options(house))
        assert page is not None
        assert f"client_id={NATIVE}" in page


@pytest.mark.attack(10, 26)
async def test_a_used_refresh_token_ends_the_sign_in_but_signs_nobody_else_out(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path) as (house, _):
        one, other = await tokens_of(house, "lin"), await tokens_of(house, "wang")
        fresh = await programs.refresh(options(house), one.refresh_token)
        with pytest.raises(AigcError) as caught:
            await programs.refresh(options(house), one.refresh_token)
        assert caught.value.key == "sign-in-expired"
        with pytest.raises(AigcError):
            await programs.refresh(options(house), fresh.refresh_token)  # the whole family
        assert (await programs.refresh(options(house), other.refresh_token)).id_token


@pytest.mark.attack(26)
async def test_the_provider_down_failing_or_refusing(tmp_path: Path) -> None:
    """Down at the start, at a refresh; 500 is not invalid_grant; its keys alone unreachable."""
    async with studio(tmp_path) as (house, provider):
        await provider.stop()
        async with house.browser() as pages:
            assert (await pages.get("/signin")).status_code == 503
        await provider.start()
        tokens = await tokens_of(house, "lin")
        session = await house.identity.exchange(tokens.id_token, tokens.nonce, tokens.access_token)

        for away in ("stopped", "failing"):
            if away == "stopped":
                await provider.stop()
            else:
                await provider.start()
                await provider.tell(status=500)
            with pytest.raises(AigcError) as caught:
                await programs.refresh(options(house), tokens.refresh_token)
            assert (caught.value.key, caught.value.kind) == (
                "issuer-unreachable",
                ErrorKind.UNAVAILABLE,
            )
            assert (await house.identity.check_session(session.token)).person == session.person
        await provider.tell(status=0)
        # A restart lost nothing: what it gave before is still good.
        tokens = await programs.refresh(options(house), tokens.refresh_token)
        await house.identity.exchange(tokens.id_token, tokens.nonce, tokens.access_token)
        await provider.tell(forget="RefreshToken")
        with pytest.raises(AigcError) as caught:
            await programs.refresh(options(house), tokens.refresh_token)
        assert caught.value.kind is ErrorKind.UNAUTHENTICATED


@pytest.mark.attack(26)
async def test_grace_while_it_is_away_and_never_for_admins(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, provider):
        callers = {}
        for login in ("lin", "wang"):
            tokens = await tokens_of(house, login)
            session = await house.identity.exchange(
                tokens.id_token, tokens.nonce, tokens.access_token
            )
            callers[login] = (session.token, await house.identity.check_session(session.token))
        house.clock.ahead += 55 * 60

        async def refused(login: str) -> str:
            with pytest.raises(AigcError) as caught:
                await house.identity.extend(callers[login][1])
            return str(caught.value)

        assert "answers" in await refused("lin")
        await provider.stop()
        house.clock.ahead += 11
        before = callers["lin"][1].expires_at
        assert await house.identity.extend(callers["lin"][1]) > before
        assert "admin" in await refused("wang")
        house.clock.ahead += 10 * 60
        assert (await house.identity.check_session(callers["lin"][0])).person.name == "Lin Xia"
        with pytest.raises(AigcError):
            await house.identity.check_session(callers["wang"][0])
        await house.identity.extend(callers["lin"][1])
        # Bounded: eight hours after the last proof it is over.
        for _ in range(60):
            house.clock.ahead += 10 * 60
            try:
                await house.identity.extend(callers["lin"][1])
            except AigcError:
                break
        else:
            raise AssertionError("a grace without end")
        assert 7.5 * 3600 < house.clock.ahead < 8.5 * 3600


@pytest.mark.attack(6)
async def test_its_keys_rotate(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, provider):
        tokens = await tokens_of(house, "lin")
        await house.identity.exchange(tokens.id_token, tokens.nonce, tokens.access_token)
        await provider.tell(rotate=True)
        house.clock.ahead += JWKS_PAUSE.total_seconds() + 1
        fresh = await programs.refresh(options(house), tokens.refresh_token)
        await house.identity.exchange(fresh.id_token, fresh.nonce, fresh.access_token)
        await provider.tell(rotate="forget")
        house.clock.ahead += JWKS_PAUSE.total_seconds() + 1
        last = await programs.refresh(options(house), fresh.refresh_token)
        await house.identity.exchange(last.id_token, last.nonce, last.access_token)


@pytest.mark.attack(23)
async def test_tokens_of_another_client_or_issuer_are_nobodys(tmp_path: Path) -> None:
    """An ID token for the web pages, one of another provider, and an access token as one."""
    (tmp_path / "other").mkdir()
    async with studio(tmp_path) as (house, provider):
        tokens = await tokens_of(house, "lin")
        other_people = {"lin": PEOPLE["wang"]}
        async with running(tmp_path / "other", **other_people) as other:
            told = replace(options(house), issuer=other.issuer)
            foreign = await tokens_of(house, "lin", told)
        cases = {
            "another issuer": (foreign.id_token, foreign.nonce, foreign.access_token),
            "an access token": (tokens.access_token, "", ""),
            "a refresh token": (tokens.refresh_token, "", ""),
            "of another person's userinfo": (
                tokens.id_token,
                tokens.nonce,
                (await tokens_of(house, "wang")).access_token,
            ),
        }
        for name, (id_token, nonce, access) in cases.items():
            with pytest.raises(AigcError) as caught:
                await house.identity.exchange(id_token, nonce, access)
            assert caught.value.kind is ErrorKind.UNAUTHENTICATED, name
        async with house.browser() as pages, Visitor("lin") as elsewhere:
            begun = await pages.get("/signin")
            back = httpx.URL(
                await elsewhere.go(begun.headers["location"], f"{house.web_url}/callback")
            )
            answer = await elsewhere.post(
                f"{provider.issuer}/token",
                data={
                    "grant_type": "authorization_code",
                    "code": back.params["code"],
                    "redirect_uri": f"{house.web_url}/callback",
                },
                auth=(WEB, "wrong"),
            )
            assert answer.status_code == 401
        assert not any(p.role is Role.ADMIN for p in house.reactor.studio.people.values())


async def test_a_provider_that_wants_localhost(tmp_path: Path) -> None:
    """``localhost`` is another redirect address than 127.0.0.1: refused unless it is registered."""
    async with studio(tmp_path, loopback_host="localhost") as (house, provider):
        async with Visitor("lin") as browser:
            refusal: list[str] = []
            loop = asyncio.get_running_loop()
            answered = asyncio.Event()

            async def visit(address: str) -> None:
                refusal.append((await browser.get(address)).text)
                answered.set()

            tasks: list[asyncio.Future[Any]] = []

            def open_browser(address: str) -> None:
                tasks.append(asyncio.run_coroutine_threadsafe(visit(address), loop))  # type: ignore[arg-type]

            trying = asyncio.create_task(programs.sign_in(options(house), open_browser, 60))
            await answered.wait()
            assert "redirect_uri" in refusal[0]
            trying.cancel()
            await asyncio.gather(trying, return_exceptions=True)
        await provider.set_clients(
            native_client(redirect_uris=["http://localhost/callback"]), web_client(house.web_url)
        )
        tokens = await tokens_of(house, "lin")
        session = await house.identity.exchange(tokens.id_token, tokens.nonce, tokens.access_token)
        assert session.person.name == "Lin Xia"


def _csrf(text: str) -> str:
    return text.partition('name="csrf" value="')[2].partition('"')[0]
