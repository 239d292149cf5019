"""Shares of instances, and what an API token is good for; older tokens stay tokens of the API."""

from __future__ import annotations

import sqlite3

_STATEMENTS = (
    """CREATE TABLE shares (
        id TEXT PRIMARY KEY,
        instance_id TEXT NOT NULL,
        value TEXT NOT NULL
    )""",
    "ALTER TABLE identity_token ADD COLUMN scopes TEXT NOT NULL DEFAULT 'api'",  # with spaces
    "ALTER TABLE identity_token ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE identity_token ADD COLUMN instances TEXT NOT NULL DEFAULT '[]'",  # JSON list
)


def migrate(connection: sqlite3.Connection) -> None:
    for statement in _STATEMENTS:
        connection.execute(statement)
