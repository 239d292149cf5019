"""The admin window's one stream: the whole set in pieces, then only what changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from coordinator.api.fleet_feed import FleetFeed
from coordinator.domain.engine import Text
from coordinator.domain.events import PersonSeen
from coordinator.domain.instance import State
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId, Role
from coordinator.domain.policy import Policy
from coordinator.domain.studio import Studio
from coordinator.watch import Changed
from protos.aigc.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    common_pb2,
    creator_pb2,
    creator_pb2_grpc,
    node_pb2,
)
from tests.coordinator.fleet.house import GPU, House, Stream, bearer, end_of
from tests.coordinator.studios import big_studio, make_person

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
GRPC_DEFAULT_LIMIT = 4 << 20


@asynccontextmanager
async def _watching(house: House, interval: int = 50) -> AsyncIterator[Any]:
    _, token = await house.person("it", Role.AUDITOR)
    async with house.creators() as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        call = stub.WatchFleet(
            admin_pb2.WatchFleetRequest(min_interval_ms=interval), metadata=bearer(token)
        )
        yield call
        call.cancel()


async def _read(call: Any) -> Any:
    return await asyncio.wait_for(call.read(), 30)


async def _quiet(call: Any, seconds: float = 0.6) -> None:
    """Nothing is told for so long; the call is of no use afterwards."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call.read(), seconds)


async def test_the_whole_set_comes_first_then_what_changed(house: House) -> None:
    machine = await house.join()
    _, lin = await house.person("lin")
    async with _watching(house) as call, house.creators() as channel:
        first = await _read(call)
        assert (first.begin, first.more) == (True, False)
        assert [n.name for n in first.nodes] == ["render-01"]
        assert first.nodes[0].joined_at_ms
        assert first.nodes[0].certificate_expires_ms > first.server_time_ms
        assert list(first.instances) == []
        stub = creator_pb2_grpc.CreatorServiceStub(channel)
        asked = creator_pb2.StartInstanceRequest(engine_id="comfyui")
        started = (await stub.StartInstance(asked, metadata=bearer(lin))).instance
        second = await _read(call)
        assert not second.begin
        assert list(second.nodes) == []
        assert [i.id for i in second.instances] == [started.id]
        assert second.instances[0].created_at_ms == started.created_at_ms
        async with machine.connected() as stream:
            await stream.observe()
            seen = await _read(call)
            while not seen.instances or not seen.instances[0].node_id:
                seen = await _read(call)
            assert seen.instances[0].node_name == "render-01"
        asked_stop = creator_pb2.DeleteInstanceRequest(instance_id=started.id)
        await stub.DeleteInstance(asked_stop, metadata=bearer(lin))


async def test_who_deletes_is_told_as_removed_and_people_as_a_flag(house: House) -> None:
    _, lin = await house.person("lin")
    async with _watching(house) as call, house.creators() as channel:
        await _read(call)
        stub = creator_pb2_grpc.CreatorServiceStub(channel)
        asked = creator_pb2.StartInstanceRequest(engine_id="comfyui")
        started = (await stub.StartInstance(asked, metadata=bearer(lin))).instance
        assert (await _read(call)).instances
        await stub.DeleteInstance(
            creator_pb2.DeleteInstanceRequest(instance_id=started.id), metadata=bearer(lin)
        )
        assert list((await _read(call)).removed_instance_ids) == [started.id]
        await house.reactor.ask(PersonSeen(make_person("mei")))
        told = await _read(call)
        assert told.people_changed
        assert not told.catalogue_changed


async def _report(stream: Stream, percent: float) -> None:
    card = common_pb2.GpuReading(uuid=GPU, name="RTX 4090", utilisation_percent=percent)
    await stream.send(readings=node_pb2.Readings(gpus=[card]))


async def test_readings_are_told_and_a_mere_sign_of_life_is_not(house: House) -> None:
    machine = await house.join()
    async with machine.connected() as stream, _watching(house) as call:
        await stream.observe()
        seen = await _read(call)
        while not seen.nodes or not seen.nodes[0].gpus:
            seen = await _read(call)
        await _report(stream, 40.0)
        while not seen.nodes or seen.nodes[0].gpus[0].utilisation_percent != 40.0:
            seen = await _read(call)
        assert list(seen.instances) == []
        for _ in range(5):
            await _report(stream, 40.0)
            await stream.observe(revision=1)
        await _report(stream, 41.0)
        # What the five said was the same, but for when: between 40 and 41 lies no message, except
        # for the cards as the whole set has them, without a reading.
        seen = await _read(call)
        while seen.nodes[0].gpus[0].utilisation_percent != 41.0:
            assert not seen.nodes[0].gpus[0].HasField("utilisation_percent")
            seen = await _read(call)
        await _report(stream, 41.0)
        await _quiet(call)


async def test_changes_that_come_together_are_told_together(house: House) -> None:
    async with _watching(house, interval=1500) as call:
        await _read(call)
        begun = time.monotonic()
        for number in range(30):
            await house.person(f"creator-{number}")
            await house.join(f"render-{number:02}")
        messages, names = 0, set[str]()
        while len(names) < 30:
            seen = await _read(call)
            messages += 1
            names.update(n.name for n in seen.nodes)
        assert messages <= 2 + (time.monotonic() - begun) / 1.5


async def test_the_stream_ends_with_the_session(house: House) -> None:
    async with _watching(house, interval=60_000) as call:
        await _read(call)
        begun = time.monotonic()
        await house.identity.sessions.end_person(PersonId("it"))
        assert (await end_of(call)).code() is grpc.StatusCode.UNAUTHENTICATED
        assert time.monotonic() - begun < 5


# --- the feed alone, at the size of a big studio ------------------------------------------------


def _feed() -> FleetFeed:
    return FleetFeed(lambda host: f"https://{host}.gw.lan", lambda _: NOW)


async def _all(messages: AsyncIterator[Any]) -> list[Any]:
    return [message async for message in messages]


async def test_the_pieces_of_a_whole_set_say_where_it_begins_and_goes_on() -> None:
    studio = big_studio(machines=100, cards=8, instances=1200)
    pieces = await _all(_feed().whole(studio, NOW))
    assert len(pieces) > 2
    assert [p.begin for p in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [p.more for p in pieces] == [True] * (len(pieces) - 1) + [False]
    assert {n.id for p in pieces for n in p.nodes} == set(studio.nodes)
    assert {i.id for p in pieces for i in p.instances} == set(studio.instances)
    assert max(p.ByteSize() for p in pieces) < GRPC_DEFAULT_LIMIT // 4
    (nothing,) = await _all(_feed().whole(Studio("none", Policy()), NOW))
    assert (nothing.begin, nothing.more) == (True, False)


async def test_a_delta_tells_whose_line_or_cards_are_others_and_nobody_else() -> None:
    studio, feed = big_studio(machines=4, cards=2, instances=10), _feed()
    await _all(feed.whole(studio, NOW))

    async def told(after: Studio, changed: Changed) -> Any:
        messages = await _all(feed.delta(after, changed, NOW + timedelta(minutes=3)))
        assert len(messages) <= 1
        return messages[0] if messages else None

    everything = Changed(frozenset(studio.instances), frozenset(studio.nodes))
    assert await told(studio, everything) is None  # time alone is no change
    node = studio.nodes[NodeId("node-0001")]
    heard = replace(studio, nodes={**studio.nodes, node.id: replace(node, last_seen=NOW)})
    assert await told(heard, Changed(nodes=frozenset({node.id}))) is None

    renamed = replace(studio, nodes={**studio.nodes, node.id: replace(node, name="forge")})
    seen = await told(renamed, Changed(nodes=frozenset({node.id})))
    assert [n.name for n in seen.nodes] == ["forge"]
    assert {i.node_name for i in seen.instances} == {"forge"}
    assert len(seen.instances) == 2

    moved = replace(
        renamed,
        queue=[
            replace(entry, position=3 - entry.position)  # the two who wait changed places
            for entry in renamed.queue
        ],
    )
    ids = frozenset(entry.instance_id for entry in moved.queue)
    seen = await told(moved, Changed(instances=ids))
    assert {(i.id, i.queue_position) for i in seen.instances} == {
        (entry.instance_id, entry.position) for entry in moved.queue
    }

    owner = next(iter(moved.people.values()))
    called = replace(moved, people={**moved.people, owner.id: replace(owner, name="Lin Wei")})
    seen = await told(called, Changed(people=True))
    assert seen.people_changed
    assert {i.owner_name for i in seen.instances} == {"Lin Wei"}
    assert len(seen.instances) == 5

    engine = next(iter(called.engines.values()))
    other = replace(engine, name=Text("Comfy", "舒适"))
    offered = replace(called, engines={engine.id: other})
    seen = await told(offered, Changed(catalogue=True))
    assert seen.catalogue_changed
    assert len(seen.instances) == 10

    first = next(iter(offered.instances.values()))
    over = replace(first, state=State.DELETED, placement=None)
    without = replace(offered, instances={**offered.instances, first.id: over})
    changed = Changed(frozenset({first.id}), frozenset({NodeId("node-0000")}))
    seen = await told(without, changed)
    assert list(seen.removed_instance_ids) == [first.id]
    assert [n.id for n in seen.nodes] == ["node-0000"]
    assert list(seen.nodes[0].instance_ids) == ["i-00001"]
    assert await told(without, changed) is None


async def test_a_thousand_machines_do_not_hold_up_the_loop() -> None:
    """Generous bounds: the figures themselves are in the benchmark of the desktop."""
    studio, feed = big_studio(machines=1000, cards=8, instances=10_000), _feed()
    longest, last = 0.0, time.perf_counter()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    pieces = await _all(feed.whole(studio, NOW))
    whole = time.perf_counter() - begun
    changed = {
        NodeId(f"node-{n:04}"): replace(studio.nodes[NodeId(f"node-{n:04}")], draining=True)
        for n in range(100)
    }
    after = replace(studio, nodes={**studio.nodes, **changed})
    begun = time.perf_counter()
    (delta,) = await _all(feed.delta(after, Changed(nodes=frozenset(changed)), NOW))
    part = time.perf_counter() - begun
    ticking.cancel()
    print(
        f"whole {whole:.3f} s in {len(pieces)} pieces, {sum(p.ByteSize() for p in pieces)} bytes; "
        f"delta of 100 {part:.3f} s; the loop waited {longest * 1000:.1f} ms at most"
    )
    assert len(delta.nodes) == 100
    assert whole < 30
    assert part < 3
    assert longest < 1
