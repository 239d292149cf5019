"""One tunnel connection as an asyncio protocol, its streams as asyncio transports.

Both ends use it: the gateway opens streams and gives each an :class:`asyncio.Protocol`; the agent
is called back for each stream that is opened. A stream behaves as a socket does: ``write``,
``pause_reading``, ``write_eof``, ``pause_writing`` on its protocol when it is full.

Writing is fair: streams take turns, short ones before long transfers, and only so much is handed
to the socket at a time, so that a page never waits behind gigabytes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from aigc.tunnel import connection as rules
from aigc.tunnel.connection import DataReceived, ResetCode, StreamState, TunnelConnection
from aigc.tunnel.frames import HEADER_BYTES, TunnelError

# A turn of one stream (with its header four whole TLS records), and how much the socket may hold
# before streams wait for it.
_TURN_BYTES = 64 * 1024 - HEADER_BYTES
# So much is copied together rather than sent in several TLS records.
_JOINED_BYTES = 16 * 1024
_SOCKET_HIGH = 256 * 1024
_SOCKET_LOW = 64 * 1024
# What a stream holds before its protocol is asked to pause: more than one read of a socket, so
# that a transfer which keeps up is never paused.
_STREAM_HIGH = 320 * 1024
_STREAM_LOW = 32 * 1024
# What was consumed is told to the rules in steps of this.
_CONSUMED_STEP = 16 * 1024
# A stream that has sent so much is a long transfer: it yields to the others.
LONG_TRANSFER_BYTES = 1 << 20
# Answers to a peer that never reads; more than this and the connection is over.
_MAX_BACKLOG = 8 << 20
PING_SECONDS = 10.0
_SILENT_PINGS = 2


class StreamRefusedError(ConnectionError):
    """The other side ended the stream: no such instance, or its engine cannot be reached.

    Attributes:
        code: why, as a :class:`ResetCode` (or an unknown number of a newer peer).
        reason: a few words for logs and error pages.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"the stream was reset ({code})")
        self.code = code
        self.reason = reason


class StreamTransport(asyncio.Transport):
    """One stream of a link; see the module. Made by :class:`Link` only."""

    __slots__ = (
        "_closing", "_consumed", "_eof_told", "_eof_wanted", "_fin_sent", "_in", "_in_eof",
        "_lost", "_out", "_out_bytes", "_protocol", "_reading", "_writing_paused", "accepted",
        "link", "number", "queued", "received_bytes", "sent_bytes", "state",
    )  # fmt: skip

    def __init__(
        self, link: Link, number: int, state: StreamState, protocol: asyncio.Protocol | None
    ) -> None:
        super().__init__()
        self.link = link
        self.number = number
        self.state = state
        self.queued = False  # the link knows that it has something to send
        self.accepted = False  # the other side reached its engine
        self.sent_bytes = 0
        self.received_bytes = 0
        self._protocol = protocol
        self._out: deque[bytes | memoryview] = deque()
        self._out_bytes = 0
        self._in: deque[bytes] = deque()
        self._consumed = 0  # of it the rules do not know yet
        self._reading = True
        self._in_eof = False
        self._eof_told = False
        self._eof_wanted = False
        self._fin_sent = False
        self._closing = False
        self._lost = False
        self._writing_paused = False

    # --- asyncio.Transport -----------------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.link.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing or self._lost

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if self._reading or self._lost:
            return
        self._reading = True
        # Not from inside the caller: it may be in the middle of changing its own state.
        if self._in or self._in_eof:
            self.link.loop.call_soon(self._deliver)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._lost or self._eof_wanted or not data:
            return
        data = bytes(data)  # no copy of what is bytes already
        size = len(data)
        self._out.append(data if size <= _TURN_BYTES else memoryview(data))
        self._out_bytes += size
        if not self.queued:
            self.link.ready(self)
        if self._out_bytes > _STREAM_HIGH and not self._writing_paused:
            self._writing_paused = True
            self.get_protocol().pause_writing()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._eof_wanted and not self._lost:
            self._eof_wanted = True
            self.link.ready(self)

    def get_write_buffer_size(self) -> int:
        return self._out_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return (_STREAM_LOW, _STREAM_HIGH)

    def close(self) -> None:
        """Send what is buffered, then end the stream; nothing more is received."""
        if self._closing or self._lost:
            return
        self._closing = True
        self._in.clear()
        self._eof_wanted = True
        self.link.ready(self)

    def abort(self) -> None:
        """End it now; what is buffered is dropped and the other side is told it broke."""
        self.reset(ResetCode.BROKEN, "")

    def reset(self, code: ResetCode, reason: str) -> None:
        """End it now, saying why."""
        if not self._lost:
            self.link.reset_stream(self, code, reason)
            self.lose(None)

    def accept(self) -> None:
        """The agent's end: the engine was reached."""
        if not self._lost:
            self.link.accept_stream(self)

    # --- for the link ----------------------------------------------------------------------

    def next_turn(self, credit: int) -> bytes | memoryview:
        """At most one turn's bytes to send, within the credit; b"" if there are none."""
        out = self._out
        limit = min(credit, _TURN_BYTES)
        if limit <= 0 or not out:
            return b""
        first = out.popleft()
        if len(first) > limit:
            out.appendleft(first[limit:])
            first = first[:limit]
        elif out and len(first) < limit:
            pieces = [first]
            size = len(first)
            while out and size + len(out[0]) <= limit:
                pieces.append(out.popleft())
                size += len(pieces[-1])
            first = b"".join(pieces)
        self._out_bytes -= len(first)
        self.sent_bytes += len(first)
        return first

    def take_large(self, limit: int) -> memoryview | None:
        """The first piece to send, as far as the limit goes, if it is more than one turn's."""
        out = self._out
        first = out[0] if out else b""
        if not isinstance(first, memoryview) or min(len(first), limit) <= _TURN_BYTES:
            return None
        if len(first) > limit:
            out[0] = first[limit:]
            first = first[:limit]
        else:
            out.popleft()
        self._out_bytes -= len(first)
        self.sent_bytes += len(first)
        return first

    def has_output(self) -> bool:
        return bool(self._out)

    def wants_fin(self) -> bool:
        return self._eof_wanted and not self._fin_sent and not self._out

    def after_turn(self) -> None:
        """Some bytes left: tell a paused protocol, finish a closing stream."""
        if self._lost:
            return
        if self.wants_fin():
            self._fin_sent = True
            self.link.finish_stream(self)
            self._end_if_over()
        if self._closing and self._fin_sent:
            self.link.reset_stream(self, ResetCode.CLOSED, "")
            self.lose(None)
            return
        if self._writing_paused and self._out_bytes <= _STREAM_LOW and not self._lost:
            self._writing_paused = False
            self.get_protocol().resume_writing()

    def take_small(self) -> bytes | memoryview:
        """All that there is to send if it is one piece and nothing is special; else b""."""
        out = self._out
        if len(out) != 1 or self._eof_wanted or self._writing_paused:
            return b""
        return out[0]

    def small_sent(self, size: int) -> None:
        """What :meth:`take_small` gave is on its way."""
        self._out.clear()
        self._out_bytes = 0
        self.sent_bytes += size

    def receive(self, data: bytes) -> None:
        size = len(data)
        self.received_bytes += size
        if self._reading and not (self._in or self._closing or self._lost):
            self._protocol.data_received(data)  # type: ignore[union-attr]  # reading: it is there
        elif not (self._closing or self._lost):
            self._in.append(data)
            return
        self._consume(size)

    def receive_eof(self) -> None:
        self._in_eof = True
        if self._reading and not self._in:
            self._tell_eof()

    def lose(self, error: Exception | None) -> None:
        """The stream is over; tells the protocol (soon, never from inside its own call)."""
        if self._lost:
            return
        self._lost = True
        self._out.clear()
        self._out_bytes = 0
        self.link.forget(self)
        self.link.loop.call_soon(self._tell_lost, error)

    def lose_after_delivery(self, error: Exception | None) -> None:
        """As :meth:`lose`; what was received and not read yet is delivered first."""
        while self._in and not self._closing and not self._lost and self._protocol is not None:
            self._protocol.data_received(self._in.popleft())
        self.lose(error)

    # --- own -------------------------------------------------------------------------------

    def _consume(self, size: int) -> None:
        self._consumed += size
        if self._consumed >= _CONSUMED_STEP:
            self.link.consume(self, self._consumed)
            self._consumed = 0

    def _deliver(self) -> None:
        while self._in and self._reading and not self._lost and self._protocol is not None:
            data = self._in.popleft()
            self._protocol.data_received(data)
            self._consume(len(data))
        if self._in_eof and not self._in and self._reading and not self._lost:
            self._tell_eof()

    def _tell_eof(self) -> None:
        if self._eof_told or self._closing or self._protocol is None:
            return
        self._eof_told = True
        keep_open = self._protocol.eof_received()
        if not keep_open:
            self.close()
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._fin_sent and self._eof_told:
            self.lose(None)

    def _tell_lost(self, error: Exception | None) -> None:
        if self._protocol is not None:
            self._protocol.connection_lost(error)


class Link(asyncio.Protocol):
    """One tunnel connection with its streams.

    Args:
        opener: True at the gateway's end.
        on_open: the agent's end: called for each stream the gateway opens; returns its protocol,
            or None after having reset it.
        on_lost: called once when the connection is over, with the reason in words.
    """

    def __init__(
        self,
        opener: bool,
        on_open: Callable[[StreamTransport, str, int], asyncio.Protocol | None] | None = None,
        on_made: Callable[[Link], None] | None = None,
        on_lost: Callable[[Link, str], None] | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self.lost = self.loop.create_future()
        self._rules = TunnelConnection(opener)
        self._on_open = on_open
        self._on_made = on_made
        self._on_lost = on_lost
        self._streams: dict[int, StreamTransport] = {}
        self._short: deque[StreamTransport] = deque()
        self._long: deque[StreamTransport] = deque()
        self._socket_full = False
        self._pump_due = False
        self._why = ""
        self._heard = True
        self._silent = 0
        self._ping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    @property
    def open_for_streams(self) -> bool:
        return self.transport is not None and not self.lost.done() and self._rules.can_open()

    @property
    def long_transfers(self) -> int:
        """Streams that have moved so much that a page should rather use another connection."""
        return sum(
            1
            for s in self._streams.values()
            if s.sent_bytes + s.received_bytes > LONG_TRANSFER_BYTES
        )

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self.transport is None else self.transport.get_extra_info(name, default)

    def open(self, instance_id: str, epoch: int, protocol: asyncio.Protocol) -> StreamTransport:
        """Open a stream to an instance; it can be written to at once.

        Raises:
            TunnelError: no further stream is possible here (see :attr:`open_for_streams`).
        """
        number = self._rules.open(instance_id, epoch)
        stream = StreamTransport(self, number, self._rules.state(number), protocol)
        self._streams[number] = stream
        self._schedule()
        protocol.connection_made(stream)
        return stream

    def close(self, reason: str) -> None:
        """Say goodbye and close the connection; every stream is lost."""
        if self.transport is None or self.lost.done():
            return
        self._why = self._why or reason
        self._rules.go_away(reason)
        self._write_output()
        self.transport.close()
        self._end()

    # --- asyncio.Protocol ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=_SOCKET_HIGH, low=_SOCKET_LOW)
        self._ping = self.loop.call_later(PING_SECONDS, self._on_ping)
        if self._on_made is not None:
            self._on_made(self)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self.lost.done():
            return
        find = self._streams.get
        try:
            for event in self._rules.events(data):
                if type(event) is DataReceived:  # nearly all of them
                    stream = find(event[0])
                    if stream is not None:
                        stream.receive(event[1])
                else:
                    self._handle(event)
        except TunnelError as error:
            self._fail(f"the peer broke the tunnel's rules: {error}")
            return
        if self._rules.output and not self._pump_due:
            self._schedule()

    def eof_received(self) -> bool | None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._why = self._why or (str(exc) if exc else "the connection was closed")
        self._end()

    def pause_writing(self) -> None:
        self._socket_full = True

    def resume_writing(self) -> None:
        self._socket_full = False
        self._schedule()

    # --- for the streams -------------------------------------------------------------------

    def ready(self, stream: StreamTransport) -> None:
        """The stream has something to send."""
        if not stream.queued:
            stream.queued = True
            long = stream.sent_bytes > LONG_TRANSFER_BYTES
            (self._long if long else self._short).append(stream)
        self._schedule()

    def consume(self, stream: StreamTransport, count: int) -> None:
        self._rules.consume(stream.number, count)
        if self._rules.output:
            self._schedule()

    def accept_stream(self, stream: StreamTransport) -> None:
        stream.accepted = True
        self._rules.accept(stream.number)
        self._schedule()

    def finish_stream(self, stream: StreamTransport) -> None:
        self._rules.finish(stream.number)

    def reset_stream(self, stream: StreamTransport, code: ResetCode, reason: str) -> None:
        self._rules.reset(stream.number, code, reason)
        self._schedule()

    def forget(self, stream: StreamTransport) -> None:
        self._streams.pop(stream.number, None)

    # --- own -------------------------------------------------------------------------------

    def _handle(self, event: rules.Event) -> None:
        match event:
            case rules.CreditGranted(number):
                if (stream := self._streams.get(number)) is not None and stream.has_output():
                    self.ready(stream)
            case rules.StreamOpened(number, instance_id, epoch):
                self._on_opened(number, instance_id, epoch)
            case rules.StreamAccepted(number):
                if (stream := self._streams.get(number)) is not None:
                    stream.accepted = True
            case rules.StreamFinished(number):
                if (stream := self._streams.get(number)) is not None:
                    stream.receive_eof()
            case rules.StreamWasReset(number, code, reason):
                if (stream := self._streams.get(number)) is not None:
                    closed = code == ResetCode.CLOSED
                    stream.lose_after_delivery(None if closed else StreamRefusedError(code, reason))
            case rules.GoingAway(reason):
                self._why = self._why or reason
            case rules.PongReceived():
                pass  # any byte shows that the peer lives; see _on_ping

    def _on_opened(self, number: int, instance_id: str, epoch: int) -> None:
        stream = StreamTransport(self, number, self._rules.state(number), None)
        self._streams[number] = stream
        assert self._on_open is not None  # the rules refuse OPEN at the opener's end
        protocol = self._on_open(stream, instance_id, epoch)
        if protocol is not None:
            stream.set_protocol(protocol)
            protocol.connection_made(stream)

    def _schedule(self) -> None:
        if not self._pump_due:
            self._pump_due = True
            self.loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Give the socket what it may hold: control frames first, then turns of the streams."""
        self._pump_due = False
        if self.transport is None or self.lost.done():
            return
        while not self._socket_full and (self._short or self._long):
            size = 0
            while size < _SOCKET_LOW and (self._short or self._long):
                size += self._take_turn()
            self._write_output()
        self._write_output()  # control frames: in any case
        if self._socket_full and self.transport.get_write_buffer_size() > _MAX_BACKLOG:
            self._fail("the peer does not read")

    def _take_turn(self) -> int:
        stream = (self._short or self._long).popleft()
        stream.queued = False
        data = stream.take_small()
        size = len(data)
        if 0 < size <= _TURN_BYTES and self._rules.send_now(stream.number, stream.state, data):
            stream.small_sent(size)
            return size
        credit = self._rules.credit(stream.number)
        # Nobody else waits: as much as the socket may hold, instead of turns.
        alone = not (self._short or self._long)
        large = stream.take_large(min(credit, _SOCKET_HIGH)) if alone else None
        if large is not None:
            size = len(large)
            self._rules.send_large(stream.number, stream.state, large)
        else:
            data = stream.next_turn(credit)
            size = len(data)
            if size:
                self._rules.send(stream.number, data)
        stream.after_turn()
        if credit > size and stream.has_output():
            self.ready(stream)
        return size

    def _write_output(self) -> None:
        output = self._rules.output
        if not output or self.transport is None:
            return
        self._rules.output = []  # another one: a transport may keep what it was given
        if max(map(len, output)) <= _JOINED_BYTES:
            self.transport.write(b"".join(output))  # one record, one call of the kernel
        else:
            self.transport.writelines(_gather(output))

    def _on_ping(self) -> None:
        self._silent = 0 if self._heard else self._silent + 1
        if self._silent >= _SILENT_PINGS:
            self._fail(f"nothing was heard for {PING_SECONDS * _SILENT_PINGS:.0f} s")
            return
        self._heard = False
        self._rules.ping(bytes(8))
        self._schedule()
        self._ping = self.loop.call_later(PING_SECONDS, self._on_ping)

    def _fail(self, why: str) -> None:
        self._why = self._why or why
        if self.transport is not None:
            self.transport.abort()
        self._end()

    def _end(self) -> None:
        if self.lost.done():
            return
        self.lost.set_result(self._why)
        if self._ping is not None:
            self._ping.cancel()
        error = StreamRefusedError(ResetCode.BROKEN, f"the tunnel was lost: {self._why}")
        for stream in list(self._streams.values()):
            stream.lose(error)
        if self._on_lost is not None:
            self._on_lost(self, self._why)


def _gather(output: list[bytes | memoryview]) -> list[bytes | memoryview]:
    """The same bytes: large pieces as they are, what is between them in one piece each."""
    gathered: list[bytes | memoryview] = []
    small: list[bytes | memoryview] = []
    for piece in output:
        if len(piece) <= _JOINED_BYTES:
            small.append(piece)
            continue
        gathered += (b"".join(small), piece)
        small.clear()
    gathered.append(b"".join(small))
    return [piece for piece in gathered if piece]
