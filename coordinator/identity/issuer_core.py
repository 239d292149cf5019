"""Authlib's framework-neutral server core with the defaults that must not stand put right.

All of it is synchronous and runs inside one ledger transaction in the ledger's thread: a code
is redeemed, or a refresh token rotated, exactly once or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode, OpenIDToken
from joserfc.jwk import RSAKey

from coordinator.identity import accounts, issuer_store
from coordinator.identity.accounts import Account
from coordinator.identity.issuer_clients import SCOPES, Client
from coordinator.identity.issuer_devices import DeviceCodeExchange, DeviceStore
from coordinator.identity.issuer_store import Code, Grant, IssuerStore
from coordinator.identity.ports import Connection
from coordinator.identity.settings import ID_TOKEN_LIFETIME


@dataclass(slots=True)
class Reply:
    """What to answer over HTTP; ``location`` for a redirect."""

    status: int
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    location: str = ""


class _Payload(OAuth2Payload):  # type: ignore[misc] # Authlib is untyped
    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._data = dict(reversed(fields))
        self._lists: dict[str, list[str]] = {}
        for key, value in fields:
            self._lists.setdefault(key, []).append(value)

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> dict[str, list[str]]:
        return self._lists


class IssuerRequest(OAuth2Request):  # type: ignore[misc] # Authlib is untyped
    """A request in terms of the configured issuer: behind a TLS proxy its own URL would lie."""

    def __init__(
        self,
        method: str,
        uri: str,
        fields: list[tuple[str, str]],
        connection: Connection | None = None,
        auth_time: int = 0,
        amr: str = "",
    ) -> None:
        # The scheme is the configuration's business (plain HTTP only on loopback), so Authlib is
        # told of a secure one.
        super().__init__(method, "https://" + uri.split("://", 1)[-1], headers={})
        self.payload = _Payload(fields)
        self.connection = connection
        self.auth_time = auth_time
        self.amr = amr

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


class _S256Only(CodeChallenge):  # type: ignore[misc] # Authlib is untyped
    """PKCE always, S256 always (Authlib accepts none, and plain)."""

    def __init__(self) -> None:
        super().__init__(required=True)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge_method' must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc] # Authlib is untyped
    TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_post")

    def generate_authorization_code(self) -> str:
        return issuer_store.new_code()

    def save_authorization_code(self, code: str, request: IssuerRequest) -> None:
        self.server.store.save_code(
            request.connection,
            code,
            Code(
                family="",
                client_id=request.client.get_client_id(),
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope,
                nonce=request.payload.data.get("nonce", ""),
                code_challenge=request.payload.data["code_challenge"],
                subject=request.user.subject,
                auth_time=request.auth_time,
                amr=request.amr,
            ),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.store.find_code(
            self.request.connection, code, client.client_id
        )
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.store.use_code(self.request.connection, self.request.form["code"])

    def authenticate_user(self, authorization_code: Code) -> Account | None:
        account: Account | None = self.server.find_account(
            self.request.connection, authorization_code.subject
        )
        return account


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc] # Authlib is untyped
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Grant | None:
        found: Grant | None = self.server.store.find_refresh(
            self.request.connection, refresh_token, self.request.client.client_id
        )
        return found

    def authenticate_user(self, refresh_token: Grant) -> Account:
        account: Account | None = self.server.find_account(
            self.request.connection, refresh_token.subject
        )
        if account is None:
            self.server.store.kill_family(self.request.connection, refresh_token.family)
            raise InvalidGrantError("The account is gone or disabled.")
        return account

    def revoke_old_credential(self, refresh_token: Grant) -> None:
        self.server.store.rotate(self.request.connection, self.request.form["refresh_token"])


class _IdToken(OpenIDToken):  # type: ignore[misc] # Authlib is untyped
    """Signs ID tokens by the issuer's clock and key."""

    def __init__(self, server: Core) -> None:
        self._server = server

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self._server.signing_key()

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": "RS256", "kid": str(self._server.signing_key().kid)}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        now = self._server.seconds()
        return {
            "iss": self._server.issuer,
            "aud": [client.client_id],
            "iat": now,
            "exp": now + int(ID_TOKEN_LIFETIME.total_seconds()),
            "jti": issuer_store.new_code(),
        }

    def get_compatible_claims(self, request: IssuerRequest) -> dict[str, Any]:
        claims = self.get_client_claims(request.client)
        origin = _origin(request)
        claims["sid"] = origin.family
        claims["auth_time"] = origin.auth_time
        claims["amr"] = origin.amr.split()
        return claims

    def generate_user_info(self, user: Account, scope: str) -> dict[str, Any]:
        return claims_of(user)


class _CodeIdToken(_IdToken, OpenIDCode):  # type: ignore[misc] # Authlib is untyped
    require_nonce = False

    def exists_nonce(self, nonce: str, request: IssuerRequest) -> bool:
        """Each code is single-use already; a client may reuse its own nonce at its own risk."""
        return False


class Core(AuthorizationServer):  # type: ignore[misc] # Authlib is untyped
    """Attributes: issuer, store, devices, and three callables that tell time, key and account."""

    def __init__(
        self,
        issuer: str,
        clients: Mapping[str, Client],
        store: IssuerStore,
        devices: DeviceStore,
        seconds: Callable[[], int],
        signing_key: Callable[[], RSAKey],
        may_sign_in: Callable[[str], bool],
    ) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.issuer = issuer
        self.store = store
        self.devices = devices
        self.seconds = seconds
        self.signing_key = signing_key
        self._clients = clients
        self._may_sign_in = may_sign_in
        self.register_grant(_CodeGrant, [_S256Only(), _CodeIdToken(self)])
        self.register_grant(_RefreshGrant, [_IdToken(self)])
        self.register_grant(DeviceCodeExchange, [_IdToken(self)])
        self.register_token_generator("default", store.new_tokens)

    def query_client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def find_account(self, connection: Connection, subject: str) -> Account | None:
        """The account, if it may sign in."""
        account = accounts.by_subject(connection, subject)
        if account is None or account.disabled or not self._may_sign_in(subject):
            return None
        return account

    def save_token(self, token: dict[str, Any], request: IssuerRequest) -> None:
        origin = _origin(request)
        if request.connection is None:
            raise RuntimeError("tokens are saved inside a transaction only")
        if request.authorization_code is None:
            token.setdefault("scope", origin.get_scope())
        self.store.save_tokens(
            request.connection, token, origin, request.client.client_id, request.user.subject
        )

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: IssuerRequest) -> IssuerRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Reply:
        reply = Reply(status, body, dict(headers))
        reply.location = reply.headers.pop("Location", "")
        return reply


def _origin(request: IssuerRequest) -> Any:
    return request.authorization_code or request.refresh_token or request.credential


def claims_of(account: Account) -> dict[str, Any]:
    """What ID token and userinfo say of an account."""
    claims: dict[str, Any] = {
        "sub": account.subject,
        "name": account.name,
        "preferred_username": account.username,
        "roles": [account.role.value],
        "teams": list(account.teams),
    }
    if account.email:
        claims["email"] = account.email
    return claims
