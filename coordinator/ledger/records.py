"""A batch into the tables, the tables into a studio, and the story and audit log out of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from coordinator.domain.audit_detail import words_of
from coordinator.domain.draft import Draft, StoryLine
from coordinator.domain.instance import Instance, InstanceId, Signals
from coordinator.domain.node import Node
from coordinator.domain.people import Person
from coordinator.domain.policy import Policy
from coordinator.domain.sharing import Share
from coordinator.domain.studio import Residue, Studio, Term
from coordinator.domain.volume import Volume
from coordinator.ledger.codec import decode, encode
from coordinator.ledger.store import audit

T = TypeVar("T")
Row = tuple[object, ...]

_INSERT_EVENT = (
    "INSERT INTO events (at, instance_id, event, cause, from_state, to_state, detail) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_READ_EVENTS = (
    "SELECT seq, at, instance_id, event, cause, from_state, to_state, detail FROM events "
    "WHERE ?1 IS NULL OR instance_id = ?1 ORDER BY seq DESC LIMIT ?2"
)


_READ_AUDIT = """
SELECT at, actor, action, target, outcome, detail, seq FROM audit
WHERE (:before = 0 OR seq < :before) AND (
  :containing = '' OR actor LIKE :like ESCAPE '\\' OR action LIKE :like ESCAPE '\\'
  OR target LIKE :like ESCAPE '\\' OR outcome LIKE :like ESCAPE '\\'
  OR detail_words(detail) LIKE :like ESCAPE '\\'
  OR actor IN (SELECT value FROM json_each(:known_as))
  OR target IN (SELECT value FROM json_each(:known_as)))
ORDER BY seq DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one batch, made before the writer thread takes them."""

    ledger_id: str
    revision: int
    statements: tuple[tuple[str, tuple[Row, ...]], ...]
    audits: tuple[tuple[datetime, str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    at: datetime
    actor: str
    action: str
    target: str
    outcome: str
    detail: str
    seq: int = 0  # given by the ledger


def batch_of(draft: Draft) -> Batch:
    """Everything that the draft must write."""
    ended = [(key,) for key in draft.changed_shares if key not in draft.shares]
    shares = [draft.shares[key] for key in draft.changed_shares if key in draft.shares]
    gone = [key for key in draft.changed_residues if key not in draft.residues]
    left = [draft.residues[key] for key in draft.changed_residues if key in draft.residues]
    statements = (
        (
            _INSERT_EVENT,
            tuple(
                (
                    line.at.isoformat(),
                    line.instance_id,
                    line.event,
                    line.cause,
                    line.from_state,
                    line.to_state,
                    line.detail,
                )
                for line in draft.story
            ),
        ),
        (
            "INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _rows(draft.changed_instances, draft.instances, _instance_row),
        ),
        (
            "INSERT OR REPLACE INTO nodes VALUES (?, ?, ?, ?, ?)",
            _rows(draft.changed_nodes, draft.nodes, _node_row),
        ),
        (
            "INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?, ?)",
            _rows(draft.changed_volumes, draft.volumes, _volume_row),
        ),
        (
            "INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?, ?, ?)",
            _rows(draft.changed_people, draft.people, _person_row),
        ),
        (
            "INSERT OR REPLACE INTO signals VALUES (?, ?)",
            tuple((i, encode(draft.signals[i])) for i in sorted(draft.changed_signals)),
        ),
        ("DELETE FROM shares WHERE id = ?", tuple(ended)),
        (
            "INSERT OR REPLACE INTO shares VALUES (?, ?, ?)",
            tuple((s.id, s.instance_id, encode(s)) for s in shares),
        ),
        (
            "DELETE FROM residues WHERE node_id = ? AND instance_id = ?",
            tuple(gone),
        ),
        (
            "INSERT OR REPLACE INTO residues VALUES (?, ?, ?)",
            tuple((r.node_id, r.instance_id, encode(r)) for r in left),
        ),
    )
    audits = tuple((a.at, a.actor, a.action, a.target, a.detail) for a in draft.audits)
    return Batch(draft.studio.ledger_id, draft.revision, statements, audits)


def write(connection: sqlite3.Connection, batch: Batch) -> None:
    """All of a batch, within the caller's transaction."""
    for sql, rows in batch.statements:
        if rows:
            connection.executemany(sql, rows)
    for at, actor, action, target, detail in batch.audits:
        audit(connection, at, actor, action, target, "done", detail)
    connection.execute(
        "UPDATE studio SET revision = ? WHERE only = 1 AND ledger_id = ?",
        (batch.revision, batch.ledger_id),
    )


def ledger_identity(connection: sqlite3.Connection, fresh_id: str) -> tuple[str, int]:
    """The ledger's id and revision; an empty ledger takes ``fresh_id``."""
    connection.execute("INSERT OR IGNORE INTO studio VALUES (1, ?, 0)", (fresh_id,))
    row = connection.execute("SELECT ledger_id, revision FROM studio").fetchone()
    return str(row[0]), int(row[1])


def begin_term(connection: sqlite3.Connection, fresh_id: str) -> tuple[int, tuple[Term, ...]]:
    """A coordinator starts on this ledger: the new revision, and all terms so far."""
    connection.execute("UPDATE studio SET revision = revision + 1")
    (revision,) = connection.execute("SELECT revision FROM studio").fetchone()
    connection.execute("INSERT INTO terms VALUES (?, ?)", (fresh_id, revision))
    rows = connection.execute("SELECT id, first_revision FROM terms ORDER BY first_revision")
    return int(revision), tuple(Term(str(row[0]), int(row[1])) for row in rows)


def read_studio(
    connection: sqlite3.Connection,
    ledger_id: str,
    revision: int,
    policy: Policy,
    terms: tuple[Term, ...] = (),
) -> Studio:
    """The studio as it was last committed. Machines are offline until they answer again.

    Raises:
        ValueError: a row cannot be understood.
    """
    nodes = [
        replace(node, online=False, can_start=False) for node in _values(connection, "nodes", Node)
    ]
    instances = list(_values(connection, "instances", Instance))
    volumes = list(_values(connection, "volumes", Volume))
    people = list(_values(connection, "people", Person))
    shares = list(_values(connection, "shares", Share))
    residues = list(_values(connection, "residues", Residue))
    signals = {
        InstanceId(key): decode(Signals, value)
        for key, value in connection.execute("SELECT instance_id, value FROM signals")
    }
    return Studio(
        ledger_id=ledger_id,
        policy=policy,
        revision=revision,
        terms=terms,
        instances={i.id: i for i in instances},
        nodes={n.id: n for n in nodes},
        volumes={v.id: v for v in volumes},
        people={p.id: p for p in people},
        shares={s.id: s for s in shares},
        residues={(r.node_id, r.instance_id): r for r in residues},
        signals=signals,
    )


def read_story(
    connection: sqlite3.Connection, instance_id: InstanceId | None = None, limit: int = 1000
) -> list[StoryLine]:
    """The last lines of one instance's story (or of everything), the oldest first."""
    rows = connection.execute(_READ_EVENTS, (instance_id, limit)).fetchall()
    return [
        StoryLine(
            seq=row[0],
            at=datetime.fromisoformat(row[1]),
            instance_id=row[2],
            event=row[3],
            cause=row[4],
            from_state=row[5],
            to_state=row[6],
            detail=row[7],
        )
        for row in reversed(rows)
    ]


def read_audit(
    connection: sqlite3.Connection,
    limit: int = 200,
    before_seq: int = 0,
    containing: str = "",
    known_as: Iterable[str] = (),
) -> list[AuditEntry]:
    """The last lines of the audit log, the newest first.

    Args:
        before_seq: only older lines than this one; 0: from the newest on.
        containing: only lines with this text, upper or lower case, in any of their words.
        known_as: or whose actor or target is one of these ids.
    """
    connection.create_function("detail_words", 1, _detail_words, deterministic=True)
    like = "%" + containing.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = connection.execute(
        _READ_AUDIT,
        {
            "before": before_seq,
            "containing": containing,
            "like": like,
            "known_as": json.dumps(list(known_as)),
            "limit": limit,
        },
    )
    return [AuditEntry(datetime.fromisoformat(row[0]), *row[1:]) for row in rows]


def _detail_words(kept: str) -> str:
    """Everything that a person may have read there, and what it is made from."""
    said = words_of(kept)
    return "\n".join((said.en, said.zh, kept))


_K = TypeVar("_K", bound=str)


def _rows(keys: Iterable[_K], values: Mapping[_K, T], row: Callable[[T], Row]) -> tuple[Row, ...]:
    return tuple(row(values[key]) for key in sorted(keys))


def _values(connection: sqlite3.Connection, table: str, kind: type[T]) -> Iterable[T]:
    rows = connection.execute(f"SELECT value FROM {table}").fetchall()  # noqa: S608 - our own names
    return [decode(kind, row[0]) for row in rows]


def _instance_row(i: Instance) -> Row:
    node_id = None if i.placement is None else i.placement.node_id
    state = str(i.state)
    return (i.id, i.owner, i.engine_id, i.name, i.host, state, node_id, i.epoch, encode(i))


def _node_row(n: Node) -> Row:
    return (n.id, n.name, n.pool, int(n.revoked), encode(n))


def _volume_row(v: Volume) -> Row:
    writer = None if v.writer is None else f"{v.writer[0]}/{v.writer[1]}"
    return (v.id, v.owner, v.home, writer, encode(v))


def _person_row(p: Person) -> Row:
    return (p.id, p.issuer, p.subject, str(p.role), int(p.disabled), encode(p))
