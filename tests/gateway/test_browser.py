"""A real Chromium at the door: signing in, waiting, the engine, and what siblings cannot do."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from protos.aigc.v1 import common_pb2
from tests.gateway.place import HOST, Place, open_place, until
from tests.gateway.test_waiting import set_state

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("playwright starts its driver with blocking calls"),
]
_SLOW = 30_000
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" '
    'rx="10" fill="#7b4bd8"/><path d="M14 32 24 14l10 18z" fill="#fff"/>'
    '<script>parent.document.title="stolen"</script></svg>'
)


@asynccontextmanager
async def web_pages(place: Place) -> AsyncIterator[str]:
    """The coordinator's hand-off page, small and real: everybody is Lin here. A stand-in."""

    async def handoff(request: Request) -> Response:
        query = request.query_params
        code = secrets.token_urlsafe(16)
        place.coordinator.put_code(code, query["host"], query["nonce_hash"], "lin", query["to"])
        host = f"{query['host']}.localhost:{place.port}"
        return RedirectResponse(f"http://{host}/.aigc/handoff?code={code}", 303)

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/handoff", handoff)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path) as place, web_pages(place) as web_url:
        place.coordinator.web_url = web_url
        place.coordinator.put_route("sibling")
        place.addresses[("inst-sibling", 1)] = ("127.0.0.1", place.engine.port)
        await place.coordinator.stop()  # the new address comes with the next snapshot
        await until(lambda: place.coordinator.streams == 0, "the gateway lost the coordinator")
        await place.coordinator.start()
        await until(lambda: place.coordinator.streams == 1, "the gateway is back")
        yield place


def url(place: Place, host: str = HOST, path: str = "/") -> str:
    return f"http://{host}.localhost:{place.port}{path}"


async def test_visit_signs_in_waits_and_turns_into_the_engine(
    place: Place, browser: Browser
) -> None:
    set_state(place, "STOPPED", title="ComfyUI", icon_svg=_ICON)
    page = await browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    await page.goto(url(place, path="/?workflow=1"))
    await expect(page.locator("h1")).to_have_text("ComfyUI", timeout=_SLOW)
    await until(lambda: len(place.coordinator.visits) == 1, "the visit is told")
    set_state(
        place,
        "PREPARING",
        title="ComfyUI",
        icon_svg=_ICON,
        line=common_pb2.Sentence(en="Preparing the image", zh="准备中"),
        parts=[
            common_pb2.PartProgress(
                part=common_pb2.PartProgress.PART_IMAGE, bytes_done=5 * 10**9, bytes_total=10**10
            )
        ],
    )
    await expect(page.locator("#status")).to_contain_text("5.0 GB of 10.0 GB", timeout=_SLOW)
    assert page.url == url(place, path="/?workflow=1")
    assert await page.title() == "◔ ComfyUI"  # the drawing's script did not run
    set_state(place, "READY")
    await expect(page.locator("#engine")).to_have_text("the engine", timeout=_SLOW)
    assert page.url == url(place, path="/?workflow=1")
    assert len(place.coordinator.visits) == 1
    # The browser tells of the page's 503 and of a favicon's 404; nothing was refused by policy.
    assert [p for p in problems if "status of" not in p] == []
    answer = await page.evaluate(
        """async () => {
          const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
          await new Promise((done) => socket.onopen = done);
          socket.send("hello");
          const said = await new Promise((done) => socket.onmessage = (m) => done(m.data));
          const posted = await fetch("/echo", {method: "POST", body: "abc"});
          return said + " " + await posted.text() + " " + navigator.sendBeacon("/count", "x")
            + " [" + document.cookie + "]";
        }"""
    )
    assert answer == "echo: hello abc true []"
    cookies = await page.context.cookies(url(place))
    assert [(c["name"], c["httpOnly"], c["secure"], c["sameSite"]) for c in cookies] == [
        ("__Host-aigc", True, True, "Lax")
    ]
    await page.context.close()


async def test_without_scripts_the_page_reloads_until_the_engine_is_there(
    place: Place, browser: Browser
) -> None:
    set_state(place, "STARTING")
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(url(place, path="/x"), timeout=_SLOW)
    await expect(page.locator("h1")).to_have_text("Comfy", timeout=_SLOW)
    place.engine.requests.clear()
    set_state(place, "READY")
    await until(lambda: page.url == url(place, path="/x"), "it came back")
    await expect(page.locator("body")).to_contain_text("Not Found", timeout=_SLOW)  # the engine's
    await context.close()


async def test_a_sibling_cannot_reach_over(place: Place, browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    for host in (HOST, "sibling"):
        await page.goto(url(place, host))
        await expect(page.locator("#engine")).to_have_text("the engine", timeout=_SLOW)
    place.engine.requests.clear()
    target = url(place)
    found = await page.evaluate(
        """async (target) => {
          const results = {};
          const ask = async (name, options) => {
            try {
              const answer = await fetch(target + "seen",
                {credentials: "include", mode: "no-cors", ...options});
              results[name] = answer.type;
            } catch (error) { results[name] = "refused"; }
          };
          await ask("get", {});
          await ask("post", {method: "POST", body: "x"});
          await ask("cors", {mode: "cors", method: "PUT"});
          results.socket = await new Promise((done) => {
            const socket = new WebSocket(target.replace("http", "ws") + "ws");
            socket.onopen = () => done("open");
            socket.onerror = () => done("refused");
          });
          results.frame = await new Promise((done) => {
            const frame = document.createElement("iframe");
            frame.src = target;
            frame.onload = () => done("loaded");
            document.body.append(frame);
          });
          document.cookie = "__Host-aigc=tossed; Domain=localhost; Path=/; Secure";
          document.cookie = "__Host-aigc=tossed; Path=/; Secure";
          const form = document.createElement("form");
          form.method = "post";
          form.action = target + "echo";
          document.body.append(form);
          form.submit();
          return results;
        }""",
        target,
    )
    assert found["socket"] == "refused"
    assert found["cors"] == "refused"
    await page.wait_for_url(url(place, path="/echo"), timeout=_SLOW)
    # Whatever the browser made of it: the first one's engine saw none of these.
    assert place.engine.requests == []
    # And both still work.
    for host in (HOST, "sibling"):
        await page.goto(url(place, host))
        await expect(page.locator("#engine")).to_have_text("the engine", timeout=_SLOW)
    await context.close()


async def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("AIGC_SCREENSHOTS")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light"), ("zh-CN", "dark")])
async def test_every_state_fits_360_pixels(
    place: Place, browser: Browser, language: str, scheme: str
) -> None:
    parts = [
        common_pb2.PartProgress(
            part=common_pb2.PartProgress.PART_IMAGE,
            bytes_done=4_100_000_000,
            bytes_total=9_800_000_000,
        ),
        common_pb2.PartProgress(part=common_pb2.PartProgress.PART_DATA, done=True),
        common_pb2.PartProgress(part=common_pb2.PartProgress.PART_MODELS),
    ]
    states: list[tuple[str, str, dict[str, object]]] = [
        (
            "preparing",
            "PREPARING",
            {
                "parts": parts,
                "line": common_pb2.Sentence(
                    en="Preparing · image 4.1 of 9.8 GB", zh="准备中 · 镜像 4.1 / 9.8 GB"
                ),
            },
        ),
        (
            "queued",
            "QUEUED",
            {
                "queue_position": 2,
                "line": common_pb2.Sentence(
                    en="needs 20 GB on one card; the largest free is 11 GB on render-02 "
                    "until about 14:30",
                    zh="需要单卡 20 GB；目前最大空闲为 render-02 上的 11 GB，约至 14:30",
                ),
            },
        ),
        (
            "failed",
            "FAILED",
            {
                "line": common_pb2.Sentence(
                    en="Could not start: the image does not exist. Tell IT: registry answered "
                    "404 for registry.studio.lan:5000/engines/sd-webui:1.11",
                    zh="启动失败：镜像不存在。请告知 IT：仓库对 sd-webui:1.11 返回 404",
                )
            },
        ),
        ("unreachable", "UNREACHABLE", {"node_id": ""}),
    ]
    context = await browser.new_context(
        locale=language,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": 360, "height": 640},
    )
    page = await context.new_page()
    set_state(place, "STARTING", title="ComfyUI", icon_svg=_ICON)
    await page.goto(url(place), timeout=_SLOW)
    for name, state, fields in states:
        set_state(place, state, title="ComfyUI 文生图", icon_svg=_ICON, simulated=True, **fields)
        await page.goto(url(place, path="/.aigc/waiting"), timeout=_SLOW)
        phase = {"preparing": "coming", "unreachable": "away"}.get(name, name)
        await expect(page.locator(f"#status.{phase}")).to_be_visible(timeout=_SLOW)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width == 360
        await shoot(page, f"waiting-{name}-{language}-{scheme}")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await shoot(page, f"waiting-wide-{language}-{scheme}")
    await context.close()
