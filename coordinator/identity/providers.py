"""The issuer as the relying party sees it, over HTTP: the embedded one and a foreign one alike."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
from joserfc.jwk import KeySet

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.identity.oidc import OidcSettings

_SECONDS = 10.0
_ANSWER_AT_MOST = 1 << 20  # bytes
_DISCOVERY_KEPT = timedelta(hours=1)
_KEY_TYPES = ("RSA", "EC", "OKP")


class Provider:
    """Speaks to an issuer over HTTPS (plain HTTP on loopback only).

    ``transport``: how to reach it, if not through the network: the embedded issuer is asked at
    the same addresses through the application that serves it.
    """

    def __init__(
        self,
        settings: OidcSettings,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._document: Mapping[str, Any] | None = None
        self._read_at = 0.0
        self._lock = asyncio.Lock()
        if transport is None:
            check_address(settings.issuer)

    async def metadata(self) -> Mapping[str, Any]:
        """The discovery document, whose issuer was checked; read anew once an hour.

        Raises:
            AigcError: the issuer cannot be reached, or is not the one it should be.
        """
        async with self._lock:
            now = self._clock.monotonic()
            old = self._document
            if old is not None and now - self._read_at < _DISCOVERY_KEPT.total_seconds():
                return old
            try:
                self._document = await self._discover()
            except AigcError as error:
                if old is None or error.kind is not ErrorKind.UNAVAILABLE:
                    raise
                return old
            self._read_at = now
            return self._document

    async def reachable(self) -> bool:
        """Whether the issuer answers now, whatever it says."""
        try:
            await self._discover()
        except AigcError as error:
            return error.kind is not ErrorKind.UNAVAILABLE
        return True

    async def keys(self) -> KeySet:
        """The published keys that can prove a signature, fetched now."""
        document = await self._json("GET", str((await self.metadata())["jwks_uri"]))
        keys = document.get("keys", [])
        usable = [k for k in keys if isinstance(k, dict) and k.get("kty") in _KEY_TYPES]
        return KeySet.import_key_set({"keys": usable})

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """Tokens for a code of the web client's."""
        document = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = _prove(self._settings, document, form)
        return await self._json("POST", str(document["token_endpoint"]), form, headers)

    async def userinfo(self, access_token: str) -> Mapping[str, Any]:
        """The claims that the issuer keeps apart from the ID token, if it does so."""
        endpoint = str((await self.metadata()).get("userinfo_endpoint", ""))
        if not endpoint:
            return {}
        check_address(endpoint)
        return await self._json(
            "GET", endpoint, headers={"Authorization": f"Bearer {access_token}"}
        )

    async def close(self) -> None:
        """Give the connections back."""
        if self._http is not None:
            await self._http.aclose()

    async def _discover(self) -> Mapping[str, Any]:
        at = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        document = await self._json("GET", at)
        if document.get("issuer") != self._settings.issuer:
            raise refused("its discovery document names another issuer")
        if self._transport is None:
            for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                check_address(str(document.get(key, "")))
        return document

    async def _json(
        self,
        method: str,
        address: str,
        form: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        client = await self._client()
        sent = {"Accept": "application/json", **(headers or {})}
        try:
            response = await client.request(method, address, data=form, headers=sent)
        except httpx.HTTPError as error:
            host = urlsplit(address).hostname
            raise unreachable(f"{host} does not answer ({type(error).__name__})") from error
        if response.status_code >= 500 or response.status_code == 429:
            raise unreachable(f"it answered {response.status_code}")
        if response.status_code != 200 or len(response.content) > _ANSWER_AT_MOST:
            raise refused(f"it answered {_answer(response)}")
        try:
            value = response.json()
        except ValueError as error:
            raise refused("its answer is not JSON") from error
        if not isinstance(value, dict):
            raise refused("its answer is not an object")
        return value

    async def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            options: dict[str, Any] = {"transport": self._transport}
            if self._transport is None:
                options = {"verify": await asyncio.to_thread(trust, self._settings.ca_pem)}
            self._http = httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, **options)
        return self._http


def trust(ca_pem: bytes) -> ssl.SSLContext:
    """The system's authorities and these. Reads files: not in the loop."""
    context = ssl.create_default_context()
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem.decode("ascii"))
    return context


def auth_method(settings: OidcSettings, document: Mapping[str, Any]) -> str:
    """How the web client proves who it is at the token endpoint."""
    if settings.token_auth != "auto":  # noqa: S105 - a method
        return settings.token_auth
    if not settings.client_secret:
        return "none"
    offered = document.get("token_endpoint_auth_methods_supported")
    if isinstance(offered, list) and "client_secret_basic" not in offered:
        return "client_secret_post"
    return "client_secret_basic"


def _prove(
    settings: OidcSettings, document: Mapping[str, Any], form: dict[str, str]
) -> dict[str, str]:
    """Put the client's proof into the form, or return it as headers."""
    method = auth_method(settings, document)
    if method == "client_secret_basic":
        # RFC 6749 2.3.1: both parts are form-encoded first.
        pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    form["client_id"] = settings.client_id
    if method == "client_secret_post":
        form["client_secret"] = settings.client_secret
    return {}


def _answer(response: httpx.Response) -> str:
    try:
        said = str(response.json().get("error") or "")
    except (ValueError, AttributeError):
        said = ""
    if said == "invalid_client":
        return f"{response.status_code} invalid_client: it does not accept this client's secret"
    return f"{response.status_code} {said[:60]}".rstrip()


def refused(why: str) -> AigcError:
    """The issuer, or we, said no."""
    return AigcError(
        "sign-in-refused",
        f"The sign-in was refused: {why}. Sign in again; if it stays so, tell IT.",
        ErrorKind.UNAUTHENTICATED,
    )


def unreachable(why: str) -> AigcError:
    """The issuer could not be asked."""
    return AigcError(
        "issuer-unreachable",
        f"The sign-in service cannot be reached: {why}. Try again soon, or tell IT.",
        ErrorKind.UNAVAILABLE,
    )


def check_address(address: str) -> None:
    """Pass an https address, and http on loopback.

    Raises:
        AigcError: it is something else.
    """
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not local:
        raise refused(f"the issuer's address {address[:100]!r} is not https")
