"""Local accounts of the embedded issuer."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.people import Role
from coordinator.identity import secret
from coordinator.identity.passwords import (
    Passwords,
    check_strength,
    looks_one_time,
    one_time_password,
)
from coordinator.identity.ports import Connection, Ledger
from coordinator.identity.settings import ONE_TIME_PASSWORD_LIFETIME
from coordinator.identity.throttle import Asker, Throttle

_USERNAME = re.compile(r"[^\W_][\w.@+-]{0,62}[^\W_]|[^\W_]")
_COLUMNS = (
    "username, subject, name, email, role, teams, password_hash, must_change, password_until,"
    " disabled"
)


@dataclass(frozen=True, slots=True)
class Account:
    """One local account, without its password."""

    username: str
    subject: str
    name: str
    email: str
    role: Role
    teams: tuple[str, ...]
    must_change: bool
    disabled: bool
    one_time_until: datetime | None = None  # a one-time password waits to be used


class WrongPasswordError(AigcError):
    """One answer for an unknown name, a wrong password and a one-time password that ran out."""

    def __init__(self) -> None:
        super().__init__(
            "sign-in-wrong",
            "The name or the password is wrong. IT can give you a new one-time password.",
            ErrorKind.UNAUTHENTICATED,
        )


class Accounts:
    """Makes accounts and checks their passwords."""

    def __init__(
        self, ledger: Ledger, clock: Clock, passwords: Passwords, throttle: Throttle
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._passwords = passwords
        self._throttle = throttle

    async def sign_in(self, username: str, password: str, asker: Asker) -> Account:
        """The account whose name and password these are.

        Raises:
            WrongPasswordError: they are not.
            TooManyAttemptsError: too often wrong.
            AigcError: too many sign in at once; or the account is disabled (told only to who knows
                the password).
        """
        key = normal_username(username[:200])
        one_time = looks_one_time(password)
        asker = replace(asker, unguessable=one_time)
        self._throttle.attempt(key, asker)
        row = await self._ledger.read(lambda c: _row(c, key))
        # What looks like a one-time password is never compared with a chosen one: see the throttle.
        stored = row[6] if row is not None and bool(row[7]) is one_time else None
        right = await self._passwords.verify(stored, password, asker.address, bool(asker.known))
        if row is None or not right:
            raise WrongPasswordError
        until = row[8]
        if until is not None and until < milliseconds(self._clock.now()):
            raise WrongPasswordError
        account = _account(row)
        if account.disabled:
            raise AigcError(
                "account-disabled", "This account is disabled; ask IT.", ErrorKind.FORBIDDEN
            )
        self._throttle.succeeded(key, asker)
        return account

    async def prepare(
        self, username: str, name: str, role: Role, password: str | None = None
    ) -> NewAccount:
        """Check and hash what a new account needs; :func:`insert` stores it.

        Without a password there will be a one-time one, to be changed at the first sign-in.

        Raises:
            AigcError: the name or the password is not acceptable.
        """
        key = normal_username(username)
        if not _USERNAME.fullmatch(key):
            raise AigcError(
                "username-invalid",
                "The user name is not usable: letters, digits and . _ @ + - inside, at most 64.",
            )
        if password is not None:
            check_strength(password, key)
        one_time: OneTime | None = None
        if password is not None:
            stored = await self._passwords.hash(password)
        else:
            one_time, stored = await self.one_time()
        shown = clean_line(name, 80) or username.strip()
        subject = secret.new_id("u")
        account = Account(key, subject, shown, "", role, (), one_time is not None, False)
        return NewAccount(account, stored, self._clock.now(), one_time)

    async def checked(self, username: str, current: str, new: str, asker: Asker) -> str:
        """The stored form of a password that the person chose in place of the current one.

        Raises:
            AigcError: the current one is wrong, or the new one is not acceptable.
        """
        account = await self.sign_in(username, current, asker)
        check_strength(new, account.username)
        if new == current:
            raise AigcError("password-same", "The new password must differ from the old one.")
        return await self._passwords.hash(new)

    async def one_time(self) -> tuple[OneTime, str]:
        """A new one-time password, and its stored form."""
        password = one_time_password()
        stored = await self._passwords.hash(password)
        return OneTime(password, self._clock.now() + ONE_TIME_PASSWORD_LIFETIME), stored


@dataclass(frozen=True, slots=True)
class OneTime:
    """A one-time password, told once, and how long it is good."""

    password: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that is checked and hashed but not stored yet."""

    account: Account
    password_hash: str = field(repr=False)
    created_at: datetime
    one_time: OneTime | None


def insert(connection: Connection, new: NewAccount) -> None:
    """Store a new account.

    Raises:
        AigcError: the name is taken.
    """
    account = new.account
    if _row(connection, account.username) is not None:
        raise AigcError(
            "username-taken",
            f"The user name {account.username!r} is taken; choose another.",
            ErrorKind.CONFLICT,
        )
    connection.execute(
        f"INSERT INTO identity_account ({_COLUMNS}, created_at)"  # noqa: S608 - constant names
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (
            account.username,
            account.subject,
            account.name,
            account.email,
            account.role.value,
            json.dumps(account.teams),
            new.password_hash,
            int(account.must_change),
            milliseconds(new.one_time.until) if new.one_time else None,
            milliseconds(new.created_at),
        ),
    )


def by_subject(connection: Connection, subject: str) -> Account | None:
    """The account with that subject, or None."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM identity_account WHERE subject = ?",  # noqa: S608
        (subject,),
    ).fetchone()
    return None if row is None else _account(row)


def by_username(connection: Connection, username: str) -> Account | None:
    """The account of that name, however it is written, or None."""
    row = _row(connection, normal_username(username[:200]))
    return None if row is None else _account(row)


def set_password(
    connection: Connection, subject: str, stored: str, one_time_until: datetime | None
) -> None:
    """Replace the password: by one of the person's own, or by a one-time one."""
    until = milliseconds(one_time_until) if one_time_until else None
    connection.execute(
        "UPDATE identity_account SET password_hash = ?, must_change = ?, password_until = ?"
        " WHERE subject = ?",
        (stored, int(until is not None), until, subject),
    )


def all_accounts(connection: Connection) -> dict[str, Account]:
    """Every local account, by its subject."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM identity_account").fetchall()  # noqa: S608
    return {account.subject: account for account in map(_account, rows)}


def set_disabled(connection: Connection, subject: str, disabled: bool) -> None:
    """Open or close an account for signing in."""
    connection.execute(
        "UPDATE identity_account SET disabled = ? WHERE subject = ?", (int(disabled), subject)
    )


def normal_username(username: str) -> str:
    """One spelling per name: NFKC, case-folded, no surrounding space."""
    return unicodedata.normalize("NFKC", username).casefold().strip()


def clean_line(text: str, limit: int) -> str:
    """One printable line of at most ``limit`` characters."""
    kept = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(kept.split())[:limit]


def _row(connection: Connection, username: str) -> tuple[Any, ...] | None:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM identity_account WHERE username = ?",  # noqa: S608
        (username,),
    ).fetchone()
    return None if row is None else tuple(row)


def _account(row: tuple[Any, ...]) -> Account:
    return Account(
        username=str(row[0]),
        subject=str(row[1]),
        name=str(row[2]),
        email=str(row[3]),
        role=Role(str(row[4])),
        teams=tuple(json.loads(str(row[5]))),
        must_change=bool(row[7]),
        disabled=bool(row[9]),
        one_time_until=from_milliseconds(row[8]) if row[8] else None,
    )
