"""The device flow (RFC 8628): a program without a browser is agreed to in a browser elsewhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError
from authlib.oauth2.rfc8628 import (
    AuthorizationPendingError,
    DeviceCodeGrant,
    ExpiredTokenError,
    SlowDownError,
)

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.identity.issuer_store import IssuerStore
from coordinator.identity.ports import Connection
from coordinator.identity.secret import digest, new_id, new_secret
from coordinator.identity.settings import (
    DEVICE_CODE_LIFETIME,
    DEVICE_POLL_SECONDS,
    REFRESH_LIFETIME,
)

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, no words
_LENGTH = 8
_WAITING_AT_MOST = 1000
_WAITING_OF_ONE = 20  # of one address
_EARLY_MILLISECONDS = 1000  # a network's whim is no impatience


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """What the program is told, once."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What the person is shown before agreeing."""

    device: str
    address: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """A device code's row, with the accessors that Authlib's core calls."""

    family: str
    client_id: str
    scope: str
    state: str
    subject: str
    auth_time: int
    amr: str
    poll_seconds: int
    poll_from: int
    expires_at: int

    def get_client_id(self) -> str:
        return self.client_id

    def get_scope(self) -> str:
        return self.scope


class DeviceStore:
    """Every method works inside the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def _now(self, plus: timedelta = timedelta()) -> int:
        return milliseconds(self._clock.now() + plus)

    def begin(
        self, connection: Connection, client_id: str, scope: str, device: str, address: str
    ) -> DeviceCodes:
        """Codes for a program that asks.

        Raises:
            AigcError: too many wait already, in all or from that address.
        """
        waiting = "SELECT count(*) FROM issuer_device WHERE state = 'waiting' AND expires_at >= ?"
        now = self._now()
        in_all = connection.execute(waiting, (now,)).fetchone()[0]
        of_one = connection.execute(f"{waiting} AND address = ?", (now, address)).fetchone()[0]
        if in_all >= _WAITING_AT_MOST or of_one >= _WAITING_OF_ONE:
            raise AigcError(
                "device-codes-waiting",
                "Too many programs wait for somebody to enter their code; try again in a few "
                "minutes.",
                ErrorKind.LIMIT,
            )
        codes = DeviceCodes(new_secret("d"), _new_user_code())
        connection.execute(
            "INSERT INTO issuer_device (device_hash, user_hash, client_id, scope, device, address,"
            " state, family, poll_seconds, poll_from, created_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)",
            (
                digest(codes.device_code),
                digest(codes.user_code),
                client_id,
                scope,
                device,
                address,
                new_id("f"),
                DEVICE_POLL_SECONDS,
                now,
                now,
                self._now(DEVICE_CODE_LIFETIME),
            ),
        )
        return codes

    def waiting(self, connection: Connection, user_code: str) -> DeviceRequest | None:
        """What waits for that code, as a person typed it."""
        row = connection.execute(
            "SELECT device, address, created_at FROM issuer_device"
            " WHERE user_hash = ? AND state = 'waiting' AND expires_at >= ?",
            (digest(normal_user_code(user_code)), self._now()),
        ).fetchone()
        asked_at = from_milliseconds(row[2]) if row else None
        return DeviceRequest(row[0], row[1], asked_at) if row and asked_at else None

    def answer(
        self,
        connection: Connection,
        user_code: str,
        subject: str,
        auth_time: int,
        amr: str,
        agreed: bool,
    ) -> bool:
        """The person's answer; False: nothing waits for that code (any more)."""
        return bool(
            connection.execute(
                "UPDATE issuer_device SET state = ?, subject = ?, auth_time = ?, amr = ?"
                " WHERE user_hash = ? AND state = 'waiting' AND expires_at >= ?",
                (
                    "granted" if agreed else "denied",
                    subject,
                    auth_time,
                    amr,
                    digest(normal_user_code(user_code)),
                    self._now(),
                ),
            ).rowcount
        )

    def find(self, connection: Connection, device_code: str) -> DeviceGrant | None:
        row = connection.execute(
            "SELECT family, client_id, scope, state, subject, auth_time, amr, poll_seconds,"
            " poll_from, expires_at FROM issuer_device WHERE device_hash = ?",
            (digest(device_code),),
        ).fetchone()
        return None if row is None else DeviceGrant(*row)

    def poll(self, connection: Connection, device_code: str, grant: DeviceGrant) -> bool:
        """Note that the program asks; False: too early, and it must wait longer from now on."""
        early = self._now() < grant.poll_from - _EARLY_MILLISECONDS
        seconds = grant.poll_seconds + (DEVICE_POLL_SECONDS if early else 0)
        connection.execute(
            "UPDATE issuer_device SET poll_seconds = ?, poll_from = ? WHERE device_hash = ?",
            (seconds, self._now(timedelta(seconds=seconds)), digest(device_code)),
        )
        return not early

    def use(self, connection: Connection, device_code: str) -> bool:
        """Take what was agreed to; True once."""
        return bool(
            connection.execute(
                "UPDATE issuer_device SET state = 'used'"
                " WHERE device_hash = ? AND state = 'granted'",
                (digest(device_code),),
            ).rowcount
        )

    def is_over(self, grant: DeviceGrant) -> bool:
        return grant.expires_at < self._now()

    def purge(self, connection: Connection) -> None:
        """Forget what ran out (a used code is remembered as long as its tokens)."""
        connection.execute(
            "DELETE FROM issuer_device WHERE expires_at < ? AND state != 'used'",
            (self._now(-DEVICE_CODE_LIFETIME),),
        )
        connection.execute(
            "DELETE FROM issuer_device WHERE expires_at < ?", (self._now(-REFRESH_LIFETIME),)
        )

    def end_subject(self, connection: Connection, subject: str) -> None:
        """Whatever the account agreed to and nobody fetched yet is off."""
        connection.execute(
            "DELETE FROM issuer_device WHERE subject = ? AND state = 'granted'", (subject,)
        )


class DeviceCodeExchange(DeviceCodeGrant):  # type: ignore[misc] # Authlib is untyped
    """The token endpoint's part: pending, slow_down, denied, expired, or tokens exactly once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def query_device_credential(self, device_code: str) -> DeviceGrant:
        devices: DeviceStore = self.server.devices
        store: IssuerStore = self.server.store
        connection = self.request.connection
        grant = devices.find(connection, device_code)
        if grant is None or grant.client_id != self.request.payload.client_id:
            raise InvalidGrantError("The device code is not known.")
        if grant.state == "used":
            store.kill_family(connection, grant.family)
            raise InvalidGrantError("The device code was used already.")
        return grant

    def validate_device_credential(self, credential: DeviceGrant) -> Any:
        devices: DeviceStore = self.server.devices
        connection, code = self.request.connection, self.request.payload.data["device_code"]
        if devices.is_over(credential):
            raise ExpiredTokenError()
        if not devices.poll(connection, code, credential):
            raise SlowDownError()
        if credential.state == "waiting":
            raise AuthorizationPendingError()
        if credential.state == "denied":
            raise AccessDeniedError()
        account = self.server.find_account(connection, credential.subject)
        if account is None or not devices.use(connection, code):
            raise InvalidGrantError("The account is gone or disabled.")
        return account


def normal_user_code(text: str) -> str:
    """As it was made, however a person typed it."""
    letters = "".join(sign for sign in text.upper() if sign in _LETTERS)[: _LENGTH + 1]
    return f"{letters[:4]}-{letters[4:]}"


def _new_user_code() -> str:
    return normal_user_code("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))
