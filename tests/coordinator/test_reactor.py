"""The reactor on a real ledger: committed before told, nothing lost, timers under a fake clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aigc.errors import AigcError
from coordinator.domain.desired import desired_for
from coordinator.domain.engine import EngineId
from coordinator.domain.events import Phase, StopRequested
from coordinator.domain.instance import InstanceId, State, StopReason
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.policy import Policy
from coordinator.ledger import Ledger, read_story
from coordinator.reactor import Reactor
from tests.coordinator.studios import (
    connect,
    enrol,
    make_engine,
    make_gpu,
    observe,
    seen,
    start,
    whole_set,
)
from tests.standins.clock import FakeClock

ENGINES = {EngineId("comfyui"): make_engine()}
ONE = InstanceId("i1")


@asynccontextmanager
async def reacting(path: Path, clock: FakeClock) -> AsyncIterator[Reactor]:
    ledger = await asyncio.to_thread(Ledger.open, path)
    reactor = Reactor(ledger, ENGINES, Policy(), clock)
    await reactor.load()
    task = asyncio.create_task(reactor.run())
    try:
        yield reactor
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(ledger.close)


async def make_ready(reactor: Reactor) -> None:
    await reactor.ask(enrol("render-01"))
    await reactor.ask(seen("lin"))
    reactor.post(connect("render-01"))
    ledger_id = reactor.studio.ledger_id
    gpus = (make_gpu("GPU-1"),)
    await reactor.ask(whole_set("render-01", ledger_id, 0, gpus=gpus))
    outcome = await reactor.ask(start())
    assert outcome.created
    assert outcome.instance is not None
    assert outcome.instance.state is State.PLACED
    await reactor.ask(observe(outcome.instance, Phase.READY))


async def test_a_start_is_placed_made_ready_and_stopped(tmp_path: Path) -> None:
    async with reacting(tmp_path / "ledger.db", FakeClock()) as reactor:
        await make_ready(reactor)
        instance = reactor.studio.instances[ONE]
        assert instance.state is State.READY
        node = NodeId("render-01")
        assert [r.epoch for r in desired_for(reactor.studio, node).run] == [1]
        await reactor.ask(StopRequested(ONE, StopReason.BY_CREATOR, PersonId("lin")))
        desired = desired_for(reactor.studio, node)
        assert [(e.instance_id, e.epoch) for e in desired.ended] == [(ONE, 1)]
        await reactor.ask(observe(instance, Phase.GONE))
        assert reactor.studio.instances[ONE].state is State.STOPPED
        story = await reactor._ledger.read(lambda c: read_story(c, ONE))
        states = [line.to_state for line in story]
        assert states == ["requested", "placed", "ready", "stopping", "stopped"]


async def test_a_restart_loads_what_was_told(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "ledger.db"
    async with reacting(path, clock) as reactor:
        await make_ready(reactor)
        before = reactor.studio
    async with reacting(path, clock) as reactor:
        assert reactor.studio.instances == before.instances
        assert reactor.studio.volumes == before.volumes
        assert reactor.studio.people == before.people
        assert reactor.studio.revision == before.revision
        assert reactor.studio.ledger_id == before.ledger_id


async def test_a_refusal_is_one_sentence(tmp_path: Path) -> None:
    async with reacting(tmp_path / "ledger.db", FakeClock()) as reactor:
        await reactor.ask(seen("lin"))
        with pytest.raises(AigcError, match="did you mean comfyui") as caught:
            await reactor.ask(start(engine="comfiui"))
        assert caught.value.key == "engine-unknown"
        assert not reactor.studio.instances
