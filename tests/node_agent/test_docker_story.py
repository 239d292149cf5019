"""The whole agent on a real Docker Engine: start, adopt, the daemon gone and back, refusals."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from node_agent.config import AgentConfig
from node_agent.program import Agent
from protos.aigc.v1 import common_pb2, node_pb2
from tests.docker_engine import TestEngine, clean_engine, docker_engine
from tests.images import busybox_image
from tests.node_agent.conftest import StartAgent
from tests.node_agent.coordinator_side import CoordinatorSide, Seen

__all__ = ["clean_engine", "docker_engine"]

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(180),
]


@pytest.fixture
def config(config: AgentConfig, clean_engine: TestEngine) -> AgentConfig:
    return config.model_copy(
        update={
            "driver": "docker",
            "process_allowed": False,
            "docker_socket": clean_engine.socket,
            "relist_seconds": 1.0,
            "readings_seconds": 1.0,
        }
    )


@pytest.fixture
def image(clean_engine: TestEngine) -> str:
    return busybox_image(clean_engine)


def in_docker(
    image: str, instance_id: str, epoch: int = 1, volume: str = ""
) -> node_pb2.DesiredInstance:
    return node_pb2.DesiredInstance(
        instance_id=instance_id,
        epoch=epoch,
        owner_id="lin",
        engine_id="busybox",
        version="1",
        mounts=[node_pb2.Mount(volume_id=volume, path="/data")] if volume else [],
        spec=node_pb2.EngineSpec(
            image=image,
            port=8000,
            ready_path="/index.html",
            ready_timeout_seconds=60,
            prepare_timeout_seconds=60,
            memory_bytes=64 << 20,
            pids=64,
            cpus=0.5,
            stop_grace_seconds=1,
        ),
    )


async def page(agent: Agent, instance_id: str, epoch: int = 1) -> str:
    address = agent.reconciler.resolve(instance_id, epoch)
    assert address is not None
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://{address[0]}:{address[1]}/index.html")).text


async def test_start_use_stop(
    side: CoordinatorSide, start_agent: StartAgent, image: str, config: AgentConfig
) -> None:
    async with start_agent() as agent:
        seen = await side.until(lambda s: s.observed is not None, "a first set")
        assert seen.observed is not None
        assert seen.observed.can_start
        assert seen.observed.door == common_pb2.DOOR_OPEN_TO_LOCAL_USERS
        assert seen.hellos[0].docker_version
        side.desire([in_docker(image, "i-1", volume="v-1")])
        await side.until_phase("i-1", "READY")
        assert await page(agent, "i-1") == "ready\n"
        assert await asyncio.to_thread((config.volume_root / "volumes/v-1").is_dir)
        side.desire([], ended=[("i-1", 1)], grace=1)
        await side.until_phase("i-1", "GONE")


async def test_a_restarted_agent_adopts_its_containers(
    side: CoordinatorSide, start_agent: StartAgent, image: str
) -> None:
    async with start_agent(leave=True) as agent:
        side.desire([in_docker(image, "i-1")])
        await side.until_phase("i-1", "READY")
        (before,) = await agent.reconciler._driver.relist()
    side.seen = Seen()
    async with start_agent() as agent:
        await side.until_phase("i-1", "READY")
        (after,) = await agent.reconciler._driver.relist()
        assert (after.container_id, after.started_at) == (before.container_id, before.started_at)
        assert await page(agent, "i-1") == "ready\n"


async def test_an_image_that_does_not_exist_or_may_not_be_used_is_told(
    side: CoordinatorSide, start_agent: StartAgent, image: str
) -> None:
    async with start_agent() as agent:
        side.desire(
            [
                in_docker("127.0.0.1:1/no-such:1", "i-1"),
                in_docker(image, "i-2"),
            ]
        )
        seen = await side.until_phase("i-1", "FAILED")
        assert '"registries"' in seen.instances["i-1", 1].error
        assert seen.instances["i-1", 1].fail_reason == common_pb2.FAIL_REASON_PREPARE
        await side.until_phase("i-2", "READY")
        containers = await agent.reconciler._driver.relist()
        assert [c.instance_id for c in containers] == ["i-2"]


async def test_a_daemon_that_is_gone_is_told_and_nothing_is_believed_lost(
    side: CoordinatorSide, start_agent: StartAgent, image: str, clean_engine: TestEngine
) -> None:
    async with start_agent():
        side.desire([in_docker(image, "i-1")])
        await side.until_phase("i-1", "READY")
        await asyncio.to_thread(clean_engine.kill)
        seen = await side.until(
            lambda s: s.observed is not None and not s.observed.can_start, "cannot start"
        )
        assert seen.observed is not None
        assert seen.observed.problems
        assert seen.phase("i-1") == "READY"  # nothing is known, which is not "it is gone"
        await asyncio.to_thread(clean_engine.start)
        await side.until(
            lambda s: s.observed is not None and s.observed.can_start, "can start again"
        )
        seen = await side.until(
            lambda s: s.phase("i-1") in {"READY", "EXITED"} and bool(s.observed), "the truth"
        )
        side.desire([], ended=[("i-1", 1)], grace=1)
        await side.until_phase("i-1", "GONE")
