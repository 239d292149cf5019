"""The guards of conftest guard."""

from __future__ import annotations

import asyncio
import time

import blockbuster
import pytest

from tests.standins.clock import FakeClock


async def test_fake_clock_wakes_sleepers_in_order() -> None:
    clock = FakeClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper("b", 20)), asyncio.create_task(sleeper("a", 10))]
    await asyncio.sleep(0)
    await clock.advance(15)
    assert woken == [("a", 10)]
    await clock.advance(15)
    assert woken == [("a", 10), ("b", 20)]
    await asyncio.gather(*tasks)


async def test_a_blocking_call_in_the_loop_is_noticed() -> None:
    guard = blockbuster.BlockBuster()
    guard.activate()
    try:
        with pytest.raises(blockbuster.BlockingError):
            time.sleep(0.001)  # noqa: ASYNC251 - the very thing that must be noticed
    finally:
        guard.deactivate()
