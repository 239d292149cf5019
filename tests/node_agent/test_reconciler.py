"""What the agent does about each difference between desired and observed, on real processes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from aigc.clock import SystemClock
from node_agent.config import AgentConfig
from node_agent.engines.driver import Container
from node_agent.engines.process import ProcessDriver
from node_agent.program import SIMULATED_STATE, Agent
from protos.aigc.v1 import common_pb2, node_pb2
from tests.node_agent.conftest import StartAgent, desired
from tests.node_agent.coordinator_side import CoordinatorSide, Seen


async def ask(agent: Agent, instance_id: str, epoch: int = 1, path: str = "/") -> str:
    """What the engine says; it begins with its process id."""
    address = agent.reconciler.resolve(instance_id, epoch)
    assert address is not None, f"{instance_id} may not be reached"
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://{address[0]}:{address[1]}{path}")).text


async def card_of(side: CoordinatorSide, index: int = 0) -> str:
    seen = await side.until(lambda s: s.observed is not None, "a first set")
    assert seen.observed is not None
    return seen.observed.gpus[index].uuid


async def test_the_same_set_again_changes_nothing(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        before = await ask(agent, "i-1")
        for _ in range(3):
            side.desire([desired("i-1")])
        sets = side.seen.sets
        await side.until(lambda s: s.sets > sets + 2, "more sets")
        assert await ask(agent, "i-1") == before
        assert [s for s in side.seen.story if s[2] == "STARTING"] == [("i-1", 1, "STARTING")]


async def test_a_newer_epoch_starts_only_after_the_older_one_is_gone(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        side.desire([desired("i-1", 1)])
        await side.until_phase("i-1", "READY")
        side.desire([desired("i-1", 2)])
        await side.until_phase("i-1", "READY", 2)
        assert agent.reconciler.resolve("i-1", 1) is None
        containers = await agent.reconciler._driver.relist()
        assert [(c.instance_id, c.epoch) for c in containers] == [("i-1", 2)]
        stopped = side.seen.story.index(("i-1", 1, "STOPPING"))
        assert stopped < side.seen.story.index(("i-1", 2, "STARTING"))


async def test_an_engine_that_dies_is_told_with_its_code_and_not_begun_again(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        with pytest.raises(httpx.HTTPError):
            await ask(agent, "i-1", path="/die")
        seen = await side.until_phase("i-1", "EXITED")
        told = seen.instances["i-1", 1]
        assert told.exit_code == 7
        assert told.fail_reason == common_pb2.FAIL_REASON_CRASHED
        assert "exit code 7" in told.error
        assert agent.reconciler.resolve("i-1", 1) is None
        side.desire([desired("i-1")])
        sets = side.seen.sets
        await side.until(lambda s: s.sets > sets + 2, "more sets")
        assert side.seen.phase("i-1") == "EXITED"
        side.desire([], ended=[("i-1", 1)])
        await side.until_phase("i-1", "GONE")


async def test_an_engine_driver_that_goes_away_while_a_list_is_carried_out_is_not_forgotten(
    side: CoordinatorSide, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_agent() as agent:
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        driver, quarantine = agent.reconciler._driver, agent.reconciler.quarantine
        assert isinstance(driver, ProcessDriver)
        carrying, away = asyncio.Event(), asyncio.Event()
        hold = quarantine.hold

        async def slow_hold(found: list[Container]) -> None:
            carrying.set()
            await away.wait()
            await hold(found)

        monkeypatch.setattr(quarantine, "hold", slow_hold)
        agent.reconciler.wake()
        await asyncio.wait_for(carrying.wait(), 30)
        (listening,) = driver._listeners
        listening.put_nowait(None)  # as when Docker's daemon ends
        with pytest.raises(httpx.HTTPError):
            await ask(agent, "i-1", path="/die")
        async with asyncio.timeout(30):
            while not driver._listeners - {listening}:  # noqa: ASYNC110 - a set tells
                await asyncio.sleep(0.02)
        away.set()
        seen = await side.until_phase("i-1", "EXITED")
        assert seen.instances["i-1", 1].ended_by_machine


async def test_an_engine_that_is_never_ready_fails_with_its_last_answer_and_leaves_nothing(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        side.desire([desired("i-1", arguments=("--ready-after", "1000"), ready_timeout=2)])
        seen = await side.until_phase("i-1", "FAILED")
        told = seen.instances["i-1", 1]
        assert told.fail_reason == common_pb2.FAIL_REASON_PROBE_TIMEOUT
        assert "answered 503" in told.error
        assert await agent.reconciler._driver.relist() == []
        side.desire([desired("i-1", arguments=("--ready-after", "1000"), ready_timeout=2)])
        sets = side.seen.sets
        await side.until(lambda s: s.sets > sets + 2, "more sets")
        assert side.seen.phase("i-1") == "FAILED"


async def test_what_cannot_be_prepared_or_started_fails_with_the_reason(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent():
        missing = desired("i-1")
        missing.spec.process_command[0] = "no-such-program"
        outside = desired("i-2")
        outside.mounts.append(node_pb2.Mount(library="secrets", path="/models"))
        side.desire([missing, outside])
        seen = await side.until_phase("i-1", "FAILED")
        assert 'no program "no-such-program"' in seen.instances["i-1", 1].error
        seen = await side.until_phase("i-2", "FAILED")
        assert "field mounts.library" in seen.instances["i-2", 1].error
        assert seen.instances["i-2", 1].fail_reason == common_pb2.FAIL_REASON_PREPARE


async def test_a_start_that_is_not_wanted_any_more_is_cancelled(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        side.desire([desired("i-1", arguments=("--ready-after", "1000"))])
        await side.until_phase("i-1", "STARTING")
        side.desire([], ended=[("i-1", 1)])
        await side.until_phase("i-1", "GONE")
        assert await agent.reconciler._driver.relist() == []
        assert ("i-1", 1, "READY") not in side.seen.story


async def test_a_restarted_agent_adopts_without_restarting(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    """Pitfall 8."""
    async with start_agent(leave=True) as agent:
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        before = await ask(agent, "i-1")
        ready_at = side.seen.instances["i-1", 1].ready_at_ms
    side.seen = Seen()
    async with start_agent() as agent:
        seen = await side.until_phase("i-1", "READY")
        assert await ask(agent, "i-1") == before
        assert seen.instances["i-1", 1].ready_at_ms == ready_at
        assert seen.hellos[0].ledger_id == "ledger-1"
        assert seen.hellos[0].revision == side.revision
        assert not [s for s in seen.story if s[2] in {"PREPARING", "STARTING", "EXITED"}]


async def test_an_engine_that_ended_while_the_agent_was_away_is_told(
    side: CoordinatorSide, config: AgentConfig, start_agent: StartAgent
) -> None:
    async with start_agent(leave=True) as agent:
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        address = agent.reconciler.resolve("i-1", 1)
        assert address is not None
    with pytest.raises(httpx.HTTPError):
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://{address[0]}:{address[1]}/die")
    # Its connection breaks a moment before its exit is on the disk.
    async with asyncio.timeout(20):
        while not list(config.state_dir.rglob("exit")):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
    side.seen = Seen()
    async with start_agent():
        seen = await side.until_phase("i-1", "EXITED")
        assert seen.instances["i-1", 1].exit_code == 7
        assert "READY" not in [s[2] for s in seen.story]


async def test_while_the_coordinator_is_away_a_restarted_agent_serves_what_runs(
    side: CoordinatorSide, start_agent: StartAgent, config: AgentConfig
) -> None:
    async with start_agent(leave=True) as agent:
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        before = await ask(agent, "i-1")
    facts = config.state_dir / "node.json"
    values = json.loads(await asyncio.to_thread(facts.read_text))
    reachable = values["node_address"]
    values["node_address"] = "127.0.0.1:1"
    await asyncio.to_thread(facts.write_text, json.dumps(values))
    async with start_agent(leave=True) as agent:
        async with asyncio.timeout(20):
            await agent.reconciler.looked.wait()
        assert await ask(agent, "i-1") == before
    values["node_address"] = reachable
    await asyncio.to_thread(facts.write_text, json.dumps(values))
    async with start_agent():
        side.desire([], ended=[("i-1", 1)])
        await side.until_phase("i-1", "GONE")


async def test_losing_the_stream_loses_nothing(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        before = await ask(agent, "i-1")
        side.cut()
        # The old stream may tell something yet; what counts is told on the new one.
        await side.until(lambda _: side.streams >= 2, "a second stream")
        side.seen = Seen()
        await side.until_phase("i-1", "READY")
        assert await ask(agent, "i-1") == before


async def test_a_ledger_that_went_back_is_refused_until_an_admin_accepts_it(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        side.revision = 40
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        before = await ask(agent, "i-1")

        side.revision = 3  # restored from an hour-old copy
        side.desire([], ended=[("i-1", 1)])
        seen = await side.until(lambda s: bool(s.refused), "a refusal")
        assert (seen.refused[0].offered_revision, seen.refused[0].kept_revision) == (4, 41)

        side.ledger_id, side.revision = "ledger-2", 0  # started on an empty ledger
        side.desire([])
        await side.until(lambda s: s.refused[-1].offered_ledger_id == "ledger-2", "another")
        sets = side.seen.sets
        await side.until(lambda s: s.sets > sets + 2, "more sets")
        assert side.seen.phase("i-1") == "READY"
        assert await ask(agent, "i-1") == before

        side.seen.refused.clear()
        side.cut()
        await side.until(lambda s: bool(s.refused), "told again on a new stream")

        side.order(
            node_pb2.NodeOrder(accept_ledger=node_pb2.AcceptLedgerOrder(ledger_id="ledger-2"))
        )
        seen = await side.until(
            lambda s: s.observed is not None and len(s.observed.unclaimed) == 1, "unclaimed"
        )
        assert seen.observed is not None
        assert seen.observed.ledger_id == "ledger-2"
        held = seen.observed.unclaimed[0]
        assert held.stop_after_ms - held.first_seen_ms == 24 * 3600 * 1000
        containers = await agent.reconciler._driver.relist()
        assert [c.instance_id for c in containers] == ["i-1"]


async def test_an_older_ledger_is_refused_by_a_restarted_agent_too(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent(leave=True):
        side.revision = 40
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
    side.seen = Seen()
    side.revision = 2
    side.desire([], ended=[("i-1", 1)])
    async with start_agent():
        await side.until(lambda s: bool(s.refused), "a refusal")
        await side.until_phase("i-1", "READY")


async def test_unclaimed_containers_are_kept_and_stopped_only_after_the_hold(
    side: CoordinatorSide, start_agent: StartAgent, config: AgentConfig
) -> None:
    """Pitfall 8."""
    async with start_agent(leave=True):
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        side.desire([desired("i-2")])
        seen = await side.until(
            lambda s: s.observed is not None and len(s.observed.unclaimed) == 1, "unclaimed"
        )
        assert seen.observed is not None
        first_seen = seen.observed.unclaimed[0].first_seen_ms
        await side.until_phase("i-2", "READY")
    side.seen = Seen()
    async with start_agent(leave=True):
        seen = await side.until(
            lambda s: s.observed is not None and len(s.observed.unclaimed) == 1, "unclaimed"
        )
        assert seen.observed is not None
        assert seen.observed.unclaimed[0].first_seen_ms == first_seen  # not from the restart on
    object.__setattr__(config, "unclaimed_hold_hours", 0.0)
    async with start_agent() as agent:
        await side.until(
            lambda s: (
                s.observed is not None
                and not s.observed.unclaimed
                and {key[0] for key in s.instances} == {"i-2"}
            ),
            "none left",
        )
        containers = await agent.reconciler._driver.relist()
        assert [c.instance_id for c in containers] == ["i-2"]


async def test_an_unclaimed_container_is_kept_for_another_hold_time_by_order(
    side: CoordinatorSide, start_agent: StartAgent, config: AgentConfig
) -> None:
    def held(seen: Seen) -> node_pb2.UnclaimedContainer | None:
        return seen.observed.unclaimed[0] if seen.observed and seen.observed.unclaimed else None

    async with start_agent(leave=True):
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        side.desire([])
        seen = await side.until(lambda s: held(s) is not None, "unclaimed")
        assert "keep-unclaimed" in seen.hellos[0].features
        before = held(seen)
        assert before is not None
        for container_id in ("no-such", before.container_id):
            order = node_pb2.KeepUnclaimedOrder(container_id=container_id)
            side.order(node_pb2.NodeOrder(keep_unclaimed=order))

        def later(seen: Seen) -> bool:
            now = held(seen)
            return now is not None and now.stop_after_ms > before.stop_after_ms

        await side.until(later, "a later end")
        after = held(side.seen)
        assert after is not None
        assert after.first_seen_ms == before.first_seen_ms
    side.seen = Seen()
    async with start_agent():
        await side.until(later, "remembered over a restart")


async def test_gone_waits_for_the_proof_that_the_card_is_free(
    side: CoordinatorSide,
    start_agent: StartAgent,
    config: AgentConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pitfall 13."""
    monkeypatch.setattr("node_agent.instance_jobs.PROOF_WITHIN", 0.5)
    state = config.state_dir / SIMULATED_STATE
    async with start_agent() as agent:
        card = await card_of(side)
        side.desire([desired("i-1", gpus=(card,))])
        await side.until_phase("i-1", "READY")
        pid = int((await ask(agent, "i-1")).split()[0])
        held = {card: {"processes": {str(pid): 9 << 30}, "busy": {str(pid): 60}}}
        await asyncio.to_thread(state.write_text, json.dumps(held))
        seen = await side.until(
            lambda s: (
                s.readings is not None
                and bool(s.readings.instances)
                and s.readings.instances[0].gpu_work == node_pb2.SIGNAL_ACTIVE
            ),
            "work",
        )
        assert seen.readings is not None
        assert seen.readings.instances[0].vram_used_bytes == 9 << 30
        assert seen.readings.instances[0].gpu_last_busy_ms > 0
        side.desire([], ended=[("i-1", 1)])
        await side.until_phase("i-1", "GPU_QUARANTINED")
        await asyncio.to_thread(state.unlink)
        seen = await side.until_phase("i-1", "GONE")
        assert seen.instances["i-1", 1].free_proof == "strong"


async def test_a_card_that_vanishes_under_an_engine_is_told(
    side: CoordinatorSide, start_agent: StartAgent, config: AgentConfig
) -> None:
    """Pitfall 12."""
    state = config.state_dir / SIMULATED_STATE
    async with start_agent():
        card = await card_of(side)
        side.desire([desired("i-1", gpus=(card,))])
        await side.until_phase("i-1", "READY")
        await asyncio.to_thread(state.write_text, json.dumps({card: {"lost": True}}))
        await side.until(
            lambda s: (
                s.observed is not None
                and any("GPU lost" in p.en for p in s.observed.problems)
                and s.phase("i-1") == "READY"
            ),
            "the loss",
        )
        await asyncio.to_thread(state.unlink)
        await side.until(
            lambda s: (
                s.observed is not None and not any("GPU lost" in p.en for p in s.observed.problems)
            ),
            "the card again",
        )


async def test_pulls_and_starts_are_bounded_and_none_is_refused(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    """A herd at nine in the morning."""
    async with start_agent() as agent:
        herd = [desired(f"i-{n}") for n in range(12)]
        side.desire(herd)
        for one in herd:
            await side.until_phase(one.instance_id, "READY")
        addresses = {agent.reconciler.resolve(f"i-{n}", 1) for n in range(12)}
        assert len(addresses) == 12
        side.desire([], ended=[(f"i-{n}", 1) for n in range(12)])
        for one in herd:
            await side.until_phase(one.instance_id, "GONE")


async def test_volume_orders_are_done_told_and_refused_while_mounted(
    side: CoordinatorSide, start_agent: StartAgent, config: AgentConfig
) -> None:
    order = node_pb2.VolumeOrder
    root = config.volume_root
    async with start_agent():
        side.desire([desired("i-1", volume="v-1")])
        await side.until_phase("i-1", "READY")
        await asyncio.to_thread((root / "volumes/v-1/note").write_text, "kept")

        async def give(order_id: str, action: node_pb2.VolumeOrder.Action.ValueType) -> bool:
            wanted = order(order_id=order_id, action=action, volume_id="v-1")
            side.order(node_pb2.NodeOrder(volume_order=wanted))
            seen = await side.until(
                lambda s: any(r.order_id == order_id for r in s.volume_results), order_id
            )
            return next(r.ok for r in seen.volume_results if r.order_id == order_id)

        assert not await give("o-1", order.ACTION_TRASH)
        assert "mounted in i-1" in side.seen.volume_results[-1].error
        side.desire([], ended=[("i-1", 1)])
        await side.until_phase("i-1", "GONE")
        assert not await give("o-2", order.ACTION_PURGE)
        assert await give("o-3", order.ACTION_TRASH)
        assert await give("o-4", order.ACTION_RESTORE)
        note: Path = root / "volumes/v-1/note"
        assert await asyncio.to_thread(note.read_text) == "kept"
        assert await give("o-5", order.ACTION_TRASH)
        assert await give("o-6", order.ACTION_PURGE)
        assert await asyncio.to_thread(lambda: list((root / "trash").iterdir())) == []


async def test_restored_data_is_another_instances_with_every_file(
    side: CoordinatorSide, start_agent: StartAgent, config: AgentConfig
) -> None:
    """Deleted, wanted back under another id: nothing is mounted before the folder is back."""
    order = node_pb2.VolumeOrder
    root = config.volume_root
    trash = node_pb2.NodeOrder(
        volume_order=order(order_id="trash:v-1:1", action=order.ACTION_TRASH, volume_id="v-1")
    )
    restore = node_pb2.NodeOrder(
        volume_order=order(order_id="restore:v-1:2", action=order.ACTION_RESTORE, volume_id="v-1")
    )

    async def answered(order_id: str) -> bool:
        seen = await side.until(
            lambda s: any(r.order_id == order_id for r in s.volume_results), order_id
        )
        return next(r.ok for r in reversed(seen.volume_results) if r.order_id == order_id)

    async with start_agent():
        side.desire([desired("i-1", volume="v-1")])
        await side.until_phase("i-1", "READY")
        deep = root / "volumes/v-1/gallery/2026"
        await asyncio.to_thread(deep.mkdir, parents=True)
        await asyncio.to_thread((deep / "poster.png").write_bytes, b"picture")
        side.desire([], ended=[("i-1", 1)])
        await side.until_phase("i-1", "GONE")
        side.order(trash)
        assert await answered("trash:v-1:1")
        side.desire([desired("i-9", volume="v-1")], ended=[("i-1", 1)])
        seen = await side.until_phase("i-9", "FAILED")
        assert "restore it first" in seen.instances["i-9", 1].error
        assert not await asyncio.to_thread((root / "volumes/v-1").exists)
    # The order stands until it is answered, over a restart of the agent and more than once.
    streams = side.streams
    async with start_agent():
        await side.until(lambda _: side.streams > streams, "the agent again")
        told = side.seen.sets
        await side.until(lambda s: s.sets > told, "its whole set")
        side.order(restore)
        assert await answered("restore:v-1:2")
        # Asked again after it was done. While it is at work still, the same order is left alone.
        side.seen.volume_results.clear()
        while not side.seen.volume_results:
            side.order(restore)
            side.seen.sets = 0
            await side.until(lambda s: bool(s.volume_results) or s.sets > 0, "another set")
        assert await answered("restore:v-1:2")
        side.desire([desired("i-9", epoch=2, volume="v-1")])
        await side.until_phase("i-9", "READY", epoch=2)
        assert await asyncio.to_thread((deep / "poster.png").read_bytes) == b"picture"
        assert await asyncio.to_thread(lambda: list((root / "trash").iterdir())) == []


async def test_logs_are_sent_on_request_and_end(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent():
        side.desire([desired("i-1")])
        await side.until_phase("i-1", "READY")
        request = node_pb2.LogRequest(request_id=5, instance_id="i-1", tail=10)
        side.order(node_pb2.NodeOrder(log_request=request))
        seen = await side.until(lambda s: s.log_ended, "the end of the log")
        assert set(seen.log_lines) == {"engine begins", "engine warns"}


async def test_an_ended_run_is_in_every_set_until_its_card_is_proven_free(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    """Pitfall 13: a restarted agent's set never answers the order to end without its run."""
    async with start_agent(leave=True):
        side.desire([desired("i-1", gpus=(await card_of(side),))])
        await side.until_phase("i-1", "READY")
    side.seen = Seen()
    side.desire([], ended=[("i-1", 1)])
    sets: list[node_pb2.ObservedSet] = []
    take = side.seen.take

    def record(report: node_pb2.NodeReport) -> None:
        if report.HasField("observed"):
            sets.append(report.observed)
        take(report)

    side.seen.take = record  # type: ignore[method-assign]
    async with start_agent():
        await side.until_phase("i-1", "GONE")
        counted = len(sets)
        await side.until(lambda s: len(sets) > counted, "one more set")
    answers = [s for s in sets if s.revision >= side.revision]
    assert answers
    assert all([i.instance_id for i in s.instances] == ["i-1"] for s in answers)


async def test_a_list_older_than_a_start_loses_nothing(
    side: CoordinatorSide, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 8: a slow engine's list, begun before a start, does not end what has started."""
    async with start_agent() as agent:
        await card_of(side)
        driver, listed, started = agent.reconciler._driver, asyncio.Event(), asyncio.Event()
        prepare, relist = driver.prepare, driver.relist
        preparing = asyncio.Event()

        async def slow_prepare(*args: Any) -> str:
            preparing.set()
            await listed.wait()
            return await prepare(*args)

        async def slow_relist() -> list[Container]:
            found = await relist()
            if preparing.is_set() and not listed.is_set():
                listed.set()
                await started.wait()
            return found

        monkeypatch.setattr(driver, "prepare", slow_prepare)
        monkeypatch.setattr(driver, "relist", slow_relist)
        side.desire([desired("i-1")])
        await asyncio.wait_for(preparing.wait(), 30)
        agent.reconciler.wake()
        await side.until_phase("i-1", "READY")
        run = agent.reconciler.runs["i-1", 1]
        assert run.job is not None
        await asyncio.wait([run.job])
        started.set()
        sets = side.seen.sets
        await side.until(lambda s: s.sets > sets + 2, "more sets")
        assert side.seen.phase("i-1") == "READY"
        assert not [s for s in side.seen.story if s[2] == "EXITED"]


async def test_the_start_clock_begins_after_the_pull(
    side: CoordinatorSide, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 15: a pull longer than the start may take is no failed start."""
    async with start_agent() as agent:
        driver = agent.reconciler._driver
        prepare, clock = driver.prepare, SystemClock()

        async def slow_prepare(*args: Any) -> str:
            await clock.sleep(6)
            return await prepare(*args)

        monkeypatch.setattr(driver, "prepare", slow_prepare)
        side.desire([desired("i-1", ready_timeout=5)])
        await side.until_phase("i-1", "READY")
        assert not [s for s in side.seen.story if s[2] == "FAILED"]
