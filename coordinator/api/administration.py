"""AdminService: machines, everybody's instances, the catalogue, people and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError, ErrorKind
from aigc.join_link import JoinLink
from aigc.tls import join_address, split_address
from coordinator.api import conversion
from coordinator.api.conversion import UrlOf
from coordinator.api.guard import caller
from coordinator.catalogue import Loaded
from coordinator.config import is_loopback
from coordinator.domain.events import (
    LedgerAccepted,
    NodeDeclaredOff,
    NodeDrainSet,
    NodeRevoked,
    StopRequested,
    UnclaimedResolved,
)
from coordinator.domain.instance import InstanceId, State, StopReason
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId, Role
from coordinator.fleet.enrolment import Enrolment
from coordinator.fleet.session import Sessions
from coordinator.identity.identity import Identity
from coordinator.ledger import Ledger, read_audit, read_story
from coordinator.reactor import Reactor
from protos.aigc.v1 import admin_pb2, admin_pb2_grpc

# RPC methods are named by the proto.
# ruff: noqa: N802

_JOIN_MINUTES = 60
_JOIN_MINUTES_MAX = 7 * 24 * 60
_AUDIT_ROWS = 200
_AUDIT_ROWS_MAX = 10_000


class AdminServicer(admin_pb2_grpc.AdminServiceServicer):
    def __init__(
        self,
        reactor: Reactor,
        ledger: Ledger,
        identity: Identity,
        enrolment: Enrolment,
        sessions: Sessions,
        catalogue: Callable[[], tuple[Loaded, int]],
        pin: str,
        public_host: str,
        url_of: UrlOf,
        clock: Clock,
    ) -> None:
        self._reactor = reactor
        self._ledger = ledger
        self._identity = identity
        self._enrolment = enrolment
        self._sessions = sessions
        self._catalogue = catalogue
        self._pin = pin
        self._public_host = public_host
        self._url_of = url_of
        self._clock = clock

    async def CreateJoinCommand(
        self, request: admin_pb2.CreateJoinCommandRequest, context: Any
    ) -> admin_pb2.CreateJoinCommandResponse:
        minutes = request.valid_minutes or _JOIN_MINUTES
        if minutes > _JOIN_MINUTES_MAX:
            raise AigcError(
                "join-too-long", "A join command is good for at most 7 days (10080 minutes)."
            )
        host, port = split_address(request.address)
        if is_loopback(host) and not is_loopback(self._public_host):
            host = self._public_host  # others cannot reach us by the address that this admin used
        token, expires_at = await self._enrolment.create_token(
            request.pool or "on-prem", host, timedelta(minutes=minutes), _who()
        )
        link = JoinLink(join_address(host, port), self._pin, token)
        return admin_pb2.CreateJoinCommandResponse(
            command=f"aigc agent join '{link}'", expires_at_ms=milliseconds(expires_at)
        )

    async def ListNodes(
        self, request: admin_pb2.ListNodesRequest, context: Any
    ) -> admin_pb2.ListNodesResponse:
        studio = self._reactor.studio
        nodes = sorted(studio.nodes.values(), key=lambda n: (n.revoked, n.name, n.id))
        return admin_pb2.ListNodesResponse(nodes=[conversion.node(studio, n) for n in nodes])

    async def DrainNode(
        self, request: admin_pb2.DrainNodeRequest, context: Any
    ) -> admin_pb2.DrainNodeResponse:
        event = NodeDrainSet(NodeId(request.node_id), request.draining, _who())
        await self._reactor.ask(event)
        return admin_pb2.DrainNodeResponse()

    async def RevokeNode(
        self, request: admin_pb2.RevokeNodeRequest, context: Any
    ) -> admin_pb2.RevokeNodeResponse:
        # The door closes first: what follows may fail, a revoked machine must not get back in.
        await self._enrolment.revoke(request.node_id, _who())
        await self._reactor.ask(NodeRevoked(NodeId(request.node_id), _who()))
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
        if self._sessions.get(node_id) is not None:
            raise AigcError(
                "node-online",
                "This machine is connected right now, so it is not off: drain it, or switch it "
                "off first.",
                ErrorKind.CONFLICT,
            )
        outcome = await self._reactor.ask(NodeDeclaredOff(node_id, request.reason, _who()))
        return admin_pb2.DeclareNodeOffResponse(leases_freed=outcome.leases_freed)

    async def AcceptLedger(
        self, request: admin_pb2.AcceptLedgerRequest, context: Any
    ) -> admin_pb2.AcceptLedgerResponse:
        node_id = NodeId(request.node_id)
        self._sessions.check_connected(node_id)
        await self._reactor.ask(LedgerAccepted(node_id, _who()))
        self._sessions.accept_ledger(node_id, self._reactor.studio.ledger_id)
        return admin_pb2.AcceptLedgerResponse()

    async def ResolveUnclaimed(
        self, request: admin_pb2.ResolveUnclaimedRequest, context: Any
    ) -> admin_pb2.ResolveUnclaimedResponse:
        event = UnclaimedResolved(NodeId(request.node_id), request.container_id, _who())
        await self._reactor.ask(event)
        return admin_pb2.ResolveUnclaimedResponse()

    async def ListAllInstances(
        self, request: admin_pb2.ListAllInstancesRequest, context: Any
    ) -> admin_pb2.ListAllInstancesResponse:
        studio, now = self._reactor.studio, self._clock.now()
        there = [i for i in studio.instances.values() if i.state is not State.DELETED]
        there.sort(key=lambda i: (i.created_at, i.id))
        return admin_pb2.ListAllInstancesResponse(
            instances=[conversion.instance(studio, i, now, self._url_of) for i in there]
        )

    async def StopAnyInstance(
        self, request: admin_pb2.StopAnyInstanceRequest, context: Any
    ) -> admin_pb2.StopAnyInstanceResponse:
        instance_id = InstanceId(request.instance_id)
        await self._reactor.ask(StopRequested(instance_id, StopReason.BY_ADMIN, _who()))
        studio = self._reactor.studio
        return admin_pb2.StopAnyInstanceResponse(
            instance=conversion.instance(
                studio, studio.instances[instance_id], self._clock.now(), self._url_of
            )
        )

    async def GetStory(
        self, request: admin_pb2.GetStoryRequest, context: Any
    ) -> admin_pb2.GetStoryResponse:
        instance_id = InstanceId(request.instance_id)
        if instance_id not in self._reactor.studio.instances:
            raise AigcError(
                "instance-unknown",
                f"There is no instance {instance_id}: list them all.",
                ErrorKind.NOT_FOUND,
            )
        lines = await self._ledger.read(lambda c: read_story(c, instance_id))
        return admin_pb2.GetStoryResponse(
            lines=[
                admin_pb2.StoryLine(
                    seq=line.seq,
                    at_ms=milliseconds(line.at),
                    event=line.event,
                    cause=line.cause,
                    from_state=line.from_state,
                    to_state=line.to_state,
                    detail=line.detail,
                )
                for line in lines
            ]
        )

    async def GetCatalogueStatus(
        self, request: admin_pb2.GetCatalogueStatusRequest, context: Any
    ) -> admin_pb2.GetCatalogueStatusResponse:
        loaded, at_ms = self._catalogue()
        return admin_pb2.GetCatalogueStatusResponse(
            engines=[conversion.engine(e) for e in self._reactor.studio.engines.values()],
            problems=[
                admin_pb2.CatalogueProblem(
                    file=p.file, line=p.line, field=p.field, message=p.message
                )
                for p in loaded.problems
            ],
            loaded_at_ms=at_ms,
        )

    async def ListPeople(
        self, request: admin_pb2.ListPeopleRequest, context: Any
    ) -> admin_pb2.ListPeopleResponse:
        facts = await self._identity.person_facts()
        people = sorted(self._reactor.studio.people.values(), key=lambda p: (p.name, p.id))
        return admin_pb2.ListPeopleResponse(
            people=[
                admin_pb2.PersonRow(
                    person=conversion.person(p),
                    disabled=p.disabled,
                    local=facts[p.id].local if p.id in facts else False,
                    last_seen_ms=milliseconds(facts[p.id].last_seen) if p.id in facts else 0,
                )
                for p in people
            ]
        )

    async def CreateAccount(
        self, request: admin_pb2.CreateAccountRequest, context: Any
    ) -> admin_pb2.CreateAccountResponse:
        person, password = await self._identity.create_account(
            request.username,
            request.name or request.username,
            _role(request.role or "creator"),
            by=_who(),
        )
        return admin_pb2.CreateAccountResponse(
            one_time_password=password, person=conversion.person(person)
        )

    async def SetPersonDisabled(
        self, request: admin_pb2.SetPersonDisabledRequest, context: Any
    ) -> admin_pb2.SetPersonDisabledResponse:
        person_id = PersonId(request.person_id)
        await self._identity.set_disabled(person_id, request.disabled, _who())
        return admin_pb2.SetPersonDisabledResponse()

    async def SetPersonRole(
        self, request: admin_pb2.SetPersonRoleRequest, context: Any
    ) -> admin_pb2.SetPersonRoleResponse:
        person_id = PersonId(request.person_id)
        await self._identity.set_role(person_id, _role(request.role), _who())
        return admin_pb2.SetPersonRoleResponse()

    async def ListAudit(
        self, request: admin_pb2.ListAuditRequest, context: Any
    ) -> admin_pb2.ListAuditResponse:
        limit = min(request.limit or _AUDIT_ROWS, _AUDIT_ROWS_MAX)
        entries = await self._ledger.read(lambda c: read_audit(c, limit))
        return admin_pb2.ListAuditResponse(
            entries=[
                admin_pb2.AuditEntry(
                    at_ms=milliseconds(e.at),
                    actor=e.actor,
                    action=e.action,
                    target=e.target,
                    outcome=e.outcome,
                    detail=e.detail,
                )
                for e in entries
            ]
        )


def _who() -> PersonId:
    return caller.get().person.id


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise AigcError(
            "role-unknown", f'There is no role "{name}": there are {", ".join(Role)}.'
        ) from error
