"""The admin window as a person uses it: a real process, a real studio, keyboard and file dialog."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from aigc.cli.demo_browser import Browser
from protos.aigc.v1 import common_pb2, creator_pb2
from tests.desktop.conftest import Studio
from tests.desktop.screen import Screen, TrayProcess

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.blocking_allowed("drives processes and reads their files"),
]


class AdminProcess(TrayProcess):
    """``aigc admin`` as a real process, and what a person does in it."""

    def command(self, *more: str) -> Sequence[str]:
        plain = list(super().command(*more))
        place = plain.index("desktop_client")
        return [*plain[:place], "aigc.cli", "admin", *plain[place + 1 :]]

    async def __aenter__(self) -> AdminProcess:
        await super().__aenter__()
        return self

    async def until_log(self, text: str, times: int = 1, timeout: float = 60) -> None:
        """Wait until the log says something for so many times."""
        deadline = asyncio.get_running_loop().time() + timeout
        while self.log().count(text) < times:
            assert asyncio.get_running_loop().time() < deadline, f"no {text!r}:\n{self.log()}"
            await asyncio.sleep(0.1)

    async def export(self, window: str, path: Path) -> list[dict[str, str]]:
        """The table of the shown page as it is in the file that the window writes."""
        await asyncio.to_thread(path.unlink, missing_ok=True)
        await self._screen.keys_to(window, "ctrl+e")
        dialog = await self._screen.until_window("CSV")
        await self._screen.keys_to(dialog, "ctrl+a")
        await self._screen.write_in(dialog, str(path))
        await self._screen.keys_to(dialog, "Return")
        await self._screen.until_gone("CSV")
        deadline = asyncio.get_running_loop().time() + 20
        while not await asyncio.to_thread(path.is_file):
            assert asyncio.get_running_loop().time() < deadline, self.log()
            await asyncio.sleep(0.1)
        text = await asyncio.to_thread(path.read_text, "utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    async def export_until(
        self, window: str, path: Path, look: Callable[[str], bool], timeout: float = 60
    ) -> str:
        """The same, again and again, until the file says what is looked for."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            rows = await self.export(window, path)
            text = "\n".join(" ".join(row.values()) for row in rows)
            if look(text):
                return text
            assert asyncio.get_running_loop().time() < deadline, text


async def test_sign_in_see_the_studio_live_export_and_recover(
    studio: Studio, desk: Screen, tmp_path: Path
) -> None:
    arguments = ("--coordinator", studio.link, "--page", "machines")
    async with AdminProcess(desk, desk.folder / "config", *arguments) as admin:
        await admin.until_log("the studio is now signed-out")
        window = await desk.until_window("Demo studio")
        await desk.keys_to(window, "space")  # [Sign in] has the keyboard
        async with Browser() as browser:
            visited = await browser.visit(await admin.url(0))
            page = await studio.people.log_in(browser, visited, studio.admin)
        assert page.status_code == 200
        await admin.until_log("the studio is now online")

        machines = await admin.export_until(window, tmp_path / "m.csv", lambda t: bool(t))
        nodes = len(machines.splitlines())
        assert nodes == 1
        assert "imulated" in machines, "a card that is none says so"

        await desk.keys_to(window, "ctrl+3")
        async with Browser() as browser, studio.people.session(studio.creator, browser) as me:
            engines = (await me.creator.ListEngines(creator_pb2.ListEnginesRequest())).engines
            started = await me.creator.StartInstance(
                creator_pb2.StartInstanceRequest(engine_id=engines[0].id)
            )
            name = started.instance.name
            told = await admin.export_until(
                window, tmp_path / "i.csv", lambda t: name in t and "Ready" in t
            )
            assert len(told.splitlines()) == 1
            listed = await me.creator.ListInstances(creator_pb2.ListInstancesRequest())
            assert listed.instances[0].state == common_pb2.INSTANCE_STATE_READY

        coordinator = studio.demo.children["coordinator"]
        coordinator.kill()
        await coordinator.wait()
        await admin.until_log("the studio is now offline")
        await studio.restart_coordinator()
        await admin.until_log("the studio is now online", times=2, timeout=90)
        told = await admin.export_until(
            window, tmp_path / "again.csv", lambda t: name in t and "Ready" in t
        )

        second = await asyncio.create_subprocess_exec(*admin.command("--page", "people"),
            env=desk.environment())  # fmt: skip
        async with asyncio.timeout(40):
            assert await second.wait() == 0, "a second start hands over and ends"
        await desk.close_window(window)
        assert admin.process is not None
        async with asyncio.timeout(20):
            assert await admin.process.wait() == 0
    assert (admin.config_dir / "admin.json").is_file()
