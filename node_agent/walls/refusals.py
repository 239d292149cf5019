"""What engines wanted to reach and may not: the kernel's counters become a run's refusals. Pure.

Counters restart when rules are put anew or an element ran out; what was counted before stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

Place = tuple[str, str, int]  # address or name, protocol, port

SHOWN = 10
# Beyond so many places of one run, those seen least are forgotten; the total goes on.
_KEPT = 2048
_PROTOCOLS = {"6": "tcp", "17": "udp"}
_SERVICES = {"domain": 53, "http": 80, "https": 443, "microsoft-ds": 445, "ssh": 22}


@dataclass(frozen=True, slots=True)
class Refusals:
    """One run's. Moments are UTC; ``last`` is None while nothing was refused."""

    since: datetime
    total: int = 0
    last: datetime | None = None
    places: Mapping[Place, int] = field(default_factory=dict)

    def top(self) -> list[tuple[Place, int]]:
        """The most frequent places with their attempts."""
        return sorted(self.places.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one network at one moment: counters of the kernel, names of ours."""

    total: int = 0
    places: Mapping[Place, int] = field(default_factory=dict)


def grown(known: Refusals, before: Reading, after: Reading, now: datetime) -> Refusals:
    """A run's refusals after another reading."""
    total = _difference(before.total, after.total)
    places = dict(known.places)
    told = 0
    for place, count in after.places.items():
        more = _difference(before.places.get(place, 0), count)
        if more:
            places[place] = places.get(place, 0) + more
            told += more
    # An element is counted before the rule that counts all; the sum may be read in between.
    total = max(total, told)
    if not total:
        return known
    if len(places) > _KEPT:
        places = dict(sorted(places.items(), key=lambda item: -item[1])[:_KEPT])
    return replace(known, total=known.total + total, last=now, places=places)


def _difference(before: int, after: int) -> int:
    return after - before if after >= before else after


def place_of(element: tuple[str, ...]) -> Place | None:
    """A counted element (address, protocol, port) as nft writes it; None if it is another."""
    if len(element) != 3:
        return None
    address, protocol, port = element
    number = int(port) if port.isdigit() else _SERVICES.get(port, 0)
    return address, _PROTOCOLS.get(protocol, protocol), number
