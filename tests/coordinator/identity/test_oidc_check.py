"""``check-oidc`` against providers that are really misconfigured so."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from coordinator.api.web import server_config
from coordinator.domain.people import Role
from coordinator.identity import OidcSettings, RoleMapping
from coordinator.identity.oidc_check import OidcCheck, claim_hint
from coordinator.identity.oidc_findings import Finding, Level
from tests.coordinator.identity.house import TurnableClock
from tests.coordinator.identity.test_foreign_provider import PEOPLE, settings
from tests.standins.foreign_provider import (
    LOGIN_PASSWORD,
    NATIVE,
    SECRET,
    WEB,
    ForeignProvider,
    Visitor,
    native_client,
    web_client,
)
from tests.standins.session_server import make_authority

WEB_URL = "https://aigc.studio.lan:7440"
pytestmark = pytest.mark.timeout(240)


async def look(told: OidcSettings, ahead: float = 0.0) -> list[Finding]:
    clock = TurnableClock()
    clock.ahead = ahead
    return await OidcCheck(told, WEB_URL, clock).run()


def said(findings: list[Finding], name: str, level: Level = Level.FAIL) -> str:
    """What was said about that, at that level; everything found, if nothing was."""
    found = [f.message for f in findings if f.name == name and f.level is level]
    assert found, "\n".join(map(str, findings))
    return " ".join(found)


def failures(findings: list[Finding]) -> list[str]:
    return [f"{f.name}: {f.message}" for f in findings if f.level is Level.FAIL]


@asynccontextmanager
async def strict(
    tmp_path: Path, *clients: dict[str, Any], **manners: Any
) -> AsyncIterator[ForeignProvider]:
    async with ForeignProvider(tmp_path, dict(PEOPLE), manners) as provider:
        await provider.set_clients(*(clients or (native_client(), web_client(WEB_URL))))
        yield provider


@pytest.mark.node
async def test_a_good_one_and_each_client_that_is_not(tmp_path: Path) -> None:
    async with strict(tmp_path) as provider:
        good = settings(provider)
        findings = await look(good)
        assert failures(findings) == []
        assert "roles" in said(findings, "scopes", Level.OK)
        assert WEB_URL in said(findings, "sign-out", Level.OK)
        assert "/callback is allowed" in said(findings, "redirect of the web pages", Level.OK)

        cases: dict[str, tuple[dict[str, Any], str, str]] = {
            "slash": ({"issuer": f"{provider.issuer}/"}, "issuer", f'= "{provider.issuer}"'),
            "wrong secret": ({"client_secret": "x"}, "client", "invalid_client"),
            "unknown web": ({"client_id": "nobody"}, "client", '"nobody"'),
            "unknown native": (
                {"native_client_id": "nobody"},
                "redirect of tray and command line",
                'not know a client "nobody"',
            ),
            "localhost": (
                {"loopback_host": "localhost"},
                "redirect of tray and command line",
                'oidc.loopback_host = "127.0.0.1"',
            ),
            "scope": ({"scopes": ("openid", "groups")}, "scopes", "not know groups"),
            "auth": ({"token_auth": "client_secret_post", "client_secret": ""}, "client", WEB),
        }
        for name, (change, about, words) in cases.items():
            assert words in said(await look(replace(good, **change)), about), name

        claim = RoleMapping("company.roles", (("boss", Role.ADMIN),), "", "")
        odd = await look(replace(good, roles=claim))
        assert '"company.roles" is not among' in said(odd, "claims", Level.NOTE)
        nobody = await look(replace(good, roles=RoleMapping("groups", ())))
        assert "nobody becomes an admin" in said(nobody, "roles", Level.NOTE)
        once = await look(replace(good, scopes=("openid", "profile")))
        assert "every hour" in said(once, "offline access", Level.NOTE)
        assert "s ahead of" in said(await look(good, 121), "clock")
        assert "behind" in said(await look(good, -3600), "clock")

        # It answers by another name than the one it gives itself.
        other = provider.issuer.replace("127.0.0.1", "localhost")
        assert f'calls itself "{provider.issuer}"' in said(
            await look(replace(good, issuer=other)), "issuer"
        )
        await provider.set_clients(native_client(), web_client("https://old.studio.lan"))
        assert "register exactly this" in said(await look(good), "redirect of the web pages")
        missing = await look(replace(good, issuer=f"{provider.issuer}/realms/none"))
        assert "answered 404" in said(missing, "discovery")
        await provider.tell(status=500)
        assert "answered 500" in said(await look(good), "discovery")
    assert "cannot be reached" in said(await look(good), "discovery")


@pytest.mark.node
async def test_a_provider_without_sign_out_or_refresh_tokens(tmp_path: Path) -> None:
    manners = {
        "features": {"rpInitiatedLogout": {"enabled": False}, "revocation": {"enabled": True}},
        "configuration": {
            "scopes": ["openid", "profile", "email", "roles"],
            "subjectTypes": ["pairwise"],
        },
    }
    async with strict(tmp_path, **manners) as provider:
        findings = await look(settings(provider))
        assert "no end_session_endpoint" in said(findings, "sign-out", Level.NOTE)
        assert "does not offer offline_access" in said(findings, "offline access", Level.NOTE)
        assert "somebody else in the browser" in said(findings, "clients")


class Odd:
    """A provider whose description and keys a test writes; otherwise it only refuses."""

    def __init__(self) -> None:
        self.changes: dict[str, Any] = {}
        self.keys: Any = {"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}]}
        self.page = ""
        self.url = ""

    def app(self) -> Starlette:
        async def discovery(request: Request) -> Response:
            if self.page:
                return HTMLResponse(self.page)
            document = {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "end_session_endpoint": f"{self.url}/out",
                "code_challenge_methods_supported": ["S256"],
                "response_types_supported": ["code"],
                **self.changes,
            }
            return JSONResponse({k: v for k, v in document.items() if v is not None})

        async def jwks(request: Request) -> Response:
            return JSONResponse(self.keys)

        async def authorize(request: Request) -> Response:
            back = request.query_params["redirect_uri"]
            return RedirectResponse(f"{back}?error={self.changes.get('says', 'login_required')}")

        async def token(request: Request) -> Response:
            return JSONResponse({"error": "invalid_grant"}, 400)

        async def moved(request: Request) -> Response:
            return RedirectResponse(f"{self.url}/elsewhere")

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", discovery),
                Route("/old/.well-known/openid-configuration", moved),
                Route("/jwks", jwks),
                Route("/authorize", authorize),
                Route("/token", token, methods=["POST"]),
            ]
        )


@asynccontextmanager
async def odd(tls: tuple[str, str] | None = None) -> AsyncIterator[Odd]:
    provider = Odd()
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "https" if tls else "http"
    provider.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    config = await asyncio.to_thread(server_config, provider.app(), *(tls or ()))
    await asyncio.to_thread(config.load)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield provider
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 20)


def of(provider: Odd, **changes: Any) -> OidcSettings:
    roles = RoleMapping("groups", (("a", Role.ADMIN),), "", "")
    values: dict[str, Any] = {"issuer": provider.url, "client_id": "c", "roles": roles, **changes}
    return OidcSettings(**{"native_client_id": "c", **values})


async def test_descriptions_that_cannot_do() -> None:
    cases: dict[str, tuple[dict[str, Any], str, str]] = {
        "plain PKCE": ({"code_challenge_methods_supported": ["plain"]}, "PKCE", "not with S256"),
        "no code": ({"response_types_supported": ["id_token"]}, "flow", "authorization code"),
        "no token endpoint": ({"token_endpoint": None}, "endpoints", "lacks token_endpoint"),
        "no keys address": ({"jwks_uri": None}, "endpoints", "lacks jwks_uri"),
        "plain http": (
            {"token_endpoint": "http://id.studio.lan/token"},
            "endpoints",
            "token_endpoint is not https",
        ),
        "HS256": (
            {"id_token_signing_alg_values_supported": ["HS256"]},
            "signature",
            "signs ID tokens with HS256 alone",
        ),
        "auth": (
            {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
            "client authentication",
            "does not take client_secret_post",
        ),
        "flow refused": ({"says": "unauthorized_client"}, "redirect of the web pages", "may not"),
        "scope refused": ({"says": "invalid_scope"}, "redirect of the web pages", "oidc.scopes"),
    }
    async with odd() as provider:
        assert failures(await look(of(provider))) == []
        for name, (changes, about, words) in cases.items():
            provider.changes = changes
            told = of(provider, client_secret="s") if name == "auth" else of(provider)
            assert words in said(await look(told), about), name
        provider.changes = {"code_challenge_methods_supported": None, "end_session_endpoint": None}
        findings = await look(of(provider))
        assert "S256 is sent" in said(findings, "PKCE", Level.NOTE)
        assert "stays signed in there" in said(findings, "sign-out", Level.NOTE)
        provider.changes = {"claims_supported": ["sub"]}
        hints = {
            "/realms/x": "Group Membership",
            "/application/o/x/": "Authentik",
            "/oidc": "Logto",
        }
        for path, hint in hints.items():
            assert hint in claim_hint("groups", replace(of(provider), issuer=provider.url + path))
        assert '"groups" is not among' in said(await look(of(provider)), "claims", Level.NOTE)
        provider.changes = {}
        provider.keys = {"keys": []}
        assert "holds no key" in said(await look(of(provider)), "keys")
        provider.keys = {"keys": [{"kty": "oct", "k": "AAAA"}]}
        assert "only shared secrets (oct)" in said(await look(of(provider)), "keys")
        provider.keys = ["keys"]
        assert "does not answer with keys" in said(await look(of(provider)), "keys")
        moved = await look(of(provider, issuer=f"{provider.url}/old"))
        assert f"sends on to {provider.url}/elsewhere" in said(moved, "discovery")
        provider.page = "<html>Sign in to the guest network</html>"
        assert "not answer with a description" in said(await look(of(provider)), "discovery")


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    ca, key, chain = make_authority("Studio ID")
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "chain.pem").write_bytes(chain)
    async with odd((str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))) as provider:
        words = said(await look(of(provider)), "discovery")
        assert "is not trusted here" in words
        assert "oidc.ca_file" in words
        # Trusted, but for another name: as precise.
        words = said(await look(of(provider, ca_pem=ca)), "discovery")
        assert "not valid for" in words or "mismatch" in words
        plain = of(provider, issuer=provider.url.replace("https", "http"))
        assert failures(await look(plain))
    async with odd() as plain_one:
        told = of(plain_one, issuer=plain_one.url.replace("http", "https"))
        assert "does not speak TLS" in said(await look(told), "discovery")


@pytest.mark.node
async def test_the_command_with_a_real_sign_in(tmp_path: Path) -> None:
    async with strict(tmp_path) as provider:
        (tmp_path / "secret").write_text(SECRET + "\n")
        config = tmp_path / "coordinator.toml"
        config.write_text(
            f"""
            state_dir = "s"
            [public]
            web_url = "{WEB_URL}"
            [oidc]
            issuer = "{provider.issuer}"
            client_id = "{WEB}"
            native_client_id = "{NATIVE}"
            client_secret_file = "secret"
            scopes = ["openid", "profile", "email", "roles", "offline_access"]
            role_claim = "groups"
            teams_claim = "teams"
            admin_values = ["gpu-admins"]
            """
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "aigc.cli", "coordinator", "check-oidc", "--json"),
            *("--sign-in", "--config", str(config)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", "BROWSER": "true", "HOME": str(tmp_path)},
        )
        assert process.stderr is not None
        assert process.stdout is not None
        async with asyncio.timeout(120), Visitor("wang", LOGIN_PASSWORD) as browser:
            address = b""
            while b"/auth?" not in address:
                address = await process.stderr.readline()
                assert address, await process.stdout.read()
            at = address.decode().strip()
            back = await browser.go(at, parse_qs(urlsplit(at).query)["redirect_uri"][0])
            assert (await browser.get(back)).status_code == 200
            told = json.loads(await process.stdout.read())
            await process.wait()
        assert process.returncode == 0
        assert {f["level"] for f in told["findings"]} <= {"ok", "note"}
        report = told["sign_in"]
        assert (report["name"], report["role"], report["teams"]) == (
            "Wang Fang",
            "admin",
            ["compositing"],
        )
        assert report["why"] == '"gpu-admins" in the claim "groups" means admin.'
        assert "groups" not in report["id_token_claims"]
        assert "groups" in report["userinfo_claims"]
        assert SECRET not in json.dumps(told)
