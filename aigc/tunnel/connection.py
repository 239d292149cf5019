"""The rules of one tunnel connection: bytes in, events out, bytes to send. No I/O.

The gateway's end opens streams, the agent's end accepts or resets them. Each direction of each
stream has credit: a sender never has more than :data:`WINDOW_BYTES` underway that the other side
has not consumed (of a long transfer :data:`LONG_WINDOW_BYTES`), so memory is bounded and a slow
reader stalls nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from aigc.tunnel import frames
from aigc.tunnel.frames import (
    HEADER,
    HEADER_BYTES,
    MAX_DATA_BYTES,
    Frame,
    FrameKind,
    TunnelError,
    check_header,
)

WINDOW_BYTES = 256 * 1024
# A stream that has moved so much, and whose reader keeps up, is given a larger window: a bulk
# transfer then pays for half as many grants. Credit goes back in steps of half a window.
LONG_BYTES = 1 << 20
LONG_WINDOW_BYTES = 512 * 1024
_MAX_CREDIT = 1 << 30
MAX_STREAMS = 1024
_MAX_STREAM_ID = (1 << 32) - 1
_DATA = int(FrameKind.DATA)  # a plain number: members of an enum are slow to look up
_read_header = HEADER.unpack_from
_write_header = HEADER.pack


class ResetCode(IntEnum):
    """Why a stream ended before both sides had finished."""

    CLOSED = 0  # this side wants nothing more; what was sent stands
    UNKNOWN_INSTANCE = 1  # no such instance here, or another epoch
    UNREACHABLE = 2  # the engine does not accept connections
    BROKEN = 3  # the connection to the engine or to the browser broke
    TOO_MANY_STREAMS = 4


@dataclass(frozen=True, slots=True)
class StreamOpened:
    stream: int
    instance_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class StreamAccepted:
    stream: int


class DataReceived(NamedTuple):
    """Bytes of a stream, as they come: a frame may yield several of these."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class StreamFinished:
    """The peer sends no more; we still may."""

    stream: int


@dataclass(frozen=True, slots=True)
class StreamWasReset:
    stream: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class CreditGranted:
    stream: int


@dataclass(frozen=True, slots=True)
class PongReceived:
    payload: bytes


@dataclass(frozen=True, slots=True)
class GoingAway:
    reason: str


Event = (
    StreamOpened
    | StreamAccepted
    | DataReceived
    | StreamFinished
    | StreamWasReset
    | CreditGranted
    | PongReceived
    | GoingAway
)


@dataclass(slots=True)
class StreamState:
    """What the rules know of one stream."""

    send_credit: int = WINDOW_BYTES
    receive_credit: int = WINDOW_BYTES
    consumed: int = 0  # not yet given back as credit
    granted: int = 0  # given back so far
    window: int = WINDOW_BYTES
    sent_fin: bool = False
    received_fin: bool = False
    accepted: bool = False


class TunnelConnection:
    """See the module. ``opener`` is the end that opens streams (the gateway's).

    Bytes to send are collected in :attr:`output`, headers and payloads in their order; whoever
    does the I/O takes and clears them.
    """

    def __init__(self, opener: bool) -> None:
        self.opener = opener
        self.output: list[bytes | memoryview] = []
        self.going_away = False
        self._streams: dict[int, StreamState] = {}
        self._rest = b""  # of a frame that is not whole yet; of DATA its header at most
        self._data_stream = 0  # the stream of a DATA frame of which this many bytes are to come
        self._data_left = 0
        self._last_id = 0

    def __len__(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    # --- what the owner does ---------------------------------------------------------------

    def can_open(self) -> bool:
        return (
            not self.going_away
            and len(self._streams) < MAX_STREAMS
            and self._last_id < _MAX_STREAM_ID
        )

    def open(self, instance_id: str, epoch: int) -> int:
        """Open a stream; DATA may follow at once, before the answer.

        Raises:
            TunnelError: no further stream is possible on this connection.
        """
        if not (self.opener and self.can_open()):
            raise TunnelError("no further stream can be opened on this connection")
        self._last_id += 1
        self._streams[self._last_id] = StreamState()
        self._emit(FrameKind.OPEN, self._last_id, frames.encode_open(instance_id, epoch))
        return self._last_id

    def state(self, stream: int) -> StreamState:
        """Of an open stream, for :meth:`send_now`."""
        return self._streams[stream]

    def accept(self, stream: int) -> None:
        state = self._streams.get(stream)
        if state is not None and not state.accepted:
            state.accepted = True
            self._emit(FrameKind.ACCEPT, stream)

    def credit(self, stream: int) -> int:
        """How many bytes may be sent now; 0 for a stream that is gone or finished."""
        state = self._streams.get(stream)
        return 0 if state is None or state.sent_fin else state.send_credit

    def send(self, stream: int, data: bytes | memoryview) -> None:
        """Send DATA of 1 to 64 KiB within the credit.

        Raises:
            TunnelError: more than the credit, or after FIN.
        """
        state = self._streams[stream]
        size = len(data)
        if state.sent_fin or size > state.send_credit:
            raise TunnelError("DATA beyond its credit or after FIN")
        state.send_credit -= size
        self.output += (_write_header(_DATA, 0, 0, stream, size), data)

    def send_now(self, stream: int, state: StreamState, data: bytes | memoryview) -> bool:
        """As :meth:`send`, all or nothing: False if the credit is not enough or it is finished."""
        size = len(data)
        if size > state.send_credit or state.sent_fin:
            return False
        state.send_credit -= size
        self.output += (_write_header(_DATA, 0, 0, stream, size), data)
        return True

    def send_large(self, stream: int, state: StreamState, data: memoryview) -> None:
        """As :meth:`send`, of any size, in as few frames as there can be.

        Raises:
            TunnelError: more than the credit, or after FIN.
        """
        size = len(data)
        if state.sent_fin or size > state.send_credit:
            raise TunnelError("DATA beyond its credit or after FIN")
        state.send_credit -= size
        output = self.output
        for at in range(0, size, MAX_DATA_BYTES):
            piece = data[at : at + MAX_DATA_BYTES]
            output += (_write_header(_DATA, 0, 0, stream, len(piece)), piece)

    def finish(self, stream: int) -> None:
        """Send FIN: no more data from here. The stream is gone once both sides have."""
        state = self._streams.get(stream)
        if state is not None and not state.sent_fin:
            state.sent_fin = True
            self._emit(FrameKind.FIN, stream)
            self._forget_if_over(stream, state)

    def reset(self, stream: int, code: ResetCode, reason: str = "") -> None:
        """End both directions at once; later frames of the stream are ignored."""
        if self._streams.pop(stream, None) is not None:
            self._emit(FrameKind.RESET, stream, frames.encode_text(reason), code)

    def consume(self, stream: int, count: int) -> None:
        """So many received bytes were taken; credit goes back in steps."""
        state = self._streams.get(stream)
        if state is None or state.received_fin:
            return
        state.consumed += count
        if state.consumed >= state.window // 2:
            credit = state.consumed
            state.granted += credit
            if state.granted >= LONG_BYTES and state.window < LONG_WINDOW_BYTES:
                credit += LONG_WINDOW_BYTES - state.window
                state.window = LONG_WINDOW_BYTES
            state.receive_credit += credit
            state.consumed = 0
            self._emit(FrameKind.WINDOW, stream, frames.encode_credit(credit))

    def ping(self, payload: bytes) -> None:
        self._emit(FrameKind.PING, 0, payload)

    def go_away(self, reason: str) -> None:
        self.going_away = True
        self._emit(FrameKind.GOAWAY, 0, frames.encode_text(reason))

    # --- what the peer does ----------------------------------------------------------------

    def receive(self, data: bytes) -> list[Event]:
        """Events of these bytes, in order.

        Raises:
            TunnelError: the peer broke a rule; close the connection.
        """
        return list(self.events(data))

    def events(self, data: bytes) -> Iterator[Event]:
        """As :meth:`receive`, each event when its turn comes; to be read to the end.

        DATA is given on as it comes, whole or not: nothing waits for the end of a frame, and no
        more than a header (or a small frame of another kind) is ever kept. Frames of one stream
        that came right behind each other are one event.
        """
        if self._rest:
            data = self._rest + data
            self._rest = b""
        at = 0
        end = len(data)
        if self._data_left:
            at = min(self._data_left, end)
            self._data_left -= at
            if self._take_data(self._data_stream, at):
                pieces = [memoryview(data)[:at]]
                at = self._follow(data, at, self._data_stream, pieces)
                yield DataReceived(self._data_stream, _join(pieces, data))
        find = self._streams.get
        while end - at >= HEADER_BYTES:
            kind, code, zero, number, length = _read_header(data, at)
            start = at + HEADER_BYTES
            stop = start + length
            if kind != _DATA or code or zero or not 0 < length <= MAX_DATA_BYTES:
                check_header(kind, code, zero, number, length)
                if stop > end:
                    break
                at = stop
                if (event := self._handle(Frame(kind, code, number, data[start:stop]))) is not None:
                    yield event
                continue
            if stop > end:
                self._data_stream = number
                self._data_left = stop - end
                stop = end
                if start == end:
                    at = end
                    break
            at = stop
            state = find(number)
            if state is None or state.received_fin or stop - start > state.receive_credit:
                self._take_data(number, stop - start)  # over already, or against the rules
                continue
            state.receive_credit -= stop - start
            if end - at < HEADER_BYTES:
                yield DataReceived(number, data[start:stop])
                continue
            pieces = [memoryview(data)[start:stop]]
            at = self._follow(data, at, number, pieces)
            yield DataReceived(number, _join(pieces, data))
        if at < end:
            self._rest = data[at:]

    def _handle(self, frame: Frame) -> Event | None:
        match frame.kind:
            case FrameKind.OPEN:
                return self._on_open(frame)
            case FrameKind.PING:
                self._emit(FrameKind.PONG, 0, frame.payload)
                return None
            case FrameKind.PONG:
                return PongReceived(frame.payload)
            case FrameKind.GOAWAY:
                self.going_away = True
                return GoingAway(frame.payload.decode(errors="replace"))
        state = self._find(frame.stream, FrameKind(frame.kind).name)
        if state is None:
            return None
        match frame.kind:
            case FrameKind.ACCEPT:
                if not self.opener or state.accepted:
                    raise TunnelError("ACCEPT where none was expected")
                state.accepted = True
                return StreamAccepted(frame.stream)
            case FrameKind.WINDOW:
                return self._on_window(frame, state)
            case FrameKind.FIN:
                if state.received_fin:
                    raise TunnelError(f"a second FIN on stream {frame.stream}")
                state.received_fin = True
                self._forget_if_over(frame.stream, state)
                return StreamFinished(frame.stream)
            case _:  # RESET: the only kind left
                del self._streams[frame.stream]
                reason = frame.payload.decode(errors="replace")
                return StreamWasReset(frame.stream, frame.code, reason)

    def _on_open(self, frame: Frame) -> Event | None:
        if self.opener:
            raise TunnelError("OPEN from the end that only accepts")
        if frame.stream <= self._last_id:
            raise TunnelError(f"OPEN of stream {frame.stream} after {self._last_id}")
        instance_id, epoch = frames.decode_open(frame.payload)
        self._last_id = frame.stream
        if len(self._streams) >= MAX_STREAMS:
            text = frames.encode_text("too many streams on this connection")
            self._emit(FrameKind.RESET, frame.stream, text, ResetCode.TOO_MANY_STREAMS)
            return None
        self._streams[frame.stream] = StreamState()
        return StreamOpened(frame.stream, instance_id, epoch)

    def _take_data(self, stream: int, size: int) -> bool:
        """Whether so much DATA is to be given on: not if its stream is over already."""
        state = self._find(stream, "DATA")
        if state is None:
            return False
        if state.received_fin:
            raise TunnelError(f"DATA after FIN on stream {stream}")
        if size > state.receive_credit:
            raise TunnelError(f"DATA beyond its credit on stream {stream}")
        state.receive_credit -= size
        return True

    def _follow(self, data: bytes, at: int, stream: int, pieces: list[memoryview]) -> int:
        """Add the DATA of the stream's frames from here on; returns where something else is.

        What breaks a rule is left for whoever reads on from there.
        """
        end = len(data)
        state = self._streams[stream]
        while end - at > HEADER_BYTES:
            kind, code, zero, number, length = _read_header(data, at)
            if number != stream or kind != _DATA or code or zero:
                break
            start = at + HEADER_BYTES
            stop = min(start + length, end)
            if not 0 < length <= MAX_DATA_BYTES or stop - start > state.receive_credit:
                break
            state.receive_credit -= stop - start
            pieces.append(memoryview(data)[start:stop])
            at = stop
            if start + length > end:
                self._data_stream = stream
                self._data_left = start + length - end
        return at

    def _on_window(self, frame: Frame, state: StreamState) -> Event:
        credit = frames.decode_credit(frame.payload)
        state.send_credit += credit
        if credit == 0 or state.send_credit > _MAX_CREDIT:
            raise TunnelError(f"WINDOW of {credit} bytes on stream {frame.stream}")
        return CreditGranted(frame.stream)

    def _find(self, stream: int, kind: str) -> StreamState | None:
        """The stream; None if it is over here and the peer may not know yet."""
        state = self._streams.get(stream)
        if state is None and (stream > self._last_id or not stream):
            raise TunnelError(f"{kind} on stream {stream}, which was never opened")
        return state

    def _forget_if_over(self, stream: int, state: StreamState) -> None:
        if state.sent_fin and state.received_fin:
            del self._streams[stream]

    def _emit(self, kind: FrameKind, stream: int, payload: bytes = b"", code: int = 0) -> None:
        self.output.append(frames.encode(kind, stream, payload, code))


def _join(pieces: list[memoryview], data: bytes) -> bytes:
    """The pieces in one; without a copy if they are all of the data."""
    if len(pieces) == 1 and len(pieces[0]) == len(data):
        return data
    return b"".join(pieces)
