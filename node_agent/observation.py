"""What the agent knows of one epoch of an instance, and how it is told to the coordinator."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from aigc.clock import milliseconds
from node_agent.engines.driver import Container, Door, FailReason, Problem, Progress
from node_agent.gpu_work import Signal, Work
from node_agent.gpus.probe import GpuReading
from node_agent.store import RunRecord
from node_agent.walls.refusals import Refusals
from protos.aigc.v1 import common_pb2, node_pb2

Key = tuple[str, int]


class Phase(StrEnum):
    PREPARING = "preparing"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    EXITED = "exited"
    GONE = "gone"
    FAILED = "failed"
    GPU_QUARANTINED = "gpu-quarantined"


_PHASES = {phase: node_pb2.ObservedInstance.Phase.Value(f"PHASE_{phase.name}") for phase in Phase}
_SIGNALS = {s: node_pb2.Signal.Value(f"SIGNAL_{s.name}") for s in Signal}
_REASONS = {r: common_pb2.FailReason.Value(f"FAIL_REASON_{r.name}") for r in FailReason}
_PARTS = {
    "image": common_pb2.PartProgress.PART_IMAGE,
    "data": common_pb2.PartProgress.PART_DATA,
    "models": common_pb2.PartProgress.PART_MODELS,
}
_DOORS = {
    Door.CLOSED: common_pb2.DOOR_CLOSED,
    Door.OPEN_TO_LOCAL_USERS: common_pb2.DOOR_OPEN_TO_LOCAL_USERS,
}


@dataclass(slots=True)
class Run:
    """One epoch as it is right now; changed by the reconciler alone.

    Attributes:
        job: what works on it (begin, probe or stop), if anything does.
        ended_by_machine: it is EXITED because the container engine went down, not by itself.
        pids: its processes as last seen, for the free proof after they are gone.
        refusals: what the walls refused it; None: nothing.
    """

    key: Key
    phase: Phase
    parts: dict[str, Progress] = field(default_factory=dict)
    fail_reason: FailReason | None = None
    error: str = ""
    exit_code: int | None = None
    ended_by_machine: bool = False
    started_at_ms: int = 0
    ready_at_ms: int = 0
    image_digest: str = ""
    gpu_uuids: tuple[str, ...] = ()
    free_proof: str = ""
    container: Container | None = None
    job: asyncio.Task[None] | None = None
    job_is_stop: bool = False
    pids: frozenset[int] = frozenset()
    work: Work = field(default_factory=Work)
    refusals: Refusals | None = None

    @property
    def working(self) -> bool:
        return self.job is not None and not self.job.done()

    @property
    def is_live(self) -> bool:
        """Whether page traffic may reach it."""
        return self.phase in {Phase.STARTING, Phase.READY}


def recorded(record: RunRecord) -> Run:
    """What a restarted agent still knows of an epoch, before it has listed anything."""
    run = Run(
        (record.instance_id, record.epoch),
        Phase.READY if record.ready_at_ms else Phase.STARTING,
        started_at_ms=record.started_at_ms,
        ready_at_ms=record.ready_at_ms,
        gpu_uuids=record.gpu_uuids,
    )
    if record.fail_reason:
        # Cut off while it was cleared up: nothing is confirmed before a relist.
        run.phase = Phase.STOPPING if record.container_seen else Phase.FAILED
        run.error = record.error
        run.fail_reason = FailReason(record.fail_reason)
    return run


def instance_message(run: Run, simulated: Collection[str]) -> node_pb2.ObservedInstance:
    """A run as the wire has it. ``simulated``: UUIDs of cards that do not exist."""
    message = node_pb2.ObservedInstance(
        instance_id=run.key[0],
        epoch=run.key[1],
        phase=_PHASES[run.phase],
        error=run.error,
        started_at_ms=run.started_at_ms,
        ready_at_ms=run.ready_at_ms,
        image_digest=run.image_digest,
        gpu_uuids=run.gpu_uuids,
        free_proof=run.free_proof,
        gpu_work=_SIGNALS[run.work.signal],
        gpu_last_busy_ms=milliseconds(run.work.busy_at),
        exit_code=run.exit_code,
        ended_by_machine=run.ended_by_machine,
        vram_used_bytes=run.work.vram_used,
        simulated=any(uuid in simulated for uuid in run.gpu_uuids),
    )
    if run.fail_reason is not None:
        message.fail_reason = _REASONS[run.fail_reason]
    for part in run.parts.values():
        message.parts.append(
            common_pb2.PartProgress(
                part=_PARTS[part.part],
                bytes_done=part.done,
                bytes_total=part.total,
                done=part.finished,
            )
        )
    return message


def reading_message(run: Run) -> node_pb2.InstanceReading:
    return node_pb2.InstanceReading(
        refusals=None if run.refusals is None else refusals_message(run.refusals),
        instance_id=run.key[0],
        epoch=run.key[1],
        gpu_work=_SIGNALS[run.work.signal],
        gpu_last_busy_ms=milliseconds(run.work.busy_at),
        vram_used_bytes=run.work.vram_used,
        gpu_percent=run.work.percent,
    )


def refusals_message(refusals: Refusals) -> common_pb2.Refusals:
    return common_pb2.Refusals(
        total=refusals.total,
        since_ms=milliseconds(refusals.since),
        last_ms=milliseconds(refusals.last),
        top=[
            common_pb2.RefusedDestination(
                address=address, protocol=protocol, port=port, attempts=attempts
            )
            for (address, protocol, port), attempts in refusals.top()
        ],
    )


def gpu_message(card: GpuReading) -> common_pb2.GpuReading:
    return common_pb2.GpuReading(
        uuid=card.uuid,
        name=card.name,
        pci_bus_id=card.pci_bus_id,
        memory_total_bytes=card.memory_total,
        memory_used_bytes=card.memory_used,
        utilisation_percent=card.utilisation,
        temperature_celsius=card.temperature,
        power_watts=card.power,
        energy_millijoules=card.energy,
        compute_capability=card.compute_capability,
        simulated=card.simulated,
        per_process=card.per_process,
    )


def door_message(door: Door) -> common_pb2.Door.ValueType:
    return _DOORS[door]


def sentence(problem: Problem) -> common_pb2.Sentence:
    return common_pb2.Sentence(en=problem.en, zh=problem.zh)
