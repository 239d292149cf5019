"""Attack 8, the smaller step: who loses a role loses what the role opened, in open streams too."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from coordinator.domain.people import Role
from protos.aigc.v1 import admin_pb2, admin_pb2_grpc, creator_pb2, creator_pb2_grpc
from tests.coordinator.fleet.house import bearer, open_house

pytestmark = [pytest.mark.attack(8), pytest.mark.timeout(120)]

WITHIN = 5.0


async def test_an_admins_open_stream_ends_with_the_role(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, house.creators() as channel:
        boss, _ = await house.person("boss", Role.ADMIN)
        admin, token = await house.person("it", Role.ADMIN)
        fleet = admin_pb2_grpc.AdminServiceStub(channel)
        own = creator_pb2_grpc.CreatorServiceStub(channel)
        watching = fleet.WatchFleet(admin_pb2.WatchFleetRequest(), metadata=bearer(token))
        await watching.read()
        mine = own.WatchInstances(creator_pb2.WatchInstancesRequest(), metadata=bearer(token))
        await mine.read()

        async def until_refused() -> str:
            try:
                while await watching.read() is not grpc.aio.EOF:
                    pass
            except grpc.aio.AioRpcError as error:
                return str(dict(error.trailing_metadata() or ())["aigc-error-key"])
            return "no reason"

        ending = asyncio.create_task(until_refused())
        await asyncio.sleep(0)
        assert not ending.done()
        await house.identity.set_role(admin.id, Role.CREATOR, boss.id)
        assert await asyncio.wait_for(ending, WITHIN) == "role-missing"
        # What a creator may goes on.
        said = await own.ListInstances(creator_pb2.ListInstancesRequest(), metadata=bearer(token))
        assert list(said.instances) == []
        assert not mine.done()
        mine.cancel()
