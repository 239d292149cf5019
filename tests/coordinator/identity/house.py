"""A coordinator's identity and pages on real parts: ledger, reactor, uvicorn on loopback."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import argon2
import httpx
import uvicorn

from aigc.clock import Clock, SystemClock
from coordinator.api.web import create_web_app, server_config
from coordinator.domain.engine import Engine, EngineId, EngineVersion, Text
from coordinator.domain.gpu import GpuNeed
from coordinator.domain.people import Person, Role
from coordinator.domain.policy import Policy
from coordinator.fleet.roots import Root
from coordinator.identity import Identity, IdentitySettings, OidcSettings, Passwords
from coordinator.identity.settings import SecondFactorRule
from coordinator.ledger import Ledger
from coordinator.reactor import Reactor
from coordinator.refusals import Refusals

PASSWORD = "correct horse battery"
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Root("ca", b"-----BEGIN CERTIFICATE-----\n", "sha256:test", _SOME_DAY, _SOME_DAY)
GATEWAY = "http://{host}.localhost:8443"
ENGINE = Engine(
    id=EngineId("studio-demo"),
    name=Text("Demo engine", "演示引擎"),
    versions=(
        EngineVersion(
            engine_id=EngineId("studio-demo"),
            version="1.0",
            image="example/demo:1.0",
            port=8000,
            gpu=GpuNeed(count=1),
        ),
    ),
    default_version="1.0",
    summary=Text("Makes small images", "生成小图片"),
    icon_svg='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle r="4"/></svg>',
)


class TurnableClock(SystemClock):
    """The system's clock, which a test can put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> Any:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@dataclass
class House:
    """Everything a test needs; ``web_url`` is really served."""

    identity: Identity
    reactor: Reactor
    ledger: Ledger
    clock: TurnableClock
    web_url: str
    state_dir: Path

    def browser(self, **options: Any) -> Browser:
        return Browser(self.web_url, **options)

    async def add(
        self, username: str = "lin", role: Role = Role.CREATOR, name: str = "Lin Xia"
    ) -> Person:
        """A local account with the usual password."""
        person, _ = await self.identity.create_account(username, name, role, PASSWORD)
        return person


def quick_passwords() -> Passwords:
    """The real algorithm with little memory: tests hash many times."""
    return Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@asynccontextmanager
async def open_house(
    tmp_path: Path,
    oidc: OidcSettings | None = None,
    engines: Mapping[EngineId, Engine] | None = None,
    clock: TurnableClock | None = None,
    host: str = "localhost",
    second_factor: SecondFactorRule = SecondFactorRule.OFF,
) -> AsyncIterator[House]:
    """Start everything, serve it, stop it."""
    clock = clock or TurnableClock()
    listener = socket.create_server(("127.0.0.1", 0))
    web_url = f"http://{host}:{listener.getsockname()[1]}"
    ledger = await asyncio.to_thread(Ledger.open, tmp_path / "ledger.sqlite")
    reactor = Reactor(ledger, engines or {ENGINE.id: ENGINE}, Policy(), clock)
    await reactor.load()
    deciding = asyncio.create_task(reactor.run())
    settings = IdentitySettings(web_url, "Studio North", oidc, second_factor, b"k" * 32)
    identity = Identity(ledger, reactor, settings, clock, quick_passwords())
    await identity.load()
    following = asyncio.create_task(identity.run())
    app = await asyncio.to_thread(
        create_web_app,
        identity,
        reactor,
        url_of=lambda label: GATEWAY.format(host=label),
        refusals=Refusals(ledger, clock),
        clock=clock,
        trusted=lambda: [ROOT],
    )
    server = uvicorn.Server(server_config(app))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
        yield House(identity, reactor, ledger, clock, web_url, tmp_path)
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 20)
        for task in (following, deciding):
            task.cancel()
        await asyncio.gather(following, deciding, return_exceptions=True)
        await identity.close()
        await asyncio.to_thread(ledger.close)


class Browser(httpx.AsyncClient):
    """An HTTP client that keeps cookies as a browser does: Secure ones on loopback, too.

    Attributes:
        kept: the cookies of this one host, by name.
    """

    def __init__(self, web_url: str, **options: Any) -> None:
        super().__init__(
            base_url=web_url,
            timeout=30,
            trust_env=False,
            event_hooks={"request": [self._send], "response": [self._keep]},
            **options,
        )
        self.kept: dict[str, str] = {}

    async def _send(self, request: httpx.Request) -> None:
        if self.kept:
            request.headers["cookie"] = "; ".join(f"{k}={v}" for k, v in self.kept.items())

    async def _keep(self, response: httpx.Response) -> None:
        for line in response.headers.get_list("set-cookie"):
            (morsel,) = SimpleCookie(line).values()
            assert morsel["secure"], line
            assert morsel["httponly"], line
            assert morsel["path"] == "/", line
            assert morsel["samesite"] == "lax", line
            assert not morsel["domain"], line
            assert morsel.key.startswith("__Host-"), line
            if morsel.value:
                self.kept[morsel.key] = morsel.value
            else:
                self.kept.pop(morsel.key, None)

    async def follow(self, response: httpx.Response, stop: str = "") -> httpx.Response:
        """Follow redirects, but not to an address that begins with ``stop``."""
        for _ in range(20):
            location = response.headers.get("location", "")
            if not response.is_redirect or (stop and location.startswith(stop)):
                return response
            response = await self.get(urljoin(str(response.url), location))
        raise AssertionError("redirects without end")

    async def post_form(
        self, page: httpx.Response, headers: Mapping[str, str] | None = None, **fields: str
    ) -> httpx.Response:
        """Fill in the page's (last) form and send it."""
        return await self.post(
            urljoin(str(page.url), action_of(page)),
            data={"csrf": csrf_of(page), **fields},
            headers=headers,
        )

    async def sign_in(
        self, username: str = "lin", password: str = PASSWORD, to: str = "/"
    ) -> httpx.Response:
        """Through the real form to the page asked for."""
        page = await self.follow(await self.get(to))
        return await self.follow(await self.post_form(page, username=username, password=password))


def action_of(page: httpx.Response) -> str:
    found = re.search(r'<form method="post" action="([^"]+)" class=', page.text)
    assert found, page.text
    return unescape(found[1])


def csrf_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


class Native:
    """The tray's half of a sign-in."""

    redirect_uri = "http://127.0.0.1:49152/callback"

    def __init__(self, house: House, browser: Browser | None = None) -> None:
        self.house = house
        self.browser = browser or house.browser()
        self.state, self.nonce = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.verifier = secrets.token_urlsafe(48)

    def request(self, **changes: str | None) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        fields: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "aigc-native",
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile email offline_access",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "prompt": "consent",
            **changes,
        }
        kept = {key: value for key, value in fields.items() if value is not None}
        return f"/oidc/authorize?{urlencode(kept)}"

    async def code(self, username: str = "lin", **changes: str | None) -> str:
        """Sign in and come back with a code."""
        page = await self.browser.follow(
            await self.browser.get(self.request(**changes)), stop="http://127.0.0.1:4"
        )
        if not page.is_redirect:
            answer = await self.browser.post_form(page, username=username, password=PASSWORD)
            page = await self.browser.follow(answer, stop="http://127.0.0.1:4")
        assert page.is_redirect, page.text
        answer_query = parse_qs(urlsplit(page.headers["location"]).query)
        assert answer_query["state"] == [self.state]
        assert answer_query["iss"] == [f"{self.house.web_url}/oidc"]
        return answer_query["code"][0]

    async def redeem(self, code: str, **changes: str) -> httpx.Response:
        return await self.browser.post(
            "/oidc/token",
            data={
                "grant_type": "authorization_code",
                "client_id": "aigc-native",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": self.verifier,
                **changes,
            },
        )

    async def refresh(self, token: str, **changes: str) -> httpx.Response:
        return await self.browser.post(
            "/oidc/token",
            data={
                "grant_type": "refresh_token",
                "client_id": "aigc-native",
                "refresh_token": token,
                **changes,
            },
        )

    async def tokens(self, username: str = "lin") -> dict[str, Any]:
        answer = await self.redeem(await self.code(username))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


__all__ = ["Browser", "Clock", "House", "Native", "open_house"]
