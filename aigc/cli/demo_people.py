"""The demo's two people, IT and a creator: their accounts, browsers and sessions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aigc.cli.demo_browser import Browser, forms
from aigc.cli.demo_studio import Ready
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    import httpx

    from desktop_client.session import CoordinatorSession

ADMIN = "it"
CREATOR = "lin"
_NAMES = {ADMIN: "IT", CREATOR: "Lin Xia"}


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    password: str

    @property
    def name(self) -> str:
        return _NAMES[self.username]


class People:
    """Makes the accounts once, and keeps their passwords in the demo's folder (0600)."""

    def __init__(self, folder: Path, ready: Ready) -> None:
        self._folder = folder
        self._file = folder / "accounts.json"
        self._ready = ready
        self.ca_pem = b""

    async def prepare(self) -> None:
        """Learn the coordinator's CA, pinned."""
        from aigc.tls import fetch_authority, split_address

        host, port = split_address(self._ready.creators)
        self.ca_pem = await fetch_authority(host, port, self._ready.pin)

    async def make_admin(self) -> Account:
        """The first admin, through the setup page with the coordinator's one-time code."""
        kept = await asyncio.to_thread(self._kept, ADMIN)
        if kept is not None:
            return kept
        code_file = self._folder / "coordinator" / "first-admin-code"
        code = (await asyncio.to_thread(code_file.read_text, "utf-8")).strip()
        account = Account(ADMIN, _password())
        async with Browser() as browser:
            page = await browser.visit(f"{self._ready.web_url}/setup")
            known = {"code": code, "username": ADMIN, "name": account.name}
            asked = next(iter(forms(page.text)), None)
            answers = {k: v for k, v in known.items() if asked is not None and k in asked.fields}
            after = await browser.submit(page, {**answers, "type:password": account.password})
            _expect_success(after, "make the first admin")
        await asyncio.to_thread(self._keep, account)
        return account

    async def make_creator(self, admin: CoordinatorSession) -> Account:
        """A creator's account by IT's command; its one-time password is changed at once."""
        from protos.aigc.v1 import admin_pb2

        kept = await asyncio.to_thread(self._kept, CREATOR)
        if kept is not None:
            return kept
        made = await admin.admin.CreateAccount(
            admin_pb2.CreateAccountRequest(username=CREATOR, name=_NAMES[CREATOR], role="creator")
        )
        account = Account(CREATOR, _password())
        async with Browser() as browser:
            page = await browser.visit(f"{self._ready.web_url}/")
            page = await self.log_in(
                browser, page, Account(CREATOR, made.one_time_password), account.password
            )
            _expect_success(page, "choose a password")
        await asyncio.to_thread(self._keep, account)
        return account

    @contextlib.asynccontextmanager
    async def session(
        self, account: Account, browser: Browser
    ) -> AsyncIterator[CoordinatorSession]:
        """Signed in by authorization code with PKCE, the pages filled in as a person does."""
        from desktop_client.session import CoordinatorSession, Endpoint
        from desktop_client.tokens import open_store

        folder = self._folder / "people" / account.username
        endpoint = Endpoint(self._ready.creators, self.ca_pem)
        store = open_store("memory", folder)
        async with CoordinatorSession(endpoint, store, config_dir=folder) as session:
            loop = asyncio.get_running_loop()
            driving: list[asyncio.Task[None]] = []

            async def drive(url: str) -> None:
                page = await browser.visit(url)
                _expect_success(await self.log_in(browser, page, account), "sign in")

            def open_browser(url: str) -> None:
                loop.call_soon_threadsafe(lambda: driving.append(loop.create_task(drive(url))))

            try:
                await session.sign_in(open_browser, timeout=30)
            except AigcError as error:
                for task in driving:
                    if task.done() and (why := task.exception()) is not None:
                        raise why from error
                raise
            finally:
                for task in driving:
                    task.cancel()
                await asyncio.gather(*driving, return_exceptions=True)
            yield session

    async def log_in(
        self, browser: Browser, page: httpx.Response, account: Account, new_password: str = ""
    ) -> httpx.Response:
        """Answer the login form, and the one for a new password, where the page has them."""
        for _ in range(4):
            found = forms(page.text) if "html" in page.headers.get("content-type", "") else []
            kinds = [list(f.kinds.values()).count("password") for f in found]
            if new_password and any(count >= 2 for count in kinds):
                page = await self._change_password(browser, page, account, new_password)
            elif any(count == 1 for count in kinds):
                page = await browser.submit(
                    page, {"username": account.username, "type:password": account.password}
                )
            elif any(f.fields.get("answer") == "yes" for f in found):
                page = await browser.submit(page, {"answer": "yes"})  # signed in here already
            else:
                break
        return page

    async def _change_password(
        self, browser: Browser, page: httpx.Response, account: Account, new: str
    ) -> httpx.Response:
        form = next(f for f in forms(page.text) if "password" in f.kinds.values())
        names = [name for name, kind in form.kinds.items() if kind == "password"]
        old = [n for n in names if any(word in n for word in ("old", "current"))]
        answers = {name: account.password if name in old else new for name in names}
        return await browser.submit(page, answers)

    def _kept(self, username: str) -> Account | None:
        if not self._file.exists():
            return None
        password = json.loads(self._file.read_text("utf-8")).get(username)
        return None if password is None else Account(username, password)

    def _keep(self, account: Account) -> None:
        from desktop_client.tokens import write_private

        kept = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
        write_private(self._file, json.dumps(kept | {account.username: account.password}))


def _password() -> str:
    return f"demo-{secrets.token_hex(5)}"


def _expect_success(page: httpx.Response, what: str) -> None:
    if page.status_code >= 400:
        place = urlsplit(str(page.url))
        raise AigcError(
            "demo-page",
            f"Could not {what}: {place.path} answered {page.status_code}.",
            ErrorKind.INTERNAL,
        )
