"""AdminService's part about machines: joining, draining, revoking, naming, unclaimed containers."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from aigc.clock import milliseconds
from aigc.errors import AigcError, ErrorKind
from aigc.join_link import JoinLink
from aigc.tls import join_address, split_address
from coordinator.api import conversion
from coordinator.api.office import Office, who
from coordinator.config import is_loopback
from coordinator.domain.events import (
    LedgerAccepted,
    NodeDeclaredOff,
    NodeDrainSet,
    NodeEdited,
    NodeRevoked,
    UnclaimedResolved,
)
from coordinator.domain.node import NodeId
from coordinator.domain.studio import Studio
from coordinator.reactor import Reactor, Watch
from coordinator.readings.series import MINUTE_MS
from coordinator.readings.store import KEPT_MINUTES
from protos.aigc.v1 import admin_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802

_JOIN_MINUTES = 60
_JOIN_MINUTES_MAX = 7 * 24 * 60
_READINGS_SPAN = timedelta(hours=1)
_POINTS = 360
_POINTS_MAX = 2000
_OCCUPANCY_SPAN = timedelta(days=1)
_OCCUPANCY_STEP = 15  # minutes
_KEPT_WITHIN = 15.0  # seconds for a machine to confirm


class MachinesDesk:
    """See the module."""

    _office: Office

    async def CreateJoinCommand(
        self, request: admin_pb2.CreateJoinCommandRequest, context: Any
    ) -> admin_pb2.CreateJoinCommandResponse:
        minutes = request.valid_minutes or _JOIN_MINUTES
        if minutes > _JOIN_MINUTES_MAX:
            raise AigcError(
                "join-too-long", "A join command is good for at most 7 days (10080 minutes)."
            )
        host, port = split_address(request.address)
        public = self._office.config.public.host
        if is_loopback(host) and not is_loopback(public):
            host = public  # others cannot reach us by the address that this admin used
        token, expires_at = await self._office.enrolment.create_token(
            request.pool or "on-prem", host, timedelta(minutes=minutes), who()
        )
        link = JoinLink(join_address(host, port), self._office.pin(), token)
        return admin_pb2.CreateJoinCommandResponse(
            command=f"aigc agent join '{link}'", expires_at_ms=milliseconds(expires_at)
        )

    async def ListNodes(
        self, request: admin_pb2.ListNodesRequest, context: Any
    ) -> admin_pb2.ListNodesResponse:
        studio = self._office.reactor.studio
        nodes = sorted(studio.nodes.values(), key=lambda n: (n.revoked, n.name, n.id))
        expires = self._office.enrolment.certificate_expires
        return admin_pb2.ListNodesResponse(
            nodes=[conversion.node(studio, n, expires(n.id)) for n in nodes]
        )

    async def DrainNode(
        self, request: admin_pb2.DrainNodeRequest, context: Any
    ) -> admin_pb2.DrainNodeResponse:
        event = NodeDrainSet(NodeId(request.node_id), request.draining, who())
        await self._office.reactor.ask(event)
        return admin_pb2.DrainNodeResponse()

    async def RevokeNode(
        self, request: admin_pb2.RevokeNodeRequest, context: Any
    ) -> admin_pb2.RevokeNodeResponse:
        # The door closes first: what follows may fail, a revoked machine must not get back in.
        await self._office.enrolment.revoke(request.node_id, who())
        await self._office.reactor.ask(NodeRevoked(NodeId(request.node_id), who()))
        return admin_pb2.RevokeNodeResponse()

    async def DeclareNodeOff(
        self, request: admin_pb2.DeclareNodeOffRequest, context: Any
    ) -> admin_pb2.DeclareNodeOffResponse:
        if not request.reason.strip():
            raise AigcError(
                "reason-missing",
                "Say how you know that the machine is off: its engines' data is given to others "
                "on your word, and two writers would destroy it.",
            )
        node_id = NodeId(request.node_id)
        if self._office.sessions.get(node_id) is not None:
            raise AigcError(
                "node-online",
                "This machine is connected right now, so it is not off: drain it, or switch it "
                "off first.",
                ErrorKind.CONFLICT,
            )
        outcome = await self._office.reactor.ask(NodeDeclaredOff(node_id, request.reason, who()))
        return admin_pb2.DeclareNodeOffResponse(leases_freed=outcome.leases_freed)

    async def AcceptLedger(
        self, request: admin_pb2.AcceptLedgerRequest, context: Any
    ) -> admin_pb2.AcceptLedgerResponse:
        node_id = NodeId(request.node_id)
        self._office.sessions.check_connected(node_id)
        await self._office.reactor.ask(LedgerAccepted(node_id, who()))
        self._office.sessions.accept_ledger(node_id, self._office.reactor.studio.ledger_id)
        return admin_pb2.AcceptLedgerResponse()

    async def ResolveUnclaimed(
        self, request: admin_pb2.ResolveUnclaimedRequest, context: Any
    ) -> admin_pb2.ResolveUnclaimedResponse:
        office, node_id = self._office, NodeId(request.node_id)
        keep = request.fate == admin_pb2.ResolveUnclaimedRequest.FATE_KEEP
        event = UnclaimedResolved(node_id, request.container_id, who(), keep)
        if not keep:
            await office.reactor.ask(event)
            return admin_pb2.ResolveUnclaimedResponse()
        if node_id in office.reactor.studio.nodes:
            office.sessions.check_can_keep(node_id)
        watch = office.reactor.watch(lambda changed: node_id in changed.nodes)
        try:
            await office.reactor.ask(event)
            before = _stop_after(office.reactor.studio, node_id, request.container_id)
            office.sessions.keep_unclaimed(node_id, request.container_id)
            confirmed = asyncio.create_task(
                _kept(office.reactor, watch, node_id, request.container_id, before)
            )
            late = asyncio.create_task(office.clock.sleep(_KEPT_WITHIN))
            try:
                await asyncio.wait({confirmed, late}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (confirmed, late):
                    task.cancel()
                await asyncio.gather(confirmed, late, return_exceptions=True)
        finally:
            watch.close()
        if confirmed.cancelled() or not confirmed.result():
            raise AigcError(
                "keep-unconfirmed",
                "The machine has not confirmed that it keeps the container: look at its list of "
                "unclaimed containers again in a moment.",
                ErrorKind.UNAVAILABLE,
            )
        return admin_pb2.ResolveUnclaimedResponse()

    async def UpdateNode(
        self, request: admin_pb2.UpdateNodeRequest, context: Any
    ) -> admin_pb2.UpdateNodeResponse:
        office, node_id = self._office, NodeId(request.node_id)
        labels = tuple(request.labels.values.items()) if request.HasField("labels") else None
        outcome = await office.reactor.ask(
            NodeEdited(
                node_id,
                who(),
                name=request.name.strip() if request.HasField("name") else None,
                pool=request.pool.strip() if request.HasField("pool") else None,
                labels=labels,
            )
        )
        assert outcome.node is not None
        await office.enrolment.note_name(node_id, outcome.node.name)
        expires = office.enrolment.certificate_expires(node_id)
        return admin_pb2.UpdateNodeResponse(
            node=conversion.node(office.reactor.studio, outcome.node, expires)
        )

    async def GetNodeReadings(
        self, request: admin_pb2.GetNodeReadingsRequest, context: Any
    ) -> admin_pb2.GetNodeReadingsResponse:
        office, node_id = self._office, NodeId(request.node_id)
        if node_id not in office.reactor.studio.nodes:
            raise AigcError(
                "node-unknown",
                f"There is no machine {node_id or 'without an id'}: list them.",
                ErrorKind.NOT_FOUND,
            )
        from_ms, to_ms = self._span(request.from_ms, request.to_ms, _READINGS_SPAN)
        points = min(request.points or _POINTS, _POINTS_MAX)
        series = await office.readings.machine(node_id, from_ms, to_ms, points)
        return admin_pb2.GetNodeReadingsResponse(series=[conversion.series(s) for s in series])

    async def GetOccupancy(
        self, request: admin_pb2.GetOccupancyRequest, context: Any
    ) -> admin_pb2.GetOccupancyResponse:
        from_ms, to_ms = self._span(request.from_ms, request.to_ms, _OCCUPANCY_SPAN)
        step = min(request.step_minutes or _OCCUPANCY_STEP, KEPT_MINUTES)
        found = await self._office.readings.occupancy(from_ms, to_ms, step)
        return admin_pb2.GetOccupancyResponse(points=[conversion.occupancy(o) for o in found])

    def _span(self, from_ms: int, to_ms: int, usual: timedelta) -> tuple[int, int]:
        """From when to when, of what is kept; 0 means the usual span, and now.

        Raises:
            AigcError: ``span-empty``.
        """
        now = milliseconds(self._office.clock.now())
        end = min(to_ms or now, now)
        begin = from_ms or end - round(usual.total_seconds() * 1000)
        begin = max(begin, now - KEPT_MINUTES * MINUTE_MS)
        if begin >= end:
            raise AigcError(
                "span-empty",
                "The readings end before they begin, or are older than the eight days that are "
                "kept: choose a later time.",
            )
        return begin, end


async def _kept(
    reactor: Reactor, watch: Watch, node_id: NodeId, container_id: str, before: datetime | None
) -> bool:
    """Wait until the machine shows a later end of the hold; False if it is not held any more."""
    async for _ in watch:
        after = _stop_after(reactor.studio, node_id, container_id)
        if after is None:
            return False
        if before is None or after > before:
            return True
    return False  # the coordinator stops


def _stop_after(studio: Studio, node_id: NodeId, container_id: str) -> datetime | None:
    """Until when the machine holds it, as it last said."""
    node = studio.nodes.get(node_id)
    held = node.unclaimed if node is not None else ()
    return next((u.stop_after for u in held if u.container_id == container_id), None)
