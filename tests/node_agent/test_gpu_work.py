"""Active, idle, failed, absent; and when a card counts as free."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from node_agent.gpu_work import GpuWatch, Signal
from node_agent.gpus.simulated import SimulatedProbe
from tests.standins.clock import FakeClock

KEY = ("i-1", 1)


class Cards:
    """Two simulated cards with a state file."""

    def __init__(self, tmp_path: Path) -> None:
        self.file = tmp_path / "cards.json"
        self.clock = FakeClock()
        self.probe = SimulatedProbe(2, "seed", self.file)
        self.watch = GpuWatch(self.probe, self.clock)
        self.uuid = ""

    async def say(self, error: str = "", **state: Any) -> None:
        text = json.dumps({self.uuid: state} | ({"error": error} if error else {}))
        await asyncio.to_thread(self.file.write_text, text)

    async def signal(self, pids: tuple[int, ...] = (10,)) -> Signal:
        sample = await self.watch.sample({KEY: ((self.uuid,), pids)})
        return sample.work[KEY].signal


@pytest.fixture
async def cards(tmp_path: Path) -> Cards:
    made = Cards(tmp_path)
    made.uuid = (await made.probe.cards())[0].uuid
    return made


async def test_cards_are_this_machines_own_and_say_that_they_are_simulated(cards: Cards) -> None:
    found = await cards.probe.cards()
    again = await SimulatedProbe(2, "seed").cards()
    other = await SimulatedProbe(2, "another").cards()
    assert [c.uuid for c in found] == [c.uuid for c in again]
    assert not {c.uuid for c in found} & {c.uuid for c in other}
    assert all(c.simulated for c in found)


async def test_only_the_instances_own_processes_count(cards: Cards) -> None:
    await cards.say(busy={"99": 80}, processes={"99": 5 << 30, "10": 2 << 30})
    assert await cards.signal() is Signal.IDLE
    await cards.say(busy={"10": 40}, processes={"10": 2 << 30})
    sample = await cards.watch.sample({KEY: ((cards.uuid,), (10,))})
    assert sample.work[KEY].signal is Signal.ACTIVE
    assert sample.work[KEY].percent == 40
    assert sample.work[KEY].vram_used == 2 << 30
    busy_at = sample.work[KEY].busy_at
    assert busy_at == cards.clock.now()
    await cards.clock.advance(60)
    await cards.say()
    sample = await cards.watch.sample({KEY: ((cards.uuid,), (10,))})
    assert sample.work[KEY].signal is Signal.IDLE
    assert sample.work[KEY].busy_at == busy_at


async def test_a_probe_that_does_not_answer_is_a_failed_signal_not_an_idle_one(
    cards: Cards,
) -> None:
    """Pitfall 1."""
    await cards.say(error="driver hangs")
    sample = await cards.watch.sample({KEY: ((cards.uuid,), (10,)), ("i-2", 1): ((), (11,))})
    assert sample.work[KEY].signal is Signal.FAILED
    assert sample.work["i-2", 1].signal is Signal.ABSENT  # has no card at all
    assert "driver hangs" in sample.failure


async def test_cards_without_per_process_figures_speak_as_a_whole(cards: Cards) -> None:
    await cards.say(per_process=False, utilisation=70)
    assert await cards.signal() is Signal.ACTIVE
    await cards.say(per_process=False, utilisation=1)
    assert await cards.signal() is Signal.IDLE
    await cards.say(per_process=False, utilisation=None)
    assert await cards.signal() is Signal.FAILED  # it could tell before


async def test_a_card_that_never_told_is_absent(cards: Cards) -> None:
    """Pitfall 1."""
    await cards.say(per_process=False, utilisation=None)
    assert await cards.signal() is Signal.ABSENT


async def test_a_strong_proof_needs_every_process_of_it_gone(cards: Cards) -> None:
    await cards.say(processes={"10": 1 << 30})
    assert await cards.watch.prove_free((cards.uuid,), (10,), None) is None
    await cards.say(processes={str(os.getpid()): 1 << 30})  # somebody else's, and alive
    assert await cards.watch.prove_free((cards.uuid,), (10,), None) == "strong"
    await cards.say(processes={str(2**22 - 3): 1 << 30})  # a process that exists no more
    assert await cards.watch.prove_free((cards.uuid,), (), None) is None
    assert await cards.watch.prove_free((), (), None) == "strong"


async def test_a_weak_proof_is_memory_that_fell_back_or_settled(cards: Cards) -> None:
    uuids = (cards.uuid,)
    await cards.say(per_process=False, memory_used=1 << 30)
    assert await cards.watch.prove_free(uuids, (), 1 << 30) == "weak"
    assert await cards.watch.prove_free(uuids, (), 0) is None
    assert await cards.watch.prove_free(uuids, (), 0) == "weak"  # settled
    await cards.say(per_process=False, memory_used=None)
    assert await cards.watch.prove_free(uuids, (), 0) == "weak"


async def test_a_lost_or_silent_card_is_not_proven_free(cards: Cards) -> None:
    await cards.say(lost=True)
    assert await cards.watch.prove_free((cards.uuid,), (), None) is None
    await cards.say(error="driver hangs")
    assert await cards.watch.prove_free((cards.uuid,), (), None) is None
