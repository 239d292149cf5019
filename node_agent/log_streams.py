"""Logs on request: each request is one task that reads, and chunks that wait to be sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from node_agent.engines.driver import DriverError
from node_agent.engines.driver import LogLine as Line
from node_agent.reconciler import Reconciler
from protos.aigc.v1 import common_pb2, node_pb2

_LINES_PER_CHUNK = 200
_WAITING_CHUNKS = 8  # per request; then its reader waits, so that logs never crowd out reports
_GATHER_FOR = 0.1


class LogStreams:
    """All log requests of one stream to the coordinator. ``news``: called when chunks wait."""

    def __init__(self, news: Callable[[], None]) -> None:
        self._news = news
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._chunks: deque[node_pb2.LogChunk] = deque()
        self._room = asyncio.Event()
        self._room.set()

    def begin(self, reconciler: Reconciler, request: node_pb2.LogRequest) -> None:
        self.cancel(request.request_id)
        self._tasks[request.request_id] = asyncio.create_task(self._read(reconciler, request))

    def cancel(self, request_id: int) -> None:
        task = self._tasks.pop(request_id, None)
        if task is not None:
            task.cancel()

    def take(self) -> list[node_pb2.LogChunk]:
        """What waits to be sent."""
        chunks = list(self._chunks)
        self._chunks.clear()
        self._room.set()
        return chunks

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.take()

    async def _read(self, reconciler: Reconciler, request: node_pb2.LogRequest) -> None:
        error = ""
        pending: list[Line] = []
        flusher = asyncio.create_task(self._flush_in_time(request.request_id, pending))
        try:
            lines = reconciler.logs(request.instance_id, request.tail, request.follow)
            async for line in lines:
                pending.append(line)
                if len(pending) >= _LINES_PER_CHUNK:
                    await self._flush(request.request_id, pending)
        except DriverError as caught:
            error = caught.message
        finally:
            flusher.cancel()
        await self._flush(request.request_id, pending)
        self._chunks.append(node_pb2.LogChunk(request_id=request.request_id, end=True, error=error))
        self._tasks.pop(request.request_id, None)
        self._news()

    async def _flush_in_time(self, request_id: int, pending: list[Line]) -> None:
        while True:
            await asyncio.sleep(_GATHER_FOR)
            await self._flush(request_id, pending)

    async def _flush(self, request_id: int, pending: list[Line]) -> None:
        if not pending:
            return
        lines = list(pending)
        pending.clear()
        while len(self._chunks) >= _WAITING_CHUNKS:
            self._room.clear()
            await self._room.wait()
        self._chunks.append(
            node_pb2.LogChunk(request_id=request_id, lines=[_message(line) for line in lines])
        )
        self._news()


def _message(line: Line) -> common_pb2.LogLine:
    return common_pb2.LogLine(
        at_ms=0 if line.at is None else round(line.at * 1000), stream=line.stream, text=line.text
    )
