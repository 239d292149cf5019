"""Each life of a coordinator on this ledger, so that a copy of it can be told from it."""

from __future__ import annotations

import sqlite3


def migrate(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE terms (id TEXT PRIMARY KEY, first_revision INTEGER NOT NULL)")
