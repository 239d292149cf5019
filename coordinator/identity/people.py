"""What identity remembers of people: a role given here, and when they were last seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aigc.clock import from_milliseconds
from coordinator.domain.people import PersonId, Role
from coordinator.identity.ports import Ledger

_SEEN_STEP = 60_000  # milliseconds; not written at every sign-in of a busy minute


class PeopleStore:
    """One row per person who was ever seen or given a role."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def override(self, person_id: PersonId) -> Role | None:
        """The role that an admin gave, if any."""
        row = await self._ledger.read(
            lambda c: c.execute(
                "SELECT role_override FROM identity_person WHERE person_id = ?", (person_id,)
            ).fetchone()
        )
        return Role(row[0]) if row and row[0] else None

    async def set_override(self, person_id: PersonId, role: Role) -> None:
        """Remember a role that wins over the claims."""
        await self._ledger.transact(
            lambda c: (
                c.execute(
                    "INSERT INTO identity_person (person_id, role_override) VALUES (?, ?)"
                    " ON CONFLICT (person_id) DO UPDATE SET role_override = excluded.role_override",
                    (person_id, role.value),
                ).rowcount
            )
        )

    async def note_seen(self, person_id: PersonId, now: int) -> None:
        """Remember that somebody signed in at ``now`` (milliseconds)."""
        await self._ledger.transact(
            lambda c: (
                c.execute(
                    "INSERT INTO identity_person (person_id, last_seen) VALUES (?, ?)"
                    " ON CONFLICT (person_id) DO UPDATE SET last_seen = excluded.last_seen"
                    " WHERE excluded.last_seen - last_seen > ?",
                    (person_id, now, _SEEN_STEP),
                ).rowcount
            )
        )

    async def last_seen(self) -> Mapping[PersonId, datetime | None]:
        """When each person signed in last."""
        rows = await self._ledger.read(
            lambda c: c.execute("SELECT person_id, last_seen FROM identity_person").fetchall()
        )
        return {PersonId(row[0]): from_milliseconds(row[1]) for row in rows}
