"""Sharing and tokens over the wire: what creators are told, and what the door is told of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest

from aigc.clock import milliseconds
from coordinator.api.colleagues import SHOWN_AT_MOST, find_colleagues, one_colleague
from coordinator.domain.events import PersonSeen, StopRequested
from coordinator.domain.instance import Instance, State, StopReason
from coordinator.domain.people import Person, PersonId, Role
from coordinator.domain.policy import Policy
from coordinator.domain.studio import Studio
from coordinator.identity.sessions import Kind
from coordinator.identity.tokens import TOKENS_AT_MOST, Scope, Terms
from coordinator.naming import start_request
from protos.aigc.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    common_pb2,
    creator_pb2,
    creator_pb2_grpc,
    gateway_pb2,
    gateway_pb2_grpc,
)
from tests.coordinator.fleet.house import House, bearer, key_of, until

USE, VIEW = common_pb2.ACCESS_USE, common_pb2.ACCESS_VIEW
ENGINES = Terms((Scope.ENGINES,))


async def engine_of(house: House, owner: Person) -> Instance:
    outcome = await house.reactor.ask(start_request(owner.id, engine_id="comfyui"))
    assert outcome.instance is not None
    return outcome.instance


@asynccontextmanager
async def creators(house: House) -> AsyncIterator[Any]:
    async with house.creators() as channel:
        yield creator_pb2_grpc.CreatorServiceStub(channel)


@asynccontextmanager
async def door(house: House) -> AsyncIterator[Any]:
    """A gateway's stream, after the snapshot."""
    async with grpc.aio.insecure_channel(f"unix:{house.socket}") as channel:
        call = gateway_pb2_grpc.GatewayServiceStub(channel).Connect()
        hello = gateway_pb2.GatewayHello(version="t", pid=1)
        await call.write(gateway_pb2.GatewayReport(hello=hello))
        yield call
        call.cancel()


async def order(call: Any, kind: str) -> Any:
    async with asyncio.timeout(30):
        while True:
            told = await call.read()
            assert told is not grpc.aio.EOF
            if told.WhichOneof("order") == kind:
                return getattr(told, kind)


def share(instance: Instance, person: str, access: Any = USE, **more: Any) -> Any:
    return creator_pb2.ShareInstanceRequest(
        instance_id=instance.id, person_id=person, access=access, **more
    )


async def test_a_guest_sees_it_at_once_and_apart_from_their_own(house: House) -> None:
    (lin, lins), (ann, anns) = await house.person("lin"), await house.person("ann")
    instance = await engine_of(house, lin)
    async with creators(house) as stub:
        watching = stub.WatchInstances(
            creator_pb2.WatchInstancesRequest(), metadata=bearer(anns), timeout=60
        )
        first = await watching.read()
        assert (list(first.instances), list(first.shared)) == ([], [])
        made = await stub.ShareInstance(share(instance, ann.id, VIEW), metadata=bearer(lins))
        assert made.share.expires_at_ms - made.share.created_at_ms == 8 * 3600 * 1000
        told = await watching.read()
        (seen,) = told.shared
        assert (list(told.instances), seen.owner_name, seen.access) == ([], "Lin", VIEW)
        assert seen.shared_until_ms == made.share.expires_at_ms
        assert (seen.support_code, seen.node_id, list(seen.gpus)) == ("", "", [])
        (mine,) = (
            await stub.ListInstances(creator_pb2.ListInstancesRequest(), metadata=bearer(lins))
        ).instances
        assert (mine.access, mine.shares) == (common_pb2.ACCESS_OWNER, 1)
        listed = await stub.ListShares(creator_pb2.ListSharesRequest(), metadata=bearer(anns))
        assert [s.id for s in listed.received] == [made.share.id]
        await stub.RevokeShare(
            creator_pb2.RevokeShareRequest(id=made.share.id), metadata=bearer(lins)
        )
        assert list((await watching.read()).shared) == []


@pytest.mark.attack(17)
async def test_the_door_is_told_of_guests_and_of_their_end(house: House) -> None:
    (lin, lins), (ann, _), (it, its) = (
        await house.person("lin"),
        await house.person("ann"),
        await house.person("it", Role.ADMIN),
    )
    for person in (lin, ann):
        await house.reactor.ask(PersonSeen(replace(person, teams=("lighting",))))
    instance = await engine_of(house, lin)
    async with creators(house) as stub, door(house) as call, house.creators() as channel:
        (route,) = (await order(call, "snapshot")).routes
        assert list(route.guests) == []
        request = creator_pb2.ShareInstanceRequest(
            instance_id=instance.id, team="lighting", access=USE, minutes=60
        )
        made = await stub.ShareInstance(request, metadata=bearer(lins))
        (guest,) = (await order(call, "route")).guests
        assert (guest.person_id, guest.view) == (ann.id, False)
        assert guest.until_ms == made.share.expires_at_ms
        await house.reactor.ask(PersonSeen(replace(ann, teams=())))
        assert list((await order(call, "route")).guests) == []
        await house.reactor.ask(PersonSeen(replace(ann, teams=("lighting",))))
        assert len((await order(call, "route")).guests) == 1
        desk = admin_pb2_grpc.AdminServiceStub(channel)
        shares = await desk.ListAllShares(admin_pb2.ListAllSharesRequest(), metadata=bearer(its))
        assert [s.team for s in shares.shares] == ["lighting"]
        await desk.RevokeAnyShare(
            admin_pb2.RevokeAnyShareRequest(id=shares.shares[0].id), metadata=bearer(its)
        )
        assert list((await order(call, "route")).guests) == []
        # Time alone.
        await stub.ShareInstance(share(instance, ann.id, minutes=5), metadata=bearer(lins))
        assert len((await order(call, "route")).guests) == 1
        house.clock.ahead += 301
        await house.reactor.ask(PersonSeen(it))
        await until(lambda: not house.reactor.studio.shares)
    assert ("unshare", instance.id, "done") in await house.audits()


@pytest.mark.attack(17)
async def test_a_guests_visit_starts_it_and_a_lookers_on_does_not(house: House) -> None:
    (lin, lins), (ann, _), (kai, _) = (
        await house.person("lin"),
        await house.person("ann"),
        await house.person("kai"),
    )
    instance = await engine_of(house, lin)
    await house.reactor.ask(StopRequested(instance.id, StopReason.BY_CREATOR, lin.id))
    async with creators(house) as stub, door(house) as call:
        await stub.ShareInstance(share(instance, ann.id, USE), metadata=bearer(lins))
        await stub.ShareInstance(share(instance, kai.id, VIEW), metadata=bearer(lins))

        async def visit(person: str) -> None:
            seen = gateway_pb2.Visit(instance_id=instance.id, person_id=person, at_ms=1)
            await call.write(gateway_pb2.GatewayReport(visit=seen))

        for stranger in (kai.id, "mei"):
            await visit(stranger)
        async with asyncio.timeout(30):
            while (await house.audits()).count(("visit", instance.id, "refused")) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert house.reactor.studio.instances[instance.id].state is State.STOPPED
        await visit(ann.id)
        await until(lambda: house.reactor.studio.instances[instance.id].started_by == ann.id)
        (mine,) = (
            await stub.ListInstances(creator_pb2.ListInstancesRequest(), metadata=bearer(lins))
        ).instances
        assert (mine.started_by_name, mine.owner_name) == ("Ann", "Lin")
    assert ("guest-start", instance.id, "done") in await house.audits()


@pytest.mark.attack(25)
async def test_the_door_is_told_of_tokens_and_of_every_end_of_theirs(house: House) -> None:
    (lin, _), (it, _) = await house.person("lin"), await house.person("it", Role.ADMIN)
    boss, _ = await house.person("boss", Role.ADMIN)
    instance = await engine_of(house, lin)
    before, _ = await house.identity.create_token(lin, "before", 1, ENGINES)
    await house.identity.create_token(lin, "for the API", 1)
    async with door(house) as call:
        (known,) = (await order(call, "snapshot")).tokens
        assert known.token_hash == hashlib.sha256(before.encode()).digest()
        assert (known.person_id, known.view, list(known.instance_ids)) == (lin.id, False, [])
        terms = Terms((Scope.ENGINES, Scope.API), True, (instance.id,))
        secret, info = await house.identity.create_token(lin, "x", 1, terms)
        told = await order(call, "token")
        assert told.token_hash == hashlib.sha256(secret.encode()).digest()
        assert (told.view, list(told.instance_ids)) == (True, [instance.id])
        assert told.expires_at_ms == milliseconds(info.expires_at)
        await house.identity.revoke_token(lin.id, info.id)
        assert (await order(call, "token_revoked")).token_hash == told.token_hash
        await house.identity.set_disabled(lin.id, True, it.id)
        assert (await order(call, "token_revoked")).token_hash == known.token_hash
        high, _ = await house.identity.create_token(it, "high", 1, ENGINES)
        made = (await order(call, "token")).token_hash
        assert made == hashlib.sha256(high.encode()).digest()
        await house.identity.set_role(it.id, Role.CREATOR, boss.id)
        assert (await order(call, "token_revoked")).token_hash == made


@pytest.mark.attack(15)
async def test_a_lower_role_ends_the_sessions_at_engines(house: House) -> None:
    (it, _), (boss, _) = await house.person("it", Role.ADMIN), await house.person("b", Role.ADMIN)
    instance = await engine_of(house, it)
    _, row = await house.identity.sessions.create(
        Kind.HOST, it.id, host=instance.host, instance_id=instance.id
    )
    async with door(house) as call:
        assert len((await order(call, "snapshot")).sessions) == 1
        await house.identity.set_role(it.id, Role.CREATOR, boss.id)
        assert (await order(call, "session_revoked")).token_hash == row.token_hash


async def test_terms_of_a_token_are_checked(house: House) -> None:
    (lin, lins), (ann, anns) = await house.person("lin"), await house.person("ann")
    instance = await engine_of(house, lin)

    def asked(**more: Any) -> Any:
        return creator_pb2.CreateTokenRequest(name="x", days=30, **more)

    async with creators(house) as stub:
        for request, key in (
            (asked(scopes=["root"]), "token-scope-unknown"),
            (asked(instance_ids=[instance.id]), "token-instances"),
            (asked(scopes=["engines"], instance_ids=["i-nothing"]), "instance-unknown"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.CreateToken(request, metadata=bearer(lins))
            assert key_of(caught.value) == key
        wanted = asked(scopes=["engines"], instance_ids=[instance.id])
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.CreateToken(wanted, metadata=bearer(anns))
        assert key_of(caught.value) == "instance-unknown"
        made = await stub.CreateToken(wanted, metadata=bearer(lins))
        assert list(made.info.instance_names) == [instance.name]
        assert not made.info.ends_soon
        old = await stub.CreateToken(asked(), metadata=bearer(lins))
        assert list(old.info.scopes) == ["api"]
        # What a script shares ends with the script's token.
        scripts = bearer(old.token)
        shared = await stub.ShareInstance(share(instance, ann.id, minutes=43200), metadata=scripts)
        assert shared.share.expires_at_ms <= old.info.expires_at_ms
        house.clock.ahead += timedelta(days=24).total_seconds()
        listed = await stub.ListTokens(creator_pb2.ListTokensRequest(), metadata=scripts)
        assert [t.ends_soon for t in listed.tokens] == [True, True]
        for number in range(TOKENS_AT_MOST - 2):
            await house.identity.create_token(lin, f"n{number}", 1)
        _, lins = await house.person("lin")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.CreateToken(asked(), metadata=bearer(lins))
        assert key_of(caught.value) == "token-limit"


# --- finding somebody -----------------------------------------------------------------------


def people(*named: tuple[str, str]) -> Studio:
    known = [
        Person(PersonId(f"p{n}"), "x", f"s{n}", name, email)
        for n, (name, email) in enumerate(named)
    ]
    return Studio("l", Policy(), people={p.id: p for p in known})


def test_a_names_beginning_or_a_whole_address_is_needed() -> None:
    studio = people(
        ("Lin Xia", "lin@a.lan"),
        ("Ann Berg", "ann@a.lan"),
        ("Berg Ann", ""),
        ("王小明", "wang@a.lan"),
        ("Bergmann", "x@a.lan"),
    )

    def names(query: str) -> list[str]:
        return [c.name for c in find_colleagues(studio, PersonId("p0"), query).people]

    assert names("berg") == ["Ann Berg", "Berg Ann", "Bergmann"]
    assert names("  ANN   be ") == ["Ann Berg"]
    assert names("小") == ["王小明"]
    assert names("ann@a.lan") == ["Ann Berg"]
    for nothing in ("", " ", "b", "erg", "@a.lan", "a.lan", "lin", "nn@a.lan", "%", "*"):
        assert names(nothing) == [], nothing
    one = one_colleague(studio, PersonId("p0"), "berg ann")
    assert one is not None
    assert one.name == "Berg Ann"
    assert one_colleague(studio, PersonId("p0"), "berg") is None


def test_no_more_is_told_than_is_needed_to_choose() -> None:
    studio = people(("Me", ""), *((f"Li {n:02}", f"li{n}@a.lan") for n in range(20)))
    found = find_colleagues(studio, PersonId("p0"), "li")
    assert (len(found.people), found.more) == (SHOWN_AT_MOST, True)
    assert {c.hint for c in found.people} == {""}
    twins = people(("Me", ""), ("Li Wei", "liwei@a.lan"), ("Li Wei", "wei.li@a.lan"))
    found = find_colleagues(twins, PersonId("p0"), "li wei")
    assert [c.hint for c in found.people] == ["li…@a.lan", "we…@a.lan"]
    assert one_colleague(twins, PersonId("p0"), "li wei") is None


async def test_who_looks_for_everybody_is_slowed(house: House) -> None:
    _, token = await house.person("lin")
    async with creators(house) as stub:
        asked = creator_pb2.FindColleaguesRequest(query="an")
        keys = []
        for _ in range(62):
            try:
                await stub.FindColleagues(asked, metadata=bearer(token))
            except grpc.aio.AioRpcError as error:
                keys.append(key_of(error))
        assert keys == ["asked-too-often"] * 2
        # One's own teams are asked for without looking for anybody.
        await stub.FindColleagues(creator_pb2.FindColleaguesRequest(), metadata=bearer(token))
