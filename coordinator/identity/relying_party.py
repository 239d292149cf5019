"""The coordinator as a relying party of one issuer: every ID token is checked here."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from aigc.clock import Clock
from coordinator.identity.issuer import challenge_of
from coordinator.identity.oidc import OidcSettings
from coordinator.identity.providers import Provider, refused, unreachable
from coordinator.identity.settings import CLOCK_LEEWAY, JWKS_PAUSE

# Asymmetric algorithms only: never "none", never an HMAC keyed with a public key.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_RETRY_SECONDS = 2.0  # while there are no keys at all
ID_TOKEN_LIMIT = 64 * 1024  # characters


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a sign-in through the browser brought."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


class RelyingParty:
    """Trusts one issuer and the clients it is told of."""

    def __init__(
        self, provider: Provider, settings: OidcSettings, web_url: str, clock: Clock
    ) -> None:
        self._provider = provider
        self._settings = settings
        self._issuer = settings.issuer
        self._client_id = settings.client_id
        self._redirect_uri = f"{web_url}/callback"
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at: float | None = None
        self._lock = asyncio.Lock()

    async def authorization_url(
        self, state: str, nonce: str, verifier: str, max_age: timedelta | None = None
    ) -> str:
        """Where the browser goes to sign in; ``max_age``: anew, unless it was so short ago."""
        scopes = [s for s in self._settings.scopes if s != "offline_access"]
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        if max_age is not None:
            query["max_age"] = str(int(max_age.total_seconds()))
        for name, value in self._settings.extra.items():
            # Consent and offline access are for the programs that keep a refresh token.
            if (name, value) not in (("prompt", "consent"), ("access_type", "offline")):
                query.setdefault(name, value)
        endpoint = str((await self._provider.metadata())["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def finish(self, code: str, iss: str | None, nonce: str, verifier: str) -> Redeemed:
        """Redeem the browser's code and check what comes for it.

        Raises:
            AigcError: refused, or the issuer cannot be reached.
        """
        document = await self._provider.metadata()
        says_issuer = document.get("authorization_response_iss_parameter_supported") is True
        if (iss is None and says_issuer) or (iss is not None and iss != self._issuer):
            raise refused("the answer came from another issuer")
        tokens = await self._provider.redeem(code, verifier, self._redirect_uri)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise refused("the issuer gave no ID token")
        claims = await self.check(id_token, self._client_id, nonce)
        return Redeemed(claims, id_token, str(access_token or ""))

    async def check(
        self, id_token: str, audience: str, nonce: str, nonce_required: bool = True
    ) -> Mapping[str, Any]:
        """The claims of an ID token that is good, for that audience, now.

        Without ``nonce_required`` a token that carries no nonce passes when none is given: those
        that come of a refresh have none.

        Raises:
            AigcError: it is not.
        """
        if len(id_token) > ID_TOKEN_LIMIT:
            raise refused("the ID token is too long")
        claims = await self._verify(id_token)
        self._check_claims(claims, audience)
        has = claims.get("nonce")
        if has is None and not nonce and not nonce_required:
            return claims
        if not isinstance(has, str) or not nonce or not _same(has, nonce):
            raise refused("the ID token belongs to another sign-in (nonce)")
        return claims

    async def userinfo(self, access_token: str, subject: str) -> Mapping[str, Any]:
        """What userinfo says of that subject.

        Raises:
            AigcError: it speaks of somebody else, or cannot be reached.
        """
        claims = await self._provider.userinfo(access_token)
        if claims and claims.get("sub") != subject:
            raise refused("userinfo speaks of somebody else")
        return claims

    async def end_session_url(self, return_to: str, id_token: str = "") -> str | None:
        """Where the issuer signs out, or None if it has no such place.

        ``id_token``: of the sign-in that ends; without it the issuer asks the person first.
        """
        endpoint = (await self._provider.metadata()).get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        query = {"client_id": self._client_id, "post_logout_redirect_uri": return_to}
        if id_token:
            query["id_token_hint"] = id_token
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def issuer_is_away(self) -> bool:
        """Whether the issuer cannot be reached now: no connection, or it answers 5xx."""
        return not await self._provider.reachable()

    async def close(self) -> None:
        await self._provider.close()

    async def _verify(self, id_token: str) -> dict[str, Any]:
        try:
            kid = _header_kid(id_token)
            keys = await self._keys_for(kid)
            token = await asyncio.to_thread(jwt.decode, id_token, keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise refused("the ID token's signature is not good") from error
        return dict(token.claims)

    async def _keys_for(self, kid: str) -> KeySet:
        async with self._lock:
            if self._keys is not None and any(key.kid == kid for key in self._keys):
                return self._keys
            now = self._clock.monotonic()
            pause = JWKS_PAUSE.total_seconds() if self._keys is not None else _RETRY_SECONDS
            if self._fetched_at is None or now - self._fetched_at >= pause:
                # Counted before the answer: an issuer that is down is not asked more often.
                self._fetched_at = now
                self._keys = await self._provider.keys()
            if self._keys is None:
                raise unreachable("its keys could not be fetched a moment ago")
            if any(key.kid == kid for key in self._keys):
                return self._keys
        raise ValueError("unknown key id")

    def _check_claims(self, claims: Mapping[str, Any], audience: str) -> None:
        if claims.get("iss") != self._issuer:
            raise refused("the ID token is of another issuer")
        aud = claims.get("aud")
        audiences = [aud] if isinstance(aud, str) else aud
        if not isinstance(audiences, list) or audience not in audiences:
            raise refused("the ID token is for another program")
        if len(audiences) > 1 and claims.get("azp") != audience:
            raise refused("the ID token is for another program (azp)")
        if "azp" in claims and claims["azp"] != audience:
            raise refused("the ID token is for another program (azp)")
        now = self._clock.now().timestamp()
        leeway = CLOCK_LEEWAY.total_seconds()
        exp, iat, nbf = (_number(claims.get(key)) for key in ("exp", "iat", "nbf"))
        if exp is None or iat is None:
            raise refused("the ID token has no times")
        if exp + leeway < now:
            raise refused("the ID token has expired; check the clocks if this happens at once")
        if iat - leeway > now or (nbf is not None and nbf - leeway > now):
            raise refused("the ID token is from the future; check the clocks of both machines")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise refused("the ID token names nobody")


def _header_kid(id_token: str) -> str:
    from joserfc.jws import extract_compact

    kid = extract_compact(id_token.encode("ascii")).headers().get("kid")
    if not isinstance(kid, str):
        raise ValueError("no key id")
    return kid


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )
