"""The limits' arithmetic: never more open than allowed, nothing forgotten, nothing kept."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aigc.door_limits import DoorLimits, read_door_limits, write_door_limits
from aigc.errors import AigcError
from gateway.limits import BURST_SECONDS, Excess, Lease, Limits, address_group

SMALL = DoorLimits(
    connections=12,
    unknown_connections=6,
    unknown_connections_per_address=3,
    unknown_requests_per_second=2,
    connections_per_person=4,
    requests_per_person=3,
    websockets_per_person=2,
    requests_per_second=5,
    requests_per_instance=5,
    websockets_per_instance=3,
)
PEOPLE = ("lin", "mei", "wu")
ENGINES = ("comfy", "jupyter")
ADDRESSES = ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2")


class Door(RuleBasedStateMachine):
    """Connections that come, ask and go in any order, beside a model that counts them anew."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(SMALL)
        self.leases: list[Lease] = []
        self.address: dict[Lease, str] = {}
        self.person: dict[Lease, str] = {}
        self.request: dict[Lease, tuple[str, str, bool]] = {}
        self.asked: dict[str, float] = {}

    @rule(address=st.sampled_from(ADDRESSES))
    def connect(self, address: str) -> None:
        unknown = [x for x in self.leases if x not in self.person]
        group = address_group(address)
        near = [x for x in unknown if address_group(self.address[x]) == group]
        full = len(self.leases) >= 12 or len(unknown) >= 6 or len(near) >= 3
        found = self.limits.open(address)
        assert isinstance(found, Excess) == full
        if isinstance(found, Lease):
            self.leases.append(found)
            self.address[found] = address

    @precondition(lambda self: self.leases)
    @rule(
        data=st.data(),
        person=st.sampled_from(PEOPLE),
        engine=st.sampled_from(ENGINES),
        websocket=st.booleans(),
    )
    def ask(self, data: st.DataObject, person: str, engine: str, websocket: bool) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        if lease in self.request:
            return
        theirs = [x for x in self.leases if self.person.get(x) == person]
        if self.person.get(lease) != person:
            if len(theirs) >= 4:
                assert isinstance(lease.begin(person, engine, websocket), Excess)
                return
            self.person[lease] = person
        mine = [r for r in self.request.values() if r[0] == person and r[2] == websocket]
        here = [r for r in self.request.values() if r[1] == engine and r[2] == websocket]
        too_fast = self.asked.get(person, 0.0) > 5 * BURST_SECONDS - 1
        too_many = len(mine) >= (2 if websocket else 3) or len(here) >= (3 if websocket else 5)
        excess = lease.begin(person, engine, websocket)
        assert (excess is not None) == (too_fast or too_many)
        if not too_fast:
            self.asked[person] = self.asked.get(person, 0.0) + 1
        if excess is None:
            self.request[lease] = (person, engine, websocket)
        else:
            assert excess.status in (429, 503)
            assert excess.retry_after_seconds > 0
            assert excess.message

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), twice=st.booleans())
    def end(self, data: st.DataObject, twice: bool) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        self.request.pop(lease, None)
        for _ in range(1 + twice):
            lease.end()

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), twice=st.booleans())
    def disconnect(self, data: st.DataObject, twice: bool) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        self.leases.remove(lease)
        self.request.pop(lease, None)
        self.person.pop(lease, None)
        for _ in range(1 + twice):
            lease.close()

    @rule(seconds=st.sampled_from([1.0, 1.5, 4.0]))
    def wait(self, seconds: float) -> None:
        self.limits.refill(seconds)
        self.asked = {p: max(0.0, n - 5 * seconds) for p, n in self.asked.items()}

    @invariant()
    def nothing_is_lost_or_kept(self) -> None:
        assert self.limits.connections == len(self.leases)
        assert self.limits.unknown == len([x for x in self.leases if x not in self.person])

    def teardown(self) -> None:
        for lease in self.leases:
            lease.close()
        self.limits.refill(2 * BURST_SECONDS)
        assert len(self.limits) == 0, "somebody who is gone is remembered"


TestDoor = Door.TestCase
TestDoor.settings = hypothesis_settings(max_examples=60, stateful_step_count=60, deadline=None)


def test_somebody_who_is_refused_is_counted_once_a_time() -> None:
    limits = Limits(SMALL)
    leases = [lease for _ in range(4) if isinstance(lease := limits.open("10.0.0.1"), Lease)]
    assert len(leases) == 3
    for _ in range(4):
        assert leases[0].begin("lin", "comfy", True) is None
        leases[0].end()
    assert [r[:4] for r in limits.take_refusals()] == [("too-many-connections", "", "", 1)]
    assert limits.take_refusals() == []
    # Whoever invents names does not fill the memory: what is too much is counted together.
    for number in range(3000):
        limits.refuse(429, "too-many-requests", "", f"person-{number}")
    taken = limits.take_refusals()
    assert len(taken) == 1001
    assert sum(refusal.times for refusal in taken) == 3000


def test_a_page_of_a_thousand_files_passes_with_the_defaults() -> None:
    limits = Limits(DoorLimits())
    leases = [lease for _ in range(6) if isinstance(lease := limits.open("10.0.0.1"), Lease)]
    for number in range(4000):
        lease = leases[number % 6]
        assert lease.begin("lin", "comfy", False) is None
        lease.end()


def test_zero_is_no_limit() -> None:
    none = DoorLimits(**{field.name: 0 for field in fields(DoorLimits)})
    limits = Limits(none)
    for _ in range(10_000):
        lease = limits.open("10.0.0.1")
        assert isinstance(lease, Lease)
        assert lease.begin_unknown() is None
        assert lease.begin("lin", "comfy", True) is None


def test_strangers_have_a_rate_of_their_own() -> None:
    limits = Limits(SMALL)
    first, second = limits.open("10.0.0.1"), limits.open("10.0.0.2")
    assert isinstance(first, Lease)
    assert isinstance(second, Lease)
    answers = [first.begin_unknown() for _ in range(21)]
    assert answers[:20] == [None] * 20
    assert answers[20] is not None
    assert answers[20].status == 429
    assert second.begin_unknown() is None
    limits.refill(1.0)
    assert [first.begin_unknown() is None for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_one_visitor_has_a_whole_network_of_ipv6(address: str, group: str) -> None:
    assert address_group(address) == group


def test_limits_as_words() -> None:
    limits = DoorLimits(requests_per_second=0, idle_seconds=5)
    words = write_door_limits(limits)
    assert sorted(words) == ["idle_seconds=5", "requests_per_second=0"]
    assert read_door_limits(words) == limits
    assert write_door_limits(DoorLimits()) == []
    for word in ("requests=1", "idle_seconds=-1", "idle_seconds=x", "idle_seconds", "=1", "²=²"):
        with pytest.raises(AigcError, match="limit"):
            read_door_limits([word])
