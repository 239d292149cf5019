"""The process driver: the contract that containers meet too, and what only processes have."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from node_agent.engines import process_table
from node_agent.engines.driver import (
    ContainerState,
    Door,
    DriverError,
    FailReason,
)
from node_agent.engines.process import ProcessDriver
from node_agent.engines.process_logs import bound_logs
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


@pytest.fixture
def make_driver(tmp_path: Path) -> Callable[[], ProcessDriver]:
    return lambda: ProcessDriver(tmp_path / "processes")


@pytest_asyncio.fixture
async def driver(make_driver: Callable[[], ProcessDriver]) -> AsyncIterator[ProcessDriver]:
    made = make_driver()
    await made.load()
    yield made
    for container in await made.relist():
        await made.stop(container, 0)
    await made.unload()


class TestContract(DriverContract):
    """Processes write to files, which carry no times."""

    logs_carry_times = False


async def test_it_says_that_it_is_for_demos_and_open_to_local_users(
    driver: ProcessDriver,
) -> None:
    found = await driver.fingerprint()
    assert found.door is Door.OPEN_TO_LOCAL_USERS
    assert "demo only" in found.problems[0].en


async def test_placeholders_are_filled_and_the_agents_environment_stays_its_own(
    driver: ProcessDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGC_TOKEN", "the-agents-own")
    script = "echo port {port} $PORT token=$AIGC_TOKEN cards=$NVIDIA_VISIBLE_DEVICES; sleep 1000"
    one = make_spec(shell(script), "unused:1", gpu_uuids=("GPU-1",))
    container = await driver.start(one, "")
    assert container.address is not None
    port = container.address[1]
    lines = await lines_until(driver, container, "port")
    assert lines[0].text == f"port {port} {port} token= cards=GPU-1"


async def test_without_a_process_command_prepare_says_so(driver: ProcessDriver) -> None:
    with pytest.raises(DriverError, match="Docker only") as caught:
        await driver.prepare(make_spec(Program((), ()), "unused:1"), lambda _: None)
    assert caught.value.reason is FailReason.PREPARE


async def test_a_hostile_instance_id_reaches_no_folder(driver: ProcessDriver) -> None:
    with pytest.raises(DriverError, match="not an instance id"):
        await driver.start(make_spec(SERVE, "unused:1", instance_id="../../etc"), "")


async def test_what_left_its_session_is_ended_too(driver: ProcessDriver) -> None:
    one = make_spec(shell("setsid sleep 1000 & echo $!; sleep 1000"), "unused:1")
    container = await driver.start(one, "")
    lines = await lines_until(driver, container, "")
    runaway = int(lines[0].text)
    assert runaway in await driver.processes(container)
    await driver.stop(container, 5)
    assert not await asyncio.to_thread(_runs, runaway)


async def test_a_used_again_process_id_is_not_taken_for_the_engine(
    driver: ProcessDriver, tmp_path: Path
) -> None:
    one = make_spec(shell("exit 0"), "unused:1")
    container = await driver.start(one, "")
    await until(driver, one, lambda c: c is not None and c.state is ContainerState.EXITED)
    # This very test process, with another start time: as after a reboot or a wrap of the ids.
    stat = tmp_path / "processes" / container.container_id / "stat"
    fields = (await asyncio.to_thread(Path("/proc/self/stat").read_text)).split()
    fields[21] = str(int(fields[21]) - 1)
    await asyncio.to_thread(stat.write_text, " ".join(fields))
    found = await listed(driver, one)
    assert found is not None
    assert found.state is ContainerState.EXITED
    await driver.stop(found, 0)


async def test_an_engine_of_another_boot_has_exited(
    make_driver: Callable[[], ProcessDriver], driver: ProcessDriver, tmp_path: Path
) -> None:
    one = make_spec(SERVE, "unused:1")
    container = await driver.start(one, "")
    plan = tmp_path / "processes" / container.container_id / "spec.json"
    text = await asyncio.to_thread(plan.read_text)
    this_boot = await asyncio.to_thread(process_table.boot_id)
    await asyncio.to_thread(plan.write_text, text.replace(this_boot, "another-boot"))
    found = await listed(driver, one)
    assert found is not None
    assert found.state is ContainerState.EXITED
    assert found.address is None


async def test_a_folder_cut_off_before_the_start_is_cleared(
    driver: ProcessDriver, tmp_path: Path
) -> None:
    folder = tmp_path / "processes" / "i-1.3"
    await asyncio.to_thread(folder.mkdir)
    assert await driver.relist() == []
    assert not await asyncio.to_thread(folder.exists)


async def test_a_killed_leader_is_told_without_an_exit_code(driver: ProcessDriver) -> None:
    one = make_spec(SERVE, "unused:1")
    container = await driver.start(one, "")
    await fetch(container.address)
    for pid in await driver.processes(container):
        process_table.send([pid], signal.SIGKILL)
    found = await until(driver, one, lambda c: c is not None and c.state is ContainerState.EXITED)
    assert found is not None
    assert found.exit_code in (None, 137)


def test_a_reserved_port_is_free_for_who_asks_by_number() -> None:
    ports = {process_table.reserve_port() for _ in range(20)}
    assert len(ports) == 20
    for port in ports:
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))


def test_logs_are_cut_and_their_end_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "stdout.log"
    log.write_bytes(b"x" * (9 << 20) + b"the end\n")
    with log.open("ab", buffering=0) as engine:
        bound_logs(tmp_path)
        assert log.stat().st_size == 0
        engine.write(b"goes on\n")
    assert log.read_bytes() == b"goes on\n"
    assert (tmp_path / "stdout.log.1").read_bytes().endswith(b"the end\n")


async def test_a_cut_log_is_still_followed(driver: ProcessDriver, tmp_path: Path) -> None:
    container = await driver.start(make_spec(TALK, "unused:1"), "")
    lines = await lines_until(driver, container, "three")
    assert [line.text for line in lines if line.stream == "stdout"] == ["one", "three"]


def test_stat_lines_with_any_name_are_read() -> None:
    fields = " ".join(["S", "12", "13", "14"] + ["0"] * 15 + ["777"] + ["0"] * 30)
    assert process_table.leader_of(f"99 (a) b) (c) {fields}").start_ticks == 777


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
