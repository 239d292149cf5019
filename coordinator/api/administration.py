"""AdminService: everybody's instances, the catalogue, the audit log, and the one live stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from aigc import __version__
from aigc.clock import milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.api import conversion
from coordinator.api.admin_authority import AuthorityDesk
from coordinator.api.admin_links import LinksDesk
from coordinator.api.admin_machines import MachinesDesk
from coordinator.api.admin_people import PeopleDesk
from coordinator.api.admin_shares import SharesDesk
from coordinator.api.fleet_feed import FleetFeed
from coordinator.api.logs import open_logs
from coordinator.api.office import Office, who
from coordinator.api.studio_settings import settings_of
from coordinator.domain.audit_detail import detail, facts_of, words_of
from coordinator.domain.draft import Draft
from coordinator.domain.events import StopRequested
from coordinator.domain.instance import InstanceId, State, StopReason
from coordinator.domain.placement.queue import explain
from coordinator.domain.placement.view import NoPlacement
from coordinator.domain.studio import Studio
from coordinator.ledger import audit, read_audit, read_story
from protos.aigc.v1 import admin_pb2, admin_pb2_grpc, creator_pb2

# RPC methods are named by the proto.
# ruff: noqa: N802

_AUDIT_ROWS = 200
_AUDIT_ROWS_MAX = 10_000
_ROWS_AT_ONCE = 50
# Between two messages of WatchFleet.
_INTERVAL_MS = 500
_INTERVAL_MS_MIN = 50
_INTERVAL_MS_MAX = 60_000


class AdminServicer(
    MachinesDesk,
    PeopleDesk,
    LinksDesk,
    AuthorityDesk,
    SharesDesk,
    admin_pb2_grpc.AdminServiceServicer,
):
    """See the module, and its bases for machines, people, shares and the authority."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def WatchFleet(
        self, request: admin_pb2.WatchFleetRequest, context: Any
    ) -> AsyncIterator[admin_pb2.WatchFleetResponse]:
        office = self._office
        interval = min(request.min_interval_ms or _INTERVAL_MS, _INTERVAL_MS_MAX)
        pause = max(interval, _INTERVAL_MS_MIN) / 1000
        feed = FleetFeed(office.url_of, office.enrolment.certificate_expires)
        watch = office.reactor.watch()
        try:
            async with aclosing(feed.whole(office.reactor.studio, office.clock.now())) as whole:
                async for message in whole:
                    yield message
            while True:
                # Also after a look that found nothing to tell: it costs about the same.
                await office.clock.sleep(pause)
                changed = await anext(watch, None)
                if changed is None:
                    return  # the coordinator stops
                delta = feed.delta(office.reactor.studio, changed, office.clock.now())
                async with aclosing(delta):
                    async for message in delta:
                        yield message
        finally:
            watch.close()

    async def ListAllInstances(
        self, request: admin_pb2.ListAllInstancesRequest, context: Any
    ) -> admin_pb2.ListAllInstancesResponse:
        studio, now = self._office.reactor.studio, self._office.clock.now()
        there = [i for i in studio.instances.values() if i.state is not State.DELETED]
        there.sort(key=lambda i: (i.created_at, i.id))
        answer = admin_pb2.ListAllInstancesResponse()
        for number, instance in enumerate(there):
            answer.instances.append(conversion.instance(studio, instance, now, self._office.url_of))
            if number % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)  # thousands of them must not hold up the loop
        return answer

    async def StopAnyInstance(
        self, request: admin_pb2.StopAnyInstanceRequest, context: Any
    ) -> admin_pb2.StopAnyInstanceResponse:
        instance_id = InstanceId(request.instance_id)
        await self._office.reactor.ask(StopRequested(instance_id, StopReason.BY_ADMIN, who()))
        studio = self._office.reactor.studio
        return admin_pb2.StopAnyInstanceResponse(
            instance=conversion.instance(
                studio, studio.instances[instance_id], self._office.clock.now(), self._office.url_of
            )
        )

    async def GetStory(
        self, request: admin_pb2.GetStoryRequest, context: Any
    ) -> admin_pb2.GetStoryResponse:
        instance_id = InstanceId(request.instance_id)
        if instance_id not in self._office.reactor.studio.instances:
            raise _unknown(instance_id)
        lines = await self._office.ledger.read(lambda c: read_story(c, instance_id))
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
        loaded, at_ms = self._office.catalogue()
        return admin_pb2.GetCatalogueStatusResponse(
            engines=[conversion.engine(e) for e in self._office.reactor.studio.engines.values()],
            problems=[
                admin_pb2.CatalogueProblem(
                    file=p.file, line=p.line, field=p.field, message=p.message
                )
                for p in loaded.problems
            ],
            loaded_at_ms=at_ms,
        )

    async def StreamAnyLogs(
        self, request: admin_pb2.StreamAnyLogsRequest, context: Any
    ) -> AsyncIterator[creator_pb2.StreamLogsResponse]:
        office, instance_id = self._office, InstanceId(request.instance_id)
        found = office.reactor.studio.instances.get(instance_id)
        if found is None or found.state is State.DELETED:
            raise _unknown(instance_id)
        now, actor = office.clock.now(), who()
        said = detail("named-of", name=found.name, person=found.owner)
        await office.ledger.transact(
            lambda c: audit(c, now, actor, "instance-logs", instance_id, "done", said)
        )
        feed = open_logs(office.sessions, found, request.tail, request.follow)
        async for lines in feed.lines():
            yield creator_pb2.StreamLogsResponse(lines=lines)

    async def ExplainWaiting(
        self, request: admin_pb2.ExplainWaitingRequest, context: Any
    ) -> admin_pb2.ExplainWaitingResponse:
        studio, instance_id = self._office.reactor.studio, InstanceId(request.instance_id)
        if instance_id not in studio.instances:
            raise _unknown(instance_id)
        found = explain(Draft(studio, self._office.clock.now()), instance_id)
        if not isinstance(found, NoPlacement):
            return admin_pb2.ExplainWaitingResponse()  # it has its place, or waits no more
        return admin_pb2.ExplainWaitingResponse(
            reason=conversion.sentence(found.reason),
            machines=[
                admin_pb2.RemovedMachine(
                    node_id=out.node_id,
                    node_name=out.node_name,
                    rule=out.filter,
                    reason=conversion.sentence(out.reason),
                    capacity=out.capacity,
                )
                for out in found.removed
                if not studio.nodes[out.node_id].revoked
            ],
        )

    async def GetStudioSettings(
        self, request: admin_pb2.GetStudioSettingsRequest, context: Any
    ) -> admin_pb2.GetStudioSettingsResponse:
        office, studio = self._office, self._office.reactor.studio
        return admin_pb2.GetStudioSettingsResponse(
            settings=settings_of(office.config),
            config_file=str(office.config.file or ""),
            version=__version__,
            ledger_id=studio.ledger_id,
            revision=studio.revision,
            started_at_ms=milliseconds(office.started_at),
            pin=office.pin(),
            server_time_ms=milliseconds(office.clock.now()),
        )

    async def ListAudit(
        self, request: admin_pb2.ListAuditRequest, context: Any
    ) -> admin_pb2.ListAuditResponse:
        limit = min(request.limit or _AUDIT_ROWS, _AUDIT_ROWS_MAX)
        before, containing = request.before_seq, request.containing.strip()
        names = _names(self._office.reactor.studio)
        sought = containing.casefold()
        # People look for names; the log has ids, which do not change.
        called = [key for key, name in names.items() if sought and sought in name.casefold()]
        entries = await self._office.ledger.read(
            lambda c: read_audit(c, limit, before, containing, called)
        )
        return admin_pb2.ListAuditResponse(
            entries=[
                admin_pb2.AuditEntry(
                    at_ms=milliseconds(e.at),
                    actor=e.actor,
                    action=e.action,
                    target=e.target,
                    outcome=e.outcome,
                    detail=(said := words_of(e.detail, names)).en,
                    detail_words=conversion.sentence(said),
                    facts=_facts(e.detail),
                    seq=e.seq,
                    actor_name=names.get(e.actor, ""),
                    target_name=names.get(e.target, ""),
                )
                for e in entries
            ]
        )


def _facts(kept: str) -> list[admin_pb2.AuditFact]:
    return [
        admin_pb2.AuditFact(key=fact.key, values={k: str(v) for k, v in fact.values.items()})
        for fact in facts_of(kept)
    ]


def _names(studio: Studio) -> dict[str, str]:
    """What people, machines and instances are called now, by their ids."""
    names: dict[str, str] = {i.id: i.name for i in studio.instances.values()}
    names.update((n.id, n.name) for n in studio.nodes.values())
    names.update((p.id, p.name) for p in studio.people.values())
    return names


def _unknown(instance_id: str) -> AigcError:
    return AigcError(
        "instance-unknown",
        f"There is no instance {instance_id or 'without an id'}: list them all.",
        ErrorKind.NOT_FOUND,
    )
