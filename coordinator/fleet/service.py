"""NodeService: the stream of one machine, and the renewal of its certificate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from aigc import __version__
from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError
from coordinator.domain.desired import Desired, desired_for, without_revision
from coordinator.domain.events import (
    InstanceObserved,
    LedgerRefusedByNode,
    NodeDisconnected,
    NodeEnrolled,
    ReadingsTaken,
    VolumeOrderDone,
)
from coordinator.fleet import wire
from coordinator.fleet.caller import calling_node
from coordinator.fleet.enrolment import Enrolment
from coordinator.fleet.session import Session, Sessions
from coordinator.fleet.wire import Confidential
from coordinator.reactor import Reactor
from protos.aigc.v1 import node_pb2, node_pb2_grpc

_log = logging.getLogger(__name__)
_HELLO_WITHIN = 10.0


class NodeServicer(node_pb2_grpc.NodeServiceServicer):
    """See the module. The interceptor has checked the certificate and set ``calling_node``."""

    def __init__(
        self,
        enrolment: Enrolment,
        sessions: Sessions,
        reactor: Reactor,
        confidential: Confidential,
        readings: Callable[[ReadingsTaken], None],
        clock: Clock,
    ) -> None:
        """``readings`` is told of every reading, beside the reactor."""
        self._enrolment = enrolment
        self._sessions = sessions
        self._reactor = reactor
        self._confidential = confidential
        self._readings = readings
        self._clock = clock

    async def RenewCertificate(  # noqa: N802 - named by the proto
        self, request: node_pb2.RenewCertificateRequest, context: Any
    ) -> node_pb2.RenewResponse:
        enrolled = await self._enrolment.renew(calling_node.get(), request.csr_pem)
        return node_pb2.RenewResponse(
            certificate_pem=enrolled.certificate_pem,
            ca_pem=enrolled.ca_pem,
            node_address=enrolled.node_address,
            gateway_address=enrolled.gateway_address,
        )

    # It writes by itself, with backpressure, instead of yielding.
    async def Connect(  # type: ignore[override]  # noqa: N802 - named by the proto
        self, requests: AsyncIterator[node_pb2.NodeReport], context: Any
    ) -> None:
        identity = calling_node.get()
        try:
            async with asyncio.timeout(_HELLO_WITHIN):
                first = await anext(aiter(requests))
        except (TimeoutError, StopAsyncIteration) as error:
            raise _hello_missing() from error
        if first.WhichOneof("report") != "hello":
            raise _hello_missing()
        session = Session(identity, first.hello)
        await self._sessions.enter(session)
        why = "the stream ended"
        try:
            await self._connected(session)
            await self._serve(session, requests, context)
        except AigcError as error:
            why = error.message
            raise
        finally:
            if self._sessions.leave(session):
                self._reactor.post(NodeDisconnected(session.node_id, why))
            _log.info("node disconnected", extra={"node_id": session.node_id, "why": why})

    async def _connected(self, session: Session) -> None:
        node_id = session.node_id
        if node_id not in self._reactor.studio.nodes:
            # Its certificate is ours: it joined before this ledger began, or while it was lost.
            name = session.hello.hostname or str(node_id)
            await self._reactor.ask(NodeEnrolled(node_id, name, "on-prem", str(node_id)))
        await self._reactor.ask(wire.connected(node_id, session.hello))
        _log.info(
            "node connected",
            extra={"node_id": node_id, "agent_version": session.hello.agent_version},
        )
        _, gateway = self._enrolment.addresses_of(node_id)
        welcome = node_pb2.Welcome(
            node_id=node_id,
            node_name=self._reactor.studio.nodes[node_id].name,
            server_time_ms=milliseconds(self._clock.now()),
            gateway_address=gateway,
            coordinator_version=__version__,
        )
        # Before a notice that waits already: an agent expects to be welcomed first.
        session.outbox.insert(0, node_pb2.NodeOrder(welcome=welcome))
        session.wake.set()
        if self._enrolment.renewal_due(node_id):
            self._sessions.ask_to_renew(node_id)

    async def _serve(
        self, session: Session, requests: AsyncIterator[node_pb2.NodeReport], context: Any
    ) -> None:
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._read(session, requests)),
            asyncio.create_task(self._write(session, context)),
            asyncio.create_task(self._follow(session)),
            asyncio.create_task(self._sessions.watch_over(session)),
            asyncio.create_task(session.ended.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if session.why is not None:
            raise session.why
        for task in done:
            task.result()

    async def _read(self, session: Session, requests: AsyncIterator[node_pb2.NodeReport]) -> None:
        async for report in requests:
            session.note_heard()
            try:
                self._take(session, report)
            except (ValueError, OverflowError, AssertionError) as error:
                raise AigcError(
                    "report-invalid",
                    f"The agent sent a report that makes no sense ({error}): update the agent.",
                ) from error

    def _take(self, session: Session, report: node_pb2.NodeReport) -> None:
        node_id = session.node_id
        match report.WhichOneof("report"):
            case "observed":
                problems = self._sessions.problems(node_id)
                self._reactor.post(wire.observed_set(node_id, report.observed, problems))
            case "instance":
                observed = wire.observed(report.instance)
                if observed is not None:
                    self._reactor.post(InstanceObserved(node_id, observed))
            case "readings":
                event = wire.readings(node_id, report.readings)
                self._readings(event)
                self._reactor.post(event)
            case "log_chunk":
                self._sessions.take_log_chunk(node_id, report.log_chunk)
            case "ledger_refused":
                refused = report.ledger_refused
                if refused.offered_ledger_id not in ("", self._reactor.studio.ledger_id):
                    return  # what somebody else offered it
                _log.warning("the node refuses our ledger", extra={"node_id": node_id})
                self._reactor.post(
                    LedgerRefusedByNode(node_id, refused.kept_ledger_id, refused.kept_revision)
                )
            case "volume_result":
                result = report.volume_result
                self._reactor.post(
                    VolumeOrderDone(node_id, result.order_id, result.ok, result.error)
                )
            case _:
                pass  # a second hello, or a report of a newer agent

    async def _write(self, session: Session, context: Any) -> None:
        """Orders in their order, then the newest desired set; waits for a slow agent here."""
        last: Desired | None = None
        ordered: set[str] = set()
        while True:
            session.wake.clear()
            while session.outbox:
                await context.write(session.outbox.pop(0))
            forced, session.send_desired = session.send_desired, False
            studio = self._reactor.studio
            if studio.nodes[session.node_id].ledger_refused and not forced:
                await session.wake.wait()  # it keeps its own until an admin decides
                continue
            desired = desired_for(studio, session.node_id)
            if forced or last is None or without_revision(desired) != without_revision(last):
                last = desired
                message = wire.desired_set(desired, self._confidential)
                await context.write(node_pb2.NodeOrder(desired=message))
            for order in desired.volume_orders:
                if forced or order.order_id not in ordered:
                    ordered.add(order.order_id)
                    volume_order = wire.volume_order(order)
                    await context.write(node_pb2.NodeOrder(volume_order=volume_order))
            if not session.outbox and not session.send_desired:
                await session.wake.wait()

    async def _follow(self, session: Session) -> None:
        """Wakes the writer when something about this machine may have changed."""
        node_id = session.node_id
        watch = self._reactor.watch(lambda c: node_id in c.nodes or c.catalogue)
        try:
            session.wake.set()
            async for _ in watch:
                session.wake.set()
        finally:
            watch.close()


def _hello_missing() -> AigcError:
    return AigcError("hello-missing", "The agent did not say hello first: update the agent.")
