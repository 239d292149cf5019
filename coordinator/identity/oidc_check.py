"""``aigc coordinator check-oidc``: what is misconfigured at the provider or here, in words.

Looks at the provider as the sign-in does: its description, its keys, its clock, and what it says
to an authorization request of each of our clients. Whatever it finds it goes on, as far as it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from aigc.clock import Clock
from coordinator.identity import roles
from coordinator.identity.oidc import OidcSettings
from coordinator.identity.oidc_clients_check import ClientsCheck
from coordinator.identity.oidc_findings import SECONDS, Finding, Level, secure, unreached
from coordinator.identity.providers import trust
from coordinator.identity.relying_party import ALGORITHMS
from coordinator.identity.settings import CLOCK_LEEWAY

_WELL_KNOWN = "/.well-known/openid-configuration"
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OidcCheck:
    """One look at the provider of the ``[oidc]`` section."""

    def __init__(self, settings: OidcSettings, web_url: str, clock: Clock) -> None:
        self._settings = settings
        self._web_url = web_url
        self._clock = clock
        self._findings: list[Finding] = []

    async def run(self) -> list[Finding]:
        """Look at everything; never raises for what it finds."""
        context = await asyncio.to_thread(trust, self._settings.ca_pem)
        async with httpx.AsyncClient(
            timeout=SECONDS, follow_redirects=False, verify=context
        ) as client:
            document = await self._discovery(client)
            if document is not None:
                self._endpoints(document)
                self._capabilities(document)
                self._scopes_and_claims(document)
                clients = ClientsCheck(self._settings, self._web_url, client, self._say)
                clients.subjects_and_methods(document)
                await clients.keys(document)
                await clients.token_endpoint(document)
                await clients.redirects(document)
        return self._findings

    def _say(self, name: str, level: Level, message: str) -> None:
        self._findings.append(Finding(name, level, message))

    # --- the description ---------------------------------------------------------------------

    async def _discovery(self, client: httpx.AsyncClient) -> Mapping[str, Any] | None:
        issuer = self._settings.issuer
        address = f"{issuer.rstrip('/')}{_WELL_KNOWN}"
        try:
            response = await client.get(address)
        except httpx.HTTPError as error:
            self._say("discovery", Level.FAIL, unreached(address, error))
            return None
        if response.status_code != 200:
            moved = response.headers.get("location", "")
            where = f" It sends on to {moved}: set oidc.issuer to that place." if moved else ""
            self._say(
                "discovery",
                Level.FAIL,
                f"{address} answered {response.status_code}, so oidc.issuer is not an issuer's "
                f"address (a realm, tenant or application slug may be missing).{where}",
            )
            return None
        try:
            document = response.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            self._say(
                "discovery",
                Level.FAIL,
                f"{address} does not answer with a description in JSON: something else than an "
                "OpenID provider is there, such as a sign-in page or a proxy.",
            )
            return None
        self._say("discovery", Level.OK, f"{address} can be read.")
        self._issuer(str(document.get("issuer", "")))
        self._date(response.headers.get("date", ""))
        return document

    def _issuer(self, named: str) -> None:
        ours = self._settings.issuer
        if named == ours:
            self._say("issuer", Level.OK, f"It calls itself {named}.")
        elif named.rstrip("/") == ours.rstrip("/"):
            more = "with" if named.endswith("/") else "without"
            self._say(
                "issuer",
                Level.FAIL,
                f'It calls itself "{named}", {more} a slash at the end: write oidc.issuer = '
                f'"{named}".',
            )
        else:
            self._say(
                "issuer",
                Level.FAIL,
                f'It calls itself "{named}" and not "{ours}": write oidc.issuer = "{named}" if '
                "that is your provider; else another one answers there. Behind a proxy, tell the "
                "provider its public address.",
            )

    def _date(self, header: str) -> None:
        try:
            theirs = parsedate_to_datetime(header)
        except (TypeError, ValueError):
            self._say("clock", Level.NOTE, "It does not tell its time; compare the clocks by hand.")
            return
        off = (self._clock.now() - _aware(theirs)).total_seconds()
        if abs(off) > CLOCK_LEEWAY.total_seconds():
            side = "ahead of" if off > 0 else "behind"
            self._say(
                "clock",
                Level.FAIL,
                f"This machine's clock is {abs(off):.0f} s {side} the provider's: sign-ins will be "
                "refused as expired or from the future. Set both by NTP.",
            )
        else:
            self._say("clock", Level.OK, f"The clocks differ by {abs(off):.0f} s.")

    def _endpoints(self, document: Mapping[str, Any]) -> None:
        missing = [key for key in _NEEDED if not isinstance(document.get(key), str)]
        plain = [
            key
            for key in (*_NEEDED, "userinfo_endpoint", "end_session_endpoint")
            if isinstance(document.get(key), str) and not secure(str(document[key]))
        ]
        if missing:
            self._say(
                "endpoints",
                Level.FAIL,
                f"Its description lacks {', '.join(missing)}: this is no provider for "
                "sign-ins in a browser.",
            )
        if plain:
            self._say(
                "endpoints",
                Level.FAIL,
                f"{', '.join(plain)} is not https: give the provider a certificate, or tell it "
                "that it is behind a TLS proxy.",
            )
        if not missing and not plain:
            self._say("endpoints", Level.OK, "Authorization, token and keys have addresses.")
        if "end_session_endpoint" not in document:
            self._say(
                "sign-out",
                Level.NOTE,
                "It has no end_session_endpoint: who signs out here stays signed in there.",
            )
        else:
            self._say(
                "sign-out",
                Level.OK,
                f"It signs out, too; allow {self._web_url}/signed-out as post-logout redirect.",
            )

    def _capabilities(self, document: Mapping[str, Any]) -> None:
        methods = document.get("code_challenge_methods_supported")
        if not isinstance(methods, list):
            self._say(
                "PKCE",
                Level.NOTE,
                "Its description does not speak of PKCE; S256 is sent in any case.",
            )
        elif "S256" not in methods:
            self._say(
                "PKCE",
                Level.FAIL,
                f"It supports PKCE with {', '.join(map(str, methods)) or 'nothing'} and not with "
                "S256: allow S256 for the clients.",
            )
        else:
            self._say("PKCE", Level.OK, "S256.")
        types = document.get("response_types_supported", ["code"])
        if "code" not in types:
            self._say(
                "flow",
                Level.FAIL,
                "It does not offer the authorization code flow (response type code): turn it on "
                "(Keycloak: Standard flow).",
            )
        else:
            self._say("flow", Level.OK, "Authorization code.")
        algorithms = document.get("id_token_signing_alg_values_supported", ["RS256"])
        if not set(map(str, algorithms)) & set(ALGORITHMS):
            self._say(
                "signature",
                Level.FAIL,
                f"It signs ID tokens with {', '.join(map(str, algorithms))} alone; needed is one "
                f"of {', '.join(ALGORITHMS)}: give the provider an RSA or EC key.",
            )

    def _scopes_and_claims(self, document: Mapping[str, Any]) -> None:
        settings = self._settings
        offered = document.get("scopes_supported")
        if isinstance(offered, list):
            unknown = [scope for scope in settings.scopes if scope not in offered]
            if "offline_access" in unknown:
                unknown.remove("offline_access")
                google = "accounts.google.com" in settings.issuer
                hint = (
                    ' Google wants extra_parameters = {access_type = "offline", prompt = '
                    '"consent"} instead, and the scope taken out.'
                    if google
                    else " Allow refresh tokens for the native client, or take the scope out."
                )
                self._say(
                    "offline access",
                    Level.FAIL if google else Level.NOTE,
                    "It does not offer offline_access: without a refresh token, tray and command "
                    f"line ask people to sign in again every hour.{hint}",
                )
            if unknown:
                self._say(
                    "scopes",
                    Level.FAIL,
                    f"It does not know {', '.join(unknown)}: take it out of oidc.scopes, or make "
                    f"it there. It offers {', '.join(map(str, offered))}.",
                )
            else:
                self._say("scopes", Level.OK, " ".join(settings.scopes))
        else:
            self._say("scopes", Level.NOTE, "It does not say which scopes it offers.")
        if "offline_access" not in settings.scopes and "access_type" not in settings.extra:
            self._say(
                "offline access",
                Level.NOTE,
                "offline_access is not asked for: tray and command line ask people to sign in "
                "again every hour.",
            )
        if not settings.roles.values:
            self._say(
                "roles",
                Level.NOTE,
                "oidc.admin_values is empty, so nobody becomes an admin by their claims: give the "
                "role here (aigc people role), or set it.",
            )
        told = document.get("claims_supported")
        if not isinstance(told, list):
            return
        for path in roles.wanted(settings.roles):
            if path not in told and path.partition(".")[0] not in told:
                self._say("claims", Level.NOTE, claim_hint(path, settings))


def claim_hint(path: str, settings: OidcSettings) -> str:
    """How a provider of that kind is made to send a claim that it does not speak of."""
    issuer = settings.issuer
    if "/realms/" in issuer:
        how = (
            'Keycloak: Client scopes, add a mapper "Group Membership" or "User Realm Role" with '
            'this claim name, "Full group path" off.'
        )
    elif "login.microsoftonline.com" in issuer:
        how = (
            "Entra ID: Token configuration, add the groups claim limited to groups assigned to "
            'the application (else more than 200 are left out), or use app roles and role_claim = "'
            'roles".'
        )
    elif issuer.endswith("/oidc"):
        how = 'Logto: add the scope "roles" to oidc.scopes for the claim "roles".'
    elif "/application/o/" in issuer:
        how = 'Authentik: the claim "groups" comes with the scope "profile".'
    else:
        how = "Add a mapper or scope for it at the provider, or correct the name here."
    return (
        f'"{path}" is not among the claims that it says it knows; it may come all the same '
        f"(check-oidc --sign-in shows it). {how}"
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.astimezone()
