"""What the provider says to our two clients: their secrets, redirect addresses and keys."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import httpx

from coordinator.identity.issuer import challenge_of
from coordinator.identity.oidc import OidcSettings
from coordinator.identity.oidc_findings import Level, secure, unreached
from coordinator.identity.providers import auth_method

NATIVE_REDIRECT = "redirect of tray and command line"
_SAMPLE_PORT = 49152


class ClientsCheck:
    """``say(name, level, message)`` takes what is found."""

    def __init__(
        self,
        settings: OidcSettings,
        web_url: str,
        client: httpx.AsyncClient,
        say: Callable[[str, Level, str], None],
    ) -> None:
        self._settings = settings
        self._web_url = web_url
        self._client = client
        self._say = say

    def subjects_and_methods(self, document: Mapping[str, Any]) -> None:
        settings = self._settings
        kinds = document.get("subject_types_supported")
        two = settings.client_id != settings.native_client_id
        if two and isinstance(kinds, list) and kinds and set(kinds) <= {"pairwise"}:
            self._say(
                "clients",
                Level.FAIL,
                "It gives each client another subject for the same person (pairwise), so people "
                "would be somebody else in the browser than in the tray: use one client for both "
                "(oidc.client_id without native_client_id).",
            )
        offered = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = auth_method(settings, document)
        if method not in offered and method != "none":
            self._say(
                "client authentication",
                Level.FAIL,
                f"It does not take {method}; it offers {', '.join(map(str, offered))}: set "
                'oidc.token_auth, or leave it at "auto".',
            )
        elif method == "none" and "none" not in offered:
            self._say(
                "client authentication",
                Level.NOTE,
                "It does not say that clients without a secret are allowed: if sign-ins in the "
                "browser fail, give the web client's secret in oidc.client_secret_file.",
            )

    async def keys(self, document: Mapping[str, Any]) -> None:
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            return
        try:
            response = await self._client.get(address)
            keys = response.json().get("keys", [])
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            why = unreached(address, error) if isinstance(error, httpx.HTTPError) else ""
            self._say("keys", Level.FAIL, why or f"{address} does not answer with keys.")
            return
        kinds = [str(k.get("kty")) for k in keys if isinstance(k, dict)]
        usable = [kind for kind in kinds if kind in ("RSA", "EC", "OKP")]
        if usable:
            self._say("keys", Level.OK, f"{len(usable)} keys ({', '.join(sorted(set(usable)))}).")
        elif kinds:
            self._say(
                "keys",
                Level.FAIL,
                f"{address} holds only shared secrets ({', '.join(sorted(set(kinds)))}), which "
                "prove nothing: let the provider sign with RS256 or ES256.",
            )
        else:
            self._say(
                "keys",
                Level.FAIL,
                f"{address} holds no key, so no sign-in can be checked: give the provider a "
                "signing key.",
            )

    async def token_endpoint(self, document: Mapping[str, Any]) -> None:
        """A code that nobody gave: the answer tells whether the client itself is accepted."""
        address, settings = document.get("token_endpoint"), self._settings
        if not isinstance(address, str) or not secure(address):
            return
        form = {
            "grant_type": "authorization_code",
            "code": "aigc-check",
            "redirect_uri": f"{self._web_url}/callback",
            "code_verifier": secrets.token_urlsafe(48),
        }
        headers = {"Accept": "application/json"}
        method = auth_method(settings, document)
        if method == "client_secret_basic":
            pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = settings.client_id
            if settings.client_secret and method == "client_secret_post":
                form["client_secret"] = settings.client_secret
        try:
            response = await self._client.post(address, data=form, headers=headers)
        except httpx.HTTPError as error:
            self._say("client", Level.FAIL, unreached(address, error))
            return
        try:
            said = str(response.json().get("error", ""))
        except (ValueError, AttributeError):
            said = ""
        if said in ("invalid_client", "unauthorized_client") or response.status_code == 401:
            self._say(
                "client",
                Level.FAIL,
                f'It does not accept the client "{settings.client_id}" ({said or 401}): compare '
                "oidc.client_id and the secret in oidc.client_secret_file with what the provider "
                "shows, and whether the client is enabled.",
            )
        elif response.status_code >= 500:
            self._say(
                "client", Level.FAIL, f"{address} failed ({response.status_code}): read its log."
            )
        else:
            self._say("client", Level.OK, f'It accepts the client "{settings.client_id}".')

    async def redirects(self, document: Mapping[str, Any]) -> None:
        settings = self._settings
        address = document.get("authorization_endpoint")
        if not isinstance(address, str) or not secure(address):
            return
        web = f"{self._web_url}/callback"
        native = f"http://{settings.loopback_host}:{_SAMPLE_PORT}/callback"
        asked = (
            ("redirect of the web pages", settings.client_id, web),
            (NATIVE_REDIRECT, settings.native_client_id, native),
        )
        for name, client_id, redirect_uri in asked:
            query = {
                **{k: v for k, v in settings.extra.items() if k != "prompt"},
                "response_type": "code",
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "scope": "openid",
                "state": secrets.token_urlsafe(16),
                "nonce": secrets.token_urlsafe(16),
                "code_challenge": challenge_of(secrets.token_urlsafe(48)),
                "code_challenge_method": "S256",
                "prompt": "none",
            }
            try:
                separator = "&" if "?" in address else "?"
                response = await self._client.get(f"{address}{separator}{urlencode(query)}")
            except httpx.HTTPError as error:
                self._say(name, Level.FAIL, unreached(address, error))
                continue
            verdict = _verdict(response, client_id, redirect_uri)
            if verdict is None:
                native_one = name == NATIVE_REDIRECT
                verdict = Level.FAIL, self._not_allowed(client_id, redirect_uri, native_one)
            self._say(name, *verdict)

    def _not_allowed(self, client_id: str, redirect_uri: str, native: bool) -> str:
        if not native:
            return (
                f'It refuses to come back to {redirect_uri} for the client "{client_id}": register '
                "exactly this as its redirect address."
            )
        host = self._settings.loopback_host
        other = "localhost" if host == "127.0.0.1" else "127.0.0.1"
        return (
            f'It refuses to come back to {redirect_uri} for the client "{client_id}": register '
            f"http://{host}/callback for a native program, with any port. If it insists on "
            f'{other}, set oidc.loopback_host = "{other}".'
        )


def _verdict(
    response: httpx.Response, client_id: str, redirect_uri: str
) -> tuple[Level, str] | None:
    """With prompt=none a good request comes back to us at once, with login_required.

    None: it does not come back.
    """
    location = response.headers.get("location", "")
    if location.startswith(redirect_uri):
        said = parse_qs(urlsplit(location).query).get("error", [""])[0]
        if said in ("unauthorized_client", "unsupported_response_type"):
            words = (
                f'The client "{client_id}" may not use the authorization code flow ({said}): '
                "allow it at the provider."
            )
            return Level.FAIL, words
        if said in ("invalid_scope", "invalid_request", "invalid_target"):
            words = (
                f"It refuses the request of {client_id} ({said}): look at oidc.scopes and "
                "oidc.extra_parameters."
            )
            return Level.FAIL, words
        return Level.OK, f"{redirect_uri} is allowed for {client_id}."
    if response.is_redirect and "error" not in location:
        words = (
            f"It sends {client_id} on to its own pages; whether {redirect_uri} is allowed shows at "
            "the first sign-in (check-oidc --sign-in)."
        )
        return Level.NOTE, words
    text = response.text[:20_000].lower()
    if any(words in text for words in ("invalid_client", "client not found", "unknown client")):
        words = (
            f'It does not know a client "{client_id}": compare oidc.client_id and '
            "oidc.native_client_id with what the provider shows."
        )
        return Level.FAIL, words
    return None
