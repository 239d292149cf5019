"""A studio of machines that obey late, crash, reboot and fall silent, against the invariants.

The machines here are a model of the agent: they act on the last desired set that reached them and
report when they like. What must hold holds on the machines, not only in the ledger.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from coordinator.domain.desired import Desired, VolumeAction, VolumeOrder, desired_for
from coordinator.domain.engine import EngineId
from coordinator.domain.events import (
    ActivitySeen,
    ClockJumped,
    DeleteRequested,
    DoorLost,
    DoorOpened,
    InstanceObserved,
    InstanceReading,
    NodeConnected,
    NodeDeclaredOff,
    NodeDisconnected,
    NodeDrainSet,
    NodeObserved,
    Observed,
    PersonSeen,
    Phase,
    ReadingsTaken,
    RestoreRequested,
    StartCause,
    StartRequested,
    StopRequested,
    Ticked,
    VolumeOrderDone,
)
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.instance import FailReason, InstanceId, Signal, State, StopReason
from coordinator.domain.lifecycle import WAITING, shall_run
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.refusal import Refused
from coordinator.domain.timers import next_deadline, verdict_of
from coordinator.domain.trash import trash_of
from coordinator.domain.volume import VolumeId
from coordinator.domain.wording import instance_line
from tests.coordinator.bench import Bench, durable_part
from tests.coordinator.studios import GIB, enrol, make_engine, make_gpu, make_person

PEOPLE = [PersonId(p) for p in ("lin", "kai", "mei")]
ENGINES = [EngineId(e) for e in ("comfyui", "trainer", "notebook")]
NODES = [NodeId(n) for n in ("render-01", "render-02")]
CARDS = {
    NODES[0]: (make_gpu("GPU-1a"), make_gpu("GPU-1b")),
    NODES[1]: (make_gpu("GPU-2a", 12),),
}
LIVE = (Phase.PREPARING, Phase.STARTING, Phase.READY)
WRITING = frozenset({*LIVE, Phase.STOPPING})
HOLDING = frozenset({*WRITING, Phase.GPU_QUARANTINED})


@dataclass
class Container:
    instance_id: InstanceId
    epoch: int
    gpu_uuids: tuple[GpuUuid, ...]
    volume_id: VolumeId
    phase: Phase = Phase.PREPARING
    fail: FailReason | None = None


@dataclass
class Machine:
    """A model of an agent and its engine."""

    node_id: NodeId
    up: bool = True
    linked: bool = False
    boot: int = 1
    accepted: Desired | None = None
    containers: dict[InstanceId, Container] = field(default_factory=dict)
    confirmed: dict[InstanceId, int] = field(default_factory=dict)
    # Its disk: folders of volumes, and those in the trash.
    live: set[VolumeId] = field(default_factory=set)
    trash: set[VolumeId] = field(default_factory=set)

    def take(self, desired: Desired) -> None:
        kept = self.accepted
        assert kept is None or desired.revision >= kept.revision, "the revision went back"
        self.accepted = desired
        self.reconcile()

    def reconcile(self) -> None:
        """Relist against the last desired set: begin, end, confirm."""
        desired = self.accepted
        if desired is None:
            return
        over = {e.instance_id: e.epoch for e in desired.ended}
        for container in list(self.containers.values()):
            if container.epoch <= over.get(container.instance_id, 0):
                self._end(container)
        for instance_id, epoch in over.items():
            if instance_id not in self.containers:
                self.confirmed[instance_id] = epoch
        for run in desired.run:
            known = self.containers.get(run.instance.id)
            if known is not None and known.epoch != run.epoch:
                self._end(known)
            elif known is None:
                volume_id = run.instance.volume_id
                assert volume_id not in self.trash, "an empty folder instead of somebody's files"
                self.live.add(volume_id)
                self.containers[run.instance.id] = Container(
                    run.instance.id, run.epoch, run.gpu_uuids, run.instance.volume_id
                )
        wanted = {run.instance.id for run in desired.run}
        for instance_id in list(self.confirmed):
            if instance_id not in over or instance_id in wanted:
                del self.confirmed[instance_id]

    def move(self, order: VolumeOrder) -> bool:
        """What an order about a volume comes to; doing it twice is doing it once."""
        volume_id = order.volume_id
        if order.action is VolumeAction.RESTORE:
            if volume_id in self.trash:
                assert volume_id not in self.live
                self.trash.remove(volume_id)
                self.live.add(volume_id)
            return volume_id in self.live
        if any(c.volume_id == volume_id and c.phase in WRITING for c in self.containers.values()):
            return False  # in use
        if order.action is VolumeAction.TRASH:
            self.live.discard(volume_id)
            self.trash.add(volume_id)  # an empty one, if nothing was ever mounted
            return True
        assert volume_id not in self.live, "a volume that is not in the trash was purged"
        self.trash.discard(volume_id)
        return True

    def _end(self, container: Container) -> None:
        if container.phase is not Phase.GPU_QUARANTINED:
            container.phase = Phase.STOPPING

    def whole(self) -> tuple[Observed, ...]:
        here = tuple(
            Observed(
                c.instance_id,
                c.epoch,
                c.phase,
                fail_reason=c.fail,
                gpu_uuids=c.gpu_uuids,
                gpu_work=Signal.IDLE,
            )
            for c in self.containers.values()
        )
        gone = tuple(Observed(i, e, Phase.GONE) for i, e in self.confirmed.items())
        return here + gone


class StudioMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        policy = Policy(instances_per_person=4, instances_per_engine=2, trash_days=1)
        self.bench = Bench(
            make_engine("comfyui", vram_mib=8 * 1024),
            make_engine("trainer", gpus=2),
            make_engine("notebook", gpus=0),
            policy=policy,
        )
        self.serial = 0
        self.machines = {n: Machine(n) for n in NODES}
        for node_id in NODES:
            self.bench.say(enrol(str(node_id)))
        for person in PEOPLE:
            self.bench.say(PersonSeen(make_person(str(person))))

    def teardown(self) -> None:
        self.bench.close()

    # --- people ----------------------------------------------------------------------------

    @rule(
        person=st.sampled_from(PEOPLE),
        engine=st.sampled_from(ENGINES),
        cause=st.sampled_from(StartCause),
    )
    def start(self, person: PersonId, engine: EngineId, cause: StartCause) -> None:
        self.serial += 1
        event = StartRequested(
            person,
            InstanceId(f"i{self.serial}"),
            VolumeId(f"v{self.serial}"),
            f"host{self.serial}",
            engine_id=engine,
            cause=cause,
        )
        outcome = self.bench.say(event)
        assert outcome.instance is not None
        assert outcome.instance.owner == person
        assert outcome.instance.state not in (State.STOPPED, State.FAILED, State.DELETED)
        again = self.bench.say(event)
        assert again.instance is not None
        assert again.instance.id == outcome.instance.id
        assert not again.created

    @rule(data=st.data(), reason=st.sampled_from([StopReason.BY_CREATOR, StopReason.BY_ADMIN]))
    def stop(self, data: st.DataObject, reason: StopReason) -> None:
        alive = self._alive()
        if alive:
            who = data.draw(st.sampled_from(alive))
            self.bench.say(StopRequested(who, reason, PEOPLE[0]))
            instance = self.bench.studio.instances[who]
            assert not shall_run(instance)
            assert instance.state not in WAITING

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        alive = self._alive()
        if alive:
            who = data.draw(st.sampled_from(alive))
            self.bench.say(DeleteRequested(who, PEOPLE[0]))

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        everything = self.bench.studio.instances.values()
        gone = sorted(i.id for i in everything if i.state is State.DELETED)
        if gone:
            self._restore(data.draw(st.sampled_from(gone)))

    @rule(data=st.data(), done=st.booleans(), told=st.booleans(), hours=st.sampled_from([0, 10]))
    def change_ones_mind(self, data: st.DataObject, done: bool, told: bool, hours: int) -> None:
        """Used, deleted, wanted back and started again, at any pace of the machine."""
        self.work_everywhere()
        alive = self._alive()
        if not alive:
            return
        who = data.draw(st.sampled_from(alive))
        owner = self.bench.studio.instances[who].owner
        self.bench.say(DeleteRequested(who, owner))
        if done:
            self.work_everywhere()
        for node in NODES:
            self.move_volumes(node, told)
        if hours:
            self.wait(hours * 3600)
        if self.bench.studio.instances[who].state is not State.DELETED:
            return
        self._restore(who)
        for instance in list(self.bench.studio.instances.values()):
            if instance.restored_from == who and instance.state is State.STOPPED:
                unused = (InstanceId("none"), VolumeId("none"), "none")
                self.bench.say(StartRequested(owner, *unused, instance_id=instance.id))
        if told:
            self.work_everywhere()

    def _restore(self, old_id: InstanceId) -> None:
        """Somebody wants something back: it gets a new name and address, and the old files."""
        old = self.bench.studio.instances[old_id]
        offered = {t.instance.id for t in trash_of(self.bench.studio, old.owner, self.bench.now)}
        self.serial += 1
        new_id = InstanceId(f"i{self.serial}")
        event = RestoreRequested(old.id, old.owner, new_id, f"host{self.serial}")
        before, why = self.bench.studio, ""
        try:
            outcome = self.bench.say(event)
        except Refused as refused:
            why = refused.key
        if why:
            assert self.bench.studio is before
            assert why.startswith("limit-") or old.id not in offered
            return
        assert old.id in offered
        new = outcome.instance
        assert new is not None
        assert (new.id, new.state, new.volume_id) == (new_id, State.STOPPED, old.volume_id)
        assert new.host not in {i.host for i in before.instances.values()}
        with pytest.raises(Refused):  # what was taken out of the trash is not there any more
            self.bench.say(replace(event, new_instance_id=InstanceId("x"), new_host="x"))

    @rule(data=st.data())
    def start_one(self, data: st.DataObject) -> None:
        """What a visit does, to a restored one too."""
        alive = [i for i in self._alive() if not self.bench.studio.instances[i].delete_wanted]
        if alive:
            who = self.bench.studio.instances[data.draw(st.sampled_from(alive))]
            unused = (InstanceId("none"), VolumeId("none"), "none")
            self.bench.say(StartRequested(who.owner, *unused, instance_id=who.id))

    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        alive = self._alive()
        if alive:
            who = data.draw(st.sampled_from(alive))
            epoch = self.bench.studio.instances[who].epoch
            self.bench.say(ActivitySeen(who, epoch, self.bench.now, "POST /prompt"))

    def _alive(self) -> list[InstanceId]:
        return sorted(
            i.id for i in self.bench.studio.instances.values() if i.state is not State.DELETED
        )

    # --- machines --------------------------------------------------------------------------

    @rule(node=st.sampled_from(NODES))
    def link(self, node: NodeId) -> None:
        machine = self.machines[node]
        if not machine.up:
            machine.up = True
            machine.boot += 1
            machine.accepted = None  # a fresh process; what it kept on disk is its revision
        machine.linked = True
        self.bench.say(
            NodeConnected(node, f"{node}-boot-{machine.boot}", cpus=8, memory_bytes=64 * GIB)
        )
        if machine.accepted is not None:  # the process lived on: it shows what it has at once
            self._report(machine)

    @rule(node=st.sampled_from(NODES))
    def unlink(self, node: NodeId) -> None:
        if self.machines[node].linked:
            self.machines[node].linked = False
            self.bench.say(NodeDisconnected(node, "cut off"))

    @rule(node=st.sampled_from(NODES))
    def obey(self, node: NodeId) -> None:
        machine = self.machines[node]
        if machine.linked:
            machine.take(desired_for(self.bench.studio, node))

    @rule(node=st.sampled_from(NODES), told=st.booleans())
    def move_volumes(self, node: NodeId, told: bool) -> None:
        """The orders that stand are obeyed; the answer may be lost, and it is asked again."""
        machine = self.machines[node]
        if not machine.linked:
            return
        for order in desired_for(self.bench.studio, node).volume_orders:
            done = machine.move(order)
            if told:
                self.bench.say(VolumeOrderDone(node, order.order_id, done, "" if done else "no"))

    @rule(node=st.sampled_from(NODES), data=st.data())
    def answer_late(self, node: NodeId, data: st.DataObject) -> None:
        """An answer to an order of long ago arrives once more."""
        volumes = sorted(self.bench.studio.volumes.values(), key=lambda v: v.id)
        if volumes and self.machines[node].linked:
            volume = data.draw(st.sampled_from(volumes))
            action = data.draw(st.sampled_from(VolumeAction))
            before = self.bench.studio.volumes
            late = f"{action}:{volume.id}:{volume.moves - 1}"
            self.bench.say(VolumeOrderDone(node, late, True))
            assert self.bench.studio.volumes == before

    @rule(node=st.sampled_from(NODES))
    def work(self, node: NodeId) -> None:
        """A good while of everything working as it should."""
        if not self.machines[node].linked:
            self.link(node)
        self.obey(node)
        self.relist(node)
        self.progress(node, True)
        self.progress(node, True)
        self.relist(node)
        self.move_volumes(node, True)

    @rule()
    def work_everywhere(self) -> None:
        for node in NODES:
            self.work(node)

    @rule()
    def work_everywhere_again(self) -> None:  # rules are drawn evenly: this doubles its chance
        self.work_everywhere()

    @rule(node=st.sampled_from(NODES))
    def relist(self, node: NodeId) -> None:
        machine = self.machines[node]
        if machine.linked and machine.accepted is not None:
            machine.reconcile()
            self._report(machine)

    def _report(self, machine: Machine) -> None:
        assert machine.accepted is not None
        self.bench.say(
            NodeObserved(
                machine.node_id,
                machine.accepted.ledger_id,
                machine.accepted.revision,
                machine.whole(),
                CARDS[machine.node_id],
            )
        )

    @rule(node=st.sampled_from(NODES), told=st.booleans())
    def progress(self, node: NodeId, told: bool) -> None:
        """Everything on the machine moves one step; ends are told only by the next relist."""
        machine = self.machines[node]
        if not machine.up:
            return
        for container in list(machine.containers.values()):
            if container.phase in (Phase.PREPARING, Phase.STARTING):
                container.phase = LIVE[LIVE.index(container.phase) + 1]
            elif container.phase in (Phase.STOPPING, Phase.GPU_QUARANTINED):
                del machine.containers[container.instance_id]
                machine.confirmed[container.instance_id] = container.epoch
        if told and machine.linked:
            for observed in machine.whole():
                self.bench.say(InstanceObserved(node, observed))

    @rule(node=st.sampled_from(NODES), told=st.booleans())
    def crash(self, node: NodeId, told: bool) -> None:
        machine = self.machines[node]
        for container in machine.containers.values():
            if machine.up and container.phase in (Phase.STARTING, Phase.READY):
                container.phase, container.fail = Phase.EXITED, FailReason.CRASHED
                if told and machine.linked:
                    observed = Observed(
                        container.instance_id,
                        container.epoch,
                        Phase.EXITED,
                        fail_reason=FailReason.CRASHED,
                    )
                    self.bench.say(InstanceObserved(node, observed))
                return

    @rule(node=st.sampled_from(NODES), told=st.booleans())
    def stay_unproven(self, node: NodeId, told: bool) -> None:
        """The container is gone and its card's memory is not free."""
        machine = self.machines[node]
        for container in machine.containers.values():
            if machine.up and container.phase is Phase.STOPPING and container.gpu_uuids:
                container.phase = Phase.GPU_QUARANTINED
                if told and machine.linked:
                    observed = Observed(
                        container.instance_id,
                        container.epoch,
                        Phase.GPU_QUARANTINED,
                        gpu_uuids=container.gpu_uuids,
                    )
                    self.bench.say(InstanceObserved(node, observed))
                return

    @rule(node=st.sampled_from(NODES))
    def vanish(self, node: NodeId) -> None:
        """Somebody removed a container by hand."""
        machine = self.machines[node]
        for container in list(machine.containers.values()):
            if container.phase is Phase.READY:
                del machine.containers[container.instance_id]
                return

    @rule(node=st.sampled_from(NODES))
    def power_off(self, node: NodeId) -> None:
        machine = self.machines[node]
        machine.up = machine.linked = False
        machine.confirmed.clear()
        for container in machine.containers.values():
            container.phase, container.fail = Phase.EXITED, FailReason.CRASHED
        self.bench.say(NodeDisconnected(node, "power"))

    @precondition(lambda self: any(not m.up for m in self.machines.values()))
    @rule()
    def declare_off(self) -> None:
        node = next(m.node_id for m in self.machines.values() if not m.up)
        self.bench.say(NodeDeclaredOff(node, "seen with own eyes", PEOPLE[0]))
        assert not self.bench.studio.placed_on(node)

    @rule(node=st.sampled_from(NODES), draining=st.booleans())
    def drain(self, node: NodeId, draining: bool) -> None:
        self.bench.say(NodeDrainSet(node, draining, PEOPLE[0]))

    @rule(node=st.sampled_from(NODES), work=st.sampled_from(Signal))
    def read(self, node: NodeId, work: Signal) -> None:
        machine = self.machines[node]
        if machine.linked:
            readings = tuple(
                InstanceReading(c.instance_id, c.epoch, work) for c in machine.containers.values()
            )
            self.bench.say(ReadingsTaken(node, instances=readings))

    # --- time and the coordinator itself ---------------------------------------------------

    @rule(seconds=st.sampled_from([1, 20, 120, 1000]))
    def wait(self, seconds: int) -> None:
        """Machines that are linked keep reporting meanwhile."""
        for machine in self.machines.values():
            if machine.linked:
                self.bench.say(ReadingsTaken(machine.node_id))
        self.bench.wait(seconds)

    @rule(hours=st.sampled_from([-10_000, -1, 1, 10_000]))
    def set_the_clock(self, hours: int) -> None:
        before = {i.id: i.state for i in self.bench.studio.instances.values()}
        self.bench.now += timedelta(hours=hours)
        self.bench.say(ClockJumped(timedelta(hours=hours)))
        assert {i.id: i.state for i in self.bench.studio.instances.values()} == before

    @rule(there=st.booleans())
    def gateway(self, there: bool) -> None:
        self.bench.say(DoorOpened() if there else DoorLost())

    @precondition(lambda self: any(v.purge_at for v in self.bench.studio.volumes.values()))
    @rule(hours=st.sampled_from([10, 25]))
    def wait_for_the_trash(self, hours: int) -> None:
        self.wait(hours * 3600)

    @rule()
    def restart_coordinator(self) -> None:
        before = durable_part(self.bench.studio)
        self.bench.load()
        assert durable_part(self.bench.studio) == before, "something told was not in the ledger"
        for machine in self.machines.values():
            machine.linked = False
        self.bench.say(Ticked())

    # --- what must hold --------------------------------------------------------------------

    @invariant()
    def no_card_is_held_twice(self) -> None:
        held = Counter(
            (i.placement.node_id, uuid)
            for i in self.bench.studio.instances.values()
            if i.placement is not None
            for uuid in i.placement.gpu_uuids
        )
        assert not [k for k, n in held.items() if n > 1]
        for machine in self.machines.values():
            used = Counter(
                uuid
                for c in machine.containers.values()
                if c.phase in HOLDING
                for uuid in c.gpu_uuids
            )
            assert not [u for u, n in used.items() if n > 1], f"two containers share {used}"

    @invariant()
    def no_volume_has_two_writers(self) -> None:
        writers = Counter(
            c.volume_id
            for m in self.machines.values()
            for c in m.containers.values()
            if c.phase in WRITING
        )
        assert not [v for v, n in writers.items() if n > 1], f"two writers: {writers}"
        for instance in self.bench.studio.instances.values():
            volume = self.bench.studio.volumes[instance.volume_id]
            if instance.state is State.DELETED:
                continue  # what it wrote may be another one's by now
            assert volume.trashed_at is None
            assert not volume.purging
            if instance.placement is None:
                assert volume.writer is None
            else:
                assert volume.writer == (instance.id, instance.placement.epoch)
                assert not volume.restoring

    @invariant()
    def every_card_is_held_by_somebody_who_says_so(self) -> None:
        """No running container that the ledger neither wants nor orders to end."""
        for machine in self.machines.values():
            desired = desired_for(self.bench.studio, machine.node_id)
            known = {r.instance.id: r.epoch for r in desired.run}
            over = {e.instance_id: e.epoch for e in desired.ended}
            for container in machine.containers.values():
                wanted = known.get(container.instance_id) == container.epoch
                ended = container.epoch <= over.get(container.instance_id, 0)
                assert wanted or ended, f"{container} belongs to nobody"

    @invariant()
    def waiting_is_explained(self) -> None:
        studio = self.bench.studio
        for instance in studio.instances.values():
            line = instance_line(studio, instance, self.bench.now)
            assert line.en
            assert line.zh
            if instance.state is State.QUEUED and studio.queue:
                entry = studio.queue_entry(instance.id)
                assert entry is not None
                assert entry.reason.en
        assert [e.position for e in studio.queue] == list(range(1, len(studio.queue) + 1))
        assert not [i for i in studio.instances.values() if i.state is State.REQUESTED]

    @invariant()
    def a_remembered_verdict_is_the_one_of_now(self) -> None:
        studio = self.bench.studio
        forgetful = replace(studio, verdicts={})
        for instance in studio.instances.values():
            assert verdict_of(studio, instance) == verdict_of(forgetful, instance)

    @invariant()
    def data_is_where_its_owner_expects_it(self) -> None:
        """Nobody shares a volume, and none of a living instance was purged."""
        alive = [self.bench.studio.instances[i].volume_id for i in self._alive()]
        assert len(alive) == len(set(alive))
        for machine in self.machines.values():
            assert not machine.live & machine.trash
            for container in machine.containers.values():
                assert container.phase not in WRITING or container.volume_id in machine.live

    @invariant()
    def hosts_are_never_used_again(self) -> None:
        hosts = [i.host for i in self.bench.studio.instances.values()]
        assert len(hosts) == len(set(hosts))

    @invariant()
    def timers_look_ahead(self) -> None:
        due = next_deadline(self.bench.studio)
        assert due is None or due > self.bench.now - timedelta(microseconds=1)


StudioMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestStudioMachine = StudioMachine.TestCase
