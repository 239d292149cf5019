"""The file itself: one writer thread, WAL, every commit on the disk before anybody is told."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from aigc.errors import AigcError, ErrorKind
from coordinator.ledger.migrations import Migration, all_migrations

T = TypeVar("T")

BUSY_MILLISECONDS = 5000

# What the ledger raises when the disk is full or the file is damaged, for callers outside.
LedgerError = sqlite3.Error
# What the functions get that others pass to the ledger.
Connection = sqlite3.Connection


class Ledger:
    """What the studio must not forget. All SQL runs on one thread; connections never leave it.

    Errors of SQLite reach callers of :meth:`transact` and :meth:`read` as they are; the reactor
    makes one sentence of them.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, writer: ThreadPoolExecutor):
        self.path = path
        self._connection = connection
        self._writer = writer

    @classmethod
    def open(cls, path: Path | str) -> Ledger:
        """Open or create the ledger, bringing an older one up to date.

        Blocks for as long as that takes; call it before the event loop runs or in a thread.

        Raises:
            AigcError: the file is damaged, is from a newer version, or cannot be opened.
        """
        path = Path(path)
        writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        try:
            connection = writer.submit(_connect, path, all_migrations()).result()
        except BaseException:
            writer.shutdown()
            raise
        return cls(path, connection, writer)

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one transaction and return once it is on the disk.

        Raises:
            sqlite3.Error: nothing of it was kept.
        """
        return await self._run(self._transact_now, work)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work``, which only reads, on the ledger's thread."""
        return await self._run(_call, work)

    def close(self) -> None:
        """Wait for what runs and close the file."""
        self._writer.submit(self._connection.close).result()
        self._writer.shutdown()

    async def _run(
        self,
        how: Callable[[sqlite3.Connection, Callable[[sqlite3.Connection], T]], T],
        work: Callable[[sqlite3.Connection], T],
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, how, self._connection, work)

    @staticmethod
    def _transact_now(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        with _transaction(connection):
            return work(connection)


def _call(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    return work(connection)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After a full disk SQLite may have rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path, migrations: tuple[Migration, ...]) -> sqlite3.Connection:
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _check(path, connection)
        _migrate(path, connection, migrations)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        raise _unusable(path, error) from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return connection


def _unusable(path: Path, error: sqlite3.DatabaseError) -> AigcError:
    if isinstance(error, sqlite3.OperationalError):
        return AigcError(
            "ledger-unavailable",
            f"the ledger {path} cannot be opened: {error}; check its folder, its owner and the "
            "free space",
            ErrorKind.UNAVAILABLE,
        )
    return _damaged(path, str(error))


def _damaged(path: Path, why: str) -> AigcError:
    return AigcError(
        "ledger-damaged",
        f"the ledger {path} is damaged ({why}); put back the last backup, or move the file away "
        "to begin with an empty ledger (running engines then wait for an admin's decision)",
        ErrorKind.INTERNAL,
    )


def _check(path: Path, connection: sqlite3.Connection) -> None:
    row = connection.execute("PRAGMA quick_check(1)").fetchone()
    if row[0] != "ok":
        raise _damaged(path, str(row[0]).splitlines()[0])


def _migrate(path: Path, connection: sqlite3.Connection, migrations: tuple[Migration, ...]) -> None:
    with _transaction(connection):
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
        applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
        newer = sorted(applied - {m.name for m in migrations})
        if newer:
            raise AigcError(
                "ledger-newer",
                f"the ledger {path} was written by a newer version ({newer[-1]}); install that "
                "version or put back a backup made before the update",
                ErrorKind.CONFLICT,
            )
        for migration in migrations:
            if migration.name not in applied:
                migration.migrate(connection)
                connection.execute("INSERT INTO migrations (name) VALUES (?)", (migration.name,))


def audit(
    connection: sqlite3.Connection,
    at: datetime,
    actor: str,
    action: str,
    target: str,
    outcome: str,
    detail: str = "",
) -> None:
    """Write one line of the audit log, within the caller's transaction."""
    connection.execute(
        "INSERT INTO audit (at, actor, action, target, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (at.isoformat(), actor, action, target, outcome, detail),
    )
