"""The one asyncio loop of the program, in a thread of its own beside Qt's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_STOP_SECONDS = 5.0


class LoopThread:
    """Runs coroutines off the GUI thread. ``start`` and ``stop`` are a pair."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="asyncio", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; never waits."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Any, *args: object) -> None:
        """Call a function in the loop's thread; never waits."""
        self._loop.call_soon_threadsafe(function, *args)

    def future(self) -> asyncio.Future[Any]:
        """One of the loop's, to be settled and awaited in its thread."""
        return self._loop.create_future()

    def stop(self) -> None:
        """Cancel what runs, let it clean up for a few seconds, end the thread."""
        if self._thread.ident is None:  # never started
            self._loop.close()
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self._loop.run_until_complete(asyncio.wait(tasks, timeout=_STOP_SECONDS / 2))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()
