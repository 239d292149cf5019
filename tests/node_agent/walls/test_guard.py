"""Every minute: the rules, an attempt, the counters; told once when the door opens or closes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from node_agent.engines.driver import Problem
from node_agent.walls import obstacles
from node_agent.walls.guard import Guard, Key, Watched
from node_agent.walls.keeper import Sight, Walls
from node_agent.walls.knock import Knock
from node_agent.walls.nftables import Nft
from node_agent.walls.refusals import Reading, Refusals
from tests.standins.clock import FakeClock

NAS = ("192.168.1.7", "tcp", 445)


class Seen(Walls):
    """Walls whose kernel is a script of sights; all else is real."""

    def __init__(self, *sights: Sight) -> None:
        super().__init__("studio", 0, Nft(("false",)), try_door=lambda _: Knock.REFUSED)
        self.sights = list(sights)
        self.tried: list[tuple[str, int] | None] = []
        self.old: list[str] = []
        self.ours: list[set[str]] = []

    def protect(self, addresses: object) -> None:
        self.ours.append(set(addresses))  # type: ignore[call-overload]

    def look(self, try_at: tuple[str, int] | None, old: str = "") -> Sight:
        self.tried.append(try_at)
        self.old.append(old)
        return self.sights.pop(0)


class House:
    def __init__(self, walls: Seen, watched: list[Watched]) -> None:
        self.clock = FakeClock(datetime(2026, 11, 22, tzinfo=UTC))
        self.told = 0
        self.refused: Mapping[Key, Refusals] = {}
        self.addresses = ["127.0.0.1:7443", ""]
        self.watched = watched
        self.guard = Guard(
            walls, None, self.clock, lambda: self.watched, lambda: self.addresses, self._take,
            self._tell,
        )  # fmt: skip

    def _take(self, found: Mapping[Key, Refusals]) -> None:
        self.refused = found

    def _tell(self) -> None:
        self.told += 1


async def test_refusals_are_each_runs_own_and_go_with_it() -> None:
    bridge = f"{Seen().prefix}0000001"
    key = ("i-1", 3)
    walls = Seen(
        Sight(None, (), {bridge: Reading(2, {NAS: 2})}),
        Sight(None, (), {bridge: Reading(5, {NAS: 5})}),
        Sight(None, (), {}),
        Sight(None, (), {bridge: Reading(7, {NAS: 7})}),
    )
    house = House(walls, [Watched(key, bridge, ("10.201.0.2", 8188))])
    for _ in range(2):
        await house.guard.look()
    assert house.refused[key].total == 5
    assert house.refused[key].top() == [(NAS, 5)]
    house.watched = []
    await house.guard.look()
    assert house.refused == {}
    # The same network number, another run: it begins at nothing that the first one did.
    house.watched = [Watched(("i-2", 1), bridge, None)]
    await house.guard.look()
    assert set(house.refused) == {("i-2", 1)}


async def test_the_door_is_told_when_it_changes_and_not_each_minute() -> None:
    trouble = Problem("en", "zh")
    walls = Seen(Sight(None), Sight(trouble), Sight(trouble), Sight(None))
    house = House(walls, [])
    counts = []
    for _ in range(4):
        await house.guard.look()
        counts.append(house.told)
    assert counts == [0, 1, 1, 2]


async def test_where_it_tries_and_what_it_protects() -> None:
    walls = Seen(Sight(None), Sight(obstacles.of_old_network("i-9")))
    house = House(walls, [])
    await house.guard.look()
    assert walls.tried == [None]
    assert walls.ours == [{"127.0.0.1"}]
    house.watched = [Watched(("i-9", 1), "aigc-00000000", ("172.18.0.2", 8188))]
    house.addresses = ["no such name.invalid:1"]
    await house.guard.look()
    assert walls.old[-1] == "i-9"
    assert walls.tried[-1] is None  # not where the rules are not
    assert walls.ours[-1] == set()


async def test_it_looks_again_each_minute() -> None:
    walls = Seen(*(Sight(None) for _ in range(3)))
    house = House(walls, [])
    running = asyncio.create_task(house.guard.run())
    try:
        for looks in (1, 2, 3):
            async with asyncio.timeout(10):
                while len(walls.tried) < looks:  # noqa: ASYNC110 - in a thread
                    await asyncio.sleep(0.01)
            async with asyncio.timeout(10):
                while not house.clock._sleepers:  # noqa: ASYNC110 - then it sleeps
                    await asyncio.sleep(0.01)
            if looks < 3:
                await house.clock.advance(59)
                assert len(walls.tried) == looks
                await house.clock.advance(1)
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
