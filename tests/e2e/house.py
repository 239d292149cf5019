"""A whole studio on this machine for engines in images: coordinator, gateway and agent as real
programs, a Docker Engine and a registry of its own, and people with a real Chromium.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc.aio
from playwright.async_api import BrowserContext, Page, Playwright
from ruamel.yaml import YAML

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from aigc.cli.demo_studio import DemoPlan, DemoStudio, engine_folder
from aigc.cli.instances import as_json, state_name
from desktop_client.session import CoordinatorSession
from protos.aigc.v1 import admin_pb2, creator_pb2
from tests.docker_engine import TestEngine
from tests.python_images import EXAMPLES

SLOW = 60_000.0  # milliseconds, for what Chromium waits for on a loaded machine


@dataclass
class House:
    """Attributes: it, me: IT's and the creator's sessions; other: a second creator."""

    docker: TestEngine
    demo: DemoStudio
    people: People
    creator: Account
    other: Account
    playwright: Playwright
    it: CoordinatorSession = field(init=False)
    me: CoordinatorSession = field(init=False)

    # --- catalogue -----------------------------------------------------------------------------

    async def publish(self, example: str, image: str, **idle: str) -> None:
        """An example's template, with the name of its image and the Python in it; or other idle
        times. The coordinator takes it over while it runs."""
        template = await asyncio.to_thread(template_of, example)
        (version,) = template["versions"]
        version["image"] = image
        template["common"]["environment"]["AIGC_ABI"] = "tests"
        template["idle"] = {**template["idle"], **idle}
        path = self.demo.plan.folder / "engines" / f"{example}.yaml"
        part = path.with_suffix(".part")
        await asyncio.to_thread(part.write_text, json.dumps(template), "utf-8")  # JSON is YAML
        await asyncio.to_thread(part.replace, path)

        async def listed() -> bool:
            answer = await self.me.creator.ListEngines(creator_pb2.ListEnginesRequest())
            return any(engine.id == example for engine in answer.engines)

        await until(listed, f"{example} is in the catalogue")

    # --- instances -----------------------------------------------------------------------------

    async def start(self, engine: str) -> creator_pb2.Instance:
        answer = await self.me.creator.StartInstance(
            creator_pb2.StartInstanceRequest(engine_id=engine)
        )
        found: creator_pb2.Instance = answer.instance
        return found

    async def instance(self, instance_id: str) -> creator_pb2.Instance:
        answer = await self.me.creator.ListInstances(creator_pb2.ListInstancesRequest())
        found: creator_pb2.Instance = next(i for i in answer.instances if i.id == instance_id)
        return found

    async def stop(self, instance_id: str) -> None:
        await self.me.creator.StopInstance(creator_pb2.StopInstanceRequest(instance_id=instance_id))
        await self.until_state(instance_id, "stopped")

    async def until_state(
        self, instance_id: str, state: str, seconds: float = 120
    ) -> creator_pb2.Instance:
        last: list[creator_pb2.Instance] = []

        async def reached() -> bool:
            last[:] = [await self.instance(instance_id)]
            found = state_name(last[0])
            assert found == state or found != "failed", last[0].line.en
            return found == state

        try:
            await until(reached, f"{instance_id} is {state}", seconds)
        except AssertionError:
            for name in ("coordinator", "agent"):
                print(f"--- {name}\n{self.demo.log_tail(name, 60)}")
            print(*(as_json(i) for i in last))
            raise
        return last[0]

    # --- people --------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def browser(self) -> AsyncIterator[BrowserContext]:
        """A person's browser, with nothing remembered."""
        chromium = await self.playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        context = await chromium.new_context(
            viewport={"width": 1280, "height": 800}, accept_downloads=True, locale="en-GB"
        )
        context.set_default_timeout(SLOW)
        context.set_default_navigation_timeout(SLOW)
        try:
            yield context
        finally:
            await context.close()
            await chromium.close()

    async def sign_in(self, page: Page, account: Account) -> None:
        """Fill in the sign-in form that the door led to."""
        await page.fill("[name=username]", account.username)
        await page.fill("[name=password]", account.password)
        await page.press("[name=password]", "Enter")


def template_of(example: str) -> dict[str, Any]:
    path = EXAMPLES / "engines" / f"{example}.yaml"
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    return found


async def until(
    what: Callable[[], Awaitable[bool]], told: str, seconds: float = 60, pause: float = 0.1
) -> None:
    """Ask until it is so, or fail saying what was waited for."""
    try:
        async with asyncio.timeout(seconds):
            while not await what():  # noqa: ASYNC110 - what is asked is elsewhere
                await asyncio.sleep(pause)
    except TimeoutError:
        raise AssertionError(f"waited {seconds:g} s until {told}") from None


async def true(value: bool) -> bool:
    """For :func:`until`, of what needs no waiting."""
    return value


async def shoot(page: Page, name: str) -> None:
    """A screenshot for a person to look at, where AIGC_PICTURES names a folder."""
    folder = os.environ.get("AIGC_PICTURES")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png")


@contextlib.asynccontextmanager
async def open_house(docker: TestEngine, playwright: Playwright) -> AsyncIterator[House]:
    """The studio runs, its machine has joined, two creators exist; the catalogue is empty."""
    grpc.aio.init_grpc_aio()
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="aigc-house-"))
    plan = DemoPlan(
        folder, "docker", engine_folder(), docker_socket=docker.socket, fixed_ports=False
    )
    demo = DemoStudio(plan)
    try:
        await asyncio.to_thread(demo.write)
        await asyncio.to_thread((folder / "engines" / "demo.yaml").unlink)
        ready = await demo.start_coordinator()
        people = People(folder, ready)
        await people.prepare()
        admin = await people.make_admin()
        async with contextlib.AsyncExitStack() as stack:
            browsers = [await stack.enter_async_context(Browser()) for _ in range(2)]
            it = await stack.enter_async_context(people.session(admin, browsers[0]))
            said = await it.admin.CreateJoinCommand(
                admin_pb2.CreateJoinCommandRequest(address=ready.creators)
            )
            await demo.join_agent(said.command)
            await demo.start_agent()
            creator = await people.make_creator(it)
            other = await _second_creator(people, it, ready.web_url)
            me = await stack.enter_async_context(people.session(creator, browsers[1]))
            house = House(docker, demo, people, creator, other, playwright)
            house.it, house.me = it, me

            async def joined() -> bool:
                nodes = (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes
                return bool(nodes) and nodes[0].online

            await until(joined, "the machine is online")
            yield house
        await demo.stop()
    finally:
        demo.kill()
        await asyncio.to_thread(shutil.rmtree, folder, True)


async def _second_creator(people: People, it: CoordinatorSession, web_url: str) -> Account:
    made = await it.admin.CreateAccount(
        admin_pb2.CreateAccountRequest(username="ming", name="Ming Yu", role="creator")
    )
    account = Account("ming", "ming-likes-long-rain")
    async with Browser() as browser:
        page = await browser.visit(f"{web_url}/")
        await people.log_in(
            browser, page, Account("ming", made.one_time_password), account.password
        )
    return account
