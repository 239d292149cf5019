"""A real Chromium for the tests of the coordinator's pages."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import ConsoleMessage, Page, async_playwright

from tests.coordinator.identity.house import PASSWORD, House

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def chromium(within: str = "", **context: Any) -> AsyncIterator[Page]:
    """A page of a fresh Chromium; any error in its console fails the test.

    ``within``: only errors of what is loaded from there; others' pages are theirs.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", headless=True, args=_ARGUMENTS
        )
        try:
            page = await (await browser.new_context(**context)).new_page()
            page.set_default_timeout(30_000)
            troubles: list[str] = []
            page.on("pageerror", lambda error: troubles.append(str(error)))

            def console(said: ConsoleMessage) -> None:
                if said.type == "error" and said.location["url"].startswith(within):
                    troubles.append(said.text)

            page.on("console", console)
            yield page
            assert not troubles, troubles
        finally:
            await browser.close()


async def picture(page: Page, name: str) -> None:
    """A screenshot for a person to look at, where AIGC_PICTURES names a folder."""
    folder = os.environ.get("AIGC_PICTURES")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)


async def sign_in(page: Page, house: House, username: str = "lin") -> None:
    await page.goto(f"{house.web_url}/engines")
    await page.fill("[name=username]", username)
    await page.fill("[name=password]", PASSWORD)
    await page.press("[name=password]", "Enter")
    await page.wait_for_url("**/engines")
