"""A coordinator's gRPC side on real parts: ledger, reactor, TLS on loopback, real certificates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aigc.tls import COORDINATOR_NAME, make_csr, new_key_pem
from coordinator.api import server as servers
from coordinator.api.administration import AdminServicer
from coordinator.api.enrolment import EnrolmentServicer
from coordinator.api.gateway_link import GatewayServicer
from coordinator.api.guard import Guard
from coordinator.api.instances import CreatorServicer
from coordinator.api.office import Office
from coordinator.api.policy import Policy as Access
from coordinator.api.sessions import SessionServicer
from coordinator.catalogue import Loaded
from coordinator.config import CoordinatorConfig, Public
from coordinator.domain.events import PersonSeen
from coordinator.domain.people import Person, PersonId, Role
from coordinator.domain.policy import Policy
from coordinator.fleet.authority import Authority, Files
from coordinator.fleet.enrolment import Addresses, Enrolment, proof_message
from coordinator.fleet.rotation import Rotation
from coordinator.fleet.service import NodeServicer
from coordinator.fleet.session import Sessions
from coordinator.fleet.wire import Confidential
from coordinator.identity import Identity, IdentitySettings
from coordinator.identity.sessions import Kind
from coordinator.ledger import Ledger, read_audit
from coordinator.reactor import Reactor
from coordinator.readings import Readings, ReadingsStore
from coordinator.refusals import Refusals
from protos.aigc.v1 import (
    admin_pb2_grpc,
    common_pb2,
    creator_pb2_grpc,
    gateway_pb2_grpc,
    node_pb2,
    node_pb2_grpc,
)
from tests.coordinator.identity.house import TurnableClock, quick_passwords
from tests.coordinator.studios import make_engine

_NAME = [("grpc.ssl_target_name_override", COORDINATOR_NAME)]
GPU = "GPU-11111111-2222-3333-4444-555555555555"


@dataclass
class House:
    """Everything that a test needs; both ports and the gateway's socket really listen."""

    clock: TurnableClock
    ledger: Ledger
    reactor: Reactor
    identity: Identity
    authority: Authority
    enrolment: Enrolment
    sessions: Sessions
    rotation: Rotation
    creators_port: int
    nodes_port: int
    socket: Path
    tls: Files

    @property
    def ca_pem(self) -> bytes:
        """What is trusted now."""
        return self.authority.roots.now.bundle_pem

    def creators(self, ca: bytes | None = None) -> Any:
        credentials = grpc.ssl_channel_credentials(ca or self.ca_pem)
        return grpc.aio.secure_channel(f"127.0.0.1:{self.creators_port}", credentials, _NAME)

    def nodes(self, key: bytes | None = None, certificate: bytes | None = None) -> Any:
        credentials = grpc.ssl_channel_credentials(self.ca_pem, key, certificate)
        options = [*_NAME, ("grpc.use_local_subchannel_pool", 1)]
        return grpc.aio.secure_channel(f"127.0.0.1:{self.nodes_port}", credentials, options)

    async def person(self, name: str = "lin", role: Role = Role.CREATOR) -> tuple[Person, str]:
        """Somebody who is signed in, and the session token."""
        person = Person(PersonId(name), "https://issuer.test", name, name.title(), role=role)
        await self.reactor.ask(PersonSeen(person))
        token, _ = await self.identity.sessions.create(Kind.SESSION, person.id)
        return person, token

    async def join(self, name: str = "render-01") -> Machine:
        """A machine that has just joined."""
        token, _ = await self.enrolment.create_token("on-prem", "127.0.0.1", minutes(60), "it")
        key = new_key_pem()
        enrolled = await self.enrolment.join(token, make_csr(key, name), name)
        return Machine(self, enrolled.node_id, key, enrolled.certificate_pem, name)

    async def audits(self) -> list[tuple[str, str, str]]:
        """(action, target, outcome) of the audit log, the newest first."""
        rows = await self.ledger.read(lambda c: read_audit(c, 1000))
        return [(r.action, r.target, r.outcome) for r in rows]


@dataclass
class Machine:
    """A joined machine with its key and certificate."""

    house: House
    node_id: str
    key: bytes
    certificate: bytes
    name: str

    @asynccontextmanager
    async def connected(self, boot: str = "boot", **hello: Any) -> AsyncIterator[Stream]:
        """Its stream, after hello."""
        async with self.house.nodes(self.key, self.certificate) as channel:
            stream = Stream(node_pb2_grpc.NodeServiceStub(channel).Connect())
            await stream.hello(boot, **({"hostname": self.name, "session_nonce": 1} | hello))
            try:
                yield stream
            finally:
                stream.call.cancel()

    def proof(self, csr: bytes, at_ms: int) -> bytes:
        key = serialization.load_pem_private_key(self.key, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key.sign(proof_message(at_ms, csr), ec.ECDSA(hashes.SHA256()))


@dataclass
class Stream:
    """An agent's side of the stream."""

    call: Any

    async def hello(self, boot: str, **values: Any) -> None:
        await self.send(hello=node_pb2.Hello(boot_id=boot, driver_name="process", **values))

    async def send(self, **report: Any) -> None:
        await self.call.write(node_pb2.NodeReport(**report))

    async def observe(self, *instances: node_pb2.ObservedInstance, **values: Any) -> None:
        """A whole set, of a machine with one simulated card."""
        card = common_pb2.GpuReading(
            uuid=GPU, name="RTX 4090", memory_total_bytes=24 << 30, simulated=True
        )
        await self.send(
            observed=node_pb2.ObservedSet(
                instances=instances, gpus=[card], can_start=True, disk_free_bytes=1 << 40, **values
            )
        )

    async def order(self, kind: str) -> Any:
        """The next order of that kind."""
        async with asyncio.timeout(20):
            while True:
                order = await self.call.read()
                assert order is not grpc.aio.EOF, "the stream ended"
                if order.WhichOneof("order") == kind:
                    return getattr(order, kind)

    async def desired_with(self, count: int) -> node_pb2.DesiredSet:
        """The next desired set that runs so many instances."""
        while True:
            desired: node_pb2.DesiredSet = await self.order("desired")
            if len(desired.run) == count:
                return desired

    async def end(self) -> grpc.aio.AioRpcError:
        """How the coordinator ended it."""
        return await end_of(self.call)


async def end_of(call: Any) -> grpc.aio.AioRpcError:
    """Read to the end, which must be an error, and return it."""
    async with asyncio.timeout(30):
        try:
            while await call.read() is not grpc.aio.EOF:
                pass
        except grpc.aio.AioRpcError as error:
            return error
        raise AssertionError(f"it ended without an error: {await call.code()}")


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def key_of(error: grpc.aio.AioRpcError) -> str:
    """The error's key, as clients see it."""
    return str(dict(error.trailing_metadata()).get("aigc-error-key", ""))


def bearer(token: str) -> Sequence[tuple[str, str]]:
    return (("authorization", f"Bearer {token}"),)


async def until(what: Any, seconds: float = 20) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - what others change tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_house(tmp_path: Path, *, silent_after: float = 15) -> AsyncIterator[House]:
    """Start everything, and stop it."""
    clock = TurnableClock()
    ledger = await asyncio.to_thread(Ledger.open, tmp_path / "ledger.sqlite")
    authority = await asyncio.to_thread(Authority.open, tmp_path / "authority", "Test", clock)
    tls = await asyncio.to_thread(
        authority.server_files, "coordinator", (COORDINATOR_NAME, "127.0.0.1")
    )
    engine = make_engine()
    reactor = Reactor(ledger, {engine.id: engine}, Policy(), clock)
    await reactor.load()
    deciding = asyncio.create_task(reactor.run())
    refusals = Refusals(ledger, clock)
    ports = {"nodes": 0}
    enrolment = Enrolment(
        ledger,
        authority,
        reactor,
        clock,
        lambda: Addresses("", "fallback.test", ports["nodes"], 7445),
    )
    await enrolment.load()
    identity = Identity(
        ledger, reactor, IdentitySettings("http://localhost:1"), clock, quick_passwords()
    )
    await identity.load()
    following = asyncio.create_task(identity.run())
    sessions = Sessions(enrolment, clock, silent_after)

    def renew_servers() -> None:
        authority.server_files("coordinator", (COORDINATOR_NAME, "127.0.0.1"))

    rotation = Rotation(authority, enrolment, ledger, clock, renew_servers, sessions.ask_to_renew)
    readings = Readings(ReadingsStore(tmp_path / "readings.sqlite"), lambda: reactor.studio, clock)
    reading = asyncio.create_task(readings.run())

    config = CoordinatorConfig(public=Public(host="aigc.test"))

    def url_of(host: str) -> str:
        return f"http://{host}.localhost:8443"

    def add_creators(server: Any) -> None:
        creator_pb2_grpc.add_SessionServiceServicer_to_server(
            SessionServicer(identity, clock, lambda: authority.roots.now.bundle_pem), server
        )
        creator_pb2_grpc.add_CreatorServiceServicer_to_server(
            CreatorServicer(reactor, identity, sessions, refusals, readings, url_of, clock), server
        )
        admin_pb2_grpc.add_AdminServiceServicer_to_server(
            AdminServicer(
                Office(
                    reactor=reactor,
                    ledger=ledger,
                    identity=identity,
                    enrolment=enrolment,
                    sessions=sessions,
                    readings=readings,
                    catalogue=lambda: (Loaded(), 0),
                    pin=lambda: authority.pin,
                    rotation=rotation,
                    config=config,
                    started_at=clock.now(),
                    url_of=url_of,
                    clock=clock,
                )
            ),
            server,
        )
        node_pb2_grpc.add_EnrolmentServiceServicer_to_server(
            EnrolmentServicer(enrolment, lambda: authority.roots.now.bundle_pem, clock), server
        )

    def add_nodes(server: Any) -> None:
        confidential = Confidential()
        node_pb2_grpc.add_NodeServiceServicer_to_server(
            NodeServicer(enrolment, sessions, reactor, confidential, readings.take, clock), server
        )

    link = GatewayServicer(
        reactor, identity, enrolment, refusals, lambda: "http://web", "localhost", clock
    )
    people = frozenset({Access.PUBLIC, Access.SIGNED_IN, Access.AUDITOR, Access.ADMIN})
    creators = servers.make_server(Guard(people, clock, refusals, identity=identity), add_creators)
    nodes = servers.make_server(
        Guard(frozenset({Access.NODE}), clock, refusals, enrolment=enrolment), add_nodes
    )
    door = servers.make_server(
        Guard(frozenset({Access.GATEWAY}), clock, refusals),
        lambda server: gateway_pb2_grpc.add_GatewayServiceServicer_to_server(link, server),
    )
    files = await asyncio.to_thread(servers.TlsFiles, tls, authority.roots.bundle_file)
    socket = tmp_path / "gateway.sock"

    def bind() -> int:
        port = servers.listen(
            creators,
            "creators",
            "127.0.0.1:0",
            0,
            files.credentials(clients_need_certificate=False),
        )
        ports["nodes"] = servers.listen(
            nodes, "nodes", "127.0.0.1:0", 0, files.credentials(clients_need_certificate=True)
        )
        servers.listen_socket(door, socket)
        return port

    creators_port = await asyncio.to_thread(bind)
    try:
        for server in (creators, nodes, door):
            await server.start()
        yield House(
            clock,
            ledger,
            reactor,
            identity,
            authority,
            enrolment,
            sessions,
            rotation,
            creators_port,
            ports["nodes"],
            socket,
            tls,
        )
    finally:
        sessions.close()
        await asyncio.gather(*(server.stop(1) for server in (creators, nodes, door)))
        for task in (following, deciding, reading):
            task.cancel()
        await asyncio.gather(following, deciding, reading, return_exceptions=True)
        await identity.close()
        await asyncio.to_thread(ledger.close)
