"""The whole door without a socket: a browser's bytes in any pieces, an engine's for an answer.

Input: the browser's bytes, and behind ``\\n====\\n`` the engine's for each request. In the
browser's, ``<good>`` stands for the header lines of somebody who is signed in, and ``<cut>`` for
the end of a piece. Whatever the engine gets, h11 must have found in the browser's bytes
too, in that order.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import h11

from aigc.clock import SystemClock
from aigc.door_limits import DoorLimits
from aigc.errors import AigcError, ErrorKind
from gateway.activity import Activity
from gateway.edge import BrowserConnection, Edge
from gateway.engine import Engines
from gateway.limits import Limits
from gateway.own import Own
from gateway.pages import load_pages
from gateway.routes import Route, RouteTable, Session, State
from protos.aigc.v1 import common_pb2, gateway_pb2
from tests.fuzz import second_reader

HOST = b"comfy.localhost"
_TOKEN = b"a-token-of-a-test"
_GOOD = b"Host: %b\r\nOrigin: http://%b\r\nCookie: __Host-aigc=%b; own=1\r\n" % (HOST, HOST, _TOKEN)
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_MOST_HELD = 1 << 20


class _Coordinator:
    """What the gateway's own pages ask; nobody is there."""

    connected = True

    def visit(self, route: Route, session: Session) -> None:
        raise AssertionError("a raw request started an engine")

    def asked_lately(self, instance_id: str) -> bool:
        return False

    async def redeem(self, code: str, host: str, nonce: str) -> tuple[str, Session, str]:
        raise AigcError("handoff-refused", "Used or too old.", ErrorKind.UNAUTHENTICATED)


class _Transport(asyncio.Transport):
    """Keeps what is written; tells of its end in the loop's next turn, as a socket does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.written = bytearray()
        self.ended = False  # half or whole, from our side
        self.closed = False
        self._loop = loop
        self._protocol = protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("10.0.0.1", 40000) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not (self.ended or self.closed):
            self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()


class _Engine:
    """Records what it gets, and answers each whole request that h11 finds in it."""

    def __init__(self, door: _Door, protocol: asyncio.Protocol) -> None:
        self.door = door
        self.protocol = protocol
        self.transport = _Transport(door.loop, protocol)
        self.at = 0
        self.frames = False  # no requests to any reader any more
        door.engines.append(self)
        protocol.connection_made(self.transport)

    def turn(self) -> None:
        """Answer what is whole."""
        while not (self.transport.closed or self.frames):
            try:
                message = second_reader.read_request(bytes(self.transport.written[self.at :]))
            except h11.RemoteProtocolError as error:
                raise AssertionError(f"the engine got what h11 cannot read: {error}") from error
            if message is None or not message.whole:
                return
            self.at = len(self.transport.written) - len(message.rest)
            self.door.seen.append(message)
            answers = self.door.answers
            answer = answers[(len(self.door.seen) - 1) % len(answers)] if answers else _OK
            self.protocol.data_received(answer)
            self.frames = bool(message.all(b"upgrade"))


class _Door:
    """One gateway for all inputs; each of them gets a connection of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.engines: list[_Engine] = []
        self.seen: list[second_reader.Message] = []
        self.answers: list[bytes] = []
        self.failed: list[str] = []
        self.loop.set_exception_handler(self._on_failure)
        clock = SystemClock()
        table = RouteTable()
        route = gateway_pb2.Route(
            host="comfy",
            instance_id="inst-comfy",
            epoch=1,
            owner_id="lin",
            node_id="node-1",
            state=common_pb2.INSTANCE_STATE_READY,
        )
        session = gateway_pb2.BrowserSession(
            token_hash=hashlib.sha256(_TOKEN).digest(),
            host="comfy",
            person_id="lin",
            instance_id="inst-comfy",
            expires_at_ms=1 << 50,
        )
        snapshot = gateway_pb2.Snapshot(
            routes=[route], sessions=[session], zone="localhost", web_url="https://studio.test"
        )
        table.apply(gateway_pb2.GatewayOrder(snapshot=snapshot))
        found = table.route("comfy")
        assert found is not None
        assert found.state is State.READY
        activity = Activity(clock)
        self.pool = Engines(self._connect, clock)
        own = Own(load_pages(), table, _Coordinator(), activity, clock)
        none = Limits(DoorLimits(requests_per_second=0, unknown_requests_per_second=0))
        self.edge = Edge(table, self.pool, activity, own, clock, b"http", none)

    def _connect(self, route: Route, protocol: asyncio.Protocol, long: bool) -> None:
        _Engine(self, protocol)

    def _on_failure(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.failed.append(f"{context.get('message')}: {context.get('exception')!r}")

    async def ask(self, pieces: list[bytes], answers: list[bytes]) -> _Transport:
        """One connection from its first byte to its end."""
        self.engines.clear()
        self.seen.clear()
        self.failed.clear()
        self.answers = answers
        browser = BrowserConnection(self.edge)
        transport = _Transport(self.loop, browser)
        browser.connection_made(transport)
        for piece in pieces:
            if transport.closed:
                break
            browser.data_received(piece)
            await self._settle()
        if not transport.closed and not browser.eof_received():
            transport.close()
        await self._settle()
        transport.close()
        await self._settle()
        for engine in self.engines:
            engine.transport.close()
        await self._settle()
        return transport

    async def _settle(self) -> None:
        for _ in range(4):
            for engine in list(self.engines):
                engine.turn()
            await asyncio.sleep(0)


_door: _Door | None = None


def check_door(data: bytes) -> None:
    """See the module."""
    global _door
    if _door is None:
        _door = _Door()
    said, _, answers = data.partition(b"\n====\n")
    said = said.replace(b"<good>", _GOOD)
    if len(said) > _MOST_HELD:
        return
    pieces = [piece for piece in said.split(b"<cut>") if piece]
    answered = [answer for answer in answers.split(b"\n====\n") if answer]
    transport = _door.loop.run_until_complete(_door.ask(pieces, answered))
    assert not _door.failed, _door.failed
    assert not _door.edge.connections, "a connection that is gone is remembered"
    assert _door.edge.limits.connections == 0
    _check_engines_side(_door, b"".join(pieces))
    _check_browsers_side(bytes(transport.written))


def _check_engines_side(door: _Door, said: bytes) -> None:
    theirs = iter(second_reader.read_requests(said))
    for message in door.seen:
        if message.all(b"upgrade"):
            break  # frames follow, which the other reader takes for requests
        assert message.all(b"x-aigc-user") == [b"lin"]
        assert message.all(b"x-forwarded-for") == [b"10.0.0.1"]
        (host,) = message.all(b"host")
        assert host.lower().partition(b":")[0] == HOST
        for pair in b";".join(message.all(b"cookie")).split(b";"):
            assert not pair.strip().lower().startswith(b"__host-aigc")
        same = any(
            (other.first, other.body) == (message.first, message.body)
            and other.target.endswith(message.target)
            for other in theirs
        )
        assert same or message.target == b"/", "the engine got a request that nobody sent"


def _check_browsers_side(heard: bytes) -> None:
    assert heard == b"" or heard.startswith(b"HTTP/1.1 ")
    assert b"set-cookie: __host-aigc=" not in heard.lower()


def reset() -> None:
    """Forget the door (its loop ends with it)."""
    global _door
    if _door is not None:
        _door.loop.close()
        _door = None
