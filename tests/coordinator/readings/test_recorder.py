"""Readings over time with a clock that is turned by hand, and a file that may break."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coordinator.domain.events import ReadingsTaken
from coordinator.domain.gpu import Gpu, GpuUuid
from coordinator.domain.node import Node, NodeId
from coordinator.domain.policy import Policy
from coordinator.domain.studio import Studio
from coordinator.readings import Readings, ReadingsStore
from coordinator.readings.recorder import occupancy_of
from coordinator.readings.ring import CAPACITY, Ring
from coordinator.readings.store import KEPT_MINUTES
from tests.coordinator.fleet.house import until
from tests.coordinator.studios import big_studio

BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
NODE = NodeId("node-0000")
MINUTE = 60_000
EMPTY = Studio("none", Policy())


class HandClock:
    """Stands still until it is turned; sleepers wake when their time has come."""

    def __init__(self) -> None:
        self.at = BEGIN
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - BEGIN).total_seconds()

    async def sleep(self, seconds: float) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.at + timedelta(seconds=seconds), waiting))
        await waiting

    @property
    def asleep(self) -> bool:
        return any(not waiting.done() for _, waiting in self._sleepers)

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        for due, waiting in self._sleepers:
            if due <= self.at and not waiting.done():
                waiting.set_result(None)
        self._sleepers = [s for s in self._sleepers if not s[1].done()]


class Desk:
    """A recorder that runs, on a file."""

    def __init__(self, path: Path, studio: Studio) -> None:
        self.clock = HandClock()
        self.studio = studio
        self.readings = Readings(ReadingsStore(path), lambda: self.studio, self.clock)

    @property
    def now_ms(self) -> int:
        return round(self.clock.at.timestamp() * 1000)

    def read(self, percent: float | None, node_id: NodeId = NODE) -> None:
        cards = (
            Gpu(GpuUuid("GPU-a"), "RTX 4090", 24 << 30, 8 << 30, percent, 60.0, 300.0),
            Gpu(GpuUuid("GPU-b"), "RTX 4090"),  # tells nothing of itself
        )
        self.readings.take(ReadingsTaken(node_id, cards))

    async def minutes(self, count: int, percent: float | None) -> None:
        """So many minutes, read every five seconds; None: the machine is away."""
        for _ in range(count):
            for _ in range(12):
                self.clock.turn(5)
                if percent is not None:
                    self.read(percent)
            self.clock.turn(0.1)
            await until(lambda: self.clock.asleep)
            self.clock.turn(-0.1)

    async def ask(self, minutes: int, points: int = 360) -> dict[str, Any]:
        now = self.now_ms
        found = await self.readings.machine(NODE, now - minutes * MINUTE, now, points)
        return {series.card.uuid: series for series in found}


@asynccontextmanager
async def _desk(path: Path, studio: Studio = EMPTY) -> AsyncIterator[Desk]:
    desk = Desk(path, studio)
    running = asyncio.create_task(desk.readings.run())
    await until(lambda: desk.clock.asleep)
    try:
        yield desk
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readings.sqlite"


async def test_the_last_minutes_come_finely_and_a_card_that_tells_nothing_has_no_points(
    path: Path,
) -> None:
    node = Node(NODE, "render-01", gpus=(Gpu(GpuUuid("GPU-b"), "RTX 4090"),))
    async with _desk(path, replace(EMPTY, nodes={NODE: node})) as desk:
        await desk.minutes(3, 40.0)
        found = await desk.ask(2)
        assert found["GPU-a"].step_seconds == 10
        assert len(found["GPU-a"].points) == 12
        point = found["GPU-a"].points[-1]
        assert (point.at_ms, point.percent, point.memory_bytes) == (desk.now_ms, 40.0, 8 << 30)
        assert (point.celsius, point.watts) == (60.0, 300.0)
        assert found["GPU-b"].points == ()
        assert list(found) == ["GPU-b", "GPU-a"], "present ones first"


async def test_while_a_machine_is_away_there_is_a_gap_also_after_a_restart(path: Path) -> None:
    async with _desk(path) as desk:
        await desk.minutes(5, 20.0)
        await desk.minutes(10, None)
        await desk.minutes(5, 80.0)
        begun = desk.clock.at
    async with _desk(path) as desk:
        desk.clock.turn((begun - BEGIN).total_seconds())
        await until(lambda: desk.clock.asleep)
        points = (await desk.ask(25))["GPU-a"].points
        minutes = [round((p.at_ms - BEGIN.timestamp() * 1000) / MINUTE) for p in points]
        assert minutes == [1, 2, 3, 4, 5, 16, 17, 18, 19, 20]
        assert [p.percent for p in points] == [20.0] * 5 + [80.0] * 5
        await desk.minutes(1, 50.0)  # memory and file together
        series = (await desk.ask(25))["GPU-a"]
        assert series.step_seconds == 60
        assert [p.percent for p in series.points][-2:] == [80.0, 50.0]
        (coarse,) = (await desk.ask(20, points=1))["GPU-a"].points[-1:]
        assert 20.0 <= coarse.percent <= 80.0


async def test_what_is_older_than_eight_days_is_dropped(path: Path) -> None:
    async with _desk(path) as desk:
        await desk.minutes(2, 20.0)
        desk.clock.turn((KEPT_MINUTES + 5) * 60)
        await until(lambda: desk.clock.asleep)
        await desk.minutes(2, 30.0)
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT minute FROM minutes").fetchall()
        assert len(rows) == 2
        assert connection.execute("SELECT count(*) FROM occupancy").fetchone()[0] <= 4
    connection.close()


@pytest.mark.parametrize("content", [b"no database at all" * 500, b""], ids=["damaged", "empty"])
async def test_a_damaged_file_is_set_aside_and_begun_anew(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(path.write_bytes, content)
    async with _desk(path) as desk:
        await desk.minutes(2, 20.0)
    aside = path.with_name("readings.sqlite.damaged")
    assert await asyncio.to_thread(aside.exists) == bool(content)
    assert ("set aside" in caplog.text) == bool(content)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM minutes").fetchone()[0] == 2
    connection.close()


async def test_one_that_breaks_while_it_runs_costs_its_minutes_alone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with _desk(path) as desk:
        await desk.minutes(1, 20.0)

        def spoil() -> None:
            with sqlite3.connect(path) as connection:
                connection.execute("DROP TABLE minutes")
            connection.close()

        await asyncio.to_thread(spoil)
        caplog.set_level(logging.WARNING)
        await desk.minutes(3, 30.0)
        told = [r for r in caplog.records if "not kept" in r.message]
        assert len(told) == 1, "once, not each minute"
        assert len((await desk.ask(3))["GPU-a"].points) == 18, "memory goes on"


async def test_without_a_place_to_write_memory_still_answers(tmp_path: Path) -> None:
    async with _desk(tmp_path / "no" / "folder" / "readings.sqlite") as desk:
        await desk.minutes(2, 20.0)
        assert len((await desk.ask(2))["GPU-a"].points) == 12
        now = desk.now_ms
        occupancy = await desk.readings.occupancy(now - 10 * MINUTE, now, 1)
        assert len(occupancy) == 2


async def test_how_full_the_studio_was_is_sampled_each_minute(path: Path) -> None:
    studio = big_studio(machines=2, cards=4, instances=6)
    async with _desk(path, studio) as desk:
        await desk.minutes(2, None)
        node = studio.nodes[NODE]
        desk.studio = replace(studio, nodes={**studio.nodes, NODE: replace(node, online=False)})
        await desk.minutes(2, None)
        now = desk.now_ms
        found = await desk.readings.occupancy(now - 60 * MINUTE, now, 1)
        assert [(o.cards, o.held, o.busy, o.waiting) for o in found] == [
            (8, 6, 6, 0),
            (8, 6, 6, 0),
            (4, 2, 2, 0),
            (4, 2, 2, 0),
        ]
        (mean,) = await desk.readings.occupancy(now - 60 * MINUTE, now, 60)
        assert mean.cards == 6


def test_busy_is_unknown_where_no_held_card_tells() -> None:
    studio = big_studio(machines=1, cards=2, instances=3)
    assert occupancy_of(studio, 1).waiting == 1
    node = studio.nodes[NODE]
    silent = tuple(replace(g, utilisation_percent=None) for g in node.gpus)
    nodes = {NODE: replace(node, gpus=silent)}
    assert occupancy_of(replace(studio, nodes=nodes), 1).busy is None
    idle = tuple(replace(g, utilisation_percent=5.0) for g in node.gpus)
    nodes = {NODE: replace(node, gpus=idle)}
    assert occupancy_of(replace(studio, nodes=nodes), 1).busy == 0
    assert occupancy_of(replace(studio, instances={}, queue=[]), 1).busy == 0


def test_a_machine_takes_so_many_bytes_and_no_more() -> None:
    ring = Ring()
    cards = [Gpu(GpuUuid(f"GPU-{n}"), "RTX 4090", utilisation_percent=50.0) for n in range(8)]
    for number in range(3 * CAPACITY):
        ring.take(5000 * number + 1, cards)
        ring.take(5000 * number + 100, cards)  # a moment later: not kept
    assert ring.size_bytes == CAPACITY * (8 * 10 + 8)  # 70 MB for a thousand machines
    assert ring.last_ms - ring.first_ms == 5000 * (CAPACITY - 1)
    assert ring.last_ms - ring.first_ms > 3_600_000
    assert ring.usual_spacing_ms() == 5000
    for number in range(3 * CAPACITY, 5 * CAPACITY + 1):
        ring.take(5000 * number + 1, cards[:1])
    assert len(ring.cards) == 1, "cards that left are forgotten"


def test_a_clock_that_was_set_back_loses_nothing_that_is_asked_for() -> None:
    ring = Ring()
    for at_ms in (100_000, 105_000, 50_000, 55_000):
        ring.take(at_ms, [Gpu(GpuUuid("GPU-a"), "x", utilisation_percent=at_ms / 10_000)])
    found = sorted(p.at_ms for p in ring.points("GPU-a", 0, 200_000))
    assert found == [50_000, 55_000, 100_000, 105_000]
