"""The core on a bench: events in, a studio out, every batch through real tables in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coordinator.domain.decide import conclude, decide
from coordinator.domain.draft import Draft, Outcome, StoryLine
from coordinator.domain.engine import Engine, EngineId
from coordinator.domain.events import Event, NodeObserved, Observed, Ticked
from coordinator.domain.gpu import Gpu
from coordinator.domain.instance import Instance, InstanceId, State
from coordinator.domain.node import NodeId
from coordinator.domain.policy import Policy
from coordinator.domain.studio import Studio
from coordinator.domain.timers import next_deadline
from coordinator.ledger.migrations import all_migrations
from coordinator.ledger.records import (
    batch_of,
    ledger_identity,
    read_story,
    read_studio,
    write,
)
from tests.coordinator.studios import connect, enrol, make_engine, seen

BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Bench:
    """Drives the pure core synchronously; the clock is ``now`` and moves by hand."""

    def __init__(self, *engines: Engine, policy: Policy | None = None) -> None:
        self.now = BEGIN
        self.policy = policy or Policy()
        offered = engines or (make_engine(),)
        self.engines: Mapping[EngineId, Engine] = {e.id: e for e in offered}
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        for migration in all_migrations():
            migration.migrate(self.connection)
        self.studio = Studio("none", self.policy)
        self.load()

    def close(self) -> None:
        self.connection.close()

    def load(self) -> None:
        """As after a restart of the coordinator."""
        ledger_id, revision = ledger_identity(self.connection, "ledger-1")
        studio = read_studio(self.connection, ledger_id, revision, self.policy)
        self.studio = replace(studio, engines=self.engines, loaded_at=self.now)

    def say(self, *events: Event) -> Outcome:
        """One batch; the outcome of its last event. A refusal is raised and changes nothing."""
        draft = Draft(self.studio, self.now)
        outcome = Outcome()
        for event in events:
            outcome = decide(draft, event)
        conclude(draft)
        if draft.must_commit():
            self.connection.execute("BEGIN")
            write(self.connection, batch_of(draft))
            self.connection.execute("COMMIT")
        self.studio = draft.finished()
        if outcome.instance is not None:
            outcome = replace(outcome, instance=self.studio.instances[outcome.instance.id])
        return outcome

    def wait(self, seconds: float) -> None:
        """Let time pass, acting at every deadline on the way, as the reactor does."""
        end = self.now + timedelta(seconds=seconds)
        for _ in range(1000):
            due = next_deadline(self.studio)
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.say(Ticked())
            after = next_deadline(self.studio)
            assert after is None or after > self.now, "a deadline passed and nothing came of it"
        else:
            raise AssertionError("timers do not come to rest")
        self.now = end

    def node(self, name: str, *gpus: Gpu, pool: str = "on-prem", boot: str = "boot-1") -> None:
        """A machine that is enrolled, connected and has shown itself."""
        if NodeId(name) not in self.studio.nodes:
            self.say(enrol(name, pool))
        self.say(connect(name, boot))
        self.show(name, gpus=gpus)

    def show(self, name: str, *observed: Observed, gpus: tuple[Gpu, ...] | None = None) -> None:
        """The node's whole set, at the newest revision."""
        cards = self.studio.nodes[NodeId(name)].gpus if gpus is None else gpus
        ledger_id, revision = self.studio.ledger_id, self.studio.revision
        self.say(NodeObserved(NodeId(name), ledger_id, revision, observed, cards))

    def person(self, name: str = "lin") -> None:
        self.say(seen(name))

    def instance(self, serial: int = 1) -> Instance:
        return self.studio.instances[InstanceId(f"i{serial}")]

    def state(self, serial: int = 1) -> State:
        return self.instance(serial).state

    def story(self, serial: int = 1) -> list[StoryLine]:
        return read_story(self.connection, InstanceId(f"i{serial}"))


def durable_part(studio: Studio) -> tuple[object, ...]:
    """What must survive a restart, for comparing."""
    nodes = {
        n.id: (
            n.name,
            n.pool,
            n.draining,
            n.revoked,
            n.boot_id,
            n.quarantined_gpus,
            n.ledger_refused,
        )
        for n in studio.nodes.values()
    }
    instances = {i.id: replace(i, parts=()) for i in studio.instances.values()}
    volumes = {v.id: replace(v, bytes=None) for v in studio.volumes.values()}
    return (
        studio.ledger_id,
        studio.revision,
        instances,
        nodes,
        volumes,
        studio.people,
        studio.residues,
    )
