"""The coordinator's side of the stream, small and real: a GatewayService on a Unix socket.

It is a stand-in: it decides nothing, it tells the gateway what a test wants and keeps what the
gateway reports.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from gateway.handoff import nonce_hash
from protos.aigc.v1 import common_pb2, gateway_pb2, gateway_pb2_grpc

READY = common_pb2.INSTANCE_STATE_READY
STOPPED = common_pb2.INSTANCE_STATE_STOPPED


class CoordinatorStandIn(gateway_pb2_grpc.GatewayServiceServicer):
    """See the module. Rows set before or after a gateway connects reach it alike."""

    def __init__(self, socket: str, web_url: str = "https://coordinator.test:7440") -> None:
        self.web_url = web_url
        self.zone = "localhost"
        self.routes: dict[str, gateway_pb2.Route] = {}
        self.sessions: dict[bytes, gateway_pb2.BrowserSession] = {}
        self.tokens: dict[bytes, gateway_pb2.ApiTokenAccess] = {}
        self.nodes: dict[str, gateway_pb2.NodeAccess] = {}
        self.codes: dict[str, tuple[str, str, str, str]] = {}
        self.visits: list[gateway_pb2.Visit] = []
        self.activity: list[gateway_pb2.InstanceActivity] = []
        self.batches = 0
        self.seen: list[bytes] = []
        self.refusals: list[gateway_pb2.DoorRefusal] = []
        self.tunnels: dict[str, int] = {}
        self.streams = 0
        self._socket = socket
        self._server: Any = None
        self._queues: set[asyncio.Queue[gateway_pb2.GatewayOrder]] = set()

    async def start(self) -> None:
        self._server = grpc.aio.server()
        gateway_pb2_grpc.add_GatewayServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(f"unix:{self._socket}")
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0)

    # --- what a test says ------------------------------------------------------------------

    def put_route(self, host: str, **fields: Any) -> gateway_pb2.Route:
        values: dict[str, Any] = {
            "instance_id": f"inst-{host}",
            "epoch": 1,
            "owner_id": "lin",
            "node_id": "node-1",
            "state": READY,
            "title": host.capitalize(),
            "can_start": True,
        }
        route = gateway_pb2.Route(host=host, **{**values, **fields})
        self.routes[host] = route
        self._send(gateway_pb2.GatewayOrder(route=route))
        return route

    def put_session(
        self, host: str, person: str = "lin", seconds: float = 3600, token: str = ""
    ) -> str:
        """A browser session; returns the cookie's value."""
        token = token or f"token-of-{person}-at-{host}"
        session = gateway_pb2.BrowserSession(
            token_hash=hashlib.sha256(token.encode()).digest(),
            host=host,
            person_id=person,
            instance_id=self.routes[host].instance_id,
            expires_at_ms=round((time.time() + seconds) * 1000),
        )
        self.sessions[session.token_hash] = session
        self._send(gateway_pb2.GatewayOrder(session=session))
        return token

    def revoke(self, token: str) -> None:
        digest = hashlib.sha256(token.encode()).digest()
        del self.sessions[digest]
        revoked = gateway_pb2.SessionRevoked(token_hash=digest)
        self._send(gateway_pb2.GatewayOrder(session_revoked=revoked))

    def put_token(
        self,
        person: str = "lin",
        seconds: float = 3600,
        view: bool = False,
        instances: tuple[str, ...] = (),
        secret: str = "",
    ) -> str:
        """An API token for engines; returns what follows ``Bearer``."""
        secret = secret or f"aigc_t_{person}-{len(self.tokens)}-of-a-test"
        token = gateway_pb2.ApiTokenAccess(
            token_hash=hashlib.sha256(secret.encode()).digest(),
            person_id=person,
            view=view,
            instance_ids=instances,
            expires_at_ms=round((time.time() + seconds) * 1000),
        )
        self.tokens[token.token_hash] = token
        self._send(gateway_pb2.GatewayOrder(token=token))
        return secret

    def revoke_token(self, secret: str) -> None:
        digest = hashlib.sha256(secret.encode()).digest()
        del self.tokens[digest]
        revoked = gateway_pb2.SessionRevoked(token_hash=digest)
        self._send(gateway_pb2.GatewayOrder(token_revoked=revoked))

    def put_node(
        self, node_id: str, serial: int, previous: int | None = None, revoked: bool = False
    ) -> None:
        node = gateway_pb2.NodeAccess(
            node_id=node_id,
            certificate_serial=f"{serial:x}",
            previous_serial="" if previous is None else f"{previous:x}",
            revoked=revoked,
        )
        self.nodes[node_id] = node
        self._send(gateway_pb2.GatewayOrder(node=node))

    def put_code(self, code: str, host: str, nonce: str, person: str, path: str) -> None:
        """A code that may be redeemed once; ``nonce`` itself or its hash."""
        self.codes[code] = (host, nonce, person, path)

    def last_person_ms(self, instance_id: str) -> int:
        return max(
            (a.last_person_ms for a in self.activity if a.instance_id == instance_id), default=0
        )

    def _send(self, order: gateway_pb2.GatewayOrder) -> None:
        for queue in self._queues:
            queue.put_nowait(order)

    # --- GatewayService --------------------------------------------------------------------

    async def Connect(  # noqa: N802 - the wire's name
        self, request_iterator: AsyncIterator[gateway_pb2.GatewayReport], context: Any
    ) -> AsyncIterator[gateway_pb2.GatewayOrder]:
        queue: asyncio.Queue[gateway_pb2.GatewayOrder] = asyncio.Queue()
        snapshot = gateway_pb2.Snapshot(
            routes=self.routes.values(),
            sessions=self.sessions.values(),
            nodes=self.nodes.values(),
            web_url=self.web_url,
            zone=self.zone,
            tokens=self.tokens.values(),
        )
        self._queues.add(queue)
        self.streams += 1
        reader = asyncio.create_task(self._read(request_iterator))
        try:
            yield gateway_pb2.GatewayOrder(snapshot=snapshot)
            while True:
                yield await queue.get()
        finally:
            self.streams -= 1
            self._queues.discard(queue)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def RedeemHandoff(  # noqa: N802 - the wire's name
        self, request: gateway_pb2.RedeemHandoffRequest, context: Any
    ) -> gateway_pb2.RedeemHandoffResponse:
        found = self.codes.pop(request.code, None)
        known = () if found is None else (found[0], found[1])
        if known not in ((request.host, request.nonce), (request.host, nonce_hash(request.nonce))):
            await context.abort(
                grpc.StatusCode.UNAUTHENTICATED, "This sign-in link was used or is too old."
            )
        assert found is not None
        host, _, person, path = found
        token = self.put_session(host, person, token=f"handed-off-to-{person}-at-{host}")
        session = self.sessions[hashlib.sha256(token.encode()).digest()]
        return gateway_pb2.RedeemHandoffResponse(
            session_token=token, session=session, return_path=path
        )

    async def _read(self, reports: AsyncIterator[gateway_pb2.GatewayReport]) -> None:
        async for report in reports:
            match report.WhichOneof("report"):
                case "visit":
                    self.visits.append(report.visit)
                case "activity":
                    self.batches += 1
                    self.activity.extend(report.activity.instances)
                case "sessions_seen":
                    self.seen.extend(report.sessions_seen.token_hashes)
                case "refusals":
                    self.refusals.extend(report.refusals.refusals)
                case "tunnel":
                    self.tunnels[report.tunnel.node_id] = report.tunnel.connections
