"""Images fetched before anybody asks, from a real registry into a real engine (pitfall 15)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from node_agent.config import AgentConfig
from protos.aigc.v1 import node_pb2
from tests.docker_engine import TestEngine, clean_engine, docker_engine
from tests.images import busybox_image
from tests.node_agent.conftest import StartAgent
from tests.node_agent.coordinator_side import CoordinatorSide
from tests.registry import PASSWORD, USER, Registry, registry

__all__ = ["clean_engine", "docker_engine"]

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def closed_registry(docker_engine: TestEngine) -> Iterator[Registry]:
    with registry(docker_engine, password=True) as made:
        yield made


@pytest.fixture
def pushed(clean_engine: TestEngine, closed_registry: Registry) -> str:
    """An image in the registry that the engine does not have."""
    return closed_registry.push(clean_engine, busybox_image(clean_engine), "beforehand:1")


@pytest.fixture
def config(config: AgentConfig, clean_engine: TestEngine, pushed: str) -> AgentConfig:
    return config.model_copy(
        update={
            "driver": "docker",
            "process_allowed": False,
            "docker_socket": clean_engine.socket,
            "registries": (pushed.partition("/")[0],),
        }
    )


def _is_there(engine: TestEngine, image: str) -> bool:
    client = engine.client()
    try:
        return any(image in (i.get("RepoTags") or []) for i in client.api.images())
    finally:
        client.close()


async def test_an_image_is_there_before_anybody_asks(
    side: CoordinatorSide, start_agent: StartAgent, pushed: str, clean_engine: TestEngine
) -> None:
    server = pushed.partition("/")[0]
    credential = node_pb2.RegistryCredential(server=server, username=USER, password=PASSWORD)
    wanted = [
        node_pb2.EngineSpec(image="elsewhere.test/greedy:1"),
        node_pb2.EngineSpec(
            image=f"{server}/no-such:1", registry=credential, prepare_timeout_seconds=60
        ),
        node_pb2.EngineSpec(image=pushed, registry=credential, prepare_timeout_seconds=60),
    ]
    assert not await asyncio.to_thread(_is_there, clean_engine, pushed)
    async with start_agent() as agent:
        side.desire([], prepull=wanted)
        async with asyncio.timeout(90):
            while not await asyncio.to_thread(  # noqa: ASYNC110 - Docker tells nobody
                _is_there, clean_engine, pushed
            ):
                await asyncio.sleep(0.1)

        def told() -> list[str]:
            seen = side.seen.observed
            return [] if seen is None else [p.en for p in seen.problems if "beforehand" in p.en]

        await side.until(lambda _: len(told()) == 2, "what could not be fetched")
        assert '"registries"' in told()[0]
        assert "no-such:1" in told()[1]
        assert side.seen.observed is not None
        assert side.seen.observed.can_start, "starts go on"
        side.desire([], prepull=[])
        await side.until(lambda _: not told(), "nothing is wanted any more")
        assert agent.reconciler.runs == {}
