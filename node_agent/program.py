"""The agent's composition root: wires the parts from the configuration, serves, lets go.

Ending the agent ends no engine: a restarted one adopts them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aigc.clock import Clock, SystemClock
from aigc.egress import parse
from aigc.errors import AigcError
from node_agent.config import AgentConfig
from node_agent.engines.docker import DockerDriver
from node_agent.engines.docker_walls import DockerWalls
from node_agent.engines.driver import EngineDriver, Problem
from node_agent.engines.process import ProcessDriver
from node_agent.enrolment import Identity, IdentityFiles, renew
from node_agent.gpu_work import GpuWatch
from node_agent.gpus.probe import GpuProbe
from node_agent.gpus.simulated import SimulatedProbe
from node_agent.machine import MachineFacts
from node_agent.notices import keep_notice
from node_agent.observation import Key
from node_agent.reconciler import Reconciler
from node_agent.session import NodeSession
from node_agent.store import Store
from node_agent.tunnel import TunnelClient, TunnelFiles
from node_agent.volumes import Volumes
from node_agent.walls.guard import Guard
from node_agent.walls.keeper import Walls
from node_agent.walls.mark import MARK
from node_agent.walls.nftables import NftError
from node_agent.walls.resolver import Names, lookup_by
from protos.aigc.v1 import node_pb2

log = logging.getLogger(__name__)

SIMULATED_STATE = "simulated-gpus.json"  # below state_dir; see gpus/simulated.py
PROCESSES = "processes"  # below state_dir: the process driver's folder
_LOOK_AT_CERTIFICATE_EVERY = 60.0
_MEASURE_EVERY = 60.0


async def serve(
    config: AgentConfig,
    clock: Clock | None = None,
    stop: asyncio.Event | None = None,
    stop_engines: bool = False,
) -> None:
    """Serve until SIGTERM, SIGINT or ``stop``.

    Args:
        stop_engines: end all engines of this machine at the end (for the demo).

    Raises:
        AigcError: ``not-joined``, ``volume-root-broken``, ``agent-state-broken``.
    """
    clock = clock or SystemClock()
    ended = stop or asyncio.Event()
    with _signals(ended):
        async with agent(config, clock) as running:
            running.stop_engines = stop_engines
            waiting = asyncio.ensure_future(ended.wait())
            working = asyncio.ensure_future(running.run())
            try:
                await asyncio.wait({waiting, working}, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    working.result()
            finally:
                for task in (waiting, working):
                    task.cancel()
                await asyncio.gather(waiting, working, return_exceptions=True)


@asynccontextmanager
async def agent(config: AgentConfig, clock: Clock) -> AsyncIterator[Agent]:
    """All parts of one agent, loaded and let go of."""
    files = IdentityFiles(config.state_dir)
    identity = await asyncio.to_thread(files.load)
    store = await Store.open(config.state_dir / "agent.sqlite")
    walls = Walls(config.docker_scope, MARK, wanted=config.walls != "off")
    private = [parse(text) for text in config.egress_private]
    names = Names(walls.let, private, lookup_by(config.name_servers))
    kept = DockerWalls(walls, names, config.name_servers, config.walls == "required")
    driver, note = await choose_driver(config, kept)
    probe = choose_probe(config)
    try:
        await driver.load()
        await probe.load()
        guarded = (walls, names) if isinstance(driver, DockerDriver) else None
        running = Agent(config, clock, identity, files, store, driver, probe, note, guarded)
        await running.load()
        yield running
        if running.stop_engines:
            await running.reconciler.stop_engines()
            await _take_down(walls)
    finally:
        await names.unload()
        await probe.unload()
        await driver.unload()
        await store.close()


class Agent:
    """One running agent. Made by :func:`agent`."""

    def __init__(
        self,
        config: AgentConfig,
        clock: Clock,
        identity: Identity,
        files: IdentityFiles,
        store: Store,
        driver: EngineDriver,
        probe: GpuProbe,
        note: Problem | None,
        guarded: tuple[Walls, Names] | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._identity = identity
        self._gateway_address = identity.gateway_address
        self._watch = GpuWatch(probe, clock)
        self._volumes = Volumes(config.volume_root, clock)
        self._facts = MachineFacts(config, driver, probe, self._volumes, store, clock, note)
        self.session = NodeSession(
            lambda: self._identity,
            self._facts,
            store,
            clock,
            self._on_welcome,
            self._on_notice,
            self._ask_renewal,
        )
        self.reconciler = Reconciler(
            driver,
            self._watch,
            self._volumes,
            store,
            config,
            self._facts.machine,
            clock,
            self._on_change,
            self._on_relist,
        )
        self.session.serve(self.reconciler)
        self._tunnel = TunnelClient(
            lambda: self._gateway_address,
            TunnelFiles(files.certificate, files.key, files.ca),
            self.reconciler.resolve,
            clock,
        )
        self._guard = None
        if guarded is not None:
            self._guard = Guard(
                *guarded,
                clock,
                self.reconciler.networks,
                lambda: (
                    self._identity.coordinator_address,
                    self._identity.node_address,
                    self._gateway_address,
                ),
                self.reconciler.refused,
                self._on_door,
                config.walls_seconds,
            )
        self._told: object = None
        self._door = asyncio.Event()
        self._renewal_asked = asyncio.Event()
        self._notices: set[asyncio.Task[None]] = set()
        self.stop_engines = False

    async def load(self) -> None:
        """First facts: without the cards no instance could be checked.

        Raises:
            AigcError: ``volume-root-broken``.
        """
        await self._volumes.load()
        self._facts.measured(await self._watch.sample({}))
        await self._facts.refresh()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.reconciler.run())
            group.create_task(self._connect())
            group.create_task(self._tunnel.run())
            group.create_task(self._read_cards())
            group.create_task(self._refresh_facts())
            group.create_task(self._measure_volumes())
            group.create_task(self._renew())
            if self._guard is not None:
                group.create_task(self._look_after_walls(self._guard))

    async def _connect(self) -> None:
        await self.reconciler.looked.wait()  # an empty first set would be a lie
        await self.session.run()

    def _on_change(self, key: Key) -> None:
        self.session.instance_changed(key)

    def _on_relist(self) -> None:
        """What is not of one instance is told in whole sets, when it changed."""
        now = (set(self.reconciler.quarantine.held), self.reconciler.problem)
        if now != self._told:
            self._told = now
            self.session.tell_everything()

    def _on_welcome(self, welcome: node_pb2.Welcome) -> None:
        self._gateway_address = welcome.gateway_address or self._gateway_address

    def _on_notice(self, notice: node_pb2.Notice) -> None:
        keeping = asyncio.create_task(
            asyncio.to_thread(keep_notice, self._config.state_dir, notice, self._clock)
        )
        self._notices.add(keeping)
        keeping.add_done_callback(self._notices.discard)

    def _ask_renewal(self) -> None:
        self._renewal_asked.set()

    async def _read_cards(self) -> None:
        while True:
            sample = await self._watch.sample(await self.reconciler.watched())
            self._facts.measured(sample)
            self.reconciler.measured(sample)
            self.session.tell_readings()
            await self._clock.sleep(self._config.readings_seconds)

    async def _refresh_facts(self) -> None:
        while True:
            await self._clock.sleep(self._config.relist_seconds)
            await self._facts.refresh()
            self.session.tell_everything()

    def _on_door(self) -> None:
        """The walls hold now, or do not any more: told at once, not at the next refresh."""
        self._door.set()

    async def _tell_door(self) -> None:
        while True:
            await self._door.wait()
            self._door.clear()
            await self._facts.refresh()
            self.session.tell_everything()

    async def _look_after_walls(self, guard: Guard) -> None:
        await self.reconciler.looked.wait()  # what runs is known
        async with asyncio.TaskGroup() as group:
            group.create_task(guard.run())
            group.create_task(self._tell_door())

    async def _measure_volumes(self) -> None:
        while True:
            try:
                await self._volumes.measure()
            except OSError as error:
                log.warning("volumes not measured", extra={"why": str(error)})
            await self._clock.sleep(_MEASURE_EVERY)

    async def _until_renewal_is_looked_at(self) -> None:
        waits = [
            asyncio.create_task(self._clock.sleep(_LOOK_AT_CERTIFICATE_EVERY)),
            asyncio.create_task(self._renewal_asked.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _renew(self) -> None:
        """At two thirds of the certificate's life (looked at often, since machines sleep), and
        when the coordinator asks for it."""
        while True:
            asked = self._renewal_asked.is_set()
            self._renewal_asked.clear()
            if asked or self._clock.now() >= self._identity.renew_at():
                try:
                    self._identity = await renew(
                        self._identity, self._config.state_dir, self._clock
                    )
                    log.info("certificate renewed", extra={"until": self._identity.validity()[1]})
                    self.session.reconnect()
                except (AigcError, OSError) as error:
                    log.warning("certificate not renewed", extra={"why": str(error)})
            await self._until_renewal_is_looked_at()


async def _take_down(walls: Walls) -> None:
    """With the last engine its walls go too (the demo leaves nothing behind)."""
    try:
        await asyncio.to_thread(walls.remove)
    except NftError as error:
        log.info("walls not taken down", extra={"why": str(error)})


async def choose_driver(
    config: AgentConfig, walls: DockerWalls | None = None
) -> tuple[EngineDriver, Problem | None]:
    """The driver of agent.toml, and a note for people if it is a stopgap.

    ``auto`` is Docker, unless it does not answer here and plain processes are allowed.
    """
    processes = ProcessDriver(config.state_dir / PROCESSES)
    if config.driver == "process":
        return processes, None
    docker = DockerDriver(
        config.docker_socket,
        scope=config.docker_scope,
        real_gpus=config.simulated_gpus == 0,
        walls=walls,
    )
    if config.driver == "docker" or not config.process_allowed:
        return docker, None
    await docker.load()
    found = await docker.fingerprint()
    if found.can_start:
        return docker, None
    await docker.unload()
    why = found.problems[0] if found.problems else Problem("no answer", "没有响应")
    log.warning("docker not usable, engines run as processes", extra={"why": why.en})
    return processes, Problem(
        f"Docker cannot be used here ({why.en}), so engines run as plain processes.",
        f"此处无法使用 Docker（{why.zh}），因此引擎以普通进程运行。",
    )


def choose_probe(config: AgentConfig) -> GpuProbe:
    """Real cards through NVML, or as many simulated ones as agent.toml says."""
    if config.simulated_gpus:
        return SimulatedProbe(
            config.simulated_gpus, str(config.state_dir), config.state_dir / SIMULATED_STATE
        )
    from node_agent.gpus.nvml import NvmlProbe

    return NvmlProbe()


@contextlib.contextmanager
def _signals(ended: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set the event, where this is the main thread's loop."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    taken = []
    if threading.current_thread() is threading.main_thread():
        for number in numbers:
            loop.add_signal_handler(number, ended.set)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
