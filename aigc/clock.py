"""Time as the programs see it, so that tests can turn the hands (no sleeping to wait)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for durations, and sleep."""

    def now(self) -> datetime:
        """Aware UTC time."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock's monotonic time."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def milliseconds(at: datetime | None) -> int:
    """UTC milliseconds since the epoch, as the wire has it; 0 for None."""
    return 0 if at is None else round(at.timestamp() * 1000)


def from_milliseconds(value: int) -> datetime | None:
    """The reverse of :func:`milliseconds`; None for 0."""
    return None if value == 0 else datetime.fromtimestamp(value / 1000, UTC)
