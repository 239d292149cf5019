"""The pure plan: each rule by example, and all of them under any history."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from node_agent import plan
from node_agent.engines.driver import Container, ContainerState
from node_agent.plan import Desired, Over, Wanted
from node_agent.store import AcceptedLedger, RunRecord


def container(
    instance_id: str, epoch: int, state: ContainerState = ContainerState.RUNNING
) -> Container:
    return Container(f"{instance_id}.{epoch}", instance_id, epoch, state, (), None, "/", "", None)


def wanted(*pairs: tuple[str, int], ended: tuple[tuple[str, int], ...] = ()) -> Desired:
    return Desired({i: Wanted(i, e, 5.0) for i, e in pairs}, {i: Over(i, e, 5.0) for i, e in ended})


def test_a_ledger_is_obeyed_only_forward() -> None:
    none = AcceptedLedger()
    kept = AcceptedLedger("a", 5)
    assert plan.accepts(none, "a", 1)
    assert plan.accepts(kept, "a", 5)
    assert plan.accepts(kept, "a", 6)
    assert not plan.accepts(kept, "a", 4)
    assert not plan.accepts(kept, "b", 99)
    assert not plan.accepts(none, "", 1)


def test_a_copy_of_the_ledger_that_lives_on_is_told_from_it() -> None:
    first, second = plan.Term("t1", 1), plan.Term("t2", 10)
    twin = plan.Term("t3", 10)  # of a coordinator on a copy, made before revision 10
    kept = AcceptedLedger("a", 12, "t2")
    assert plan.accepts(kept, "a", 12, [first, second])
    assert plan.accepts(kept, "a", 20, [first, second, plan.Term("t4", 15)])
    assert not plan.accepts(kept, "a", 99, [first, twin])
    # It took more of its term than the ledger knows that is shown: a copy from before.
    assert not plan.accepts(AcceptedLedger("a", 12, "t1"), "a", 99, [first, twin])
    assert plan.accepts(AcceptedLedger("a", 9, "t1"), "a", 10, [first, twin])
    # Terms are told for so long only; and there was a time without.
    assert plan.accepts(AcceptedLedger("a", 3, "t0"), "a", 99, [plan.Term("t9", 50)])
    assert plan.accepts(AcceptedLedger("a", 12), "a", 13, [first, second])
    assert plan.accepts(kept, "a", 13)


def test_without_a_desired_set_everything_is_taken_as_it_is() -> None:
    runs, over = container("a", 1), container("b", 2, ContainerState.EXITED)
    found = plan.decide(None, [runs, over], {}, ())
    assert found == [plan.Adopt(runs), plan.MarkExited(("b", 2), over)]


def test_an_epoch_that_had_a_container_is_not_begun_twice() -> None:
    seen = RunRecord("a", 1, container_seen=True)
    failed = RunRecord("a", 1, fail_reason="start")
    assert plan.decide(wanted(("a", 1)), [], {}, ()) == [plan.Begin(("a", 1))]
    assert plan.decide(wanted(("a", 1)), [], {("a", 1): seen}, ()) == [
        plan.MarkExited(("a", 1), None)
    ]
    assert plan.decide(wanted(("a", 1)), [], {("a", 1): failed}, ()) == [
        plan.ConfirmFailed(("a", 1))
    ]
    assert plan.decide(wanted(("a", 1)), [], {}, [("a", 1)]) == []


def test_what_is_older_goes_before_what_is_new() -> None:
    old = container("a", 1)
    assert plan.decide(wanted(("a", 2)), [old], {}, ()) == [plan.Stop(old, 5.0)]
    assert plan.decide(wanted(("a", 2)), [], {}, [("a", 1)]) == []
    assert plan.decide(wanted(("a", 2)), [], {}, ()) == [plan.Begin(("a", 2))]


def test_only_what_the_ledger_says_is_over_is_stopped() -> None:
    known, newer, foreign = container("a", 2), container("b", 3), container("c", 1)
    desired = wanted(ended=(("a", 2), ("b", 2)))
    assert plan.decide(desired, [known, newer, foreign], {}, ()) == [
        plan.Stop(known, 5.0),
        plan.Quarantine(newer),
        plan.Quarantine(foreign),
        plan.ConfirmGone(("b", 2)),
    ]


IDS = st.sampled_from(["a", "b", "c"])
EPOCHS = st.integers(1, 4)
CONTAINERS = st.builds(container, IDS, EPOCHS, st.sampled_from(list(ContainerState)))


@settings(max_examples=300, deadline=None)
@given(
    run=st.dictionaries(IDS, EPOCHS),
    ended=st.dictionaries(IDS, EPOCHS),
    containers=st.lists(CONTAINERS, max_size=6, unique_by=lambda c: c.container_id),
    working=st.sets(st.tuples(IDS, EPOCHS), max_size=3),
)
def test_nothing_is_stopped_that_should_run_or_is_unknown(
    run: dict[str, int],
    ended: dict[str, int],
    containers: list[Container],
    working: set[tuple[str, int]],
) -> None:
    desired = wanted(*run.items(), ended=tuple(ended.items()))
    found = plan.decide(desired, containers, {}, working)
    stopped = [a.container for a in found if isinstance(a, plan.Stop)]
    for one in stopped:
        assert run.get(one.instance_id) != one.epoch
        over = one.epoch <= ended.get(one.instance_id, 0)
        assert over or one.epoch < run.get(one.instance_id, 0)
    for action in found:
        if isinstance(action, plan.ConfirmGone):
            instance_id, epoch = action.key
            assert not [c for c in containers if c.instance_id == instance_id and c.epoch <= epoch]
        if isinstance(action, plan.Begin):
            mine = [c for c in containers if c.instance_id == action.key[0]]
            assert all(c.epoch == action.key[1] for c in mine)
    about = [a.container for a in found if isinstance(a, plan.Stop | plan.Adopt | plan.Quarantine)]
    assert len({c.container_id for c in about}) == len(about)


class Machine(RuleBasedStateMachine):
    """A machine that carries plans out at once, under a coordinator that raises epochs.

    The containers here stand in for the driver's boundary; the real drivers meet the same plan in
    test_reconciler.py.
    """

    def __init__(self) -> None:
        super().__init__()
        self.desired = wanted()
        self.containers: dict[str, Container] = {}
        self.records: dict[tuple[str, int], RunRecord] = {}
        self.epochs: dict[str, int] = {}
        self.begun: list[tuple[str, int]] = []
        self.foreign: set[str] = set()
        self.gone: set[tuple[str, int]] = set()

    @rule(instance_id=IDS)
    def place(self, instance_id: str) -> None:
        epoch = self.epochs.get(instance_id, 0) + 1
        over = self.desired.ended.get(instance_id)
        if instance_id in self.desired.run or (over and (instance_id, over.epoch) not in self.gone):
            return  # the coordinator waits for the confirmation
        self.epochs[instance_id] = epoch
        ended = {i: o for i, o in self.desired.ended.items() if i != instance_id}
        run = {**self.desired.run, instance_id: Wanted(instance_id, epoch, 5.0)}
        self.desired = Desired(run, ended)

    @rule(instance_id=IDS)
    def release(self, instance_id: str) -> None:
        one = self.desired.run.get(instance_id)
        if one is None:
            return
        run = {i: w for i, w in self.desired.run.items() if i != instance_id}
        ended = {**self.desired.ended, instance_id: Over(instance_id, one.epoch, 5.0)}
        self.desired = Desired(run, ended)

    @rule(instance_id=IDS)
    def die(self, instance_id: str) -> None:
        for name, one in self.containers.items():
            if one.instance_id == instance_id and name not in self.foreign:
                self.containers[name] = replace(one, state=ContainerState.EXITED)

    @rule()
    def appear(self) -> None:
        one = container("z", 1)
        self.containers[one.container_id] = one
        self.foreign.add(one.container_id)

    @rule()
    def reconcile(self) -> None:
        for action in plan.decide(self.desired, self.containers.values(), self.records, working=()):
            match action:
                case plan.Begin(key):
                    assert key not in self.begun, "begun twice"
                    self.begun.append(key)
                    one = container(*key)
                    self.containers[one.container_id] = one
                    self.records[key] = RunRecord(*key, container_seen=True)
                case plan.Stop(one, _):
                    del self.containers[one.container_id]
                case plan.ConfirmGone(key):
                    self.gone.add(key)
                case _:
                    pass

    @invariant()
    def unknown_containers_stay(self) -> None:
        assert self.foreign <= set(self.containers)

    @invariant()
    def one_container_per_instance(self) -> None:
        running = [c.instance_id for c in self.containers.values()]
        assert len(running) == len(set(running))

    @invariant()
    def gone_means_gone(self) -> None:
        for instance_id, epoch in self.gone:
            assert not [
                c
                for c in self.containers.values()
                if c.instance_id == instance_id and c.epoch <= epoch
            ]


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
