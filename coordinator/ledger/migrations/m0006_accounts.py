"""Second factors of local accounts, and device codes (RFC 8628). Times are UTC milliseconds."""

from __future__ import annotations

import sqlite3

_STATEMENTS = (
    """CREATE TABLE account_factor (
        subject TEXT PRIMARY KEY,
        secret BLOB NOT NULL,                -- encrypted with the state folder's account.key
        confirmed_at INTEGER,                -- NULL: begun, and not asked for yet
        last_step INTEGER NOT NULL DEFAULT 0 -- no code of this 30 s step or an older one again
    ) STRICT""",
    """CREATE TABLE account_recovery (
        code_hash BLOB PRIMARY KEY,
        subject TEXT NOT NULL,
        used_at INTEGER
    ) STRICT""",
    "CREATE INDEX account_recovery_subject ON account_recovery (subject)",
    """CREATE TABLE issuer_device (
        device_hash BLOB PRIMARY KEY,
        user_hash BLOB NOT NULL UNIQUE,
        client_id TEXT NOT NULL,
        scope TEXT NOT NULL,
        device TEXT NOT NULL,                -- what the program calls its machine
        address TEXT NOT NULL,               -- from which it asked
        state TEXT NOT NULL,                 -- waiting, granted, denied, used
        family TEXT NOT NULL,
        subject TEXT NOT NULL DEFAULT '',    -- who agreed
        auth_time INTEGER NOT NULL DEFAULT 0,
        amr TEXT NOT NULL DEFAULT '',
        poll_seconds INTEGER NOT NULL,
        poll_from INTEGER NOT NULL,          -- polling before then is answered with slow_down
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT""",
    # How somebody signed in (RFC 8176), with spaces between.
    "ALTER TABLE issuer_code ADD COLUMN amr TEXT NOT NULL DEFAULT 'pwd'",
    "ALTER TABLE issuer_grant ADD COLUMN amr TEXT NOT NULL DEFAULT 'pwd'",
    # A key is published from created_at and signs from signs_from.
    "ALTER TABLE issuer_key ADD COLUMN signs_from INTEGER NOT NULL DEFAULT 0",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        connection.execute(statement)
