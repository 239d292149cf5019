"""API tokens for scripts: named, limited in time and to a purpose, revocable.

A token is never more than its owner, and none while its owner has a lower role than when it was
made: a script of a former admin stops, and says why.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.audit_detail import detail
from coordinator.domain.instance import InstanceId
from coordinator.domain.people import PersonId, Role
from coordinator.identity.accounts import clean_line
from coordinator.identity.ports import Ledger
from coordinator.identity.secret import digest, new_id, new_secret
from coordinator.ledger import audit

PREFIX = "aigc_t_"
DEFAULT_DAYS = 90
TOKENS_AT_MOST = 50  # of one person
INSTANCES_AT_MOST = 50  # that one token names
_USED_STEP = timedelta(minutes=5)  # "last used" is not written at every call
_WARN_BEFORE = timedelta(days=7)
_ORDER = tuple(Role)  # from least to most


class Scope(StrEnum):
    """What a token opens."""

    API = "api"  # the coordinator's own API
    ENGINES = "engines"  # engines' HTTP APIs, through the gateway


@dataclass(frozen=True, slots=True)
class Terms:
    """What a token is good for.

    Attributes:
        read_only: calls that change nothing; with engines, as a guest who looks on.
        instances: engines: these alone; empty: all that the owner may open.
    """

    scopes: tuple[Scope, ...] = (Scope.API,)
    read_only: bool = False
    instances: tuple[InstanceId, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiToken:
    """One token, without its secret."""

    id: str
    person_id: PersonId
    name: str
    created_at: datetime
    expires_at: datetime
    last_used: datetime | None
    role_limit: Role
    terms: Terms = field(default_factory=Terms)
    token_hash: bytes = field(default=b"", repr=False, compare=False)

    def ends_soon(self, now: datetime) -> bool:
        """Whether its owner should be warned: in its last week, or its last quarter if shorter."""
        before = min(_WARN_BEFORE, (self.expires_at - self.created_at) / 4)
        return now >= self.expires_at - before

    def sleeps(self, role: Role) -> bool:
        """Whether its owner has a lower role now than when it was made."""
        return _ORDER.index(role) < _ORDER.index(self.role_limit)


_COLUMNS = (
    "id, person_id, name, created_at, expires_at, last_used, role_limit, scopes, read_only,"
    " instances, token_hash"
)


class ApiTokens:
    """Makes, lists, revokes and checks tokens."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._watches: set[asyncio.Event] = set()

    async def create(
        self, person_id: PersonId, role: Role, name: str, days: int = 0, terms: Terms | None = None
    ) -> tuple[str, ApiToken]:
        """The token, told once, and what is known of it.

        Raises:
            AigcError: the name or the days are not acceptable, or there are too many.
        """
        shown = clean_line(name, 80)
        if not shown:
            raise AigcError("token-name", "Give the token a name that says what it is for.")
        days = days or DEFAULT_DAYS
        if not 1 <= days <= 365:
            raise AigcError("token-days", "A token is good for 1 to 365 days.")
        terms = terms or Terms()
        _check_terms(terms)
        now = self._clock.now().replace(microsecond=0)
        token = new_secret("t")
        key, until = digest(token), now + timedelta(days=days)
        info = ApiToken(new_id("t"), person_id, shown, now, until, None, role, terms, key)

        def work(connection: Any) -> None:
            connection.execute(
                "DELETE FROM identity_token WHERE expires_at < ?", (milliseconds(now),)
            )
            count = connection.execute(
                "SELECT count(*) FROM identity_token WHERE person_id = ?", (person_id,)
            ).fetchone()[0]
            if count >= TOKENS_AT_MOST:
                raise AigcError(
                    "token-limit",
                    f"You have {TOKENS_AT_MOST} tokens already: revoke some first.",
                    ErrorKind.LIMIT,
                )
            connection.execute(
                f"INSERT INTO identity_token ({_COLUMNS})"  # noqa: S608
                " VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
                (
                    info.id,
                    person_id,
                    shown,
                    milliseconds(info.created_at),
                    milliseconds(info.expires_at),
                    role.value,
                    " ".join(terms.scopes),
                    int(terms.read_only),
                    json.dumps(list(terms.instances)),
                    key,
                ),
            )
            detail = f"{shown}: {_described(terms)}, {days} days"
            audit(connection, now, person_id, "token-create", info.id, "done", detail)

        await self._ledger.transact(work)
        self.tell()
        return token, info

    async def list(self, person_id: PersonId) -> tuple[ApiToken, ...]:
        """A person's tokens, newest first."""
        rows = await self._ledger.read(
            lambda c: c.execute(
                f"SELECT {_COLUMNS} FROM identity_token WHERE person_id = ?"  # noqa: S608
                " ORDER BY created_at DESC, id",
                (person_id,),
            ).fetchall()
        )
        return tuple(_token(row) for row in rows)

    async def count(self) -> Mapping[PersonId, int]:
        """How many tokens each person has that are still good."""
        now = milliseconds(self._clock.now())
        rows = await self._ledger.read(
            lambda c: c.execute(
                "SELECT person_id, count(*) FROM identity_token WHERE expires_at > ?"
                " GROUP BY person_id",
                (now,),
            ).fetchall()
        )
        return {PersonId(row[0]): int(row[1]) for row in rows}

    async def revoke(self, person_id: PersonId, token_id: str, by: PersonId | None = None) -> None:
        """End one of a person's tokens; ``by``: who does it, if not the person.

        Raises:
            AigcError: the person has no such token.
        """

        def work(connection: Any) -> int:
            gone: int = connection.execute(
                "DELETE FROM identity_token WHERE id = ? AND person_id = ?", (token_id, person_id)
            ).rowcount
            if gone:
                owner = detail("owner", person=person_id) if by and by != person_id else ""
                actor, now = by or person_id, self._clock.now()
                audit(connection, now, actor, "token-revoke", token_id, "done", owner)
            return gone

        if not await self._ledger.transact(work):
            raise AigcError(
                "token-unknown",
                f"There is no token {token_id!r}; see the list of tokens.",
                ErrorKind.NOT_FOUND,
            )
        self.tell()

    async def for_engines(self) -> tuple[ApiToken, ...]:
        """Every token that is good for engines now; whose owner may not be any more."""
        now = milliseconds(self._clock.now())
        rows = await self._ledger.read(
            lambda c: c.execute(
                f"SELECT {_COLUMNS} FROM identity_token WHERE expires_at > ?"  # noqa: S608
                " AND ' ' || scopes || ' ' LIKE '% engines %'",
                (now,),
            ).fetchall()
        )
        return tuple(_token(row) for row in rows)

    @contextmanager
    def changes(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever a token was made or revoked; clear it and look again."""
        changed = asyncio.Event()
        self._watches.add(changed)
        try:
            yield changed
        finally:
            self._watches.discard(changed)

    async def note_used(self, token_hashes: Collection[bytes]) -> None:
        """The gateway saw these in use."""
        now = self._clock.now()
        before = milliseconds(now - _USED_STEP)

        def work(connection: Any) -> None:
            for key in token_hashes:
                connection.execute(
                    "UPDATE identity_token SET last_used = ? WHERE token_hash = ?"
                    " AND last_used < ?",
                    (milliseconds(now), key, before),
                )

        if token_hashes:
            await self._ledger.transact(work)

    async def exists(self, token_id: str) -> bool:
        """Whether the token of that id is still good."""
        now = milliseconds(self._clock.now())
        row = await self._ledger.read(
            lambda c: c.execute(
                "SELECT 1 FROM identity_token WHERE id = ? AND expires_at > ?", (token_id, now)
            ).fetchone()
        )
        return row is not None

    async def find(self, token: str) -> ApiToken | None:
        """The token, if it is good; notes that it was used."""
        now = self._clock.now()
        key = digest(token)
        row = await self._ledger.read(
            lambda c: c.execute(
                f"SELECT {_COLUMNS} FROM identity_token"  # noqa: S608
                " WHERE token_hash = ? AND expires_at > ?",
                (key, milliseconds(now)),
            ).fetchone()
        )
        if row is None:
            return None
        found = _token(row)
        if found.last_used is None or now - found.last_used > _USED_STEP:
            await self._ledger.transact(
                lambda c: (
                    c.execute(
                        "UPDATE identity_token SET last_used = ? WHERE token_hash = ?",
                        (milliseconds(now), key),
                    ).rowcount
                )
            )
        return found

    def tell(self) -> None:
        """Whoever follows :meth:`changes` looks again."""
        for changed in self._watches:
            changed.set()


def _check_terms(terms: Terms) -> None:
    if not terms.scopes:
        raise AigcError("token-scope-missing", "Say what the token is for: api, engines, or both.")
    if terms.instances and Scope.ENGINES not in terms.scopes:
        raise AigcError(
            "token-instances", "Only a token for engines can be limited to some of them."
        )
    if len(terms.instances) > INSTANCES_AT_MOST:
        raise AigcError(
            "token-instances-many", f"A token names at most {INSTANCES_AT_MOST} engines."
        )


def _described(terms: Terms) -> str:
    words = " and ".join(terms.scopes) + (", read only" if terms.read_only else "")
    return words + (f", of {' '.join(terms.instances)}" if terms.instances else "")


def _token(row: tuple[Any, ...]) -> ApiToken:
    created, expires, used = (from_milliseconds(int(value)) for value in row[3:6])
    if created is None or expires is None:
        raise ValueError("a token without times")
    return ApiToken(
        id=str(row[0]),
        person_id=PersonId(row[1]),
        name=str(row[2]),
        created_at=created,
        expires_at=expires,
        last_used=used,
        role_limit=Role(row[6]),
        terms=Terms(
            tuple(Scope(word) for word in str(row[7]).split()),
            bool(row[8]),
            tuple(InstanceId(i) for i in json.loads(row[9])),
        ),
        token_hash=bytes(row[10]),
    )
