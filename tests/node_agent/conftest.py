"""A coordinator's side and an agent on the process driver, both real, for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from aigc.clock import Clock, SystemClock
from node_agent.config import AgentConfig
from node_agent.enrolment import join
from node_agent.program import Agent, agent
from protos.aigc.v1 import node_pb2
from tests.node_agent.coordinator_side import CoordinatorSide, coordinator_side

ENGINE = Path(__file__).with_name("engine.py")

StartAgent = Callable[..., AbstractAsyncContextManager[Agent]]


def desired(
    instance_id: str,
    epoch: int = 1,
    arguments: tuple[str, ...] = (),
    gpus: tuple[str, ...] = (),
    volume: str = "",
    ready_timeout: int = 20,
) -> node_pb2.DesiredInstance:
    """An instance of the test engine."""
    mounts = []
    if volume:
        mounts.append(node_pb2.Mount(volume_id=volume, path="/data", environment="DATA"))
    return node_pb2.DesiredInstance(
        instance_id=instance_id,
        epoch=epoch,
        owner_id="lin",
        engine_id="test-engine",
        version="1",
        gpu_uuids=gpus,
        mounts=mounts,
        spec=node_pb2.EngineSpec(
            image="test-engine:1",
            port=8188,
            ready_path="/",
            ready_timeout_seconds=ready_timeout,
            prepare_timeout_seconds=20,
            stop_grace_seconds=5,
            process_command=["{python}", str(ENGINE), "--port", "{port}", *arguments],
        ),
    )


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    return AgentConfig(
        driver="process",
        process_allowed=True,
        state_dir=tmp_path / "state",
        volume_root=tmp_path / "volumes",
        simulated_gpus=2,
        relist_seconds=0.5,
        readings_seconds=0.3,
    )


@pytest_asyncio.fixture
async def side() -> AsyncIterator[CoordinatorSide]:
    async with coordinator_side(SystemClock()) as running:
        yield running


@pytest.fixture
def start_agent(side: CoordinatorSide, config: AgentConfig) -> StartAgent:
    """Runs an agent within a block; joins it first if need be; ``leave`` lets engines run on."""

    @asynccontextmanager
    async def start(leave: bool = False, clock: Clock | None = None) -> AsyncIterator[Agent]:
        clock = clock or SystemClock()
        if not await asyncio.to_thread((config.state_dir / "node.json").exists):
            await join(side.link, config.state_dir, clock)
        async with agent(config, clock) as running:
            work = asyncio.create_task(running.run())
            try:
                yield running
            except BaseException:
                leave = False  # a failed test leaves nothing for the next one
                raise
            finally:
                work.cancel()
                (outcome,) = await asyncio.gather(work, return_exceptions=True)
                if not leave:
                    await running.reconciler.stop_engines()
                if not isinstance(outcome, asyncio.CancelledError):
                    raise AssertionError("the agent ended by itself") from outcome

    return start
