"""The whole story, unattended: sign in, start, work, leave, be released, come back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from aigc.cli import instances
from aigc.cli.demo_browser import Browser, decode
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2

T = TypeVar("T")

PROMPT = "a dream of the sea at night"
START_SECONDS = 90.0
RELEASE_SECONDS = 120.0
PAGE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done, with its duration."""

    name: str
    seconds: float
    detail: str = ""
    ok: bool = True


@dataclass(slots=True)
class Story:
    """Runs steps, tells each as it ends, and remembers them."""

    tell: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)

    async def step(
        self, name: str, work: Awaitable[T], detail: Callable[[T], str] = lambda _: ""
    ) -> T:
        """Do one thing; its failure is told and raised."""
        begun = time.monotonic()
        try:
            result = await work
        except Exception as error:
            self._add(Step(name, time.monotonic() - begun, str(error) or repr(error), ok=False))
            raise
        self._add(Step(name, time.monotonic() - begun, detail(result)))
        return result

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        self.tell(step)


async def play(story: Story, session: CoordinatorSession, browser: Browser) -> None:
    """From the list of engines to the picture found again."""
    from protos.aigc.v1 import creator_pb2

    listed = await story.step(
        "list engines",
        session.creator.ListEngines(creator_pb2.ListEnginesRequest()),
        lambda said: ", ".join(e.id for e in said.engines),
    )
    engine = next((e.id for e in listed.engines if e.id == "demo"), None)
    if engine is None:
        raise _failed("the catalogue offers no demo engine")
    started = await story.step(
        "start",
        session.creator.StartInstance(creator_pb2.StartInstanceRequest(engine_id=engine)),
        lambda said: said.instance.line.en,
    )
    instance_id = started.instance.id
    ready = await story.step(
        "wait until ready", _wait_ready(session, instance_id), lambda i: i.line.en
    )
    await story.step(
        "open the page through the gateway", _open_page(browser, ready.url), lambda _: ready.url
    )
    name = await story.step(
        "make an image over its WebSocket", _make_image(browser, ready.url), lambda n: n
    )
    before = await story.step(
        "look at the image",
        _look(browser, ready.url, name),
        lambda image: f"{len(image)} bytes",
    )
    released = await story.step(
        "leave, and be released",
        _wait_state(session, instance_id, "stopped", RELEASE_SECONDS),
        lambda i: i.line.en,
    )
    if instances.as_json(released)["stop_reason"] != "idle":
        raise _failed(f"it was stopped, but not for being idle: {released.line.en}")
    await story.step(
        "visit again: the visit starts it", _open_page(browser, ready.url), lambda _: ready.url
    )
    await story.step("find the image", _find_again(browser, ready.url, name, before), lambda n: n)


async def _wait_ready(session: CoordinatorSession, instance_id: str) -> creator_pb2.Instance:
    from aigc.cli.waiting import wait_ready

    return await wait_ready(session, instance_id, START_SECONDS)


async def _wait_state(
    session: CoordinatorSession, instance_id: str, state: str, seconds: float
) -> creator_pb2.Instance:
    from protos.aigc.v1 import creator_pb2

    last = ""
    try:
        async with asyncio.timeout(seconds):
            async for said in session.creator.WatchInstances(creator_pb2.WatchInstancesRequest()):
                for instance in said.instances:
                    if instance.id != instance_id:
                        continue
                    found: creator_pb2.Instance = instance
                    last = found.line.en
                    if instances.state_name(found) == state:
                        return found
    except TimeoutError as error:
        raise _failed(f"not {state} within {seconds:.0f} s; it said last: {last}") from error
    raise _failed(f"the coordinator ended the list before it was {state}")


async def _open_page(browser: Browser, url: str) -> None:
    """Go there as a person does, and stay until the engine's own page is shown."""
    deadline = time.monotonic() + PAGE_SECONDS
    page = await browser.visit(url)
    while not _is_engine(page.text, page.headers.get("content-type", "")):
        if page.status_code >= 400 and page.status_code not in (502, 503):
            raise _failed(f"{page.url} answered {page.status_code}: {page.text[:200]}")
        if time.monotonic() > deadline:
            raise _failed(f"{url} did not show the engine's page: {page.text[:200]}")
        # The waiting page reloads by itself; here it is looked at again.
        await asyncio.sleep(0.2)
        page = await browser.visit(url)


def _is_engine(text: str, kind: str) -> bool:
    return "html" in kind and "/page/page.js" in text


async def _make_image(browser: Browser, url: str) -> str:
    import json

    socket = await browser.socket(_join(url, "ws").replace("http", "ws", 1))
    shares: list[float] = []
    try:
        async with asyncio.timeout(PAGE_SECONDS):
            await socket.send(json.dumps({"prompt": PROMPT}))
            async for message in socket:
                value = decode(message)
                if value["type"] == "progress":
                    shares.append(float(str(value["share"])))
                if value["type"] == "done":
                    if len(shares) < 3 or shares != sorted(shares):
                        raise _failed(f"its progress came as {shares}")
                    return str(value["name"])
    finally:
        await socket.close()
    raise _failed("the WebSocket ended before the image was done")


async def _look(browser: Browser, url: str, name: str) -> bytes:
    answer = await browser.fetch(_join(url, f"pictures/{name}"))
    if answer.status_code != 200 or not answer.content.startswith(b"\x89PNG"):
        raise _failed(f"the image is not there (status {answer.status_code})")
    return answer.content


async def _find_again(browser: Browser, url: str, name: str, before: bytes) -> str:
    answer = await browser.fetch(_join(url, "gallery"))
    gallery: list[dict[str, Any]] = answer.json()
    if [p["prompt"] for p in gallery if p["name"] == name] != [PROMPT]:
        raise _failed(f"the gallery does not list {name}: {gallery}")
    if await _look(browser, url, name) != before:
        raise _failed("the image is another one")
    return name


def _join(url: str, path: str) -> str:
    return f"{url.rstrip('/')}/{path}"


def _failed(why: str) -> AigcError:
    return AigcError("demo-failed", f"{why[:1].upper()}{why[1:]}", ErrorKind.INTERNAL)
