"""An agent and its coordinator over real TLS, with real processes as engines."""

from __future__ import annotations

from datetime import timedelta

import httpx

from tests.node_agent.conftest import StartAgent, desired
from tests.node_agent.coordinator_side import CoordinatorSide


async def test_an_instance_is_started_found_ready_and_stopped(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent() as agent:
        seen = await side.until(lambda s: s.observed is not None, "a first set")
        assert seen.hellos[0].driver_name == "process"
        assert seen.observed is not None
        assert len(seen.observed.gpus) == 2
        assert all(g.simulated for g in seen.observed.gpus)
        card = seen.observed.gpus[0].uuid
        side.desire([desired("i-1", gpus=(card,), volume="v-1")])
        seen = await side.until_phase("i-1", "READY")
        told = seen.instances["i-1", 1]
        assert told.simulated
        assert list(told.gpu_uuids) == [card]
        address = agent.reconciler.resolve("i-1", 1)
        assert address is not None
        assert agent.reconciler.resolve("i-1", 2) is None
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://{address[0]}:{address[1]}/")
        assert answer.text.endswith("/volumes/v-1")
        side.desire([], ended=[("i-1", 1)])
        seen = await side.until_phase("i-1", "GONE")
        assert seen.instances["i-1", 1].free_proof == "strong"
        assert agent.reconciler.resolve("i-1", 1) is None
    phases = [phase for _, _, phase in side.seen.story]
    order = ["PREPARING", "STARTING", "READY", "STOPPING", "GONE"]
    assert sorted(set(phases), key=phases.index) == order


async def test_a_clock_that_is_off_is_shown_on_the_machine(
    side: CoordinatorSide, start_agent: StartAgent
) -> None:
    async with start_agent():
        await side.until(lambda s: s.observed is not None, "a first set")
        side.server_time_offset = timedelta(minutes=5)
        side.cut()

        def told() -> bool:
            seen = side.seen.observed
            return seen is not None and any("5 min behind" in p.en for p in seen.problems)

        await side.until(lambda _: told(), "the clock")
        side.server_time_offset = timedelta()
        side.cut()
        await side.until(lambda _: not told(), "the clock again")
