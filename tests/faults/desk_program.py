"""What people do at the desktop, as a program of its own in the desktop's network.

Requests come as JSON lines on standard input, answers go out as JSON lines: ``{"do": NAME, ...}``
and ``{"ok": VALUE}`` or ``{"error": SENTENCE, "key": KEY}``. It signs IT and a creator in through
the real pages, asks the coordinator, and probes an engine's page all the while.

Usage: desk_program.py STUDIO_FOLDER CREATORS_ADDRESS PIN WEB_URL GATEWAY_URL
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import Account, People
from aigc.cli.demo_studio import Ready
from aigc.cli.instances import as_json, state_name
from aigc.errors import AigcError
from desktop_client.session import CoordinatorSession, Endpoint
from desktop_client.tokens import open_store
from protos.aigc.v1 import admin_pb2, creator_pb2

PROBE_EVERY = 0.1
# How long one probe may take before it counts as a failure: the machine under test is busy.
PROBE_WITHIN = 10.0


class Prober:
    """One HTTP request and one WebSocket exchange on a running engine's page every 100 ms."""

    def __init__(self, browser: Browser, page: str) -> None:
        self._browser = browser
        self._page = page
        self._tasks: list[asyncio.Task[None]] = []
        self._end = asyncio.Event()
        self.failures: list[str] = []
        self.requests = 0
        self.messages = 0
        self.slowest = 0.0

    async def begin(self) -> None:
        socket = await self._browser.socket(self._page.replace("http", "ws", 1) + "/ws")
        await asyncio.wait_for(socket.recv(), PROBE_WITHIN)  # its greeting
        self._tasks = [
            asyncio.create_task(self._ask_pages()),
            asyncio.create_task(self._exchange(socket)),
        ]

    async def finish(self) -> dict[str, Any]:
        self._end.set()
        await asyncio.wait(self._tasks, timeout=PROBE_WITHIN)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return {
            "requests": self.requests,
            "messages": self.messages,
            "failures": self.failures,
            "slowest": round(self.slowest, 3),
        }

    async def _ask_pages(self) -> None:
        while not self._end.is_set():
            began = time.monotonic()
            try:
                async with asyncio.timeout(PROBE_WITHIN):
                    answer = await self._browser.fetch(self._page + "/gallery")
                if answer.status_code != 200:
                    self.failures.append(f"status {answer.status_code}: {answer.text[:200]}")
            except (httpx.HTTPError, TimeoutError) as error:
                self.failures.append(f"request: {type(error).__name__} {error}")
            self.requests += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            await asyncio.sleep(PROBE_EVERY)

    async def _exchange(self, socket: ClientConnection) -> None:
        try:
            while not self._end.is_set():
                async with asyncio.timeout(PROBE_WITHIN):
                    await socket.send("?")  # what the engine refuses, in one frame
                    await socket.recv()
                self.messages += 1
                await asyncio.sleep(PROBE_EVERY)
        except (websockets.ConnectionClosed, TimeoutError, OSError) as error:
            self.failures.append(f"WebSocket: {type(error).__name__} {error}")
        finally:
            await socket.close()


class Desk:
    """The people at the desktop, signed in."""

    def __init__(self, folder: Path, ready: Ready) -> None:
        self._folder = folder
        self._ready = ready
        self._people = People(folder, ready)
        self._open = contextlib.AsyncExitStack()
        self._prober: Prober | None = None
        self._it: CoordinatorSession
        self._me: CoordinatorSession
        self._browser: Browser
        self._creator: Account
        self._socket: ClientConnection | None = None

    async def close(self) -> None:
        await self._open.aclose()

    async def sign_in(self) -> None:
        """Both people, anew; their accounts are made where there are none."""
        await self._open.aclose()
        await self._people.prepare()
        admin = await self._people.make_admin()
        it_browser = await self._open.enter_async_context(Browser())
        self._it = await self._open.enter_async_context(self._people.session(admin, it_browser))
        self._creator = await self._people.make_creator(self._it)
        self._browser = await self._open.enter_async_context(Browser())
        self._me = await self._open.enter_async_context(
            self._people.session(self._creator, self._browser)
        )

    async def make_tokens(self) -> dict[str, str]:
        """API tokens of both people."""
        made = {}
        for name, session in (("it", self._it), ("me", self._me)):
            request = creator_pb2.CreateTokenRequest(name="faults", days=1)
            made[name] = str((await session.creator.CreateToken(request)).token)
        return made

    async def use_tokens(self, tokens: dict[str, str]) -> None:
        """Talk to the coordinator without signing in."""
        await self._people.prepare()
        endpoint = Endpoint(self._ready.creators, self._people.ca_pem)
        sessions = [
            await self._open.enter_async_context(
                CoordinatorSession(
                    endpoint, open_store("memory", self._folder), api_token=tokens[name]
                )
            )
            for name in ("it", "me")
        ]
        self._it, self._me = sessions

    async def join_command(self) -> str:
        said = await self._it.admin.CreateJoinCommand(
            admin_pb2.CreateJoinCommandRequest(address=self._ready.creators)
        )
        return str(said.command)

    async def nodes(self) -> list[dict[str, Any]]:
        answer = await self._it.admin.ListNodes(admin_pb2.ListNodesRequest())
        return [
            {
                "id": n.id,
                "name": n.name,
                "online": n.online,
                "problems": [p.en for p in n.problems],
                "unclaimed": [
                    {"id": u.container_id, "instance": u.instance_id, "epoch": u.epoch}
                    for u in n.unclaimed
                ],
                "ledger_refused": n.ledger_refused,
            }
            for n in answer.nodes
        ]

    async def instances(self) -> list[dict[str, Any]]:
        answer = await self._me.creator.ListInstances(creator_pb2.ListInstancesRequest())
        return [as_json(i) for i in answer.instances]

    async def start(self, name: str = "", instance: str = "") -> dict[str, Any]:
        answer = await self._me.creator.StartInstance(
            creator_pb2.StartInstanceRequest(
                engine_id="" if instance else "demo", name=name, instance_id=instance
            )
        )
        return as_json(answer.instance)

    async def rename(self, instance: str, name: str) -> None:
        await self._me.creator.RenameInstance(
            creator_pb2.RenameInstanceRequest(instance_id=instance, name=name)
        )

    async def stop(self, instance: str) -> str:
        answer = await self._me.creator.StopInstance(
            creator_pb2.StopInstanceRequest(instance_id=instance)
        )
        return state_name(answer.instance)

    async def accept_ledger(self, node: str) -> None:
        await self._it.admin.AcceptLedger(admin_pb2.AcceptLedgerRequest(node_id=node))

    async def visit(self, page: str) -> int:
        """Go there as a person does, signing in where it is asked for."""
        answer = await self._browser.visit(page + "/")
        answer = await self._people.log_in(self._browser, answer, self._creator)
        return answer.status_code

    async def draw(self, page: str, prompt: str) -> str:
        """A picture over the engine's WebSocket; its name."""
        socket = await self._browser.socket(page.replace("http", "ws", 1) + "/ws")
        try:
            async with asyncio.timeout(60):
                await socket.send(json.dumps({"prompt": prompt}))
                async for message in socket:
                    value = json.loads(message)
                    if value["type"] == "done":
                        return str(value["name"])
        finally:
            await socket.close()
        raise AigcError("no-picture", "The WebSocket ended before the picture was done.")

    async def page(self, page: str, seconds: float = 5.0) -> int:
        """The status that the page's own script gets; 0 when nobody answers."""
        try:
            async with asyncio.timeout(seconds):
                return (await self._browser.fetch(page + "/gallery")).status_code
        except (httpx.HTTPError, TimeoutError):
            return 0

    async def gallery(self, page: str) -> list[str]:
        answer = await self._browser.fetch(page + "/gallery")
        answer.raise_for_status()
        return [str(p["prompt"]) for p in answer.json()]

    async def fresh_page(self, page: str, seconds: float = 60.0) -> float:
        """Seconds until a browser that knows nothing is signed in and at the engine's page."""
        began = time.monotonic()
        last = ""
        while time.monotonic() - began < seconds:
            try:
                async with asyncio.timeout(20), Browser() as browser:
                    answer = await browser.visit(page + "/")
                    await self._people.log_in(browser, answer, self._creator)
                    found = await browser.fetch(page + "/gallery")
                    if found.status_code == 200:
                        return time.monotonic() - began
                    last = f"status {found.status_code}"
            except (httpx.HTTPError, TimeoutError, AigcError) as error:
                last = f"{type(error).__name__} {error}"
            await asyncio.sleep(0.05)
        raise AigcError("no-page", f"The page did not work within {seconds:g} s: {last}")

    async def page_within(self, page: str, seconds: float = 60.0) -> float:
        """Seconds until the page that is open here works (again)."""
        began = time.monotonic()
        status = 0
        while time.monotonic() - began < seconds:
            status = await self.page(page)
            if status == 200:
                return time.monotonic() - began
            await asyncio.sleep(0.05)
        raise AigcError("no-page", f"The page did not work within {seconds:g} s: status {status}")

    async def probe(self, page: str) -> None:
        self._prober = Prober(self._browser, page)
        await self._prober.begin()

    async def probed(self) -> dict[str, Any]:
        assert self._prober is not None
        return await self._prober.finish()

    async def open_socket(self, page: str) -> None:
        """A page is open, and then nobody does anything there."""
        self._socket = await self._browser.socket(page.replace("http", "ws", 1) + "/ws")

    async def socket_lives(self) -> bool:
        """Whether that page's WebSocket still answers."""
        assert self._socket is not None
        try:
            async with asyncio.timeout(5):
                await self._socket.send("?")
                while json.loads(await self._socket.recv())["type"] != "refused":
                    pass
        except (websockets.ConnectionClosed, TimeoutError, OSError):
            return False
        return True


async def _main() -> None:
    folder, creators, pin, web_url, gateway_url = sys.argv[1:6]
    desk = Desk(Path(folder), Ready(creators, web_url, gateway_url, pin))
    loop = asyncio.get_running_loop()
    lines: asyncio.StreamReader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    try:
        while line := await lines.readline():
            request = json.loads(line)
            work: Callable[..., Awaitable[Any]] = getattr(desk, request.pop("do"))
            try:
                answer: dict[str, Any] = {"ok": await work(**request)}
            except AigcError as error:
                answer = {"error": str(error), "key": error.key}
            # Whatever goes wrong here is for the test to judge.
            except Exception as error:  # noqa: BLE001
                answer = {"error": f"{type(error).__name__}: {error}", "key": "defect"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        await desk.close()


if __name__ == "__main__":
    asyncio.run(_main())
