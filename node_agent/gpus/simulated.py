"""Cards that do not exist, for the demo and for tests; each says so in every reading.

A state file (JSON, optional) makes them busy:
``{"<uuid>": {"utilisation": 80, "memory_used": 123, "processes": {"<pid>": <bytes>},
"busy": {"<pid>": 40}, "per_process": false, "lost": true}, "error": "why no card answers"}``.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from node_agent.gpus.probe import GpuReading, ProbeError, ProbeHealth

_NAMESPACE = uuid.UUID("6f1f7b54-3c1e-4a6f-9f0e-5a0c8d9b7e21")
_MODELS = (("NVIDIA GeForce RTX 4090", 24, "8.9"), ("NVIDIA RTX 6000 Ada Generation", 48, "8.9"))


class SimulatedProbe:
    """Implements GpuProbe.

    Args:
        count: how many cards.
        seed: what makes their UUIDs this machine's own; the same seed gives the same cards.
        state_file: see the module; absent: idle cards.
    """

    name = "simulated"

    def __init__(self, count: int, seed: str, state_file: Path | None = None) -> None:
        self._uuids = [f"GPU-{uuid.uuid5(_NAMESPACE, f'{seed}/{i}')}" for i in range(count)]
        self._state_file = state_file

    async def load(self) -> None:
        """Nothing to initialise."""

    async def unload(self) -> None:
        """Nothing to let go of."""

    async def health(self) -> ProbeHealth:
        return ProbeHealth(driver_version="simulated")

    async def cards(self) -> tuple[GpuReading, ...]:
        state = await self._read()
        return tuple(
            self._card(i, uid, state.get(uid, {}))
            for i, uid in enumerate(self._uuids)
            if not state.get(uid, {}).get("lost")
        )

    async def processes(self) -> Mapping[str, Mapping[int, int | None] | None]:
        return await self._by_process("processes")

    async def busy(self) -> Mapping[str, Mapping[int, float] | None]:
        return await self._by_process("busy")

    async def _by_process(self, what: str) -> dict[str, dict[int, Any] | None]:
        state = await self._read()
        return {
            uid: None
            if not state.get(uid, {}).get("per_process", True)
            else {int(pid): value for pid, value in state.get(uid, {}).get(what, {}).items()}
            for uid in self._uuids
        }

    def _card(self, index: int, uid: str, state: dict[str, Any]) -> GpuReading:
        name, gib, capability = _MODELS[index % len(_MODELS)]
        held = sum(v or 0 for v in state.get("processes", {}).values())
        return GpuReading(
            uuid=uid,
            name=name,
            pci_bus_id=f"00000000:{index + 1:02X}:00.0",
            memory_total=gib << 30,
            memory_used=state.get("memory_used", (256 << 20) + held),
            utilisation=state.get("utilisation", 0.0),
            temperature=state.get("temperature", 38.0),
            power=state.get("power", 22.0),
            compute_capability=capability,
            simulated=True,
            per_process=state.get("per_process", True),
        )

    async def _read(self) -> dict[str, Any]:
        if self._state_file is None:
            return {}
        try:
            state = json.loads(await asyncio.to_thread(self._state_file.read_text))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ProbeError(f"{self._state_file}: {error}") from error
        if not isinstance(state, dict):
            raise ProbeError(f"{self._state_file}: not a JSON object")
        if state.get("error"):
            raise ProbeError(str(state["error"]))
        return state
