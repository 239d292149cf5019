"""Slows down guessing so that nobody can lock out anybody else.

Three rules, per account (ADR 20):

- An **address** has five attempts, then waits, twice as long after each further failure.
- **Strangers together** have a bounded rate. When it is used up they stand in a line, in which the
  addresses with the fewest failures come first: the owner at a new browser waits at most
  ``LINE_SECONDS`` for each address that somebody guesses from.
- A **known browser** (see ``known_browsers``) counts by itself and never stands in that line; nor
  does a secret that cannot be guessed.

Nothing is locked for good, and memory is bounded.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind

FREE_ATTEMPTS = 5
FIRST_WAIT = 5.0  # seconds; doubled by each further failure
LONGEST_WAIT = 15 * 60.0
LINE_FREE = 30  # attempts of all strangers together before they stand in line
LINE_SECONDS = 10.0  # then one for each of these
LINE_PATIENCE = 60.0  # who does not come in their turn for so long loses the place
_FORGET_AFTER = 60 * 60.0
_KEYS_AT_MOST = 20_000  # memory stays bounded; the least recently tried is forgotten
ACCOUNTS_AT_MOST = 5_000  # that strangers try; the least tried are forgotten
_PLACES_AT_MOST = 20_000  # in all lines together


class TooManyAttemptsError(AigcError):
    """Attributes: retry_after, in whole seconds."""

    def __init__(self, retry_after: float) -> None:
        self.retry_after = max(1, int(-(-retry_after // 1)))
        super().__init__(
            "too-many-attempts",
            f"Too many attempts: wait {self.retry_after} s, then try again.",
            ErrorKind.LIMIT,
        )


@dataclass(frozen=True, slots=True)
class Asker:
    """Who tries: from an address, at a browser that signed in to that account before, or with a
    secret that cannot be guessed."""

    address: str
    known: str = ""  # the known browser's id
    unguessable: bool = False

    @property
    def key(self) -> str:
        """What counts its failures. A whole IPv6 network of one house counts as one address."""
        kind = "!" if self.unguessable else ""
        return f"{kind}browser {self.known}" if self.known else f"{kind}{_network(self.address)}"

    @property
    def stranger(self) -> bool:
        return not self.known and not self.unguessable


@dataclass(slots=True)
class _Tries:
    failures: int
    last: float
    blocked_until: float


@dataclass(slots=True)
class _Place:
    rank: tuple[int, int]  # failures of its address, and who came first
    until: float


@dataclass(slots=True)
class _Line:
    tokens: float
    filled: float
    places: dict[str, _Place] = field(default_factory=dict)


class Throttle:
    """Counts an attempt before its outcome is known, so that parallel guesses count too."""

    def __init__(
        self,
        clock: Clock,
        free: int = FREE_ATTEMPTS,
        line_free: int = LINE_FREE,
        line_seconds: float = LINE_SECONDS,
    ) -> None:
        self._clock = clock
        self._free = free
        self._line_free = line_free
        self._line_seconds = line_seconds
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        self._lines: dict[str, _Line] = {}
        self._places = 0
        self._arrivals = 0

    def attempt(self, account: str, asker: Asker | str) -> None:
        """Count one attempt; a bare address is a stranger's.

        Raises:
            TooManyAttemptsError: this account was tried too often by that asker, or by strangers
                when it is one.
        """
        asker = Asker(asker) if isinstance(asker, str) else asker
        now = self._clock.monotonic()
        key = (account, asker.key)
        tries = self._tries.get(key)
        if tries is None or now - tries.last > _FORGET_AFTER:
            tries = _Tries(0, now, now)
        if tries.blocked_until > now:
            raise TooManyAttemptsError(tries.blocked_until - now)
        if asker.stranger:
            self._stand_in_line(account, asker.key, tries.failures, now)
        tries.failures += 1
        tries.last = now
        over = tries.failures - self._free
        if over >= 0:
            tries.blocked_until = now + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(over, 20))
        self._tries[key] = tries
        self._tries.move_to_end(key)
        while len(self._tries) > _KEYS_AT_MOST:
            self._tries.popitem(last=False)

    def succeeded(self, account: str, asker: Asker | str) -> None:
        """Forget the failures: it was the person."""
        asker = Asker(asker) if isinstance(asker, str) else asker
        self._tries.pop((account, asker.key), None)

    def _stand_in_line(self, account: str, who: str, failures: int, now: float) -> None:
        line = self._lines.get(account)
        if line is None:
            if len(self._lines) >= ACCOUNTS_AT_MOST:
                self._forget_lines(now)
            line = self._lines[account] = _Line(float(self._line_free), now)
        line.tokens += (now - line.filled) / self._line_seconds
        line.tokens = min(float(self._line_free), line.tokens)
        line.filled = now
        self._drop(line, [name for name, place in line.places.items() if place.until < now])
        place = line.places.get(who)
        if place is None:
            self._arrivals += 1
            place = _Place((failures, self._arrivals), now)
        before = sum(other.rank < place.rank for other in line.places.values())
        if line.tokens >= before + 1:
            line.tokens -= 1
            self._drop(line, [who])
            return
        wait = (before + 1 - line.tokens) * self._line_seconds
        place.until = now + wait + LINE_PATIENCE
        if who not in line.places:
            line.places[who] = place
            self._places += 1
        self._bound()
        raise TooManyAttemptsError(wait)

    def _drop(self, line: _Line, names: list[str]) -> None:
        for name in names:
            if line.places.pop(name, None) is not None:
                self._places -= 1

    def _forget_lines(self, now: float) -> None:
        """Make room for a tenth. Names that nobody guesses at go first: a flood of these must not
        give an account that is guessed at its free attempts again."""

        def worth(account: str) -> tuple[bool, float]:
            line = self._lines[account]
            return bool(line.places), -line.tokens - (now - line.filled) / self._line_seconds

        for account in sorted(self._lines, key=worth)[: ACCOUNTS_AT_MOST // 10]:
            self._places -= len(self._lines.pop(account).places)

    def _bound(self) -> None:
        while self._places > _PLACES_AT_MOST:
            longest = max(self._lines.values(), key=lambda line: len(line.places))
            worst = max(longest.places, key=lambda name: longest.places[name].rank)
            self._drop(longest, [worst])


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
