"""Sharing between two people: a real tray, a real studio; the colleague is at the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from aigc.cli.demo_browser import Browser
from desktop_client.session import CoordinatorSession
from protos.aigc.v1 import common_pb2
from protos.aigc.v1 import creator_pb2 as pb
from tests.desktop.conftest import Studio
from tests.desktop.screen import Screen, TrayProcess
from tests.standins.tray_host import TrayHost

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]


@asynccontextmanager
async def colleague(studio: Studio) -> AsyncIterator[CoordinatorSession]:
    """IT, who has engines too."""
    async with Browser() as browser, studio.people.session(studio.admin, browser) as session:
        yield session


async def until(
    session: CoordinatorSession, look: Callable[[pb.WatchInstancesResponse], bool]
) -> None:
    """Wait until the colleague's own list says so."""
    async with asyncio.timeout(60):
        async for message in session.creator.WatchInstances(pb.WatchInstancesRequest()):
            if look(message):
                return


async def signed_in(studio: Studio, tray: TrayProcess, host: TrayHost) -> None:
    await host.until(lambda: host.items, what="the icon")
    await host.click("Sign in")
    page = await studio.browse(await tray.url(0))
    assert page.status_code == 200
    await host.menu_line("Start", within="Demo")


async def test_what_a_colleague_shares_is_told_opened_and_over(
    studio: Studio, desk: Screen
) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
        colleague(studio) as it,
    ):
        await signed_in(studio, tray, host)
        engine = (await it.creator.ListEngines(pb.ListEnginesRequest())).engines[0]
        made = await it.creator.StartInstance(
            pb.StartInstanceRequest(engine_id=engine.id, name="Poster")
        )
        await until(it, lambda m: m.instances[0].state == common_pb2.INSTANCE_STATE_READY)
        found = await it.creator.FindColleagues(pb.FindColleaguesRequest(query="Lin"))
        given = await it.creator.ShareInstance(
            pb.ShareInstanceRequest(
                instance_id=made.instance.id,
                person_id=found.people[0].id,
                access=common_pb2.ACCESS_USE,
                minutes=60,
            )
        )
        note = (await host.until(lambda: host.notes("shares Poster with you"), 60, "the news"))[0]
        await host.menu_line("Poster", within="Shared with me")
        await host.choose(note, "open")
        opened = await tray.url(1)
        page = await studio.browse(opened)
        assert page.status_code == 200, "the gateway lets the guest in"

        await it.creator.RevokeShare(pb.RevokeShareRequest(id=given.share.id))
        await host.until(lambda: host.notes("no longer shared"), 60, "the end is told")
        await host.until_no_line("Poster")


async def test_an_engine_is_shared_by_keyboard(studio: Studio, desk: Screen) -> None:
    async with (
        TrayHost(desk.bus) as host,
        TrayProcess(desk, desk.folder / "config", "--coordinator", studio.link) as tray,
        colleague(studio) as it,
    ):
        await signed_in(studio, tray, host)
        await host.click("Start", within="Demo")
        await host.until(lambda: host.notes("is ready"), 60, "ready")
        await host.click("Share…", within="Demo")
        window = await desk.until_window("Share Demo")
        await desk.write_in(window, "IT")
        there = asyncio.ensure_future(until(it, lambda m: len(m.shared) == 1))
        while not there.done():  # each Enter leads one step on, as soon as there is one
            await desk.keys_to(window, "Return")
            await asyncio.wait([there], timeout=1)
        await there
        await host.until_line("Shared with 1")
        shared = (await it.creator.ListInstances(pb.ListInstancesRequest())).shared
        assert [(s.owner_name, s.access) for s in shared] == [("Lin Xia", common_pb2.ACCESS_USE)]

        received = (await it.creator.ListShares(pb.ListSharesRequest())).received
        await it.creator.RevokeShare(pb.RevokeShareRequest(id=received[0].id))
        await host.until_no_line("Shared with 1")
