"""JupyterLab in a tab of a real Chromium, used as people do."""

from __future__ import annotations

import contextlib
import json

from playwright.async_api import Page, Request, Response, WebSocket, expect
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from tests.e2e.house import SLOW, true, until


class LabTab:
    """One tab with JupyterLab, and what it sends by itself."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.polls: list[str] = []
        self.refused: list[int] = []
        self.terminal = ""
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("websocket", self._opened)

    async def open_notebook(self) -> None:
        await self._launch('[data-category="Notebook"]')
        await expect(self.page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()

    async def _launch(self, card: str) -> None:
        cards = self.page.locator(f".jp-LauncherCard{card}").locator("visible=true")
        if not await cards.count():
            await self.page.locator('[data-jp-item-name="new-launcher"]').first.click()
        await cards.first.click()

    async def run(self, code: str, shown: str) -> None:
        """Type into the last cell, run it, and see what it gives."""
        # A kernel that comes up redraws the notebook, and what is typed meanwhile gets lost.
        await expect(self.page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=SLOW)
        cells = self.page.locator(".jp-Notebook .jp-CodeCell")
        cell = cells.nth(await cells.count() - 1)
        editor = cell.locator(".cm-content")

        async def typed() -> bool:
            await editor.click()
            await self.page.keyboard.press("Control+a")
            await self.page.keyboard.type(code)
            return (await editor.inner_text()).strip() == code

        await until(typed, f"{code} is typed")
        await self.page.keyboard.press("Shift+Enter")
        output = cell.locator(".jp-OutputArea-output")
        await expect(output).to_contain_text(shown, timeout=SLOW)

    async def save(self) -> None:
        await self.page.keyboard.press("Control+s")
        # The first time it asks for a name.
        with contextlib.suppress(PlaywrightTimeoutError):
            await self.page.locator(".jp-Dialog .jp-mod-accept").click(timeout=3000)

    async def open_terminal(self) -> None:
        await self._launch(':has-text("Terminal")')
        await expect(self.page.locator(".jp-Terminal .xterm-screen")).to_be_visible()
        await until(lambda: true("$ " in self.terminal), "the shell's prompt")

    async def type_line(self, line: str) -> None:
        await self.page.locator(".jp-Terminal .xterm-screen").click()
        await self.page.keyboard.type(line)
        await self.page.keyboard.press("Enter")

    async def was_refused(self) -> bool:
        return bool(self.refused)

    def _asked(self, request: Request) -> None:
        if request.method == "PUT" and "/lab/api/workspaces/" in request.url:
            self.polls.append(request.url)

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and "/api/" in response.url:
            self.refused.append(response.status)

    def _opened(self, socket: WebSocket) -> None:
        if "/terminals/websocket/" in socket.url:
            socket.on("framereceived", self._heard)

    def _heard(self, frame: str | bytes) -> None:
        said = json.loads(frame)
        if said[0] == "stdout":
            self.terminal += said[1]
