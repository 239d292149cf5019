"""Answers for names that an engine may reach, and opens the walls for the addresses they have.

An engine whose template lists host names asks nobody else (its only name server is this machine's
address on its own network), so that the addresses it gets are those that are let through, for as
long as the answer holds; and what is not listed has no answer, so that nothing leaks by asking.
Private addresses of a listed name are left out, unless agent.toml allows them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

from aigc.egress import Destination, is_private
from node_agent.walls.refusals import Place
from node_agent.walls.rules import NAMES_PORT, EngineNetwork

log = logging.getLogger(__name__)

_AT_ONCE = 64  # questions of one engine that are looked up at the same time
_TCP_AT_ONCE = 16
_IDLE = 10.0
_WITHIN = 5.0
_LEAST_TTL = 5
_MOST_TTL = 3600
# Programs keep an address for longer than they were told; a new connection must still pass.
_LET_FOR_AT_LEAST = 900
_REFUSED_KEPT = 512
_HOST_NAME = re.compile(r"[a-z0-9._-]{1,253}")

Let = Callable[[str, Iterable[tuple[str, int | None]], int], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """What a name has. ``seconds``: for how long that holds; ``exists`` is False for a name that
    nobody has."""

    addresses: tuple[ipaddress.IPv4Address, ...]
    seconds: int
    exists: bool = True


Lookup = Callable[[str], Awaitable[Found]]


@dataclass(slots=True)
class _Desk:
    """One engine's: its sockets, and what it was refused."""

    engine: EngineNetwork
    datagrams: socket.socket
    streams: socket.socket
    working: set[asyncio.Task[None]] = field(default_factory=set)
    transport: asyncio.DatagramTransport | None = None
    server: asyncio.Server | None = None
    open_questions: int = 0
    open_streams: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    let_until: dict[str, float] = field(default_factory=dict)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, came: Callable[[bytes, Any], None]) -> None:
        self._came = came

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._came(data, addr)


class Names:
    """See the module. ``open`` and ``close`` may be called from any thread.

    Args:
        let: opens the walls; see Walls.let. Blocks.
        private: the private places that agent.toml allows.
        lookup: asks real name servers; by default this machine's own.
        port: where the walls send the questions.
    """

    def __init__(
        self,
        let: Let,
        private: Iterable[Destination] = (),
        lookup: Lookup | None = None,
        port: int = NAMES_PORT,
    ) -> None:
        self._let = let
        self._private = tuple(private)
        self._lookup = lookup or lookup_by(())
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._desks: dict[str, _Desk] = {}
        self._closed = False

    def open(self, engine: EngineNetwork) -> None:
        """Answer on that network from now on.

        Raises:
            OSError: its address or the port cannot be taken.
        """
        known = self._desks.get(engine.bridge)
        if known is not None and known.engine.gateway == engine.gateway:
            known.engine = engine
            return
        self.close(engine.bridge)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        streams = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            for made in (datagrams, streams):
                made.setblocking(False)
                # A network that is being taken down may have had this address a moment ago.
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                made.bind((engine.gateway, self._port))
            streams.listen(_TCP_AT_ONCE)
        except OSError:
            datagrams.close()
            streams.close()
            raise
        desk = _Desk(engine, datagrams, streams)
        self._desks[engine.bridge] = desk
        self._loop.call_soon_threadsafe(self._begin, desk)

    def close(self, bridge: str) -> None:
        """That network is gone."""
        desk = self._desks.pop(bridge, None)
        if desk is not None:
            self._loop.call_soon_threadsafe(self._end, desk)

    def refused(self, bridge: str) -> Mapping[Place, int]:
        """The names that an engine asked for and may not reach, with how often."""
        desk = self._desks.get(bridge)
        return {} if desk is None else {(n, "name", 0): c for n, c in desk.refused.items()}

    async def unload(self) -> None:
        """Answer nobody any more."""
        self._closed = True
        desks, self._desks = list(self._desks.values()), {}
        for desk in desks:
            self._end(desk)
        await asyncio.gather(*(t for d in desks for t in d.working), return_exceptions=True)

    # --- in the loop -----------------------------------------------------------------------------

    def _begin(self, desk: _Desk) -> None:
        if self._closed or self._desks.get(desk.engine.bridge) is not desk:
            self._end(desk)
            return
        self._work(desk, self._serve(desk))

    def _end(self, desk: _Desk) -> None:
        for task in desk.working:
            task.cancel()
        if desk.transport is not None:
            desk.transport.close()
        if desk.server is not None:
            desk.server.close()
        # Closed twice does no harm: whichever side had taken them over.
        desk.datagrams.close()
        desk.streams.close()

    def _work(self, desk: _Desk, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        desk.working.add(task)
        task.add_done_callback(desk.working.discard)

    async def _serve(self, desk: _Desk) -> None:
        desk.transport, _ = await self._loop.create_datagram_endpoint(
            lambda: _Datagrams(lambda question, source: self._on_datagram(desk, question, source)),
            sock=desk.datagrams,
        )
        desk.server = await asyncio.start_server(
            lambda reader, writer: self._on_stream(desk, reader, writer), sock=desk.streams
        )

    def _on_datagram(self, desk: _Desk, question: bytes, source: Any) -> None:
        if desk.open_questions < _AT_ONCE:  # beyond it, it may ask again
            self._work(desk, self._answer_datagram(desk, question, source))

    async def _answer_datagram(self, desk: _Desk, question: bytes, source: Any) -> None:
        answer = await self._answer(desk, question, datagram=True)
        if answer and desk.transport is not None:
            desk.transport.sendto(answer, source)

    async def _on_stream(
        self, desk: _Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        desk.open_streams += 1
        try:
            while desk.open_streams <= _TCP_AT_ONCE:
                async with asyncio.timeout(_IDLE):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    question = await reader.readexactly(length)
                    answer = await self._answer(desk, question, datagram=False)
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        except (OSError, EOFError):
            pass  # it hung up, or said nothing for too long
        finally:
            desk.open_streams -= 1
            writer.transport.abort()

    async def _answer(self, desk: _Desk, wire: bytes, datagram: bool) -> bytes:
        """The answer as it goes back; empty for what is no question."""
        try:
            asked = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError, IndexError, struct.error):
            return b""
        if asked.flags & dns.flags.QR:
            return b""
        desk.open_questions += 1
        try:
            answer = await self._reply(desk, asked)
        finally:
            desk.open_questions -= 1
        longest = max(512, min(asked.payload or 512, 1232)) if datagram else 65535
        try:
            return answer.to_wire(max_size=longest)
        except dns.exception.TooBig:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            return answer.to_wire()

    async def _reply(self, desk: _Desk, asked: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(asked, recursion_available=True)
        if asked.opcode() != dns.opcode.QUERY or len(asked.question) != 1:
            answer.set_rcode(dns.rcode.NOTIMP)
            return answer
        question = asked.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        listed = [d for d in desk.engine.destinations if d.matches(name)]
        if question.rdclass != dns.rdataclass.IN or not (listed or desk.engine.internet):
            self._count(desk, name)
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        if question.rdtype != dns.rdatatype.A:
            return answer  # it has none: engines speak IPv4 only
        try:
            async with asyncio.timeout(_WITHIN):
                found = await self._lookup(name)
        except (TimeoutError, OSError, dns.exception.DNSException) as error:
            log.info("a listed name has no answer", extra={"asked": name, "why": str(error)})
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer
        if not found.exists:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        seconds = min(max(found.seconds, _LEAST_TTL), _MOST_TTL)
        addresses = found.addresses
        if listed:
            elements = {str(a): [p for d in listed for p in self._ports(a, d)] for a in addresses}
            passing = {a: ports for a, ports in elements.items() if ports}
            if addresses and not passing and not desk.engine.internet:
                self._count(desk, name)  # all it has is private
                answer.set_rcode(dns.rcode.NXDOMAIN)
                return answer
            if not await self._open_for(desk, passing, seconds):
                answer.set_rcode(dns.rcode.SERVFAIL)
                return answer
            if not desk.engine.internet:
                addresses = tuple(a for a in addresses if str(a) in passing)
        if addresses:
            answer.answer.append(
                dns.rrset.from_text_list(
                    question.name, seconds, "IN", "A", [str(a) for a in addresses]
                )
            )
        return answer

    def _ports(self, address: ipaddress.IPv4Address, listed: Destination) -> list[int | None]:
        """The ports of an address that a listed name opens; [None] opens all of them."""
        wanted: list[int | None] = list(listed.ports) or [None]
        if not is_private(address):
            return wanted
        here = ipaddress.IPv4Network(address)
        if listed.ports:
            return [
                port
                for port in listed.ports
                if any(p.covers(Destination(network=here, ports=(port,))) for p in self._private)
            ]
        if any(p.covers(Destination(network=here)) for p in self._private):
            return [None]
        return [
            port
            for place in self._private
            if place.network is not None and here.subnet_of(place.network)
            for port in place.ports
        ]

    async def _open_for(
        self, desk: _Desk, passing: Mapping[str, list[int | None]], seconds: int
    ) -> bool:
        """Let these through; not anew where that still holds for long enough."""
        now = self._loop.time()
        due = [
            (address, port)
            for address, ports in passing.items()
            for port in ports
            if desk.let_until.get(f"{address} {port}", 0.0) < now + seconds
        ]
        if not due:
            return True
        let_for = max(2 * seconds, _LET_FOR_AT_LEAST)
        if not await asyncio.to_thread(self._let, desk.engine.bridge, due, let_for):
            return False
        desk.let_until = {k: until for k, until in desk.let_until.items() if until > now}
        desk.let_until.update({f"{a} {p}": now + let_for for a, p in due})
        return True

    def _count(self, desk: _Desk, name: str) -> None:
        if not _HOST_NAME.fullmatch(name):
            name = "?"  # people read it: nothing else of an engine's making
        if name in desk.refused or len(desk.refused) < _REFUSED_KEPT:
            desk.refused[name] = desk.refused.get(name, 0) + 1


def lookup_by(servers: Sequence[str]) -> Lookup:
    """Asks these name servers; none: those of /etc/resolv.conf, as it is at each question."""

    async def look_up(name: str) -> Found:
        asking = await asyncio.to_thread(dns.asyncresolver.Resolver, configure=not servers)
        if servers:
            asking.nameservers = list(servers)
        try:
            said = await asking.resolve(
                dns.name.from_text(name), "A", raise_on_no_answer=False, lifetime=_WITHIN
            )
        except dns.resolver.NXDOMAIN:
            return Found((), _LEAST_TTL, exists=False)
        addresses = tuple(ipaddress.IPv4Address(record.address) for record in said.rrset or ())
        return Found(addresses, said.rrset.ttl if said.rrset is not None else _LEAST_TTL)

    return look_up
