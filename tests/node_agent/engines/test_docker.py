"""The Docker driver on a real Docker Engine: the contract, and what only containers have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aigc.egress import parse
from node_agent.engines.docker import DockerDriver
from node_agent.engines.docker_create import egress_label, egress_of
from node_agent.engines.docker_walls import DockerWalls
from node_agent.engines.driver import (
    ContainerState,
    DriverError,
    EngineDriver,
    FailReason,
)
from node_agent.walls.keeper import Walls
from node_agent.walls.obstacles import ELSEWHERE
from tests.docker_engine import TestEngine, wait_until
from tests.images import busybox_image
from tests.node_agent.engines.contract import (
    SERVE,
    TALK,
    DriverContract,
    Program,
    fetch,
    lines_until,
    listed,
    make_spec,
    shell,
    until,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

GPU = "GPU-11111111-2222-3333-4444-555555555555"
OTHER_GPU = "GPU-99999999-2222-3333-4444-555555555555"


@pytest.fixture
def image(clean_engine: TestEngine) -> str:
    return busybox_image(clean_engine)


def _inspect(engine: TestEngine, container_id: str) -> dict[str, Any]:
    client = engine.client()
    try:
        found: dict[str, Any] = client.api.inspect_container(container_id)
    finally:
        client.close()
    return found


def _networks(engine: TestEngine) -> list[dict[str, Any]]:
    client = engine.client()
    try:
        return [n for n in client.api.networks() if n["Name"] not in ("host", "none", "bridge")]
    finally:
        client.close()


def _containers(engine: TestEngine) -> list[dict[str, Any]]:
    client = engine.client()
    try:
        found: list[dict[str, Any]] = client.api.containers(all=True)
    finally:
        client.close()
    return found


def _knock(host: str, port: int) -> Program:
    """Ask for a page there, show what came, and say when that is over."""
    ask = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {host} {port}"
    return shell(f"{ask}; echo; echo told; sleep 1000")


class TestContract(DriverContract):
    @pytest.fixture
    def image(self, clean_engine: TestEngine) -> str:
        return busybox_image(clean_engine)

    @pytest.fixture
    def make_driver(self, make_docker: Callable[..., DockerDriver]) -> Callable[..., EngineDriver]:
        return make_docker

    @pytest.fixture
    def driver(self, docker: DockerDriver) -> EngineDriver:
        return docker


# --- limits and hardening -------------------------------------------------------------------------


async def test_limits_and_hardening_are_set(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    spec = make_spec(
        shell("ulimit -a >/dev/null; id; cat /proc/self/status; df -k /dev/shm; sleep 1000"),
        image,
        cpus=0.25,
        memory_bytes=48 << 20,
        pids=33,
        shm_bytes=8 << 20,
        user="65534:65534",
    )
    container = await docker.start(spec, "")
    found = await asyncio.to_thread(_inspect, clean_engine, container.container_id)
    host = found["HostConfig"]
    assert host["NanoCpus"] == 250_000_000
    assert host["Memory"] == host["MemorySwap"] == 48 << 20
    assert host["PidsLimit"] == 33
    assert host["ShmSize"] == 8 << 20
    assert host["Init"] is True
    assert host["Privileged"] is False
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["RestartPolicy"]["Name"] in ("", "no")
    assert host["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-size": "10m", "max-file": "3"},
    }
    assert not host["PortBindings"]
    assert not any((found["NetworkSettings"]["Ports"] or {}).values())
    # And as the engine itself sees them.
    lines = [line.text for line in await lines_until(docker, container, "/dev/shm")]
    status = {k: v.strip() for k, _, v in (line.partition(":") for line in lines)}
    assert any(line.startswith("uid=65534") for line in lines)
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert any(line.split()[1:2] == ["8192"] for line in lines if "shm" in line)
    await docker.stop(container, 0)


async def test_the_process_limit_holds(docker: DockerDriver, image: str) -> None:
    # A shell that cannot fork ends; the one around it stays, with all that was begun.
    bomb = "n=0; while [ $n -lt 40 ]; do sleep 100 & n=$((n+1)); done; echo all"
    script = shell(f"sh -c '{bomb}' 2>&1; echo over; exec sleep 1000")
    container = await docker.start(make_spec(script, image, pids=20), "")
    lines = [line.text for line in await lines_until(docker, container, "over")]
    assert any("an't fork" in text for text in lines)
    assert "all" not in lines
    assert 15 < len(await docker.processes(container)) <= 20
    await docker.stop(container, 0)


async def test_more_processors_than_there_are_is_all_there_are(
    docker: DockerDriver, image: str
) -> None:
    container = await docker.start(make_spec(SERVE, image, cpus=4096), "")
    await docker.stop(container, 0)


async def test_only_five_capabilities_may_be_asked_for(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    """Pitfall 32."""
    with pytest.raises(DriverError) as caught:
        await docker.start(make_spec(SERVE, image, capabilities=("SYS_ADMIN", "CHOWN")), "")
    assert "SYS_ADMIN" in caught.value.message
    assert await asyncio.to_thread(_containers, clean_engine) == []
    container = await docker.start(make_spec(SERVE, image, capabilities=("cap_chown",)), "")
    found = await asyncio.to_thread(_inspect, clean_engine, container.container_id)
    assert found["HostConfig"]["CapAdd"] == ["CHOWN"]
    await docker.stop(container, 0)


async def test_a_read_only_root_has_a_writable_tmp(docker: DockerDriver, image: str) -> None:
    script = shell("touch /tmp/a && echo tmp-works; touch /etc/a || echo root-refused; sleep 1000")
    container = await docker.start(make_spec(script, image, read_only_root=True), "")
    lines = await lines_until(docker, container, "root-refused")
    assert "tmp-works" in [line.text for line in lines]
    await docker.stop(container, 0)


async def test_labels_are_enough_to_adopt_and_hold_no_secret(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    spec = make_spec(SERVE, image, epoch=4, ready_path="/ready", gpu_uuids=(GPU,))
    container = await docker.start(spec, "")
    found = await asyncio.to_thread(_inspect, clean_engine, container.container_id)
    labels = found["Config"]["Labels"]
    assert labels["aigc.instance"] == spec.instance_id
    assert (labels["aigc.epoch"], labels["aigc.owner"]) == ("4", "person-1")
    assert (labels["aigc.engine"], labels["aigc.gpus"]) == ("test-engine", GPU)
    assert labels["aigc.network"] in [
        n["Name"] for n in await asyncio.to_thread(_networks, clean_engine)
    ]
    assert "s3cret-value" not in str(labels)
    assert "API_KEY=s3cret-value" in found["Config"]["Env"]
    await docker.stop(container, 0)


# --- memory ---------------------------------------------------------------------------------------


async def test_running_out_of_memory_is_told_apart(docker: DockerDriver, image: str) -> None:
    hog = shell("exec dd if=/dev/zero of=/dev/null bs=200M count=1")
    spec = make_spec(hog, image, memory_bytes=24 << 20)
    await docker.start(spec, "")
    found = await until(docker, spec, lambda c: c is not None and c.state is ContainerState.EXITED)
    assert found is not None
    assert found.out_of_memory
    assert found.exit_code == 137
    await docker.stop(found, 0)


async def test_a_killed_child_is_not_the_engine_running_out_of_memory(
    docker: DockerDriver, image: str
) -> None:
    script = shell("dd if=/dev/zero of=/dev/null bs=200M count=1; exit 0")
    spec = make_spec(script, image, memory_bytes=24 << 20)
    await docker.start(spec, "")
    found = await until(docker, spec, lambda c: c is not None and c.state is ContainerState.EXITED)
    assert found is not None
    assert found.exit_code == 0
    assert not found.out_of_memory
    await docker.stop(found, 0)


# --- networks -------------------------------------------------------------------------------------


async def test_every_instance_has_a_network_of_its_own(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    """Pitfall 28."""
    first = await docker.start(make_spec(SERVE, image), "")
    assert first.address is not None
    # A neighbour cannot reach it, although both are on one machine.
    second = await docker.start(make_spec(_knock(first.address[0], 8000), image), "")
    lines = await lines_until(docker, second, "told")
    assert "ready" not in [line.text for line in lines]
    assert (await fetch(first.address))[0] == 200
    await asyncio.gather(docker.stop(first, 0), docker.stop(second, 0))


async def test_only_an_engine_with_egress_has_a_way_out(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    """Pitfall 30."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nthe world")
        writer.close()

    async with await asyncio.start_server(answer, clean_engine.host_address, 0) as world:
        port = world.sockets[0].getsockname()[1]
        script = _knock(clean_engine.host_address, port)
        inside = await docker.start(make_spec(script, image), "")
        outside = await docker.start(make_spec(script, image, egress=True), "")
        texts = [[x.text for x in await lines_until(docker, c, "told")] for c in (inside, outside)]
    await asyncio.gather(docker.stop(inside, 0), docker.stop(outside, 0))
    assert "the world" not in texts[0]
    assert "the world" in texts[1]


async def test_an_engine_without_a_way_out_has_no_name_server_either(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    """Docker before 25.0.5 forwards questions from networks without a way out, too."""
    inside = await docker.start(make_spec(SERVE, image), "")
    outside = await docker.start(make_spec(SERVE, image, egress=True), "")
    told = [
        (await asyncio.to_thread(_inspect, clean_engine, c.container_id))["HostConfig"]["Dns"] or []
        for c in (inside, outside)
    ]
    assert told[0] == ["127.0.0.1"]
    assert "127.0.0.1" not in told[1]
    await asyncio.gather(docker.stop(inside, 0), docker.stop(outside, 0))


async def test_a_list_of_what_it_may_reach_needs_walls(docker: DockerDriver, image: str) -> None:
    with pytest.raises(DriverError, match="needs walls"):
        await docker.start(make_spec(SERVE, image, egress_to=(parse("pypi.org:443"),)), "")
    assert await docker.relist() == []


async def test_where_walls_are_required_and_cannot_be_nothing_starts(
    make_docker: Callable[..., DockerDriver], image: str
) -> None:
    """This Docker's networks are in another network namespace than this process."""
    driver = make_docker(walls=DockerWalls(Walls("studio", 0), required=True))
    await driver.load()
    found = await driver.fingerprint()
    assert (found.can_start, found.door) == (False, "open-to-local-users")
    assert found.problems == (ELSEWHERE,)
    assert found.door_reason == ELSEWHERE
    with pytest.raises(DriverError, match="beside Docker"):
        await driver.start(make_spec(SERVE, image), "")
    assert await driver.relist() == []
    await driver.unload()


@pytest.mark.parametrize("listed", ["", "pypi.org:443", "*.hf.co 10.0.0.0/8:80,443"])
@pytest.mark.parametrize("internet", [False, True])
def test_where_it_may_go_is_read_from_its_label_again(listed: str, internet: bool) -> None:
    places = tuple(parse(word) for word in listed.split())
    spec = make_spec(SERVE, "x", egress=internet, egress_to=places)
    assert egress_of(egress_label(spec)) == (internet, places)


async def test_networks_are_made_ahead_and_none_is_left(
    make_docker: Callable[..., DockerDriver], image: str, clean_engine: TestEngine
) -> None:
    async def count(wanted: int) -> None:
        await asyncio.to_thread(
            wait_until, f"{wanted} networks", lambda: len(_networks(clean_engine)) == wanted
        )

    driver = make_docker(networks_ahead=3)
    await driver.load()
    await count(3)
    container = await driver.start(make_spec(SERVE, image), "")
    await count(4)
    # As after a kill -9: the next one takes over the spare ones and makes no more.
    second = make_docker(networks_ahead=3)
    await second.load()
    await asyncio.sleep(0.3)
    await count(4)
    await second.stop(container, 0)
    await second.unload()
    await driver.unload()
    await count(0)


async def test_a_spare_network_that_vanished_is_no_failure(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    await asyncio.to_thread(wait_until, "a spare network", lambda: bool(_networks(clean_engine)))
    await asyncio.to_thread(clean_engine.empty)
    container = await docker.start(make_spec(SERVE, image), "")
    assert (await fetch(container.address))[0] == 200
    await docker.stop(container, 0)


async def test_ports_go_to_loopback_where_containers_cannot_be_reached(
    make_docker: Callable[..., DockerDriver], image: str, clean_engine: TestEngine
) -> None:
    """Pitfall 16."""
    driver = make_docker(publish=True, networks_ahead=0)
    await driver.load()
    assert (await driver.fingerprint()).door == "open-to-local-users"
    container = await driver.start(make_spec(SERVE, image), "")
    assert container.address is not None
    assert container.address[0] == "127.0.0.1"
    await driver.stop(container, 0)
    await driver.unload()


# --- GPUs -----------------------------------------------------------------------------------------


async def test_a_gpu_is_asked_for_by_its_uuid(
    make_docker: Callable[..., DockerDriver], image: str, clean_engine: TestEngine
) -> None:
    """Pitfall 12."""
    clean_engine.know_gpus(GPU, OTHER_GPU)
    driver = make_docker(real_gpus=True)
    await driver.load()
    show = shell("echo cards=$NVIDIA_VISIBLE_DEVICES; sleep 1000")
    env = {"NVIDIA_VISIBLE_DEVICES": "all"}
    with_gpus = make_spec(show, image, gpu_uuids=(GPU, OTHER_GPU), environment=env)
    container = await driver.start(with_gpus, "")
    assert container.gpu_uuids == (GPU, OTHER_GPU)
    await lines_until(driver, container, f"cards={GPU},{OTHER_GPU}")
    found = await asyncio.to_thread(_inspect, clean_engine, container.container_id)
    (request,) = found["HostConfig"]["DeviceRequests"]
    assert request["DeviceIDs"] == [GPU, OTHER_GPU]
    assert request["Count"] == 0
    # One without a GPU sees none, whatever its image or template say.
    without = await driver.start(make_spec(show, image, environment=env), "")
    await lines_until(driver, without, "cards=void")
    await asyncio.gather(driver.stop(container, 0), driver.stop(without, 0))
    await driver.unload()


async def test_a_gpu_that_is_not_there_fails_and_leaves_nothing(
    make_docker: Callable[..., DockerDriver], image: str, clean_engine: TestEngine
) -> None:
    clean_engine.know_gpus(OTHER_GPU)
    driver = make_docker(real_gpus=True, networks_ahead=0)
    await driver.load()
    with pytest.raises(DriverError) as caught:
        await driver.start(make_spec(SERVE, image, gpu_uuids=(GPU,)), "")
    assert caught.value.reason is FailReason.GPU_LOST
    assert GPU in caught.value.message
    assert await asyncio.to_thread(_containers, clean_engine) == []
    assert await asyncio.to_thread(_networks, clean_engine) == []
    await driver.unload()


async def test_simulated_gpus_are_not_asked_of_docker(
    docker: DockerDriver, image: str, clean_engine: TestEngine
) -> None:
    clean_engine.know_gpus()
    container = await docker.start(make_spec(SERVE, image, gpu_uuids=(GPU,)), "")
    assert container.gpu_uuids == (GPU,)
    await docker.stop(container, 0)


# --- one writer -----------------------------------------------------------------------------------


async def test_two_runs_of_one_instance_never_run_at_once(
    docker: DockerDriver, make_docker: Callable[..., DockerDriver], image: str
) -> None:
    spec = make_spec(SERVE, image)
    container = await docker.start(spec, "")
    other = make_docker()
    await other.load()
    with pytest.raises(DriverError) as caught:
        await other.start(replace(spec, epoch=2), "")
    assert "must be stopped first" in caught.value.message
    found = await listed(docker, spec)
    assert found is not None
    assert (found.container_id, found.epoch) == (container.container_id, 1)
    await docker.stop(container, 0)
    await docker.stop(await other.start(replace(spec, epoch=2), ""), 0)
    await other.unload()


async def test_what_ended_is_replaced_by_the_next_start(docker: DockerDriver, image: str) -> None:
    spec = make_spec(shell("exit 0"), image)
    first = await docker.start(spec, "")
    await until(docker, spec, lambda c: c is not None and c.state is ContainerState.EXITED)
    second = await docker.start(replace(spec, epoch=2, command=TALK.command), "")
    assert second.container_id != first.container_id
    await docker.stop(second, 0)


async def test_another_scope_is_not_ours(
    docker: DockerDriver, make_docker: Callable[..., DockerDriver], image: str
) -> None:
    other = make_docker(scope="another")
    await other.load()
    spec = make_spec(SERVE, image)
    container = await docker.start(spec, "")
    assert await other.relist() == []
    await other.unload()
    assert (await fetch(container.address))[0] == 200
    await docker.stop(container, 0)
