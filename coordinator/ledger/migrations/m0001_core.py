"""The core's tables: what the studio is, what happened, and who ordered what."""

from __future__ import annotations

import sqlite3

# The current tables hold each row's whole value as JSON, beside the columns that people query.
_TABLES = (
    """
    CREATE TABLE studio (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        ledger_id TEXT NOT NULL,
        revision INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        instance_id TEXT,
        event TEXT NOT NULL,
        cause TEXT NOT NULL,
        from_state TEXT NOT NULL,
        to_state TEXT NOT NULL,
        detail TEXT NOT NULL
    )
    """,
    "CREATE INDEX events_of_instance ON events (instance_id, seq)",
    """
    CREATE TRIGGER events_are_kept BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """,
    """
    CREATE TABLE instances (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        engine_id TEXT NOT NULL,
        name TEXT NOT NULL,
        host TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        node_id TEXT,
        epoch INTEGER NOT NULL,
        value TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE nodes (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        pool TEXT NOT NULL,
        revoked INTEGER NOT NULL,
        value TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE volumes (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        home TEXT,
        writer TEXT,
        value TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE people (
        id TEXT PRIMARY KEY,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        role TEXT NOT NULL,
        disabled INTEGER NOT NULL,
        value TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE residues (
        node_id TEXT NOT NULL,
        instance_id TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (node_id, instance_id)
    )
    """,
    """
    CREATE TABLE signals (
        instance_id TEXT PRIMARY KEY,
        value TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL
    )
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    for table in _TABLES:
        connection.execute(table)
