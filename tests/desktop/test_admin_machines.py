"""Machines as IT runs them: the real window, a real coordinator, a real second agent that joins by
the very line that the window shows."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_studio import DemoPlan, DemoStudio, engine_folder
from protos.aigc.v1 import admin_pb2
from tests.desktop.conftest import Studio
from tests.desktop.eyes import Eyes, admin_window
from tests.desktop.screen import Screen
from tests.desktop.test_admin_pages import sign_in, until

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]

_GRAPH_ROWS = 3


@asynccontextmanager
async def another_machine(folder: Path) -> AsyncIterator[DemoStudio]:
    """A second agent's folder; nothing runs yet."""
    made = DemoStudio(
        DemoPlan(folder, "process", engine_folder(), simulated_gpus=2, fixed_ports=False)
    )
    await asyncio.to_thread(made.write)
    try:
        yield made
    finally:
        await made.stop()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def machines(it: CoordinatorSession) -> list[admin_pb2.Node]:
    return list((await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes)


async def machine(it: CoordinatorSession, name: str) -> admin_pb2.Node:
    return next(n for n in await machines(it) if n.name == name)


async def test_a_machine_joins_is_run_and_is_revoked(
    studio: Studio, desk: Screen, tmp_path: Path
) -> None:
    async with (
        Browser() as browser,
        studio.people.session(studio.admin, browser) as it,
        another_machine(tmp_path / "second") as second,
        admin_window(desk, "--coordinator", studio.link, "--language", "en") as window,
    ):
        await sign_in(window, studio, desk)
        await window.press("ctrl+2")
        before = {n.id for n in await machines(it)}
        await join(window, second)
        joined = next(n for n in await machines(it) if n.id not in before)
        assert joined.pool == "on-prem"

        await window.click_row(joined.name)
        await window.until_read("Online · takes engines")
        await rename(window, it, joined.id)
        await label(window, it)
        await see_the_live_graph(window)
        await drain_and_take_back(window, it)
        await revoke(window, it)


async def join(window: Eyes, second: DemoStudio) -> None:
    await window.click("Add a machine")
    await window.click("make")
    command = await window.until_read("aigc agent join")
    await window.until_read("Good for one machine, for")
    await window.until_read("Waiting for a machine")
    await second.join_agent(command)
    await window.until_read("Now start its agent")
    await window.until_gone("Waiting for a machine")
    await second.start_agent()
    ready = await window.until_read("Ready · RTX 4090")
    assert "(simulated)" in ready
    await window.click("done")
    await window.until_gone("Add a GPU machine")


async def rename(window: Eyes, it: CoordinatorSession, node_id: str) -> None:
    await choose(window, 1)
    await window.click("Name")
    await window.press("ctrl+a")
    await window.write("blender-1")
    await window.press("Return")
    await window.until_read("is blender-1 now.")
    assert (await machine(it, "blender-1")).id == node_id
    await window.until_read("blender-1 | Online")


async def label(window: Eyes, it: CoordinatorSession) -> None:
    await choose(window, 3)
    await window.until_read("Labels of blender-1")
    await window.click("Label")
    await window.write("room")
    await window.press("Tab")
    await window.write("2")
    await window.press("Return")
    await window.until_read("blender-1: labels saved.")
    assert dict((await machine(it, "blender-1")).labels) == {"room": "2"}
    await window.until_read("room=2")


async def see_the_live_graph(window: Eyes) -> None:
    """Its readings as a table: the same values that are drawn, more of them as time goes by."""
    await window.click("GPU use as a table")
    deadline = asyncio.get_running_loop().time() + 60
    rows: list[str] = []
    while len(rows) < _GRAPH_ROWS:
        assert asyncio.get_running_loop().time() < deadline, rows
        seen = await window.read()
        rows = [t for t in seen if t[2:3] == ":" and t[5:6] == ":" and t.endswith(" %")]
        await asyncio.sleep(0.2)
    await window.click("GPU use as a graph")


async def drain_and_take_back(window: Eyes, it: CoordinatorSession) -> None:
    await window.click("Drain…")
    await window.until_read("Drain blender-1: nobody works there")
    await window.click("no")
    assert not (await machine(it, "blender-1")).draining
    await window.click("Drain…")
    await window.click("yes")
    await window.until_read("Draining · no new ones: drained by IT")
    assert (await machine(it, "blender-1")).draining
    await window.click("Take engines again")
    await window.until_read("Online · takes engines")
    assert not (await machine(it, "blender-1")).draining


async def revoke(window: Eyes, it: CoordinatorSession) -> None:
    await choose(window, -1)
    await window.until_read("Revoke blender-1: no engine is there")
    await window.click("yes")
    await window.until_read("Revoked · none: its certificate was revoked")

    async def gone(session: CoordinatorSession) -> bool:
        node = await machine(session, "blender-1")
        return bool(node.revoked and not node.online)

    await until(it, gone, "the machine is cut off")


async def choose(window: Eyes, number: int) -> None:
    """An entry of the machine's menu, counted from its top or, negative, from its end."""
    await window.click("More actions")
    for _ in range(abs(number)):
        await window.press("Down" if number > 0 else "Up")
    await window.press("Return")
