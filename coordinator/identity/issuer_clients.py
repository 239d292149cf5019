"""The clients of the embedded issuer: the product's own two, and nobody else's."""

from __future__ import annotations

import hmac
import re

from coordinator.identity.issuer_devices import GRANT_TYPE
from coordinator.identity.settings import NATIVE_CLIENT, WEB_CLIENT

SCOPES = ("openid", "profile", "email", "offline_access")
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})/callback")


class Client:
    """What Authlib's core asks of a client; redirect addresses are compared exactly."""

    def __init__(self, client_id: str, redirect_uri: str, secret: str) -> None:
        self.client_id = client_id
        self._redirect_uri = redirect_uri  # empty: a native program on loopback
        self._secret = secret  # empty: a public client
        self._grants = {"authorization_code"}
        if not secret:
            self._grants |= {"refresh_token", GRANT_TYPE}

    def __repr__(self) -> str:
        return f"Client({self.client_id!r})"

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: the address must be named in the request."""

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(s for s in (scope or "").split() if s in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        if self._redirect_uri:
            return hmac.compare_digest(redirect_uri.encode(), self._redirect_uri.encode())
        match = _LOOPBACK.fullmatch(redirect_uri)
        return match is not None and int(match[1]) <= 65535

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self._secret) and hmac.compare_digest(
            client_secret.encode(), self._secret.encode()
        )

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return bool(method == ("client_secret_post" if self._secret else "none"))

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self._grants


def own_clients(web_url: str, web_secret: str) -> dict[str, Client]:
    """The native client (public, loopback) and the coordinator's own pages (confidential)."""
    return {
        NATIVE_CLIENT: Client(NATIVE_CLIENT, "", ""),
        WEB_CLIENT: Client(WEB_CLIENT, f"{web_url}/callback", web_secret),
    }
