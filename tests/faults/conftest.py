"""A whole studio of real processes on this machine, with one engine that runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest_asyncio

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from aigc.cli.demo_studio import DemoPlan, DemoStudio
from aigc.cli.instances import state_name
from desktop_client.session import CoordinatorSession
from protos.aigc.v1 import admin_pb2, creator_pb2

ENGINE_FOLDER = Path(__file__).parents[2] / "examples" / "demo_engine"


@dataclass
class Live:
    """Attributes: page: the engine's address; engine: its process."""

    studio: DemoStudio
    people: People
    admin: Account
    creator: Account
    browser: Browser
    stack: contextlib.AsyncExitStack
    it: CoordinatorSession = field(init=False)
    me: CoordinatorSession = field(init=False)
    instance_id: str = ""
    page: str = ""

    @property
    def folder(self) -> Path:
        return self.studio.plan.folder

    async def kill(self, name: str) -> None:
        """SIGKILL, without a word."""
        process = self.studio.children.pop(name)
        process.kill()
        await process.wait()

    async def instance(self) -> creator_pb2.Instance:
        answer = await self.me.creator.ListInstances(creator_pb2.ListInstancesRequest())
        found: creator_pb2.Instance = next(i for i in answer.instances if i.id == self.instance_id)
        return found

    async def node(self) -> admin_pb2.Node:
        answer = await self.it.admin.ListNodes(admin_pb2.ListNodesRequest())
        found: admin_pb2.Node = answer.nodes[0]
        return found

    async def state(self) -> str:
        return state_name(await self.instance())

    async def page_works(self) -> bool:
        """The engine itself answers, through the gateway."""
        try:
            answer = await self.browser.fetch(self.page + "/gallery")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    async def serves_within(self, seconds: float) -> float:
        """How long until the page works (again)."""
        began = asyncio.get_running_loop().time()
        await until(self.page_works, seconds)
        return asyncio.get_running_loop().time() - began

    def engines(self) -> list[psutil.Process]:
        """The engine processes that run in this studio."""
        inside = str((self.folder / "volumes").resolve())
        agents = str((self.folder / "agent").resolve())
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.cwd().startswith((inside, agents)) and process.ppid() != os.getpid():
                    found.append(process)
        return found


async def until(what: Callable[[], Awaitable[bool]], seconds: float = 40) -> None:
    """Ask until it is so; what is away for the moment is asked again."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(Exception):
                if await what():
                    return
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def live() -> AsyncIterator[Live]:
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="aigc-faults-"))
    plan = DemoPlan(folder, "process", ENGINE_FOLDER, fixed_ports=False)
    studio = DemoStudio(plan)
    try:
        async with contextlib.AsyncExitStack() as stack:
            await asyncio.to_thread(studio.write)
            ready = await studio.start_coordinator()
            people = People(folder, ready)
            await people.prepare()
            admin = await people.make_admin()
            browser = await stack.enter_async_context(Browser())
            it_browser = await stack.enter_async_context(Browser())
            it = await stack.enter_async_context(people.session(admin, it_browser))
            said = await it.admin.CreateJoinCommand(
                admin_pb2.CreateJoinCommandRequest(address=ready.creators)
            )
            await studio.join_agent(said.command)
            await studio.start_agent()
            creator = await people.make_creator(it)
            me = await stack.enter_async_context(people.session(creator, browser))
            here = Live(studio, people, admin, creator, browser, stack)
            here.it, here.me = it, me

            async def joined() -> bool:
                return (await here.node()).online

            await until(joined)
            started = await me.creator.StartInstance(
                creator_pb2.StartInstanceRequest(engine_id="demo")
            )
            here.instance_id = started.instance.id
            here.page = started.instance.url.rstrip("/")

            async def ready_now() -> bool:
                return await here.state() == "ready"

            await until(ready_now, 60)
            await browser.visit(here.page + "/")
            await until(here.page_works)
            yield here
            for process in studio.children.values():
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGCONT)
        await studio.stop()
    finally:
        studio.kill()
        await asyncio.to_thread(_end_gateway, folder)
        await asyncio.to_thread(shutil.rmtree, folder, True)


def _end_gateway(folder: Path) -> None:
    """What a coordinator that was killed for good left behind."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(str(folder) in part for part in process.cmdline()):
                process.kill()
                process.wait(10)
