"""The whole of signing in, once, on real parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from aigc.errors import AigcError
from coordinator.domain.people import Role
from tests.coordinator.identity.house import PASSWORD, Native, open_house


async def test_first_admin_then_browser_then_tray(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        path = await house.identity.bootstrap(tmp_path)
        assert path is not None
        assert path.stat().st_mode & 0o777 == 0o600
        async with house.browser() as browser:
            page = await browser.follow(await browser.get("/"))
            assert page.url.path == "/setup"
            answer = await browser.post_form(
                page,
                code=path.read_text().strip(),
                username="lin",
                name="Lin Xia",
                password=PASSWORD,
            )
            page = await browser.follow(answer)
            assert page.status_code == 200, page.text
            assert 'name="password"' in page.text
            page = await browser.follow(
                await browser.post_form(page, username="lin", password=PASSWORD)
            )
            assert page.url.path == "/"
            assert "Lin Xia" in page.text
            assert "Demo engine" in page.text
            assert not path.exists()
        (person,) = house.reactor.studio.people.values()
        assert person.role is Role.ADMIN

        native = Native(house)
        async with native.browser:
            tokens = await native.tokens()
        assert set(tokens) >= {"id_token", "access_token", "refresh_token"}
        session = await house.identity.exchange(tokens["id_token"], native.nonce, device="tray")
        caller = await house.identity.check_session(session.token)
        assert caller.person == person
        assert caller.kind == "session"
        await house.identity.sign_out(caller)
        with pytest.raises(AigcError, match="sign in again"):
            await house.identity.check_session(session.token)


async def test_refresh_gives_a_fresh_session(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.add()
        native = Native(house)
        async with native.browser:
            tokens = await native.tokens()
            await house.identity.exchange(tokens["id_token"], native.nonce)
            fresh = (await native.refresh(tokens["refresh_token"])).json()
            assert fresh["refresh_token"] != tokens["refresh_token"]
            session = await house.identity.exchange(fresh["id_token"], "")
            assert session.person.name == "Lin Xia"
