"""Slows down guessing, per account and address, so that nobody can lock out anybody else."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind

FREE_ATTEMPTS = 5
FIRST_WAIT = 5.0  # seconds; doubled by each further failure
LONGEST_WAIT = 15 * 60.0
_FORGET_AFTER = 60 * 60.0
_KEYS_AT_MOST = 20_000  # memory stays bounded; the least recently tried is forgotten


class TooManyAttemptsError(AigcError):
    """Attributes: retry_after, in whole seconds."""

    def __init__(self, retry_after: float) -> None:
        self.retry_after = max(1, round(retry_after))
        super().__init__(
            "too-many-attempts",
            f"Too many attempts from here: wait {self.retry_after} s, then try again.",
            ErrorKind.LIMIT,
        )


@dataclass(slots=True)
class _Tries:
    failures: int
    last: float
    blocked_until: float


class Throttle:
    """Counts an attempt before its outcome is known, so that parallel guesses count too."""

    def __init__(self, clock: Clock, free: int = FREE_ATTEMPTS) -> None:
        self._clock = clock
        self._free = free
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    def attempt(self, account: str, address: str) -> None:
        """Count one attempt.

        Raises:
            TooManyAttemptsError: this account was tried too often from this address.
        """
        now = self._clock.monotonic()
        key = (account, address)
        tries = self._tries.get(key)
        if tries is None or now - tries.last > _FORGET_AFTER:
            tries = self._tries[key] = _Tries(0, now, now)
        self._tries.move_to_end(key)
        if tries.blocked_until > now:
            raise TooManyAttemptsError(tries.blocked_until - now)
        tries.failures += 1
        tries.last = now
        over = tries.failures - self._free
        if over >= 0:
            tries.blocked_until = now + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(over, 20))
        while len(self._tries) > _KEYS_AT_MOST:
            self._tries.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures: it was the person."""
        self._tries.pop((account, address), None)
