"""A hostile engine's page in a real Chromium: what it tries ends at its own host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.coordinator.identity.house import open_house
from tests.gateway.conformance.raw_engine import RawEngine, running_raw_engine
from tests.gateway.place import HOST, Place
from tests.gateway.test_browser import browser, place, url

__all__ = ["browser", "place"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("playwright starts its driver with blocking calls"),
    pytest.mark.attack(14, 17),
]
_SLOW = 30_000
_HARMFUL = (
    b'Clear-Site-Data: "*"\r\nService-Worker-Allowed: /\r\n'
    b"Set-Cookie: __Host-aigc=stolen; Path=/; Secure\r\n"
    b"Set-Cookie: tossed=header; Domain=localhost; Path=/\r\n"
    b"Access-Control-Allow-Origin: *\r\n"
)


def answer(body: bytes, kind: bytes = b"text/html") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n" % (kind, len(body))
    return head + _HARMFUL + b"\r\n" + body


@pytest_asyncio.fixture
async def hostile(place: Place) -> AsyncIterator[RawEngine]:
    """The sibling's engine: every answer of its carries what it should not."""
    async with running_raw_engine() as engine:
        place.addresses[("inst-sibling", 1)] = ("127.0.0.1", engine.port)
        script = b"self.addEventListener('fetch', (e) => e.respondWith(new Response('worker')));"
        for path in ("/sw.js", "/deep/sw.js"):
            engine.answers[path] = answer(script, b"text/javascript")
        for path in ("/", "/deep/", "/favicon.ico"):
            engine.answers[path] = answer(b"<h1 id=engine>hostile</h1>")
        yield engine


async def test_what_a_hostile_page_tries_ends_at_its_own_host(
    place: Place, browser: Browser, hostile: RawEngine, tmp_path: Path
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(url(place))
    await expect(page.locator("#engine")).to_have_text("the engine", timeout=_SLOW)
    await page.goto(url(place, "sibling"))
    await expect(page.locator("#engine")).to_have_text("hostile", timeout=_SLOW)
    found = await page.evaluate(
        """async () => {
          const attempt = async (script, options) => {
            try { return (await navigator.serviceWorker.register(script, options)).scope; }
            catch (error) { return "refused"; }
          };
          const results = {
            root: await attempt("/sw.js"),
            widened: await attempt("/deep/sw.js", {scope: "/"}),
            own: await attempt("/deep/sw.js"),
          };
          document.cookie = "tossed=script; Domain=localhost; Path=/";
          document.cookie = "tossed=script; Domain=.localhost; Path=/";
          return results;
        }"""
    )
    assert found["root"] == found["widened"] == "refused"
    assert found["own"] == url(place, "sibling", "/deep/")  # within its own folder it may
    # It is still signed in here and there, with cookies that only the gateway wrote.
    place.engine.requests.clear()
    await page.goto(url(place))
    await expect(page.locator("#engine")).to_have_text("the engine", timeout=_SLOW)
    for _, _, headers in place.engine.requests:
        assert "tossed" not in dict(headers).get("cookie", "")
    values = {c["value"] for c in await context.cookies() if c["name"] == "__Host-aigc"}
    assert len(values) == 2
    assert "stolen" not in values
    await page.goto(url(place, "sibling"))
    await expect(page.locator("#engine")).to_have_text("hostile", timeout=_SLOW)
    # The other one's pages: not read, not embedded; nor the coordinator's real ones.
    (tmp_path / "house").mkdir()
    async with open_house(tmp_path / "house") as house:
        for target in (url(place), f"{house.web_url}/signed-out", f"{house.web_url}/trust"):
            seen = await page.evaluate(
                """async (target) => {
                  const read = async (mode) => {
                    try {
                      const answer = await fetch(target, {mode, credentials: "include"});
                      return (await answer.text()).length;
                    } catch (error) { return "refused"; }
                  };
                  const frame = document.createElement("iframe");
                  frame.src = target;
                  const loaded = new Promise((done) => frame.onload = done);
                  document.body.append(frame);
                  await loaded;
                  let inside = "";
                  try { inside = frame.contentWindow.document.title; }
                  catch (error) { inside = "refused"; }
                  return [await read("cors"), await read("no-cors"), inside];
                }""",
                target,
            )
            assert seen[0] in ("refused", 0), target
            assert seen[1] in ("refused", 0), target
            assert seen[2] == "refused", target
        shown = [frame.url for frame in page.frames[1:]]
        assert shown
        for frame in page.frames[1:]:
            text = await frame.evaluate("document.body ? document.body.innerText : ''")
            assert "the engine" not in text
            assert "Studio" not in text
            assert frame.url.startswith(("chrome-error:", url(place, HOST)))
    await context.close()
