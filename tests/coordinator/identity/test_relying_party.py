"""Attacks on the relying party (lines 6 and 23), against a foreign issuer over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aigc.errors import AigcError, ErrorKind
from coordinator.api.web import server_config
from coordinator.domain.people import Role
from coordinator.identity import OidcSettings, RoleMapping
from coordinator.identity.settings import JWKS_PAUSE
from tests.coordinator.identity.house import House, TurnableClock, open_house


class ForeignIssuer:
    """A foreign provider whose every answer the test decides."""

    def __init__(self) -> None:
        self.issuer = ""
        self.named = ""  # what its discovery document says, if something else
        self.key: RSAKey | ECKey = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
        self.published: list[Any] = [self.key]
        self.jwks_fetches = 0
        self.userinfo: dict[str, Any] = {}
        self.down = False

    def app(self) -> Starlette:
        async def discovery(request: Request) -> Response:
            return self._say(
                {
                    "issuer": self.named or self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/jwks",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                }
            )

        async def jwks(request: Request) -> Response:
            self.jwks_fetches += 1
            return self._say({"keys": [key.as_dict(private=False) for key in self.published]})

        async def userinfo(request: Request) -> Response:
            assert request.headers["authorization"] == "Bearer opaque"
            return self._say(self.userinfo)

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", discovery),
                Route("/jwks", jwks),
                Route("/userinfo", userinfo),
            ]
        )

    def _say(self, value: dict[str, Any]) -> Response:
        return Response(status_code=503) if self.down else JSONResponse(value)

    def claims(self, clock: TurnableClock, **changes: Any) -> dict[str, Any]:
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": "tray",
            "sub": "u-1",
            "iat": now,
            "exp": now + 300,
            "nonce": "n",
            "name": "Wang Fang",
            "groups": ["gpu-admins"],
            "jti": str(len(json.dumps(changes))) + str(id(changes)),
            **changes,
        }
        return {key: value for key, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any], key: Any = None, **header: Any) -> str:
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid, **header}, claims, key)


@asynccontextmanager
async def serve(issuer: ForeignIssuer) -> AsyncIterator[ForeignIssuer]:
    listener = socket.create_server(("127.0.0.1", 0))
    issuer.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(server_config(issuer.app()))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield issuer
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 20)


def settings_of(issuer: ForeignIssuer, **changes: Any) -> OidcSettings:
    """The coordinator's section for that issuer."""
    values: dict[str, Any] = {
        "issuer": issuer.issuer,
        "client_id": "web",
        "native_client_id": "tray",
        "roles": RoleMapping("groups", (("gpu-admins", Role.ADMIN),), "teams"),
        **changes,
    }
    return OidcSettings(**values)


@asynccontextmanager
async def studio(tmp_path: Path, **changes: Any) -> AsyncIterator[tuple[House, ForeignIssuer]]:
    async with (
        serve(ForeignIssuer()) as issuer,
        open_house(tmp_path, settings_of(issuer, **changes)) as house,
    ):
        yield house, issuer


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


async def refused(house: House, token: str, nonce: str = "n", access: str = "") -> AigcError:
    with pytest.raises(AigcError) as caught:
        await house.identity.exchange(token, nonce, access)
    assert caught.value.kind is ErrorKind.UNAUTHENTICATED
    return caught.value


@pytest.mark.attack(6, 23)
async def test_attack_6_forged_and_foreign_tokens(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, issuer):
        claims = issuer.claims(house.clock)
        good = issuer.sign(claims)
        assert (await house.identity.exchange(good, "n")).person.role is Role.ADMIN

        def unsigned(alg: str) -> str:
            parts: tuple[dict[str, Any], ...] = ({"alg": alg, "kid": str(issuer.key.kid)}, claims)
            return ".".join(b64(json.dumps(part).encode()) for part in parts) + "."

        def keyed_with_public_key() -> str:
            text = unsigned("HS256")[:-1]
            public = issuer.key.as_pem(private=False)
            return f"{text}.{b64(hmac.digest(public, text.encode(), 'sha256'))}"

        other = RSAKey.generate_key(2048, auto_kid=True)
        stolen_kid = RSAKey.import_key({**other.as_dict(private=True), "kid": str(issuer.key.kid)})
        own_key = {"jwk": other.as_dict(private=False)}
        tokens = {
            "none": unsigned("none"),
            "None": unsigned("None"),
            "hs256": keyed_with_public_key(),
            "other key": issuer.sign(claims, stolen_kid),
            "unknown kid": issuer.sign(claims, other),
            "own jwk": issuer.sign(claims, stolen_kid, **own_key),
            "no kid": jwt.encode({"alg": "RS256"}, claims, issuer.key),
            "cut": good[:-3],
            "empty": "",
            "three dots": "...",
            "not ascii": "é.é.é",
            "long": good + "a" * 70_000,
        }
        changes: dict[str, dict[str, Any]] = {
            "aud": {"aud": "web"},
            "aud list": {"aud": ["tray", "other"]},
            "azp": {"azp": "other"},
            "no aud": {"aud": None},
            "iss": {"iss": "https://evil.example"},
            "iss slash": {"iss": issuer.issuer + "/"},
            "nonce": {"nonce": "other"},
            "no nonce": {"nonce": None},
            "nonce type": {"nonce": ["n"]},
            "expired": {"exp": claims["iat"] - 61},
            "no exp": {"exp": None},
            "exp text": {"exp": "9999999999"},
            "exp true": {"exp": True},
            "future": {"iat": claims["iat"] + 300},
            "nbf": {"nbf": claims["iat"] + 300},
            "no sub": {"sub": None},
            "sub type": {"sub": 1},
            "sub empty": {"sub": ""},
        }
        for name, change in changes.items():
            tokens[name] = issuer.sign(issuer.claims(house.clock, **change))
        for name, token in tokens.items():
            error = await refused(house, token)
            assert error.key == "sign-in-refused", name
        await refused(house, issuer.sign(issuer.claims(house.clock)), nonce="")


@pytest.mark.attack(6)
async def test_attack_6_rotation_and_a_flood_of_key_ids(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, issuer):
        await house.identity.exchange(issuer.sign(issuer.claims(house.clock)), "n")
        assert issuer.jwks_fetches == 1
        stranger = RSAKey.generate_key(2048, auto_kid=True)
        house.clock.ahead += JWKS_PAUSE.total_seconds() + 1
        for _ in range(20):
            await refused(house, issuer.sign(issuer.claims(house.clock), stranger))
        assert issuer.jwks_fetches == 2

        issuer.key = RSAKey.generate_key(2048, auto_kid=True)
        issuer.published = [issuer.key]
        await refused(house, issuer.sign(issuer.claims(house.clock)))
        assert issuer.jwks_fetches == 2
        house.clock.ahead += JWKS_PAUSE.total_seconds() + 1
        await house.identity.exchange(issuer.sign(issuer.claims(house.clock)), "n")
        assert issuer.jwks_fetches == 3

        issuer.key = ECKey.generate_key("P-256", auto_kid=True)
        issuer.published = [issuer.key]
        house.clock.ahead += JWKS_PAUSE.total_seconds() + 1
        token = issuer.sign(issuer.claims(house.clock), alg="ES256")
        await house.identity.exchange(token, "n")


@pytest.mark.attack(23)
async def test_attack_23_replayed_id_token(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, issuer):
        token = issuer.sign(issuer.claims(house.clock))
        await house.identity.exchange(token, "n")
        assert (await refused(house, token)).key == "sign-in-used"
        fresh = issuer.sign(issuer.claims(house.clock))
        outcomes = await asyncio.gather(
            *(house.identity.exchange(fresh, "n") for _ in range(8)), return_exceptions=True
        )
        assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


@pytest.mark.attack(23)
async def test_attack_23_userinfo_of_somebody_else(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, issuer):
        issuer.userinfo = {"sub": "u-2", "groups": ["gpu-admins"]}
        token = issuer.sign(issuer.claims(house.clock, groups=None))
        await refused(house, token, access="opaque")
        issuer.userinfo = {"sub": "u-1", "groups": ["gpu-admins"]}
        session = await house.identity.exchange(token, "n", "opaque")
        assert session.person.role is Role.ADMIN


@pytest.mark.attack(9, 23)
async def test_attack_23_discovery_that_names_another_issuer(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, issuer):
        issuer.named = "https://evil.example"
        await refused(house, issuer.sign(issuer.claims(house.clock)))


@pytest.mark.attack(26)
async def test_an_issuer_that_is_down_is_unavailable(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, issuer):
        issuer.down = True
        token = issuer.sign(issuer.claims(house.clock))
        with pytest.raises(AigcError) as caught:
            await house.identity.exchange(token, "n")
        assert caught.value.kind is ErrorKind.UNAVAILABLE
        async with house.browser() as browser:
            page = await browser.get("/signin")
            assert page.status_code == 503
        issuer.down = False
        house.clock.ahead += 3
        assert (await house.identity.exchange(token, "n")).person.name == "Wang Fang"


async def test_two_hundred_groups(tmp_path: Path) -> None:
    """Pitfall 20."""
    async with studio(tmp_path) as (house, issuer):
        groups = [f"{i:08x}-4f7d-4b7e-9a55-{i:012x}" for i in range(200)] + ["gpu-admins"]
        claims = issuer.claims(house.clock, groups=groups, teams=groups)
        session = await house.identity.exchange(issuer.sign(claims), "n")
        assert session.person.role is Role.ADMIN
        assert len(session.person.teams) == 201
        assert len(session.token) < 60


@pytest.mark.attack(6)
async def test_embedded_keys_rotate(tmp_path: Path) -> None:
    from tests.coordinator.identity.house import Native

    async with open_house(tmp_path) as house:
        await house.add()
        native = Native(house)
        async with native.browser:
            before = await native.tokens()
            assert house.identity.issuer is not None
            await house.identity.issuer.keys.rotate()
            await house.identity.exchange(before["id_token"], native.nonce)
            after = (await native.refresh(before["refresh_token"])).json()
            house.clock.ahead += JWKS_PAUSE.total_seconds() + 1
            await house.identity.exchange(after["id_token"], "")


@pytest.mark.attack(24)
async def test_the_lowest_role_and_it_is_told(tmp_path: Path) -> None:
    """Somebody who was an admin comes with groups that cannot be read."""
    async with studio(tmp_path) as (house, issuer):
        first = await house.identity.exchange(issuer.sign(issuer.claims(house.clock)), "n")
        assert first.person.role is Role.ADMIN
        claims = issuer.claims(house.clock, groups="gpu-admins", email="a@b@corp", jti="2")
        again = await house.identity.exchange(issuer.sign(claims), "n")
        assert again.person.role is Role.CREATOR
        assert again.person.email == ""
        # The session of before is of the same person: it lost the role at once.
        assert (await house.identity.check_session(first.token)).person.role is Role.CREATOR
        facts = (await house.identity.person_facts())[again.person.id]
        assert facts.problem is not None
        assert facts.problem.oddity == "not-a-list"
        assert facts.claims_role is Role.CREATOR
        good = issuer.sign(issuer.claims(house.clock, jti="3"))
        await house.identity.exchange(good, "n")
        assert (await house.identity.person_facts())[again.person.id].problem is None


async def test_a_role_given_here_wins_until_it_is_taken_back(tmp_path: Path) -> None:
    async with studio(tmp_path) as (house, issuer):
        boss = (await house.identity.exchange(issuer.sign(issuer.claims(house.clock)), "n")).person

        async def lin() -> Any:
            claims = issuer.claims(house.clock, sub="u-2", groups=[], jti=str(time.monotonic_ns()))
            return (await house.identity.exchange(issuer.sign(claims), "n")).person

        made = await lin()
        await house.identity.set_role(made.id, Role.AUDITOR, boss.id)
        assert (await lin()).role is Role.AUDITOR
        facts = (await house.identity.person_facts())[made.id]
        assert (facts.role_overridden, facts.claims_role) == (True, Role.CREATOR)
        await house.identity.set_role(made.id, None, boss.id)
        assert house.reactor.studio.people[made.id].role is Role.CREATOR
        assert not (await house.identity.person_facts())[made.id].role_overridden
        assert (await lin()).role is Role.CREATOR


async def test_the_embedded_issuer_has_no_private_path(tmp_path: Path) -> None:
    """The relying party reaches it at its addresses alone: without the pages there is no way."""
    async with open_house(tmp_path) as house:
        await house.add()
        asked: list[str] = []

        async def away(request: Request) -> Response:
            asked.append(f"{request.method} {request.url}")
            return Response(status_code=503)

        house.identity.serve_issuer(Starlette(routes=[Route("/{path:path}", away)]))
        async with house.browser() as browser:
            assert (await browser.get("/signin")).status_code == 503
        assert asked == [f"GET {house.web_url}/oidc/.well-known/openid-configuration"]
