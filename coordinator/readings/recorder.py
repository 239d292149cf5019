"""Takes readings as machines tell them, keeps a mean each minute, and answers for any time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from aigc.clock import Clock, milliseconds
from coordinator.domain.events import ReadingsTaken
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.node import NodeId
from coordinator.domain.studio import Studio
from coordinator.readings.ring import Ring
from coordinator.readings.series import (
    MINUTE_MS,
    Card,
    Occupancy,
    Point,
    Series,
    choose_step,
    mean_of,
    means,
    occupancy_means,
)
from coordinator.readings.store import Minute, ReadingsStore

_log = logging.getLogger(__name__)

HOUR_MS = 60 * MINUTE_MS
_BUSY_OVER_PERCENT = 5.0
_STEP_AT_LEAST = 10.0  # seconds: two readings at the usual rate
_SAMPLES_IN_MEMORY = 60


class Readings:
    """See the module. Lives on the event loop; :meth:`run` must be running for the minutes."""

    def __init__(self, store: ReadingsStore, studio: Callable[[], Studio], clock: Clock) -> None:
        self._store = store
        self._studio = studio
        self._clock = clock
        self._rings: dict[NodeId, Ring] = {}
        self._occupancy: deque[Occupancy] = deque(maxlen=_SAMPLES_IN_MEMORY)

    def take(self, event: ReadingsTaken) -> None:
        """A machine read its cards, now by our clock."""
        if event.gpus:
            ring = self._rings.setdefault(event.node_id, Ring())
            ring.take(self._now_ms(), event.gpus)

    async def run(self) -> None:
        """Keep the minutes, until cancelled."""
        try:
            await self._store.open()
            while True:
                await self._clock.sleep((MINUTE_MS - self._now_ms() % MINUTE_MS) / 1000 + 0.05)
                try:
                    await self._keep_minute(self._now_ms() // MINUTE_MS)
                except Exception:  # noqa: BLE001 - readings are not needed to run: the next minute
                    _log.exception("a minute of readings was not kept")
        finally:
            await self._store.close()

    async def machine(
        self, node_id: NodeId, from_ms: int, to_ms: int, points: int
    ) -> tuple[Series, ...]:
        """Each card of a machine in ``(from, to]``, about so many points of each."""
        ring = self._rings.get(node_id) or Ring()
        # The file has whole minutes; what is newer than the oldest reading here, memory knows best.
        border = min(-(-ring.first_ms // MINUTE_MS) * MINUTE_MS if ring.first_ms else to_ms, to_ms)
        newer = {c.uuid: (c, list(ring.points(c.uuid, from_ms, to_ms))) for c in ring.cards}
        present = {card.uuid: card for card in self._present(node_id)}
        at_least = self._finest(ring)

        def join(older: list[tuple[Card, list[Point]]]) -> tuple[Series, ...]:
            finest = max(at_least, 60.0) if older else at_least
            step = choose_step(to_ms - from_ms, points, finest)
            joined = {card.uuid: (card, samples) for card, samples in older}
            for uuid, (card, samples) in newer.items():
                if older:
                    samples = [s for s in samples if s.at_ms > border]
                joined[uuid] = (card, [*joined.get(uuid, (card, []))[1], *samples])
            for uuid, card in present.items():
                joined.setdefault(uuid, (card, []))
            found = [
                Series(card, means(samples, step * 1000, from_ms, to_ms), step)
                for card, samples in joined.values()
            ]
            return _in_order([s for s in found if s.points or s.card.uuid in present], present)

        if from_ms >= border:
            return await asyncio.get_running_loop().run_in_executor(None, join, [])
        return await self._store.minutes(node_id, from_ms, border, join)

    def cards(self, node_id: NodeId, uuids: Sequence[GpuUuid], from_ms: int) -> tuple[Series, ...]:
        """These cards of a machine since then, as far as memory has it, finely."""
        ring, now = self._rings.get(node_id) or Ring(), self._now_ms()
        step = choose_step(0, 1, self._finest(ring))
        known = {card.uuid: card for card in (*ring.cards, *self._present(node_id))}
        return tuple(
            Series(
                known.get(uuid, Card(uuid, uuid)),
                means(ring.points(uuid, from_ms, now), step * 1000, from_ms, now),
                step,
            )
            for uuid in uuids
        )

    async def occupancy(self, from_ms: int, to_ms: int, step_minutes: int) -> tuple[Occupancy, ...]:
        """How full the studio was in ``(from, to]``."""
        kept = {o.at_ms: o for o in await self._store.occupancy(from_ms, to_ms)}
        kept |= {o.at_ms: o for o in self._occupancy}
        return occupancy_means(kept.values(), step_minutes * MINUTE_MS, from_ms, to_ms)

    # --- inside ----------------------------------------------------------------------------------

    async def _keep_minute(self, minute: int) -> None:
        to_ms = minute * MINUTE_MS
        sample = occupancy_of(self._studio(), to_ms)
        self._occupancy.append(sample)
        minutes: list[Minute] = []
        for node_id, ring in list(self._rings.items()):
            if ring.last_ms < to_ms - HOUR_MS:
                del self._rings[node_id]  # away for an hour: the file has it
                continue
            readings = []
            for card in ring.cards:
                samples = list(ring.points(card.uuid, to_ms - MINUTE_MS, to_ms))
                if samples:
                    readings.append((card, mean_of(samples, to_ms)))
            if readings:
                minutes.append(Minute(node_id, minute, tuple(readings)))
            await asyncio.sleep(0)  # a thousand machines must not hold up the loop
        await self._store.write(minutes, [sample])

    def _finest(self, ring: Ring) -> float:
        """Seconds of the shortest step in which a machine that is there has a reading each time."""
        return max(_STEP_AT_LEAST, 1.5 * ring.usual_spacing_ms() / 1000)

    def _present(self, node_id: NodeId) -> list[Card]:
        """The cards that the machine shows now, in its order."""
        node = self._studio().nodes.get(node_id)
        there = () if node is None else node.gpus
        return [Card(g.uuid, g.name, g.simulated, g.memory_total_bytes) for g in there]

    def _now_ms(self) -> int:
        return milliseconds(self._clock.now())


def occupancy_of(studio: Studio, at_ms: int) -> Occupancy:
    """How full the studio is now: only cards of machines that answer count."""
    cards = held = busy = 0
    somebody_tells = False
    for node in studio.nodes.values():
        if not node.online or node.revoked:
            continue
        taken = {
            uuid
            for instance in studio.placed_on(node.id)
            if instance.placement is not None
            for uuid in instance.placement.gpu_uuids
        }
        cards += len(node.gpus)
        for gpu in node.gpus:
            if gpu.uuid not in taken:
                continue
            held += 1
            if gpu.utilisation_percent is not None:
                somebody_tells = True
                busy += gpu.utilisation_percent > _BUSY_OVER_PERCENT
    known = somebody_tells or not held
    return Occupancy(at_ms, cards, held, busy if known else None, len(studio.queue))


def _in_order(found: Sequence[Series], present: Mapping[str, Card]) -> tuple[Series, ...]:
    """The cards of now as the machine lists them, then those that left it."""
    places = {uuid: place for place, uuid in enumerate(present)}
    order = sorted(found, key=lambda s: (places.get(s.card.uuid, len(places)), s.card.uuid))
    return tuple(order)
