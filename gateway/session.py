"""The stream to the coordinator over a Unix socket: routes and sessions in, facts out.

When the coordinator is away, the table keeps what was known, acts are kept and told later, and the
stream is tried again every second at the latest.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from importlib import metadata
from typing import Any

import grpc

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError, ErrorKind
from gateway.activity import BATCH_SECONDS, Activity
from gateway.limits import Refusals
from gateway.routes import Route, RouteTable, Session, session_from_wire
from protos.aigc.v1 import gateway_pb2, gateway_pb2_grpc

log = logging.getLogger(__name__)

_FIRST_BACKOFF = 0.1
_MAX_BACKOFF = 1.0
_REDEEM_SECONDS = 10.0
# A visit that may have been lost with the stream is told again on the next one, if so young.
_VISIT_SECONDS = 60.0
_OPTIONS = (
    # A channel of its own each time: a shared one would wait out gRPC's own, longer backoff.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", 64 << 20),
)


class CoordinatorSession:
    """See the module.

    Args:
        socket: path of the coordinator's Unix socket.
        tunnels: how many connections each machine has now.
    """

    def __init__(
        self,
        socket: str,
        table: RouteTable,
        activity: Activity,
        clock: Clock,
        tunnels: Callable[[], dict[str, int]],
    ) -> None:
        self._socket = socket
        self._table = table
        self._activity = activity
        self._clock = clock
        self._tunnels = tunnels
        self._stub: Any = None
        self._version = ""
        self._reports: deque[gateway_pb2.GatewayReport] = deque()
        self._due = asyncio.Event()
        self._beat = False
        self._visits: dict[str, tuple[float, gateway_pb2.Visit]] = {}
        table.on_route(self._on_route)

    @property
    def connected(self) -> bool:
        return self._table.connected

    async def run(self) -> None:
        """Stay connected until cancelled."""
        backoff = _FIRST_BACKOFF
        self._version = await asyncio.to_thread(_version)
        try:
            while True:
                met = False
                try:
                    met = await self._connect_once()
                except (grpc.RpcError, OSError, asyncio.InvalidStateError) as error:
                    log.info("the coordinator is away: %s", _describe(error))
                self._table.set_away(milliseconds(self._clock.now()))
                backoff = _FIRST_BACKOFF if met else min(_MAX_BACKOFF, backoff * 2)
                await self._clock.sleep(backoff)
        finally:
            self._table.set_away(milliseconds(self._clock.now()))

    def visit(self, route: Route, session: Session) -> None:
        """The owner opened the page of an instance that does not run."""
        visit = gateway_pb2.Visit(
            instance_id=route.instance_id,
            person_id=session.person_id,
            at_ms=milliseconds(self._clock.now()),
        )
        self._visits[route.instance_id] = (self._clock.monotonic(), visit)
        self._report(gateway_pb2.GatewayReport(visit=visit))

    def asked_lately(self, instance_id: str) -> bool:
        """A start was asked for and its effect is not seen yet."""
        found = self._visits.get(instance_id)
        return found is not None and self._clock.monotonic() - found[0] <= 10.0

    def tunnel_changed(self, node_id: str) -> None:
        self._report(self._tunnel_report(node_id))

    def refused(self, refusals: list[Refusals]) -> None:
        """What the door's limits refused: in the log, and in the studio's audit log."""
        for refusal in refusals:
            log.warning(
                "refused limit=%s person=%s instance_id=%s times=%d",
                refusal.key,
                refusal.person_id or "-",
                refusal.instance_id or "-",
                refusal.times,
            )
        told = gateway_pb2.DoorRefusals(
            refusals=[
                gateway_pb2.DoorRefusal(
                    limit=refusal.key,
                    person_id=refusal.person_id,
                    instance_id=refusal.instance_id,
                    times=refusal.times,
                )
                for refusal in refusals
            ]
        )
        if refusals:
            self._report(gateway_pb2.GatewayReport(refusals=told))

    def wake(self) -> None:
        """Something should be told before the next batch is due."""
        self._due.set()

    async def redeem(self, code: str, host: str, nonce: str) -> tuple[str, Session, str]:
        """A hand-off code becomes a session: its token, itself, and the path to return to.

        Raises:
            AigcError: the code was used, is too old or is another browser's; or the coordinator
                is away.
        """
        if self._stub is None or not self._table.connected:
            raise AigcError(
                "coordinator-away",
                "The coordinator does not answer; try again in a moment.",
                ErrorKind.UNAVAILABLE,
            )
        request = gateway_pb2.RedeemHandoffRequest(code=code, host=host, nonce=nonce)
        try:
            answer: gateway_pb2.RedeemHandoffResponse = await self._stub.RedeemHandoff(
                request, timeout=_REDEEM_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            away = error.code() in (
                grpc.StatusCode.UNAVAILABLE,
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.StatusCode.CANCELLED,
            )
            if away:
                raise AigcError(
                    "coordinator-away",
                    "The coordinator does not answer; try again in a moment.",
                    ErrorKind.UNAVAILABLE,
                ) from error
            raise AigcError(
                "handoff-refused",
                error.details() or "This sign-in link was used already or is too old.",
                ErrorKind.UNAUTHENTICATED,
            ) from error
        session = session_from_wire(answer.session)
        self._table.put_redeemed(session)
        return answer.session_token, session, answer.return_path

    # --- own -------------------------------------------------------------------------------

    async def _connect_once(self) -> bool:
        """One life of the stream; returns whether the coordinator was met at all."""
        channel = grpc.aio.insecure_channel(f"unix:{self._socket}", options=_OPTIONS)
        met = False
        async with channel:
            stub = gateway_pb2_grpc.GatewayServiceStub(channel)
            call = stub.Connect()
            writer: asyncio.Task[None] | None = None
            try:
                hello = gateway_pb2.GatewayHello(version=self._version, pid=os.getpid())
                await call.write(gateway_pb2.GatewayReport(hello=hello))
                while True:
                    order = await call.read()
                    if order is grpc.aio.EOF:
                        return met
                    self._table.apply(order)
                    if not met and order.WhichOneof("order") == "snapshot":
                        met = True
                        self._stub = stub
                        log.info("the coordinator is there")
                        writer = asyncio.create_task(self._write(call), name="gateway reports")
                    if writer is not None and writer.done():
                        return met
            finally:
                self._stub = None
                call.cancel()
                if writer is not None:
                    writer.cancel()
                    await asyncio.gather(writer, return_exceptions=True)

    async def _write(self, call: Any) -> None:
        self._reports.clear()
        for node_id in self._tunnels():
            self._reports.append(self._tunnel_report(node_id))
        oldest = self._clock.monotonic() - _VISIT_SECONDS
        for at, visit in self._visits.values():
            if at >= oldest:
                self._reports.append(gateway_pb2.GatewayReport(visit=visit))
        self._activity.tell_all_again()
        timer = asyncio.create_task(self._tick(), name="gateway batches")
        try:
            while True:
                await self._flush(call)
                await self._due.wait()
                self._due.clear()
        finally:
            timer.cancel()
            await asyncio.gather(timer, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(BATCH_SECONDS)
            self._beat = True
            self._due.set()

    async def _flush(self, call: Any) -> None:
        while self._reports:
            await call.write(self._reports[0])
            self._reports.popleft()
        batch, seen = self._activity.take_batch(), self._activity.take_seen()
        try:
            # An empty one too: it says that nothing happened, and not that nobody looked.
            if batch.instances or self._beat:
                self._beat = False
                await call.write(gateway_pb2.GatewayReport(activity=batch))
            if seen:
                report = gateway_pb2.SessionsSeen(token_hashes=seen)
                await call.write(gateway_pb2.GatewayReport(sessions_seen=report))
        except BaseException:
            self._activity.put_back(batch, seen)
            raise

    def _report(self, report: gateway_pb2.GatewayReport) -> None:
        # While nobody listens, tunnels and visits are told from what is known at the next meeting.
        if self._table.connected:
            self._reports.append(report)
            self._due.set()

    def _tunnel_report(self, node_id: str) -> gateway_pb2.GatewayReport:
        state = gateway_pb2.TunnelState(
            node_id=node_id, connections=self._tunnels().get(node_id, 0)
        )
        return gateway_pb2.GatewayReport(tunnel=state)

    def _on_route(self, host: str) -> None:
        # Whatever the coordinator says of it now is its answer to the visit.
        route = self._table.route(host)
        if route is not None:
            self._visits.pop(route.instance_id, None)


def _describe(error: BaseException) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or type(error).__name__


def _version() -> str:
    try:
        return metadata.version("aigc-gateway")
    except metadata.PackageNotFoundError:
        return "unknown"
