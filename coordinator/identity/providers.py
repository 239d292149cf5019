"""The issuer as the relying party sees it: the embedded one, or a foreign one over HTTPS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from joserfc.jwk import KeySet

from aigc.errors import AigcError, ErrorKind
from coordinator.identity.issuer import Issuer
from coordinator.identity.settings import OidcSettings

_SECONDS = 10.0
_ANSWER_AT_MOST = 1 << 20  # bytes


class Provider(Protocol):
    """What the relying party asks of its issuer."""

    async def metadata(self) -> Mapping[str, Any]:
        """The discovery document, whose issuer was checked."""
        ...

    async def keys(self) -> KeySet:
        """The published keys, fetched now."""
        ...

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """Tokens for a code of the web client's."""
        ...

    async def userinfo(self, access_token: str) -> Mapping[str, Any]:
        """The claims that the issuer keeps apart from the ID token."""
        ...

    async def close(self) -> None: ...


class EmbeddedProvider:
    """Calls the embedded issuer in this process."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    async def metadata(self) -> Mapping[str, Any]:
        return self._issuer.metadata()

    async def keys(self) -> KeySet:
        return KeySet.import_key_set(self._issuer.keys.published())  # type: ignore[arg-type]

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        tokens = await self._issuer.redeem_own(code, verifier)
        if tokens is None:
            raise refused("the code was refused")
        return tokens

    async def userinfo(self, access_token: str) -> Mapping[str, Any]:
        claims = await self._issuer.userinfo(access_token)
        if claims is None:
            raise refused("the access token was refused")
        return claims

    async def close(self) -> None:
        """Nothing is open."""


class ForeignProvider:
    """Speaks to an issuer over HTTPS (plain HTTP on loopback only)."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._http: httpx.AsyncClient | None = None
        self._document: Mapping[str, Any] | None = None
        self._lock = asyncio.Lock()
        _check_address(settings.issuer)

    async def metadata(self) -> Mapping[str, Any]:
        async with self._lock:
            if self._document is None:
                at = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                document = await self._json("GET", at)
                if document.get("issuer") != self._settings.issuer:
                    raise refused("its discovery document names another issuer")
                for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _check_address(str(document.get(key, "")))
                self._document = document
            return self._document

    async def keys(self) -> KeySet:
        document = await self._json("GET", str((await self.metadata())["jwks_uri"]))
        usable = [
            key
            for key in document.get("keys", [])
            if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP")
        ]
        return KeySet.import_key_set({"keys": usable})

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "client_id": self._settings.client_id,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        if self._settings.client_secret:
            form["client_secret"] = self._settings.client_secret
        endpoint = str((await self.metadata())["token_endpoint"])
        return await self._json("POST", endpoint, form)

    async def userinfo(self, access_token: str) -> Mapping[str, Any]:
        endpoint = str((await self.metadata()).get("userinfo_endpoint", ""))
        if not endpoint:
            return {}
        _check_address(endpoint)
        return await self._json("GET", endpoint, bearer=access_token)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def _json(
        self, method: str, address: str, form: dict[str, str] | None = None, bearer: str = ""
    ) -> Mapping[str, Any]:
        client = await self._client()
        headers = {"Accept": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        try:
            response = await client.request(method, address, data=form, headers=headers)
        except httpx.HTTPError as error:
            host = urlsplit(address).hostname
            raise unreachable(f"{host} does not answer ({type(error).__name__})") from error
        if response.status_code >= 500:
            raise unreachable(f"it answered {response.status_code}")
        if response.status_code != 200 or len(response.content) > _ANSWER_AT_MOST:
            raise refused(f"it answered {response.status_code}")
        try:
            value = response.json()
        except ValueError as error:
            raise refused("its answer is not JSON") from error
        if not isinstance(value, dict):
            raise refused("its answer is not an object")
        return value

    async def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=_SECONDS,
                follow_redirects=False,
                verify=await asyncio.to_thread(self._trust),
            )
        return self._http

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._settings.ca_pem:
            context.load_verify_locations(cadata=self._settings.ca_pem.decode("ascii"))
        return context


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


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not local:
        raise refused(f"the issuer's address {address[:100]!r} is not https")
