"""Join tokens (their hashes) and the certificates of nodes."""

from __future__ import annotations

import sqlite3


def migrate(connection: sqlite3.Connection) -> None:
    """Times are UTC milliseconds since the epoch."""
    connection.execute(
        """
        CREATE TABLE join_token (
            token_hash BLOB PRIMARY KEY,
            pool TEXT NOT NULL,
            host TEXT NOT NULL,
            created_by TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            used_at INTEGER,
            used_by TEXT
        ) STRICT
        """
    )
    connection.execute(
        """
        CREATE TABLE node_credential (
            node_id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            host TEXT NOT NULL,
            key_hash BLOB NOT NULL,
            serial TEXT NOT NULL,
            previous_serial TEXT NOT NULL DEFAULT '',
            issued_at INTEGER NOT NULL,
            revoked_at INTEGER,
            duplicate_at INTEGER
        ) STRICT
        """
    )
