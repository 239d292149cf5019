"""Between node.proto and the domain: what agents say becomes events, the desired set an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aigc.clock import from_milliseconds
from coordinator.domain.desired import Desired, DesiredRun, VolumeAction, VolumeOrder
from coordinator.domain.engine import EngineVersion
from coordinator.domain.events import (
    InstanceReading,
    NodeConnected,
    NodeObserved,
    Observed,
    Phase,
    ReadingsTaken,
)
from coordinator.domain.gpu import Gpu, GpuUuid
from coordinator.domain.instance import (
    FailReason,
    InstanceId,
    Part,
    PartKind,
    Refusals,
    RefusedPlace,
    Signal,
)
from coordinator.domain.node import Door, NodeId, Problem, Unclaimed
from coordinator.domain.volume import VolumeId
from protos.aigc.v1 import common_pb2, node_pb2

_PHASES = {
    node_pb2.ObservedInstance.PHASE_PREPARING: Phase.PREPARING,
    node_pb2.ObservedInstance.PHASE_STARTING: Phase.STARTING,
    node_pb2.ObservedInstance.PHASE_READY: Phase.READY,
    node_pb2.ObservedInstance.PHASE_STOPPING: Phase.STOPPING,
    node_pb2.ObservedInstance.PHASE_EXITED: Phase.EXITED,
    node_pb2.ObservedInstance.PHASE_GONE: Phase.GONE,
    node_pb2.ObservedInstance.PHASE_FAILED: Phase.FAILED,
    node_pb2.ObservedInstance.PHASE_GPU_QUARANTINED: Phase.GPU_QUARANTINED,
}
_FAILS = {
    common_pb2.FAIL_REASON_PREPARE: FailReason.PREPARE,
    common_pb2.FAIL_REASON_START: FailReason.START,
    common_pb2.FAIL_REASON_PROBE_TIMEOUT: FailReason.PROBE_TIMEOUT,
    common_pb2.FAIL_REASON_CRASHED: FailReason.CRASHED,
    common_pb2.FAIL_REASON_OUT_OF_MEMORY: FailReason.OUT_OF_MEMORY,
    common_pb2.FAIL_REASON_GPU_LOST: FailReason.GPU_LOST,
}
_SIGNALS = {
    node_pb2.SIGNAL_ACTIVE: Signal.ACTIVE,
    node_pb2.SIGNAL_IDLE: Signal.IDLE,
    node_pb2.SIGNAL_FAILED: Signal.FAILED,
}
_PARTS = {
    common_pb2.PartProgress.PART_IMAGE: PartKind.IMAGE,
    common_pb2.PartProgress.PART_DATA: PartKind.DATA,
    common_pb2.PartProgress.PART_MODELS: PartKind.MODELS,
}
_DOORS = {
    common_pb2.DOOR_CLOSED: Door.CLOSED,
    common_pb2.DOOR_OPEN_TO_LOCAL_USERS: Door.OPEN_TO_LOCAL_USERS,
}
_ACTIONS = {
    VolumeAction.TRASH: node_pb2.VolumeOrder.ACTION_TRASH,
    VolumeAction.RESTORE: node_pb2.VolumeOrder.ACTION_RESTORE,
    VolumeAction.PURGE: node_pb2.VolumeOrder.ACTION_PURGE,
}


# Of one engine's refused destinations, whatever a machine tells.
_MOST_PLACES = 10


@dataclass(frozen=True, slots=True)
class Credential:
    """A registry's user and password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confidential:
    """What the desired set carries and the ledger must not hold."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    registries: Mapping[str, Credential] = field(default_factory=dict)


def connected(node_id: NodeId, hello: node_pb2.Hello) -> NodeConnected:
    return NodeConnected(
        node_id,
        boot_id=hello.boot_id,
        agent_version=hello.agent_version,
        driver_name=hello.driver_name,
        docker_version=hello.docker_version,
        nvidia_driver=hello.nvidia_driver,
        cpus=hello.cpus,
        memory_bytes=hello.memory_bytes,
    )


def observed_set(
    node_id: NodeId, message: node_pb2.ObservedSet, more_problems: tuple[Problem, ...] = ()
) -> NodeObserved:
    """The node's whole set; containers in a phase that we do not know are left out."""
    instances = (observed(i) for i in message.instances)
    return NodeObserved(
        node_id,
        ledger_id=message.ledger_id,
        revision=message.revision,
        instances=tuple(i for i in instances if i is not None),
        gpus=tuple(gpu(g) for g in message.gpus),
        problems=tuple(Problem(p.en, p.zh) for p in message.problems) + more_problems,
        unclaimed=tuple(_unclaimed(u) for u in message.unclaimed),
        volumes=tuple(
            (VolumeId(v.volume_id), v.bytes if v.HasField("bytes") else None)
            for v in message.volumes
        ),
        door=_DOORS.get(message.door, Door.UNKNOWN),
        door_reason=Problem(message.door_reason.en, message.door_reason.zh)
        if message.HasField("door_reason")
        else None,
        disk_free_bytes=message.disk_free_bytes,
        can_start=message.can_start,
        term=message.term,
    )


def observed(message: node_pb2.ObservedInstance) -> Observed | None:
    """One container; None when a newer agent names a phase that we do not know."""
    phase = _PHASES.get(message.phase)
    if phase is None:
        return None
    return Observed(
        InstanceId(message.instance_id),
        message.epoch,
        phase,
        parts=tuple(_part(p) for p in message.parts if p.part in _PARTS),
        fail_reason=_FAILS.get(message.fail_reason),
        error=message.error,
        started_at=from_milliseconds(message.started_at_ms),
        ready_at=from_milliseconds(message.ready_at_ms),
        exit_code=message.exit_code if message.HasField("exit_code") else None,
        ended_by_machine=message.ended_by_machine,
        image_digest=message.image_digest,
        gpu_uuids=tuple(GpuUuid(u) for u in message.gpu_uuids),
        free_proof=message.free_proof,
        gpu_work=_SIGNALS.get(message.gpu_work, Signal.ABSENT),
        gpu_busy_at=from_milliseconds(message.gpu_last_busy_ms),
        vram_used_bytes=message.vram_used_bytes if message.HasField("vram_used_bytes") else None,
    )


def readings(node_id: NodeId, message: node_pb2.Readings) -> ReadingsTaken:
    return ReadingsTaken(
        node_id,
        gpus=tuple(gpu(g) for g in message.gpus),
        instances=tuple(
            InstanceReading(
                InstanceId(i.instance_id),
                i.epoch,
                _SIGNALS.get(i.gpu_work, Signal.ABSENT),
                from_milliseconds(i.gpu_last_busy_ms),
                i.vram_used_bytes if i.HasField("vram_used_bytes") else None,
                i.gpu_percent if i.HasField("gpu_percent") else None,
                _refusals(i.refusals) if i.refusals.total else None,
            )
            for i in message.instances
        ),
    )


def _refusals(message: common_pb2.Refusals) -> Refusals:
    return Refusals(
        message.total,
        tuple(
            RefusedPlace(p.address, p.port, p.protocol, p.attempts)
            for p in message.top[:_MOST_PLACES]
        ),
        from_milliseconds(message.since_ms),
        from_milliseconds(message.last_ms),
    )


def gpu(message: common_pb2.GpuReading) -> Gpu:
    """A reading; what the card cannot tell stays None."""
    m = message
    return Gpu(
        GpuUuid(m.uuid),
        m.name,
        memory_total_bytes=m.memory_total_bytes if m.HasField("memory_total_bytes") else None,
        memory_used_bytes=m.memory_used_bytes if m.HasField("memory_used_bytes") else None,
        utilisation_percent=m.utilisation_percent if m.HasField("utilisation_percent") else None,
        temperature_celsius=m.temperature_celsius if m.HasField("temperature_celsius") else None,
        power_watts=m.power_watts if m.HasField("power_watts") else None,
        energy_millijoules=m.energy_millijoules if m.HasField("energy_millijoules") else None,
        compute_capability=m.compute_capability if m.HasField("compute_capability") else None,
        pci_bus_id=m.pci_bus_id if m.HasField("pci_bus_id") else None,
        simulated=m.simulated,
        per_process=m.per_process,
    )


def desired_set(desired: Desired, confidential: Confidential) -> node_pb2.DesiredSet:
    """The node's whole desired set, with secrets and registry credentials put in."""
    return node_pb2.DesiredSet(
        ledger_id=desired.ledger_id,
        revision=desired.revision,
        run=[_run(r, confidential) for r in desired.run],
        ended=[
            node_pb2.EndedInstance(
                instance_id=e.instance_id,
                epoch=e.epoch,
                grace_seconds=round(e.grace.total_seconds()),
            )
            for e in desired.ended
        ],
        prepull=[_prepull(v, confidential) for v in desired.prepull],
        terms=[
            node_pb2.LedgerTerm(id=t.id, first_revision=t.first_revision) for t in desired.terms
        ],
    )


def _prepull(version: EngineVersion, confidential: Confidential) -> node_pb2.EngineSpec:
    return node_pb2.EngineSpec(
        image=version.image,
        image_digest=version.digest,
        prepare_timeout_seconds=round(version.prepare_timeout.total_seconds()),
        registry=_registry(version, confidential),
    )


def _registry(
    version: EngineVersion, confidential: Confidential
) -> node_pb2.RegistryCredential | None:
    credential = confidential.registries.get(version.registry)
    if credential is None:
        return None
    return node_pb2.RegistryCredential(
        server=version.registry, username=credential.username, password=credential.password
    )


def volume_order(order: VolumeOrder) -> node_pb2.VolumeOrder:
    return node_pb2.VolumeOrder(
        order_id=order.order_id, action=_ACTIONS[order.action], volume_id=order.volume_id
    )


def _run(run: DesiredRun, confidential: Confidential) -> node_pb2.DesiredInstance:
    return node_pb2.DesiredInstance(
        instance_id=run.instance.id,
        epoch=run.epoch,
        owner_id=run.instance.owner,
        engine_id=run.instance.engine_id,
        version=run.version.version,
        spec=_spec(run, confidential),
        gpu_uuids=list(run.gpu_uuids),
        mounts=[
            node_pb2.Mount(
                volume_id=m.volume_id or "",
                path=m.path,
                read_only=m.read_only,
                subpath=m.subpath,
                library=m.library,
                environment=m.environment,
            )
            for m in run.mounts
        ],
    )


def _spec(run: DesiredRun, confidential: Confidential) -> node_pb2.EngineSpec:
    version = run.version
    return node_pb2.EngineSpec(
        image=version.image,
        image_digest=run.instance.image_digest or version.digest,
        command=list(version.command),
        environment=dict(version.environment),
        secrets={
            s.environment: confidential.secrets[s.secret]
            for s in version.secrets
            if s.secret in confidential.secrets
        },
        port=version.port,
        ready_path=version.ready_path,
        ready_timeout_seconds=round(version.ready_timeout.total_seconds()),
        prepare_timeout_seconds=round(version.prepare_timeout.total_seconds()),
        cpus=version.cpus,
        memory_bytes=version.memory_bytes,
        pids=version.pids,
        shm_bytes=version.shm_bytes,
        capabilities=list(version.capabilities),
        user=version.user,
        stop_grace_seconds=round(version.stop_grace.total_seconds()),
        registry=_registry(version, confidential),
        process_command=list(version.process_command),
        egress=version.egress,
        egress_to=[node_pb2.EgressRule(to=r.to, ports=r.ports) for r in version.egress_to],
        read_only_root=version.read_only_root,
    )


def _part(message: common_pb2.PartProgress) -> Part:
    total = message.bytes_total if message.HasField("bytes_total") else None
    return Part(_PARTS[message.part], message.bytes_done, total, message.done)


def _unclaimed(message: node_pb2.UnclaimedContainer) -> Unclaimed:
    first = from_milliseconds(max(1, message.first_seen_ms))
    stop = from_milliseconds(max(1, message.stop_after_ms))
    assert first is not None
    assert stop is not None
    return Unclaimed(
        message.container_id,
        message.instance_id,
        message.epoch,
        first,
        stop,
        tuple(GpuUuid(u) for u in message.gpu_uuids),
    )
