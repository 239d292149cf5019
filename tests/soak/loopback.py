"""A whole studio of real processes on this machine, some creators, and what can befall it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from aigc.cli.demo_studio import DemoPlan, DemoStudio, engine_folder
from aigc.cli.instances import state_name
from desktop_client.session import CoordinatorSession
from node_agent.engines import process_files
from node_agent.engines.process_table import is_alive
from protos.aigc.v1 import admin_pb2, creator_pb2
from tests.faults.invariants import Found, Told, broken, read_ledger

SETTLED_WITHIN = 90.0
RESTING = frozenset({"ready", "stopped", "failed", "queued"})


@dataclass
class Creator:
    """Somebody with one instance of the demo engine.

    Attributes:
        wanted: whether it should run, as far as she was told; None: an order's fate is unknown.
        drawn: prompts of pictures that she was told are made.
    """

    name: str
    account: Account
    browser: Browser
    session: CoordinatorSession
    instance_id: str = ""
    page: str = ""
    wanted: bool | None = False
    drawn: list[str] = field(default_factory=list)


@dataclass
class Loopback:
    """See the module. Actions return what was done, for the log of the run."""

    studio: DemoStudio
    people: People
    it: CoordinatorSession
    creators: list[Creator] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)  # engines that were killed or stopped

    @property
    def folder(self) -> Path:
        return self.studio.plan.folder

    # --- faults ------------------------------------------------------------------------------

    async def kill(self, name: str) -> None:
        """SIGKILL of a program, without a word; nothing if it does not run."""
        if name == "gateway":
            record = self.folder / "coordinator" / "gateway.pid"
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(json.loads(await asyncio.to_thread(record.read_text))["pid"], 9)
        elif (process := self.studio.children.pop(name, None)) is not None:
            process.kill()
            await process.wait()

    async def revive(self) -> None:
        """Start what does not run."""
        if "coordinator" not in self.studio.children:
            await self.studio.start_coordinator()
        if "agent" not in self.studio.children:
            await self.studio.start_agent()

    async def freeze_agent(self, seconds: float) -> None:
        agent = self.studio.children.get("agent")
        if agent is None:
            return
        agent.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            agent.send_signal(signal.SIGCONT)

    async def kill_engine(self, creator: Creator) -> bool:
        for found in await asyncio.to_thread(self.found):
            if found.instance_id == creator.instance_id and found.running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int(found.began.split("/")[0]), 9)
                self.touched.add(creator.instance_id)
                return True
        return False

    # --- people ------------------------------------------------------------------------------

    async def start(self, creator: Creator) -> None:
        creator.wanted = None
        answer = await creator.session.creator.StartInstance(
            creator_pb2.StartInstanceRequest(engine_id="demo")
        )
        creator.instance_id = answer.instance.id
        creator.page = answer.instance.url.rstrip("/")
        creator.wanted = True

    async def stop(self, creator: Creator) -> None:
        if not creator.instance_id:
            return
        creator.wanted = None
        self.touched.add(creator.instance_id)
        await creator.session.creator.StopInstance(
            creator_pb2.StopInstanceRequest(instance_id=creator.instance_id)
        )
        creator.wanted = False

    async def visit(self, creator: Creator) -> None:
        """The visit itself starts what does not run."""
        if not creator.page:
            return
        if creator.wanted is False:
            creator.wanted = None
        answer = await creator.browser.visit(creator.page + "/")
        await self.people.log_in(creator.browser, answer, creator.account)

    async def draw(self, creator: Creator, prompt: str) -> None:
        if not creator.page:
            return
        url = creator.page.replace("http", "ws", 1) + "/ws"
        async with asyncio.timeout(20):
            socket = await creator.browser.socket(url)
            try:
                await socket.send(json.dumps({"prompt": prompt}))
                async for message in socket:
                    if json.loads(message)["type"] == "done":
                        creator.drawn.append(prompt)
                        return
            finally:
                await socket.close()

    # --- what is there -----------------------------------------------------------------------

    def found(self) -> list[Found]:
        """What the process driver's folder tells, checked against the kernel. Blocks."""
        there = []
        processes = self.folder / "agent" / "processes"
        for folder in processes.iterdir() if processes.is_dir() else ():
            plan = process_files.read_plan(folder) if folder.is_dir() else None
            if plan is None:
                continue
            leader = process_files.read_leader(folder)
            running = leader is not None and is_alive(leader)
            began = f"{leader.pid}/{leader.start_ticks}" if leader is not None else "never"
            there.append(Found("here", folder.name, plan.instance_id, plan.epoch, running, began))
        return there

    def strays(self) -> list[str]:
        """Processes in this studio's volumes that belong to no engine's session. Blocks."""
        leaders = {int(f.began.split("/")[0]) for f in self.found() if f.began != "never"}
        inside = str((self.folder / "volumes").resolve())
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                if process.cwd().startswith(inside) and os.getsid(process.pid) not in leaders:
                    found.append(f"process {process.pid} {process.cmdline()[:4]} is a stray")
        return found

    async def listed(self) -> dict[str, Told]:
        told = {}
        for creator in self.creators:
            answer = await creator.session.creator.ListInstances(creator_pb2.ListInstancesRequest())
            for i in answer.instances:
                told[i.id] = Told(i.id, i.name, state_name(i), i.line.en)
        return told

    async def wrong(self, before: dict[str, Told], engines: dict[str, str]) -> list[str]:
        """Every invariant that does not hold now; empty once all is settled and well."""
        answer = await self.it.admin.ListNodes(admin_pb2.ListNodesRequest())
        unclaimed = {u.container_id for n in answer.nodes for u in n.unclaimed}
        wrong = [f"{n.name} is offline" for n in answer.nodes if not n.online]
        said = [p.en for n in answer.nodes for p in n.problems]
        wrong += [line for line in said if "plain processes" not in line]  # its standing note
        wrong += [f"unclaimed: {name}" for name in unclaimed]
        after = await self.listed()
        wrong += [f"{t.name} is {t.state}" for t in after.values() if t.state not in RESTING]
        ledger = await asyncio.to_thread(read_ledger, self.folder / "coordinator")
        found = await asyncio.to_thread(self.found)
        untouched = {k: v for k, v in engines.items() if k not in self.touched}
        wrong += broken(ledger, found, unclaimed, before.values(), after.values(), untouched)
        wrong += await asyncio.to_thread(self.strays)
        full = sum(len(r.gpus) for r in ledger.rows) >= self.studio.plan.simulated_gpus
        for creator in self.creators:
            state = after[creator.instance_id].state if creator.instance_id in after else ""
            excused = (state == "queued" and full) or (
                state == "failed" and creator.instance_id in self.touched
            )
            if creator.wanted and state != "ready" and not excused:
                wrong.append(f"{creator.name}'s engine should run and is {state or 'gone'}")
            if creator.wanted is False and state not in ("", "stopped", "failed"):
                wrong.append(f"{creator.name}'s engine should not run and is {state}")
            if state == "ready":
                wrong += await self._page(creator)
        return wrong

    async def _page(self, creator: Creator) -> list[str]:
        try:
            await self.visit(creator)  # signed in at that host, if she was not yet
            answer = await creator.browser.fetch(creator.page + "/gallery")
        except httpx.HTTPError as error:
            return [f"{creator.name}'s page: {error}"]
        if answer.status_code != 200:
            return [f"{creator.name}'s page answers {answer.status_code}"]
        shown = {picture["prompt"] for picture in answer.json()}
        return [f"{creator.name} lost {prompt}" for prompt in creator.drawn if prompt not in shown]

    async def settle(self, before: dict[str, Told], engines: dict[str, str]) -> None:
        """Until every invariant holds.

        Raises:
            AssertionError: with all that does not hold.
        """
        wrong = ["nothing was looked at"]
        try:
            async with asyncio.timeout(SETTLED_WITHIN):
                while wrong:
                    try:
                        wrong = await self.wrong(before, engines)
                    # Whatever is away for the moment is asked again, and told if it stays so.
                    except Exception as error:  # noqa: BLE001
                        wrong = [f"{type(error).__name__}: {error}"]
                    if wrong:
                        await asyncio.sleep(0.2)
        except TimeoutError:
            ends = (f"{n}: {self.studio.log_tail(n, 5)}" for n in ("coordinator", "agent"))
            raise AssertionError("\n".join([*wrong, *ends])) from None

    async def take_failures(self) -> None:
        """A creator whose engine failed was told so; it need not run any more."""
        told = await self.listed()
        for creator in self.creators:
            if creator.instance_id in told and told[creator.instance_id].state == "failed":
                creator.wanted = False

    async def engines(self) -> dict[str, str]:
        """What runs, by instance."""
        return {f.instance_id: f.began for f in await asyncio.to_thread(self.found) if f.running}


@asynccontextmanager
async def loopback(creators: int) -> AsyncIterator[Loopback]:
    """Coordinator, gateway and agent on loopback, with so many creators signed in."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="aigc-soak-"))
    studio = DemoStudio(DemoPlan(folder, "process", engine_folder(), fixed_ports=False))
    try:
        async with contextlib.AsyncExitStack() as stack:
            await asyncio.to_thread(studio.write)
            ready = await studio.start_coordinator()
            people = People(folder, ready)
            await people.prepare()
            admin = await people.make_admin()
            browser = await stack.enter_async_context(Browser())
            it = await stack.enter_async_context(people.session(admin, browser))
            said = await it.admin.CreateJoinCommand(
                admin_pb2.CreateJoinCommandRequest(address=ready.creators)
            )
            await studio.join_agent(said.command)
            await studio.start_agent()
            here = Loopback(studio, people, it)
            for number in range(creators):
                account = await _account(here, f"creator{number}", ready.web_url)
                browser = await stack.enter_async_context(Browser())
                session = await stack.enter_async_context(people.session(account, browser))
                here.creators.append(Creator(account.username, account, browser, session))

            yield here
        await studio.stop()
    finally:
        studio.kill()
        await asyncio.to_thread(_end_all, folder)
        await asyncio.to_thread(shutil.rmtree, folder, True)


async def _account(here: Loopback, username: str, web_url: str) -> Account:
    made = await here.it.admin.CreateAccount(
        admin_pb2.CreateAccountRequest(username=username, name=username, role="creator")
    )
    password = f"{username} likes rain"
    async with Browser() as browser:
        page = await browser.visit(f"{web_url}/")
        await here.people.log_in(browser, page, Account(username, made.one_time_password), password)
    return Account(username, password)


def _end_all(folder: Path) -> None:
    """What programs that were killed for good left behind."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = any(str(folder) in part for part in process.cmdline())
            if ours or process.cwd().startswith(str(folder)):
                process.kill()
                process.wait(10)
