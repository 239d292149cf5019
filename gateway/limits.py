"""Who has how much of the door open now, and what is one too many. No I/O, no clock of its own.

A connection has a :class:`Lease`. It belongs to its address until somebody with a session asks on
it, and to that person from then on. A request counts while it lasts, for its person and its engine
alike. Rates are buckets that :meth:`Limits.refill` fills once a second: a request costs a few
comparisons, and never a look at the clock.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from aigc.door_limits import DoorLimits

# A bucket holds what comes in so many seconds.
BURST_SECONDS = 10
# Refusals are told apart up to so many different ones between two reports.
_MAX_TOLD = 1000


class Excess(NamedTuple):
    """One too many: the answer's status, its key and words, and when to try again."""

    status: int
    key: str
    message: str
    retry_after_seconds: int


class Refusals(NamedTuple):
    """How often one limit refused one person (without one: somebody unknown)."""

    key: str
    person_id: str
    instance_id: str
    times: int


@dataclass(slots=True, eq=False)
class _Holder:
    """One person, engine or address: what it has open."""

    key: str
    tokens: float
    connections: int = 0
    requests: int = 0
    websockets: int = 0

    @property
    def idle(self) -> bool:
        return not (self.connections or self.requests or self.websockets)


_NO_ADDRESS = _Holder("", 0.0)
_RATE = "Too many requests in a short time."


class Limits:
    """See the module."""

    def __init__(self, settings: DoorLimits) -> None:
        self.settings = settings
        self.connections = 0
        self.unknown = 0
        self._people: dict[str, _Holder] = {}
        self._instances: dict[str, _Holder] = {}
        self._addresses: dict[str, _Holder] = {}
        self._refused: Counter[tuple[str, str, str]] = Counter()

    def open(self, address: str) -> Lease | Excess:
        """A connection came; returns its lease, or why it must end."""
        settings = self.settings
        if settings.connections and self.connections >= settings.connections:
            return self._refuse_connection("The gateway has as many connections as it can serve.")
        if settings.unknown_connections and self.unknown >= settings.unknown_connections:
            return self._refuse_connection("Too many visitors who are not signed in.")
        holder = self._address(address)
        most = settings.unknown_connections_per_address
        if most and holder.connections >= most:
            return self._refuse_connection("Too many connections from this address.")
        self.connections += 1
        self.unknown += 1
        holder.connections += 1
        return Lease(self, holder)

    def refill(self, seconds: float) -> None:
        """So many seconds went by: fill the buckets, and forget who has nothing open."""
        settings = self.settings
        _fill(self._people, settings.requests_per_second, seconds)
        _fill(self._addresses, settings.unknown_requests_per_second, seconds)
        _fill(self._instances, 0, seconds)

    def take_refusals(self) -> list[Refusals]:
        """What was refused since the last call."""
        taken = [Refusals(*what, count) for what, count in self._refused.items()]
        self._refused.clear()
        return taken

    def __len__(self) -> int:
        """How many people, engines and addresses are remembered."""
        return len(self._people) + len(self._instances) + len(self._addresses)

    # --- for the leases --------------------------------------------------------------------

    def person(self, person_id: str) -> _Holder:
        holder = self._people.get(person_id)
        if holder is None:
            full = float(self.settings.requests_per_second * BURST_SECONDS)
            holder = self._people[person_id] = _Holder(person_id, full)
        return holder

    def instance(self, instance_id: str) -> _Holder:
        holder = self._instances.get(instance_id)
        if holder is None:
            holder = self._instances[instance_id] = _Holder(instance_id, 0.0)
        return holder

    def refuse(
        self, status: int, key: str, message: str, person_id: str = "", instance_id: str = ""
    ) -> Excess:
        """Count a refusal and word it."""
        what = (key, person_id, instance_id)
        if len(self._refused) >= _MAX_TOLD and what not in self._refused:
            what = (key, "", "")
        self._refused[what] += 1
        return Excess(status, key, message, 1 if status == 429 else 5)

    def _refuse_connection(self, message: str) -> Excess:
        return self.refuse(503, "too-many-connections", message)

    def _address(self, address: str) -> _Holder:
        settings = self.settings
        if not (settings.unknown_connections_per_address or settings.unknown_requests_per_second):
            return _NO_ADDRESS
        key = address_group(address)
        holder = self._addresses.get(key)
        if holder is None:
            full = float(settings.unknown_requests_per_second * BURST_SECONDS)
            holder = self._addresses[key] = _Holder(key, full)
        return holder


class Lease:
    """One connection's part of the limits; made by :meth:`Limits.open`."""

    __slots__ = ("_address", "_instance", "_limits", "_open", "_person", "_websocket")

    def __init__(self, limits: Limits, address: _Holder) -> None:
        self._limits = limits
        self._address = address
        self._person: _Holder | None = None
        self._instance: _Holder | None = None  # while a request is open
        self._websocket = False
        self._open = True

    def begin(self, person_id: str, instance_id: str, websocket: bool) -> Excess | None:
        """A request with a session begins; None: it may. :meth:`end` ends it."""
        person = self._person
        if person is None or person.key != person_id:
            excess = self._belong_to(person_id)
            if excess is not None:
                return excess
            person = self._person
            assert person is not None
        limits = self._limits
        settings = limits.settings
        instance = limits.instance(instance_id)
        if settings.requests_per_second:
            if person.tokens < 1.0:
                return limits.refuse(429, "too-many-requests", _RATE, person_id, instance_id)
            person.tokens -= 1.0
        if websocket:
            most, all_of_them = settings.websockets_per_person, settings.websockets_per_instance
            if most and person.websockets >= most:
                message = "You have too many live connections open: close some tabs."
                return limits.refuse(429, "too-many-websockets", message, person_id, instance_id)
            if all_of_them and instance.websockets >= all_of_them:
                message = "This engine has as many live connections as it may."
                return limits.refuse(503, "engine-busy", message, person_id, instance_id)
            person.websockets += 1
            instance.websockets += 1
        else:
            most, all_of_them = settings.requests_per_person, settings.requests_per_instance
            if most and person.requests >= most:
                message = "You have too many requests open at once."
                return limits.refuse(429, "too-many-at-once", message, person_id, instance_id)
            if all_of_them and instance.requests >= all_of_them:
                message = "This engine has as many requests open as it may."
                return limits.refuse(503, "engine-busy", message, person_id, instance_id)
            person.requests += 1
            instance.requests += 1
        self._instance = instance
        self._websocket = websocket
        return None

    def begin_unknown(self) -> Excess | None:
        """A request without a session; None: it may be looked at."""
        limits = self._limits
        settings = limits.settings
        # Of a person whose session has just ended: it is still that person's connection.
        holder, rate = self._address, settings.unknown_requests_per_second
        if self._person is not None:
            holder, rate = self._person, settings.requests_per_second
        if rate:
            if holder.tokens < 1.0:
                return limits.refuse(429, "too-many-requests", _RATE)
            holder.tokens -= 1.0
        return None

    def end(self) -> None:
        """The request is over, if one was open."""
        instance, person = self._instance, self._person
        if instance is None or person is None:
            return
        self._instance = None
        if self._websocket:
            instance.websockets -= 1
            person.websockets -= 1
        else:
            instance.requests -= 1
            person.requests -= 1

    def close(self) -> None:
        """The connection is gone."""
        if not self._open:
            return
        self.end()
        self._open = False
        self._limits.connections -= 1
        self._leave()

    def _belong_to(self, person_id: str) -> Excess | None:
        limits = self._limits
        person = limits.person(person_id)
        most = limits.settings.connections_per_person
        if most and person.connections >= most:
            message = "You have too many connections open: close some tabs or programs."
            return limits.refuse(429, "too-many-connections", message, person_id)
        self._leave()
        self._person = person
        person.connections += 1
        return None

    def _leave(self) -> None:
        if self._person is not None:
            self._person.connections -= 1
        else:
            self._limits.unknown -= 1
            self._address.connections -= 1


def address_group(address: str) -> str:
    """Whom an address stands for: itself, or its /64, of which one visitor has all."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))


def _fill(holders: dict[str, _Holder], rate: int, seconds: float) -> None:
    full = float(rate * BURST_SECONDS)
    for key, holder in list(holders.items()):
        holder.tokens = min(full, holder.tokens + rate * seconds)
        if holder.idle and holder.tokens >= full:
            del holders[key]
