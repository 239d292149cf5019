"""Opaque sessions, kept by the SHA-256 of their token, and the news of their ends.

Kinds: ``session`` (tray, command line), ``web`` (the coordinator's own pages), ``host`` (one
instance's host name at the gateway), ``issuer`` (signed in at the embedded issuer). A session dies
with its parent: the host sessions with the web session that they came of, sessions of tray and
command line with the sign-in whose tokens they came of.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aigc.clock import Clock, from_milliseconds, milliseconds
from coordinator.domain.instance import InstanceId
from coordinator.domain.people import PersonId
from coordinator.identity.ports import Connection, Ledger
from coordinator.identity.secret import digest, new_id, new_secret
from coordinator.identity.settings import BROWSER_LIFETIME, BROWSER_WINDOW, SESSION_LIFETIME


class Kind(StrEnum):
    SESSION = "session"
    WEB = "web"
    HOST = "host"
    ISSUER = "issuer"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, without its token."""

    token_hash: bytes
    id: str
    kind: Kind
    person_id: PersonId
    device: str
    host: str
    instance_id: InstanceId
    parent: str
    detail: str
    created_at: datetime
    expires_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class BrowserSessionRow:
    """A browser's session for one instance's host name, as the gateway needs it."""

    token_hash: bytes
    host: str
    person_id: PersonId
    instance_id: InstanceId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionsChanged:
    """Host sessions that are new or slid, and those that are over."""

    added: tuple[BrowserSessionRow, ...]
    revoked: tuple[bytes, ...]


_SIGNED_IN = frozenset({Kind.SESSION, Kind.WEB})
_SLIDE_STEP = timedelta(minutes=5)
_NO_INSTANCE = InstanceId("")
_COLUMNS = (
    "token_hash, id, kind, person_id, device, host, instance_id, parent, detail, created_at,"
    " expires_at, end_at"
)


class Sessions:
    """Makes, finds, slides and ends sessions. Methods belong to the event loop."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._watches: set[SessionWatch] = set()
        self._waiting: dict[str, set[asyncio.Event]] = {}

    async def create(
        self,
        kind: Kind,
        person_id: PersonId,
        *,
        device: str = "",
        host: str = "",
        instance_id: InstanceId = _NO_INSTANCE,
        parent: str = "",
        detail: str = "",
        end_at: datetime | None = None,
        within: Callable[[Connection], None] | None = None,
    ) -> tuple[str, SessionRow]:
        """A new session and its token, which is told once.

        ``end_at``: no later than this. ``within`` runs in the same transaction and may refuse.
        """
        now = _time(milliseconds(self._clock.now()))  # as it will be read again
        browser = kind is not Kind.SESSION
        end = now + (BROWSER_LIFETIME if browser else SESSION_LIFETIME)
        end = min(end, end_at) if end_at else end
        token = new_secret("s")
        row = SessionRow(
            token_hash=digest(token),
            id=new_id("s"),
            kind=kind,
            person_id=person_id,
            device=device,
            host=host,
            instance_id=instance_id,
            parent=parent,
            detail=detail,
            created_at=now,
            expires_at=min(now + BROWSER_WINDOW, end) if browser else end,
            end_at=end,
        )

        def work(connection: Connection) -> None:
            if within is not None:
                within(connection)
            connection.execute(
                f"INSERT INTO identity_session ({_COLUMNS})"  # noqa: S608 - constant names
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    row.token_hash,
                    row.id,
                    row.kind.value,
                    row.person_id,
                    row.device,
                    row.host,
                    row.instance_id,
                    row.parent,
                    row.detail,
                    *(milliseconds(at) for at in (row.created_at, row.expires_at, row.end_at)),
                ),
            )

        await self._ledger.transact(work)
        self._tell((row,), ())
        return token, row

    async def find(self, token: str, kind: Kind) -> SessionRow | None:
        """The session of that token and kind, if it is not over."""
        key, now = digest(token), milliseconds(self._clock.now())
        rows = await self._select("token_hash = ? AND kind = ? AND expires_at > ?", key, kind, now)
        return rows[0] if rows else None

    async def by_id(self, session_id: str) -> SessionRow | None:
        """The session of that id, if it is not over."""
        now = milliseconds(self._clock.now())
        rows = await self._select("id = ? AND expires_at > ?", session_id, now)
        return rows[0] if rows else None

    def goes_on(self, connection: Connection, session_id: str) -> bool:
        """Within the caller's transaction: whether the session of that id is not over."""
        now = milliseconds(self._clock.now())
        return bool(_rows(connection, "id = ? AND expires_at > ?", session_id, now))

    async def hosts(self) -> tuple[BrowserSessionRow, ...]:
        """Every host session that is not over."""
        now = milliseconds(self._clock.now())
        rows = await self._select("kind = 'host' AND expires_at > ?", now)
        return tuple(_browser(row) for row in rows)

    async def slide(self, token_hashes: Iterable[bytes]) -> None:
        """A person used these: they last a while longer, and so do their parents."""
        now = self._clock.now()
        until = milliseconds(now + BROWSER_WINDOW)
        # Not at every single act: each row is written once in a while.
        due = milliseconds(now + BROWSER_WINDOW - _SLIDE_STEP)
        wanted = tuple(token_hashes)[:10_000]

        def work(connection: Connection) -> list[SessionRow]:
            slid = []
            for key in wanted:
                changed = connection.execute(
                    "UPDATE identity_session SET expires_at = min(?, end_at)"
                    " WHERE token_hash = ? AND kind != 'session' AND expires_at > ?"
                    " AND expires_at < min(?, end_at)",
                    (until, key, milliseconds(now), due),
                ).rowcount
                if not changed:
                    continue
                row = _rows(connection, "token_hash = ?", key)[0]
                connection.execute(
                    "UPDATE identity_session SET expires_at = min(?, end_at)"
                    " WHERE id = ? AND kind = 'web' AND expires_at > ?",
                    (until, row.parent, milliseconds(now)),
                )
                slid.append(row)
            return slid

        if wanted:
            self._tell(await self._ledger.transact(work), ())

    async def extend(self, session_id: str, until: datetime) -> None:
        """A session of tray or command line ends then, not earlier."""
        at = milliseconds(until)
        await self._ledger.transact(
            lambda c: (
                c.execute(
                    "UPDATE identity_session SET expires_at = ?, end_at = ?"
                    " WHERE id = ? AND kind = 'session' AND expires_at < ?",
                    (at, at, session_id, at),
                ).rowcount
            )
        )

    async def renewed(self, row: SessionRow) -> SessionRow:
        """Slide one browser session, though not at every single request."""
        now = self._clock.now()
        if row.expires_at - now > BROWSER_WINDOW - _SLIDE_STEP or row.expires_at == row.end_at:
            return row
        await self.slide([row.token_hash])
        rows = await self._select("token_hash = ?", row.token_hash)
        return rows[0] if rows else row

    async def set_detail(self, session_id: str, detail: str) -> None:
        """What the session's owner remembers with it."""
        await self._ledger.transact(
            lambda c: (
                c.execute(
                    "UPDATE identity_session SET detail = ? WHERE id = ?", (detail, session_id)
                ).rowcount
            )
        )

    async def end(self, session_id: str) -> None:
        """End one session and those that came of it."""
        await self._end("id = ? OR parent = ?", session_id, session_id)

    async def end_hosts(self, person_id: PersonId) -> None:
        """End a person's sessions at engines' hosts; the sign-in that they came of goes on."""
        await self._end("person_id = ? AND kind = 'host'", person_id)

    async def end_children(self, parent: str) -> None:
        """End the sessions that came of a sign-in at the embedded issuer."""
        await self._end("parent = ?", parent)

    async def end_person(self, person_id: PersonId, keep: Collection[str] = ()) -> int:
        """End all of a person's sessions; how many programs and browsers they were.

        ``keep``: ids of sessions that go on, with what came of them.
        """
        marks = ", ".join("?" * len(keep))
        over = await self._end(
            f"person_id = ? AND id NOT IN ({marks}) AND parent NOT IN ({marks})",
            *(person_id, *keep, *keep),
        )
        return len({_sign_in(row) for row in over if row.kind in _SIGNED_IN})

    async def count(self) -> Mapping[PersonId, int]:
        """How many programs and browsers each person is signed in with."""
        now = milliseconds(self._clock.now())
        signed_in: dict[PersonId, set[str]] = defaultdict(set)
        for row in await self._select("kind IN ('session', 'web') AND expires_at > ?", now):
            signed_in[row.person_id].add(_sign_in(row))
        return {person_id: len(there) for person_id, there in signed_in.items()}

    async def purge(self) -> None:
        """Forget the sessions that ran out, and tell who still holds one open."""
        await self._end("expires_at <= ?", milliseconds(self._clock.now()))

    @contextmanager
    def ending(self, session_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the session is ended; expiry is the caller's to watch."""
        event = asyncio.Event()
        self._waiting.setdefault(session_id, set()).add(event)
        try:
            yield event
        finally:
            events = self._waiting[session_id]
            events.discard(event)
            if not events:
                del self._waiting[session_id]

    def watch(self) -> SessionWatch:
        """News of host sessions from now on."""
        watch = SessionWatch(self._watches.discard)
        self._watches.add(watch)
        return watch

    def signal(self, session_id: str) -> None:
        """Wake whoever waits for the end of this session (or API token)."""
        for event in self._waiting.get(session_id, ()):
            event.set()

    def close(self) -> None:
        """End every watch."""
        for watch in tuple(self._watches):
            watch.close()

    async def _end(self, where: str, *values: Any) -> list[SessionRow]:
        def work(connection: Connection) -> list[SessionRow]:
            rows = _rows(connection, where, *values)
            ids = {row.id for row in rows}
            for row in list(rows):
                if row.kind is Kind.WEB:
                    rows += [r for r in _rows(connection, "parent = ?", row.id) if r.id not in ids]
            for row in rows:
                connection.execute("DELETE FROM identity_session WHERE id = ?", (row.id,))
            return rows

        over = await self._ledger.transact(work)
        self._tell((), over)
        for row in over:
            self.signal(row.id)
        return over

    async def _select(self, where: str, *values: Any) -> list[SessionRow]:
        return await self._ledger.read(lambda c: _rows(c, where, *values))

    def _tell(self, added: Iterable[SessionRow], over: Iterable[SessionRow]) -> None:
        fresh = [_browser(row) for row in added if row.kind is Kind.HOST]
        gone = [row.token_hash for row in over if row.kind is Kind.HOST]
        if fresh or gone:
            for watch in self._watches:
                watch.tell(fresh, gone)


class SessionWatch:
    """An asynchronous iterator of :class:`SessionsChanged` that coalesces while nobody looks."""

    def __init__(self, closed: Callable[[SessionWatch], None]) -> None:
        self._on_close = closed
        self._added: dict[bytes, BrowserSessionRow] = {}
        self._revoked: dict[bytes, None] = {}
        self._news = asyncio.Event()
        self._closed = False

    def tell(self, added: Iterable[BrowserSessionRow], revoked: Iterable[bytes]) -> None:
        for row in added:
            self._added[row.token_hash] = row
        for key in revoked:
            self._added.pop(key, None)
            self._revoked[key] = None
        self._news.set()

    def close(self) -> None:
        self._closed = True
        self._on_close(self)
        self._news.set()

    def __aiter__(self) -> SessionWatch:
        return self

    async def __anext__(self) -> SessionsChanged:
        await self._news.wait()
        if self._closed:
            raise StopAsyncIteration
        self._news.clear()
        changed = SessionsChanged(tuple(self._added.values()), tuple(self._revoked))
        self._added.clear()
        self._revoked.clear()
        return changed


def _sign_in(row: SessionRow) -> str:
    """What one sign-in of a program or browser has in common: its sessions follow one another."""
    return row.parent or row.id


def _rows(connection: Connection, where: str, *values: Any) -> list[SessionRow]:
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM identity_session WHERE {where}",  # noqa: S608 - constant texts
        values,
    ).fetchall()
    return [
        SessionRow(
            token_hash=bytes(row[0]),
            id=row[1],
            kind=Kind(row[2]),
            person_id=PersonId(row[3]),
            device=row[4],
            host=row[5],
            instance_id=InstanceId(row[6]),
            parent=row[7],
            detail=row[8],
            created_at=_time(row[9]),
            expires_at=_time(row[10]),
            end_at=_time(row[11]),
        )
        for row in found
    ]


def _time(value: int) -> datetime:
    at = from_milliseconds(value)
    if at is None:
        raise ValueError("a session without a time")
    return at


def _browser(row: SessionRow) -> BrowserSessionRow:
    return BrowserSessionRow(
        row.token_hash, row.host, row.person_id, row.instance_id, row.expires_at
    )
