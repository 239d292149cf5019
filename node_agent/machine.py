"""What the agent tells about its machine: hello, problems, cards, disk, volumes."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
from datetime import datetime, timedelta
from pathlib import Path

import psutil

import aigc
from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError
from node_agent.config import AgentConfig
from node_agent.engines.driver import Door, EngineDriver, Fingerprint, Problem
from node_agent.enrolment import check_clock
from node_agent.gpu_work import Sample
from node_agent.gpus.probe import GpuProbe, GpuReading, ProbeHealth
from node_agent.hardware import read_hardware
from node_agent.limits import Machine, allowed_gpu
from node_agent.observation import door_message, gpu_message, instance_message, sentence
from node_agent.reconciler import Reconciler
from node_agent.store import Store
from node_agent.volumes import VolumeFact, Volumes
from protos.aigc.v1 import node_pb2

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class MachineFacts:
    """Gathers facts off the loop; gives the last ones at once."""

    def __init__(
        self,
        config: AgentConfig,
        driver: EngineDriver,
        probe: GpuProbe,
        volumes: Volumes,
        store: Store,
        clock: Clock,
        note: Problem | None = None,
    ) -> None:
        self._config = config
        self._driver = driver
        self._probe = probe
        self._volumes = volumes
        self._store = store
        self._clock = clock
        self._nonce = secrets.randbits(63)
        self._boot_id = ""
        self._hardware = ""
        self._fingerprint = Fingerprint(driver.name, "", False, Door.OPEN_TO_LOCAL_USERS)
        self._health = ProbeHealth()
        self._probe_failure = ""
        self._cards: tuple[GpuReading, ...] = ()
        self._volume_facts: tuple[VolumeFact, ...] = ()
        self._disk_free = 0
        self._memory = psutil.virtual_memory().total
        self._note = note
        self._their_time: tuple[datetime, float] | None = None

    async def refresh(self) -> None:
        """Look at the driver, the probe, the disk and the volumes again."""
        self._boot_id = self._boot_id or await asyncio.to_thread(_read_boot_id)
        self._hardware = self._hardware or await asyncio.to_thread(read_hardware)
        self._fingerprint = await self._driver.fingerprint()
        self._health = await self._probe.health()
        self._disk_free = await asyncio.to_thread(_disk_free, self._config.volume_root)
        self._volume_facts = await self._volumes.facts()

    def measured(self, sample: Sample) -> None:
        """Take the cards that agent.toml gives to the studio, with their readings."""
        self._cards = tuple(c for c in sample.cards if allowed_gpu(c.uuid, self._config))
        self._probe_failure = sample.failure

    def heard_time(self, theirs: datetime | None) -> None:
        """The coordinator told its time."""
        self._their_time = None if theirs is None else (theirs, self._clock.monotonic())

    def clock_problem(self) -> Problem | None:
        """What to say of this machine's clock; None once it agrees with the coordinator's."""
        if self._their_time is None:
            return None
        told, at = self._their_time
        theirs = told + timedelta(seconds=self._clock.monotonic() - at)
        try:
            check_clock(theirs, self._clock.now())
        except AigcError as error:
            minutes = abs(self._clock.now() - theirs).total_seconds() / 60
            return Problem(
                error.message,
                f"本机时钟与协调器相差 {minutes:.0f} 分钟："
                "请校准（例如 timedatectl set-ntp true）。",
            )
        return None

    def machine(self) -> Machine:
        """For the limits."""
        return Machine(
            cpus=float(os.cpu_count() or 1),
            memory_bytes=self._memory,
            gpu_uuids=frozenset(c.uuid for c in self._cards),
            process_driver=self._driver.name == "process",
        )

    @property
    def cards(self) -> tuple[GpuReading, ...]:
        return self._cards

    @property
    def simulated(self) -> frozenset[str]:
        """UUIDs of the cards that do not exist."""
        return frozenset(c.uuid for c in self._cards if c.simulated)

    def hello(self) -> node_pb2.Hello:
        ledger = self._store.ledger
        return node_pb2.Hello(
            agent_version=aigc.__version__,
            boot_id=self._boot_id,
            hostname=socket.gethostname(),
            driver_name=self._fingerprint.name,
            docker_version=self._fingerprint.version if self._driver.name == "docker" else "",
            nvidia_driver=self._health.driver_version,
            ledger_id=ledger.ledger_id,
            revision=ledger.revision,
            agent_time_ms=milliseconds(self._clock.now()),
            cpus=os.cpu_count() or 1,
            memory_bytes=self._memory,
            session_nonce=self._nonce,
            features=["keep-unclaimed", "notice", "renew"],
            hardware=self._hardware,
        )

    def observed(self, reconciler: Reconciler) -> node_pb2.ObservedSet:
        """The whole set, as of the last relist."""
        problems = [*self._fingerprint.problems, *self._health.problems]
        if self._probe_failure:
            problems.append(
                Problem(
                    f"The GPUs of this machine do not answer: {self._probe_failure}.",
                    f"本机 GPU 没有响应：{self._probe_failure}。",
                )
            )
        problems += self._lost_cards(reconciler)
        if (clock := self.clock_problem()) is not None:
            problems.append(clock)
        problems += [p for p in (self._note, reconciler.problem) if p is not None]
        problems += reconciler.prepuller.problems
        ledger = reconciler.ledger.followed()
        simulated = self.simulated
        return node_pb2.ObservedSet(
            ledger_id=ledger.ledger_id,
            revision=ledger.revision,
            term=ledger.term,
            instances=[instance_message(r, simulated) for r in reconciler.runs.values()],
            gpus=[gpu_message(c) for c in self._cards],
            problems=[sentence(p) for p in problems],
            unclaimed=[
                node_pb2.UnclaimedContainer(
                    container_id=container.container_id,
                    instance_id=container.instance_id,
                    epoch=container.epoch,
                    first_seen_ms=first,
                    stop_after_ms=reconciler.quarantine.stop_after(container.container_id),
                    gpu_uuids=container.gpu_uuids,
                )
                for container, first in reconciler.quarantine.held.values()
            ],
            volumes=[
                node_pb2.VolumeFact(volume_id=v.volume_id, bytes=v.bytes, in_trash=v.in_trash)
                for v in self._volume_facts
            ],
            door=door_message(self._fingerprint.door),
            door_reason=None
            if self._fingerprint.door_reason is None
            else sentence(self._fingerprint.door_reason),
            disk_free_bytes=self._disk_free,
            can_start=self._fingerprint.can_start and reconciler.problem is None,
        )

    def _lost_cards(self, reconciler: Reconciler) -> list[Problem]:
        """A card that vanished under a running engine is lost, never moved (pitfall 12)."""
        if self._probe_failure:
            return []
        here = {c.uuid for c in self._cards}
        return [
            Problem(
                f"The card {uuid} of {run.key[0]} does not answer any more (GPU lost): stop the "
                "engine, then restart the machine or reset the card.",
                f"{run.key[0]} 使用的显卡 {uuid} 已失去响应（GPU 丢失）："
                "请停止该引擎，然后重启机器或重置显卡。",
            )
            for run in reconciler.runs.values()
            if run.is_live
            for uuid in run.gpu_uuids
            if uuid not in here
        ]


def _read_boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"  # not Linux: the moment of the boot stands for it


def _disk_free(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
