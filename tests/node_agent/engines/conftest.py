"""What the tests of the Docker driver share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from node_agent.engines.docker import DockerDriver
from tests.docker_engine import TestEngine, clean_engine, docker_engine

__all__ = ["clean_engine", "docker_engine"]


@pytest.fixture
def make_docker(clean_engine: TestEngine) -> Callable[..., DockerDriver]:
    """A Docker driver on the tests' engine; the test loads and unloads it."""

    def make(**options: object) -> DockerDriver:
        return DockerDriver(clean_engine.socket, **{"networks_ahead": 1, **options})  # type: ignore[arg-type]

    return make


@pytest.fixture
async def docker(make_docker: Callable[..., DockerDriver]) -> AsyncIterator[DockerDriver]:
    """A loaded Docker driver."""
    made = make_docker()
    await made.load()
    yield made
    await made.unload()
