"""What every engine driver must do. A driver's test module subclasses :class:`DriverContract`.

The subclass gives the fixtures ``driver`` (loaded; unloaded by the fixture) and ``make_driver``
(another one on the same state, as after an agent's restart; the test loads and unloads it), and
may override ``image``. Each program below is a container command and a process command at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from node_agent.engines.driver import (
    Container,
    ContainerState,
    DriverError,
    EngineDriver,
    InstanceSpec,
    LogLine,
    MountSpec,
    Progress,
)

_PATIENCE = 20.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Program:
    """One thing to run, in a container and as a process."""

    command: tuple[str, ...]
    process_command: tuple[str, ...]


def shell(script: str) -> Program:
    return Program(("sh", "-c", script), ("sh", "-c", script))


SERVE = Program(
    ("httpd", "-f", "-p", "8000", "-h", "/www"),
    ("{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1"),
)
STUBBORN = shell("trap '' TERM; echo armed; while :; do sleep 0.2; done")
GENTLE = shell("trap 'echo bye > $DATA/bye; exit 0' TERM; echo armed; while :; do sleep 0.1; done")
TALK = shell("echo one; echo two >&2; echo three; while :; do sleep 1; done")
FAIL = shell("echo going; exit 3")
CHATTY = shell("n=0; while :; do n=$((n+1)); echo line $n; sleep 0.2; done")


def make_spec(program: Program, image: str, **changes: Any) -> InstanceSpec:
    """A small instance with a new id."""
    return replace(
        InstanceSpec(
            instance_id=f"inst-{os.getpid()}-{next(_numbers)}",
            epoch=1,
            owner_id="person-1",
            engine_id="test-engine",
            version="1.0",
            image=image,
            image_digest="",
            command=program.command,
            environment={"GREETING": "hello"},
            secrets={"API_KEY": "s3cret-value"},
            port=8000,
            ready_path="/",
            ready_timeout=30,
            prepare_timeout=60,
            cpus=0.5,
            memory_bytes=64 << 20,
            pids=64,
            shm_bytes=16 << 20,
            capabilities=(),
            user="",
            stop_grace=5,
            gpu_uuids=(),
            mounts=(),
            process_command=program.process_command,
        ),
        **changes,
    )


async def fetch(
    address: tuple[str, int] | None, path: str = "/", *, patience: float = _PATIENCE
) -> tuple[int, bytes]:
    """Status and body of a GET; tried until somebody listens."""
    assert address is not None, "no address"
    async with asyncio.timeout(patience):
        while True:
            try:
                reader, writer = await asyncio.open_connection(*address)
                break
            except OSError:
                await asyncio.sleep(0.02)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n".encode())
            answer = await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def listed(driver: EngineDriver, spec: InstanceSpec) -> Container | None:
    return next((c for c in await driver.relist() if c.instance_id == spec.instance_id), None)


async def until(
    driver: EngineDriver, spec: InstanceSpec, good: Callable[[Container | None], bool]
) -> Container | None:
    """What the relist says of an instance, once it is as it should be."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = await listed(driver, spec)
            if good(found):
                return found
            await asyncio.sleep(0.05)


async def lines_until(
    driver: EngineDriver, container: Container, wanted: str, *, tail: int = 100
) -> list[LogLine]:
    """Followed log lines up to the first that contains ``wanted``."""
    found: list[LogLine] = []
    async with asyncio.timeout(_PATIENCE):
        logs = driver.logs(container, tail, True)
        async with contextlib.aclosing(logs):  # type: ignore[type-var]
            async for line in logs:
                found.append(line)
                if wanted in line.text:
                    return found
    raise AssertionError(f"no line with {wanted!r} in {found}")


class DriverContract:
    """See the module.

    Attributes:
        logs_carry_times: the driver knows when each line was written.
    """

    logs_carry_times = True

    @pytest.fixture
    def image(self) -> str:
        return "unused:1"

    @pytest.fixture
    def spec(self, image: str) -> Callable[..., InstanceSpec]:
        def make(program: Program = SERVE, **changes: Any) -> InstanceSpec:
            return make_spec(program, image, **changes)

        return make

    @pytest.fixture
    async def run(self, driver: EngineDriver) -> AsyncIterator[Callable[[InstanceSpec], Any]]:
        """Prepare and start; whatever is left is stopped at the end."""
        started: list[Container] = []

        async def go(spec: InstanceSpec) -> Container:
            digest = await driver.prepare(spec, lambda _: None)
            container = await driver.start(spec, digest)
            started.append(container)
            return container

        yield go
        await asyncio.gather(*(driver.stop(c, 0) for c in started))

    # --- being there ------------------------------------------------------------------------------

    async def test_the_fingerprint_says_that_it_can_start(self, driver: EngineDriver) -> None:
        found = await driver.fingerprint()
        assert found.name == driver.name
        assert found.can_start

    async def test_prepare_reports_a_finished_part(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec]
    ) -> None:
        reports: list[Progress] = []
        await driver.prepare(spec(), reports.append)
        await driver.prepare(spec(), reports.append)
        assert reports[-1].finished
        assert reports[-1].done == reports[-1].total

    # --- a life -----------------------------------------------------------------------------------

    async def test_it_starts_serves_and_stops_without_a_trace(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        one = spec(ready_path="/healthz", gpu_uuids=())
        container = await run(one)
        assert container.state is ContainerState.RUNNING
        assert (container.instance_id, container.epoch) == (one.instance_id, 1)
        assert container.ready_path == "/healthz"
        status, _ = await fetch(container.address)
        assert status == 200
        found = await listed(driver, one)
        assert found is not None
        assert found.address == container.address
        assert found.started_at is not None
        assert found.exit_code is None
        await driver.stop(found, 5)
        assert await listed(driver, one) is None
        with pytest.raises(OSError):
            await asyncio.wait_for(asyncio.open_connection(*container.address), 2)

    async def test_starting_what_runs_adopts_it(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        one = spec()
        first = await run(one)
        again = await driver.start(one, await driver.prepare(one, lambda _: None))
        assert again.container_id == first.container_id
        assert again.started_at == pytest.approx(first.started_at)
        assert len([c for c in await driver.relist() if c.instance_id == one.instance_id]) == 1

    async def test_stopping_twice_and_at_once_is_well(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        one = spec()
        container = await run(one)
        await asyncio.gather(driver.stop(container, 5), driver.stop(container, 5))
        await driver.stop(container, 5)
        assert await listed(driver, one) is None

    async def test_a_stopped_instance_starts_again_in_a_new_epoch(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        one = spec()
        await driver.stop(await run(one), 5)
        second = await run(replace(one, epoch=2))
        assert second.epoch == 2
        assert (await fetch(second.address))[0] == 200

    async def test_a_restarted_agent_adopts_what_runs(
        self,
        driver: EngineDriver,
        make_driver: Callable[[], EngineDriver],
        spec: Callable[..., InstanceSpec],
        run: Any,
    ) -> None:
        one = spec(epoch=7, gpu_uuids=())
        container = await run(one)
        other = make_driver()
        await other.load()
        try:
            found = await listed(other, one)
            assert found is not None
            assert (found.epoch, found.state) == (7, ContainerState.RUNNING)
            assert found.address == container.address
            assert (await other.start(one, "")).container_id == container.container_id
            await other.stop(found, 5)
            assert await listed(other, one) is None
        finally:
            await other.unload()

    async def test_unload_leaves_instances_running(
        self,
        make_driver: Callable[[], EngineDriver],
        driver: EngineDriver,
        spec: Callable[..., InstanceSpec],
    ) -> None:
        other = make_driver()
        await other.load()
        one = spec()
        container = await other.start(one, await other.prepare(one, lambda _: None))
        await other.unload()
        assert (await fetch(container.address))[0] == 200
        found = await listed(driver, one)
        assert found is not None
        await driver.stop(found, 5)

    # --- ending -----------------------------------------------------------------------------------

    async def test_the_grace_lets_an_engine_end_by_itself(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any, tmp_path: Path
    ) -> None:
        volume = MountSpec(tmp_path, "/data", environment="DATA")
        container = await run(spec(GENTLE, mounts=(volume,)))
        await lines_until(driver, container, "armed")
        before = asyncio.get_running_loop().time()
        await driver.stop(container, 15)
        assert asyncio.get_running_loop().time() - before < 12
        assert await asyncio.to_thread((tmp_path / "bye").read_text) == "bye\n"

    async def test_after_the_grace_it_is_killed(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        one = spec(STUBBORN)
        container = await run(one)
        await lines_until(driver, container, "armed")
        before = asyncio.get_running_loop().time()
        await driver.stop(container, 1)
        assert asyncio.get_running_loop().time() - before >= 0.9
        assert await listed(driver, one) is None

    async def test_an_engine_that_ends_by_itself_is_told_with_its_code(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        one = spec(FAIL)
        await run(one)
        found = await until(
            driver, one, lambda c: c is not None and c.state is ContainerState.EXITED
        )
        assert found is not None
        assert found.exit_code == 3
        assert not found.out_of_memory
        assert found.address is None

    async def test_events_hint_at_starts_and_ends(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        seen: list[tuple[str, str]] = []
        events = driver.events()

        async def listen() -> None:
            async with contextlib.aclosing(events):  # type: ignore[type-var]
                async for event in events:
                    seen.append((event.instance_id, event.what))
                    if event.what == "destroy":
                        return

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.3)
        one = spec()
        container = await run(one)
        await driver.stop(container, 5)
        await asyncio.wait_for(listening, _PATIENCE)
        assert {(one.instance_id, w) for w in ("start", "die", "destroy")} <= set(seen)

    async def test_an_engine_killed_from_outside_is_noticed(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        one = spec()
        container = await run(one)
        await fetch(container.address)
        pids = await driver.processes(container)
        assert pids
        for pid in pids:
            await asyncio.to_thread(_kill, pid)
        found = await until(driver, one, lambda c: c is None or c.state is ContainerState.EXITED)
        assert found is not None
        assert not found.out_of_memory

    # --- looking ----------------------------------------------------------------------------------

    async def test_logs_are_told_apart_and_carry_times(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        container = await run(spec(TALK))
        lines = await lines_until(driver, container, "three")
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while len(lines) < 3 and asyncio.get_running_loop().time() < deadline:
            lines = [line async for line in driver.logs(container, 100, False)]
        assert {(line.stream, line.text) for line in lines} == {
            ("stdout", "one"),
            ("stderr", "two"),
            ("stdout", "three"),
        }
        assert not self.logs_carry_times or all((line.at or 0) > 1_600_000_000 for line in lines)

    async def test_logs_can_be_followed_and_left(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        container = await run(spec(CHATTY))
        lines = await lines_until(driver, container, "line 6")
        assert [line.text for line in lines][-1] == "line 6"
        tail = [line async for line in driver.logs(container, 2, False)]
        assert len(tail) == 2

    async def test_processes_are_those_of_the_instance(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        first, second = await run(spec()), await run(spec())
        one, two = await driver.processes(first), await driver.processes(second)
        assert one
        assert two
        assert not one & two
        assert os.getpid() not in one | two

    async def test_environment_secrets_and_mounts_reach_the_engine(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any, tmp_path: Path
    ) -> None:
        await asyncio.to_thread((tmp_path / "note").write_text, "from the volume\n")
        show = shell("echo $GREETING/$API_KEY; cat $DATA/note; sleep 1000")
        one = spec(show, mounts=(MountSpec(tmp_path, "/data", environment="DATA"),))
        container = await run(one)
        lines = await lines_until(driver, container, "from the volume")
        assert "hello/s3cret-value" in [line.text for line in lines]

    # --- many, and wrong --------------------------------------------------------------------------

    @pytest.mark.timeout(180)
    async def test_twenty_at_once(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec], run: Any
    ) -> None:
        many = [spec() for _ in range(20)]
        containers = await asyncio.gather(*(run(one) for one in many))
        answers = await asyncio.gather(*(fetch(c.address) for c in containers))
        assert [status for status, _ in answers] == [200] * 20
        assert len({c.address for c in containers}) == 20
        found = {c.instance_id for c in await driver.relist()}
        assert {one.instance_id for one in many} <= found
        await asyncio.gather(*(driver.stop(c, 5) for c in containers))
        left = {c.instance_id for c in await driver.relist()}
        assert not left & {one.instance_id for one in many}

    async def test_a_command_that_is_not_there_is_told(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec]
    ) -> None:
        """By the start itself, or by an exit code at once (an init process finds out late)."""
        one = spec(Program(("/no/such/program",), ("/no/such/program",)))
        container = None
        with contextlib.suppress(DriverError):
            container = await driver.start(one, await driver.prepare(one, lambda _: None))
        if container is not None:
            found = await until(
                driver, one, lambda c: c is not None and c.state is ContainerState.EXITED
            )
            assert found is not None
            assert found.exit_code == 127
            await driver.stop(container, 5)
        assert await listed(driver, one) is None

    async def test_a_cancelled_start_leaves_a_known_state(
        self, driver: EngineDriver, spec: Callable[..., InstanceSpec]
    ) -> None:
        one = spec()
        digest = await driver.prepare(one, lambda _: None)
        for pause in (0.0, 0.02, 0.1):
            starting = asyncio.create_task(driver.start(one, digest))
            await asyncio.sleep(pause)
            starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await starting
            # Whatever came of it, the same start again is one running instance.
            container = await driver.start(one, digest)
            mine = [c for c in await driver.relist() if c.instance_id == one.instance_id]
            assert [c.state for c in mine] == [ContainerState.RUNNING]
            await driver.stop(container, 5)
            assert await listed(driver, one) is None


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
