"""A creator's API: the watch that tells whole lists, whose instance it is, and sessions' ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from coordinator.domain.people import PersonId, Role
from protos.aigc.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    common_pb2,
    creator_pb2,
    creator_pb2_grpc,
    node_pb2,
)
from tests.coordinator.fleet.house import GPU, House, bearer, end_of, key_of


@asynccontextmanager
async def _creator(house: House, name: str = "lin") -> AsyncIterator[tuple[Any, Any, str]]:
    person, token = await house.person(name)
    async with house.creators() as channel:
        yield creator_pb2_grpc.CreatorServiceStub(channel), bearer(token), person.id


async def _read(call: Any) -> Any:
    return await asyncio.wait_for(call.read(), 20)


async def test_the_watch_tells_the_whole_list_at_once_and_after_each_change(house: House) -> None:
    async with _creator(house) as (stub, who, _):
        watch = stub.WatchInstances(creator_pb2.WatchInstancesRequest(), metadata=who)
        assert list((await _read(watch)).instances) == []
        started = await stub.StartInstance(
            creator_pb2.StartInstanceRequest(engine_id="comfyui"), metadata=who
        )
        assert started.instance.url.startswith("http://comfyui-")
        seen = await _read(watch)
        assert [i.id for i in seen.instances] == [started.instance.id]
        while seen.instances[0].state != common_pb2.INSTANCE_STATE_QUEUED:
            seen = await _read(watch)
        assert seen.instances[0].queue_position == 1
        assert seen.instances[0].line.en
        assert seen.instances[0].line.zh
        await stub.RenameInstance(
            creator_pb2.RenameInstanceRequest(instance_id=started.instance.id, name="Sketches"),
            metadata=who,
        )
        assert (await _read(watch)).instances[0].name == "Sketches"
        await stub.DeleteInstance(
            creator_pb2.DeleteInstanceRequest(instance_id=started.instance.id), metadata=who
        )
        while (await _read(watch)).instances:
            pass
        watch.cancel()


async def test_others_engines_and_readings_wake_no_watch_of_mine(house: House) -> None:
    machine = await house.join()
    async with _creator(house) as (stub, who, _), _creator(house, "mei") as (other, mei, _):
        idle = other.WatchInstances(creator_pb2.WatchInstancesRequest(), metadata=mei)
        await _read(idle)
        busy = stub.WatchInstances(creator_pb2.WatchInstancesRequest(), metadata=who)
        await _read(busy)
        async with machine.connected() as stream:
            await stream.observe()
            await stub.StartInstance(
                creator_pb2.StartInstanceRequest(engine_id="comfyui"), metadata=who
            )
            await stream.desired_with(1)
            for percent in (10.0, 20.0, 30.0):
                card = common_pb2.GpuReading(uuid=GPU, name="RTX 4090", utilisation_percent=percent)
                await stream.send(readings=node_pb2.Readings(gpus=[card]))
                seen = await _read(busy)
                while [g.utilisation_percent for i in seen.instances for g in i.gpus] != [percent]:
                    seen = await _read(busy)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(idle.read(), 0.3)


async def test_an_instance_is_its_owners_alone(house: House) -> None:
    async with _creator(house) as (stub, who, _), _creator(house, "mei") as (other, mei, _):
        answer = await stub.StartInstance(
            creator_pb2.StartInstanceRequest(engine_id="comfyui"), metadata=who
        )
        instance_id = answer.instance.id
        listed = await other.ListInstances(creator_pb2.ListInstancesRequest(), metadata=mei)
        assert list(listed.instances) == []
        for call in (
            other.StartInstance(
                creator_pb2.StartInstanceRequest(instance_id=instance_id), metadata=mei
            ),
            other.StopInstance(
                creator_pb2.StopInstanceRequest(instance_id=instance_id), metadata=mei
            ),
            other.KeepRunning(
                creator_pb2.KeepRunningRequest(instance_id=instance_id), metadata=mei
            ),
            other.RenameInstance(
                creator_pb2.RenameInstanceRequest(instance_id=instance_id, name="x"), metadata=mei
            ),
            other.DeleteInstance(
                creator_pb2.DeleteInstanceRequest(instance_id=instance_id), metadata=mei
            ),
            other.StreamLogs(
                creator_pb2.StreamLogsRequest(instance_id=instance_id), metadata=mei
            ).read(),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call
            assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
            assert key_of(caught.value) == "not-yours"
            assert answer.instance.name not in str(caught.value.details())
        with pytest.raises(grpc.aio.AioRpcError) as guessed:
            await other.StopInstance(
                creator_pb2.StopInstanceRequest(instance_id="i-guess"), metadata=mei
            )
        assert guessed.value.code() is grpc.StatusCode.NOT_FOUND
    audits = await house.audits()
    for action in ("start", "stop", "keep", "rename", "delete"):
        assert (f"instance-{action}", instance_id, "refused") in audits


async def test_what_was_deleted_comes_back_from_the_trash(house: House) -> None:
    ask = creator_pb2.RestoreInstanceRequest
    async with _creator(house) as (stub, who, _), _creator(house, "mei") as (other, mei, _):
        started = await stub.StartInstance(
            creator_pb2.StartInstanceRequest(engine_id="comfyui", name="Poster"), metadata=who
        )
        old = started.instance
        deleted = await stub.DeleteInstance(
            creator_pb2.DeleteInstanceRequest(instance_id=old.id), metadata=who
        )
        nothing = creator_pb2.ListTrashRequest()
        (kept,) = (await stub.ListTrash(nothing, metadata=who)).instances
        assert (kept.id, kept.name, kept.engine_id, kept.version) == (
            *(old.id, "Poster", "comfyui"),
            old.version,
        )
        assert kept.kept_until_ms == deleted.kept_until_ms
        assert kept.deleted_at_ms
        assert not kept.HasField("data_bytes")
        assert "kept until" in kept.line.en
        assert "保留至" in kept.line.zh
        assert list((await other.ListTrash(nothing, metadata=mei)).instances) == []
        for stranger, caller, key in (
            (ask(instance_id=old.id), mei, "not-yours"),
            (ask(instance_id="i-guess"), who, "not-in-trash"),
            (ask(), who, "not-in-trash"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await other.RestoreInstance(stranger, metadata=caller)
            assert key_of(caught.value) == key
        back = (await stub.RestoreInstance(ask(instance_id=old.id), metadata=who)).instance
        assert (back.name, back.state) == ("Poster", common_pb2.INSTANCE_STATE_STOPPED)
        assert back.id != old.id
        assert back.url != old.url
        assert list((await stub.ListTrash(nothing, metadata=who)).instances) == []
        with pytest.raises(grpc.aio.AioRpcError) as again:
            await stub.RestoreInstance(ask(instance_id=old.id), metadata=who)
        assert key_of(again.value) == "restored-already"
    audits = await house.audits()
    assert ("instance-restore", old.id, "refused") in audits
    assert ("instance-restore", old.id, "done") in audits


@pytest.mark.parametrize(
    "how", ["signed out", "disabled", "ended everywhere", "token revoked", "expired"]
)
async def test_a_stream_ends_soon_after_its_session(house: House, how: str) -> None:
    person, token = await house.person("lin", Role.ADMIN)
    await house.person("boss", Role.ADMIN)
    token_id = ""
    if how == "token revoked":
        token, info = await house.identity.create_token(person, "script", 1)
        token_id = info.id
    async with house.creators() as channel:
        stub = creator_pb2_grpc.CreatorServiceStub(channel)
        watch = stub.WatchInstances(creator_pb2.WatchInstancesRequest(), metadata=bearer(token))
        await _read(watch)
        began = asyncio.get_running_loop().time()
        if how == "signed out":
            sessions = creator_pb2_grpc.SessionServiceStub(channel)
            await sessions.SignOut(creator_pb2.SignOutRequest(), metadata=bearer(token))
        elif how == "disabled":
            await house.identity.set_disabled(person.id, True, PersonId("boss"))
        elif how == "ended everywhere":
            await house.identity.sessions.end_person(person.id)
        elif how == "token revoked":
            await house.identity.revoke_token(person.id, token_id)
        else:
            house.clock.ahead += 3700
        assert (await end_of(watch)).code() is grpc.StatusCode.UNAUTHENTICATED
        assert asyncio.get_running_loop().time() - began < 5


async def test_an_api_token_works_for_calls_but_makes_no_further_one(house: House) -> None:
    async with _creator(house) as (stub, who, _):
        made = await stub.CreateToken(
            creator_pb2.CreateTokenRequest(name="nightly", days=7), metadata=who
        )
        by_token = bearer(made.token)
        assert (await stub.ListTokens(creator_pb2.ListTokensRequest(), metadata=by_token)).tokens
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.CreateToken(creator_pb2.CreateTokenRequest(name="x"), metadata=by_token)
        assert key_of(caught.value) == "token-by-token"
        await stub.RevokeToken(creator_pb2.RevokeTokenRequest(id=made.info.id), metadata=who)
        with pytest.raises(grpc.aio.AioRpcError) as revoked:
            await stub.ListTokens(creator_pb2.ListTokensRequest(), metadata=by_token)
        assert revoked.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_errors_of_the_core_travel_in_words(house: House) -> None:
    async with _creator(house) as (stub, who, _):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.StartInstance(
                creator_pb2.StartInstanceRequest(engine_id="comfyiu"), metadata=who
            )
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert key_of(caught.value) == "engine-unknown"
        assert "comfyui" in (caught.value.details() or "").lower()


async def test_the_join_command_carries_the_address_that_the_admin_used(house: House) -> None:
    _, token = await house.person("it", Role.ADMIN)
    async with house.creators() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        for used, carried in (("10.0.0.7:7443", "10.0.0.7:7443"), ("127.0.0.1:1", "aigc.test:1")):
            answer = await stub.CreateJoinCommand(
                admin_pb2.CreateJoinCommandRequest(address=used), metadata=bearer(token)
            )
            assert f"aigc agent join 'aigc://join/{carried}?pin={house.authority.pin}" in (
                answer.command
            )


async def test_it_reads_the_story_and_the_audit_log(house: House) -> None:
    _, admin = await house.person("it", Role.ADMIN)
    async with _creator(house) as (stub, who, _), house.creators() as channel:
        started = await stub.StartInstance(
            creator_pb2.StartInstanceRequest(engine_id="comfyui"), metadata=who
        )
        office = admin_pb2_grpc.AdminServiceStub(channel)
        story = await office.GetStory(
            admin_pb2.GetStoryRequest(instance_id=started.instance.id), metadata=bearer(admin)
        )
        assert any(line.cause == "person lin" for line in story.lines)
        everybodys = await office.ListAllInstances(
            admin_pb2.ListAllInstancesRequest(), metadata=bearer(admin)
        )
        assert [i.owner_name for i in everybodys.instances] == ["Lin"]
        await office.StopAnyInstance(
            admin_pb2.StopAnyInstanceRequest(instance_id=started.instance.id),
            metadata=bearer(admin),
        )
        log = await office.ListAudit(admin_pb2.ListAuditRequest(), metadata=bearer(admin))
        assert "instance-stop" in [e.action for e in log.entries]
