"""TOTP (RFC 6238) as second factor of local accounts, and recovery codes.

A code is accepted once: its 30 s step is remembered in the transaction that accepts it, and no
older one is good after it. Secrets are encrypted with the state folder's key; recovery codes are
kept as keyed hashes.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.identity.account_key import AccountKey
from coordinator.identity.ports import Connection

STEP_SECONDS = 30
DRIFT_STEPS = 1  # a phone's clock may be off by so many
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 10  # about 50 bits


class WrongCodeError(AigcError):
    """One answer for a wrong code, one used already and one that is over."""

    def __init__(self) -> None:
        super().__init__(
            "second-factor-wrong",
            "The code is not right, or was used already. Take the newest one from your app, or a "
            "recovery code.",
            ErrorKind.UNAUTHENTICATED,
        )


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor that is set up."""

    since: datetime
    recovery_left: int


class SecondFactors:
    """Every method works inside the caller's transaction."""

    def __init__(self, key: AccountKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def find(self, connection: Connection, subject: str) -> Factor | None:
        """The account's second factor, or None: none is set up."""
        row = connection.execute(
            "SELECT confirmed_at FROM account_factor"
            " WHERE subject = ? AND confirmed_at IS NOT NULL",
            (subject,),
        ).fetchone()
        since = from_milliseconds(row[0]) if row else None
        if since is None:
            return None
        left = connection.execute(
            "SELECT count(*) FROM account_recovery WHERE subject = ? AND used_at IS NULL",
            (subject,),
        ).fetchone()[0]
        return Factor(since, left)

    def begin(self, connection: Connection, subject: str) -> str:
        """A secret for the person's app, in base32; it counts once a code of it was shown.

        One that was begun and not confirmed is shown again, so that a page can be reloaded.

        Raises:
            AigcError: the account has a second factor already.
        """
        row = self._row(connection, subject)
        if row is not None and row[1]:
            raise AigcError(
                "second-factor-there",
                "You have a second factor already: remove it first to set up another.",
                ErrorKind.CONFLICT,
            )
        if row is not None:
            return self._key.decrypt(row[0], subject)
        secret = pyotp.random_base32()
        connection.execute(
            "INSERT INTO account_factor (subject, secret) VALUES (?, ?)",
            (subject, self._key.encrypt(secret, subject)),
        )
        return secret

    def confirm(self, connection: Connection, subject: str, code: str) -> list[str]:
        """The app shows the right code: the factor counts from now on. Its recovery codes.

        Raises:
            WrongCodeError: it does not.
        """
        row = self._row(connection, subject)
        if row is None or row[1]:
            raise WrongCodeError
        self._take(connection, subject, row, code)
        connection.execute(
            "UPDATE account_factor SET confirmed_at = ? WHERE subject = ?",
            (milliseconds(self._clock.now()), subject),
        )
        return self.new_recovery_codes(connection, subject)

    def check(self, connection: Connection, subject: str, code: str) -> str:
        """Take a code of the app or a recovery code; how it was proven (RFC 8176).

        Raises:
            WrongCodeError: it is neither, or was used.
        """
        row = self._row(connection, subject)
        if row is None or not row[1]:
            raise WrongCodeError
        if len(normal_code(code)) == _RECOVERY_LENGTH:
            used = connection.execute(
                "UPDATE account_recovery SET used_at = ?"
                " WHERE code_hash = ? AND subject = ? AND used_at IS NULL",
                (milliseconds(self._clock.now()), self._hash(subject, code), subject),
            ).rowcount
            if not used:
                raise WrongCodeError
            return "pwd mfa"
        self._take(connection, subject, row, code)
        return "pwd otp mfa"

    def new_recovery_codes(self, connection: Connection, subject: str) -> list[str]:
        """Ten fresh ones in place of all that there were; shown once."""
        codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
        connection.execute("DELETE FROM account_recovery WHERE subject = ?", (subject,))
        for code in codes:
            connection.execute(
                "INSERT INTO account_recovery (code_hash, subject) VALUES (?, ?)",
                (self._hash(subject, code), subject),
            )
        return codes

    def remove(self, connection: Connection, subject: str) -> bool:
        """Take the second factor off; False: there was none."""
        connection.execute("DELETE FROM account_recovery WHERE subject = ?", (subject,))
        return bool(
            connection.execute("DELETE FROM account_factor WHERE subject = ?", (subject,)).rowcount
        )

    def subjects(self, connection: Connection) -> frozenset[str]:
        """Every account that has one."""
        rows = connection.execute(
            "SELECT subject FROM account_factor WHERE confirmed_at IS NOT NULL"
        ).fetchall()
        return frozenset(row[0] for row in rows)

    def _row(self, connection: Connection, subject: str) -> tuple[bytes, bool, int] | None:
        row = connection.execute(
            "SELECT secret, confirmed_at, last_step FROM account_factor WHERE subject = ?",
            (subject,),
        ).fetchone()
        return None if row is None else (bytes(row[0]), row[1] is not None, int(row[2]))

    def _take(
        self, connection: Connection, subject: str, row: tuple[bytes, bool, int], code: str
    ) -> None:
        totp = pyotp.TOTP(self._key.decrypt(row[0], subject), interval=STEP_SECONDS)
        given = normal_code(code).encode()
        step = int(self._clock.now().timestamp()) // STEP_SECONDS
        good = [
            tried
            for tried in range(step - DRIFT_STEPS, step + DRIFT_STEPS + 1)
            if hmac.compare_digest(totp.generate_otp(tried).encode(), given)
        ]
        if not good or max(good) <= row[2]:
            raise WrongCodeError
        connection.execute(
            "UPDATE account_factor SET last_step = ? WHERE subject = ?", (max(good), subject)
        )

    def _hash(self, subject: str, code: str) -> bytes:
        return bytes.fromhex(self._key.sign(f"recovery {subject} {normal_code(code)}"))


def app_link(secret: str, username: str, studio: str) -> str:
    """What the QR code says: the link that authenticator apps understand."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(
        name=username, issuer_name=studio
    )


def normal_code(code: str) -> str:
    """Without what people put between."""
    return "".join(sign for sign in code[:100].lower() if sign.isascii() and sign.isalnum())


def _new_recovery_code() -> str:
    signs = "".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH))
    return f"{signs[:5]}-{signs[5:]}"
