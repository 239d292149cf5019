"""The Docker driver while its daemon is killed, restarted, hung, or not there at all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node_agent.engines import docker as docker_module
from node_agent.engines.docker import DockerDriver
from node_agent.engines.driver import ContainerState, DriverError, DriverEvent, FailReason
from tests.docker_engine import TestEngine, engine
from tests.images import busybox_image
from tests.node_agent.engines.contract import (
    SERVE,
    fetch,
    lines_until,
    listed,
    make_spec,
    shell,
    until,
)

pytestmark = [pytest.mark.docker, pytest.mark.faults, pytest.mark.timeout(120)]

GENTLE_END = shell("trap 'exit 0' TERM; echo armed; while :; do sleep 0.1; done")


@pytest.fixture(params=[True, False], ids=["live-restore", "no-live-restore"])
def fragile_engine(request: pytest.FixtureRequest) -> Iterator[TestEngine]:
    """An engine of this test's own, to be killed."""
    with engine(live_restore=request.param) as made:
        yield made


async def _drain(driver: DockerDriver, seen: list[DriverEvent], ended: asyncio.Event) -> None:
    async for event in driver.events():
        seen.append(event)
    ended.set()


@pytest.mark.parametrize("kill", [True, False], ids=["kill -9", "restart"])
async def test_the_daemon_restarts_and_nothing_is_lost(
    fragile_engine: TestEngine, kill: bool
) -> None:
    image = await asyncio.to_thread(busybox_image, fragile_engine)
    driver = DockerDriver(fragile_engine.socket, networks_ahead=1)
    await driver.load()
    spec = make_spec(SERVE, image, stop_grace=1)
    container = await driver.start(spec, "")
    assert (await fetch(container.address))[0] == 200
    # A daemon killed while it makes a network leaves the tests' own way in undone.
    assert driver._refilling is not None
    await asyncio.wait_for(driver._refilling, 30)
    seen: list[DriverEvent] = []
    ended = asyncio.Event()
    listening = asyncio.create_task(_drain(driver, seen, ended))
    following = asyncio.create_task(_all_lines(driver, container))

    await asyncio.to_thread(fragile_engine.kill if kill else fragile_engine.stop)
    await asyncio.wait_for(ended.wait(), 20)
    await asyncio.wait_for(asyncio.gather(listening, following), 20)
    # While it is away: nothing is known, which is not "nothing runs".
    with pytest.raises(DriverError) as caught:
        await driver.relist()
    assert "Docker" in caught.value.message
    assert not (await driver.fingerprint()).can_start
    if fragile_engine.live_restore:
        assert (await fetch(container.address))[0] == 200

    await asyncio.to_thread(fragile_engine.start)
    assert (await driver.fingerprint()).can_start
    found = await until(driver, spec, lambda c: c is not None)
    assert found is not None
    assert (found.container_id, found.epoch) == (container.container_id, 1)
    if fragile_engine.live_restore:
        assert found.state is ContainerState.RUNNING
        assert found.address == container.address
        assert (await fetch(found.address))[0] == 200
        assert (await driver.start(spec, "")).container_id == container.container_id
    else:
        # They die with the daemon, or at the start of the next one; the labels remain.
        found = await until(
            driver, spec, lambda c: c is not None and c.state is ContainerState.EXITED
        )
        assert found is not None
        again = await driver.start(replace(spec, epoch=2), "")
        assert (await fetch(again.address))[0] == 200
        found = again
    # Events come again.
    seen.clear()
    listening = asyncio.create_task(_drain(driver, seen, ended))
    await asyncio.sleep(0.3)
    await driver.stop(found, 1)
    assert await listed(driver, spec) is None
    async with asyncio.timeout(20):
        while not any(e.what == "destroy" for e in seen):  # noqa: ASYNC110 - told by a list
            await asyncio.sleep(0.05)
    await driver.unload()
    await asyncio.wait_for(listening, 20)


async def test_what_a_daemon_ends_as_it_goes_is_not_told_to_have_ended_by_itself(
    fragile_engine: TestEngine,
) -> None:
    """It answers on the connections that it has until the last container has ended."""
    image = await asyncio.to_thread(busybox_image, fragile_engine)
    driver = DockerDriver(fragile_engine.socket, networks_ahead=0)
    await driver.load()
    # The last one holds the daemon up while the first has ended.
    slow = "trap 'sleep 3; exit 0' TERM; echo armed; while :; do sleep 0.1; done"
    gentle, stays = make_spec(GENTLE_END, image), make_spec(shell(slow), image)
    containers = [await driver.start(spec, "") for spec in (gentle, stays)]
    for container in containers:
        await lines_until(driver, container, "armed")
    stopping = asyncio.create_task(asyncio.to_thread(fragile_engine.stop))
    told: list[ContainerState | None] = []
    refused = False
    while not stopping.done():
        try:
            found = await driver.relist()
        except DriverError:
            refused = True
            continue
        told += [c.state for c in found] if len(found) == 2 else [None]
    await stopping
    assert refused
    assert set(told) <= {ContainerState.RUNNING}
    await asyncio.to_thread(fragile_engine.start)
    stay = fragile_engine.live_restore
    truth = ContainerState.RUNNING if stay else ContainerState.EXITED
    assert {c.state for c in await driver.relist()} == {truth}
    await driver.unload()


async def _all_lines(driver: DockerDriver, container: object) -> None:
    async for _ in driver.logs(container, 10, True):  # type: ignore[arg-type]
        pass


async def test_a_daemon_that_dies_during_a_stop_is_asked_again(
    fragile_engine: TestEngine,
) -> None:
    image = await asyncio.to_thread(busybox_image, fragile_engine)
    driver = DockerDriver(fragile_engine.socket, networks_ahead=0)
    await driver.load()
    spec = make_spec(
        SERVE, image, command=("sh", "-c", "trap '' TERM; echo armed; while :; do sleep 1; done")
    )
    container = await driver.start(spec, "")
    await lines_until(driver, container, "armed")
    stopping = asyncio.create_task(driver.stop(container, 30))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(fragile_engine.kill)
    with pytest.raises(DriverError):
        await stopping
    await asyncio.to_thread(fragile_engine.start)
    await driver.stop(container, 0)
    assert await listed(driver, spec) is None
    await driver.unload()


async def test_a_hung_daemon_is_told_and_waited_for(
    clean_engine: TestEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_module, "_QUICK", 1.0)
    monkeypatch.setattr(docker_module, "_ANSWER", 1.0)
    driver = DockerDriver(clean_engine.socket, networks_ahead=0)
    await driver.load()
    clean_engine.signal(signal.SIGSTOP)
    try:
        found = await driver.fingerprint()
        assert not found.can_start
        assert "does not answer" in found.problems[0].en
        assert "没有响应" in found.problems[0].zh
        with pytest.raises(DriverError) as caught:
            await driver.relist()
        assert "does not answer" in caught.value.message
    finally:
        clean_engine.signal(signal.SIGCONT)
    assert await driver.relist() == []
    assert (await driver.fingerprint()).can_start
    await driver.unload()


async def test_a_container_killed_behind_our_back(
    make_docker: Callable[..., DockerDriver], clean_engine: TestEngine
) -> None:
    image = await asyncio.to_thread(busybox_image, clean_engine)
    driver = make_docker()
    await driver.load()
    container = await driver.start(make_spec(SERVE, image), "")
    await asyncio.to_thread(clean_engine.empty)
    assert await driver.relist() == []
    assert await driver.processes(container) == frozenset()
    assert [line async for line in driver.logs(container, 10, True)] == []
    await driver.stop(container, 5)
    await driver.unload()


# --- not there at all -----------------------------------------------------------------------------


async def _only_problem(driver: DockerDriver) -> str:
    await driver.load()
    found = await driver.fingerprint()
    await driver.unload()
    assert found.name == "docker"
    assert not found.can_start
    (problem,) = found.problems
    assert "\n" not in problem.en + problem.zh
    assert problem.zh != problem.en
    return problem.en


async def test_no_docker_is_one_sentence(tmp_path: Path) -> None:
    driver = DockerDriver(str(tmp_path / "docker.sock"))
    sentence = await _only_problem(driver)
    assert "Docker is not running on this machine" in sentence
    assert "install docker.io" in sentence


async def test_no_docker_is_told_by_every_call(tmp_path: Path) -> None:
    driver = DockerDriver(str(tmp_path / "docker.sock"))
    await driver.load()
    spec = make_spec(SERVE, "image:1")
    with pytest.raises(DriverError):
        await driver.relist()
    with pytest.raises(DriverError) as caught:
        await driver.prepare(spec, lambda _: None)
    assert caught.value.reason is FailReason.PREPARE
    with pytest.raises(DriverError) as caught:
        await driver.start(spec, "")
    assert caught.value.reason is FailReason.START
    assert [e async for e in driver.events()] == []
    await driver.unload()


async def test_a_dead_socket_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    assert "its daemon is not running" in await _only_problem(DockerDriver(str(path)))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
async def test_a_socket_that_is_not_ours_is_one_sentence(clean_engine: TestEngine) -> None:
    """Asked by a process of another user, as an agent outside the group docker would."""
    code = (
        "import asyncio, os\n"
        "from node_agent.engines.docker import DockerDriver\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "async def ask():\n"
        f"    driver = DockerDriver({clean_engine.socket!r})\n"
        "    print((await driver.fingerprint()).problems[0].en)\n"
        "    await driver.unload()\n"
        "asyncio.run(ask())\n"
    )
    import sys

    asking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(asking.communicate(), 30)
    assert b"add its user to the group docker" in out


async def test_something_else_on_the_socket_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhm")
        writer.close()

    async with await asyncio.start_unix_server(answer, path):
        assert "failed" in await _only_problem(DockerDriver(str(path)))


async def test_an_old_docker_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                body = b'{"Version": "18.06.1", "ApiVersion": "1.38"}'
                head = b"Content-Type: application/json\r\nContent-Length: %d" % len(body)
                writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)
        writer.close()

    async with await asyncio.start_unix_server(answer, path):
        sentence = await _only_problem(DockerDriver(str(path)))
    assert "18.06.1 is too old" in sentence


async def test_cards_without_the_toolkit_are_one_sentence(
    clean_engine: TestEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = tmp_path / "version"
    await asyncio.to_thread(sign.write_text, "NVRM version")
    monkeypatch.setattr(docker_module, "NVIDIA_SIGNS", (sign,))
    sentence = await _only_problem(DockerDriver(clean_engine.socket, real_gpus=True))
    assert "install nvidia-container-toolkit" in sentence
    # With the hook on the PATH, as the toolkit installs it, all is well.
    hook = str(clean_engine.folder / "hook")
    monkeypatch.setenv("PATH", f"{hook}{os.pathsep}{os.environ['PATH']}")
    driver = DockerDriver(clean_engine.socket, real_gpus=True, networks_ahead=0)
    assert (await driver.fingerprint()).can_start
    await driver.unload()
