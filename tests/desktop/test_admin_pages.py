"""The admin window's pages as IT uses them: the real program, a real coordinator and agent, with
mouse and keyboard, each act seen by the coordinator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest

from aigc.cli.demo_browser import Browser
from protos.aigc.v1 import admin_pb2, common_pb2, creator_pb2
from tests.desktop.conftest import Studio
from tests.desktop.eyes import Eyes, address, admin_window
from tests.desktop.screen import Screen

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed("drives processes and reads their logs"),
]

_PAGES = (
    "overview", "machines", "instances", "queue", "catalogue", "shares", "people", "audit",
    "settings",
)  # fmt: skip


async def go_to(window: Eyes, page: str) -> None:
    await window.press(f"ctrl+{_PAGES.index(page) + 1}")


async def until(
    it: CoordinatorSession,
    look: Callable[[CoordinatorSession], Coroutine[Any, Any, object]],
    what: str,
    seconds: float = 60,
) -> None:
    """Ask the coordinator until it is so."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await look(it):
        assert asyncio.get_running_loop().time() < deadline, f"not so: {what}"
        await asyncio.sleep(0.2)


async def person(it: CoordinatorSession, name: str) -> admin_pb2.PersonRow | None:
    rows = (await it.admin.ListPeople(admin_pb2.ListPeopleRequest())).people
    return next((r for r in rows if r.person.name == name), None)


async def instance(it: CoordinatorSession) -> creator_pb2.Instance:
    said = await it.admin.ListAllInstances(admin_pb2.ListAllInstancesRequest())
    found: creator_pb2.Instance = said.instances[0]
    return found


async def start_engine(studio: Studio) -> None:
    """Lin starts the demo's engine and it answers."""
    async with Browser() as browser, studio.people.session(studio.creator, browser) as lin:
        engines = (await lin.creator.ListEngines(creator_pb2.ListEnginesRequest())).engines
        await lin.creator.StartInstance(creator_pb2.StartInstanceRequest(engine_id=engines[0].id))

        async def ready(session: CoordinatorSession) -> bool:
            said = await session.creator.ListInstances(creator_pb2.ListInstancesRequest())
            return bool(said.instances[0].state == common_pb2.INSTANCE_STATE_READY)

        await until(lin, ready, "the engine answers")


async def sign_in(window: Eyes, studio: Studio, desk: Screen) -> None:
    await window.click("Sign in")
    url = await address(desk)
    async with Browser() as browser:
        await studio.people.log_in(browser, await browser.visit(url), studio.admin)
    await window.until_read("How full we are")


async def test_what_it_does_all_day(studio: Studio, desk: Screen) -> None:
    await start_engine(studio)
    async with (
        Browser() as browser,
        studio.people.session(studio.admin, browser) as it,
        admin_window(desk, "--coordinator", studio.link, "--language", "en") as window,
    ):
        await sign_in(window, studio, desk)
        await window.until_read("Machines answering")
        await window.until_read("Lin Xia | ")  # who is on what
        await window.until_read("can be reached by other users")  # processes have no door
        (machine,) = (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes
        await window.click(f"Open {machine.name}")
        await window.until_gone("How full we are")
        await window.until_read(machine.name)

        await go_to(window, "people")
        await make_an_account(window, it)
        await change_a_role(window, it)
        await go_to(window, "instances")
        await read_and_save_the_story(window, it, desk)
        await read_the_log(window)
        await stop_somebodys_instance(window, it)
        await go_to(window, "people")
        await sign_out_everywhere(window)
        await disable(window, it)
        await go_to(window, "audit")
        for told in (
            "Created an account", "Changed a role", "Read somebody's log",
            "Stopped somebody's instance", "Signed somebody out everywhere", "Disabled a person",
        ):  # fmt: skip
            row = await window.until_read(f"| {told} |")
            assert "| done |" in row
            assert row.split(" | ")[1] == "IT", "who did it, by name"

        await go_to(window, "settings")
        await window.until_read("coordinator.toml")
        await window.until_read("node_silent_seconds | ")


async def make_an_account(window: Eyes, it: CoordinatorSession) -> None:
    await window.click("New account…")
    await window.click("User name")
    await window.write("kim")
    await window.press("Tab")
    await window.write("Kim Seo-yeon")
    await window.press("Return")
    await window.until_read("Kim Seo-yeon has an account")
    await window.press("Escape")
    assert await window.until_read("One-time password"), "shown until it is put away"
    await window.click("Copy the password")
    await window.click("Done")
    await window.until_read("Kim Seo-yeon | ")
    made = await person(it, "Kim Seo-yeon")
    assert made is not None
    assert made.person.role == "creator"


async def change_a_role(window: Eyes, it: CoordinatorSession) -> None:
    await window.click_row("Lin Xia")
    await window.click("role.change")
    await window.click("Team lead")
    await window.click("Give this role")
    await window.until_read("Lin Xia is Team lead now.")
    row = await person(it, "Lin Xia")
    assert row is not None
    assert row.person.role == "team_lead"


async def read_and_save_the_story(window: Eyes, it: CoordinatorSession, desk: Screen) -> None:
    await window.click_row("Lin Xia")
    await window.click("Story")
    told = await window.until_read("Answers")
    assert "The story of" in told
    assert "Lin Xia" in told, "who asked for it"
    lines = (
        await it.admin.GetStory(admin_pb2.GetStoryRequest(instance_id=(await instance(it)).id))
    ).lines
    await window.click("Save…")
    path = desk.folder / "story.txt"
    await window.until_read("File &name")
    await window.press("ctrl+a")
    await window.write(str(path))
    await window.press("Return")
    await window.until_read(f"Saved as {path}.")
    saved = path.read_text("utf-8")
    assert len(saved.splitlines()) == 4 + len(lines)
    assert "Answers" in saved


async def read_the_log(window: Eyes) -> None:
    await window.click("Log")
    await window.until_read("is written to the audit log with your name")
    await window.click("Read the log")
    await window.until_read("Stop following")
    await window.click("Facts")
    await window.until_gone("Stop following")


async def sign_out_everywhere(window: Eyes) -> None:
    await window.click_row("Lin Xia")
    await window.click("out")
    await window.until_read("each program and browser ends at once")
    await window.click("yes")
    await window.until_read("Lin Xia: ")


async def stop_somebodys_instance(window: Eyes, it: CoordinatorSession) -> None:
    await window.click("stop")
    await window.until_read("of Lin Xia?")
    await window.until_read("What is only in memory is lost")
    await window.click("no")
    assert (await instance(it)).state == common_pb2.INSTANCE_STATE_READY
    await window.click("stop")
    await window.click("yes")

    async def stopped(session: CoordinatorSession) -> bool:
        return bool((await instance(session)).state == common_pb2.INSTANCE_STATE_STOPPED)

    await until(it, stopped, "the instance is stopped")
    assert (await instance(it)).stop_reason == common_pb2.STOP_REASON_BY_ADMIN
    await window.until_read("Stopped | ")


async def disable(window: Eyes, it: CoordinatorSession) -> None:
    await window.click_row("Lin Xia")
    await window.click("disable")
    await window.until_read("each ends at once")
    await window.click("yes")
    await window.until_read("Lin Xia is locked out.")
    row = await person(it, "Lin Xia")
    assert row is not None
    assert row.disabled
