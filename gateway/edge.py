"""The HTTP/1.1 edge: one protocol per browser connection.

It reads whole heads, asks the door, and hands each request to an exchange with the engine or to
one of our own pages; requests that come before an answer is out wait their turn.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any, Protocol, cast

from aigc.clock import Clock, milliseconds
from aigc.loops import create_server
from gateway.activity import Activity
from gateway.answers import Answer, EventStream, answer_json, write_event_stream_head, write_own
from gateway.bodies import (
    LAST_CHUNK,
    BadBodyError,
    BodyReader,
    ChunkReader,
    LengthReader,
    write_chunk,
)
from gateway.door import Act, Decision, decide, still_allowed
from gateway.engine import Engines
from gateway.exchange import Exchange
from gateway.heads import (
    MAX_HEAD_BYTES,
    RefusedHeadError,
    RequestHead,
    RequestReader,
    find_head_end,
)
from gateway.limits import Excess, Lease, Limits
from gateway.recall import keep, recall
from gateway.routes import Route, RouteTable

log = logging.getLogger(__name__)

# After an early answer what still comes is thrown away, so that the browser can read the answer.
_LINGER_SECONDS = 5.0
_HANDSHAKE_SECONDS = 10.0
_MAX_AHEAD_BYTES = 2 * MAX_HEAD_BYTES
_MAX_OWN_BODY_BYTES = 16 * 1024
_WRITE_HIGH = 256 * 1024
_FLUSH_BYTES = 128 * 1024
_JOINED_BYTES = 16 * 1024  # so much is copied together rather than sent in several TLS records
_SWEEP_SECONDS = 1.0
_SLOW_BODY = "The request's body did not go on arriving in time."
_RECORDS = 4  # of TLS, held at once for each connection: there may be thousands


class OwnPages(Protocol):
    """What the gateway answers itself; see :mod:`gateway.own`."""

    async def answer(self, head: RequestHead, decision: Decision) -> Answer | EventStream: ...
    def refusal(self, head: RequestHead, decision: Decision) -> Answer: ...
    def excess(self, head: RequestHead, decision: Decision, excess: Excess) -> Answer: ...
    def too_many(self, excess: Excess) -> Answer: ...
    def engine_silent_page(self, head: RequestHead, route: Route) -> Answer: ...


class Edge:
    """Everything that browser connections share."""

    def __init__(
        self,
        table: RouteTable,
        engines: Engines,
        activity: Activity,
        own: OwnPages,
        clock: Clock,
        scheme: bytes,
        limits: Limits,
    ) -> None:
        self.table = table
        self.engines = engines
        self.activity = activity
        self.own = own
        self.clock = clock
        self.scheme = scheme
        self.limits = limits
        self._swept = clock.monotonic()
        self.connections: set[BrowserConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer | None = None

    def now_ms(self) -> int:
        return milliseconds(self.clock.now())

    async def listen(self, host: str, port: int, context: ssl.SSLContext | None) -> tuple[str, int]:
        """Start listening; returns the bound address."""
        tls: dict[str, Any] = {}
        if context is not None:
            tls = {"ssl_handshake_timeout": _HANDSHAKE_SECONDS, "ssl_shutdown_timeout": 2.0}
        server: Any = await create_server(
            lambda: BrowserConnection(self), host, port, context, _RECORDS, backlog=1024, **tls
        )
        self._server = server
        address: Any = server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.abort()
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def sweep_forever(self) -> None:
        """Each second: slow heads, idle connections, and sessions that are over."""
        while True:
            await self.clock.sleep(_SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        now = self.clock.monotonic()
        now_ms = self.now_ms()
        self.limits.refill(now - self._swept)
        self._swept = now
        for connection in list(self.connections):
            connection.check(now, now_ms)


class BrowserConnection(asyncio.Protocol):
    """One connection of a browser; see the module."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.client = b"unknown"
        self._transport: asyncio.Transport | None = None
        self._tls = False
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._buffer = bytearray()
        self._reader = RequestReader()
        self._exchange: Exchange | None = None
        self._own: _OwnExchange | None = None
        self._deadline: float | None = None
        self._reading_head = False
        self._first = True
        self._lingering = False
        self._half_closed = False
        self._full = False  # the browser does not read: no further request is begun
        self._paused = False
        self._body_moved = False
        self._lease: Lease | None = None

    # --- asyncio.Protocol ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)
        self._tls = self._transport.get_extra_info("ssl_object") is not None
        peer = self._transport.get_extra_info("peername")
        if peer:
            self.client = str(peer[0]).encode("ascii", "replace")
        _keep_alive(self._transport)
        lease = self.edge.limits.open(str(peer[0]) if peer else "unknown")
        if isinstance(lease, Excess):
            self._lingering = True  # nothing that it says is read
            self.write(write_own(self.edge.own.too_many(lease), False, False))
            self._loop.call_soon(self.close)  # soon: see aigc.loops
            return
        self._lease = lease
        self.edge.connections.add(self)
        self._deadline = self._in_seconds(self.edge.limits.settings.head_seconds)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        exchange = self._exchange
        if exchange is not None:
            if exchange.upgraded:
                exchange.feed_upgraded(data)
                return
            if not exchange.request_ended:
                self._feed_body(exchange, data)
                return
        elif self._own is not None and not self._own.request_ended:
            self._feed_own(self._own, data)
            return
        if exchange is None and self._own is None and not self._full and self._is_one_head(data):
            self._reading_head = False
            self._first = False
            self._deadline = None
            self._begin(data)
            return
        self._buffer += data
        if exchange is None and self._own is None and not self._full:
            self._read_heads()
        elif len(self._buffer) > _MAX_AHEAD_BYTES:
            self.pause_reading()

    def eof_received(self) -> bool:
        exchange = self._exchange
        if exchange is not None and not self._tls:
            if exchange.upgraded:
                exchange.feed_eof()
                return True
            # Half-closed after a whole request: the answer is still wanted, unless it is an
            # event stream, where an end like this is how a closed tab looks.
            if exchange.request_ended and not exchange.event_stream:
                self._half_closed = True
                return True
        if self._own is not None and self._own.request_ended and not self._tls:
            self._half_closed = True
            return not self._own.streaming
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.edge.connections.discard(self)
        if self._lease is not None:
            self._lease.close()
        self._transport = None
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abandon()
        own, self._own = self._own, None
        if own is not None:
            own.cancel()

    def pause_writing(self) -> None:
        self._full = True
        if self._exchange is not None:
            self._exchange.browser_full()
        if self._own is not None:
            self._own.writable.clear()

    def resume_writing(self) -> None:
        self._full = False
        if self._exchange is not None:
            self._exchange.browser_ready()
        elif self._own is not None:
            self._own.writable.set()
        else:
            self.resume_reading()
            self._loop.call_soon(self._read_heads)

    # --- for the exchange ------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send; what is written in one turn of the loop goes out as one piece (head and body in
        one TLS record and one call of the kernel)."""
        if self._transport is None:
            return
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if self._unsent_bytes >= _FLUSH_BYTES:
            self._flush()
        elif len(self._unsent) == 1:
            self._loop.call_soon(self._flush)

    def write_last(self, data: bytes) -> None:
        """Send what ends an answer: at once, unless something of the same turn comes before."""
        if self._unsent:
            self.write(data)
            self._flush()
        elif self._transport is not None:
            self._transport.write(data)

    def _flush(self) -> None:
        unsent = self._unsent
        if unsent and self._transport is not None:
            if len(unsent) == 1:
                self._transport.write(unsent[0])
            elif self._unsent_bytes <= _JOINED_BYTES:
                self._transport.write(b"".join(unsent))
            else:
                self._transport.writelines(unsent)
            self._unsent = []  # another one: a transport may keep what it was given
            self._unsent_bytes = 0

    def write_eof(self) -> None:
        self._flush()
        if self._transport is None:
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def may_keep_alive(self) -> bool:
        return not self._half_closed

    def exchange_ended(self, keep_alive: bool) -> None:
        """The answer is out; go on with the next request or close."""
        ended = self._exchange is None or self._exchange.request_ended
        self._exchange = None
        self._own = None
        if self._lease is not None:
            self._lease.end()
        if not keep_alive or self._half_closed:
            self._end(ended)
            return
        self._deadline = self._in_seconds(self.edge.limits.settings.idle_seconds)
        self.resume_reading()
        if self._buffer:
            # Not from inside the engine's callback.
            self._loop.call_soon(self._read_heads)

    def send_own(self, answer: Answer, head: RequestHead | None, request_ended: bool) -> None:
        """Send an answer of ours in place of the engine's."""
        keep = head is not None and head.keep_alive and not head.http_1_0 and request_ended
        keep = keep and self.may_keep_alive()
        self.write(write_own(answer, keep, head is not None and head.method == "HEAD"))
        self._exchange = None
        self._own = None
        if keep:
            self.exchange_ended(True)
        else:
            if self._lease is not None:
                self._lease.end()
            self._end(request_ended)

    # --- sweeping --------------------------------------------------------------------------

    def check(self, now: float, now_ms: int) -> None:
        """Once a second: deadlines, and whether the session still holds."""
        exchange = self._exchange
        if exchange is not None:
            if not still_allowed(
                exchange.route, exchange.session, exchange.access, self.edge.table, now_ms
            ):
                log.info("instance_id=%s: session over, closed", exchange.route.instance_id)
                self.abort()
            elif not exchange.request_ended:
                self._check_body(exchange, now)
            return
        if self._deadline is None or now < self._deadline:
            return
        if self._own is not None:
            if not self._own.request_ended:
                self.send_own(answer_json(408, "body-too-slow", _SLOW_BODY), None, False)
        elif self._reading_head and not self._lingering:
            message = "The request's head did not arrive in time."
            self.send_own(answer_json(408, "head-too-slow", message), None, True)
        else:
            self.abort()

    def _check_body(self, exchange: Exchange, now: float) -> None:
        """A body that stands still: the browser's fault only while the engine takes more."""
        if self._body_moved or exchange.engine_full or self._deadline is None:
            self._body_moved = False
            self._deadline = self._in_seconds(self.edge.limits.settings.body_seconds)
        elif now >= self._deadline:
            exchange.give_up(408, "body-too-slow", _SLOW_BODY)

    def _in_seconds(self, seconds: int) -> float | None:
        return self.edge.clock.monotonic() + seconds if seconds else None

    # --- reading ---------------------------------------------------------------------------

    def _is_one_head(self, data: bytes) -> bool:
        """One head and nothing else, as it comes nearly always: it needs no buffer."""
        return (
            not self._buffer
            and data.find(b"\r\n\r\n") == len(data) - 4
            and len(data) <= MAX_HEAD_BYTES
            and data[0] != 13
            and self._transport is not None
            and not self._transport.is_closing()
        )

    def _read_heads(self) -> None:
        # Who does not read gets nothing more: a new answer would not know that it must wait.
        while self._buffer and not self._full and self._exchange is None and self._own is None:
            if self._lingering or self._transport is None or self._transport.is_closing():
                return
            if self._buffer.startswith(b"\r\n"):
                del self._buffer[:2]  # RFC 9112, 2.2: one empty line before a request is let be
                if not self._buffer:
                    return
            if not self._reading_head:
                self._reading_head = True
                if not self._first:
                    self._deadline = self._in_seconds(self.edge.limits.settings.head_seconds)
            end = find_head_end(self._buffer)
            if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
                message = "The request's head is larger than 64 KiB."
                self.send_own(answer_json(431, "head-too-large", message), None, False)
                return
            if end < 0:
                return
            raw = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._reading_head = False
            self._first = False
            self._deadline = None
            self._begin(raw)

    def _begin(self, raw: bytes) -> None:
        try:
            head = self._reader.read(raw)
        except RefusedHeadError as error:
            self.send_own(answer_json(error.status, error.key, error.message), None, False)
            return
        decision = self._decide(head)
        excess = self._count(head, decision)
        if excess is not None:
            self.send_own(self.edge.own.excess(head, decision, excess), head, not head.has_body)
        elif decision.act is Act.FORWARD:
            assert decision.route is not None
            assert decision.session is not None
            self._exchange = Exchange(
                self,
                head,
                decision.route,
                decision.session,
                decision.navigation,
                decision.access,
            )
            self._exchange.start()
        elif decision.act is Act.REFUSE:
            answer = self.edge.own.refusal(head, decision)
            self.send_own(answer, head, not head.has_body)
        elif (head.content_length or 0) > _MAX_OWN_BODY_BYTES:
            self.send_own(answer_json(413, "too-large", "This needs no body."), head, False)
        else:
            self._own = _OwnExchange(self, head, decision)
            if self._own.request_ended:
                self._own.start()
            else:
                self._deadline = self._in_seconds(self.edge.limits.settings.head_seconds)
        self._feed_buffered()

    def _decide(self, head: RequestHead) -> Decision:
        edge = self.edge
        now = edge.clock.monotonic()
        decision = recall(head, edge.table, now)
        if decision is None:
            now_ms = edge.now_ms()
            decision = decide(head, edge.table, edge.scheme, now_ms)
            keep(head, decision, edge.table, now, now_ms)
        return decision

    def _count(self, head: RequestHead, decision: Decision) -> Excess | None:
        """Whether this request is one too many; what is refused anyway counts for its rate."""
        lease = self._lease
        assert lease is not None
        session, route = decision.session, decision.route
        if session is None or route is None or decision.act is Act.REFUSE:
            return lease.begin_unknown()
        return lease.begin(session.person_id, route.instance_id, head.websocket)

    def _feed_buffered(self) -> None:
        """What came right behind a head belongs to its body, if it has one."""
        if not self._buffer:
            return
        if self._exchange is not None and not self._exchange.request_ended:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._feed_body(self._exchange, data)
        elif self._own is not None and not self._own.request_ended:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._feed_own(self._own, data)

    def feed_ahead(self, exchange: Exchange) -> None:
        """The engine agreed to the WebSocket: what came right behind the handshake is frames."""
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            exchange.feed_upgraded(data)
        self.resume_reading()

    def _feed_body(self, exchange: Exchange, data: bytes) -> None:
        self._body_moved = True
        try:
            rest = exchange.feed(data)
        except BadBodyError as error:
            exchange.give_up(400, "bad-request", f"The request's body is malformed: {error}.")
            return
        if rest:
            self._buffer += rest
            if self._exchange is None:
                self._read_heads()

    def _feed_own(self, own: _OwnExchange, data: bytes) -> None:
        try:
            rest = own.feed(data)
        except BadBodyError as error:
            self.send_own(answer_json(400, "bad-request", f"Refused: {error}."), None, False)
            return
        if rest:
            self._buffer += rest
        if own.request_ended:
            own.start()

    def _end(self, request_ended: bool) -> None:
        """Close once the answer is out; linger if the browser is still sending."""
        self._flush()
        transport = self._transport
        if transport is None:
            return
        if request_ended and not self._buffer:
            transport.close()
            return
        self._lingering = True
        self._buffer.clear()
        self._reading_head = False
        self._deadline = self.edge.clock.monotonic() + _LINGER_SECONDS
        if transport.can_write_eof():
            transport.write_eof()
        self.resume_reading()


class _OwnExchange:
    """A request that one of our own pages answers."""

    def __init__(self, browser: BrowserConnection, head: RequestHead, decision: Decision) -> None:
        self.streaming = False
        self.writable = asyncio.Event()
        self.writable.set()
        self._browser = browser
        self._head = head
        self._decision = decision
        self._body: BodyReader = (
            ChunkReader() if head.chunked else LengthReader(head.content_length or 0)
        )
        self._size = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def request_ended(self) -> bool:
        return self._body.ended

    def feed(self, data: bytes) -> bytes:
        """The body is read and not used: what our pages are asked stands in the head."""
        pieces, rest = self._body.feed(data)
        self._size += sum(len(piece) for piece in pieces)
        if self._size > _MAX_OWN_BODY_BYTES:
            raise BadBodyError("a body where none is needed")
        return rest

    def start(self) -> None:
        tasks = self._browser.edge.tasks
        self._task = asyncio.get_running_loop().create_task(self._run(), name="own page")
        tasks.add(self._task)
        self._task.add_done_callback(tasks.discard)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        browser = self._browser
        try:
            answer = await browser.edge.own.answer(self._head, self._decision)
        except Exception:  # a defect in one page must not leave the browser waiting: 500, logged
            log.exception("an own page failed")
            answer = answer_json(500, "internal", "The gateway failed; IT finds it in its log.")
        if isinstance(answer, Answer):
            browser.send_own(answer, self._head, True)
            return
        self.streaming = True
        browser.write(write_event_stream_head())
        await self._stream(answer.events)
        browser.write(LAST_CHUNK)
        browser.exchange_ended(True)

    async def _stream(self, events: AsyncIterator[bytes]) -> None:
        async for event in events:
            await self.writable.wait()
            self._browser.write(write_chunk(event))


def _keep_alive(transport: asyncio.Transport) -> None:
    """A peer that vanished without a word is found by the kernel (upgraded sockets have no time
    limits of ours)."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
