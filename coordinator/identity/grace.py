"""Grace: while the issuer cannot be reached, sessions go on for a bounded while; admins' never.

The coordinator looks for itself whether the issuer is away: a client's word for it counts nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.people import Role
from coordinator.identity.sessions import SessionRow

EXTENSION = timedelta(minutes=15)
_LOOK_EVERY = timedelta(seconds=10)
_NONE = (Role.ADMIN, Role.AUDITOR)


class Grace:
    """Decides until when a session may go on. ``away()``: whether the issuer is."""

    def __init__(
        self, length: timedelta, away: Callable[[], Awaitable[bool]] | None, clock: Clock
    ) -> None:
        self._length = length
        self._away = away
        self._clock = clock
        self._looked_at: float | None = None
        self._was_away = False
        self._lock = asyncio.Lock()

    async def until(self, row: SessionRow, role: Role) -> datetime:
        """The session's new end. It counts from the last proof of the person, its beginning.

        Raises:
            AigcError: there is no grace for this session now, and why.
        """
        if self._away is None or not self._length:
            raise _refused("here nothing is extended")
        if role in _NONE:
            raise _refused("an admin's or auditor's is never extended")
        end = min(self._clock.now() + EXTENSION, row.created_at + self._length)
        if end <= row.expires_at:
            if end < row.created_at + self._length:
                return row.expires_at  # extended a moment ago, or long enough
            raise _refused("it was extended for as long as the studio allows")
        if not await self._is_away():
            raise _refused("the sign-in service answers")
        return end

    async def _is_away(self) -> bool:
        async with self._lock:
            now = self._clock.monotonic()
            before = self._looked_at
            if before is None or now - before >= _LOOK_EVERY.total_seconds():
                assert self._away is not None
                self._was_away = await self._away()
                self._looked_at = now
            return self._was_away


def _refused(why: str) -> AigcError:
    return AigcError(
        "no-grace", f"The session cannot be extended: {why}. Sign in again.", ErrorKind.CONFLICT
    )
