"""The reactor on a real ledger: committed before told, nothing lost, timers under a fake clock."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aigc.errors import AigcError, ErrorKind
from coordinator.domain.desired import desired_for
from coordinator.domain.engine import EngineId
from coordinator.domain.events import (
    ActivitySeen,
    Event,
    InstanceObserved,
    Observed,
    Phase,
    StopRequested,
    Ticked,
)
from coordinator.domain.instance import InstanceId, State, StopReason
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.timers import next_deadline
from coordinator.ledger import Ledger, read_story
from coordinator.reactor import Outcome, Reactor, worth_keeping
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
from tests.standins.clock import FakeClock, settle

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
    await settle()  # the reactor sleeps towards its next deadline now


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
        # A life of its own on this ledger: a copy that is started has another.
        assert reactor.studio.revision == before.revision + 1
        assert list(reactor.studio.terms[:-1]) == list(before.terms)
        assert reactor.studio.terms[-1].first_revision == before.revision + 1
        assert reactor.studio.ledger_id == before.ledger_id


async def test_a_refusal_is_one_sentence(tmp_path: Path) -> None:
    async with reacting(tmp_path / "ledger.db", FakeClock()) as reactor:
        await reactor.ask(seen("lin"))
        with pytest.raises(AigcError, match="did you mean comfyui") as caught:
            await reactor.ask(start(engine="comfiui"))
        assert caught.value.key == "engine-unknown"
        assert not reactor.studio.instances


async def until(reactor: Reactor, wanted: State) -> None:
    """Wait for a state, however loaded the machine is."""
    async with asyncio.timeout(20):
        while reactor.studio.instances[ONE].state is not wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_timers_act_by_themselves(tmp_path: Path) -> None:
    """Nobody says anything any more: silence, then the end of the grace (pitfall 23)."""
    clock = FakeClock()
    async with reacting(tmp_path / "ledger.db", clock) as reactor:
        await make_ready(reactor)
        await clock.advance(16)
        await until(reactor, State.UNREACHABLE)
        await settle_timers(reactor)
        await clock.advance(91)
        await until(reactor, State.LOST)


class WallClock(FakeClock):
    """Its wall clock can be set, which moves no time."""

    set_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.set_by


async def test_a_clock_that_is_set_is_noticed(tmp_path: Path) -> None:
    """Pitfall 23: an hour's jump is no hour of silence, for machines or for people."""
    clock = WallClock()
    async with reacting(tmp_path / "ledger.db", clock) as reactor:
        await make_ready(reactor)
        before = reactor.studio.instances[ONE].ready_at
        assert before is not None
        for jump in (timedelta(hours=30), timedelta(hours=-30)):
            clock.set_by += jump
            await reactor.ask(Ticked())
            await settle_timers(reactor)
            assert reactor.studio.instances[ONE].state is State.READY
            assert reactor.studio.instances[ONE].ready_at == before + clock.set_by
        await clock.advance(16)
        await until(reactor, State.UNREACHABLE)


async def settle_timers(reactor: Reactor) -> None:
    """Until the reactor sleeps towards its next deadline again."""
    await reactor.ask(Ticked())
    for _ in range(20):
        await asyncio.sleep(0.005)


async def test_nothing_due_means_nothing_runs(tmp_path: Path) -> None:
    clock = FakeClock()
    async with reacting(tmp_path / "ledger.db", clock) as reactor:
        await reactor.ask(seen("lin"))
        assert next_deadline(reactor.studio) is None
        before = reactor.studio
        await clock.advance(100_000)
        assert reactor.studio is before


class FullDisk:
    """Makes the ledger refuse writes as a full disk does: SQLite's own page limit."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def fill(self) -> None:
        def work(connection: sqlite3.Connection) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
            for size in (2000, 200, 20, 0):
                with contextlib.suppress(sqlite3.OperationalError):
                    while True:  # use what is left within the pages
                        connection.execute(
                            "INSERT INTO events VALUES (NULL, '', NULL, '', '', '', '', ?)",
                            ("x" * size,),
                        )

        await self._ledger.read(work)

    async def free(self) -> None:
        await self._ledger.read(
            lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone()[0]
        )


async def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "ledger.db"
    async with reacting(path, clock) as reactor:
        await make_ready(reactor)
        await reactor.ask(seen("kai"))
        disk = FullDisk(reactor._ledger)
        await disk.fill()
        before = reactor.studio
        with pytest.raises(AigcError) as caught:
            await reactor.ask(start("kai", serial=2))
        assert caught.value.key == "ledger-unavailable"
        assert caught.value.kind is ErrorKind.UNAVAILABLE
        assert "\n" not in caught.value.message
        assert reactor.studio is before, "rolled back to what is committed"
        # The engine crashes meanwhile; the machine's word is kept until it can be written.
        exited = observe(before.instances[ONE], Phase.EXITED)
        reactor.post(exited)
        reactor.post(exited)
        await settle_timers_without_ledger()
        assert reactor.studio.instances[ONE].state is State.READY
        await disk.free()
        async with asyncio.timeout(20):
            while reactor.studio.instances[ONE].state is not State.FAILED:
                await clock.advance(1)
                await asyncio.sleep(0.01)
        assert (await reactor.ask(start("kai", serial=2))).created
        before = reactor.studio
    async with reacting(path, clock) as reactor:
        assert reactor.studio.instances == before.instances


async def settle_timers_without_ledger() -> None:
    for _ in range(20):
        await asyncio.sleep(0.005)


async def test_a_watch_is_not_woken_by_what_does_not_concern_it(tmp_path: Path) -> None:
    async with reacting(tmp_path / "ledger.db", FakeClock()) as reactor:
        watch = reactor.watch(lambda changed: changed.people)
        waiting = asyncio.create_task(anext(watch))
        await reactor.ask(enrol("render-01"))
        await asyncio.sleep(0)
        assert not waiting.done()
        await reactor.ask(seen("lin"))
        assert not (await waiting).nodes, "nor is it told of that"
        watch.close()


async def test_a_watch_gathers_changes_and_never_blocks(tmp_path: Path) -> None:
    async with reacting(tmp_path / "ledger.db", FakeClock()) as reactor:
        watch = reactor.watch()
        other = reactor.watch()
        await make_ready(reactor)
        async with asyncio.timeout(10):
            changed = await anext(watch)
        assert changed.instances == {ONE}
        assert changed.nodes == {"render-01"}
        assert changed.people
        waiting = asyncio.create_task(anext(watch, None))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        watch.close()
        async with asyncio.timeout(10):
            assert await waiting is None
        other.close()
        assert [c async for c in other] == []


async def test_a_defect_in_one_event_stops_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with reacting(tmp_path / "ledger.db", FakeClock()) as reactor:
        await make_ready(reactor)
        broken = reactor.ask(object())  # type: ignore[arg-type]
        async with asyncio.timeout(10):
            results = await asyncio.gather(
                reactor.ask(seen("kai")),
                broken_start(reactor),
                return_exceptions=True,
            )
        broken.close()
        assert isinstance(results[0], Outcome)
        assert isinstance(results[1], AigcError)
        assert results[1].key == "defect"
        assert PersonId("kai") in reactor.studio.people
        assert "event left out" in caplog.text


async def broken_start(reactor: Reactor) -> Outcome:
    bad = replace(start("lin", serial=9), name=None)  # type: ignore[arg-type]
    return await reactor.ask(replace(bad, engine_id=5))  # type: ignore[arg-type]


async def test_what_was_asked_while_it_stops_is_answered(tmp_path: Path) -> None:
    ledger = await asyncio.to_thread(Ledger.open, tmp_path / "ledger.db")
    reactor = Reactor(ledger, ENGINES, Policy(), FakeClock())
    await reactor.load()
    task = asyncio.create_task(reactor.run())
    await reactor.ask(seen("lin"))
    watch = reactor.watch()
    asked = asyncio.create_task(reactor.ask(start()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(AigcError, match="is stopping"):
        await asked
    with pytest.raises(AigcError, match="is stopping"):
        await reactor.ask(start())
    assert [c async for c in watch] == []
    await asyncio.to_thread(ledger.close)


async def test_a_new_catalogue_is_in_force_at_once(tmp_path: Path) -> None:
    async with reacting(tmp_path / "ledger.db", FakeClock()) as reactor:
        await reactor.ask(seen("lin"))
        watch = reactor.watch()
        reactor.set_engines({EngineId("jupyterlab"): make_engine("jupyterlab")})
        assert (await reactor.ask(start(engine="jupyterlab"))).created
        async with asyncio.timeout(10):
            assert (await anext(watch)).catalogue
        watch.close()


async def test_activity_reaches_the_disk_once_a_minute(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "ledger.db"
    async with reacting(path, clock) as reactor:
        await make_ready(reactor)
        saved = []
        for _ in range(12):
            await clock.advance(10)
            await reactor.ask(ActivitySeen(ONE, 1, clock.now(), "POST /prompt"))
            rows = await reactor._ledger.read(
                lambda c: c.execute("SELECT value FROM signals").fetchall()
            )
            saved.append(rows[0][0])
        assert 2 <= len(set(saved)) <= 4
        last = reactor.studio.signals[ONE].person_at
    async with reacting(path, clock) as reactor:
        kept = reactor.studio.signals[ONE].person_at
        assert kept is not None
        assert last is not None
        assert last - kept < timedelta(minutes=1)


def test_of_whole_facts_only_the_newest_is_kept() -> None:
    one = whole_set("render-01", "l", 1)
    two = whole_set("render-01", "l", 2)
    other = whole_set("render-02", "l", 1)
    change = InstanceObserved(NodeId("render-01"), Observed(ONE, 1, Phase.GONE))
    visit = start()
    events: list[Event] = [one, change, other, visit, Ticked(), two, change]
    assert worth_keeping(events) == [other, visit, two, change]
