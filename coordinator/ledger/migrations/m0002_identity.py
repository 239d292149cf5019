"""Tables of identity. Secrets are kept as hashes: SHA-256 of random ones, argon2id of passwords.

Times are UTC milliseconds.
"""

from __future__ import annotations

import sqlite3

_STATEMENTS = (
    """CREATE TABLE identity_account (
        username TEXT PRIMARY KEY,           -- NFKC, case-folded
        subject TEXT NOT NULL UNIQUE,        -- random; never used again
        name TEXT NOT NULL,
        email TEXT NOT NULL DEFAULT '',
        role TEXT NOT NULL,
        teams TEXT NOT NULL DEFAULT '[]',    -- JSON list
        password_hash TEXT NOT NULL,
        must_change INTEGER NOT NULL DEFAULT 0,
        password_until INTEGER,              -- a one-time password is good until then
        disabled INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE identity_person (
        person_id TEXT PRIMARY KEY,
        role_override TEXT,                  -- set here by an admin; wins over the claims
        last_seen INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE identity_session (
        token_hash BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,                  -- session, web, host, issuer
        person_id TEXT NOT NULL,
        device TEXT NOT NULL DEFAULT '',
        host TEXT NOT NULL DEFAULT '',
        instance_id TEXT NOT NULL DEFAULT '',
        parent TEXT NOT NULL DEFAULT '',     -- id of the session that it dies with
        detail TEXT NOT NULL DEFAULT '',
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        end_at INTEGER NOT NULL              -- sliding stops here
    ) STRICT""",
    "CREATE INDEX identity_session_person ON identity_session (person_id)",
    "CREATE INDEX identity_session_parent ON identity_session (parent)",
    """CREATE TABLE identity_token (
        token_hash BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        person_id TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        last_used INTEGER NOT NULL DEFAULT 0,
        role_limit TEXT NOT NULL             -- never more than the owner had when it was made
    ) STRICT""",
    """CREATE TABLE identity_used (
        hash BLOB PRIMARY KEY,               -- of an ID token that was exchanged
        until INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE identity_setup (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        code_hash BLOB NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE issuer_key (
        kid TEXT PRIMARY KEY,
        private_jwk TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        retired_at INTEGER                   -- no longer signs; published a while longer
    ) STRICT""",
    """CREATE TABLE issuer_code (
        code_hash BLOB PRIMARY KEY,
        family TEXT NOT NULL,
        client_id TEXT NOT NULL,
        redirect_uri TEXT NOT NULL,
        scope TEXT NOT NULL,
        nonce TEXT NOT NULL,
        challenge TEXT NOT NULL,
        subject TEXT NOT NULL,
        auth_time INTEGER NOT NULL,          -- seconds, as in the claim
        expires_at INTEGER NOT NULL,
        used_at INTEGER
    ) STRICT""",
    """CREATE TABLE issuer_grant (
        token_hash BLOB PRIMARY KEY,
        kind TEXT NOT NULL,                  -- access, refresh
        family TEXT NOT NULL,
        client_id TEXT NOT NULL,
        subject TEXT NOT NULL,
        scope TEXT NOT NULL,
        auth_time INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        rotated_at INTEGER,                  -- a newer refresh token exists since then
        retries INTEGER NOT NULL DEFAULT 0   -- uses within the grace after that
    ) STRICT""",
    "CREATE INDEX issuer_grant_family ON issuer_grant (family)",
    "CREATE INDEX issuer_grant_subject ON issuer_grant (subject)",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        connection.execute(statement)
