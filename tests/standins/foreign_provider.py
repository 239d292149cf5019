"""A foreign OpenID provider for real: npm oidc-provider in its strict default configuration.

See oidc_provider/server.mjs for what strict means. It runs as a process of its own; people sign in
on its pages, in Chromium (:func:`sign_in_with`) or as fast as HTTP goes (:class:`Visitor`).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

import httpx

if TYPE_CHECKING:
    from playwright.async_api import Page

_HERE = Path(__file__).parent / "oidc_provider"
_INSTALL_SECONDS = 240
_ANSWER_SECONDS = 40
NATIVE = "studio-tray"
WEB = "studio-web"
SECRET = "the web client's secret: with spaces, a colon and +"
LOGIN_PASSWORD = "north-light"


def install() -> Path:
    """The Node that runs the provider, with its packages installed as the lock file says."""
    with (_HERE / ".gitignore").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests in several processes install once
        done = _HERE / "node_modules" / ".installed"
        wanted = (_HERE / "package-lock.json").read_text("utf-8")
        if not done.exists() or done.read_text("utf-8") != wanted:
            subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                cwd=_HERE,
                check=True,
                capture_output=True,
                timeout=_INSTALL_SECONDS,
            )
            done.write_text(wanted, "utf-8")
    for own in sorted(_HERE.glob("node_modules/node-linux-*/bin/node")):
        own.chmod(0o755)
        return own
    return Path(shutil.which("node") or "node")


def person(name: str, *groups: str, **claims: Any) -> dict[str, Any]:
    """One of the provider's people."""
    told = {"name": name, "email": f"{name.split()[0].lower()}@studio.lan", "groups": list(groups)}
    return {"password": LOGIN_PASSWORD, "claims": told | claims}


@dataclass
class ForeignProvider:
    """Runs while entered. ``manners``: further keys for server.mjs."""

    folder: Path
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    manners: dict[str, Any] = field(default_factory=dict)
    issuer: str = ""
    calls: list[str] = field(default_factory=list)
    _clients: list[dict[str, Any]] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        if not self.issuer:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.issuer = f"http://127.0.0.1:{free.getsockname()[1]}"
        self._clients = self._clients or [native_client()]
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """It answers; what it knew before a stop it knows again."""
        node = await asyncio.to_thread(install)
        self._process = await asyncio.create_subprocess_exec(
            str(node),
            "server.mjs",
            cwd=_HERE,
            env={"PATH": os.environ["PATH"], "NODE_NO_WARNINGS": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        settings = {
            "issuer": self.issuer,
            "clients": self._clients,
            "people": self.people,
            "memory": str(self.folder / "provider.json"),
            **self.manners,
        }
        answer = await self._say(settings)
        assert answer == {"ready": self.issuer}

    async def stop(self) -> None:
        """Nobody answers at its address any more."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(ConnectionError, AssertionError):
            await self._say({"stop": True}, process)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        # The transport is closed by its own callback.
        await asyncio.sleep(0)

    async def tell(self, **change: Any) -> None:
        """Change its manners from now on: ``status``, ``rotate``, ``forget``."""
        self.calls += (await self._say(change))["calls"]

    async def set_people(self, **people: dict[str, Any]) -> None:
        """These are its people from now on; who signed in stays signed in there."""
        self.people = people
        await self.tell(people=people)

    async def set_clients(self, *clients: dict[str, Any]) -> None:
        """These programs may use it from now on."""
        self._clients = list(clients)
        await self.tell(clients=self._clients)

    async def _say(
        self, value: Mapping[str, Any], process: asyncio.subprocess.Process | None = None
    ) -> dict[str, Any]:
        process = process or self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(value).encode() + b"\n")
        await process.stdin.drain()
        async with asyncio.timeout(_ANSWER_SECONDS):
            while not (line := await process.stdout.readline()).startswith(b"{"):
                assert line, "the provider ended"  # the library speaks on the same line, too
        answer: dict[str, Any] = json.loads(line)
        return answer


def native_client(**changes: Any) -> dict[str, Any]:
    """Tray and command line: public, on loopback, any port."""
    return {
        "client_id": NATIVE,
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        **changes,
    }


def web_client(web_url: str, **changes: Any) -> dict[str, Any]:
    """The coordinator's own pages: confidential."""
    return {
        "client_id": WEB,
        "client_secret": SECRET,
        "redirect_uris": [f"{web_url}/callback"],
        "post_logout_redirect_uris": [f"{web_url}/signed-out"],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        **changes,
    }


class Visitor(httpx.AsyncClient):
    """A person with a browser that has no script and is fast: keeps cookies, fills in forms."""

    def __init__(self, login: str, password: str = LOGIN_PASSWORD) -> None:
        super().__init__(timeout=_ANSWER_SECONDS, trust_env=False)
        self._login, self._password = login, password

    async def go(self, address: str, until: str) -> str:
        """Open an address and do what the pages ask, until they lead to ``until…``: there."""
        answer = await self.get(address)
        for _ in range(25):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(until):
                    return target
                answer = await self.get(target)
                continue
            form = re.search(r'<form[^>]*method="post"[^>]*action="([^"]+)"', answer.text)
            assert form, answer.text
            fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
            if 'name="login"' in answer.text:
                fields |= {"login": self._login, "password": self._password}
            if "logout" in answer.text.lower() and 'name="xsrf"' in answer.text:
                fields["logout"] = "yes"
            answer = await self.post(urljoin(str(answer.url), unescape(form[1])), data=fields)
        raise AssertionError("no end of pages")


async def sign_in_with(page: Page, login: str, password: str = LOGIN_PASSWORD) -> None:
    """In Chromium: fill in the provider's form, and allow what it asks."""
    await page.fill("#login", login)
    await page.fill("#password", password)
    await page.click("#go")
    await page.wait_for_load_state()
    while await page.locator("form[action*='/confirm'] #go").count():
        await page.click("#go")
        await page.wait_for_load_state()


@contextlib.asynccontextmanager
async def running(folder: Path, **people: dict[str, Any]) -> AsyncIterator[ForeignProvider]:
    """The provider with these people, for one test."""
    async with ForeignProvider(folder, dict(people)) as provider:
        yield provider
