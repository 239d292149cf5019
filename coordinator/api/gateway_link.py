"""GatewayService: what the door must know, and what it saw.

On connect the gateway gets everything, then each changed row. Both watches are opened before the
snapshot is taken, so that nothing falls between the two.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

from aigc.clock import Clock, from_milliseconds, milliseconds
from aigc.errors import AigcError
from coordinator.api import conversion
from coordinator.api.refused_visits import RefusedVisits
from coordinator.domain.events import ActivitySeen, DoorLost, DoorOpened, StartCause
from coordinator.domain.instance import Instance, InstanceId, State
from coordinator.domain.people import PersonId
from coordinator.domain.sharing import Access, access_of
from coordinator.domain.studio import Studio
from coordinator.fleet.credentials import NodeCredential
from coordinator.fleet.enrolment import Enrolment
from coordinator.identity.identity import Identity
from coordinator.identity.sessions import BrowserSessionRow
from coordinator.identity.tokens import ApiToken
from coordinator.ledger import LedgerError
from coordinator.naming import start_request
from coordinator.reactor import Changed, Reactor, Watch
from coordinator.refusals import Refusals
from protos.aigc.v1 import gateway_pb2, gateway_pb2_grpc

# RPC methods are named by the proto.
# ruff: noqa: N802

_log = logging.getLogger(__name__)
_CHANGES_HELD = 10_000
# Lines speak of times: told anew now and then.
_REFRESH_SECONDS = 30.0
# A gateway tells something every five seconds, be it that nothing happened.
_SILENT_SECONDS = 20


class GatewayServicer(gateway_pb2_grpc.GatewayServiceServicer):
    """Attributes: connected: set while a gateway is connected; ``on_report`` waits for it."""

    def __init__(
        self,
        reactor: Reactor,
        identity: Identity,
        enrolment: Enrolment,
        refusals: Refusals,
        web_url: Callable[[], str],
        zone: str,
        clock: Clock,
    ) -> None:
        self.connected = asyncio.Event()
        self._reactor = reactor
        self._identity = identity
        self._enrolment = enrolment
        self._refusals = refusals
        self._web_url = web_url
        self._zone = zone
        self._clock = clock
        self._starting: set[InstanceId] = set()
        self._refused = RefusedVisits(clock)
        self._feeds: set[_Feed] = set()
        self._here = 0
        self._heard = 0

    async def RedeemHandoff(
        self, request: gateway_pb2.RedeemHandoffRequest, context: Any
    ) -> gateway_pb2.RedeemHandoffResponse:
        try:
            token, row, path = await self._identity.redeem_handoff(
                request.code, request.host, request.nonce
            )
        except AigcError as error:
            await self._refusals.record("a browser", "hand-off", request.host[:100], error)
            raise
        return gateway_pb2.RedeemHandoffResponse(
            session_token=token, session=_session(row), return_path=path
        )

    async def Connect(  # type: ignore[override]  # writes by itself instead of yielding
        self, requests: AsyncIterator[gateway_pb2.GatewayReport], context: Any
    ) -> None:
        orders: asyncio.Queue[gateway_pb2.GatewayOrder] = asyncio.Queue(_CHANGES_HELD)
        behind = asyncio.Event()

        def put(order: gateway_pb2.GatewayOrder) -> None:
            try:
                orders.put_nowait(order)
            except asyncio.QueueFull:
                behind.set()  # it connects anew and gets a snapshot

        async with _Feed(self, put) as feed:
            await context.write(gateway_pb2.GatewayOrder(snapshot=await feed.snapshot()))
            self._opened()
            tasks = [
                asyncio.create_task(self._read(requests)),
                asyncio.create_task(self._write(orders, context)),
                asyncio.create_task(feed.follow_routes()),
                asyncio.create_task(feed.follow_sessions()),
                asyncio.create_task(feed.follow_tokens()),
                asyncio.create_task(behind.wait()),
                asyncio.create_task(self._until_silent()),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._lost()
            for task in done:
                task.result()

    def _opened(self) -> None:
        self._here += 1
        self.connected.set()
        self._reactor.post(DoorOpened())
        _log.info("gateway connected")

    def _lost(self) -> None:
        self._here -= 1
        if self._here == 0:
            self.connected.clear()
            self._reactor.post(DoorLost())
        _log.info("gateway disconnected")

    async def _until_silent(self) -> None:
        """Until it has said nothing for long: it hangs, and sees nobody's use (pitfall 1).

        Seconds are counted only while this program runs, so that a pause of ours is not taken
        for the gateway's.
        """
        silent, count = 0, self._heard
        while silent < _SILENT_SECONDS:
            await self._clock.sleep(1)
            silent, count = (silent + 1 if self._heard == count else 0), self._heard
        _log.warning("the gateway fell silent: its stream ends, so that it connects anew")

    async def _write(self, orders: asyncio.Queue[gateway_pb2.GatewayOrder], context: Any) -> None:
        while True:
            await context.write(await orders.get())

    async def _read(self, requests: AsyncIterator[gateway_pb2.GatewayReport]) -> None:
        async with asyncio.TaskGroup() as group:
            async for report in requests:
                self._heard += 1
                match report.WhichOneof("report"):
                    case "visit":
                        # Not waited for: activity must not queue behind a start.
                        group.create_task(self._visit(report.visit))
                    case "activity":
                        self._activity(report.activity)
                    case "sessions_seen":
                        await self._slide(tuple(report.sessions_seen.token_hashes))
                    case "refusals":
                        for refusal in report.refusals.refusals:
                            group.create_task(self._record_excess(refusal))
                    case _:
                        pass  # hello and the tunnel's state: for people who read the stream

    async def _slide(self, token_hashes: tuple[bytes, ...]) -> None:
        try:
            await self._identity.slide(token_hashes)
        except LedgerError:
            # A full disk must not part us from the gateway every few seconds: sessions that are
            # not lengthened last hours still.
            _log.exception("the ledger refused: who uses an engine was not noted")

    async def _visit(self, visit: gateway_pb2.Visit) -> None:
        """Start what its signed-in owner visits; the gateway's word is checked here again."""
        instance = self._reactor.studio.instances.get(InstanceId(visit.instance_id))
        if instance is None or instance.state is State.DELETED or instance.id in self._starting:
            return
        visitor = PersonId(visit.person_id)
        access = access_of(self._reactor.studio, visitor, instance, self._clock.now())
        if access not in (Access.OWNER, Access.USE):
            error = AigcError("not-yours", "A visit by somebody who may not start it.")
            await self._refusals.record(visit.person_id, "visit", instance.id, error)
            return
        self._starting.add(instance.id)
        try:
            await self._reactor.ask(
                start_request(visitor, instance_id=instance.id, cause=StartCause.VISIT)
            )
        except AigcError as error:
            _log.info(
                "a visit did not start the engine",
                extra={"instance_id": instance.id, "key": error.key},
            )
            self._tell_refused(instance.id, error)
        else:
            self._refused.forget(instance.id)
        finally:
            self._starting.discard(instance.id)

    async def _record_excess(self, refusal: gateway_pb2.DoorRefusal) -> None:
        """What the door's limits refused within a minute is one row, however often it was."""
        error = AigcError(refusal.limit[:64], f"Refused {refusal.times} times within a minute.")
        actor = refusal.person_id[:100] or "a browser"
        await self._refusals.record(actor, "door", refusal.instance_id[:100] or "gateway", error)

    def _tell_refused(self, instance_id: InstanceId, error: AigcError) -> None:
        """Whoever waits at the page reads why; the ledger knows nothing of it."""
        studio = self._reactor.studio
        instance = studio.instances.get(instance_id)
        if instance is None:
            return
        self._refused.keep(studio, instance, error)
        for feed in self._feeds:
            feed.tell(instance)

    def _activity(self, batch: gateway_pb2.ActivityBatch) -> None:
        now = self._clock.now()
        for seen in batch.instances:
            person_at = from_milliseconds(seen.last_person_ms)
            self._reactor.post(
                ActivitySeen(
                    InstanceId(seen.instance_id),
                    seen.epoch,
                    # One machine, one clock; a report from the future would keep it for ever.
                    person_at=min(person_at, now) if person_at else None,
                    what=seen.what[:200],
                    bodies_in_flight_at=now if seen.bodies_in_flight else None,
                )
            )

    def route_of(self, instance: Instance) -> gateway_pb2.Route | None:
        """What the gateway is told of an instance; None if it is deleted."""
        if instance.state is State.DELETED:
            return None
        route = conversion.route(self._reactor.studio, instance, self._clock.now())
        refused = self._refused.line_of(instance)
        if refused is not None:
            route.line.CopyFrom(conversion.sentence(refused))
            route.start_refused = True
        return route

    def affected(self, changed: Changed | None) -> list[Instance]:
        """Whose routes a change may have altered; all of them for None.

        Queue positions move when others do, so whoever waits is looked at each time.
        """
        studio: Studio = self._reactor.studio
        if changed is None or changed.people or changed.catalogue:
            return list(studio.instances.values())
        ids = set(changed.instances) | {entry.instance_id for entry in studio.queue}
        return [studio.instances[i] for i in ids if i in studio.instances]


class _Feed:
    """One gateway's view: what it was told, and what changed since."""

    def __init__(
        self, service: GatewayServicer, put: Callable[[gateway_pb2.GatewayOrder], None]
    ) -> None:
        self._service = service
        self._put = put
        self._told: dict[str, gateway_pb2.Route] = {}
        self._told_tokens: dict[bytes, gateway_pb2.ApiTokenAccess] = {}
        self._open = ExitStack()

    async def __aenter__(self) -> _Feed:
        self._changes = self._service._reactor.watch()
        self._session_news = self._service._identity.watch_sessions()
        self._stop_listening = self._service._enrolment.listen(
            lambda c: self._put(gateway_pb2.GatewayOrder(node=_node(c)))
        )
        self._people_changes = self._service._reactor.watch(lambda changed: changed.people)
        self._tokens_changed = self._open.enter_context(self._service._identity.token_changes())
        self._service._feeds.add(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._service._feeds.discard(self)
        self._stop_listening()
        self._changes.close()
        self._session_news.close()
        self._people_changes.close()
        self._open.close()

    async def snapshot(self) -> gateway_pb2.Snapshot:
        service = self._service
        sessions = await service._identity.browser_sessions()
        tokens = await service._identity.engine_tokens()
        self._told_tokens = {t.token_hash: _token(t) for t in tokens}
        fresh = (service.route_of(i) for i in service.affected(None))
        self._told = {route.host: route for route in fresh if route is not None}
        return gateway_pb2.Snapshot(
            routes=list(self._told.values()),
            sessions=[_session(s) for s in sessions],
            nodes=[_node(c) for c in service._enrolment.credentials.values()],
            web_url=service._web_url(),
            zone=service._zone,
            tokens=list(self._told_tokens.values()),
        )

    async def follow_routes(self) -> None:
        upcoming: asyncio.Task[Changed | None] | None = None
        changed: Changed | None = None
        try:
            while True:
                for instance in self._service.affected(changed):
                    self.tell(instance)
                upcoming = upcoming or asyncio.create_task(_next(self._changes))
                pause = asyncio.create_task(self._service._clock.sleep(_REFRESH_SECONDS))
                try:
                    await asyncio.wait({upcoming, pause}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
                    await asyncio.gather(pause, return_exceptions=True)
                changed = None  # the pause is over: all lines anew
                if upcoming.done():
                    changed = upcoming.result()
                    if changed is None:
                        return  # the coordinator stops
                    upcoming = None
        finally:
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)

    def tell(self, instance: Instance) -> None:
        """Tell its route, if it is another one than was told last."""
        route = self._service.route_of(instance)
        if route is None:
            if self._told.pop(instance.host, None) is not None:
                removed = gateway_pb2.RouteRemoved(host=instance.host)
                self._put(gateway_pb2.GatewayOrder(route_removed=removed))
        elif self._told.get(instance.host) != route:
            self._told[instance.host] = route
            self._put(gateway_pb2.GatewayOrder(route=route))

    async def follow_sessions(self) -> None:
        async for news in self._session_news:
            for row in news.added:
                self._put(gateway_pb2.GatewayOrder(session=_session(row)))
            for token_hash in news.revoked:
                revoked = gateway_pb2.SessionRevoked(token_hash=token_hash)
                self._put(gateway_pb2.GatewayOrder(session_revoked=revoked))

    async def follow_tokens(self) -> None:
        """Tell which tokens are good, whenever one is made or revoked or its owner changes."""
        people = asyncio.create_task(_next(self._people_changes))
        made = asyncio.create_task(self._tokens_changed.wait())
        try:
            while True:
                await asyncio.wait({people, made}, return_when=asyncio.FIRST_COMPLETED)
                if people.done():
                    if people.result() is None:
                        return  # the coordinator stops
                    people = asyncio.create_task(_next(self._people_changes))
                if made.done():
                    self._tokens_changed.clear()
                    made = asyncio.create_task(self._tokens_changed.wait())
                self._tell_tokens(await self._service._identity.engine_tokens())
        finally:
            for task in (people, made):
                task.cancel()
            await asyncio.gather(people, made, return_exceptions=True)

    def _tell_tokens(self, tokens: tuple[ApiToken, ...]) -> None:
        good = {t.token_hash: _token(t) for t in tokens}
        for token_hash in self._told_tokens.keys() - good.keys():
            revoked = gateway_pb2.SessionRevoked(token_hash=token_hash)
            self._put(gateway_pb2.GatewayOrder(token_revoked=revoked))
        for token_hash, token in good.items():
            if self._told_tokens.get(token_hash) != token:
                self._put(gateway_pb2.GatewayOrder(token=token))
        self._told_tokens = good


async def _next(watch: Watch) -> Changed | None:
    return await anext(watch, None)


def _session(row: BrowserSessionRow) -> gateway_pb2.BrowserSession:
    return gateway_pb2.BrowserSession(
        token_hash=row.token_hash,
        host=row.host,
        person_id=row.person_id,
        instance_id=row.instance_id,
        expires_at_ms=milliseconds(row.expires_at),
    )


def _token(token: ApiToken) -> gateway_pb2.ApiTokenAccess:
    return gateway_pb2.ApiTokenAccess(
        token_hash=token.token_hash,
        person_id=token.person_id,
        view=token.terms.read_only,
        instance_ids=list(token.terms.instances),
        expires_at_ms=milliseconds(token.expires_at),
    )


def _node(credential: NodeCredential) -> gateway_pb2.NodeAccess:
    return gateway_pb2.NodeAccess(
        node_id=credential.node_id,
        certificate_serial=credential.serial,
        previous_serial=credential.previous_serial,
        revoked=credential.revoked,
    )
