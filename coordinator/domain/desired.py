"""What a node shall do, made of the studio alone: level, not edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from coordinator.domain.engine import EngineVersion
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.instance import Instance, InstanceId
from coordinator.domain.lifecycle import shall_run
from coordinator.domain.node import NodeId
from coordinator.domain.studio import Studio, Term
from coordinator.domain.volume import Volume, VolumeId

DEFAULT_GRACE = timedelta(seconds=20)
# How many of the ledger's terms a node is told.
TERMS_TOLD = 100


class VolumeAction(StrEnum):
    TRASH = "trash"
    RESTORE = "restore"
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class VolumeOrder:
    """An explicit order about one volume; it stands until VolumeOrderDone."""

    order_id: str
    action: VolumeAction
    volume_id: VolumeId


@dataclass(frozen=True, slots=True)
class DesiredMount:
    """A folder of a volume, or a library of the studio, at a path of the instance."""

    path: str
    volume_id: VolumeId | None = None
    subpath: str = ""
    library: str = ""
    read_only: bool = False
    environment: str = ""


@dataclass(frozen=True, slots=True)
class DesiredRun:
    """An instance that shall run at this epoch, with these cards and mounts.

    Two are equal if they ask the same of the node, however far the instance is.
    """

    instance: Instance = field(compare=False)
    version: EngineVersion
    gpu_uuids: tuple[GpuUuid, ...]
    epoch: int
    mounts: tuple[DesiredMount, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """What is over: this epoch and all before it."""

    instance_id: InstanceId
    epoch: int
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Desired:
    """A node's whole desired set at one revision of one ledger."""

    ledger_id: str
    revision: int
    run: tuple[DesiredRun, ...]
    ended: tuple[Ended, ...]
    volume_orders: tuple[VolumeOrder, ...]
    prepull: tuple[EngineVersion, ...] = ()
    terms: tuple[Term, ...] = ()


def desired_for(studio: Studio, node_id: NodeId) -> Desired:
    """What that node shall run, what shall end there, and what to do with volumes in its care."""
    run: list[DesiredRun] = []
    ended: dict[InstanceId, Ended] = {}
    for instance in studio.placed_on(node_id):
        placement, spec = instance.placement, instance.spec
        assert placement is not None
        if shall_run(instance) and spec is not None:
            run.append(
                DesiredRun(
                    instance=instance,
                    version=spec,
                    gpu_uuids=placement.gpu_uuids,
                    epoch=placement.epoch,
                    mounts=_mounts(instance, spec),
                )
            )
        else:
            grace = DEFAULT_GRACE if spec is None else spec.stop_grace
            ended[instance.id] = Ended(instance.id, placement.epoch, grace)
    for residue in studio.residues.values():
        if residue.node_id != node_id or residue.instance_id in ended:
            continue
        ended[residue.instance_id] = Ended(residue.instance_id, residue.epoch, DEFAULT_GRACE)
    orders = (order for v in studio.volumes_on(node_id) if (order := volume_order(v, node_id)))
    return Desired(
        ledger_id=studio.ledger_id,
        revision=studio.revision,
        run=tuple(run),
        ended=tuple(ended[key] for key in sorted(ended)),
        volume_orders=tuple(sorted(orders, key=lambda o: o.order_id)),
        prepull=tuple(_prepull(studio, node_id)),
        terms=tuple(studio.terms[-TERMS_TOLD:]),
    )


def _prepull(studio: Studio, node_id: NodeId) -> Iterator[EngineVersion]:
    """Versions whose image that node shall have before anybody asks (pitfall 15)."""
    node = studio.nodes.get(node_id)
    cards = 0 if node is None else len(node.gpus)
    for engine_id in sorted(studio.engines):
        for version in studio.engines[engine_id].versions:
            if version.prepull and version.available and version.gpu.count <= cards:
                digest = version.digest or resolved_digest(studio.instances, version)
                yield replace(version, digest=digest)


def resolved_digest(instances: Mapping[InstanceId, Instance], spec: EngineVersion) -> str:
    """The digest that this tag meant at its first pull: every later start means the same."""
    known = [
        i
        for i in instances.values()
        if i.image_digest
        and i.spec is not None
        and (i.spec.engine_id, i.spec.version) == (spec.engine_id, spec.version)
        and i.spec.image == spec.image
    ]
    return min(known, key=lambda i: (i.created_at, i.id)).image_digest if known else ""


def volume_order(volume: Volume, node_id: NodeId | None = None) -> VolumeOrder | None:
    """What is outstanding for a volume, for that node (None: any node).

    Its id names the move, so that a late answer to an earlier one is never taken for this one's.
    """
    if volume.home is None or (node_id is not None and volume.home != node_id):
        return None
    if volume.purged_at is not None:
        return None
    if volume.purging:
        action = VolumeAction.PURGE
    elif volume.trashed_at is not None and not volume.trash_done:
        action = VolumeAction.TRASH
    elif volume.restoring:
        action = VolumeAction.RESTORE
    else:
        return None
    return VolumeOrder(f"{action}:{volume.id}:{volume.moves}", action, volume.id)


def _mounts(instance: Instance, spec: EngineVersion) -> tuple[DesiredMount, ...]:
    own = tuple(
        DesiredMount(
            path=mount.path,
            volume_id=instance.volume_id,
            subpath=mount.subpath,
            environment=mount.environment,
        )
        for mount in spec.mounts
    )
    shared = tuple(
        DesiredMount(path=library.path, library=library.library, read_only=True)
        for library in spec.libraries
    )
    return own + shared


def desired_key(instance: Instance) -> tuple[object, ...] | None:
    """What of an instance its node must know; a change of it makes a new revision."""
    if instance.placement is None:
        return None
    return (instance.placement, shall_run(instance), instance.spec)


def without_revision(desired: Desired) -> Desired:
    """For comparing two desired sets by what they ask."""
    return replace(desired, revision=0)
