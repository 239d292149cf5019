"""Random faults and people's orders, seeded, on real processes; the invariants after each round.

``AIGC_SOAK_SECONDS`` says for how long (``make soak``), ``AIGC_SOAK_SEED`` from which seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time

import httpx
import pytest
import websockets

from aigc.errors import AigcError
from tests.soak.loopback import Creator, Loopback, loopback

SECONDS = float(os.environ.get("AIGC_SOAK_SECONDS", "20"))
SEED = int(os.environ.get("AIGC_SOAK_SEED", "7"))

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(SECONDS + 300),
    pytest.mark.blocking_allowed("what is under test runs in processes of its own"),
]

_PROGRAMS = ("coordinator", "gateway", "agent")
# What a person sees while a program is away, and the next round mends.
_AWAY = (AigcError, httpx.HTTPError, websockets.WebSocketException, OSError, TimeoutError)


async def test_torture() -> None:
    dice = random.Random(SEED)
    async with loopback(creators=3) as here:
        for creator in here.creators:
            await here.start(creator)
        await here.settle({}, {})
        end = time.monotonic() + SECONDS
        rounds = 0
        while time.monotonic() < end:
            rounds += 1
            before, engines = await here.listed(), await here.engines()
            here.touched.clear()
            done = [await _act(here, dice, rounds) for _ in range(dice.randint(1, 4))]
            await here.revive()
            await _ask_again(here)
            began = time.monotonic()
            try:
                await here.settle(before, engines)
            except AssertionError as error:
                raise AssertionError(f"seed {SEED}, round {rounds}, {done}:\n{error}") from None
            await here.take_failures()
            print(f"round {rounds}: {', '.join(done)}; well after {time.monotonic() - began:.1f} s")
        print(f"{rounds} rounds, seed {SEED}")


async def _act(here: Loopback, dice: random.Random, number: int) -> str:
    """One thing that happens; what it was."""
    kind = dice.choices(
        ["kill", "kill all", "freeze", "engine", "start", "stop", "visit", "draw", "wait"],
        [4, 1, 1, 2, 3, 3, 2, 3, 1],
    )[0]
    creator = dice.choice(here.creators)
    program = dice.choice(_PROGRAMS)
    seconds = dice.uniform(0.1, 1.5)
    match kind:
        case "kill":
            await here.kill(program)
            kind = f"kill {program}"
        case "kill all":
            for name in _PROGRAMS:
                await here.kill(name)
        case "freeze":
            await here.freeze_agent(seconds)
        case "engine":
            await here.kill_engine(creator)
            kind = f"kill the engine of {creator.name}"
        case "wait":
            await asyncio.sleep(seconds)
            await here.revive()
        case _:
            said = await _order(here, creator, kind, f"a crane, number {number}")
            kind = f"{creator.name}: {kind}{said}"
    return kind


async def _order(here: Loopback, creator: Creator, kind: str, prompt: str) -> str:
    try:
        match kind:
            case "start":
                await here.start(creator)
            case "stop":
                await here.stop(creator)
            case "visit":
                await here.visit(creator)
            case _:
                with contextlib.suppress(KeyError):
                    await here.draw(creator, prompt)
    except _AWAY as error:
        return f" ({type(error).__name__})"
    return ""


async def _ask_again(here: Loopback) -> None:
    """An order whose fate nobody knows is given again, as a person would."""
    for creator in here.creators:
        if creator.wanted is None:
            async with asyncio.timeout(60):
                while creator.wanted is None:
                    with contextlib.suppress(*_AWAY):
                        await here.start(creator)
