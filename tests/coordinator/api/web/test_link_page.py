"""Somebody who had an account before the studio moved to another provider, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from coordinator.domain.people import PersonId, Role
from tests.coordinator.api.web.chromium import chromium, picture
from tests.coordinator.identity.house import PASSWORD, House, open_house
from tests.coordinator.identity.test_foreign_provider import PEOPLE, settings
from tests.coordinator.identity.test_links import start
from tests.standins.foreign_provider import (
    native_client,
    running,
    sign_in_with,
    web_client,
)

pytestmark = [
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.blocking_allowed("Playwright starts its driver in the test's own loop"),
]


async def boss_of(house: House) -> PersonId:
    return next(p.id for p in house.reactor.studio.people.values() if p.name == "Boss")


async def ask(page: Page, username: str, password: str = "", note: str = "") -> None:
    await page.fill("#username", username)
    await page.fill("#password", password)
    await page.fill("#note", note)
    await page.get_by_role("button", name="Ask for it").click()


async def test_from_the_menu_to_the_engines_of_then(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.add("boss", Role.ADMIN, "Boss")
        await start(house, (await house.add("lin")).id, "Portraits")
    async with (
        running(tmp_path, **PEOPLE) as provider,
        open_house(tmp_path, settings(provider)) as house,
        chromium(f"{house.web_url}/static") as page,  # a wrong password is a 401 in its console
    ):
        await provider.set_clients(native_client(), web_client(house.web_url))
        links = house.identity.links
        await page.goto(house.web_url)
        await sign_in_with(page, "lin")
        await expect(page.get_by_role("heading", name="Your engines")).to_be_visible()
        await page.locator(".account summary").click()
        await picture(page, "link-menu")
        await (
            page.locator(".account")
            .get_by_role("link", name="I had an account here before")
            .click()
        )
        await picture(page, "link-form")
        await ask(page, "lin", "not my password")
        await expect(page.get_by_role("alert")).to_contain_text("wrong")
        await ask(page, "lin", note="Since spring")
        await expect(page.get_by_text("You asked for “lin”")).to_be_visible()
        await picture(page, "link-open")
        (view,) = await links.views()
        assert (view.link.note, view.link.proven) == ("Since spring", False)
        await links.refuse(view.link.id, "Please prove it with the password.", await boss_of(house))
        await page.reload()
        await expect(page.get_by_role("status")).to_contain_text("prove it with the password")
        await picture(page, "link-refused")
        await page.emulate_media(color_scheme="dark")
        await page.goto(f"{house.web_url}/language?to=zh&back=/link")
        await expect(page.get_by_role("heading", name="您的原账户")).to_be_visible()
        await picture(page, "link-form-zh-dark")
        await page.goto(f"{house.web_url}/language?to=en&back=/link")
        await ask(page, "lin", PASSWORD)
        await expect(page.get_by_text("You asked for “lin”")).to_be_visible()
        (view,) = await links.views()
        await links.approve(view.link.id, await boss_of(house))
        # Signed in again by the provider without a question: the same page, the engines of then.
        await page.goto(house.web_url)
        await expect(page.get_by_text("Portraits")).to_be_visible()
        await page.goto(f"{house.web_url}/link")
        await expect(page.get_by_text("Your former account is linked.")).to_be_visible()
