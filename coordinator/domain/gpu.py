"""Graphics cards: identity, need and readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

GpuUuid = NewType("GpuUuid", str)


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card (or MIG slice), known by its UUID and never by its index (pitfall 12).

    Readings are optional: what a card cannot tell is None, never zero.
    """

    uuid: GpuUuid
    name: str
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    utilisation_percent: float | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    energy_millijoules: int | None = None
    compute_capability: str | None = None
    pci_bus_id: str | None = None
    simulated: bool = False
    per_process: bool = False


@dataclass(frozen=True, slots=True)
class GpuNeed:
    """What one engine version needs: so many cards, each with so much memory to itself."""

    count: int = 1
    vram_mib: int = 0
    min_compute_capability: str | None = None
    models: tuple[str, ...] = ()  # substrings of card names; empty: any
