"""Small studios for tests: real values, no mocks."""

from __future__ import annotations

from datetime import timedelta

from coordinator.domain.engine import Engine, EngineId, EngineVersion, IdlePolicy, Text
from coordinator.domain.events import (
    InstanceObserved,
    NodeConnected,
    NodeEnrolled,
    NodeObserved,
    Observed,
    PersonSeen,
    Phase,
    StartRequested,
)
from coordinator.domain.gpu import Gpu, GpuNeed, GpuUuid
from coordinator.domain.instance import Instance, InstanceId, Signal
from coordinator.domain.node import NodeId
from coordinator.domain.people import Person, PersonId
from coordinator.domain.volume import VolumeId

GIB = 1 << 30


def make_engine(
    name: str = "comfyui",
    *,
    gpus: int = 1,
    vram_mib: int = 0,
    idle: IdlePolicy | None = None,
    versions: tuple[str, ...] = ("2.0", "1.0"),
) -> Engine:
    engine_id = EngineId(name)
    return Engine(
        id=engine_id,
        name=Text(name.title(), name),
        versions=tuple(
            EngineVersion(
                engine_id,
                version,
                image=f"{name}:{version}",
                port=8188,
                gpu=GpuNeed(count=gpus, vram_mib=vram_mib),
                memory_bytes=GIB,
            )
            for version in versions
        ),
        default_version=versions[0],
        idle=idle or IdlePolicy(max_lifetime=timedelta(hours=24)),
    )


def make_person(name: str = "lin") -> Person:
    return Person(PersonId(name), "https://issuer.test", name, name.title())


def make_gpu(uuid: str, gib: int | None = 24) -> Gpu:
    total = None if gib is None else gib * GIB
    return Gpu(GpuUuid(uuid), "RTX 4090", memory_total_bytes=total)


def enrol(name: str, pool: str = "on-prem") -> NodeEnrolled:
    return NodeEnrolled(NodeId(name), name, pool, "test")


def connect(name: str, boot: str = "boot-1") -> NodeConnected:
    return NodeConnected(NodeId(name), boot_id=boot, cpus=16, memory_bytes=64 * GIB)


def seen(person: str) -> PersonSeen:
    return PersonSeen(make_person(person))


def start(person: str = "lin", engine: str = "comfyui", serial: int = 1) -> StartRequested:
    return StartRequested(
        PersonId(person),
        InstanceId(f"i{serial}"),
        VolumeId(f"v{serial}"),
        f"host{serial}",
        engine_id=EngineId(engine),
    )


def whole_set(
    node: str,
    ledger_id: str,
    revision: int,
    *instances: Observed,
    gpus: tuple[Gpu, ...] = (),
) -> NodeObserved:
    return NodeObserved(NodeId(node), ledger_id, revision, instances, gpus)


def observe(instance: Instance, phase: Phase, work: Signal = Signal.IDLE) -> InstanceObserved:
    """What the node that holds it says of it now."""
    assert instance.placement is not None
    observed = Observed(
        instance.id,
        instance.epoch,
        phase,
        gpu_uuids=instance.placement.gpu_uuids,
        gpu_work=work,
    )
    return InstanceObserved(instance.placement.node_id, observed)
