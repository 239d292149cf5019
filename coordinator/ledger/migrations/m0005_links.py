"""What people's claims said, and who of them asks to be taken for a former account.

Times are UTC milliseconds.
"""

from __future__ import annotations

import sqlite3

_STATEMENTS = (
    "ALTER TABLE identity_person ADD COLUMN claims_role TEXT NOT NULL DEFAULT ''",
    # What is odd about the claims of the last sign-in; roles.Problem as text.
    "ALTER TABLE identity_person ADD COLUMN claims_problem TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE identity_link (
        id TEXT PRIMARY KEY,
        asker_id TEXT NOT NULL,
        username TEXT NOT NULL,              -- as the asker wrote it
        proven INTEGER NOT NULL,             -- with the former account's password
        note TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,                 -- open, approved, refused, withdrawn
        asked_at INTEGER NOT NULL,
        decided_at INTEGER NOT NULL DEFAULT 0,
        decided_by TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE UNIQUE INDEX identity_link_open ON identity_link (asker_id) WHERE state = 'open'",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Make the tables and columns."""
    for statement in _STATEMENTS:
        connection.execute(statement)
