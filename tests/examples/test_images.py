"""The examples' images, built by their own Dockerfiles, start as their templates say."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from node_agent.engines.docker import DockerDriver
from node_agent.engines.driver import Container, ContainerState, MountSpec
from tests.docker_engine import TestEngine, clean_engine, docker_engine
from tests.node_agent.engines.contract import Program, fetch, make_spec
from tests.python_images import EXAMPLES, example_image

__all__ = ["clean_engine", "docker_engine"]

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(600)]


def _template(name: str) -> dict[str, Any]:
    found = YAML(typ="safe", pure=True).load((EXAMPLES / "engines" / f"{name}.yaml").read_text())
    return {**found.get("common", {}), **found["versions"][0]}


@pytest.fixture
async def driver(clean_engine: TestEngine) -> AsyncIterator[DockerDriver]:
    made = DockerDriver(clean_engine.socket, networks_ahead=0)
    await made.load()
    yield made
    await made.unload()


async def _until_ready(container: Container, path: str) -> None:
    status = 0
    while status != 200:
        status, _ = await fetch(container.address, path, patience=120)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("example", "template"),
    [("demo_engine", "demo"), ("jupyterlab", "jupyterlab"), ("gradio", "gradio")],
)
async def test_it_answers_as_its_template_says(
    driver: DockerDriver, clean_engine: TestEngine, tmp_path: Path, example: str, template: str
) -> None:
    said = await asyncio.to_thread(_template, template)
    image = await asyncio.to_thread(example_image, clean_engine, example)
    mounts = []
    for number, volume in enumerate([*said["volumes"], *said.get("packages", ())]):
        folder = tmp_path / str(number)
        folder.mkdir()
        os.chown(folder, *(int(n) for n in said["user"].split(":")))
        mounts.append(MountSpec(folder, volume["path"]))
    packages = {p["environment"]: p["path"] for p in said.get("packages", ())}
    spec = make_spec(
        Program(tuple(said.get("command", ())), ()),
        image,
        environment={**said.get("environment", {}), **packages},
        port=said["port"],
        ready_path=said["ready"]["path"],
        user=said["user"],
        cpus=2,
        memory_bytes=1 << 30,
        pids=512,
        mounts=tuple(mounts),
    )
    container = await driver.start(spec, "")
    answering = asyncio.create_task(_until_ready(container, spec.ready_path))
    try:
        async with asyncio.timeout(120):
            while not answering.done():
                (now,) = await driver.relist()
                assert now.state is ContainerState.RUNNING, f"it ended: {now}"
                await asyncio.wait([answering], timeout=1)
        await answering
    except BaseException:
        async for line in driver.logs(container, 50, False):
            print(line.text)
        raise
    finally:
        answering.cancel()
        await driver.stop(container, 5)
