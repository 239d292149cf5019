"""Small studios for tests: real values, no mocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
from coordinator.domain.instance import (
    Instance,
    InstanceId,
    Placement,
    Signal,
    Signals,
    State,
    Usage,
)
from coordinator.domain.node import Node, NodeId
from coordinator.domain.people import Person, PersonId
from coordinator.domain.policy import Policy
from coordinator.domain.studio import QueueEntry, Studio
from coordinator.domain.volume import Volume, VolumeId

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
    return Gpu(GpuUuid(uuid), "NVIDIA GeForce RTX 4090", memory_total_bytes=total)


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


def big_studio(machines: int, cards: int, instances: int) -> Studio:
    """A studio at its size: each card is held, who is left over waits in the queue."""
    engine = make_engine()
    begin = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    nodes = {}
    for number in range(machines):
        node_id = NodeId(f"node-{number:04}")
        nodes[node_id] = Node(
            node_id,
            f"render-{number:04}",
            online=True,
            last_seen=begin,
            can_start=True,
            gpus=tuple(
                Gpu(
                    GpuUuid(f"GPU-{number:04}-{card}"),
                    "NVIDIA GeForce RTX 4090",
                    memory_total_bytes=24 * GIB,
                    memory_used_bytes=8 * GIB,
                    utilisation_percent=50.0,
                    temperature_celsius=60.0,
                    power_watts=300.0,
                    pci_bus_id=f"0000:0{card}:00.0",
                )
                for card in range(cards)
            ),
        )
    everybody = [make_person(f"creator-{number}") for number in range(1 + instances // 5)]
    made: dict[InstanceId, Instance] = {}
    volumes: dict[VolumeId, Volume] = {}
    usage: dict[InstanceId, Usage] = {}
    queue: list[QueueEntry] = []
    for number in range(instances):
        instance_id, volume_id = InstanceId(f"i-{number:05}"), VolumeId(f"v-{number:05}")
        owner = everybody[number // 5].id
        node, card = divmod(number, cards)
        placement, state = None, State.QUEUED
        if node < machines:
            node_id = NodeId(f"node-{node:04}")
            placement = Placement(node_id, (GpuUuid(f"GPU-{node:04}-{card}"),), 0, 1)
            state = State.READY
            usage[instance_id] = Usage(1, 4 * GIB, 40.0)
        else:
            reason = Text("all cards are in use", "所有显卡均在使用中")
            queue.append(QueueEntry(instance_id, len(queue) + 1, reason))
        made[instance_id] = Instance(
            id=instance_id,
            owner=owner,
            engine_id=engine.id,
            version="2.0",
            name=f"Picture {number}",
            host=f"comfyui-{number}",
            volume_id=volume_id,
            created_at=begin,
            state=state,
            state_since=begin,
            epoch=1,
            placement=placement,
            ready_at=begin,
        )
        volumes[volume_id] = Volume(volume_id, owner, begin)
    return Studio(
        "big",
        Policy(),
        revision=7,
        engines={engine.id: engine},
        instances=made,
        nodes=nodes,
        volumes=volumes,
        people={p.id: p for p in everybody},
        signals={i: Signals(person_at=begin) for i in made},
        usage=usage,
        queue=queue,
    )
