"""What an agent must not forget when it is killed: a small SQLite file of its own.

The ledger it obeys, what it has seen of each epoch (so that a failed or ended one is not begun
again), since when a container is unclaimed, and results that were not delivered yet. One writer
thread holds the connection.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from aigc.errors import AigcError, ErrorKind

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
  only INTEGER PRIMARY KEY CHECK (only = 1), ledger_id TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
  instance_id TEXT NOT NULL, epoch INTEGER NOT NULL, gpu_uuids TEXT NOT NULL,
  container_seen INTEGER NOT NULL, started_at_ms INTEGER NOT NULL, ready_at_ms INTEGER NOT NULL,
  fail_reason TEXT NOT NULL, error TEXT NOT NULL, memory_before INTEGER,
  PRIMARY KEY (instance_id, epoch));
CREATE TABLE IF NOT EXISTS unclaimed (
  container_id TEXT PRIMARY KEY, first_seen_ms INTEGER NOT NULL,
  kept_at_ms INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS volume_results (
  order_id TEXT PRIMARY KEY, ok INTEGER NOT NULL, error TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class AcceptedLedger:
    """The ledger obeyed, and the highest revision taken from it; "" before the first.

    Attributes:
        term: which life of a coordinator gave that revision; "" if it came without.
    """

    ledger_id: str = ""
    revision: int = 0
    term: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was seen of one epoch of an instance.

    Attributes:
        container_seen: it once had a container, so a missing one has ended.
        fail_reason: "" or a FailReason; such an epoch is over and never begun again.
        memory_before: bytes in use on its cards before it started, for the weak free proof.
    """

    instance_id: str
    epoch: int
    gpu_uuids: tuple[str, ...] = ()
    container_seen: bool = False
    started_at_ms: int = 0
    ready_at_ms: int = 0
    fail_reason: str = ""
    error: str = ""
    memory_before: int | None = None


@dataclass(frozen=True, slots=True)
class VolumeResult:
    order_id: str
    ok: bool
    error: str


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Since when a container is unclaimed, and when IT last said to keep it (0: never).

    Both are UTC milliseconds.
    """

    first_seen_ms: int
    kept_at_ms: int = 0


class Store:
    """See the module. Made by :meth:`open`; values are served from memory, writes wait for disk."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread
        self.ledger = AcceptedLedger()
        self._runs: dict[tuple[str, int], RunRecord] = {}
        self._unclaimed: dict[str, Unclaimed] = {}
        self._results: dict[str, VolumeResult] = {}

    @classmethod
    async def open(cls, path: Path) -> Store:
        """Open or make the file.

        Raises:
            AigcError: ``agent-state-broken``.
        """
        thread = ThreadPoolExecutor(1, "agent-store")
        loop = asyncio.get_running_loop()
        try:
            store = cls(await loop.run_in_executor(thread, _connect, path), thread)
            await loop.run_in_executor(thread, store._read_all)
        except (sqlite3.Error, OSError) as error:
            thread.shutdown(wait=False)
            raise AigcError(
                "agent-state-broken",
                f"Cannot use the agent's state in {path}: {error}. Check state_dir in agent.toml, "
                "its disk and its owner.",
                ErrorKind.UNAVAILABLE,
            ) from error
        return store

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown(wait=False)

    @property
    def runs(self) -> Mapping[tuple[str, int], RunRecord]:
        return self._runs

    @property
    def unclaimed(self) -> Mapping[str, Unclaimed]:
        """By container id."""
        return self._unclaimed

    @property
    def volume_results(self) -> Mapping[str, VolumeResult]:
        """Results that were not delivered yet, by order id."""
        return self._results

    async def accept(self, ledger: AcceptedLedger) -> None:
        """Obey this ledger from now on; on disk before this returns."""
        await self._write(
            "INSERT INTO ledger (only, ledger_id, revision, term) VALUES (1, ?, ?, ?) "
            "ON CONFLICT (only) DO UPDATE SET ledger_id = excluded.ledger_id, "
            "revision = excluded.revision, term = excluded.term",
            (ledger.ledger_id, ledger.revision, ledger.term),
        )
        self.ledger = ledger

    async def save_run(self, run: RunRecord) -> None:
        if self._runs.get((run.instance_id, run.epoch)) == run:
            return
        self._runs[run.instance_id, run.epoch] = run
        await self._write(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.instance_id,
                run.epoch,
                ",".join(run.gpu_uuids),
                run.container_seen,
                run.started_at_ms,
                run.ready_at_ms,
                run.fail_reason,
                run.error,
                run.memory_before,
            ),
        )

    async def update_run(
        self, key: tuple[str, int], change: Callable[[RunRecord], RunRecord]
    ) -> RunRecord:
        """Change what is known of one epoch; begins a record if there is none."""
        run = change(self._runs.get(key) or RunRecord(*key))
        await self.save_run(replace(run, instance_id=key[0], epoch=key[1]))
        return run

    async def forget_run(self, key: tuple[str, int]) -> None:
        if self._runs.pop(key, None) is not None:
            await self._write("DELETE FROM runs WHERE instance_id = ? AND epoch = ?", key)

    async def save_unclaimed(self, unclaimed: Mapping[str, Unclaimed]) -> None:
        """Replace the whole list."""
        if dict(unclaimed) == self._unclaimed:
            return
        self._unclaimed = dict(unclaimed)
        rows = [(name, u.first_seen_ms, u.kept_at_ms) for name, u in unclaimed.items()]

        def replace_all() -> None:
            self._connection.execute("DELETE FROM unclaimed")
            self._connection.executemany("INSERT INTO unclaimed VALUES (?, ?, ?)", rows)

        await self._in_transaction(replace_all)

    async def save_result(self, result: VolumeResult) -> None:
        self._results[result.order_id] = result
        await self._write(
            "INSERT OR REPLACE INTO volume_results VALUES (?, ?, ?)",
            (result.order_id, result.ok, result.error),
        )

    async def forget_result(self, order_id: str) -> None:
        if self._results.pop(order_id, None) is not None:
            await self._write("DELETE FROM volume_results WHERE order_id = ?", (order_id,))

    async def _write(self, statement: str, values: tuple[object, ...]) -> None:
        await self._in_transaction(lambda: self._connection.execute(statement, values))

    async def _in_transaction(self, work: Callable[[], T]) -> T:
        def run() -> T:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                result = work()
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            return result

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        except sqlite3.Error as error:
            raise AigcError(
                "agent-state-broken",
                f"Cannot write the agent's state: {error}. Free space on its disk.",
                ErrorKind.UNAVAILABLE,
            ) from error

    def _read_all(self) -> None:
        row = self._connection.execute("SELECT ledger_id, revision, term FROM ledger").fetchone()
        if row is not None:
            self.ledger = AcceptedLedger(*row)
        for values in self._connection.execute("SELECT * FROM runs"):
            instance_id, epoch, uuids, seen, started, ready, reason, error, before = values
            self._runs[instance_id, epoch] = RunRecord(
                instance_id,
                epoch,
                tuple(u for u in uuids.split(",") if u),
                bool(seen),
                started,
                ready,
                reason,
                error,
                before,
            )
        for name, first_seen, kept_at in self._connection.execute("SELECT * FROM unclaimed"):
            self._unclaimed[name] = Unclaimed(first_seen, kept_at)
        for order_id, ok, error in self._connection.execute("SELECT * FROM volume_results"):
            self._results[order_id] = VolumeResult(order_id, bool(ok), error)


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    path.chmod(0o600)
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(_SCHEMA)
    # Columns that a file of an older agent does not have.
    _add_column(connection, "ledger", "term", "TEXT NOT NULL DEFAULT ''")
    _add_column(connection, "unclaimed", "kept_at_ms", "INTEGER NOT NULL DEFAULT 0")
    return connection


def _add_column(connection: sqlite3.Connection, table: str, column: str, kind: str) -> None:
    there = connection.execute(f"PRAGMA table_info({table})")
    if not any(row[1] == column for row in there):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
