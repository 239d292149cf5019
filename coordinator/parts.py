"""The long-running parts of the coordinator: the end of one is the end of all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from aigc.errors import AigcError, ErrorKind

_log = logging.getLogger(__name__)


class Parts:
    """What runs for as long as the coordinator does: the end of one is the end of all."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._tasks: list[asyncio.Task[Any]] = []
        self._first: BaseException | None = None

    def start(self, name: str, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        return task

    def raise_first(self) -> None:
        """Pass on what ended the coordinator, if it was not asked to stop."""
        if self._first is not None:
            raise self._first

    async def end(self) -> None:
        """End them in the reverse order of their start; the web server ends by itself."""
        for task in reversed(self._tasks):
            if task.get_name() == "web":
                await asyncio.wait({task}, timeout=5)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if self._stop.is_set() or task.cancelled():
            return
        error = task.exception()
        _log.error("a part of the coordinator ended", extra={"part": task.get_name()})
        if self._first is None:
            self._first = error or AigcError(
                "part-ended",
                f"The coordinator's part {task.get_name()} ended by itself; see its log.",
                ErrorKind.INTERNAL,
            )
        self._stop.set()


@contextlib.asynccontextmanager
async def parts(stop: asyncio.Event) -> AsyncIterator[Parts]:
    running = Parts(stop)
    try:
        yield running
    finally:
        stop.set()
        await running.end()
