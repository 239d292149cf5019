"""What the door is told, and what it tells, over the real Unix socket."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest

from aigc.clock import milliseconds
from coordinator.api import gateway_link
from coordinator.domain.events import DeleteRequested, DoorLost, StopRequested, Ticked
from coordinator.domain.instance import InstanceId, StopReason
from coordinator.domain.people import PersonId
from coordinator.identity.sessions import Kind
from coordinator.naming import start_request
from protos.aigc.v1 import common_pb2, gateway_pb2, gateway_pb2_grpc
from tests.coordinator.fleet.house import House, key_of, until


@asynccontextmanager
async def _gateway(house: House) -> AsyncIterator[tuple[Any, Any]]:
    async with grpc.aio.insecure_channel(f"unix:{house.socket}") as channel:
        stub = gateway_pb2_grpc.GatewayServiceStub(channel)
        call = stub.Connect()
        await call.write(
            gateway_pb2.GatewayReport(hello=gateway_pb2.GatewayHello(version="t", pid=1))
        )
        yield stub, call
        call.cancel()


async def _order(call: Any, kind: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            order = await call.read()
            assert order is not grpc.aio.EOF
            if order.WhichOneof("order") == kind:
                return getattr(order, kind)


async def _audited(house: House, entry: tuple[str, str, str]) -> None:
    async with asyncio.timeout(20):
        while entry not in await house.audits():  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0.02)


async def _instance(house: House) -> Any:
    person, _ = await house.person()
    outcome = await house.reactor.ask(start_request(person.id, engine_id="comfyui"))
    assert outcome.instance is not None
    return outcome.instance


async def test_the_socket_is_for_its_owner_alone(house: House) -> None:
    mode = await asyncio.to_thread(lambda: house.socket.stat().st_mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_a_snapshot_of_everything_then_each_change(house: House) -> None:
    instance = await _instance(house)
    machine = await house.join()
    token, row = await house.identity.sessions.create(
        Kind.HOST, instance.owner, host=instance.host, instance_id=instance.id
    )
    async with _gateway(house) as (_, call):
        snapshot = await _order(call, "snapshot")
        assert (snapshot.web_url, snapshot.zone) == ("http://web", "localhost")
        (route,) = snapshot.routes
        assert (route.host, route.owner_id, route.can_start) == (instance.host, "lin", True)
        assert route.state == common_pb2.INSTANCE_STATE_QUEUED
        assert route.queue_position == 1
        assert [s.token_hash for s in snapshot.sessions] == [row.token_hash]
        assert token.encode() not in snapshot.SerializeToString()
        assert [n.node_id for n in snapshot.nodes] == [machine.node_id]

        await house.identity.sessions.end(row.id)
        assert (await _order(call, "session_revoked")).token_hash == row.token_hash
        await house.enrolment.revoke(machine.node_id, "it")
        assert (await _order(call, "node")).revoked
        await house.reactor.ask(StopRequested(instance.id, StopReason.BY_CREATOR, instance.owner))
        changed = await _order(call, "route")
        assert changed.state == common_pb2.INSTANCE_STATE_STOPPED
        await house.reactor.ask(DeleteRequested(instance.id, instance.owner))
        assert (await _order(call, "route_removed")).host == instance.host


async def test_a_visit_by_the_owner_starts_and_nobody_elses_does(house: House) -> None:
    instance = await _instance(house)
    await house.person("mei")
    await house.reactor.ask(StopRequested(instance.id, StopReason.BY_CREATOR, instance.owner))

    def state() -> str:
        return house.reactor.studio.instances[instance.id].state.value

    async with _gateway(house) as (_, call):
        await _order(call, "snapshot")
        for person, after in (("mei", "stopped"), ("lin", "queued")):
            visit = gateway_pb2.Visit(instance_id=instance.id, person_id=person)
            await call.write(gateway_pb2.GatewayReport(visit=visit))
            if person == "mei":
                await _audited(house, ("visit", instance.id, "refused"))
            await until(lambda after=after: state() == after)


async def test_what_the_doors_limits_refused_is_in_the_audit_log(house: House) -> None:
    refusals = [
        gateway_pb2.DoorRefusal(
            limit="too-many-requests", person_id="lin", instance_id="inst-1", times=7
        ),
        gateway_pb2.DoorRefusal(limit="too-many-connections", times=900),
    ]
    async with _gateway(house) as (_, call):
        await _order(call, "snapshot")
        told = gateway_pb2.DoorRefusals(refusals=refusals)
        await call.write(gateway_pb2.GatewayReport(refusals=told))
        await _audited(house, ("door", "inst-1", "refused"))
        await _audited(house, ("door", "gateway", "refused"))


async def test_a_visit_that_starts_nothing_says_why(house: House) -> None:
    """The version was withdrawn meanwhile: told to whoever waits, and not to the ledger."""
    instance = await _instance(house)
    await house.reactor.ask(StopRequested(instance.id, StopReason.BY_CREATOR, instance.owner))
    (engine,) = house.reactor.studio.engines.values()
    versions = tuple(replace(v, available=v.version != instance.version) for v in engine.versions)
    house.reactor.set_engines({engine.id: replace(engine, versions=versions)})
    visit = gateway_pb2.Visit(instance_id=instance.id, person_id=instance.owner)
    async with _gateway(house) as (_, call):
        (route,) = (await _order(call, "snapshot")).routes
        assert not route.start_refused
        revision = house.reactor.studio.revision
        await call.write(gateway_pb2.GatewayReport(visit=visit))
        route = await _order(call, "route")
        assert route.start_refused
        assert route.state == common_pb2.INSTANCE_STATE_STOPPED
        assert route.line.en.startswith("Not started: version 2.0 of Comfyui was withdrawn")
        assert route.line.zh == "未启动：comfyui 的版本 2.0 已撤下，请在“我的引擎”中选择其他版本"
        assert house.reactor.studio.revision == revision
        async with _gateway(house) as (_, other):  # a gateway that comes later knows it too
            (late,) = (await _order(other, "snapshot")).routes
            assert late.line == route.line
        house.clock.ahead += 61
        async with _gateway(house) as (_, other):
            (late,) = (await _order(other, "snapshot")).routes
            assert not late.start_refused
            assert late.line.en.startswith("Stopped")
        # Once it may start again, a visit does, and nothing of the refusal is left.
        house.reactor.set_engines({engine.id: engine})
        await call.write(gateway_pb2.GatewayReport(visit=visit))
        while route.state != common_pb2.INSTANCE_STATE_QUEUED:
            route = await _order(call, "route")
        assert not route.start_refused


async def test_activity_reaches_the_idle_policy_and_never_from_the_future(house: House) -> None:
    instance = await _instance(house)
    async with _gateway(house) as (_, call):
        await _order(call, "snapshot")
        future = milliseconds(house.clock.now()) + 3_600_000
        seen = gateway_pb2.InstanceActivity(
            instance_id=instance.id,
            epoch=instance.epoch,
            last_person_ms=future,
            what="POST /prompt",
        )
        batch = gateway_pb2.ActivityBatch(instances=[seen])
        await call.write(gateway_pb2.GatewayReport(activity=batch))
        signals = house.reactor.studio.signals
        await until(
            lambda: (
                getattr(
                    house.reactor.studio.signals.get(InstanceId(instance.id)), "person_what", ""
                )
                in ("POST /prompt", "start")
            )
        )
        signals = house.reactor.studio.signals
        at = signals[instance.id].person_at
        assert at is not None
        assert at <= house.clock.now()


async def test_a_hand_off_code_is_redeemed_once(house: House) -> None:
    instance = await _instance(house)
    from coordinator.identity.handoff import hash_nonce

    _, web = await house.identity.sessions.create(Kind.WEB, PersonId("lin"))
    code = await house.identity.mint_handoff(web, instance, hash_nonce("n"), "/a?b=1")
    async with _gateway(house) as (stub, call):
        await _order(call, "snapshot")
        request = gateway_pb2.RedeemHandoffRequest(code=code, host=instance.host, nonce="n")
        answer = await stub.RedeemHandoff(request, timeout=20)
        assert answer.return_path == "/a?b=1"
        assert answer.session.person_id == "lin"
        assert (await _order(call, "session")).token_hash == answer.session.token_hash
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.RedeemHandoff(request, timeout=20)
        assert key_of(caught.value) == "handoff-refused"
        await _audited(house, ("hand-off", instance.host, "refused"))


async def test_use_is_unseen_while_no_gateway_is_there(house: House) -> None:
    """Pitfall 1: no gateway, no idea of anybody's use."""
    house.reactor.post(DoorLost())

    def away() -> bool:
        return house.reactor.studio.door_away_since is not None

    await until(away)
    async with _gateway(house) as (_, first):
        await _order(first, "snapshot")
        await until(lambda: not away())
        async with _gateway(house) as (_, second):
            await _order(second, "snapshot")
        await house.reactor.ask(Ticked())
        assert not away(), "one of two is still there"
    await until(away)


async def test_a_gateway_that_hangs_is_as_good_as_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 1: one that says nothing for long is cut off, and no use is seen until it is back."""
    monkeypatch.setattr(gateway_link, "_SILENT_SECONDS", 2)
    async with _gateway(house) as (_, call):
        await _order(call, "snapshot")
        for _ in range(8):
            await call.write(gateway_pb2.GatewayReport(activity=gateway_pb2.ActivityBatch()))
            await asyncio.sleep(0.5)
        assert house.reactor.studio.door_away_since is None, "it speaks, though nothing happens"
        async with asyncio.timeout(30):
            while await call.read() is not grpc.aio.EOF:
                pass
        await until(lambda: house.reactor.studio.door_away_since is not None)


async def test_a_full_disk_does_not_part_us_from_the_gateway(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who uses an engine is told every few seconds; each time the stream would end anew."""
    full = asyncio.Event()

    async def slide(token_hashes: tuple[bytes, ...]) -> None:
        full.set()
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(house.identity, "slide", slide)
    async with _gateway(house) as (_, call):
        await _order(call, "snapshot")
        seen = gateway_pb2.SessionsSeen(token_hashes=[b"x" * 32])
        await call.write(gateway_pb2.GatewayReport(sessions_seen=seen))
        await asyncio.wait_for(full.wait(), 20)
        instance = await _instance(house)
        assert (await _order(call, "route")).instance_id == instance.id
