"""Signing in and My engines in a real Chromium, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from coordinator.domain.instance import State
from coordinator.domain.people import Role
from tests.coordinator.api.web.chromium import chromium, picture, sign_in
from tests.coordinator.identity.house import PASSWORD, Native, open_house

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.blocking_allowed("Playwright starts its driver in the test's own loop"),
]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en-GB", ("Sign in", "Start", "Cancel", "Stopped", "Your engines")),
        ("zh-CN", ("登录", "启动", "取消", "已停止", "您的引擎")),
    ],
)
async def test_sign_in_and_my_engines(
    tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    enter, start, cancel, stopped, mine = words
    async with open_house(tmp_path) as house, chromium(locale=language) as page:
        await house.add("it", Role.ADMIN, "IT")
        await house.add()
        await page.goto(house.web_url)
        await expect(page.get_by_role("button", name=enter)).to_be_visible()
        await sign_in(page, house)
        await expect(page.get_by_role("heading", name=mine)).to_be_visible()
        await page.get_by_role("button", name=start, exact=True).click()
        await expect(page.get_by_role("button", name=cancel)).to_be_visible()
        (instance,) = house.reactor.studio.instances.values()
        assert instance.state is State.QUEUED
        await page.get_by_role("button", name=cancel).click()
        await expect(page.locator(".line").first).to_contain_text(stopped)


async def test_the_list_follows_without_reloading(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, chromium() as page, chromium() as second:
        await house.add("it", Role.ADMIN, "IT")
        await house.add()
        await sign_in(page, house)
        await sign_in(second, house)
        await second.get_by_role("button", name="Start", exact=True).click()
        await expect(page.get_by_role("button", name="Cancel")).to_be_visible()


async def test_without_a_script(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, chromium(java_script_enabled=False) as page:
        await house.add("it", Role.ADMIN, "IT")
        await house.add()
        await sign_in(page, house)
        await page.get_by_role("button", name="Start", exact=True).click()
        await page.get_by_role("button", name="Cancel").click()
        await page.get_by_role("link", name="Delete…").click()
        await page.get_by_role("button", name="Delete Demo engine").click()
        await expect(page.get_by_text("You have no engine yet")).to_be_visible()
        await page.locator(".account summary").click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_a_form_leads_back_to_the_tray(tmp_path: Path, host: str) -> None:
    """Chromium holds redirects after a form against the policy's form-action."""
    async with open_house(tmp_path) as house, chromium() as page:
        await house.add()
        native = Native(house)
        await native.browser.aclose()
        arrived: list[str] = []
        pattern = f"http://{host}:49152/**"

        async def tray(route: Any) -> None:
            arrived.append(route.request.url)
            await route.fulfill(status=200, body="done", content_type="text/plain")

        await page.route(pattern, tray)
        address = native.request(redirect_uri=f"http://{host}:49152/callback")
        await page.goto(house.web_url + address)
        await page.fill("[name=username]", "lin")
        await page.fill("[name=password]", PASSWORD)
        await page.press("[name=password]", "Enter")
        await expect(page.get_by_text("done")).to_be_visible()
        assert "code=" in arrived[-1]


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (360, "light", "en"),
        (360, "dark", "zh-CN"),
        (1280, "light", "zh-CN"),
        (1280, "dark", "en"),
        (3840, "light", "en"),
    ],
)
async def test_every_page_fits(tmp_path: Path, width: int, scheme: str, language: str) -> None:
    look: dict[str, Any] = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
    }
    async with open_house(tmp_path) as house, chromium(**look, locale=language) as page:
        await house.identity.bootstrap(tmp_path)

        async def fits(name: str) -> None:
            await picture(page, f"{name}-{width}-{scheme}-{language[:2]}")
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, name

        await page.goto(house.web_url)
        await fits("setup")
        await house.add("it", Role.ADMIN, "IT")
        await house.add()
        await page.goto(f"{house.web_url}/engines")
        await fits("login")
        await sign_in(page, house)
        await fits("engines-empty")
        await page.locator(".offer details summary").click()
        await fits("offer")
        await page.locator(".offer button.primary").click()
        await expect(page.locator(".dot.queued")).to_be_visible()
        await fits("engines")
        await page.locator(".account summary").click()
        await fits("account")
        await page.goto(f"{house.web_url}/oidc/password")
        await fits("password")
        await page.goto(f"{house.web_url}/trust")
        await fits("trust")
        await page.goto(f"{house.web_url}/signed-out")
        await fits("signed-out")
