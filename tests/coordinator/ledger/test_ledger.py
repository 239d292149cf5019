"""The file: durable, upgraded, never half written, and one sentence when it is unusable."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from aigc.errors import AigcError
from coordinator.domain.instance import Instance
from coordinator.ledger import Ledger, audit, read_audit
from coordinator.ledger.migrations import all_migrations
from coordinator.ledger.migrations.m0001_core import migrate

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await asyncio.to_thread(Ledger.open, tmp_path / "ledger.db")
    yield opened
    await asyncio.to_thread(opened.close)


async def test_settings_of_the_file(ledger: Ledger) -> None:
    def ask(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await ledger.read(ask) == ["wal", 2, 1]


async def test_a_failed_transaction_leaves_nothing(ledger: Ledger) -> None:
    def work(connection: sqlite3.Connection) -> None:
        audit(connection, AT, "it", "try", "x", "done")
        connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(sqlite3.OperationalError):
        await ledger.transact(work)
    assert await ledger.read(read_audit) == []
    await ledger.transact(lambda c: audit(c, AT, "it", "try", "x", "done", "again"))
    (entry,) = await ledger.read(read_audit)
    assert (entry.at, entry.actor, entry.action, entry.detail) == (AT, "it", "try", "again")


async def test_events_are_append_only(ledger: Ledger) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO events VALUES (1, 'now', 'i', 'e', 'c', '', '', '')")

    await ledger.transact(work)
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        await ledger.transact(lambda c: c.execute("UPDATE events SET cause = 'x'").close())


async def test_many_at_once_are_one_after_the_other(ledger: Ledger) -> None:
    def add(connection: sqlite3.Connection) -> int:
        (before,) = connection.execute("SELECT count(*) FROM audit").fetchone()
        audit(connection, AT, "it", "add", str(before), "done")
        return int(before)

    counts = await asyncio.gather(*(ledger.transact(add) for _ in range(20)))
    assert sorted(counts) == list(range(20))


def test_a_damaged_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database, it is a text that somebody put here" * 100)
    with pytest.raises(AigcError, match="is damaged") as caught:
        Ledger.open(path)
    assert caught.value.key == "ledger-damaged"
    assert str(path) in caught.value.message


def test_a_file_with_broken_pages_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger.open(path).close()
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 6] = b"\xff" * (4096 * 5)
    path.write_bytes(content)
    with pytest.raises(AigcError) as caught:
        Ledger.open(path)
    assert caught.value.key == "ledger-damaged"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AigcError) as caught:
        Ledger.open(tmp_path / "nowhere" / "ledger.db")
    assert caught.value.key == "ledger-unavailable"


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO migrations VALUES ('m9999_future')")
    connection.commit()
    connection.close()
    with pytest.raises(AigcError, match="m9999_future") as caught:
        Ledger.open(path)
    assert caught.value.key == "ledger-newer"


def test_an_older_ledger_is_brought_up_to_date(tmp_path: Path) -> None:
    """One that only the first migration made keeps its rows and gets the rest."""
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection)
    connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY)")
    connection.execute("INSERT INTO migrations VALUES ('m0001_core')")
    connection.execute("INSERT INTO studio VALUES (1, 'old', 41)")
    connection.close()
    Ledger.open(path).close()
    connection = sqlite3.connect(path)
    applied = [row[0] for row in connection.execute("SELECT name FROM migrations ORDER BY name")]
    studio = connection.execute("SELECT ledger_id, revision FROM studio").fetchone()
    connection.close()
    assert applied == [m.name for m in all_migrations()]
    assert applied[0] == "m0001_core"
    assert studio == ("old", 41)


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coordinator.ledger import store
    from coordinator.ledger.migrations import Migration

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise sqlite3.IntegrityError("cut off")

    path = tmp_path / "ledger.db"
    monkeypatch.setattr(store, "all_migrations", lambda: (Migration("m0001_broken", broken),))
    with pytest.raises(AigcError):
        Ledger.open(path)
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == []


def test_instances_hold_no_field_that_cannot_be_read_back() -> None:
    from coordinator.ledger.codec import decode, encode
    from tests.coordinator.domain.test_lifecycle import instances

    for instance in instances():
        assert decode(Instance, encode(instance)) == instance


def test_a_row_of_an_older_version_takes_defaults() -> None:
    from coordinator.ledger.codec import decode, encode
    from tests.coordinator.domain.test_lifecycle import BARE

    text = encode(BARE).replace('"delete_wanted":false,', "").replace("{", '{"since":1,', 1)
    assert '"delete_wanted"' not in text
    assert decode(Instance, text) == BARE
    with pytest.raises(ValueError, match="is not"):
        decode(Instance, text.replace('"epoch":1', '"epoch":"one"'))
