"""One studio for all desktop tests of a module: coordinator, gateway, agent as real programs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest_asyncio

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from aigc.cli.demo_studio import DemoPlan, DemoStudio, Ready, engine_folder
from aigc.join_link import JoinLink
from protos.aigc.v1 import admin_pb2
from tests.desktop.screen import Screen, screen


@dataclass
class Studio:
    """A running studio with one creator. ``browse`` signs her in at an address."""

    demo: DemoStudio
    ready: Ready
    people: People
    creator: Account
    admin: Account

    @property
    def link(self) -> str:
        return str(JoinLink(self.ready.creators, self.ready.pin))

    async def browse(self, url: str) -> httpx.Response:
        """The creator's browser: opens the address and signs in where it is asked to."""
        async with Browser() as browser:
            return await self.people.log_in(browser, await browser.visit(url), self.creator)

    async def restart_coordinator(self) -> None:
        """On the ports that it had, as a service manager would."""
        path = self.demo.plan.folder / "coordinator.toml"
        ports = {"creators": self.ready.creators, "web": urlsplit(self.ready.web_url).netloc}
        text = path.read_text("utf-8")
        for name, address in ports.items():
            text = text.replace(f'{name} = "127.0.0.1:0"', f'{name} = "{address}"')
        path.write_text(text, "utf-8")
        self.ready = await self.demo.start_coordinator()

    async def disable_creator(self) -> None:
        """IT disables the creator's account."""
        async with Browser() as browser, self.people.session(self.admin, browser) as it:
            people = (await it.admin.ListPeople(admin_pb2.ListPeopleRequest())).people
            creator = next(p.person.id for p in people if p.person.role == "creator")
            await it.admin.SetPersonDisabled(
                admin_pb2.SetPersonDisabledRequest(person_id=creator, disabled=True)
            )


@asynccontextmanager
async def running_studio(folder: Path) -> AsyncIterator[Studio]:
    """Engines run as local processes, on simulated cards."""
    plan = DemoPlan(folder / "studio", "process", engine_folder(), fixed_ports=False)
    demo = DemoStudio(plan)
    try:
        await asyncio.to_thread(demo.write)
        ready = await demo.start_coordinator()
        people = People(plan.folder, ready)
        await people.prepare()
        admin = await people.make_admin()
        async with Browser() as browser, people.session(admin, browser) as it:
            said = await it.admin.CreateJoinCommand(
                admin_pb2.CreateJoinCommandRequest(address=ready.creators)
            )
            await demo.join_agent(said.command)
            await demo.start_agent()
            creator = await people.make_creator(it)
        yield Studio(demo, ready, people, creator, admin)
    finally:
        await demo.stop()
        await asyncio.to_thread(shutil.rmtree, plan.folder, ignore_errors=True)


@pytest_asyncio.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """A studio for one test."""
    async with running_studio(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Screen]:
    """A desktop with a window manager and a session bus."""
    async with screen(tmp_path) as made:
        yield made
