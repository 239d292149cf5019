"""``aigc demo``: the main job on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aigc.cli.output import json_option, print_json
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from aigc.cli.demo_people import Account, People
    from aigc.cli.demo_story import Step, Story
    from aigc.cli.demo_studio import DemoPlan, DemoStudio, Ready
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2

# The unattended story leaves for so long.
CHECK_RELEASE_AFTER = "6s"
CHECK_GRACE = "2s"
# A tray that lacks something of the system ends within this time.
TRAY_SECONDS = 2.0


@click.command("demo")
@click.option("--check", is_flag=True, help="Play the whole story unattended; exit code 0 or 1.")
@click.option("--headless", is_flag=True, help="Open no tray and no browser.")
@click.option(
    "--runtime",
    type=click.Choice(["auto", "docker", "process"]),
    default="auto",
    show_default=True,
    help="How engines run. auto: Docker where it answers, else as local processes.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everything here; otherwise in a temporary folder that is removed.",
)
@json_option
def demo_command(
    check: bool, headless: bool, runtime: str, data_dir: Path | None, as_json: bool
) -> int:
    """Everything on this machine, to try it out: coordinator, gateway, agent, demo engine.

    Nothing listens on another address than this machine's loopback. Ctrl-C stops all of it.
    """
    from aigc.cli.demo_image import image_name
    from aigc.cli.demo_runtime import choose_runtime
    from aigc.cli.demo_studio import DemoPlan, engine_folder

    folder = (data_dir or Path(tempfile.mkdtemp(prefix="aigc-demo-"))).absolute()
    engine = engine_folder()
    plan = DemoPlan(folder, "process", engine, image_name(engine), fixed_ports=not check)
    if check:
        plan = replace(plan, release_after=CHECK_RELEASE_AFTER, grace_after_start=CHECK_GRACE)
    demo = Demo(plan, check=check, headless=headless, as_json=as_json)
    try:
        chosen = choose_runtime(runtime, plan, demo.say)
        demo.plan = replace(plan, runtime=chosen.name, docker_socket=chosen.docker_socket)
        demo.runtime_reason = chosen.reason
        return asyncio.run(demo.run())
    finally:
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class Demo:
    """One run of the demo.

    Attributes:
        runtime_reason: why engines run as they do, where that is worth saying.
    """

    plan: DemoPlan
    check: bool
    headless: bool
    as_json: bool
    runtime_reason: str = ""

    def say(self, text: str = "") -> None:
        click.echo(text, err=self.as_json)

    async def run(self) -> int:
        """Returns the exit code."""
        from aigc.cli.demo_story import Story
        from aigc.cli.demo_studio import DemoStudio

        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        main = asyncio.current_task()
        assert main is not None

        def end() -> None:
            if stop.is_set() or self.check:
                main.cancel()  # a second Ctrl-C, or the unattended story
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        story = Story(self._tell)
        studio = DemoStudio(self.plan)
        begun = time.monotonic()
        failure: Exception | None = None
        try:
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(self._stop, story, studio)
                await self._play(story, studio, stop, stack)
        except AigcError as error:
            failure = error
        except asyncio.CancelledError:
            main.uncancel()
            self.say("Stopped.")
            return 130
        except Exception as error:
            if not self.check:
                raise
            # Whatever it was, the unattended story ends in words and an exit code.
            traceback.print_exc()
            failure = error
        finally:
            studio.kill()  # what a second Ctrl-C kept from ending in good order
        return self._conclude(story, failure, time.monotonic() - begun)

    async def _play(
        self,
        story: Story,
        studio: DemoStudio,
        stop: asyncio.Event,
        stack: contextlib.AsyncExitStack,
    ) -> None:
        from aigc.cli.demo_browser import Browser
        from aigc.cli.demo_people import People

        if not self.check:
            self.say("Starting a studio on this machine ...")
        ready = await story.step("start coordinator and gateway", self._begin(studio))
        people = People(self.plan.folder, ready)
        await people.prepare()
        admin = await story.step("make the first admin with the one-time code", people.make_admin())
        it_browser = await stack.enter_async_context(Browser())
        it = await story.step(
            "IT signs in", stack.enter_async_context(people.session(admin, it_browser))
        )
        node = await story.step(
            "a machine joins", self._join(studio, it, ready), self._describe_node
        )
        creator = await story.step("IT makes an account for Lin", people.make_creator(it))
        stack.push_async_callback(self._stop_instances, it)
        if self.check:
            await self._check(story, people, creator)
        else:
            await self._show(studio, ready, admin, creator, node, stop, people)

    async def _begin(self, studio: DemoStudio) -> Ready:
        await asyncio.to_thread(studio.write)
        return await studio.start_coordinator()

    async def _join(
        self, studio: DemoStudio, it: CoordinatorSession, ready: Ready
    ) -> admin_pb2.Node:
        """By the very line that IT copies, unless this folder's machine joined before."""
        from protos.aigc.v1 import admin_pb2

        known = (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes
        if not known:
            said = await it.admin.CreateJoinCommand(
                admin_pb2.CreateJoinCommandRequest(address=ready.creators)
            )
            await studio.join_agent(said.command)
        await studio.start_agent()
        try:
            async with asyncio.timeout(60):
                while True:
                    for node in (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes:
                        if node.online and node.gpus:
                            found: admin_pb2.Node = node
                            return found
                    studio.check_alive("agent")
                    await asyncio.sleep(0.2)
        except TimeoutError as error:
            raise AigcError(
                "demo-machine",
                f"The machine did not come online within 60 s:\n{studio.log_tail('agent')}",
                ErrorKind.UNAVAILABLE,
            ) from error

    def _describe_node(self, node: admin_pb2.Node) -> str:
        cards = ", ".join(
            g.name + (" (simulated)" if g.simulated and "simulated" not in g.name.lower() else "")
            for g in node.gpus
        )
        return f"{node.name}, {node.driver_name}, {cards}"

    async def _check(self, story: Story, people: People, creator: Account) -> None:
        from aigc.cli.demo_browser import Browser
        from aigc.cli.demo_story import play

        async with contextlib.AsyncExitStack() as stack:
            browser = await stack.enter_async_context(Browser())
            session = await story.step(
                "Lin signs in (authorization code with PKCE)",
                stack.enter_async_context(people.session(creator, browser)),
            )
            await play(story, session, browser)

    async def _show(
        self,
        studio: DemoStudio,
        ready: Ready,
        admin: Account,
        creator: Account,
        node: admin_pb2.Node,
        stop: asyncio.Event,
        people: People,
    ) -> None:
        """Tell what runs and how to get in, then wait for Ctrl-C."""
        from aigc.join_link import JoinLink

        simulated = any(g.simulated for g in node.gpus)
        how = "in Docker containers" if self.plan.runtime == "docker" else "as local processes"
        link = JoinLink(ready.creators, ready.pin)
        tray = await self._open_tray(studio, ready, people.ca_pem)
        self.say()
        self.say("A studio is running on this machine:")
        self.say(f"  coordinator  {ready.creators}, web pages at {ready.web_url}")
        self.say(
            f"  gateway      {ready.gateway_url.replace('{host}', 'NAME')}, a name for each engine"
        )
        self.say(f"  machine      {self._describe_node(node)}")
        self.say(f"  engines      run {how}{self.runtime_reason and f': {self.runtime_reason}'}")
        if simulated:
            self.say("  cards        simulated: no real card is used, whatever the figures say")
        self.say(f"  data         {self.plan.folder}")
        self.say()
        if tray:
            self.say("The tray app is open: sign in there, and start the demo engine.")
        else:
            self.say(f"Open {ready.web_url} in a browser, and start the demo engine.")
        self.say(f"  creator  {creator.username:<4} password  {creator.password}")
        self.say(f"  IT       {admin.username:<4} password  {admin.password}")
        self.say()
        self.say(f"On the command line:  export AIGC_COORDINATOR='{link}'")
        command = "aigc" if shutil.which("aigc") else sys.argv[0]
        self.say(f"                      {command} login --store file; {command} start demo --wait")
        self.say()
        self.say("Ctrl-C stops everything.")
        ended = [asyncio.ensure_future(studio.children[n].wait()) for n in ("coordinator", "agent")]
        asked = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([*ended, asked], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*ended, asked):
                task.cancel()
            await asyncio.gather(*ended, asked, return_exceptions=True)
        if not stop.is_set():
            for name in ("coordinator", "agent"):
                studio.check_alive(name)

    async def _open_tray(self, studio: DemoStudio, ready: Ready, ca_pem: bytes) -> bool:
        """The tray with a settings folder of its own, where there is a screen."""
        screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if self.headless or not (screen or sys.platform in ("win32", "darwin")):
            return False
        from desktop_client.config import ClientConfig, save_client_config

        folder = self.plan.folder / "desktop"
        config = ClientConfig(ready.creators, ready.pin, ca_pem)
        await asyncio.to_thread(save_client_config, folder, config)
        options = ["--config-dir", str(folder), "--store", "file", "--show"]
        process = await studio.spawn("tray", [sys.executable, "-m", "aigc.cli", "tray", *options])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TRAY_SECONDS):
                await process.wait()
        if process.returncode is not None:
            self.say(f"The tray app cannot be shown here: {studio.log_tail('tray', lines=1)}")
        return process.returncode is None

    async def _stop_instances(self, it: CoordinatorSession) -> None:
        """Ask for the end of every engine, and wait for it: the orderly way."""
        from aigc.cli.instances import state_name
        from protos.aigc.v1 import admin_pb2

        over = ("stopped", "failed", "deleted")
        with contextlib.suppress(AigcError, TimeoutError):
            async with asyncio.timeout(20):
                asked: set[str] = set()
                while True:
                    said = await it.admin.ListAllInstances(admin_pb2.ListAllInstancesRequest())
                    live = [i for i in said.instances if state_name(i) not in over]
                    if not live:
                        return
                    for instance in live:
                        if instance.id not in asked:
                            asked.add(instance.id)
                            await it.admin.StopAnyInstance(
                                admin_pb2.StopAnyInstanceRequest(instance_id=instance.id)
                            )
                    await asyncio.sleep(0.2)

    async def _stop(self, story: Story, studio: DemoStudio) -> None:
        if self.check:
            await story.step("stop everything", studio.stop())
        else:
            self.say("Stopping ...")
            await studio.stop()

    def _tell(self, step: Step) -> None:
        if not self.check or self.as_json:
            return
        mark = "ok    " if step.ok else "FAILED"
        detail = f"  {step.detail}" if step.detail else ""
        self.say(f"{mark} {step.seconds:7.2f} s  {step.name}{detail}")

    def _conclude(self, story: Story, failure: Exception | None, seconds: float) -> int:
        if self.check and self.as_json:
            print_json(
                {
                    "ok": failure is None,
                    "runtime": self.plan.runtime,
                    "seconds": round(seconds, 3),
                    "error": None if failure is None else str(failure),
                    "steps": [
                        {
                            "step": s.name,
                            "ok": s.ok,
                            "seconds": round(s.seconds, 3),
                            "detail": s.detail,
                        }
                        for s in story.steps
                    ],
                }
            )
        elif self.check and failure is None:
            self.say(f"The whole story works ({self.plan.runtime}): {seconds:.1f} s.")
        if failure is None:
            return 0
        if not self.check:
            raise failure
        if not self.as_json:
            click.secho(f"Error: {failure}", fg="red", err=True)
        return 1
