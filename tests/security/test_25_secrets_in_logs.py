"""Line 25: with logs at DEBUG the whole story of signing in is told without a single secret.

Every secret that the story uses is collected and searched for in all that any library wrote.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from aigc.errors import AigcError
from coordinator.domain.people import PersonId
from coordinator.identity.handoff import hash_nonce
from coordinator.identity.issuer_devices import GRANT_TYPE
from coordinator.identity.throttle import Asker
from coordinator.naming import start_request
from tests.coordinator.identity.house import ENGINE, PASSWORD, House, Native, csrf_of, open_house

pytestmark = [pytest.mark.attack(25), pytest.mark.timeout(120)]
CHOSEN = "words of my own choice"
TOKENS = ("id_token", "access_token", "refresh_token")
STEP = 30


class Story:
    """Signs in in every way there is, and remembers every secret."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.secrets: dict[str, str] = {}

    def told(self, **secrets: str) -> None:
        self.secrets |= secrets

    async def first_admin(self) -> PersonId:
        path = await self.house.identity.bootstrap(self.folder)
        assert path is not None
        code = (await asyncio.to_thread(path.read_text)).strip()
        admin = await self.house.identity.set_up(code, "it", "IT", PASSWORD, "10.0.0.1")
        self.told(first_admin_code=code, admin_password=PASSWORD)
        return admin.id

    async def account(self, it: PersonId) -> None:
        person, one_time = await self.house.identity.create_account("lin", "Lin Xia", by=it)
        assert one_time is not None
        again = await self.house.identity.reset_password(person.id, it)
        self.told(first_one_time=one_time.password, one_time=again.password, chosen=CHOSEN)
        async with self.house.browser() as browser:
            page = await browser.follow(await browser.get("/engines"))
            page = await browser.follow(
                await browser.post_form(page, username="lin", password=again.password)
            )
            page = await browser.follow(
                await browser.post_form(page, current=again.password, password=CHOSEN, again=CHOSEN)
            )
            assert page.url.path == "/engines"
            await browser.post_form(
                await browser.get("/oidc/password"),
                current="wrong but secret",
                password="another secret one",
                again="another secret one",
            )
            self.told(wrong="wrong but secret", refused="another secret one")
            self.told(**{f"cookie {name}": value for name, value in browser.kept.items()})
            page = await browser.get("/oidc/second-factor")
            found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.text)
            assert found
            self.secret = found[1].replace(" ", "")
            done = await browser.post_form(page, code=self.code(), act="confirm")
            recovery = re.findall(r"<li><code>([a-z0-9-]+)</code></li>", done.text)
            self.told(totp=self.secret, totp_code=self.code())
            self.told(**{f"recovery {n}": code for n, code in enumerate(recovery)})

    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(int(self.house.clock.now().timestamp()))

    async def tray(self) -> None:
        native = Native(self.house)
        async with native.browser as browser:
            page = await browser.follow(await browser.get(native.request()))
            page = await browser.follow(
                await browser.post_form(page, username="lin", password=CHOSEN)
            )
            self.told(step=browser.kept["__Host-aigc-second"])
            await browser.post_form(page, code="000000")
            self.house.clock.ahead += STEP
            self.told(second_code=self.code())
            back = await browser.follow(
                await browser.post_form(page, code=self.code()), stop=native.redirect_uri
            )
            answer = parse_qs(urlsplit(back.headers["location"]).query)
            code = answer["code"][0]
            tokens = (await native.redeem(code)).json()
            fresh = (await native.refresh(tokens["refresh_token"])).json()
            await native.redeem(code)  # a replay, which is logged
            self.told(code=code, state=native.state, nonce=native.nonce, verifier=native.verifier)
            self.told(**{name: tokens[name] for name in TOKENS})
            self.told(**{f"fresh {name}": fresh[name] for name in TOKENS})
            self.told(**{f"tray cookie {name}": value for name, value in browser.kept.items()})
            session = await self.house.identity.exchange(fresh["id_token"], "")
            with pytest.raises(AigcError):
                await self.house.identity.exchange(fresh["id_token"] + "x", "")
            api_token, _ = await self.house.identity.create_token(session.person, "script", 7)
            await self.house.identity.check_session(session.token)
            await self.house.identity.check_session(api_token)
            self.told(session=session.token, api_token=api_token)

    async def device(self) -> None:
        form = {"client_id": "aigc-native", "scope": "openid offline_access"}
        async with self.house.browser() as browser, self.house.browser() as program:
            codes = (await program.post("/oidc/device_authorization", data=form)).json()
            page = await browser.follow(await browser.get(codes["verification_uri_complete"]))
            page = await browser.follow(
                await browser.post_form(page, username="lin", password=CHOSEN)
            )
            self.house.clock.ahead += STEP
            page = await browser.follow(await browser.post_form(page, code=self.code()))
            page = await browser.post_form(page, user_code=codes["user_code"])
            ticket = page.text.split('name="ticket" value="')[1].split('"')[0]
            await browser.post_form(page, ticket=ticket, answer="yes")
            poll = {"grant_type": GRANT_TYPE, "client_id": "aigc-native"}
            self.house.clock.ahead += 6
            tokens = (
                await program.post("/oidc/token", data=poll | {"device_code": codes["device_code"]})
            ).json()
            self.told(device_code=codes["device_code"], user_code=codes["user_code"])
            self.told(ticket=ticket, **{f"device {name}": tokens[name] for name in TOKENS})
        await self.engine()

    async def engine(self) -> None:
        """Hand-off to the gateway: its code, and the cookie of the engine's host."""
        person = next(p for p in self.house.reactor.studio.people.values() if p.name == "Lin Xia")
        made = await self.house.reactor.ask(start_request(person.id, engine_id=ENGINE.id))
        assert made.instance is not None
        async with self.house.browser() as pages:
            page = await pages.follow(await pages.get("/engines"))
            page = await pages.follow(await pages.post_form(page, username="lin", password=CHOSEN))
            self.house.clock.ahead += STEP
            page = await pages.follow(await pages.post_form(page, code=self.code()))
            self.told(csrf=csrf_of(page))
            nonce = "n" * 43
            query = {"host": made.instance.host, "nonce_hash": hash_nonce(nonce), "to": "/"}
            answer = await pages.get("/handoff", params=query)
            code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
            cookie, _, _ = await self.house.identity.redeem_handoff(code, made.instance.host, nonce)
            self.told(handoff=code, host_cookie=cookie)


async def test_no_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    caplog.set_level(logging.DEBUG)
    try:
        async with open_house(tmp_path) as house:
            caplog.set_level(logging.DEBUG)
            story = Story(house, tmp_path)
            it = await story.first_admin()
            await story.account(it)
            await story.tray()
            await story.device()
            with pytest.raises(AigcError):
                await house.identity.issuer_sign_in("it", "a secret guess", Asker("10.0.0.9"))
            story.told(guess="a secret guess")
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    written = stream.getvalue() + "\n".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records
    )
    assert "refused" in written  # the story is told
    assert len(story.secrets) > 45
    found = [name for name, secret in story.secrets.items() if _is_in(secret, written)]
    assert not found
    kept = await asyncio.to_thread(_ledger_of, tmp_path)
    found = [
        name
        for name, secret in story.secrets.items()
        # The nonce is the client's, and comes back in the ID token.
        if len(secret) > 6 and name != "nonce" and secret.encode() in kept
    ]
    assert not found, "kept readable in the ledger"


def _is_in(secret: str, text: str) -> bool:
    """Six digits are in many a time stamp: they count where they stand alone."""
    if len(secret) > 6:
        return secret in text
    return re.search(rf"(?<![\d.]){secret}(?!\d)", text) is not None


def _ledger_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("ledger.sqlite*"))
