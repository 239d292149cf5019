"""Pulls by the Docker driver from a real registry: bytes, digests, passwords, faults."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from node_agent.engines.docker import DockerDriver
from node_agent.engines.driver import (
    DriverError,
    FailReason,
    InstanceSpec,
    Progress,
    RegistryCredential,
)
from tests.docker_engine import TestEngine, clean_engine, docker_engine, small_disk
from tests.images import BUSYBOX, busybox_image
from tests.node_agent.engines.contract import SERVE, fetch, make_spec
from tests.registry import PASSWORD, USER, Registry, registry

__all__ = ["clean_engine", "docker_engine"]

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def open_registry(docker_engine: TestEngine) -> Iterator[Registry]:
    with registry(docker_engine) as made:
        yield made


@pytest.fixture(scope="module")
def closed_registry(docker_engine: TestEngine) -> Iterator[Registry]:
    with registry(docker_engine, password=True) as made:
        yield made


@pytest.fixture
async def driver(clean_engine: TestEngine) -> AsyncIterator[DockerDriver]:
    made = DockerDriver(clean_engine.socket, networks_ahead=0)
    await made.load()
    yield made
    await made.unload()


def _layered(engine: TestEngine, name: str, sizes: tuple[int, ...]) -> None:
    """An image of busybox and layers of noise of these sizes in bytes."""
    client = engine.client()
    try:
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            lines = [f"FROM {BUSYBOX}"]
            for i, size in enumerate(sizes):
                info = tarfile.TarInfo(f"noise{i}")
                info.size = size
                tar.addfile(info, io.BytesIO(os.urandom(size)))
                lines.append(f"COPY noise{i} /noise{i}")
            text = "\n".join(lines).encode()
            info = tarfile.TarInfo("Dockerfile")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
        context.seek(0)
        for message in client.api.build(
            fileobj=context, custom_context=True, tag=name, decode=True, rm=True
        ):
            assert "error" not in message, message
    finally:
        client.close()


def _remove_images(engine: TestEngine, *parts: str) -> None:
    client = engine.client()
    try:
        for image in client.api.images():
            names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
            if any(part in name for name in names for part in parts):
                client.api.remove_image(image["Id"], force=True)
        client.api.prune_images({"dangling": True})
    finally:
        client.close()


def _pushed(engine: TestEngine, where: Registry, name: str, sizes: tuple[int, ...]) -> str:
    """A pushed image that is not on the engine any more."""
    busybox_image(engine)
    _layered(engine, "aigc-test/layered:1", sizes)
    full = where.push(engine, "aigc-test/layered:1", name)
    _remove_images(engine, "aigc-test/layered", full.rpartition(":")[0])
    return full


@pytest.fixture
def pushed(clean_engine: TestEngine, open_registry: Registry) -> str:
    return _pushed(clean_engine, open_registry, "engine:1", (6 << 20, 3 << 20))


def _spec(image: str, **changes: object) -> InstanceSpec:
    return make_spec(SERVE, image, **changes)


async def test_a_pull_tells_its_bytes_and_the_digest(
    driver: DockerDriver, pushed: str, clean_engine: TestEngine
) -> None:
    reports: list[Progress] = []
    digest = await driver.prepare(_spec(pushed), reports.append)
    assert digest.startswith("sha256:")
    done = [r.done for r in reports]
    assert done == sorted(done)
    assert len(reports) >= 2
    assert reports[-1].finished
    # Noise does not compress: what was downloaded is at least its size.
    assert reports[-1].done >= 9 << 20
    assert all(r.total is None or r.done <= r.total for r in reports)
    # By that digest from now on, without asking the registry.
    again: list[Progress] = []
    assert await driver.prepare(_spec(pushed, image_digest=digest), again.append) == digest
    assert [r.finished for r in again] == [True]
    container = await driver.start(_spec(pushed, image_digest=digest), digest)
    assert container.image_digest == digest
    assert (await fetch(container.address))[0] == 200
    await driver.stop(container, 0)


async def test_a_moved_tag_does_not_move_a_pinned_instance(
    driver: DockerDriver, pushed: str, clean_engine: TestEngine, open_registry: Registry
) -> None:
    first = await driver.prepare(_spec(pushed), lambda _: None)
    await asyncio.to_thread(_pushed, clean_engine, open_registry, "engine:1", (1 << 20,))
    assert await driver.prepare(_spec(pushed, image_digest=first), lambda _: None) == first
    moved = await driver.prepare(_spec(pushed), lambda _: None)
    assert moved != first


async def test_an_image_made_on_this_machine_needs_no_registry(
    driver: DockerDriver, clean_engine: TestEngine
) -> None:
    image = await asyncio.to_thread(busybox_image, clean_engine)
    assert await driver.prepare(_spec(image), lambda _: None) == ""


async def test_a_registry_that_is_down_is_named(
    driver: DockerDriver, pushed: str, clean_engine: TestEngine
) -> None:
    with registry(clean_engine) as other:
        nobody = f"{other.address}/engine:1"
    with pytest.raises(DriverError) as caught:
        await driver.prepare(_spec(nobody), lambda _: None)
    assert caught.value.reason is FailReason.PREPARE
    assert other.address in caught.value.message
    assert "does not answer" in caught.value.message


async def test_an_image_that_is_here_outlives_its_registry(
    driver: DockerDriver, clean_engine: TestEngine
) -> None:
    with registry(clean_engine) as other:
        image = await asyncio.to_thread(_pushed, clean_engine, other, "kept:1", (1000,))
        digest = await driver.prepare(_spec(image), lambda _: None)
    assert await driver.prepare(_spec(image), lambda _: None) == digest


@pytest.mark.parametrize("name", ["engine:no-such-tag", "no/such/image:1"])
async def test_an_unknown_image_is_named(
    driver: DockerDriver, pushed: str, open_registry: Registry, name: str
) -> None:
    with pytest.raises(DriverError) as caught:
        await driver.prepare(_spec(f"{open_registry.address}/{name}"), lambda _: None)
    assert f"has no image {open_registry.address}/{name}" in caught.value.message


async def test_a_digest_that_is_not_there_is_told(driver: DockerDriver, pushed: str) -> None:
    gone = _spec(pushed, image_digest="sha256:" + "0" * 64)
    with pytest.raises(DriverError) as caught:
        await driver.prepare(gone, lambda _: None)
    assert "has no image" in caught.value.message


async def test_a_registry_with_a_password(
    driver: DockerDriver, clean_engine: TestEngine, closed_registry: Registry
) -> None:
    image = await asyncio.to_thread(_pushed, clean_engine, closed_registry, "own:1", (1000,))
    server = closed_registry.address
    good = RegistryCredential(server, USER, PASSWORD)
    for credential in (
        None,
        RegistryCredential(server, USER, "wrong"),
        # Those of another registry are not sent to this one.
        RegistryCredential("registry.elsewhere:5000", USER, PASSWORD),
    ):
        with pytest.raises(DriverError) as caught:
            await driver.prepare(_spec(image, registry=credential), lambda _: None)
        assert server in caught.value.message
        assert "credentials" in caught.value.message
        assert PASSWORD not in caught.value.message
    digest = await driver.prepare(_spec(image, registry=good), lambda _: None)
    assert digest.startswith("sha256:")


async def test_a_cancelled_pull_and_a_slow_one_end(driver: DockerDriver, pushed: str) -> None:
    pulling = asyncio.create_task(driver.prepare(_spec(pushed), lambda _: None))
    await asyncio.sleep(0.02)
    pulling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulling
    with pytest.raises(DriverError) as caught:
        await driver.prepare(_spec(pushed, prepare_timeout=0.0), lambda _: None)
    assert "was not here after 0 s" in caught.value.message
    assert await driver.prepare(_spec(pushed), lambda _: None)


async def test_a_full_disk_is_told(
    clean_engine: TestEngine, open_registry: Registry, tmp_path: Path
) -> None:
    """A daemon whose whole data folder has 40 MB, and an image that needs more."""
    image = await asyncio.to_thread(_pushed, clean_engine, open_registry, "large:1", (60 << 20,))
    small = small_disk(clean_engine, 40)
    await asyncio.to_thread(small.__enter__)
    try:
        driver = DockerDriver(clean_engine.socket, networks_ahead=0)
        with pytest.raises(DriverError) as caught:
            await driver.prepare(_spec(image), lambda _: None)
        assert "disk is full" in caught.value.message
        await driver.unload()
    finally:
        await asyncio.to_thread(small.__exit__, None, None, None)
