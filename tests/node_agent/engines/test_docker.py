"""The Docker driver on a real Docker Engine: the contract, and what only containers have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from node_agent.engines.docker import DockerDriver
from tests.docker_engine import TestEngine, clean_engine, docker_engine
from tests.images import busybox_image
from tests.node_agent.engines.contract import DriverContract

__all__ = ["clean_engine", "docker_engine"]

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


@pytest.fixture
def image(clean_engine: TestEngine) -> str:
    return busybox_image(clean_engine)


@pytest.fixture
def make_driver(clean_engine: TestEngine) -> Callable[[], DockerDriver]:
    return lambda: DockerDriver(clean_engine.socket, networks_ahead=1)


@pytest.fixture
async def driver(make_driver: Callable[[], DockerDriver]) -> AsyncIterator[DockerDriver]:
    made = make_driver()
    await made.load()
    yield made
    await made.unload()


class TestContract(DriverContract):
    @pytest.fixture
    def image(self, clean_engine: TestEngine) -> str:
        return busybox_image(clean_engine)
