"""One's own account, IT's pages about people and the device flow, in a real Chromium without any
script; in both languages, light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pyotp
import pytest
from playwright.async_api import Page, expect

from coordinator.domain.people import Role
from tests.coordinator.api.web.chromium import chromium, picture, sign_in
from tests.coordinator.identity.house import PASSWORD, House, open_house

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.blocking_allowed("Playwright starts its driver in the test's own loop"),
]
STEP = 30
Colours = Literal["light", "dark"]
LOOKS = [("en-GB", "light"), ("zh-CN", "dark")]


async def code_of(house: House, page: Page) -> str:
    """What the app shows for the secret on the page."""
    secret = (await page.locator("code.secret").inner_text()).replace(" ", "")
    return pyotp.TOTP(secret).at(int(house.clock.now().timestamp()))


@pytest.mark.parametrize(("language", "colours"), LOOKS)
async def test_ones_own_account(tmp_path: Path, language: str, colours: Colours) -> None:
    options: dict[str, Any] = {"locale": language, "color_scheme": colours}
    async with (
        open_house(tmp_path) as house,
        chromium(java_script_enabled=False, **options) as page,
    ):
        await house.add("it", Role.ADMIN, "IT")
        await house.add()
        await sign_in(page, house)
        await page.locator(".account summary").click()
        await page.locator('.menu a[href="/oidc/account"]').click()
        await picture(page, f"account-{language}-{colours}")
        await page.locator('a[href="/oidc/second-factor"]').click()
        await expect(page.locator("svg.qr")).to_be_visible()
        shown = await page.locator("svg.qr").get_attribute("viewBox")
        assert shown  # all of it is seen, at whatever size
        await picture(page, f"second-factor-{language}-{colours}")
        secret = (await page.locator("code.secret").inner_text()).replace(" ", "")
        await page.fill("[name=code]", await code_of(house, page))
        await page.locator("button[value=confirm]").click()
        await expect(page.locator(".codes li")).to_have_count(10)
        await picture(page, f"recovery-{language}-{colours}")
        await page.locator("main a.primary").click()
        await page.locator('a[href="/oidc/password"]').click()
        await page.fill("[name=current]", PASSWORD)
        await page.fill("[name=password]", "quite another one")
        await page.fill("[name=again]", "quite another one")
        await page.locator("form button").click()
        await expect(page.locator('main a[href="/oidc/account"]')).to_be_visible()
        await picture(page, f"password-saved-{language}-{colours}")
        # This browser goes on; signing out and in again asks for both.
        await page.goto(f"{house.web_url}/engines")
        await page.locator(".account summary").click()
        await page.locator(".menu button").click()
        await page.goto(f"{house.web_url}/engines")
        await page.fill("[name=username]", "lin")
        await page.fill("[name=password]", "quite another one")
        await page.locator("form button").click()
        await page.wait_for_url("**/oidc/second?*")
        await picture(page, f"second-{language}-{colours}")
        house.clock.ahead += STEP
        await page.fill("[name=code]", pyotp.TOTP(secret).at(int(house.clock.now().timestamp())))
        await page.locator("form button").click()
        await page.wait_for_url("**/engines")


@pytest.mark.parametrize(("language", "colours"), LOOKS)
async def test_a_device_is_let_in(tmp_path: Path, language: str, colours: Colours) -> None:
    options: dict[str, Any] = {"locale": language, "color_scheme": colours}
    async with (
        open_house(tmp_path) as house,
        chromium(java_script_enabled=False, **options) as page,
        house.browser() as program,
    ):
        await house.add("it", Role.ADMIN, "IT")
        await house.add()
        form = {"client_id": "aigc-native", "scope": "openid", "device_name": "aigc on render-07"}
        codes = (await program.post("/oidc/device_authorization", data=form)).json()
        await page.goto(codes["verification_uri_complete"])
        await picture(page, f"device-login-{language}-{colours}")
        await page.fill("[name=username]", "lin")
        await page.fill("[name=password]", PASSWORD)
        await page.locator("form button").click()
        await expect(page.locator("[name=user_code]")).to_have_value(codes["user_code"])
        await picture(page, f"device-{language}-{colours}")
        await page.locator("form button").click()
        await expect(page.get_by_text("aigc on render-07")).to_be_visible()
        await picture(page, f"device-confirm-{language}-{colours}")
        await page.locator("button[value=yes]").click()
        await expect(page.locator("h1")).to_have_text(re.compile("Done|完成"))
        await picture(page, f"device-done-{language}-{colours}")


@pytest.mark.parametrize(("language", "colours"), LOOKS)
async def test_what_it_does_with_people(tmp_path: Path, language: str, colours: Colours) -> None:
    options: dict[str, Any] = {"locale": language, "color_scheme": colours}
    async with (
        open_house(tmp_path) as house,
        chromium(java_script_enabled=False, **options) as page,
        chromium(java_script_enabled=False) as wu,
    ):
        await house.add("it", Role.ADMIN, "Ingrid Tang")
        await house.add()
        await sign_in(page, house, "it")
        await page.locator(".account summary").click()
        await page.locator('.menu a[href="/admin/people"]').click()
        await page.locator('a[href="/admin/people/new"]').click()
        await picture(page, f"person-new-{language}-{colours}")
        await page.fill("[name=username]", "wu")
        await page.fill("[name=name]", "Wu Min")
        await page.locator("form button").click()
        one_time = await page.locator("code.secret").inner_text()
        await picture(page, f"person-password-{language}-{colours}")
        await page.locator("main a.primary").click()
        await picture(page, f"person-{language}-{colours}")
        # Wu chooses a password, and is in.
        await wu.goto(f"{house.web_url}/engines")
        await wu.fill("[name=username]", "wu")
        await wu.fill("[name=password]", one_time)
        await wu.locator("form button").click()
        await wu.fill("[name=current]", one_time)
        await wu.fill("[name=password]", "my very own words")
        await wu.fill("[name=again]", "my very own words")
        await wu.locator("form button").click()
        await wu.wait_for_url("**/engines")
        # A role, and the list.
        await page.locator('a[href$="/role"]').click()
        await page.select_option("[name=role]", "team_lead")
        await picture(page, f"person-role-{language}-{colours}")
        await page.locator("form button").click()
        await expect(page.get_by_text(re.compile("team lead|团队负责人"))).to_be_visible()
        await page.goto(f"{house.web_url}/admin/people")
        await picture(page, f"people-{language}-{colours}")
        # Disabling asks for a sign-in of the last ten minutes.
        house.clock.ahead += 601
        await page.get_by_role("link", name="Wu Min").click()
        await page.locator('a[href$="/disable"]').click()
        await page.wait_for_url("**/oidc/login?*")
        await expect(page.locator("[name=username]")).to_have_value("it")
        await page.fill("[name=password]", PASSWORD)
        await page.locator("form button").click()
        await page.wait_for_url("**/disable")
        await picture(page, f"person-disable-{language}-{colours}")
        await page.locator("button.danger").click()
        await expect(page.locator(".danger-tag")).to_be_visible()
        await picture(page, f"person-disabled-{language}-{colours}")
        await wu.goto(f"{house.web_url}/engines")
        await wu.wait_for_url("**/oidc/login?*")
