"""What identity remembers of people: what their claims said, and a role that was given here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aigc.clock import from_milliseconds
from coordinator.domain.people import PersonId, Role
from coordinator.identity.ports import Connection, Ledger
from coordinator.identity.roles import Problem

_SELECT = (
    "SELECT person_id, role_override, claims_role, claims_problem, last_seen FROM identity_person"
)
_SEEN_STEP = 60_000  # milliseconds; not written at every sign-in of a busy minute


@dataclass(frozen=True, slots=True)
class Remembered:
    """One person's row. ``claims_role`` is None where no sign-in told it yet."""

    override: Role | None = None
    claims_role: Role | None = None
    problem: Problem | None = None
    last_seen: datetime | None = None


class PeopleStore:
    """One row per person who was ever seen or given a role."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def remembered(self, person_id: PersonId) -> Remembered:
        """What is known of that person."""
        return (await self._read("WHERE person_id = ?", person_id)).get(person_id, Remembered())

    async def everybody(self) -> Mapping[PersonId, Remembered]:
        """What is known of each."""
        return await self._read("")

    async def set_override(self, person_id: PersonId, role: Role | None) -> None:
        """Remember a role that wins over the claims; None: they decide again."""
        await self._ledger.transact(lambda c: set_override(c, person_id, role))

    async def note_seen(
        self, person_id: PersonId, now: int, claims_role: Role, problem: Problem | None
    ) -> None:
        """Remember that somebody signed in at ``now`` (milliseconds), and what the claims said."""
        row = (person_id, now, claims_role.value, str(problem or ""))
        await self._ledger.transact(
            lambda c: (
                c.execute(
                    "INSERT INTO identity_person (person_id, last_seen, claims_role,"
                    " claims_problem) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (person_id) DO UPDATE SET last_seen = excluded.last_seen,"
                    " claims_role = excluded.claims_role, claims_problem = excluded.claims_problem"
                    " WHERE excluded.last_seen - last_seen > ?"
                    " OR excluded.claims_role != claims_role"
                    " OR excluded.claims_problem != claims_problem",
                    (*row, _SEEN_STEP),
                ).rowcount
            )
        )

    async def _read(self, where: str, *values: str) -> dict[PersonId, Remembered]:
        rows = await self._ledger.read(lambda c: c.execute(f"{_SELECT} {where}", values).fetchall())
        return {
            PersonId(row[0]): Remembered(
                override=Role(row[1]) if row[1] else None,
                claims_role=Role(row[2]) if row[2] else None,
                problem=Problem.read(row[3]),
                last_seen=from_milliseconds(row[4]),
            )
            for row in rows
        }


def set_override(connection: Connection, person_id: PersonId, role: Role | None) -> int:
    """Within the caller's transaction: see :meth:`PeopleStore.set_override`."""
    return connection.execute(
        "INSERT INTO identity_person (person_id, role_override) VALUES (?, ?)"
        " ON CONFLICT (person_id) DO UPDATE SET role_override = excluded.role_override",
        (person_id, role.value if role else None),
    ).rowcount
