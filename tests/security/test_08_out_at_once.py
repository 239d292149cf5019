"""Attack 8 from end to end: who is signed out or disabled is out of open pages and streams at once.

Real coordinator, gateway and agent, an engine with a WebSocket, a person's browser and programs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from aigc.cli.demo_story import _open_page, _wait_ready
from aigc.cli.demo_studio import DemoPlan, DemoStudio, engine_folder
from aigc.errors import AigcError, ErrorKind
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import open_store
from protos.aigc.v1 import admin_pb2, creator_pb2

pytestmark = [pytest.mark.attack(8), pytest.mark.slow, pytest.mark.timeout(300)]

WITHIN = 5.0


@dataclass
class House:
    """Attributes: it: IT's session; address: of the creator's engine."""

    studio: DemoStudio
    people: People
    it: CoordinatorSession
    creator: Account

    async def creator_id(self) -> str:
        said = await self.it.admin.ListPeople(admin_pb2.ListPeopleRequest())
        return str(next(p.person.id for p in said.people if p.username == self.creator.username))


@contextlib.asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    engine = await asyncio.to_thread(engine_folder)
    plan = DemoPlan(folder, "process", engine, fixed_ports=False)
    studio = DemoStudio(plan)
    await asyncio.to_thread(studio.write)
    try:
        ready = await studio.start_coordinator()
        people = People(folder, ready)
        await people.prepare()
        admin = await people.make_admin()
        async with Browser() as browser, people.session(admin, browser) as it:
            said = await it.admin.CreateJoinCommand(
                admin_pb2.CreateJoinCommandRequest(address=ready.creators)
            )
            await studio.join_agent(said.command)
            await studio.start_agent()
            yield House(studio, people, it, await people.make_creator(it))
    finally:
        await studio.stop()


async def until_closed(socket: ClientConnection) -> None:
    """Goes on talking, as an engine's page does."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.send('{"type": "ping"}')
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.2)


async def until_refused(session: CoordinatorSession) -> AigcError:
    try:
        async for _ in session.creator.WatchInstances(creator_pb2.WatchInstancesRequest()):
            pass
    except AigcError as error:
        return error
    raise AssertionError("the stream ended without a reason")


async def out_within(seconds: float, act: Callable[[], Awaitable[object]], *open_: object) -> None:
    """Every open thing ends in time after the act."""
    waiting = [asyncio.ensure_future(thing) for thing in open_]  # type: ignore[call-overload]
    await asyncio.wait(waiting, timeout=1.0)
    assert not any(task.done() for task in waiting), "it was not open"
    await act()
    done, late = await asyncio.wait(waiting, timeout=seconds)
    for task in late:
        task.cancel()
    assert not late, f"{len(late)} of {len(waiting)} are still open"
    for task in done:
        error = task.result()
        if error is not None:
            assert isinstance(error, AigcError)
            assert error.kind is ErrorKind.UNAUTHENTICATED


async def test_signed_out_everywhere_then_disabled(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        person = await here.creator_id()
        folder = tmp_path / "script"

        async def sign_out() -> None:
            await here.it.admin.SignOutEverywhere(
                admin_pb2.SignOutEverywhereRequest(person_id=person)
            )

        async def disable() -> None:
            await here.it.admin.SetPersonDisabled(
                admin_pb2.SetPersonDisabledRequest(person_id=person, disabled=True)
            )

        for act in (sign_out, disable):
            async with Browser() as browser, here.people.session(here.creator, browser) as me:
                started = await me.creator.StartInstance(
                    creator_pb2.StartInstanceRequest(engine_id="demo")
                )
                ready = await _wait_ready(me, started.instance.id)
                await _open_page(browser, ready.url)
                socket = await browser.socket(
                    f"{ready.url.replace('http', 'ws', 1).rstrip('/')}/ws"
                )
                open_ = [until_closed(socket), until_refused(me)]
                if act is disable:
                    token = await me.creator.CreateToken(
                        creator_pb2.CreateTokenRequest(name="script", days=1)
                    )
                    script = CoordinatorSession(
                        Endpoint(me.address, here.people.ca_pem),
                        open_store("memory", folder),
                        api_token=token.token,
                        config_dir=folder,
                    )
                    open_.append(until_refused(script))
                await out_within(WITHIN, act, *open_)
                await socket.close()
                if act is disable:
                    await script.close()
                # Nothing opens again with what was in the browser and the programs.
                page = await browser.visit(ready.url)
                assert "/page/page.js" not in page.text
                with pytest.raises(AigcError) as caught:
                    await me.creator.ListInstances(creator_pb2.ListInstancesRequest())
                assert caught.value.kind is ErrorKind.UNAUTHENTICATED
