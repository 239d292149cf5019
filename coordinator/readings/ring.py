"""One machine's last readings, in arrays: ten bytes a card and reading, eight for its time.

A studio of 1,000 machines with 8,000 cards takes 70 MB so, and no more: 800 readings of each, which
are an hour at the usual rate.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator

from coordinator.domain.gpu import Gpu
from coordinator.readings.packing import NOTHING, Packed, pack, unpack
from coordinator.readings.series import Card, Point

CAPACITY = 800
# Machines that read more often are kept as if they read at the usual rate of five seconds.
SPACING_MS = 4500


class _Cells:
    """One card's readings, in step with its machine's times."""

    def __init__(self, card: Card, length: int) -> None:
        self.card = card
        self._columns = (array("H"), array("I"), array("H"), array("H"))
        for _ in range(length):
            self.append(NOTHING)

    def append(self, packed: Packed) -> None:
        for column, value in zip(self._columns, packed, strict=True):
            column.append(value)

    def put(self, index: int, packed: Packed) -> None:
        for column, value in zip(self._columns, packed, strict=True):
            column[index] = value

    def at(self, index: int) -> Packed:
        percent, memory, celsius, watts = self._columns
        return percent[index], memory[index], celsius[index], watts[index]

    @property
    def is_empty(self) -> bool:
        return all(self.at(i) == NOTHING for i in range(len(self._columns[0])))


class Ring:
    """See the module."""

    def __init__(self) -> None:
        self._times = array("Q")
        self._next = 0  # where the next one goes once it is full
        self._cells: dict[str, _Cells] = {}
        self.last_ms = 0
        self._found: tuple[tuple[int, ...], list[int]] | None = None

    def take(self, at_ms: int, gpus: Iterable[Gpu]) -> None:
        """Keep a reading of all cards, unless one was kept a moment ago."""
        if self._times and 0 <= at_ms - self.last_ms < SPACING_MS:
            return
        self.last_ms = at_ms
        told: dict[str, Gpu] = {gpu.uuid: gpu for gpu in gpus}
        for gpu in told.values():
            card = Card(gpu.uuid, gpu.name, gpu.simulated, gpu.memory_total_bytes)
            known = self._cells.get(gpu.uuid)
            if known is None:
                self._cells[gpu.uuid] = _Cells(card, len(self._times))
            elif known.card != card:
                known.card = card
        packed = {uuid: pack(gpu) for uuid, gpu in told.items()}
        if len(self._times) < CAPACITY:
            self._times.append(at_ms)
            for uuid, cells in self._cells.items():
                cells.append(packed.get(uuid, NOTHING))
            return
        index, self._next = self._next, (self._next + 1) % CAPACITY
        self._times[index] = at_ms
        for uuid, cells in list(self._cells.items()):
            cells.put(index, packed.get(uuid, NOTHING))
            if index == 0 and uuid not in told and cells.is_empty:
                del self._cells[uuid]  # a card that left the machine an hour ago

    @property
    def first_ms(self) -> int:
        """The oldest time that is kept; 0: none."""
        return min(self._times, default=0)

    @property
    def cards(self) -> list[Card]:
        return [cells.card for cells in self._cells.values()]

    def usual_spacing_ms(self) -> int:
        """How far two readings lie apart, usually; 0 while nobody can say."""
        latest = sorted(self._times)[-21:]
        apart = sorted(b - a for a, b in itertools.pairwise(latest))
        return apart[len(apart) // 2] if apart else 0

    def points(self, uuid: str, from_ms: int, to_ms: int) -> Iterator[Point]:
        """What a card read in ``(from, to]``, in no particular order."""
        cells = self._cells.get(uuid)
        if cells is None:
            return
        for index in self._within(from_ms, to_ms):
            packed = cells.at(index)
            if packed != NOTHING:
                yield unpack(self._times[index], packed)

    def _within(self, from_ms: int, to_ms: int) -> list[int]:
        """Where the readings of that time are; all cards of a machine are asked the same."""
        asked = (from_ms, to_ms, self.last_ms, self._next, len(self._times))
        if self._found is None or self._found[0] != asked:
            there = [i for i, at in enumerate(self._times) if from_ms < at <= to_ms]
            self._found = (asked, there)
        return self._found[1]

    @property
    def size_bytes(self) -> int:
        """Of the arrays; for tests of the bound."""
        cells = sum(
            c.buffer_info()[1] * c.itemsize for x in self._cells.values() for c in x._columns
        )
        return cells + self._times.buffer_info()[1] * self._times.itemsize
