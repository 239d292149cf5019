"""The agent as a program of its own: killed, restarted, ended; engines run on."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from aigc.clock import SystemClock
from node_agent.config import AgentConfig
from node_agent.engines.process import ProcessDriver
from node_agent.enrolment import join
from tests.node_agent.conftest import desired
from tests.node_agent.coordinator_side import CoordinatorSide, Seen

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from node_agent import config, program
settings = config.load(Path(sys.argv[1]))
asyncio.run(program.serve(settings, stop_engines=len(sys.argv) > 2))
"""

pytestmark = pytest.mark.faults


@pytest.fixture
def toml(config: AgentConfig, tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(
        f'driver = "process"\nprocess_allowed = true\nstate_dir = "{config.state_dir}"\n'
        f'volume_root = "{config.volume_root}"\nsimulated_gpus = 2\nrelist_seconds = 0.5\n'
        "readings_seconds = 0.5\n"
    )
    return path


@asynccontextmanager
async def program(toml: Path, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(sys.executable, "-c", _PROGRAM, str(toml), *more)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def engines(config: AgentConfig) -> list[str]:
    driver = ProcessDriver(config.state_dir / "processes")
    await driver.load()
    try:
        return [f"{c.container_id} {c.state}" for c in await driver.relist()]
    finally:
        await driver.unload()


@pytest.fixture
async def nothing_left(config: AgentConfig) -> AsyncIterator[None]:
    yield
    driver = ProcessDriver(config.state_dir / "processes")
    await driver.load()
    for container in await driver.relist():
        await driver.stop(container, 1)
    await driver.unload()


@pytest.mark.usefixtures("nothing_left")
async def test_killed_and_restarted_it_adopts_and_the_engine_never_noticed(
    side: CoordinatorSide, config: AgentConfig, toml: Path
) -> None:
    await join(side.link, config.state_dir, SystemClock())
    side.desire([desired("i-1", volume="v-1")])
    async with program(toml) as first:
        await side.until_phase("i-1", "READY")
        before = await engines(config)
        engine = await pid_of_engine(config)
        first.send_signal(signal.SIGKILL)
        await first.wait()
    assert await engines(config) == before
    side.seen = Seen()
    async with program(toml) as second:
        seen = await side.until_phase("i-1", "READY")
        assert [s[2] for s in seen.story] == ["READY"]
        assert await pid_of_engine(config) == engine
        side.desire([], ended=[("i-1", 1)])
        await side.until_phase("i-1", "GONE")
        second.send_signal(signal.SIGTERM)
        assert await second.wait() == 0
    assert await engines(config) == []


@pytest.mark.usefixtures("nothing_left")
async def test_ended_it_leaves_engines_running_unless_told_otherwise(
    side: CoordinatorSide, config: AgentConfig, toml: Path
) -> None:
    await join(side.link, config.state_dir, SystemClock())
    side.desire([desired("i-1")])
    async with program(toml) as first:
        await side.until_phase("i-1", "READY")
        first.send_signal(signal.SIGTERM)
        assert await first.wait() == 0
    assert await engines(config) == ["i-1.1 running"]
    side.seen = Seen()
    async with program(toml, "--stop-engines") as second:
        await side.until_phase("i-1", "READY")
        second.send_signal(signal.SIGTERM)
        assert await second.wait() == 0
    assert await engines(config) == []


@pytest.mark.usefixtures("nothing_left")
async def test_stopped_for_a_while_it_goes_on_where_it_was(
    side: CoordinatorSide, config: AgentConfig, toml: Path
) -> None:
    await join(side.link, config.state_dir, SystemClock())
    side.desire([desired("i-1")])
    async with program(toml) as running:
        await side.until_phase("i-1", "READY")
        address = await address_of_engine(config)
        running.send_signal(signal.SIGSTOP)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://{address[0]}:{address[1]}/")
        assert answer.status_code == 200
        side.desire([], ended=[("i-1", 1)])
        running.send_signal(signal.SIGCONT)
        await side.until_phase("i-1", "GONE")


async def address_of_engine(config: AgentConfig) -> tuple[str, int]:
    driver = ProcessDriver(config.state_dir / "processes")
    await driver.load()
    try:
        (container,) = await driver.relist()
        assert container.address is not None
        return container.address
    finally:
        await driver.unload()


async def pid_of_engine(config: AgentConfig) -> int:
    driver = ProcessDriver(config.state_dir / "processes")
    await driver.load()
    try:
        (container,) = await driver.relist()
        pids = await driver.processes(container)
    finally:
        await driver.unload()
    return max(pids, key=lambda pid: len(psutil.Process(pid).cmdline()))
