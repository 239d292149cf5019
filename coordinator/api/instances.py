"""CreatorService: engines, instances and logs of the one who asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.api import conversion
from coordinator.api.colleagues import AskedTooOften
from coordinator.api.conversion import UrlOf
from coordinator.api.guard import caller
from coordinator.api.logs import open_logs
from coordinator.api.shares import SharesDesk
from coordinator.api.tokens import TokensDesk
from coordinator.domain.events import DeleteRequested, KeepRequested, RenameRequested, StopRequested
from coordinator.domain.instance import Instance, InstanceId, State, StopReason
from coordinator.domain.node import NodeId
from coordinator.domain.people import Person
from coordinator.domain.sharing import shared_with
from coordinator.domain.trash import trash_of
from coordinator.fleet.session import Sessions
from coordinator.identity.identity import Identity
from coordinator.naming import restore_request, start_request
from coordinator.reactor import Reactor
from coordinator.readings import Readings
from coordinator.refusals import Refusals
from coordinator.watch import is_of, machines_of
from protos.aigc.v1 import creator_pb2, creator_pb2_grpc

# RPC methods are named by the proto.
# ruff: noqa: N802

_READINGS_MINUTES = 10
_READINGS_MINUTES_MAX = 60
# Changes that come together are told together; a person sees no difference.
_COALESCE_SECONDS = 0.05
# Lines speak of times ("in 5 min"): tell the list anew now and then.
_REFRESH_SECONDS = 30.0


class CreatorServicer(SharesDesk, TokensDesk, creator_pb2_grpc.CreatorServiceServicer):
    def __init__(
        self,
        reactor: Reactor,
        identity: Identity,
        sessions: Sessions,
        refusals: Refusals,
        readings: Readings,
        url_of: UrlOf,
        clock: Clock,
    ) -> None:
        self._reactor = reactor
        self._identity = identity
        self._sessions = sessions
        self._refusals = refusals
        self._readings = readings
        self._url_of = url_of
        self._clock = clock
        self._asked = AskedTooOften(clock)

    async def ListEngines(
        self, request: creator_pb2.ListEnginesRequest, context: Any
    ) -> creator_pb2.ListEnginesResponse:
        engines = sorted(self._reactor.studio.engines.values(), key=lambda e: e.name.en.lower())
        return creator_pb2.ListEnginesResponse(engines=[conversion.engine(e) for e in engines])

    async def ListInstances(
        self, request: creator_pb2.ListInstancesRequest, context: Any
    ) -> creator_pb2.ListInstancesResponse:
        person = caller.get().person
        return creator_pb2.ListInstancesResponse(
            instances=self._mine(person), shared=self._shared(person)
        )

    async def WatchInstances(
        self, request: creator_pb2.WatchInstancesRequest, context: Any
    ) -> AsyncIterator[creator_pb2.WatchInstancesResponse]:
        person = caller.get().person
        machines: set[NodeId] = set()  # that my instances are on
        watch = self._reactor.watch(
            lambda changed: is_of(person.id, machines, changed, self._reactor.studio)
        )
        told: tuple[list[creator_pb2.Instance], list[creator_pb2.Instance]] | None = None
        upcoming: asyncio.Task[Any] | None = None
        try:
            while True:
                machines.clear()
                machines.update(machines_of(person.id, self._reactor.studio))
                mine, shared = self._mine(person), self._shared(person)
                if (mine, shared) != told:
                    told = (mine, shared)
                    yield creator_pb2.WatchInstancesResponse(
                        revision=self._reactor.studio.revision,
                        instances=mine,
                        shared=shared,
                        server_time_ms=milliseconds(self._clock.now()),
                    )
                    await self._clock.sleep(_COALESCE_SECONDS)
                if upcoming is None:
                    upcoming = asyncio.create_task(_next(watch))
                pause = asyncio.create_task(self._clock.sleep(_REFRESH_SECONDS))
                try:
                    await asyncio.wait({upcoming, pause}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
                    await asyncio.gather(pause, return_exceptions=True)
                if upcoming.done():
                    if not upcoming.result():
                        return  # the coordinator stops
                    upcoming = None
        finally:
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)
            watch.close()

    async def StartInstance(
        self, request: creator_pb2.StartInstanceRequest, context: Any
    ) -> creator_pb2.StartInstanceResponse:
        person = caller.get().person
        asked = start_request(
            person.id,
            engine_id=request.engine_id,
            version=request.version,
            name=request.name,
            instance_id=request.instance_id,
        )
        try:
            outcome = await self._reactor.ask(asked)
        except AigcError as error:
            if error.kind is ErrorKind.FORBIDDEN:
                target = request.instance_id[:100]
                await self._refusals.record(person.id, "instance-start", target, error)
            raise
        assert outcome.instance is not None
        return creator_pb2.StartInstanceResponse(instance=self._told(outcome.instance))

    async def StopInstance(
        self, request: creator_pb2.StopInstanceRequest, context: Any
    ) -> creator_pb2.StopInstanceResponse:
        mine = await self._owned(request.instance_id, "instance-stop")
        await self._reactor.ask(StopRequested(mine.id, StopReason.BY_CREATOR, mine.owner))
        return creator_pb2.StopInstanceResponse(instance=self._told(mine))

    async def KeepRunning(
        self, request: creator_pb2.KeepRunningRequest, context: Any
    ) -> creator_pb2.KeepRunningResponse:
        mine = await self._owned(request.instance_id, "instance-keep")
        await self._reactor.ask(KeepRequested(mine.id, mine.owner))
        return creator_pb2.KeepRunningResponse(instance=self._told(mine))

    async def RenameInstance(
        self, request: creator_pb2.RenameInstanceRequest, context: Any
    ) -> creator_pb2.RenameInstanceResponse:
        mine = await self._owned(request.instance_id, "instance-rename")
        await self._reactor.ask(RenameRequested(mine.id, request.name, mine.owner))
        return creator_pb2.RenameInstanceResponse(instance=self._told(mine))

    async def DeleteInstance(
        self, request: creator_pb2.DeleteInstanceRequest, context: Any
    ) -> creator_pb2.DeleteInstanceResponse:
        mine = await self._owned(request.instance_id, "instance-delete")
        outcome = await self._reactor.ask(DeleteRequested(mine.id, mine.owner))
        return creator_pb2.DeleteInstanceResponse(kept_until_ms=milliseconds(outcome.kept_until))

    async def ListTrash(
        self, request: creator_pb2.ListTrashRequest, context: Any
    ) -> creator_pb2.ListTrashResponse:
        studio, now = self._reactor.studio, self._clock.now()
        kept = trash_of(studio, caller.get().person.id, now)
        return creator_pb2.ListTrashResponse(
            instances=[conversion.trashed(studio, t, now) for t in kept]
        )

    async def RestoreInstance(
        self, request: creator_pb2.RestoreInstanceRequest, context: Any
    ) -> creator_pb2.RestoreInstanceResponse:
        person = caller.get().person
        old = self._reactor.studio.instances.get(InstanceId(request.instance_id))
        if old is None:
            raise AigcError(
                "not-in-trash",
                f"There is no {request.instance_id or 'instance without an id'} in your trash: "
                "list what is there.",
                ErrorKind.NOT_FOUND,
            )
        await self._check_owner(old, person, "instance-restore")
        outcome = await self._reactor.ask(restore_request(person.id, old.id, old.engine_id))
        assert outcome.instance is not None
        return creator_pb2.RestoreInstanceResponse(instance=self._told(outcome.instance))

    async def StreamLogs(
        self, request: creator_pb2.StreamLogsRequest, context: Any
    ) -> AsyncIterator[creator_pb2.StreamLogsResponse]:
        mine = await self._owned(request.instance_id, "instance-logs")
        feed = open_logs(self._sessions, mine, request.tail, request.follow)
        async for lines in feed.lines():
            yield creator_pb2.StreamLogsResponse(lines=lines)

    async def GetInstanceReadings(
        self, request: creator_pb2.GetInstanceReadingsRequest, context: Any
    ) -> creator_pb2.GetInstanceReadingsResponse:
        mine = await self._owned(request.instance_id, "instance-readings")
        where = mine.placement
        if where is None:
            return creator_pb2.GetInstanceReadingsResponse()
        minutes = min(request.minutes or _READINGS_MINUTES, _READINGS_MINUTES_MAX)
        since = self._clock.now() - timedelta(minutes=minutes)
        if mine.placed_at is not None:  # what the cards did before is somebody else's
            since = max(since, mine.placed_at)
        found = self._readings.cards(where.node_id, where.gpu_uuids, milliseconds(since))
        return creator_pb2.GetInstanceReadingsResponse(series=[conversion.series(s) for s in found])

    def _mine(self, person: Person) -> list[creator_pb2.Instance]:
        studio, now = self._reactor.studio, self._clock.now()
        return [
            conversion.instance(studio, i, now, self._url_of)
            for i in studio.instances_of(person.id)
        ]

    def _shared(self, person: Person) -> list[creator_pb2.Instance]:
        studio, now = self._reactor.studio, self._clock.now()
        return [
            conversion.shared_instance(studio, instance, share, now, self._url_of)
            for instance, share in shared_with(studio, person.id, now)
        ]

    def _told(self, instance: Instance) -> creator_pb2.Instance:
        """As it is now: the studio may be a step further than the outcome."""
        studio, now, who = self._reactor.studio, self._clock.now(), caller.get().person.id
        current = studio.instances.get(instance.id, instance)
        if current.owner != who:  # a guest started it
            for shared, share in shared_with(studio, who, now):
                if shared.id == current.id:
                    return conversion.shared_instance(studio, current, share, now, self._url_of)
        return conversion.instance(studio, current, now, self._url_of)

    async def _owned(self, instance_id: str, action: str) -> Instance:
        person = caller.get().person
        found = self._reactor.studio.instances.get(InstanceId(instance_id))
        if found is None or found.state is State.DELETED:
            raise AigcError(
                "instance-unknown",
                f"There is no instance {instance_id or 'without an id'}: it may have been "
                "deleted; list yours.",
                ErrorKind.NOT_FOUND,
            )
        await self._check_owner(found, person, action)
        return found

    async def _check_owner(self, found: Instance, person: Person, action: str) -> None:
        if found.owner != person.id:
            error = AigcError(
                "not-yours",
                "This instance belongs to somebody else: use one of your own.",
                ErrorKind.FORBIDDEN,
            )
            await self._refusals.record(person.id, action, found.id, error)
            raise error


async def _next(watch: Any) -> object:
    """The next change; None when the watch was closed."""
    return await anext(watch, None)
