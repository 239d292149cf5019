"""How long from a request to READY, beside bare Docker, in one run: ``python -m
benchmarks.start_latency [--json]`` (root; a Docker Engine of its own; under three minutes).

*Ours* is the agent: desired set in, reconciler, Docker driver, READY out. *Bare* is the SDK driven
from threads with the same image, flags, network, volume and concurrency, to the first 200. Aims:
one start at most 1.2 times bare at the median, the last of twenty at once 1.1 times, READY noticed
within 50 ms of the engine's first 200 (250 ms where it boots for seconds).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import itertools
import json
import logging
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aigc.clock import SystemClock
from node_agent.config import AgentConfig
from node_agent.engines import docker_create as terms
from node_agent.engines.docker import DockerDriver
from node_agent.engines.docker_client import connect, daemon_version
from node_agent.engines.driver import InstanceSpec, MountSpec
from node_agent.gpu_work import GpuWatch
from node_agent.gpus.simulated import SimulatedProbe
from node_agent.limits import Machine
from node_agent.observation import Key, Phase
from node_agent.reconciler import Reconciler
from node_agent.store import Store
from node_agent.volumes import Volumes
from protos.aigc.v1 import node_pb2
from tests.docker_engine import TestEngine, engine
from tests.images import busybox_image

SINGLES = 7
AT_ONCE = 20
SLOW_BOOT = 2.0
AIMS = {"single": 1.2, "last_of_twenty": 1.1, "notice_ms": 50.0, "notice_slow_ms": 250.0}

_SERVE = ("httpd", "-f", "-p", "8000", "-h", "/www")
_BOOT = ("sh", "-c", f"sleep {SLOW_BOOT:g}; exec {' '.join(_SERVE)}")
_MEMORY, _PIDS, _SHM = 64 << 20, 64, 16 << 20
_numbers = itertools.count(1)


# --- bare Docker ----------------------------------------------------------------------------------


@dataclass
class Bare:
    """The SDK from threads, with the very settings that the driver uses."""

    where: TestEngine
    image: str
    volumes: Path
    ground: terms.Ground = field(init=False)

    def __post_init__(self) -> None:
        self.ground = terms.Ground(scope="bare", cpus=os.cpu_count() or 1, pass_gpus=False)
        level = str(daemon_version(self.where.socket, 10)["ApiVersion"])
        self.api = connect(self.where.socket, level, 60)

    def start(self) -> tuple[float, tuple[str, str]]:
        """Seconds to the first 200, and what to end afterwards."""
        number = next(_numbers)
        network = f"bare-{number}"
        volume = self.volumes / f"bare-{number}"
        begun = time.perf_counter()
        volume.mkdir()
        self.api.create_network(
            network,
            internal=True,
            check_duplicate=None,
            options={"com.docker.network.bridge.name": network},
        )
        spec = _spec(f"bare-{number}", self.image, volume)
        made = self.api.create_container(
            **terms.create_arguments(spec, self.ground, self.image, "", network)
        )["Id"]
        self.api.start(made)
        settings = self.api.inspect_container(made)["NetworkSettings"]
        _first_200(str(settings["Networks"][network]["IPAddress"]), 8000)
        return time.perf_counter() - begun, (made, network)

    def end(self, what: tuple[str, str]) -> None:
        self.api.remove_container(what[0], force=True, v=True)
        self.api.remove_network(what[1])


def _spec(instance_id: str, image: str, volume: Path) -> InstanceSpec:
    return InstanceSpec(
        instance_id=instance_id,
        epoch=1,
        owner_id="bench",
        engine_id="bench",
        version="1",
        image=image,
        image_digest="",
        command=_SERVE,
        environment={},
        secrets={},
        port=8000,
        ready_path="/",
        ready_timeout=60,
        prepare_timeout=60,
        cpus=0.5,
        memory_bytes=_MEMORY,
        pids=_PIDS,
        shm_bytes=_SHM,
        capabilities=(),
        user="",
        stop_grace=1,
        gpu_uuids=(),
        mounts=(MountSpec(volume, "/data"),),
    )


def _first_200(host: str, port: int) -> float:
    """The moment of the first 200, asked for every few milliseconds."""
    pause = threading.Event()
    while True:
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return time.perf_counter()
        except OSError:
            pause.wait(0.003)
        finally:
            connection.close()


# --- ours -----------------------------------------------------------------------------------------


@dataclass
class Ours:
    """An agent without a coordinator: the desired sets come from here."""

    image: str
    reconciler: Reconciler = field(init=False)
    ready: dict[Key, asyncio.Future[float]] = field(default_factory=dict)
    revision: int = 0

    def changed(self, key: Key) -> None:
        run = self.reconciler.runs.get(key)
        waiting = self.ready.get(key)
        if run is None or waiting is None or waiting.done():
            return
        if run.phase is Phase.READY:
            waiting.set_result(time.perf_counter())
        elif run.phase in (Phase.FAILED, Phase.EXITED):
            waiting.set_exception(RuntimeError(f"{key}: {run.phase} {run.error}"))

    async def start(self, count: int, command: tuple[str, ...] = _SERVE) -> list[float]:
        """Seconds from the request to READY of each of so many, asked for at once."""
        names = [f"ours-{next(_numbers)}" for _ in range(count)]
        loop = asyncio.get_running_loop()
        self.ready = {(name, 1): loop.create_future() for name in names}
        begun = time.perf_counter()
        await self._desire([self._desired(name, command) for name in names], [])
        moments = await asyncio.wait_for(asyncio.gather(*self.ready.values()), 120)
        return [moment - begun for moment in moments]

    async def end(self) -> None:
        names = [name for name, _ in self.ready]
        await self._desire([], names)
        async with asyncio.timeout(120):
            while not all(self._is_gone(name) for name in names):  # noqa: ASYNC110 - it is not told
                await asyncio.sleep(0.05)

    def _is_gone(self, name: str) -> bool:
        run = self.reconciler.runs.get((name, 1))
        return run is None or run.phase is Phase.GONE

    async def _desire(self, run: list[node_pb2.DesiredInstance], ended: list[str]) -> None:
        self.revision += 1
        accepted = await self.reconciler.desire(
            node_pb2.DesiredSet(
                ledger_id="bench",
                revision=self.revision,
                run=run,
                ended=[node_pb2.EndedInstance(instance_id=n, epoch=1) for n in ended],
            )
        )
        assert accepted

    def _desired(self, name: str, command: tuple[str, ...]) -> node_pb2.DesiredInstance:
        return node_pb2.DesiredInstance(
            instance_id=name,
            epoch=1,
            owner_id="bench",
            engine_id="bench",
            version="1",
            mounts=[node_pb2.Mount(volume_id=f"vol-{name}", path="/data")],
            spec=node_pb2.EngineSpec(
                image=self.image,
                command=command,
                port=8000,
                ready_path="/",
                ready_timeout_seconds=60,
                prepare_timeout_seconds=60,
                cpus=0.5,
                memory_bytes=_MEMORY,
                pids=_PIDS,
                shm_bytes=_SHM,
                stop_grace_seconds=1,
            ),
        )

    async def lateness(self, command: tuple[str, ...], times: int) -> list[float]:
        """Seconds between an engine's first 200, seen by somebody else, and READY."""
        late = []
        for _ in range(times):
            watching = asyncio.create_task(self._watch_from_outside())
            begun = time.perf_counter()
            (took,) = await self.start(1, command)
            late.append(begun + took - await watching)
            await self.end()
        return late

    async def _watch_from_outside(self) -> float:
        while True:
            for run in list(self.reconciler.runs.values()):
                if run.is_live and run.container is not None and run.container.address:
                    return await asyncio.to_thread(_first_200, *run.container.address)
            await asyncio.sleep(0.002)


@asynccontextmanager
async def _agent(where: TestEngine, image: str, folder: Path) -> AsyncIterator[Ours]:
    clock = SystemClock()
    config = AgentConfig(
        state_dir=folder / "state", volume_root=folder / "ours", docker_socket=where.socket
    )
    config.state_dir.mkdir()
    store = await Store.open(config.state_dir / "agent.sqlite")
    driver = DockerDriver(where.socket)
    probe = SimulatedProbe(0, "bench")
    watch, volumes = GpuWatch(probe, clock), Volumes(config.volume_root, clock)
    machine = Machine(float(os.cpu_count() or 1), 64 << 30, frozenset(), process_driver=False)
    ours = Ours(image)
    await volumes.load()
    await driver.load()
    ours.reconciler = Reconciler(
        driver, watch, volumes, store, config, lambda: machine, clock, ours.changed, lambda: None
    )
    running = asyncio.create_task(ours.reconciler.run())
    try:
        await ours.reconciler.looked.wait()
        yield ours
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await driver.unload()
        await store.close()


# --- the run --------------------------------------------------------------------------------------


async def measure(where: TestEngine, folder: Path) -> dict[str, Any]:
    """All figures, in seconds and milliseconds as their names say."""
    image = await asyncio.to_thread(busybox_image, where)
    bare = await asyncio.to_thread(Bare, where, image, folder)
    pool = ThreadPoolExecutor(AT_ONCE)
    loop = asyncio.get_running_loop()

    async def bare_starts(count: int) -> list[float]:
        done = await asyncio.gather(*(loop.run_in_executor(pool, bare.start) for _ in range(count)))
        await asyncio.gather(*(loop.run_in_executor(pool, bare.end, what) for _, what in done))
        return [seconds for seconds, _ in done]

    single: dict[str, list[float]] = {"bare": [], "ours": []}
    twenty: dict[str, list[float]] = {}
    async with _agent(where, image, folder) as ours:
        for _ in range(SINGLES):
            single["bare"] += await bare_starts(1)
            single["ours"] += await ours.start(1)
            await ours.end()
            # Networks made ahead are made again while nobody waits.
            await asyncio.sleep(0.5)
        late = await ours.lateness(_SERVE, 5)
        late_slow = await ours.lateness(_BOOT, 3)
        twenty["bare"] = await bare_starts(AT_ONCE)
        await asyncio.sleep(3)
        twenty["ours"] = await ours.start(AT_ONCE)
        await ours.end()
    pool.shutdown()
    bare.api.close()
    medians = {who: statistics.median(times) for who, times in single.items()}
    last = {who: max(times) for who, times in twenty.items()}
    return {
        "single_seconds": {who: round(v, 4) for who, v in medians.items()},
        "single_ratio": round(medians["ours"] / medians["bare"], 3),
        "last_of_twenty_seconds": {who: round(v, 4) for who, v in last.items()},
        "last_of_twenty_ratio": round(last["ours"] / last["bare"], 3),
        "notice_ms": round(statistics.median(late) * 1000, 1),
        "notice_slow_ms": round(statistics.median(late_slow) * 1000, 1),
        "aims": AIMS,
        "cpus": os.cpu_count(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("start_latency needs root for a Docker Engine of its own.", file=sys.stderr)
        return 2
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="aigc-bench-") as folder, engine() as where:
        found = asyncio.run(measure(where, Path(folder)))
    if arguments.json:
        print(json.dumps(found))
        return 0
    one, many = found["single_seconds"], found["last_of_twenty_seconds"]
    print(
        f"one start        bare {one['bare'] * 1000:6.0f} ms   ours {one['ours'] * 1000:6.0f} ms"
        f"   {found['single_ratio']:.2f} times (aim {AIMS['single']})"
    )
    print(
        f"last of twenty   bare {many['bare'] * 1000:6.0f} ms   ours {many['ours'] * 1000:6.0f} ms"
        f"   {found['last_of_twenty_ratio']:.2f} times (aim {AIMS['last_of_twenty']})"
    )
    print(
        f"READY noticed    {found['notice_ms']:.0f} ms after the first 200 (aim 50), "
        f"{found['notice_slow_ms']:.0f} ms after a slow boot (aim 250)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
