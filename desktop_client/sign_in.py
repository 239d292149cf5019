"""Signing in through the system browser: authorization code with PKCE S256 on loopback.

Checked here, because providers and libraries leave it out: the discovery document's issuer, the
answer's ``state`` and ``iss`` (RFC 9207), S256 and nothing less, the ID token's issuer, audience
and nonce. Its signature is the coordinator's to check; the token itself came over TLS straight
from the token endpoint.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode, urlsplit

from aigc.errors import AigcError, ErrorKind
from desktop_client.loopback import Answer, Loopback
from desktop_client.web import Reply, Web, WebError

log = logging.getLogger(__name__)

_OPTIONAL_ENDPOINTS = (
    "revocation_endpoint",
    "end_session_endpoint",
    "device_authorization_endpoint",
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """What the coordinator says about signing in, and the CA that its own pages are served with."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    loopback_host: str = "127.0.0.1"
    ca_pem: bytes = field(default=b"", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)  # as the provider wants them
    client_secret: str = field(default="", repr=False)  # where it gives one to programs; no secret


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the issuer gave. ``nonce`` is the ID token's, empty where it has none (refresh)."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    nonce: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """What its discovery document says."""

    authorization_endpoint: str
    token_endpoint: str
    sends_issuer: bool
    revocation_endpoint: str = ""  # empty: it has none
    end_session_endpoint: str = ""
    device_endpoint: str = ""


async def sign_in(
    options: SignInOptions, open_browser: Callable[[str], None], timeout: float = 300
) -> Tokens:
    """Take a person through the browser. Cancelling the task closes everything.

    Args:
        open_browser: called in a thread with the address to open.
        timeout: seconds the person has.

    Raises:
        AigcError: who did not answer or what was refused, and what to do.
    """
    state, nonce, verifier = (secrets.token_urlsafe(n) for n in (32, 32, 64))
    web = web_of(options)
    async with Loopback(options.loopback_host, state) as loopback:
        provider = await discover(web, options.issuer)
        query = {
            "response_type": "code",
            "client_id": options.client_id,
            "redirect_uri": loopback.redirect_uri,
            "scope": " ".join(options.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _b64(sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        if "offline_access" in options.scopes and "prompt" not in options.extra:
            query["prompt"] = "consent"  # without it providers drop offline_access silently
        query = {**options.extra, **query}
        separator = "&" if "?" in provider.authorization_endpoint else "?"
        await asyncio.to_thread(
            open_browser, f"{provider.authorization_endpoint}{separator}{urlencode(query)}"
        )
        try:
            async with asyncio.timeout(timeout):
                answer = await loopback.answer()
        except TimeoutError as error:
            raise AigcError(
                "sign-in-timeout",
                f"Nobody signed in within {timeout / 60:.0f} minutes; start again.",
                ErrorKind.UNAUTHENTICATED,
            ) from error
        try:
            _check_answer(answer, options.issuer, provider)
            tokens = await _redeem(
                web,
                options,
                provider,
                {
                    "grant_type": "authorization_code",
                    "code": answer.code,
                    "redirect_uri": loopback.redirect_uri,
                    "code_verifier": verifier,
                },
            )
            if not compare_digest(tokens.nonce, nonce):
                raise _refused("its ID token belongs to another sign-in (nonce)")
        except BaseException:
            loopback.finish(False)
            raise
        loopback.finish(True)
        return tokens


async def refresh(options: SignInOptions, refresh_token: str) -> Tokens:
    """Fresh tokens from a refresh token. One process at a time may do this (tokens.try_lock).

    Raises:
        AigcError: ``sign-in-expired`` when the issuer refuses it; ``issuer-unreachable`` when it
            does not answer, which is no reason to sign anybody out.
    """
    web = web_of(options)
    provider = await discover(web, options.issuer)
    tokens = await _redeem(
        web,
        options,
        provider,
        {"grant_type": "refresh_token", "refresh_token": refresh_token},
    )
    if tokens.refresh_token:
        return tokens
    return Tokens(tokens.id_token, tokens.access_token, refresh_token, tokens.nonce)


async def revoke(options: SignInOptions, refresh_token: str) -> None:
    """Tell the issuer that this sign-in is over (RFC 7009), if it has a place for that.

    What fails is logged alone: who signs out here is signed out here.
    """
    web = web_of(options)
    try:
        provider = await discover(web, options.issuer)
        if not provider.revocation_endpoint:
            return
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        reply = await web.post(provider.revocation_endpoint, form | proof_of(options))
    except (AigcError, WebError) as error:
        log.info("the sign-in could not be ended at the sign-in service: %s", error)
        return
    if reply.status != 200:
        log.info("the sign-in service answered %s to the end of a sign-in", reply.status)


async def end_session_url(options: SignInOptions) -> str | None:
    """Where a person signs out of the issuer in the browser, or None if it has no such place.

    Raises:
        AigcError: the issuer cannot be reached, or is not the one it should be.
    """
    endpoint = (await discover(web_of(options), options.issuer)).end_session_endpoint
    if not endpoint:
        return None
    query = urlencode({"client_id": options.client_id})
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"


def _check_answer(answer: Answer, issuer: str, provider: Provider) -> None:
    if answer.issuer != issuer and (answer.issuer or provider.sends_issuer):
        raise _refused("the answer came from another sign-in service (iss)")
    if answer.error:
        said = answer.error_description or answer.error
        raise AigcError(
            "sign-in-denied",
            f"The sign-in service refused: {said[:200]}. Try again, or ask IT.",
            ErrorKind.UNAUTHENTICATED,
        )


def web_of(options: SignInOptions) -> Web:
    """How to reach the sign-in service."""
    return Web(options.ca_pem, direct=urlsplit(options.issuer).hostname in _LOOPBACK)


async def discover(web: Web, issuer: str) -> Provider:
    """The sign-in service's addresses, checked.

    Raises:
        AigcError: it cannot be reached, or is not to be trusted.
    """
    check_secure(issuer)
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    value = _object(await _request(web, address, issuer), issuer)
    if value.get("issuer") != issuer:
        raise _refused(f"it calls itself {str(value.get('issuer'))[:100]!r} instead of {issuer!r}")
    methods = value.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:
        raise _refused("it does not support PKCE with S256")
    endpoints = [value.get(name) for name in ("authorization_endpoint", "token_endpoint")]
    for endpoint in endpoints:
        if not isinstance(endpoint, str):
            raise _refused("its description lacks an address")
        check_secure(endpoint)
    return Provider(
        str(endpoints[0]),
        str(endpoints[1]),
        value.get("authorization_response_iss_parameter_supported") is True,
        *(_secure_or_none(value.get(name)) for name in _OPTIONAL_ENDPOINTS),
    )


def _secure_or_none(endpoint: object) -> str:
    if not isinstance(endpoint, str):
        return ""
    check_secure(endpoint)
    return endpoint


def proof_of(options: SignInOptions) -> dict[str, str]:
    """What says which client asks."""
    proof = {"client_id": options.client_id}
    if options.client_secret:
        proof["client_secret"] = options.client_secret
    return proof


async def _redeem(
    web: Web, options: SignInOptions, provider: Provider, form: dict[str, str]
) -> Tokens:
    form = form | proof_of(options)
    reply = await _request(web, provider.token_endpoint, options.issuer, form)
    return tokens_of(options, _object(reply, options.issuer))


def tokens_of(options: SignInOptions, value: Mapping[str, Any]) -> Tokens:
    """The tokens of a token endpoint's answer.

    Raises:
        AigcError: there is no ID token, or it is meant for somebody else.
    """
    id_token = value.get("id_token")
    if not isinstance(id_token, str):
        raise _refused("it gave no ID token")
    claims = _claims(id_token)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != options.issuer or options.client_id not in audiences:
        raise _refused("its ID token is meant for somebody else (iss, aud)")
    return Tokens(
        id_token=id_token,
        access_token=str(value.get("access_token") or ""),
        refresh_token=str(value.get("refresh_token") or ""),
        nonce=str(claims.get("nonce") or ""),
    )


async def _request(
    web: Web, address: str, issuer: str, form: dict[str, str] | None = None
) -> Reply:
    try:
        reply = await (web.get(address) if form is None else web.post(address, form))
    except WebError as error:
        raise _unreachable(issuer, str(error)) from error
    if reply.status >= 500 or reply.status == 429:
        raise _unreachable(issuer, f"it answered {reply.status}")
    if reply.status != 200:
        code = ""
        try:
            code = str(json.loads(reply.body).get("error") or "")
        except (ValueError, AttributeError):
            code = f"status {reply.status}"
        if form is not None and form["grant_type"] == "refresh_token" and code == "invalid_grant":
            raise AigcError(
                "sign-in-expired",
                "Your sign-in has expired; sign in again.",
                ErrorKind.UNAUTHENTICATED,
            )
        raise _refused(f"it answered {code[:100] or reply.status}")
    return reply


def _object(reply: Reply, issuer: str) -> dict[str, Any]:
    try:
        value = json.loads(reply.body)
    except ValueError as error:
        raise _unreachable(issuer, "its answer is not JSON") from error
    if not isinstance(value, dict):
        raise _unreachable(issuer, "its answer is not an object")
    return value


def _claims(id_token: str) -> dict[str, Any]:
    try:
        payload = id_token.split(".")[1]
        value = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error) as error:
        raise _refused("its ID token cannot be read") from error
    if not isinstance(value, dict):
        raise _refused("its ID token cannot be read")
    return value


def check_secure(address: str) -> None:
    """Refuse an address that is neither https nor this machine.

    Raises:
        AigcError: it is not.
    """
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise _refused(f"{address[:100]!r} is not https")


def _refused(why: str) -> AigcError:
    return AigcError(
        "sign-in-refused",
        f"The sign-in service cannot be trusted with this sign-in: {why}. Tell IT.",
        ErrorKind.UNAUTHENTICATED,
    )


def _unreachable(issuer: str, why: str) -> AigcError:
    return AigcError(
        "issuer-unreachable",
        f"Cannot reach the sign-in service at {issuer}: {why}. "
        "Check the network or your VPN, then try again.",
        ErrorKind.UNAVAILABLE,
    )


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
