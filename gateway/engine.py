"""Connections to engines: one exchange at a time on each, kept for the next one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, cast

from aigc.clock import Clock
from gateway.answer_heads import AnswerHead, BadAnswerError, read_answer
from gateway.bodies import BadBodyError, BodyReader, ChunkReader, LengthReader, UntilCloseReader
from gateway.heads import MAX_HEAD_BYTES, find_head_end
from gateway.routes import Route

log = logging.getLogger(__name__)

# Idle connections: how long, and how many of one instance. Engines close theirs earlier; that is
# seen at once, because the agent passes it on.
IDLE_SECONDS = 30.0
_MAX_IDLE = 32


class EngineUnreachableError(Exception):
    """No connection to the engine's machine, or the engine refuses them."""


class AnswerTaker(Protocol):
    """Who asked: told of everything that the engine says."""

    def on_interim(self, head: AnswerHead) -> None: ...
    def on_answer(self, head: AnswerHead, reader: BodyReader) -> None: ...
    def on_body(self, data: bytes) -> None: ...
    def on_answer_end(self) -> None: ...
    def on_whole_answer(self, head: AnswerHead, body: bytes) -> None: ...
    def on_engine_lost(self, why: str, heard: bool, reused: bool) -> None: ...
    def on_upgraded(self, head: AnswerHead) -> None: ...
    def on_upgraded_data(self, data: bytes) -> None: ...
    def on_upgraded_eof(self) -> None: ...
    def on_engine_full(self) -> None: ...
    def on_engine_ready(self) -> None: ...


class EngineConnection(asyncio.Protocol):
    """One stream to an engine. ``taker`` is None while it is idle."""

    __slots__ = (
        "_buffer", "_head", "_heard", "_method", "_reader", "_request_ended", "_taker",
        "_upgraded", "_used", "_websocket", "idle_since", "key", "pool", "transport",
    )  # fmt: skip

    def __init__(self, pool: Engines, key: tuple[str, int]) -> None:
        self.pool = pool
        self.key = key
        self.idle_since = 0.0
        self.transport: asyncio.Transport | None = None
        self._taker: AnswerTaker | None = None
        self._method = ""
        self._websocket = False
        self._upgraded = False
        self._used = False
        self._heard = False
        self._buffer = b""
        self._head: AnswerHead | None = None
        self._reader: BodyReader | None = None
        self._request_ended = False

    def begin(self, taker: AnswerTaker, method: str, websocket: bool, head: bytes) -> None:
        """Send a request's head; its answer goes to the taker."""
        self._taker = taker
        self._method = method
        self._websocket = websocket
        self._heard = False
        self._buffer = b""
        self._head = None
        self._reader = None
        self._request_ended = False
        if self.transport is not None:
            self.transport.write(head)

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def write_eof(self) -> None:
        if self.transport is not None and self.transport.can_write_eof():
            self.transport.write_eof()

    def end_request(self) -> None:
        """The request's body went out whole."""
        self._request_ended = True

    def drop(self) -> None:
        """The asker is gone: end the connection, whatever it was doing."""
        self._taker = None
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """End it after what was written has gone out."""
        self._taker = None
        if self.transport is not None:
            self.transport.close()

    def pause_reading(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.transport is not None:
            self.transport.resume_reading()

    # --- asyncio.Protocol ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        taker = self._taker
        if taker is None:
            # Bytes that nobody asked for: an answer to no request would meet the next one.
            self.drop()
            return
        self._heard = True
        if self._upgraded:
            taker.on_upgraded_data(data)
            return
        try:
            self._read(data)
        except (BadAnswerError, BadBodyError) as error:
            log.warning("engine of %s answered badly: %s", self.key[0], error)
            self._fail(f"the engine's answer is not HTTP: {error}")

    def eof_received(self) -> bool:
        taker = self._taker
        if taker is None:
            return False
        if self._upgraded:
            taker.on_upgraded_eof()
            return True
        if isinstance(self._reader, UntilCloseReader):
            self._finish(keep=False)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.pool.remove(self)
        taker = self._taker
        if taker is None:
            return
        if isinstance(self._reader, UntilCloseReader) and exc is None:
            self._finish(keep=False)
            return
        self._taker = None
        taker.on_engine_lost(
            str(exc) if exc else "the engine closed the connection", self._heard, self._used
        )

    def pause_writing(self) -> None:
        if self._taker is not None:
            self._taker.on_engine_full()

    def resume_writing(self) -> None:
        if self._taker is not None:
            self._taker.on_engine_ready()

    # --- own -------------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        if self._reader is not None:
            self._read_body(data)
            return
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        while self._wants_head():
            end = find_head_end(data)
            if end < 0 and len(data) <= MAX_HEAD_BYTES:
                self._buffer = data
                return
            if end < 0 or end > MAX_HEAD_BYTES:
                raise BadAnswerError("a head of more than 64 KiB")
            head = read_answer(data[:end])
            data = data[end:]
            if head.status >= 200 and self._is_all(head, data):
                self._on_all(head, data)
                return
            self._on_head(head)
        self._read_after_head(data)

    def _is_all(self, head: AnswerHead, rest: bytes) -> bool:
        """Whether nothing of this answer is still to come, and nothing came after it."""
        if self._method == "HEAD" or head.status in (204, 304):
            return not rest
        return head.content_length == len(rest)

    def _on_all(self, head: AnswerHead, body: bytes) -> None:
        """A whole answer in one piece, as most come."""
        taker, self._taker = self._taker, None
        assert taker is not None
        if head.keep_alive and self._request_ended:
            self._used = True
            self.pool.keep(self)
        else:
            self.close()
        taker.on_whole_answer(head, body)

    def _wants_head(self) -> bool:
        return self._reader is None and not self._upgraded and self._taker is not None

    def _read_after_head(self, rest: bytes) -> None:
        if self._taker is None:
            return
        if self._upgraded:
            if rest:
                self._taker.on_upgraded_data(rest)
        elif self._reader is not None and (rest or self._reader.ended):
            self._read_body(rest)

    def _on_head(self, head: AnswerHead) -> None:
        taker = self._taker
        assert taker is not None
        if head.status == 101:
            if not self._websocket:
                raise BadAnswerError("a change of protocol that nobody asked for")
            self._upgraded = True
            taker.on_upgraded(head)
        elif head.status < 200:
            taker.on_interim(head)
        else:
            self._head = head
            self._reader = _reader_for(head, self._method)
            taker.on_answer(head, self._reader)

    def _read_body(self, data: bytes) -> None:
        reader = self._reader
        assert reader is not None
        pieces, rest = reader.feed(data) if data else ([], b"")
        for piece in pieces:
            if self._taker is None:
                return
            self._taker.on_body(piece)
        if reader.ended:
            assert self._head is not None
            self._finish(keep=self._head.keep_alive and not rest)

    def _finish(self, keep: bool) -> None:
        taker, self._taker = self._taker, None
        if keep and self._request_ended:
            self._used = True
            self.resume_reading()
            self.pool.keep(self)
        else:
            self.close()
        if taker is not None:
            taker.on_answer_end()

    def _fail(self, why: str) -> None:
        taker, self._taker = self._taker, None
        if self.transport is not None:
            self.transport.abort()
        if taker is not None:
            taker.on_engine_lost(why, True, self._used)


def _reader_for(head: AnswerHead, method: str) -> BodyReader:
    if method == "HEAD" or head.status in (204, 304):
        return LengthReader(0)
    if head.chunked:
        return ChunkReader()
    if head.content_length is not None:
        return LengthReader(head.content_length)
    return UntilCloseReader()


class Engines:
    """All connections to engines.

    Args:
        connect: opens a stream to a route's engine for a protocol.
    """

    def __init__(
        self, connect: Callable[[Route, asyncio.Protocol, bool], None], clock: Clock
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._idle: dict[tuple[str, int], list[EngineConnection]] = {}

    def acquire(self, route: Route, max_idle: float, long: bool = False) -> EngineConnection:
        """A connection to the route's engine, kept or new.

        Args:
            max_idle: seconds; a kept one may have been idle for so long, 0: a new one only.
            long: a long transfer is coming; it gets the least busy way.

        Raises:
            EngineUnreachableError: there is no way to its machine.
        """
        key = (route.instance_id, route.epoch)
        idle = self._idle.get(key)
        while idle:
            connection = idle[-1]
            if self._clock.monotonic() - connection.idle_since > max_idle:
                break
            idle.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                return connection
        connection = EngineConnection(self, key)
        self._connect(route, connection, long)
        return connection

    def keep(self, connection: EngineConnection) -> None:
        """An exchange is over and the connection may serve another."""
        idle = self._idle.setdefault(connection.key, [])
        if len(idle) >= _MAX_IDLE:
            idle.pop(0).close()
        connection.idle_since = self._clock.monotonic()
        idle.append(connection)

    def remove(self, connection: EngineConnection) -> None:
        idle = self._idle.get(connection.key)
        if idle is not None and connection in idle:
            idle.remove(connection)
            if not idle:
                del self._idle[connection.key]

    def sweep(self) -> None:
        """Close what was idle for too long."""
        oldest = self._clock.monotonic() - IDLE_SECONDS
        for key, idle in list(self._idle.items()):
            for connection in [c for c in idle if c.idle_since < oldest]:
                idle.remove(connection)
                connection.close()
            if not idle:
                self._idle.pop(key, None)
