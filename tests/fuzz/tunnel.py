"""Targets on the tunnel: any bytes are events or one clear refusal, and memory is bounded."""

from __future__ import annotations

from aigc.tunnel import frames
from aigc.tunnel.connection import (
    MAX_STREAMS,
    WINDOW_BYTES,
    DataReceived,
    Event,
    ResetCode,
    StreamOpened,
    TunnelConnection,
)
from aigc.tunnel.frames import TunnelError
from gateway.websocket import FrameHeaders, ViewFrames


def check_bytes(data: bytes) -> None:
    """Bytes from a hostile peer at both ends, whole and in pieces."""
    if len(data) < 2:
        return
    opener, step, data = bool(data[0] & 1), data[1] + 1, data[2:]
    whole = _events(opener, [data])
    pieces = _events(opener, [data[at : at + step] for at in range(0, len(data), step)])
    assert whole == pieces, "what the bytes mean depends on the pieces they come in"


def _events(opener: bool, pieces: list[bytes]) -> tuple[list[Event], bytes, bool]:
    """Events with DATA of one stream joined, what we said to it, and whether it was refused."""
    connection = _connection(opener)
    found: list[Event] = []
    received: dict[int, int] = {}
    refused = False
    for piece in pieces:
        try:
            for event in connection.events(piece):
                if isinstance(event, DataReceived):
                    received[event.stream] = received.get(event.stream, 0) + len(event.data)
                    assert event.data
                    assert received[event.stream] <= WINDOW_BYTES, "more than its credit"
                    last = found[-1] if found else None
                    if isinstance(last, DataReceived) and last.stream == event.stream:
                        found[-1] = DataReceived(event.stream, last.data + event.data)
                        continue
                found.append(event)
        except TunnelError:
            refused = True
            break
        assert len(connection) <= MAX_STREAMS
    if refused:
        # In pieces, some of what the whole refuses may have been told before: only the refusal
        # itself must be the same.
        return [], b"", True
    return found, b"".join(bytes(part) for part in connection.output), False


def _connection(opener: bool) -> TunnelConnection:
    connection = TunnelConnection(opener)
    if opener:
        for number in range(4):
            connection.open(f"inst-{number}", number)
        connection.output.clear()
    return connection


def check_dialogue(data: bytes) -> None:
    """Two of our own ends, told by the bytes what to do: neither ever refuses the other, and every
    byte that was sent arrives in order."""
    gateway, agent = TunnelConnection(True), TunnelConnection(False)
    sent: dict[tuple[bool, int], bytes] = {}
    got: dict[tuple[bool, int], bytes] = {}
    streams: list[int] = []
    for at in range(0, len(data) - 3, 4):
        action, which, size, cut = data[at : at + 4]
        left = bool(action & 0x80)
        end = gateway if left else agent
        stream = streams[which % len(streams)] if streams else 0
        match action & 0x07:
            case 0 if gateway.can_open():
                streams.append(gateway.open(f"inst-{which}", size))
            case 1 if stream:
                agent.accept(stream)
            case 2 | 3 if stream:
                count = min(end.credit(stream), 1 + size * (33 if action & 0x08 else 1))
                if count:
                    piece = bytes([cut]) * min(count, frames.MAX_DATA_BYTES)
                    end.send(stream, piece)
                    sent[left, stream] = sent.get((left, stream), b"") + piece
            case 4 if stream:
                end.finish(stream)
            case 5 if stream:
                end.reset(stream, ResetCode.CLOSED, "x" * size)
            case 6:
                end.ping(bytes(8))
            case 7:
                _deliver(gateway, agent, got, False, 16 + cut * 64)
                _deliver(agent, gateway, got, True, 16 + cut * 64)
    _deliver(gateway, agent, got, False, 1 << 20)
    _deliver(agent, gateway, got, True, 1 << 20)
    _deliver(gateway, agent, got, False, 1 << 20)
    for key, data_of in got.items():
        from_gateway = not key[0]
        assert sent[from_gateway, key[1]].startswith(data_of)


def _deliver(
    source: TunnelConnection,
    target: TunnelConnection,
    got: dict[tuple[bool, int], bytes],
    to_gateway: bool,
    step: int,
) -> None:
    data = b"".join(bytes(part) for part in source.output)
    source.output.clear()
    for at in range(0, len(data), step):
        for event in target.events(data[at : at + step]):
            if isinstance(event, DataReceived):
                key = (to_gateway, event.stream)
                got[key] = got.get(key, b"") + event.data
                target.consume(event.stream, len(event.data))
            elif isinstance(event, StreamOpened):
                target.accept(event.stream)


def check_websocket(data: bytes) -> None:
    """Frame headers: the same frames in whatever pieces; who looks on sends none that is larger
    than allowed, and what passes is whole frames."""
    if len(data) < 2:
        return
    step, harmless, data = data[0] + 1, data[1] - 1, data[2:]
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    whole, parts = FrameHeaders(), FrameHeaders()
    frames_found = whole.feed(data)
    assert [f for piece in pieces for f in parts.feed(piece)] == frames_found
    one, many = ViewFrames(harmless), ViewFrames(harmless)
    passed = one.feed(data)
    assert b"".join(many.feed(piece) for piece in pieces) == passed
    for opcode, length in FrameHeaders().feed(passed):
        assert (opcode, length) in frames_found
        assert length <= (125 if opcode & 0x08 else harmless)
