"""Minute means of eight days, in a file of their own; see ADR 16.

One thread does all of it. The file is never needed to run: one that is damaged is set aside and
begun anew, and while the disk takes nothing the minutes are lost and the log says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import struct
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from coordinator.readings.packing import NOTHING, pack_point, unpack
from coordinator.readings.series import MINUTE_MS, Card, Occupancy, Point

T = TypeVar("T")
_log = logging.getLogger(__name__)

KEPT_MINUTES = 8 * 24 * 60
_BUSY_MILLISECONDS = 2000
_ENTRY = struct.Struct("<IHIHH")  # a card's number and its reading
_LAYOUT = 1  # readings are not migrated: a file of another layout is set aside
# One row a machine and minute: eight cards take 112 bytes, not eight rows.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS machines (
  id INTEGER PRIMARY KEY, node_id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS cards (
  id INTEGER PRIMARY KEY, machine INTEGER NOT NULL, uuid TEXT NOT NULL, name TEXT NOT NULL,
  simulated INTEGER NOT NULL, memory_total_bytes INTEGER, UNIQUE (machine, uuid)) STRICT;
CREATE TABLE IF NOT EXISTS minutes (
  machine INTEGER NOT NULL, minute INTEGER NOT NULL, readings BLOB NOT NULL,
  PRIMARY KEY (machine, minute)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS occupancy (
  minute INTEGER PRIMARY KEY, cards REAL NOT NULL, held REAL NOT NULL, busy REAL,
  waiting REAL NOT NULL) STRICT;
"""
_PUT_CARD = (
    "INSERT INTO cards (machine, uuid, name, simulated, memory_total_bytes) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (machine, uuid) DO UPDATE SET name = excluded.name,"
    " simulated = excluded.simulated, memory_total_bytes = excluded.memory_total_bytes"
    " RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Minute:
    """The means of one machine's cards over the minute that ends at ``minute`` * 60 s."""

    node_id: str
    minute: int
    readings: tuple[tuple[Card, Point], ...]


class ReadingsStore:
    """See the module. Calls wait for its thread; nothing that fails in it is raised."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "readings")
        self._connection: sqlite3.Connection | None = None
        self._numbers: dict[tuple[str, str], tuple[int, Card]] = {}  # of cards, by machine and UUID
        self._failing = False
        self._purged_at = 0

    async def open(self) -> None:
        """Open or make the file."""
        await self._run(self._ready)

    async def close(self) -> None:
        await self._run(self._let_go)
        self._thread.shutdown(wait=False)

    async def write(self, minutes: Sequence[Minute], occupancy: Sequence[Occupancy]) -> None:
        """Keep a batch, in one transaction; once an hour, drop what is too old."""
        await self._run(lambda: self._guarded(lambda c: self._write(c, minutes, occupancy), None))

    async def minutes(
        self,
        node_id: str,
        from_ms: int,
        to_ms: int,
        then: Callable[[list[tuple[Card, list[Point]]]], T],
    ) -> T:
        """What each card of a machine read in ``(from, to]``, through ``then``, on the thread."""
        empty: list[tuple[Card, list[Point]]] = []
        return await self._run(
            lambda: then(self._guarded(lambda c: _minutes(c, node_id, from_ms, to_ms), empty))
        )

    async def occupancy(self, from_ms: int, to_ms: int) -> list[Occupancy]:
        """The samples in ``(from, to]``."""
        empty: list[Occupancy] = []
        return await self._run(
            lambda: self._guarded(lambda c: _occupancy(c, from_ms, to_ms), empty)
        )

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- on the thread ---------------------------------------------------------------------------

    def _guarded(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        connection = self._ready()
        if connection is None:
            return otherwise
        try:
            result = work(connection)
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):  # the first failure is the one that is told
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            self._numbers.clear()
            self._tell_failure(error)
            if _is_damaged(error):
                self._set_aside(error)
            return otherwise
        self._failing = False
        return result

    def _ready(self) -> sqlite3.Connection | None:
        if self._connection is None:
            try:
                self._connection = _connect(self._path)
            except sqlite3.Error as error:
                if not _is_damaged(error):
                    self._tell_failure(error)
                    return None
                self._set_aside(error)
                try:
                    self._connection = _connect(self._path)
                except sqlite3.Error as again:
                    self._tell_failure(again)
        return self._connection

    def _tell_failure(self, error: sqlite3.Error) -> None:
        """Once, until it works again: a full disk is no news each minute."""
        if not self._failing:
            self._failing = True
            _log.warning(
                "readings are not kept", extra={"file": str(self._path), "why": str(error)}
            )

    def _set_aside(self, error: sqlite3.Error) -> None:
        self._let_go()
        aside = self._path.with_name(f"{self._path.name}.damaged")
        _log.error(
            "the file of readings is damaged; it is set aside and a new one begun",
            extra={"file": str(self._path), "aside": str(aside), "why": str(error)},
        )
        try:
            for end in ("-wal", "-shm"):
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
            self._path.replace(aside)
        except OSError as refused:
            _log.error("it cannot be moved", extra={"why": str(refused)})

    def _let_go(self) -> None:
        self._numbers.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):  # what is lost is at most the last minute
                connection.close()

    def _write(
        self,
        connection: sqlite3.Connection,
        minutes: Sequence[Minute],
        occupancy: Iterable[Occupancy],
    ) -> None:
        connection.execute("BEGIN IMMEDIATE")
        rows = []
        for minute in minutes:
            machine = _machine(connection, minute.node_id)
            blob = b"".join(
                _ENTRY.pack(self._number(connection, machine, minute.node_id, card), *packed)
                for card, point in minute.readings
                if (packed := pack_point(point)) != NOTHING
            )
            if blob:
                rows.append((machine, minute.minute, blob))
        connection.executemany("INSERT OR REPLACE INTO minutes VALUES (?, ?, ?)", rows)
        samples = [(o.at_ms // MINUTE_MS, o.cards, o.held, o.busy, o.waiting) for o in occupancy]
        connection.executemany("INSERT OR REPLACE INTO occupancy VALUES (?, ?, ?, ?, ?)", samples)
        latest = max([m.minute for m in minutes] + [s[0] for s in samples], default=0)
        if abs(latest - self._purged_at) >= 60:
            self._purged_at = latest
            _purge(connection, latest - KEPT_MINUTES)
            self._numbers.clear()
        connection.execute("COMMIT")

    def _number(
        self, connection: sqlite3.Connection, machine: int, node_id: str, card: Card
    ) -> int:
        number, known = self._numbers.get((node_id, card.uuid), (0, None))
        if known != card:
            values = (machine, card.uuid, card.name, card.simulated, card.memory_total_bytes)
            number = int(connection.execute(_PUT_CARD, values).fetchone()[0])
            self._numbers[node_id, card.uuid] = (number, card)
        return number


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=_BUSY_MILLISECONDS / 1000, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may cost the last minutes; the ledger is the one that must not lose any.
        connection.execute("PRAGMA synchronous = NORMAL")
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        if layout not in (0, _LAYOUT):
            raise sqlite3.DatabaseError(f"its layout is {layout}, not {_LAYOUT}")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_LAYOUT}")
    except BaseException:  # whatever it is goes on to the caller, and leaves no open file here
        connection.close()
        raise
    return connection


def _is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken; its subclasses mean a full disk, or a defect of ours."""
    return type(error) is sqlite3.DatabaseError


def _machine(connection: sqlite3.Connection, node_id: str) -> int:
    connection.execute("INSERT OR IGNORE INTO machines (node_id) VALUES (?)", (node_id,))
    row = connection.execute("SELECT id FROM machines WHERE node_id = ?", (node_id,)).fetchone()
    return int(row[0])


def _purge(connection: sqlite3.Connection, before: int) -> None:
    for (machine,) in connection.execute("SELECT id FROM machines").fetchall():
        connection.execute(
            "DELETE FROM minutes WHERE machine = ? AND minute < ?", (machine, before)
        )
        rest = connection.execute(
            "SELECT 1 FROM minutes WHERE machine = ? LIMIT 1", (machine,)
        ).fetchone()
        if rest is None:
            connection.execute("DELETE FROM cards WHERE machine = ?", (machine,))
            connection.execute("DELETE FROM machines WHERE id = ?", (machine,))
    connection.execute("DELETE FROM occupancy WHERE minute < ?", (before,))


def _minutes(
    connection: sqlite3.Connection, node_id: str, from_ms: int, to_ms: int
) -> list[tuple[Card, list[Point]]]:
    cards = {
        row[0]: (Card(row[1], row[2], bool(row[3]), row[4]), list[Point]())
        for row in connection.execute(
            "SELECT cards.id, uuid, name, simulated, memory_total_bytes FROM cards"
            " JOIN machines ON machines.id = cards.machine WHERE node_id = ? ORDER BY cards.id",
            (node_id,),
        )
    }
    rows = connection.execute(
        "SELECT minute, readings FROM minutes JOIN machines ON machines.id = minutes.machine"
        " WHERE node_id = ? AND minute > ? AND minute <= ? ORDER BY minute",
        (node_id, from_ms // MINUTE_MS, to_ms // MINUTE_MS),
    )
    for minute, blob in rows:
        whole = len(blob) - len(blob) % _ENTRY.size
        for number, *packed in _ENTRY.iter_unpack(blob[:whole]):
            found = cards.get(number)
            if found is not None:
                percent, memory, celsius, watts = packed
                found[1].append(unpack(minute * MINUTE_MS, (percent, memory, celsius, watts)))
    return [found for found in cards.values() if found[1]]


def _occupancy(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> list[Occupancy]:
    rows = connection.execute(
        "SELECT minute, cards, held, busy, waiting FROM occupancy"
        " WHERE minute > ? AND minute <= ? ORDER BY minute",
        (from_ms // MINUTE_MS, to_ms // MINUTE_MS),
    )
    return [Occupancy(row[0] * MINUTE_MS, *row[1:]) for row in rows]
