"""What every GPU probe can do. Two implement it: nvml (real cards) and simulated (labelled so).

Calls go to one thread of the probe's own with a hard timeout (NVML may hang with the driver), the
library is initialised once, and every reading is optional: unknown is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from node_agent.engines.driver import Problem


class ProbeError(Exception):
    """The probe did not answer, or not in time: nothing is known (which is not "nothing there")."""


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One card (or MIG slice) by UUID. Bytes, percent, degrees Celsius, watts, millijoules.

    ``per_process``: this card tells memory per process, so that a free proof can be strong.
    """

    uuid: str
    name: str
    pci_bus_id: str | None = None
    memory_total: int | None = None
    memory_used: int | None = None
    utilisation: float | None = None
    temperature: float | None = None
    power: float | None = None
    energy: int | None = None  # since the driver was loaded; resets
    compute_capability: str | None = None
    simulated: bool = False
    per_process: bool = False


@dataclass(frozen=True, slots=True)
class ProbeHealth:
    """What the probe found out about its driver.

    Attributes:
        driver_version: of the loaded driver, "" where there is none.
        problems: such as a library that does not match the loaded module (a reboot is needed).
    """

    driver_version: str = ""
    problems: tuple[Problem, ...] = ()


class GpuProbe(Protocol):
    """See the module. Calls may be cancelled and repeated."""

    name: str

    async def load(self) -> None:
        """Initialise. Absent or broken parts are told by :meth:`health`, not raised."""
        ...

    async def unload(self) -> None:
        """Let go of the library and of the thread."""
        ...

    async def health(self) -> ProbeHealth:
        """Never raises, says what is wrong instead."""
        ...

    async def cards(self) -> tuple[GpuReading, ...]:
        """All cards, in the order of their bus ids; empty where there is none.

        Raises:
            ProbeError: no answer, or not in time.
        """
        ...

    async def processes(self) -> Mapping[str, Mapping[int, int | None] | None]:
        """By card: process id on this machine -> bytes used there (None: in use, size unknown).

        A card without per-process figures has None instead of a mapping.

        Raises:
            ProbeError: no answer, or not in time.
        """
        ...

    async def busy(self) -> Mapping[str, Mapping[int, float] | None]:
        """By card: process id -> percent of the card it used at most since the call before.

        No samples since then (NVML's NOT_FOUND) is an empty mapping: idle. A card that cannot tell
        has None.

        Raises:
            ProbeError: no answer, or not in time.
        """
        ...
