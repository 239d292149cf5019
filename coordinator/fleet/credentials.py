"""What the ledger keeps of join tokens and of the certificates of nodes: rows and their queries.

Each function receives a connection inside one of the ledger's transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from aigc.clock import from_milliseconds, milliseconds
from aigc.errors import AigcError, ErrorKind


class Connection(Protocol):
    """The part of a database connection that is used here."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any: ...


@dataclass(frozen=True, slots=True)
class NodeCredential:
    """Which certificates of a node are accepted: the current one, and the one before it."""

    node_id: str
    name: str
    host: str  # by which this node reached the coordinator when it joined
    key_hash: bytes
    serial: str
    previous_serial: str
    issued_at: datetime
    revoked_at: datetime | None = None
    duplicate_at: datetime | None = None
    hardware: str = ""  # as its agent tells it; empty: not known
    former_hardware: str = ""

    @property
    def revoked(self) -> bool:
        return self.revoked_at is not None

    def accepts(self, serial: str) -> bool:
        return not self.revoked and serial in (self.serial, self.previous_serial)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a join token stands for."""

    pool: str
    host: str
    created_by: str


_COLUMNS = (
    "node_id, name, host, key_hash, serial, previous_serial, issued_at, revoked_at, duplicate_at,"
    " hardware, former_hardware"
)


def all_credentials(connection: Connection) -> list[NodeCredential]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM node_credential").fetchall()  # noqa: S608
    return [_credential(row) for row in rows]


def put_credential(connection: Connection, credential: NodeCredential) -> None:
    """Write the whole row."""
    connection.execute(
        f"INSERT OR REPLACE INTO node_credential ({_COLUMNS})"  # noqa: S608
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            credential.node_id,
            credential.name,
            credential.host,
            credential.key_hash,
            credential.serial,
            credential.previous_serial,
            milliseconds(credential.issued_at),
            milliseconds(credential.revoked_at) or None,
            milliseconds(credential.duplicate_at) or None,
            credential.hardware,
            credential.former_hardware,
        ),
    )


def add_token(
    connection: Connection, token_hash: bytes, ticket: Ticket, at: datetime, expires_at: datetime
) -> None:
    connection.execute(
        "INSERT INTO join_token (token_hash, pool, host, created_by, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            token_hash,
            ticket.pool,
            ticket.host,
            ticket.created_by,
            milliseconds(at),
            milliseconds(expires_at),
        ),
    )


def use_token(connection: Connection, token_hash: bytes, node_id: str, at: datetime) -> Ticket:
    """Take a join token; only the first caller gets it.

    Raises:
        AigcError: ``join-token-unknown``, ``join-token-used`` or ``join-token-expired``.
    """
    row = connection.execute(
        "SELECT pool, host, created_by, expires_at, used_at, used_by FROM join_token"
        " WHERE token_hash = ?",
        (token_hash,),
    ).fetchone()
    if row is None:
        raise _refused("unknown", "is not known here: copy the whole command again")
    pool, host, created_by, expires_at, used_at, used_by = row
    if used_at is not None:
        when = _time(used_at)
        raise _refused("used", f"was used at {when} by {used_by}; each one works once")
    if milliseconds(at) > expires_at:
        raise _refused("expired", f"ended at {_time(expires_at)}")
    connection.execute(
        "UPDATE join_token SET used_at = ?, used_by = ? WHERE token_hash = ?",
        (milliseconds(at), node_id, token_hash),
    )
    return Ticket(pool, host, created_by)


def forget_old_tokens(connection: Connection, before: datetime) -> None:
    """Tokens that ended long ago are not needed for a clear refusal any more."""
    connection.execute("DELETE FROM join_token WHERE expires_at < ?", (milliseconds(before),))


def _credential(row: Any) -> NodeCredential:
    node_id, name, host, key_hash, serial, previous, issued, revoked, duplicate, *hardware = row
    at = from_milliseconds(issued)
    assert at is not None
    return NodeCredential(
        node_id,
        name,
        host,
        bytes(key_hash),
        serial,
        previous,
        at,
        from_milliseconds(revoked or 0),
        from_milliseconds(duplicate or 0),
        *hardware,
    )


def _refused(why: str, text: str) -> AigcError:
    return AigcError(
        f"join-token-{why}",
        f"The join token {text}. Ask IT for a new one (aigc coordinator join-command).",
        ErrorKind.FORBIDDEN,
    )


def _time(at_ms: int) -> str:
    at = from_milliseconds(at_ms)
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "-"
