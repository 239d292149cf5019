"""Codes, access tokens and refresh tokens of the embedded issuer, by their hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from aigc.clock import Clock, milliseconds
from coordinator.identity.ports import Connection
from coordinator.identity.secret import digest, new_id, new_secret
from coordinator.identity.settings import (
    CODE_LIFETIME,
    ID_TOKEN_LIFETIME,
    REFRESH_GRACE,
    REFRESH_LIFETIME,
    REFRESH_RETRIES,
)


def new_code() -> str:
    """A fresh authorization code."""
    return new_secret("c")


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code's row, with the accessors that Authlib's core calls."""

    family: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    subject: str
    auth_time: int
    amr: str  # RFC 8176, with spaces between
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        """No authentication context classes here."""

    def get_amr(self) -> list[str]:
        return self.amr.split()


@dataclass(frozen=True, slots=True)
class Grant:
    """A token's row, with the accessors that Authlib's core calls."""

    family: str
    client_id: str
    subject: str
    scope: str
    auth_time: int
    amr: str

    def check_client(self, client: Any) -> bool:
        return bool(client.client_id == self.client_id)

    def get_scope(self) -> str:
        return self.scope


class Origin(Protocol):
    """What tokens come of: a code, a refresh token, a device code."""

    @property
    def family(self) -> str: ...
    @property
    def auth_time(self) -> int: ...
    @property
    def amr(self) -> str: ...


class IssuerStore:
    """Every method but :meth:`new_tokens` works inside the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.killed: list[str] = []  # families that ended; whoever ran the transaction takes them

    def _now(self, plus: timedelta = timedelta()) -> int:
        return milliseconds(self._clock.now() + plus)

    def save_code(self, connection: Connection, code: str, row: Code) -> None:
        """Store a code that was just handed out, as the start of a new family."""
        connection.execute(
            "INSERT INTO issuer_code (code_hash, family, client_id, redirect_uri, scope, nonce,"
            " challenge, subject, auth_time, amr, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                digest(code),
                new_id("f"),
                row.client_id,
                row.redirect_uri,
                row.scope,
                row.nonce,
                row.code_challenge,
                row.subject,
                row.auth_time,
                row.amr,
                self._now(CODE_LIFETIME),
            ),
        )

    def find_code(self, connection: Connection, code: str, client_id: str) -> Code | None:
        """The code, if it may be redeemed. A replay ends the whole family."""
        row = connection.execute(
            "SELECT family, client_id, redirect_uri, scope, nonce, challenge, subject, auth_time,"
            " amr, expires_at, used_at FROM issuer_code WHERE code_hash = ?",
            (digest(code),),
        ).fetchone()
        if row is None or row[1] != client_id:
            return None
        if row[10] is not None:
            self.kill_family(connection, row[0])
            return None
        if row[9] < self._now():
            return None
        return Code(*row[:9])

    def use_code(self, connection: Connection, code: str) -> None:
        """Mark it redeemed. It stays known, so that a replay is recognised."""
        connection.execute(
            "UPDATE issuer_code SET used_at = ? WHERE code_hash = ?", (self._now(), digest(code))
        )

    def find_refresh(self, connection: Connection, token: str, client_id: str) -> Grant | None:
        """The refresh token, if it may be used.

        One that was rotated may be used a few times more within the grace (the response was
        lost, or two processes refreshed at once); later, it was stolen, and the family ends.
        """
        row = connection.execute(
            "SELECT family, client_id, subject, scope, auth_time, amr, expires_at, rotated_at,"
            " retries"
            " FROM issuer_grant WHERE token_hash = ? AND kind = 'refresh'",
            (digest(token),),
        ).fetchone()
        if row is None or row[1] != client_id or row[6] < self._now():
            return None
        if row[7] is not None:
            in_grace = self._now(-REFRESH_GRACE) <= row[7]
            if not in_grace or row[8] >= REFRESH_RETRIES:
                self.kill_family(connection, row[0])
                return None
            connection.execute(
                "UPDATE issuer_grant SET retries = retries + 1 WHERE token_hash = ?",
                (digest(token),),
            )
        return Grant(*row[:6])

    def rotate(self, connection: Connection, token: str) -> None:
        """A newer refresh token exists."""
        connection.execute(
            "UPDATE issuer_grant SET rotated_at = coalesce(rotated_at, ?) WHERE token_hash = ?",
            (self._now(), digest(token)),
        )

    def find_access(self, connection: Connection, token: str) -> Grant | None:
        """The access token, if it is good."""
        row = connection.execute(
            "SELECT family, client_id, subject, scope, auth_time, amr FROM issuer_grant"
            " WHERE token_hash = ? AND kind = 'access' AND expires_at >= ?",
            (digest(token), self._now()),
        ).fetchone()
        return None if row is None else Grant(*row)

    def find_any(self, connection: Connection, token: str) -> Grant | None:
        """An access or refresh token, whatever its state."""
        row = connection.execute(
            "SELECT family, client_id, subject, scope, auth_time, amr FROM issuer_grant"
            " WHERE token_hash = ?",
            (digest(token),),
        ).fetchone()
        return None if row is None else Grant(*row)

    def kill_family(self, connection: Connection, family: str) -> None:
        """End every token that came of one sign-in."""
        connection.execute("DELETE FROM issuer_grant WHERE family = ?", (family,))
        self.killed.append(family)

    def kill_subject(self, connection: Connection, subject: str) -> None:
        """End every code and token of one account."""
        connection.execute("DELETE FROM issuer_grant WHERE subject = ?", (subject,))
        connection.execute("DELETE FROM issuer_code WHERE subject = ?", (subject,))

    def purge(self, connection: Connection) -> None:
        """Forget what ran out long ago (a used code is remembered as long as its tokens)."""
        connection.execute("DELETE FROM issuer_grant WHERE expires_at < ?", (self._now(),))
        connection.execute(
            "DELETE FROM issuer_code WHERE expires_at < ?", (self._now(-REFRESH_LIFETIME),)
        )

    def new_tokens(
        self,
        grant_type: str,
        client: Any,
        user: Any = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """Authlib's token generator: opaque tokens, a refresh token only if asked for."""
        token: dict[str, Any] = {
            "token_type": "Bearer",
            "access_token": new_secret("a"),
            "expires_in": expires_in or int(ID_TOKEN_LIFETIME.total_seconds()),
            "scope": scope or "",
        }
        if include_refresh_token and "offline_access" in (scope or "").split():
            token["refresh_token"] = new_secret("r")
        return token

    def save_tokens(
        self,
        connection: Connection,
        token: dict[str, Any],
        origin: Origin,
        client_id: str,
        subject: str,
    ) -> None:
        """Store fresh tokens as members of the origin's family."""
        pairs = [("access", token["access_token"], ID_TOKEN_LIFETIME)]
        if "refresh_token" in token:
            pairs.append(("refresh", token["refresh_token"], REFRESH_LIFETIME))
        for kind, value, lifetime in pairs:
            connection.execute(
                "INSERT INTO issuer_grant (token_hash, kind, family, client_id, subject, scope,"
                " auth_time, amr, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    digest(value),
                    kind,
                    origin.family,
                    client_id,
                    subject,
                    token["scope"],
                    origin.auth_time,
                    origin.amr,
                    self._now(lifetime),
                ),
            )
