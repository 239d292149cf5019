"""What was refused, in the audit log: at most so many rows a minute, so that guessing does not
fill the disk. Every refusal is in the log too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.ledger import LedgerError, audit

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_PER_MINUTE = 60


class Ledger(Protocol):
    async def transact(self, work: Callable[[Any], _T]) -> _T: ...


class Refusals:
    """Writes refusals down."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._recent: list[float] = []

    async def record(self, actor: str, action: str, target: str, error: AigcError) -> None:
        """Note that ``actor`` was refused ``action`` on ``target``."""
        _log.warning(
            "refused", extra={"actor": actor, "action": action, "target": target, "key": error.key}
        )
        tick = self._clock.monotonic()
        self._recent = [t for t in self._recent if tick - t < 60]
        if len(self._recent) >= _PER_MINUTE:
            return
        self._recent.append(tick)
        now = self._clock.now()
        try:
            await self._ledger.transact(
                lambda connection: audit(
                    connection, now, actor, action, target, "refused", error.key
                )
            )
        except LedgerError:  # a full disk must not turn a clear refusal into a defect
            _log.exception("the refusal is not in the audit log")
