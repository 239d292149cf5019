"""The tunnel's rules: any split reassembles, hostile frames are told, credit bounds memory."""

from __future__ import annotations

import contextlib
import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc.tunnel import connection as rules
from aigc.tunnel.connection import MAX_STREAMS, WINDOW_BYTES, ResetCode, TunnelConnection
from aigc.tunnel.frames import (
    HEADER,
    MAX_DATA_BYTES,
    FrameKind,
    TunnelError,
    encode,
    encode_credit,
    encode_open,
    encode_text,
)


def pair() -> tuple[TunnelConnection, TunnelConnection]:
    """The gateway's end and the agent's."""
    return TunnelConnection(opener=True), TunnelConnection(opener=False)


def carry(source: TunnelConnection, target: TunnelConnection) -> list[rules.Event]:
    data = b"".join(source.output)
    source.output.clear()
    return target.receive(data)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({c % (len(data) + 1) for c in cuts})
    bounds = [0, *places, len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=8),
    st.text(min_size=1, max_size=40),
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(0, 5000), max_size=30),
)
def test_any_split_reassembles(
    payloads: list[bytes], instance: str, epoch: int, cuts: list[int]
) -> None:
    gateway, agent = pair()
    stream = gateway.open(instance, epoch)
    for payload in payloads:
        gateway.send(stream, payload)
    gateway.finish(stream)
    events: list[rules.Event] = []
    for piece in split(b"".join(gateway.output), cuts):
        events += agent.receive(piece)
    received = events[1:-1]
    assert [events[0], events[-1]] == [
        rules.StreamOpened(stream, instance, epoch),
        rules.StreamFinished(stream),
    ]
    assert all(
        isinstance(e, rules.DataReceived) and e.stream == stream and e.data for e in received
    )
    assert b"".join(e.data for e in received if isinstance(e, rules.DataReceived)) == b"".join(
        payloads
    )
    if not cuts:
        assert len(received) == min(1, len(payloads))


@given(
    st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=300)), max_size=12),
    st.lists(st.integers(0, 5000), max_size=10),
)
def test_streams_that_take_turns_stay_apart_and_in_order(
    sent: list[tuple[bool, bytes]], cuts: list[int]
) -> None:
    gateway, agent = pair()
    streams = [gateway.open("a", 1), gateway.open("b", 1)]
    carry(gateway, agent)
    for which, payload in sent:
        gateway.send(streams[which], payload)
    events: list[rules.Event] = []
    for piece in split(b"".join(gateway.output), cuts):
        events += agent.receive(piece)
    for number, stream in enumerate(streams):
        got = b"".join(
            e.data for e in events if isinstance(e, rules.DataReceived) and e.stream == stream
        )
        assert got == b"".join(payload for which, payload in sent if which == number)
    if not cuts:
        turns = [stream for stream, _ in itertools.groupby(streams[w] for w, _ in sent)]
        assert [e.stream for e in events if isinstance(e, rules.DataReceived)] == turns


def test_frames_that_follow_each_other_keep_to_their_credit() -> None:
    gateway, agent = pair()
    stream = gateway.open("a", 1)
    carry(gateway, agent)
    state = gateway.state(stream)
    state.send_credit += 1
    gateway.send_large(stream, state, memoryview(bytes(rules.WINDOW_BYTES + 1)))
    with pytest.raises(TunnelError, match="beyond its credit"):
        agent.receive(b"".join(gateway.output))
    with pytest.raises(TunnelError, match="beyond its credit"):
        gateway.send_large(stream, state, memoryview(b"x"))


def test_data_waits_for_no_whole_frame_and_is_not_kept() -> None:
    gateway, agent = pair()
    stream = gateway.open("inst", 1)
    carry(gateway, agent)
    gateway.send(stream, bytes(60_000))
    gateway.send(stream, b"next")
    data = b"".join(gateway.output)
    assert agent.receive(data[:20]) == [rules.DataReceived(stream, bytes(8))]
    assert agent.receive(data[20:30_000]) == [rules.DataReceived(stream, bytes(29_980))]
    agent.reset(stream, ResetCode.BROKEN)  # in the middle of a frame: the rest is left out
    assert agent.receive(data[30_000:]) == []
    assert agent.receive(encode(FrameKind.PING, 0, bytes(8))) == []


@given(st.binary(max_size=400), st.booleans(), st.lists(st.integers(0, 400), max_size=10))
@settings(max_examples=300)
def test_any_bytes_end_in_events_or_in_a_clear_error(
    data: bytes, opener: bool, cuts: list[int]
) -> None:
    connection = TunnelConnection(opener)
    with contextlib.suppress(TunnelError):
        for piece in split(data, cuts):
            connection.receive(piece)


frame = st.builds(
    lambda kind, code, zero, stream, payload: (
        HEADER.pack(kind, code, zero, stream, len(payload)) + payload
    ),
    st.integers(0, 10),
    st.sampled_from([0, 0, 0, 1, 255]),
    st.sampled_from([0, 0, 0, 0, 1]),
    st.integers(0, 5),
    st.binary(max_size=20),
)


@given(st.lists(frame, max_size=30), st.booleans())
@settings(max_examples=300)
def test_hostile_frames_end_in_a_clear_error(frames: list[bytes], opener: bool) -> None:
    connection = TunnelConnection(opener)
    if opener:
        connection.open("inst", 1)
    with contextlib.suppress(TunnelError):
        for data in frames:
            connection.receive(data)
    assert len(connection) <= MAX_STREAMS


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (HEADER.pack(99, 0, 0, 1, 0), "unknown kind"),
        (HEADER.pack(FrameKind.DATA, 0, 0, 1, MAX_DATA_BYTES + 1), "not allowed"),
        (HEADER.pack(FrameKind.DATA, 0, 0, 1, 0xFFFFFFFF), "not allowed"),
        (HEADER.pack(FrameKind.DATA, 0, 0, 1, 0), "not allowed"),
        (HEADER.pack(FrameKind.FIN, 0, 7, 1, 0), "reserved"),
        (HEADER.pack(FrameKind.FIN, 1, 0, 1, 0), "reserved"),
        (HEADER.pack(FrameKind.FIN, 0, 0, 0, 0), "on stream 0"),
        (HEADER.pack(FrameKind.PING, 0, 0, 3, 8) + bytes(8), "on stream 3"),
        (encode(FrameKind.FIN, 9), "never opened"),
        (encode(FrameKind.OPEN, 1, struct.pack(">Q", 1) + b"\xff\xfe"), "UTF-8"),
        (encode(FrameKind.OPEN, 1, encode_open("a", 1)) * 2, "after 1"),
        (encode(FrameKind.OPEN, 1, encode_open("a", 1)) + encode(FrameKind.ACCEPT, 1), "ACCEPT"),
        (
            encode(FrameKind.OPEN, 1, encode_open("a", 1)) + encode(FrameKind.FIN, 1) * 2,
            "second FIN",
        ),
        (
            encode(FrameKind.OPEN, 1, encode_open("a", 1))
            + encode(FrameKind.FIN, 1)
            + encode(FrameKind.DATA, 1, b"x"),
            "after FIN",
        ),
        (
            encode(FrameKind.OPEN, 1, encode_open("a", 1))
            + encode(FrameKind.DATA, 1, bytes(MAX_DATA_BYTES)) * 5,
            "beyond its credit",
        ),
        (
            encode(FrameKind.OPEN, 1, encode_open("a", 1))
            + encode(FrameKind.WINDOW, 1, encode_credit(0xFFFFFFFF)),
            "WINDOW",
        ),
        (
            encode(FrameKind.OPEN, 1, encode_open("a", 1))
            + encode(FrameKind.WINDOW, 1, encode_credit(0)),
            "WINDOW",
        ),
    ],
)
def test_each_broken_rule_is_named(data: bytes, word: str) -> None:
    agent = TunnelConnection(opener=False)
    with pytest.raises(TunnelError, match=word):
        agent.receive(data)


def test_the_gateway_refuses_streams_that_the_agent_opens() -> None:
    gateway = TunnelConnection(opener=True)
    with pytest.raises(TunnelError, match="OPEN"):
        gateway.receive(encode(FrameKind.OPEN, 1, encode_open("a", 1)))


def test_credit_goes_back_in_steps_and_never_beyond_the_window() -> None:
    gateway, agent = pair()
    stream = gateway.open("inst", 1)
    carry(gateway, agent)
    sent = 0
    while gateway.credit(stream):
        piece = bytes(min(gateway.credit(stream), 50_000))
        gateway.send(stream, piece)
        sent += len(piece)
    assert sent == WINDOW_BYTES
    with pytest.raises(TunnelError):
        gateway.send(stream, b"x")
    carry(gateway, agent)
    agent.consume(stream, 1000)
    assert carry(agent, gateway) == []  # not for every little piece
    agent.consume(stream, WINDOW_BYTES // 2)
    assert carry(agent, gateway) == [rules.CreditGranted(stream)]
    assert gateway.credit(stream) == 1000 + WINDOW_BYTES // 2


def test_a_long_transfer_gets_a_larger_window_once_and_a_slow_reader_none() -> None:
    gateway, agent = pair()
    stream = gateway.open("inst", 1)
    carry(gateway, agent)

    def send_all() -> int:
        sent = 0
        while credit := gateway.credit(stream):
            gateway.send(stream, bytes(min(credit, MAX_DATA_BYTES)))
            sent += min(credit, MAX_DATA_BYTES)
        carry(gateway, agent)
        return sent

    moved = 0
    while moved < 2 * rules.LONG_BYTES:
        sent = send_all()
        assert sent <= rules.LONG_WINDOW_BYTES
        moved += sent
        agent.consume(stream, sent)
        carry(agent, gateway)
    assert send_all() == rules.LONG_WINDOW_BYTES
    assert gateway.credit(stream) == 0  # nothing was consumed: nothing more is underway


def test_a_reset_crosses_data_on_its_way() -> None:
    gateway, agent = pair()
    stream = gateway.open("inst", 1)
    carry(gateway, agent)
    agent.reset(stream, ResetCode.UNKNOWN_INSTANCE, "not here")
    gateway.send(stream, b"late")
    assert carry(gateway, agent) == []
    assert carry(agent, gateway) == [
        rules.StreamWasReset(stream, ResetCode.UNKNOWN_INSTANCE, "not here")
    ]
    assert len(gateway) == len(agent) == 0


def test_too_many_streams_are_reset_one_by_one() -> None:
    agent = TunnelConnection(opener=False)
    for number in range(1, MAX_STREAMS + 2):
        agent.receive(encode(FrameKind.OPEN, number, encode_open("inst", 1)))
    assert len(agent) == MAX_STREAMS
    kind, code, _, stream, _ = HEADER.unpack_from(b"".join(agent.output))
    assert (kind, code, stream) == (
        FrameKind.RESET,
        ResetCode.TOO_MANY_STREAMS,
        MAX_STREAMS + 1,
    )


def test_no_stream_is_opened_after_goodbye() -> None:
    gateway, agent = pair()
    agent.go_away("stopping")
    assert carry(agent, gateway) == [rules.GoingAway("stopping")]
    assert not gateway.can_open()
    with pytest.raises(TunnelError):
        gateway.open("inst", 1)


def test_ping_comes_back() -> None:
    gateway, agent = pair()
    gateway.ping(b"12345678")
    assert carry(gateway, agent) == []
    assert carry(agent, gateway) == [rules.PongReceived(b"12345678")]


@given(st.text(max_size=2000))
def test_a_reason_is_cut_between_characters(text: str) -> None:
    data = encode_text(text)
    assert len(data) <= 1024
    assert text.startswith(data.decode())
