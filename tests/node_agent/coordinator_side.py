"""The other side of an agent's session in tests: real grpc.aio servers, real TLS, an own CA."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aigc.clock import Clock, milliseconds
from aigc.join_link import JoinLink
from aigc.tls import COORDINATOR_NAME, NODE_ORGANISATION, spki_pin
from protos.aigc.v1 import node_pb2, node_pb2_grpc

DEADLINE = 30.0


class Authority:
    """A CA that signs by the given clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self._certificate = (
            self._builder(name, self._key.public_key(), datetime.timedelta(days=3650))
            .issuer_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)
        self.pin = spki_pin(self.pem)

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, life: datetime.timedelta
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(seconds=30))
            .not_valid_after(now + life)
        )

    def server_pair(self) -> tuple[bytes, bytes]:
        """Key, and the chain of leaf and CA."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, COORDINATOR_NAME)])
        leaf = (
            self._builder(name, key.public_key(), datetime.timedelta(days=365))
            .issuer_name(self._certificate.subject)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(COORDINATOR_NAME)]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        key_pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return key_pem, leaf.public_bytes(serialization.Encoding.PEM) + self.pem

    def sign_node(self, csr_pem: bytes, node_id: str, life: datetime.timedelta) -> bytes:
        csr = x509.load_pem_x509_csr(csr_pem)
        key = csr.public_key()
        assert csr.is_signature_valid
        assert isinstance(key, ec.EllipticCurvePublicKey)
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, node_id),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, NODE_ORGANISATION),
            ]
        )
        return (
            self._builder(name, key, life)
            .issuer_name(self._certificate.subject)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )


@dataclass
class Seen:
    """What one agent told so far."""

    hellos: list[node_pb2.Hello] = field(default_factory=list)
    observed: node_pb2.ObservedSet | None = None
    instances: dict[tuple[str, int], node_pb2.ObservedInstance] = field(default_factory=dict)
    story: list[tuple[str, int, str]] = field(default_factory=list)
    refused: list[node_pb2.LedgerRefused] = field(default_factory=list)
    volume_results: list[node_pb2.VolumeOrderResult] = field(default_factory=list)
    readings: node_pb2.Readings | None = None
    log_lines: list[str] = field(default_factory=list)
    log_ended: bool = False
    sets: int = 0

    def take(self, report: node_pb2.NodeReport) -> None:
        match report.WhichOneof("report"):
            case "hello":
                self.hellos.append(report.hello)
            case "observed":
                self.observed = report.observed
                self.sets += 1
                self.instances = {}
                for instance in report.observed.instances:
                    self._note(instance)
            case "instance":
                self._note(report.instance)
            case "readings":
                self.readings = report.readings
            case "ledger_refused":
                self.refused.append(report.ledger_refused)
            case "volume_result":
                self.volume_results.append(report.volume_result)
            case "log_chunk":
                self.log_lines += [line.text for line in report.log_chunk.lines]
                self.log_ended = self.log_ended or report.log_chunk.end

    def _note(self, instance: node_pb2.ObservedInstance) -> None:
        key = (instance.instance_id, instance.epoch)
        phase = node_pb2.ObservedInstance.Phase.Name(instance.phase).removeprefix("PHASE_")
        self.instances[key] = instance
        if (*key, phase) not in self.story[-1:]:
            self.story.append((*key, phase))

    def phase(self, instance_id: str, epoch: int = 1) -> str:
        """The phase's name; "" if nothing is told of it."""
        instance = self.instances.get((instance_id, epoch))
        if instance is None:
            return ""
        return node_pb2.ObservedInstance.Phase.Name(instance.phase).removeprefix("PHASE_")


class CoordinatorSide(node_pb2_grpc.NodeServiceServicer, node_pb2_grpc.EnrolmentServiceServicer):
    """One coordinator for one agent. Made by :func:`coordinator_side`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.authority = Authority(clock)
        self.seen = Seen()
        self.tokens = {"a-token"}
        self.life = datetime.timedelta(hours=24)
        self.renewals: list[str] = []
        self.ledger_id = "ledger-1"
        self.revision = 0
        self.creators = ""
        self.nodes = ""
        self.gateway = ""
        self.server_time_offset = datetime.timedelta()
        self.streams = 0
        self._news = asyncio.Condition()
        self._desired = node_pb2.DesiredSet()
        self._queues: set[asyncio.Queue[node_pb2.NodeOrder | None]] = set()

    @property
    def link(self) -> JoinLink:
        return JoinLink(self.creators, self.authority.pin, "a-token")

    # --- acting ---------------------------------------------------------------------------

    def desire(
        self,
        run: list[node_pb2.DesiredInstance],
        ended: list[tuple[str, int]] | None = None,
        grace: int = 5,
        prepull: list[node_pb2.EngineSpec] | None = None,
    ) -> None:
        self.revision += 1
        self._desired = node_pb2.DesiredSet(
            ledger_id=self.ledger_id,
            revision=self.revision,
            run=run,
            prepull=prepull or [],
            ended=[
                node_pb2.EndedInstance(instance_id=i, epoch=e, grace_seconds=grace)
                for i, e in ended or []
            ],
        )
        self.order(node_pb2.NodeOrder(desired=self._desired))

    def order(self, order: node_pb2.NodeOrder) -> None:
        for queue in self._queues:
            queue.put_nowait(order)

    def cut(self) -> None:
        """End every stream."""
        for queue in self._queues:
            queue.put_nowait(None)

    async def until(self, holds: Callable[[Seen], bool], what: str = "") -> Seen:
        """Wait until what was seen fulfils the predicate."""
        try:
            async with asyncio.timeout(DEADLINE), self._news:
                await self._news.wait_for(lambda: holds(self.seen))
        except TimeoutError:
            raise AssertionError(f"never seen: {what}; story: {self.seen.story}") from None
        return self.seen

    async def until_phase(self, instance_id: str, phase: str, epoch: int = 1) -> Seen:
        return await self.until(
            lambda seen: seen.phase(instance_id, epoch) == phase, f"{instance_id} {phase}"
        )

    # --- services -------------------------------------------------------------------------

    async def Connect(  # noqa: N802
        self,
        request_iterator: AsyncIterator[node_pb2.NodeReport],
        context: grpc.aio.ServicerContext,
    ) -> AsyncIterator[node_pb2.NodeOrder]:
        queue: asyncio.Queue[node_pb2.NodeOrder | None] = asyncio.Queue()
        self.streams += 1
        hello = await anext(request_iterator)
        await self._take(hello)
        yield node_pb2.NodeOrder(
            welcome=node_pb2.Welcome(
                node_id="node-1",
                server_time_ms=milliseconds(self._clock.now() + self.server_time_offset),
                gateway_address=self.gateway,
            )
        )
        if self._desired.ledger_id:
            yield node_pb2.NodeOrder(desired=self._desired)
        self._queues.add(queue)
        reading = asyncio.ensure_future(self._read(request_iterator, queue))
        try:
            while (order := await queue.get()) is not None:
                yield order
        finally:
            self._queues.discard(queue)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(
        self,
        reports: AsyncIterator[node_pb2.NodeReport],
        queue: asyncio.Queue[node_pb2.NodeOrder | None],
    ) -> None:
        try:
            async for report in reports:
                await self._take(report)
        finally:
            queue.put_nowait(None)

    async def _take(self, report: node_pb2.NodeReport) -> None:
        async with self._news:
            self.seen.take(report)
            self._news.notify_all()

    async def GetAuthority(  # noqa: N802
        self, request: node_pb2.GetAuthorityRequest, context: grpc.aio.ServicerContext
    ) -> node_pb2.GetAuthorityResponse:
        now = self._clock.now() + self.server_time_offset
        return node_pb2.GetAuthorityResponse(
            ca_pem=self.authority.pem, server_time_ms=milliseconds(now), version="0.1.0"
        )

    async def Join(  # noqa: N802
        self, request: node_pb2.JoinRequest, context: grpc.aio.ServicerContext
    ) -> node_pb2.JoinResponse:
        if request.token not in self.tokens:
            context.set_trailing_metadata((("aigc-error-key", "join-token-invalid"),))
            await context.abort(
                grpc.StatusCode.UNAUTHENTICATED, "This join token was used already."
            )
        self.tokens.discard(request.token)
        return node_pb2.JoinResponse(
            node_id="node-1",
            certificate_pem=self.authority.sign_node(request.csr_pem, "node-1", self.life),
            ca_pem=self.authority.pem,
            node_address=self.nodes,
            gateway_address=self.gateway,
        )

    async def Renew(  # noqa: N802
        self, request: node_pb2.RenewRequest, context: grpc.aio.ServicerContext
    ) -> node_pb2.RenewResponse:
        old = x509.load_pem_x509_certificate(request.old_certificate_pem).public_key()
        assert isinstance(old, ec.EllipticCurvePublicKey)
        signed = b"aigc-renew" + request.timestamp_ms.to_bytes(8, "big") + request.csr_pem
        old.verify(request.proof, signed, ec.ECDSA(hashes.SHA256()))
        return self._renewed("proof", request.csr_pem)

    async def RenewCertificate(  # noqa: N802
        self, request: node_pb2.RenewCertificateRequest, context: grpc.aio.ServicerContext
    ) -> node_pb2.RenewResponse:
        assert context.auth_context()["x509_common_name"] == [b"node-1"]
        return self._renewed("connection", request.csr_pem)

    def _renewed(self, how: str, csr_pem: bytes) -> node_pb2.RenewResponse:
        self.renewals.append(how)
        return node_pb2.RenewResponse(
            certificate_pem=self.authority.sign_node(csr_pem, "node-1", self.life),
            ca_pem=self.authority.pem,
            node_address=self.nodes,
            gateway_address=self.gateway,
        )


@asynccontextmanager
async def coordinator_side(clock: Clock) -> AsyncIterator[CoordinatorSide]:
    """Both ports, on loopback."""
    side = CoordinatorSide(clock)
    key, chain = side.authority.server_pair()
    server = grpc.aio.server(
        options=(
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 1000),
            ("grpc.http2.max_ping_strikes", 0),
            ("grpc.so_reuseport", 0),
        )
    )
    node_pb2_grpc.add_NodeServiceServicer_to_server(side, server)
    node_pb2_grpc.add_EnrolmentServiceServicer_to_server(side, server)
    creators = grpc.ssl_server_credentials([(key, chain)])
    nodes = grpc.ssl_server_credentials([(key, chain)], side.authority.pem, True)
    side.creators = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', creators)}"
    side.nodes = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', nodes)}"
    await server.start()
    try:
        yield side
    finally:
        side.cut()
        await server.stop(1)
