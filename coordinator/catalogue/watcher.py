"""Takes up a changed catalogue without a restart."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from aigc.clock import Clock
from coordinator.catalogue.reading import Loaded, load

_log = logging.getLogger(__name__)

# Name, modification time in nanoseconds, size and inode of each file.
_Signature = tuple[tuple[str, int, int, int], ...] | None


class Watcher:
    """Looks at the folder every few seconds, off the event loop, and tells what changed.

    A file that no longer can be read keeps its engine (see :func:`load`), and the problem is in
    ``loaded.problems``.

    Attributes:
        loaded: the catalogue in force.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        on_change: Callable[[Loaded], Awaitable[None] | None],
        *,
        loaded: Loaded | None = None,
        registries: Collection[str] | None = None,
        secrets: Collection[str] | None = None,
        interval: float = 2.0,
    ) -> None:
        self.loaded = loaded or Loaded()
        self._folder = folder
        self._clock = clock
        self._on_change = on_change
        self._registries = registries
        self._secrets = secrets
        self._interval = interval
        self._signature: _Signature | int = 0  # no real signature equals it

    async def run(self) -> None:
        """Watch until cancelled. The first look always reads."""
        while True:
            await self.look()
            await self._clock.sleep(self._interval)

    async def look(self) -> bool:
        """One look; True if something had changed (and ``on_change`` was told)."""
        signature = await asyncio.to_thread(_signature, self._folder)
        if signature == self._signature:
            return False
        loaded = await asyncio.to_thread(self._load)
        self._signature = signature
        if loaded == self.loaded:
            return False
        self.loaded = loaded
        for problem in loaded.problems:
            _log.warning("catalogue: %s", problem)
        _log.info("catalogue: %d engines, %d problems", len(loaded.engines), len(loaded.problems))
        told = self._on_change(loaded)
        if inspect.isawaitable(told):
            await told
        return True

    def _load(self) -> Loaded:
        return load(self._folder, self.loaded, registries=self._registries, secrets=self._secrets)


def _signature(folder: Path) -> _Signature:
    try:
        entries = []
        for path in folder.iterdir():
            if path.suffix in (".yaml", ".yml"):
                status = path.stat()
                entries.append((path.name, status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(sorted(entries))
    except OSError:
        return None  # gone, or changing right now: load() says which
