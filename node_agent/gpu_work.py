"""Whether an instance's own processes work on its cards (pitfall 1), and whether cards are free.

A signal is active, idle, failed (it worked here before and now does not, or the probe did not
answer: counts as active) or absent (this machine cannot tell; takes no part).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aigc.clock import Clock
from node_agent.gpus.probe import GpuProbe, GpuReading, ProbeError

Key = tuple[str, int]

_CARD_IS_BUSY = 5.0  # percent; for cards that tell no process, held by one instance alone
_SETTLED = 64 << 20  # bytes by which two readings of a settled card may differ
_BACK_TO_BEFORE = 256 << 20  # bytes above the reading before the start that still count as freed


class Signal(StrEnum):
    ACTIVE = "active"
    IDLE = "idle"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Work:
    """What one instance does on its cards. ``percent`` is of its busiest card."""

    signal: Signal = Signal.ABSENT
    busy_at: datetime | None = None
    vram_used: int | None = None
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of readings: the cards (as last known where the probe failed) and each work."""

    cards: tuple[GpuReading, ...]
    work: Mapping[Key, Work]
    failure: str = ""  # why the probe gave nothing


class GpuWatch:
    """Takes samples; remembers what worked before, and when each instance was last busy."""

    def __init__(self, probe: GpuProbe, clock: Clock) -> None:
        self._probe = probe
        self._clock = clock
        self._cards: tuple[GpuReading, ...] = ()
        self._told: set[str] = set()  # cards that once told something about work
        self._busy_at: dict[Key, datetime] = {}
        self._settling: dict[str, int] = {}  # card -> memory at the last try of a weak proof

    async def sample(
        self, instances: Mapping[Key, tuple[Collection[str], Collection[int]]]
    ) -> Sample:
        """Read everything once. ``instances``: their cards and their processes on this machine."""
        failure = ""
        held: Mapping[str, Mapping[int, int | None] | None] = {}
        busy: Mapping[str, Mapping[int, float] | None] = {}
        try:
            self._cards = await self._probe.cards()
            held = await self._probe.processes()
            busy = await self._probe.busy()
        except ProbeError as error:
            failure = str(error)
        readings = {card.uuid: card for card in self._cards}
        work = {}
        for key, (uuids, pids) in instances.items():
            signal, percent = self._signal(uuids, set(pids), readings, busy, failure)
            if signal is Signal.ACTIVE:
                self._busy_at[key] = self._clock.now()
            vram = None if failure else _vram(uuids, set(pids), held)
            work[key] = Work(signal, self._busy_at.get(key), vram, percent)
        self._busy_at = {k: at for k, at in self._busy_at.items() if k in instances}
        return Sample(self._cards, work, failure)

    def _signal(
        self,
        uuids: Collection[str],
        pids: set[int],
        readings: Mapping[str, GpuReading],
        busy: Mapping[str, Mapping[int, float] | None],
        failure: str,
    ) -> tuple[Signal, float | None]:
        if not uuids:
            return Signal.ABSENT, None
        if failure:
            return Signal.FAILED, None
        percents = []
        for uuid in uuids:
            samples = busy.get(uuid)
            card = readings.get(uuid)
            if samples is not None:
                self._told.add(uuid)
                percents.append(sum(p for pid, p in samples.items() if pid in pids))
            elif card is not None and card.utilisation is not None:
                self._told.add(uuid)
                percents.append(card.utilisation if card.utilisation >= _CARD_IS_BUSY else 0.0)
            elif uuid in self._told:
                return Signal.FAILED, None
        if not percents:
            return Signal.ABSENT, None
        most = max(percents)
        return (Signal.ACTIVE if most > 0 else Signal.IDLE), most

    async def memory_used(self, uuids: Collection[str]) -> int | None:
        """Bytes in use on these cards now; None if one cannot tell."""
        try:
            cards = {c.uuid: c.memory_used for c in await self._probe.cards()}
        except ProbeError:
            return None
        used = [cards.get(uuid) for uuid in uuids]
        return None if not used or None in used else sum(u for u in used if u is not None)

    async def prove_free(
        self, uuids: Collection[str], pids: Collection[int], memory_before: int | None
    ) -> str | None:
        """How the cards of an instance whose container is gone are known to be free of it.

        Returns:
            "strong": none of its processes is on them. "weak": no per-process figures, and their
            memory fell back, settled or is unknown. None: not (yet) proven.
        """
        if not uuids:
            return "strong"
        try:
            cards = {card.uuid: card for card in await self._probe.cards()}
            held = await self._probe.processes()
        except ProbeError:
            return None
        if any(uuid not in cards for uuid in uuids):
            return None  # a lost card proves nothing
        by_card = [held.get(uuid) for uuid in uuids]
        if all(processes is not None for processes in by_card):
            there = {pid for processes in by_card if processes for pid in processes}
            left = {pid for pid in there if pid in pids or not _exists(pid)}
            return None if left else "strong"
        return self._prove_weakly([cards[uuid] for uuid in uuids], memory_before)

    def _prove_weakly(self, cards: list[GpuReading], memory_before: int | None) -> str | None:
        used = [card.memory_used for card in cards]
        known = [u for u in used if u is not None]
        if len(known) < len(used):
            return "weak"  # the container is gone, and the card tells nothing else
        if memory_before is not None and sum(known) <= memory_before + _BACK_TO_BEFORE:
            return "weak"
        name = ",".join(card.uuid for card in cards)
        before = self._settling.get(name)
        self._settling[name] = sum(known)
        if before is not None and abs(before - sum(known)) <= _SETTLED:
            del self._settling[name]
            return "weak"
        return None


def _vram(
    uuids: Collection[str],
    pids: set[int],
    held: Mapping[str, Mapping[int, int | None] | None],
) -> int | None:
    total = 0
    for uuid in uuids:
        processes = held.get(uuid)
        if processes is None:
            return None
        for pid, used in processes.items():
            if pid in pids:
                if used is None:
                    return None
                total += used
    return total if uuids else None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
