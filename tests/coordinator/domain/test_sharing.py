"""Sharing: nobody has access whom nobody gives it at that moment, whatever happened before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from coordinator.domain.engine import EngineId
from coordinator.domain.events import (
    DeleteRequested,
    PersonDisabledSet,
    PersonSeen,
    ShareEndRequested,
    ShareRequested,
    StartCause,
    StartRequested,
    StopRequested,
    Ticked,
)
from coordinator.domain.instance import Instance, InstanceId, State, StopReason
from coordinator.domain.people import PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.refusal import Refused
from coordinator.domain.share_orders import SHARES_AT_MOST
from coordinator.domain.sharing import Access, ShareId, access_of, guests_of, shared_with
from coordinator.domain.volume import VolumeId
from coordinator.ledger.records import read_story
from tests.coordinator.bench import Bench
from tests.coordinator.studios import make_person

PEOPLE = [PersonId(p) for p in ("lin", "kai", "mei", "ann")]
LIN, KAI, MEI, ANN = PEOPLE
TEAMS = ["lighting", "layout"]
HOUR = timedelta(hours=1)
GUEST_ACCESS = st.sampled_from([Access.VIEW, Access.USE])


def begin(bench: Bench, owner: PersonId, number: int = 1) -> Instance:
    name = f"{owner}-{number}"
    asked = StartRequested(
        owner,
        InstanceId(name),
        VolumeId(f"v-{name}"),
        f"h-{name}",
        engine_id=EngineId("comfyui"),
        name=name,
    )
    made = bench.say(asked).instance
    assert made is not None
    return made


def team_of(person: PersonId, *teams: str) -> PersonSeen:
    return PersonSeen(replace(make_person(person), teams=teams))


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(policy=Policy(instances_per_engine=9, instances_per_person=9))
    bench.say(*(PersonSeen(make_person(p)) for p in PEOPLE))
    yield bench
    bench.close()


def ask(
    bench: Bench,
    instance: Instance,
    person: PersonId | None = None,
    access: Access = Access.USE,
    lasts: timedelta = 8 * HOUR,
    team: str = "",
    share: str = "s1",
) -> None:
    bench.say(
        ShareRequested(instance.id, instance.owner, ShareId(share), access, lasts, person, team)
    )


def access(bench: Bench, person: PersonId, instance: Instance) -> Access | None:
    return access_of(bench.studio, person, bench.studio.instances[instance.id], bench.now)


def test_a_guest_comes_in_and_is_out_at_the_minute(bench: Bench) -> None:
    mine = begin(bench, LIN)
    assert access(bench, KAI, mine) is None
    ask(bench, mine, KAI, Access.VIEW, timedelta(minutes=30))
    assert [access(bench, p, mine) for p in PEOPLE] == [Access.OWNER, Access.VIEW, None, None]
    assert [i.id for i, _ in shared_with(bench.studio, KAI, bench.now)] == [mine.id]
    bench.wait(30 * 60 - 1)
    assert access(bench, KAI, mine) is Access.VIEW
    bench.now += timedelta(seconds=1)  # before anything was decided anew
    assert access(bench, KAI, mine) is None
    assert not guests_of(bench.studio, bench.studio.instances[mine.id], bench.now)
    bench.say(Ticked())
    assert not bench.studio.shares


def test_the_same_guest_again_changes_the_share(bench: Bench) -> None:
    mine = begin(bench, LIN)
    ask(bench, mine, KAI, Access.USE, share="s1")
    ask(bench, mine, KAI, Access.VIEW, timedelta(minutes=5), share="s2")
    (only,) = bench.studio.shares.values()
    assert (only.id, only.access) == ("s1", Access.VIEW)
    assert only.expires_at == bench.now + timedelta(minutes=5)


def test_of_two_shares_the_one_that_gives_more_counts(bench: Bench) -> None:
    bench.say(team_of(LIN, "lighting"), team_of(KAI, "lighting"))
    mine = begin(bench, LIN)
    ask(bench, mine, None, Access.USE, HOUR, team="lighting", share="s1")
    ask(bench, mine, KAI, Access.VIEW, 5 * HOUR, share="s2")
    assert access(bench, KAI, mine) is Access.USE
    bench.wait(3600)
    assert access(bench, KAI, mine) is Access.VIEW


def test_leaving_the_team_is_leaving_the_engine(bench: Bench) -> None:
    bench.say(team_of(LIN, "lighting"), team_of(KAI, "lighting"))
    mine = begin(bench, LIN)
    ask(bench, mine, team="lighting")
    assert access(bench, KAI, mine) is Access.USE
    bench.say(team_of(KAI, "layout"))
    assert access(bench, KAI, mine) is None
    bench.say(team_of(MEI, "lighting"))
    assert access(bench, MEI, mine) is Access.USE


def test_disabled_and_enabled_again_is_not_let_in_again(bench: Bench) -> None:
    mine = begin(bench, LIN)
    ask(bench, mine, KAI)
    bench.say(PersonDisabledSet(KAI, True, MEI))
    assert access(bench, KAI, mine) is None
    bench.say(PersonDisabledSet(KAI, False, MEI))
    assert access(bench, KAI, mine) is None
    ask(bench, mine, KAI)
    bench.say(PersonDisabledSet(LIN, True, MEI))  # its owner: nobody is there to end it
    assert access(bench, KAI, mine) is None


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"by": KAI}, "not-yours"),
        ({"access": Access.OWNER}, "share-access"),
        ({"lasts": timedelta(minutes=4)}, "share-time"),
        ({"lasts": timedelta(days=30, seconds=1)}, "share-time"),
        ({"person": LIN}, "share-self"),
        ({"person": PersonId("nobody")}, "colleague-unknown"),
        ({"person": ANN}, "colleague-unknown"),
        ({"person": None}, "share-whom"),
        ({"team": "lighting"}, "share-whom"),
        ({"person": None, "team": "lighting"}, "team-unknown"),
        ({"instance_id": InstanceId("nothing")}, "instance-unknown"),
    ],
)
def test_what_cannot_be_shared_says_why_and_changes_nothing(
    bench: Bench, change: dict[str, object], key: str
) -> None:
    mine = begin(bench, LIN)
    bench.say(PersonDisabledSet(ANN, True, MEI))
    before = bench.studio
    good = ShareRequested(mine.id, LIN, ShareId("s1"), Access.USE, HOUR, KAI)
    with pytest.raises(Refused) as caught:
        bench.say(replace(good, **change))  # type: ignore[arg-type]
    assert caught.value.key == key
    assert bench.studio is before
    bench.say(good)


def test_there_is_a_limit_to_shares_of_one_instance(bench: Bench) -> None:
    mine = begin(bench, LIN)
    crowd = [PersonId(f"p{n}") for n in range(SHARES_AT_MOST + 1)]
    bench.say(*(PersonSeen(make_person(p)) for p in crowd))
    for number, guest in enumerate(crowd[:-1]):
        ask(bench, mine, guest, share=f"s{number}")
    with pytest.raises(Refused, match="times already"):
        ask(bench, mine, crowd[-1], share="one-more")
    ask(bench, mine, crowd[0], Access.VIEW, share="changed")  # no further one


@pytest.mark.parametrize("who", [LIN, KAI])
def test_owner_and_guest_may_end_it_and_nobody_else(bench: Bench, who: PersonId) -> None:
    mine = begin(bench, LIN)
    ask(bench, mine, KAI)
    for stranger, share in ((MEI, "s1"), (who, "s2")):
        with pytest.raises(Refused) as caught:
            bench.say(ShareEndRequested(ShareId(share), stranger))
        assert caught.value.key == "share-unknown"
    bench.say(ShareEndRequested(ShareId("s1"), who))
    assert access(bench, KAI, mine) is None
    story = [line.event for line in read_story(bench.connection, mine.id)]
    assert story[-2:] == ["shared", "share-ended"]
    audits = bench.connection.execute("SELECT actor, action, target FROM audit").fetchall()
    assert audits[-2:] == [(LIN, "share", mine.id), (who, "unshare", mine.id)]


def test_it_may_end_any(bench: Bench) -> None:
    mine = begin(bench, LIN)
    ask(bench, mine, KAI)
    bench.say(ShareEndRequested(ShareId("s1"), MEI, as_admin=True))
    assert access(bench, KAI, mine) is None


# --- a guest starts it ----------------------------------------------------------------------


def visit(mine: Instance, guest: PersonId, version: str = "") -> StartRequested:
    return StartRequested(
        guest,
        InstanceId("unused"),
        VolumeId("unused"),
        "unused",
        version=version,
        instance_id=mine.id,
        cause=StartCause.VISIT,
    )


def test_a_guest_who_may_use_it_starts_it_for_its_owner(bench: Bench) -> None:
    mine = begin(bench, LIN)
    bench.say(StopRequested(mine.id, StopReason.BY_CREATOR, LIN))
    ask(bench, mine, KAI, Access.USE)
    started = bench.say(visit(mine, KAI)).instance
    assert started is not None
    assert (started.owner, started.started_by) == (LIN, KAI)
    assert started.state in (State.REQUESTED, State.QUEUED)
    assert not bench.studio.instances_of(KAI)
    bench.say(StopRequested(mine.id, StopReason.BY_CREATOR, LIN))
    again = bench.say(replace(visit(mine, LIN), cause=StartCause.START)).instance
    assert again is not None
    assert again.started_by is None


@pytest.mark.parametrize("given", [Access.VIEW, None])
def test_who_looks_on_or_is_nobody_starts_nothing(bench: Bench, given: Access | None) -> None:
    mine = begin(bench, LIN)
    bench.say(StopRequested(mine.id, StopReason.BY_CREATOR, LIN))
    if given is not None:
        ask(bench, mine, KAI, given)
    with pytest.raises(Refused) as caught:
        bench.say(visit(mine, KAI))
    assert caught.value.key == "not-yours"
    assert bench.studio.instances[mine.id].state is State.STOPPED


def test_a_guest_chooses_no_version(bench: Bench) -> None:
    mine = begin(bench, LIN)
    bench.say(StopRequested(mine.id, StopReason.BY_CREATOR, LIN))
    ask(bench, mine, KAI)
    with pytest.raises(Refused) as caught:
        bench.say(visit(mine, KAI, version="1.0"))
    assert caught.value.key == "not-yours"


# --- any order of events --------------------------------------------------------------------


@dataclass
class Grant:
    """What somebody was told they may do, as a person would remember it."""

    id: str
    instance: InstanceId
    owner: PersonId
    access: Access
    until: datetime
    person: PersonId | None
    team: str


class Sharing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(policy=Policy(instances_per_engine=9, instances_per_person=9))
        self.grants: list[Grant] = []
        self.teams: dict[PersonId, tuple[str, ...]] = dict.fromkeys(PEOPLE, ())
        self.disabled: set[PersonId] = set()
        self.deleted: set[InstanceId] = set()
        self.made: list[Instance] = []
        self.count = 0

    @initialize()
    def people(self) -> None:
        self.bench.say(*(PersonSeen(make_person(p)) for p in PEOPLE))
        self.made = [begin(self.bench, LIN), begin(self.bench, KAI)]

    def teardown(self) -> None:
        self.bench.close()

    @rule(
        which=st.integers(0, 1),
        guest=st.sampled_from(PEOPLE),
        team=st.sampled_from(["", *TEAMS]),
        level=GUEST_ACCESS,
        minutes=st.sampled_from([5, 60, 60 * 24 * 30]),
    )
    def share(self, which: int, guest: PersonId, team: str, level: Access, minutes: int) -> None:
        instance, self.count = self.made[which], self.count + 1
        person = None if team else guest
        lasts = timedelta(minutes=minutes)
        asked = ShareRequested(
            instance.id, instance.owner, ShareId(f"s{self.count}"), level, lasts, person, team
        )
        fine = (
            instance.id not in self.deleted
            and instance.owner not in self.disabled
            and guest != instance.owner
            and guest not in self.disabled
            if person
            else instance.id not in self.deleted
            and instance.owner not in self.disabled
            and team in self.teams[instance.owner]
        )
        try:
            self.bench.say(asked)
        except Refused:
            assert not fine
            return
        assert fine
        same = [
            g for g in self.grants if (g.instance, g.person, g.team) == (instance.id, person, team)
        ]
        share_id = same[0].id if same else asked.new_share_id
        self.grants = [g for g in self.grants if g not in same]
        until = self.bench.now + lasts
        self.grants.append(Grant(share_id, instance.id, instance.owner, level, until, person, team))

    @rule(number=st.integers(0, 9), who=st.sampled_from(PEOPLE))
    def unshare(self, number: int, who: PersonId) -> None:
        if not self.grants:
            return
        grant = self.grants[number % len(self.grants)]
        try:
            self.bench.say(ShareEndRequested(ShareId(grant.id), who))
        except Refused:
            assert who not in (grant.owner, grant.person)
        else:
            self.grants.remove(grant)

    @rule(minutes=st.sampled_from([1, 10, 61]))
    def wait(self, minutes: int) -> None:
        self.bench.wait(minutes * 60)

    @rule(minutes=st.sampled_from([1, 10, 61]))
    def time_passes_unseen(self, minutes: int) -> None:
        self.bench.now += timedelta(minutes=minutes)

    @rule(person=st.sampled_from(PEOPLE), disabled=st.booleans())
    def disable(self, person: PersonId, disabled: bool) -> None:
        self.bench.say(PersonDisabledSet(person, disabled, MEI))
        if disabled:
            self.disabled.add(person)
            self.grants = [g for g in self.grants if person not in (g.owner, g.person)]
        else:
            self.disabled.discard(person)

    @rule(person=st.sampled_from(PEOPLE), teams=st.sets(st.sampled_from(TEAMS)))
    def sign_in(self, person: PersonId, teams: set[str]) -> None:
        self.teams[person] = tuple(sorted(teams))
        self.bench.say(team_of(person, *self.teams[person]))

    @rule(which=st.integers(0, 1))
    def delete(self, which: int) -> None:
        instance = self.made[which]
        if instance.id in self.deleted:
            return
        self.bench.say(DeleteRequested(instance.id, instance.owner))
        self.deleted.add(instance.id)
        self.grants = [g for g in self.grants if g.instance != instance.id]

    @rule()
    def restart(self) -> None:
        self.bench.load()

    @invariant()
    def access_is_what_somebody_gives(self) -> None:
        now = self.bench.now
        self.grants = [g for g in self.grants if now < g.until]
        for person, instance in product(PEOPLE, self.made):
            given = [
                g.access
                for g in self.grants
                if g.instance == instance.id
                and (g.person == person or g.team in self.teams[person])
            ]
            expected = Access.USE if Access.USE in given else Access.VIEW if given else None
            if instance.owner == person:
                expected = Access.OWNER
            if person in self.disabled or instance.id in self.deleted:
                expected = None
            known = self.bench.studio.instances[instance.id]
            assert access_of(self.bench.studio, person, known, now) == expected
            told = guests_of(self.bench.studio, known, now).get(person)
            assert (told and told.access) == (None if expected is Access.OWNER else expected)
            listed = {i.id: s.access for i, s in shared_with(self.bench.studio, person, now)}
            assert listed.get(instance.id) == (None if expected is Access.OWNER else expected)


Sharing.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestSharing = Sharing.TestCase
