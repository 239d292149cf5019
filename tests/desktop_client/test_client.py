"""The client across sleep, other networks and another studio, on a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from aigc.clock import SystemClock
from aigc.errors import AigcError
from desktop_client import personal
from desktop_client.client import Client, account_url
from desktop_client.model import Former, Link, Snapshot, State
from protos.aigc.v1 import common_pb2, creator_pb2
from tests.standins.creator_server import CreatorServer

pytestmark = [pytest.mark.timeout(120), pytest.mark.blocking_allowed("writes its settings folder")]


class Server(CreatorServer):
    """Counts the streams; may take its time to stop an instance."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = 0
        self.peers: set[str] = set()
        self.slow = asyncio.Event()
        self.slow.set()
        self.received: list[creator_pb2.Share] = []

    async def WatchInstances(  # noqa: N802
        self, request: Any, context: Any
    ) -> AsyncIterator[creator_pb2.WatchInstancesResponse]:
        async with self._told:
            self.streams += 1
            self.peers.add(context.peer())
            self._told.notify_all()
        async for message in super().WatchInstances(request, context):
            for key in dict.fromkeys(share.instance_id for share in self.received):
                message.shared.add(
                    id=key, name="Poster", state=common_pb2.INSTANCE_STATE_READY,
                    access=common_pb2.ACCESS_USE, owner_name="Ann Berg",
                )  # fmt: skip
            yield message

    async def GetLink(  # noqa: N802
        self, request: Any, context: Any
    ) -> creator_pb2.GetLinkResponse:
        await self._check(context)
        return creator_pb2.GetLinkResponse(possible=True)

    async def ListShares(  # noqa: N802
        self, request: Any, context: Any
    ) -> creator_pb2.ListSharesResponse:
        await self._check(context)
        return creator_pb2.ListSharesResponse(received=self.received)

    async def RevokeShare(  # noqa: N802
        self, request: creator_pb2.RevokeShareRequest, context: Any
    ) -> creator_pb2.RevokeShareResponse:
        await self._note(f"revoke {request.id}")
        self.received = [share for share in self.received if share.id != request.id]
        return creator_pb2.RevokeShareResponse()

    async def StopInstance(  # noqa: N802
        self, request: creator_pb2.StopInstanceRequest, context: Any
    ) -> creator_pb2.StopInstanceResponse:
        await self._note("stopping")
        await self.slow.wait()
        return await super().StopInstance(request, context)

    async def until_streams(self, count: int) -> None:
        """Wait until so many streams were opened in all."""
        async with asyncio.timeout(40), self._told:
            await self._told.wait_for(lambda: self.streams >= count)


class Following:
    """A client that follows a server, and what it said so far."""

    def __init__(self, folder: Path) -> None:
        self.said: list[Snapshot] = []
        self._news = asyncio.Event()
        self.client = Client(folder, "file", SystemClock(), self._say, lambda _: None)

    def _say(self, snapshot: Snapshot) -> None:
        self.said.append(snapshot)
        self._news.set()

    async def until(self, look: Callable[[Snapshot], object]) -> Snapshot:
        async with asyncio.timeout(40):
            while not (self.said and look(self.said[-1])):
                self._news.clear()
                await self._news.wait()
        return self.said[-1]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as made:  # type: ignore[abstract]  # what is not asked for here
        yield made


@pytest_asyncio.fixture
async def following(server: Server, tmp_path: Path) -> AsyncIterator[Following]:
    server.sign_in(tmp_path)
    await server.tell(server.instance("comfyui", common_pb2.INSTANCE_STATE_READY))
    made = Following(tmp_path)
    task = asyncio.create_task(made.client.run())
    await made.until(lambda s: s.link is Link.ONLINE and s.instances)
    yield made
    task.cancel()
    await asyncio.wait({task})


async def test_after_waking_the_connection_is_a_new_one(
    server: Server, following: Following
) -> None:
    before = len(following.said)
    assert server.streams == 1
    following.client.revive()
    await server.until_streams(2)
    assert len(server.peers) == 2
    (instance,) = server.instances.values()
    instance.state = common_pb2.INSTANCE_STATE_STOPPED
    await server.tell(instance)
    await following.until(lambda s: s.instances[0].state is State.STOPPED)
    assert all(s.link is Link.ONLINE for s in following.said[before:]), "nothing flickers"


async def test_waking_many_times_at_once_connects_once(
    server: Server, following: Following
) -> None:
    for _ in range(20):
        following.client.revive()
    await server.until_streams(2)
    (instance,) = server.instances.values()
    instance.state = common_pb2.INSTANCE_STATE_STOPPED
    await server.tell(instance)
    await following.until(lambda s: s.instances[0].state is State.STOPPED)
    assert server.streams == 2


async def test_a_request_under_way_survives_the_new_connection(
    server: Server, following: Following
) -> None:
    server.slow.clear()
    (instance,) = server.instances.values()
    stopping = asyncio.create_task(following.client.stop(instance.id))
    await server.until_asked("stopping")
    following.client.revive()
    await server.until_streams(2)
    server.slow.set()
    async with asyncio.timeout(40):
        assert (await stopping).state is State.STOPPED


async def test_what_must_be_in_no_report_is_known(following: Following) -> None:
    refresh, session = await following.client.secrets()
    assert refresh == "refresh"
    assert len(session) > 20


async def test_joining_what_is_not_there_changes_nothing(following: Following) -> None:
    before = following.said[-1]
    pin = "sha256:" + "a" * 43
    with pytest.raises(AigcError):
        await following.client.join(f"aigc://join/127.0.0.1:1?pin={pin}")
    with pytest.raises(AigcError) as caught:
        await following.client.join(f"aigc://join/{before.address}?pin={pin}")
    assert caught.value.key == "pin-mismatch"
    assert following.said[-1] == before


async def test_who_am_i(following: Following) -> None:
    account = await personal.account(following.client.online())
    assert account.name == "Lin Xia"


def share(key: str, *, person_id: str = "", team: str = "") -> creator_pb2.Share:
    return creator_pb2.Share(
        id=key,
        instance_id="g-1",
        instance_name="Poster",
        owner_name="Ann Berg",
        person_id=person_id,
        team=team,
    )


async def test_what_is_shared_is_beside_ones_own_and_can_be_given_back(
    server: Server, following: Following
) -> None:
    server.received = [share("mine", person_id="lin"), share("other", person_id="lin")]
    await server.tell()
    known = await following.until(lambda s: s.shared)
    assert [i.owner_name for i in known.shared] == ["Ann Berg"]
    assert [i.id for i in known.instances] == ["i-comfyui"], "never among one's own"
    await following.client.leave("g-1")
    assert server.asked == ["revoke mine", "revoke other"]
    assert following.said[-1].shared == (), "at once, before the next message"


async def test_a_teams_share_is_only_the_owners_to_end(
    server: Server, following: Following
) -> None:
    server.received = [share("team", team="lighting")]
    await server.tell()
    await following.until(lambda s: s.shared)
    with pytest.raises(AigcError, match="Ann Berg") as caught:
        await following.client.leave("g-1")
    assert caught.value.key == "shared-with-team"
    server.received.append(share("mine", person_id="lin"))
    await following.client.leave("g-1")
    assert server.asked == ["revoke mine"]
    assert following.said[-1].shared, "it is still the team's"


async def test_the_way_to_a_former_account_is_asked_for_and_ends_with_the_sign_in(
    following: Following,
) -> None:
    assert following.said[-1].former is Former.POSSIBLE
    await following.client.sign_out()
    gone = await following.until(lambda s: s.link is Link.SIGNED_OUT)
    assert gone.former is Former.NONE
    assert (gone.shared, gone.heard_at) == ((), None)


@pytest.mark.parametrize(
    ("web_url", "issuer", "page"),
    [
        ("https://gw.lan/", "https://gw.lan/oidc", "https://gw.lan/oidc/account"),
        ("https://gw.lan", "https://login.example/realms/studio", ""),
        ("https://gw.lan", "https://gw.lan.example/oidc", ""),
        ("", "/oidc", ""),
    ],
)
def test_only_a_local_account_has_a_page_here(web_url: str, issuer: str, page: str) -> None:
    assert account_url(web_url, issuer) == page
