"""A small OpenID provider over real HTTP, whose manners a test can spoil.

Real: codes with PKCE S256, rotating refresh tokens, ID tokens signed with RS256. Used where the
embedded issuer would not misbehave; elsewhere the tests use the embedded one.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from hashlib import sha256
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jwt


@dataclass
class Manners:
    """What goes wrong on purpose; each default is the right behaviour."""

    issuer_claim: str = ""  # what discovery says instead of its own address
    methods: tuple[str, ...] = ("S256",)
    send_iss: str | None = ""  # "": the true one; None: left out; else this
    announces_iss: bool = True
    nonce: str = ""  # in the ID token instead of the one asked for
    audience: str = ""
    token_status: int = 200
    refresh_error: str = ""
    no_id_token: bool = False
    seen: list[str] = field(default_factory=list)


class Issuer:
    """Listens on loopback while entered; ``browse`` plays the person at the browser."""

    def __init__(self) -> None:
        self.manners = Manners()
        self.refreshes = 0
        self._key = jwk.RSAKey.generate_key(2048, {"kid": "test"})
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: set[str] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/oidc"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """The provider is down from now on."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def authorize(self, address: str) -> str:
        """A person signs in: where the browser is sent next."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        answer = {"code": code, "state": query["state"]}
        if self.manners.send_iss is not None:
            answer["iss"] = self.manners.send_iss or self.url
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (
                    int(line.split(":")[1])
                    for line in head.split("\r\n")
                    if line.lower().startswith("content-length:")
                ),
                0,
            )
            body = (await reader.readexactly(length)).decode()
            status, value = self._answer(head.split(" ")[1], body)
            payload = json.dumps(value).encode()
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n".encode()
                + payload
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, path: str, body: str) -> tuple[int, dict[str, Any]]:
        manners = self.manners
        manners.seen.append(path)
        if path.endswith("/.well-known/openid-configuration"):
            return 200, {
                "issuer": manners.issuer_claim or self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "code_challenge_methods_supported": list(manners.methods),
                "authorization_response_iss_parameter_supported": manners.announces_iss,
            }
        if manners.token_status != 200:
            return manners.token_status, {"error": "server_error"}
        form = {k: v[0] for k, v in parse_qs(body).items()}
        if form["grant_type"] == "refresh_token":
            self.refreshes += 1
            if manners.refresh_error or form["refresh_token"] not in self._refresh:
                return 400, {"error": manners.refresh_error or "invalid_grant"}
            self._refresh.discard(form["refresh_token"])
            return 200, self._tokens(form["client_id"], "")
        asked = self._codes.pop(form["code"], None)
        verifier = sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["client_id"] != form["client_id"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, self._tokens(form["client_id"], asked["nonce"])

    def _tokens(self, client_id: str, nonce: str) -> dict[str, Any]:
        refresh = secrets.token_urlsafe(24)
        self._refresh.add(refresh)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "sub": "lin",
            "aud": self.manners.audience or client_id,
            "iat": now,
            "exp": now + 300,
            "jti": secrets.token_urlsafe(8),
            "name": "Lin Xia",
        }
        if nonce:
            claims["nonce"] = self.manners.nonce or nonce
        answer = {
            "token_type": "Bearer",
            "access_token": secrets.token_urlsafe(24),
            "refresh_token": refresh,
        }
        if not self.manners.no_id_token:
            answer["id_token"] = jwt.encode({"alg": "RS256", "kid": "test"}, claims, self._key)
        return answer
