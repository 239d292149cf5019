"""The embedded OpenID issuer: what each of its endpoints decides. HTTP is api/web's business."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from joserfc import jwt
from joserfc.errors import JoseError

from aigc.clock import Clock
from coordinator.identity import accounts
from coordinator.identity.accounts import Account, clean_line
from coordinator.identity.issuer_clients import SCOPES, own_clients
from coordinator.identity.issuer_core import Core, IssuerRequest, Reply, claims_of
from coordinator.identity.issuer_devices import GRANT_TYPE, DeviceRequest, DeviceStore
from coordinator.identity.issuer_keys import IssuerKeys
from coordinator.identity.issuer_store import IssuerStore
from coordinator.identity.ports import Connection, Ledger
from coordinator.identity.roles import person_id
from coordinator.identity.settings import (
    DEVICE_CODE_LIFETIME,
    DEVICE_POLL_SECONDS,
    LOCAL_ISSUER,
    NATIVE_CLIENT,
)
from coordinator.ledger import audit

log = logging.getLogger(__name__)

Fields = list[tuple[str, str]]
_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")  # RFC 6749, appendix A


class Issuer:
    """Serves the product's own clients only.

    Attributes:
        issuer: its name, ``{web_url}/oidc``.
        web_secret: the secret of the coordinator's own pages; made anew at each start.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        web_url: str,
        may_sign_in: Callable[[str], bool],
        family_ended: Callable[[str, bool], object],
    ) -> None:
        """``may_sign_in(subject)``: the person is not disabled. ``family_ended(family,
        reused)`` is called in the event loop when a sign-in is revoked as a whole: because a code
        or token came again, or on request."""
        self.issuer = f"{web_url}/oidc"
        self.web_secret = secrets.token_urlsafe(32)
        self.keys = IssuerKeys(ledger, clock)
        self._web_url = web_url
        self._ledger = ledger
        self._clock = clock
        self._store = IssuerStore(clock)
        self._devices = DeviceStore(clock)
        self._family_ended = family_ended
        self._core = Core(
            self.issuer,
            own_clients(web_url, self.web_secret),
            self._store,
            self._devices,
            self._seconds,
            lambda: self.keys.signing,
            may_sign_in,
        )

    def _seconds(self) -> int:
        return int(self._clock.now().timestamp())

    async def load(self) -> None:
        """Read or make the signing key."""
        await self.keys.load()

    async def keep(self) -> None:
        """Call it every minute or so: a new signing key when it is time."""
        await self.keys.renew()

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        at = self.issuer
        return {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "userinfo_endpoint": f"{at}/userinfo",
            "jwks_uri": f"{at}/jwks",
            "end_session_endpoint": f"{at}/end_session",
            "revocation_endpoint": f"{at}/revoke",
            "device_authorization_endpoint": f"{at}/device_authorization",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", GRANT_TYPE],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "authorization_response_iss_parameter_supported": True,
            "claims_supported": [
                *("sub", "name", "preferred_username", "email", "roles", "teams"),
                *("auth_time", "amr", "sid"),
            ],
        }

    def check(self, fields: Fields) -> Reply | None:
        """Why an authorization request is refused, or None: it may go on to a person.

        A wrong client or redirect address is answered here (400), never by a redirect.
        """
        try:
            self._grant(self._request(fields))
        except OAuth2Error as error:
            return self._refusal(error, fields)
        return None

    async def authorize(self, fields: Fields, account: Account, auth_time: int, amr: str) -> Reply:
        """Hand out a code for an account that signed in at ``auth_time`` (seconds) by ``amr``
        (RFC 8176, with spaces between)."""

        def work(connection: Connection) -> Reply:
            request = self._request(fields, connection, auth_time, amr)
            user = self._core.find_account(connection, account.subject)
            try:
                grant = self._grant(request)
                reply: Reply = self._core.create_authorization_response(
                    request, grant_user=user, grant=grant
                )
            except OAuth2Error as error:
                return self._refusal(error, fields)
            reply.location = self._with_issuer(reply.location)
            return reply

        return await self._ledger.transact(work)

    def deny(self, fields: Fields, error: str) -> Reply:
        """Tell the client that there will be no code: ``login_required`` or ``access_denied``."""
        refusal = self.check(fields)
        if refusal is not None:
            return refusal
        values = dict(fields)
        answer = [("error", error)] + [("state", values["state"])] * ("state" in values)
        return Reply(
            302, location=self._with_issuer(f"{values['redirect_uri']}?{urlencode(answer)}")
        )

    async def token(self, fields: Fields) -> Reply:
        """The token endpoint: a code with its verifier, a refresh token, or a device code."""
        if len({key for key, _ in fields}) != len(fields):
            return Reply(400, {"error": "invalid_request", "error_description": "Repeated field."})
        families: list[str] = []

        def work(connection: Connection) -> Reply:
            request = IssuerRequest("POST", f"{self.issuer}/token", fields, connection)
            self._store.killed.clear()
            reply: Reply = self._core.create_token_response(request)
            families.extend(self._store.killed)
            return reply

        reply = await self._ledger.transact(work)
        for family in families:
            log.warning("a used code or refresh token came again: sign-in revoked")
            self._family_ended(family, True)
        reply.headers |= {"Cache-Control": "no-store", "Pragma": "no-cache"}
        return reply

    async def device_authorization(self, fields: Fields, address: str) -> Reply:
        """RFC 8628: codes for a program without a browser. ``device_name`` is an addition of ours:
        what the program calls its machine; who agrees is shown it.

        Raises:
            AigcError: too many such programs wait.
        """
        values = dict(fields)
        scope = values.get("scope", "openid")
        if len(values) != len(fields):
            return Reply(400, {"error": "invalid_request", "error_description": "Repeated field."})
        if values.get("client_id") != NATIVE_CLIENT:
            return Reply(400, {"error": "invalid_client"})
        if not set(scope.split()) <= set(SCOPES) or "openid" not in scope.split():
            return Reply(400, {"error": "invalid_scope"})
        device = clean_line(values.get("device_name", "")[:200], 60)
        codes = await self._ledger.transact(
            lambda c: self._devices.begin(c, NATIVE_CLIENT, scope, device, address)
        )
        page = f"{self.issuer}/device"
        body = {
            "device_code": codes.device_code,
            "user_code": codes.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': codes.user_code})}",
            "expires_in": int(DEVICE_CODE_LIFETIME.total_seconds()),
            "interval": DEVICE_POLL_SECONDS,
        }
        return Reply(200, body, {"Cache-Control": "no-store"})

    async def device_request(self, user_code: str) -> DeviceRequest | None:
        """What waits for the code that a person typed, if anything."""
        return await self._ledger.read(lambda c: self._devices.waiting(c, user_code))

    async def answer_device(
        self, user_code: str, account: Account, auth_time: int, amr: str, agreed: bool
    ) -> bool:
        """The person's answer; False: nothing waits for that code any more."""

        def work(connection: Any) -> bool:
            answered = self._devices.answer(
                connection, user_code, account.subject, auth_time, amr, agreed
            )
            if answered:
                outcome = "done" if agreed else "refused"
                now, actor = self._clock.now(), person_id(LOCAL_ISSUER, account.subject)
                audit(connection, now, actor, "device-sign-in", account.username, outcome)
            return answered

        return await self._ledger.transact(work)

    async def userinfo(self, access_token: str) -> dict[str, Any] | None:
        """The claims of an access token's account, or None: 401."""

        def work(connection: Connection) -> dict[str, Any] | None:
            grant = self._store.find_access(connection, access_token)
            account = grant and self._core.find_account(connection, grant.subject)
            return claims_of(account) if account else None

        return await self._ledger.read(work)

    async def revoke(self, fields: Fields) -> Reply:
        """RFC 7009 for the native client: the whole family of the token ends. Always 200."""
        values = dict(fields)
        if values.get("client_id") != NATIVE_CLIENT:
            return Reply(400, {"error": "invalid_client"})

        def work(connection: Connection) -> str:
            grant = self._store.find_any(connection, values.get("token", ""))
            if grant is None or grant.client_id != NATIVE_CLIENT:
                return ""
            self._store.kill_family(connection, grant.family)
            return grant.family

        family = await self._ledger.transact(work)
        if family:
            self._family_ended(family, False)
        return Reply(200, {})

    def hint_subject(self, id_token: str) -> str | None:
        """The subject of an ID token of ours, even one that ran out; None if it is not ours."""
        try:
            token = jwt.decode(id_token, self.keys.all, algorithms=["RS256"])
        except (JoseError, ValueError):
            return None
        if token.claims.get("iss") != self.issuer:
            return None
        return str(token.claims.get("sub", "")) or None

    def may_return_to(self, address: str) -> bool:
        """Whether end_session may redirect there."""
        return address in (f"{self._web_url}/signed-out", f"{self._web_url}/")

    async def account(self, subject: str) -> Account | None:
        """The account, if it may sign in."""
        return await self._ledger.read(lambda c: self._core.find_account(c, subject))

    async def known(self, subject: str) -> Account | None:
        """The account, whether or not it may sign in."""
        return await self._ledger.read(lambda c: accounts.by_subject(c, subject))

    def end_subject(self, connection: Connection, subject: str) -> None:
        """Within the caller's transaction: end all codes and tokens of an account."""
        self._store.kill_subject(connection, subject)
        self._devices.end_subject(connection, subject)

    def purge(self, connection: Connection) -> None:
        """Within the caller's transaction: forget what ran out."""
        self._store.purge(connection)
        self._devices.purge(connection)

    def _request(
        self,
        fields: Fields,
        connection: Connection | None = None,
        auth_time: int = 0,
        amr: str = "",
    ) -> IssuerRequest:
        uri = f"{self.issuer}/authorize?{urlencode(fields)}"
        return IssuerRequest("GET", uri, fields, connection, auth_time, amr)

    def _grant(self, request: IssuerRequest) -> Any:
        if any(len(values) > 1 for values in request.payload.datalist.values()):
            raise InvalidRequestError("A parameter is repeated.")
        if not all(_PLAIN.fullmatch(value) for value in request.payload.data.values()):
            raise InvalidRequestError("A parameter has signs that are not allowed.")
        # The account is asked for by the pages; Authlib only validates.
        return self._core.get_consent_grant(request, end_user=object())

    def _refusal(self, error: OAuth2Error, fields: Fields) -> Reply:
        if not error.redirect_uri:
            body = {"error": error.error, "error_description": error.get_error_description()}
            return Reply(400, body)
        answer = [("error", error.error), ("error_description", error.get_error_description())]
        answer += [(key, value) for key, value in fields if key == "state"]
        return Reply(302, location=self._with_issuer(f"{error.redirect_uri}?{urlencode(answer)}"))

    def _with_issuer(self, location: str) -> str:
        """RFC 9207: every answer says whose it is."""
        parts = urlsplit(location)
        query = [*parse_qsl(parts.query, keep_blank_values=True), ("iss", self.issuer)]
        return parts._replace(query=urlencode(query)).geturl()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return (
        base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    )
