"""kill -9 and worse of coordinator, gateway and agent, on real processes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from aigc.cli.demo_browser import Browser
from aigc.cli.demo_people import People
from protos.aigc.v1 import admin_pb2, creator_pb2
from tests.faults.conftest import Live, until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed("what is under test runs in processes of its own"),
]


async def _pids(live: Live) -> set[int]:
    return {p.pid for p in await asyncio.to_thread(live.engines)}


async def test_each_program_killed_and_all_at_once(live: Live) -> None:
    engines = await _pids(live)
    assert engines

    async def ready() -> bool:
        return await live.state() == "ready" and (await live.node()).online

    # The coordinator is away: the page never stops working.
    await live.kill("coordinator")
    for _ in range(5):
        assert await live.page_works()
        await asyncio.sleep(0.2)
    await live.studio.start_coordinator()
    assert await live.serves_within(5) < 5
    await until(ready)

    # The gateway is gone: it is back, and so is the tunnel.
    record = live.folder / "coordinator" / "gateway.pid"
    pid = json.loads(await asyncio.to_thread(record.read_text))["pid"]
    os.kill(pid, signal.SIGKILL)
    assert await live.serves_within(20) < 20

    # The agent is gone: the engine runs on and is adopted.
    await live.kill("agent")
    await live.studio.start_agent()
    assert await live.serves_within(20) < 20
    await until(ready)
    assert await _pids(live) == engines

    # All at once.
    pid = json.loads(await asyncio.to_thread(record.read_text))["pid"]
    os.kill(pid, signal.SIGKILL)
    await live.kill("agent")
    await live.kill("coordinator")
    await live.studio.start_coordinator()
    await live.studio.start_agent()
    assert await live.serves_within(30) < 30
    await until(ready)
    assert await _pids(live) == engines


async def test_a_frozen_agent_is_unreachable_and_comes_back(live: Live) -> None:
    engines = await _pids(live)
    agent = live.studio.children["agent"]
    agent.send_signal(signal.SIGSTOP)

    async def unreachable() -> bool:
        return await live.state() == "unreachable"

    await until(unreachable, 60)
    assert "has not answered" in (await live.instance()).line.en
    agent.send_signal(signal.SIGCONT)

    async def ready() -> bool:
        return await live.state() == "ready"

    await until(ready, 60)
    assert await live.serves_within(20) < 20
    assert await _pids(live) == engines


async def test_a_coordinator_restored_from_an_older_copy_stops_nothing(live: Live) -> None:
    state = live.folder / "coordinator"
    await live.kill("coordinator")
    await asyncio.to_thread(_copy_ledger, state, live.folder / "copy")
    await live.studio.start_coordinator()
    await until(lambda: _is(live, "ready"))
    wanted = creator_pb2.StopInstanceRequest(instance_id=live.instance_id)
    await live.me.creator.StopInstance(wanted)
    await until(lambda: _is(live, "stopped"))
    again = creator_pb2.StartInstanceRequest(instance_id=live.instance_id)
    await live.me.creator.StartInstance(again)
    await until(lambda: _is(live, "ready"), 60)
    engines = await _pids(live)

    await live.kill("coordinator")
    await asyncio.to_thread(_copy_ledger, live.folder / "copy", state)
    await live.studio.start_coordinator()

    async def refused() -> bool:
        return (await live.node()).ledger_refused

    await until(refused)
    await _stay(live, engines, 8)
    node = await live.node()
    await live.it.admin.AcceptLedger(admin_pb2.AcceptLedgerRequest(node_id=node.id))
    await until(lambda: _is(live, "ready"), 60)
    await _stay(live, engines, 5)
    assert await live.serves_within(20) < 20
    assert not (await live.node()).ledger_refused


async def test_a_coordinator_on_an_empty_ledger_stops_nothing(live: Live) -> None:
    engines = await _pids(live)
    state = live.folder / "coordinator"
    await live.kill("coordinator")
    await asyncio.to_thread(_copy_ledger, None, state)
    await asyncio.to_thread((live.folder / "accounts.json").unlink)
    ready = await live.studio.start_coordinator()
    people = People(live.folder, ready)
    await people.prepare()
    admin = await people.make_admin()
    async with Browser() as browser, people.session(admin, browser) as it:

        async def refused() -> bool:
            nodes = (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes
            return bool(nodes) and nodes[0].online and nodes[0].ledger_refused

        await until(refused)
        await _stay(live, engines, 8)
        (node,) = (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes
        await it.admin.AcceptLedger(admin_pb2.AcceptLedgerRequest(node_id=node.id))

        async def unclaimed() -> bool:
            (found,) = (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes
            return len(found.unclaimed) == 1

        # Nobody knows whose it is: kept and shown, until an admin or the hold time ends it.
        await until(unclaimed)
        await _stay(live, engines, 5)
        (node,) = (await it.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes
        await it.admin.ResolveUnclaimed(
            admin_pb2.ResolveUnclaimedRequest(
                node_id=node.id, container_id=node.unclaimed[0].container_id
            )
        )

        async def gone() -> bool:
            return not await _pids(live)

        await until(gone, 60)


async def _is(live: Live, state: str) -> bool:
    return await live.state() == state


async def _stay(live: Live, engines: set[int], seconds: float) -> None:
    """Nothing is stopped for so long."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        assert await _pids(live) == engines
        await asyncio.sleep(0.5)


def _copy_ledger(source: Path | None, target: Path) -> None:
    """The ledger of a coordinator that does not run; None: an empty one."""
    target.mkdir(exist_ok=True)
    for file in target.glob("ledger.sqlite*"):
        file.unlink()
    for file in source.glob("ledger.sqlite*") if source else ():
        shutil.copy2(file, target)
