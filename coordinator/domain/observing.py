"""What machines and the gateway say, reconciled with the ledger: level, not edge.

A node's whole observed set is the truth about what runs there. What the ledger knows to be over
becomes a residue (it must end there too); what the ledger cannot know is left to the agent's
quarantine, and blocks a new run of the same instance until an admin decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from coordinator.domain import lifecycle
from coordinator.domain.desired import VolumeAction, volume_order
from coordinator.domain.draft import Draft
from coordinator.domain.events import (
    ActivitySeen,
    DoorLost,
    DoorOpened,
    InstanceObserved,
    InstanceReading,
    LedgerRefusedByNode,
    NodeConnected,
    NodeDisconnected,
    NodeObserved,
    Observed,
    Phase,
    ReadingsTaken,
    VolumeOrderDone,
)
from coordinator.domain.gpu import Gpu, GpuUuid
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
from coordinator.domain.studio import Residue, Sighting
from coordinator.domain.volume import VolumeId

_OVER = frozenset({Phase.GONE, Phase.FAILED})
_STARTED = frozenset({Phase.STARTING, Phase.READY})
# A refusal older than this is no news, only told again.
_FRESH_REFUSAL = timedelta(minutes=5)


def connected(draft: Draft, event: NodeConnected) -> None:
    node = _known(draft, event.node_id)
    if node is None:
        return
    rebooted = bool(node.boot_id) and bool(event.boot_id) and node.boot_id != event.boot_id
    if not node.online:
        draft.tell_studio("node-connected", f"node {node.id}", f"{node.name}, boot {event.boot_id}")
    draft.put_node(
        replace(
            node,
            online=True,
            last_seen=draft.now,
            boot_id=event.boot_id or node.boot_id,
            agent_version=event.agent_version,
            driver_name=event.driver_name,
            docker_version=event.docker_version,
            nvidia_driver=event.nvidia_driver,
            cpus=event.cpus,
            memory_bytes=event.memory_bytes,
            # Until it has shown what runs there, it is asked for nothing new.
            can_start=False,
        )
    )
    draft.heard[node.id] = draft.now
    # What it says from memory of an earlier connection proves nothing: absence counts only in a
    # set that follows the desired set of this one.
    draft.asked_anew.add(node.id)
    if rebooted:
        for instance in _placed_on(draft, node.id):
            cause = f"node {node.id}: {node.name} was restarted"
            draft.happen(instance.id, lifecycle.MachineRestarted(), "node-restarted", cause)


def disconnected(draft: Draft, event: NodeDisconnected) -> None:
    """Its instances are not silent yet: a short break is nobody's concern (see timers.py)."""
    node = _known(draft, event.node_id)
    if node is None or not node.online:
        return
    draft.put_node(replace(node, online=False, can_start=False))
    draft.tell_studio("node-disconnected", f"node {node.id}", event.why or node.name)


def node_observed(draft: Draft, event: NodeObserved) -> None:
    node = _known(draft, event.node_id)
    if node is None:
        return
    followed = (event.ledger_id, event.revision, event.term)
    ours = draft.studio.is_ours(*followed)
    node = replace(
        node,
        online=True,
        last_seen=draft.now,
        gpus=event.gpus,
        problems=event.problems,
        unclaimed=event.unclaimed,
        door=event.door,
        door_reason=event.door_reason,
        disk_free_bytes=event.disk_free_bytes,
        can_start=event.can_start,
    )
    present = draft.studio.terms[-1].id if draft.studio.terms else ""
    if node.ledger_refused and ours and present and event.term == present:
        node = replace(node, ledger_refused=False)  # it has taken a set of this very life
    draft.put_node(node)
    draft.heard[node.id] = draft.now
    if draft.followed.get(node.id) != followed:
        draft.followed[node.id] = followed
        draft.place_again = True
    sightings: list[Sighting] = []
    shown: set[InstanceId] = {InstanceId(u.instance_id) for u in event.unclaimed}
    for seen in event.instances:
        if seen.phase not in _OVER:
            shown.add(seen.instance_id)
        unknown = _one(draft, node, seen)
        if unknown is not None:
            sightings.append(unknown)
    if draft.sightings.get(node.id, ()) != tuple(sightings):
        draft.sightings[node.id] = tuple(sightings)
        draft.touched_nodes.add(node.id)
        draft.place_again = True
    grown: set[VolumeId] = set()
    for volume_id, size in event.volumes:
        volume = draft.volumes.get(volume_id)
        if volume is None or volume.home != node.id or size is None:
            continue  # not measured since it was moved: what was known is still true
        if volume.bytes != size:
            draft.volumes[volume_id] = replace(volume, bytes=size)  # a reading, not written
            grown.add(volume_id)
    if grown:
        draft.touched_instances.update(
            i.id for i in draft.instances.values() if i.volume_id in grown
        )
    if not ours:
        return  # it follows another ledger, or ours before it went back: an admin decides
    _reconcile_absent(draft, node, event, shown)


def _reconcile_absent(
    draft: Draft, node: Node, event: NodeObserved, shown: set[InstanceId]
) -> None:
    """What the node does not show although it knows what is desired."""
    told = {(seen.instance_id, seen.epoch) for seen in event.instances}
    for instance in _placed_on(draft, node.id):
        if (instance.id, instance.epoch) in told or event.revision < instance.desired_revision:
            continue
        cause = f"node {node.id}: absent from its whole set at revision {event.revision}"
        draft.happen(instance.id, lifecycle.Missing(), "missing", cause)
    for key, residue in list(draft.residues.items()):
        if key[0] != node.id or event.revision < residue.since_revision:
            continue
        if residue.instance_id not in shown:
            draft.drop_residue(key)
    # A card stays set aside while the run that left it so is not confirmed gone.
    left = {u for r in draft.residues.values() if r.node_id == node.id for u in r.gpu_uuids}
    node = draft.nodes[node.id]
    draft.put_node(
        replace(node, quarantined_gpus=(node.quarantined_gpus & left) | _unproven(event))
    )


def instance_observed(draft: Draft, event: InstanceObserved) -> None:
    node = _known(draft, event.node_id)
    if node is None:
        return
    _heard(draft, node)
    _one(draft, draft.nodes[node.id], event.observed)


def readings_taken(draft: Draft, event: ReadingsTaken) -> None:
    node = _known(draft, event.node_id)
    if node is None:
        return
    _heard(draft, node)
    node = draft.nodes[node.id]
    if event.gpus:
        told = {gpu.uuid: gpu for gpu in event.gpus}
        gpus = tuple(_read(gpu, told.get(gpu.uuid)) for gpu in node.gpus)
        draft.put_node(replace(node, gpus=gpus))
    for reading in event.instances:
        instance = draft.instances.get(reading.instance_id)
        if instance is None or not _is_current(instance, node.id, reading.epoch):
            continue
        if instance.state in lifecycle.SILENT:
            cause = f"node {node.id} reads its figures again"
            draft.happen(instance.id, lifecycle.Heard(), "heard-again", cause)
        _put_work(draft, instance.id, reading.gpu_work, reading.gpu_busy_at)
        _note_refusals(draft, instance, node, reading)
        draft.put_usage(
            instance.id,
            Usage(reading.epoch, reading.vram_used_bytes, reading.gpu_percent, reading.refusals),
        )


def _note_refusals(draft: Draft, instance: Instance, node: Node, reading: InstanceReading) -> None:
    """The first refusal of a run goes into its story; the others are read where they are shown."""
    told = reading.refusals
    if told is None or told.last is None or draft.now - told.last > _FRESH_REFUSAL:
        return  # an old one, told again to a coordinator that was started anew
    known = draft.usage.get(instance.id)
    if known is not None and known.epoch == reading.epoch and known.refusals is not None:
        return
    places = ", ".join(f"{p.address}:{p.port}" if p.port else p.address for p in told.top[:3])
    detail = f"the walls refused {told.total} attempts to connect ({places})"
    draft.tell(instance, instance, "refused", f"node {node.id}", detail)


def activity_seen(draft: Draft, event: ActivitySeen) -> None:
    """Traffic as the gateway saw it; of another epoch it says nothing about this run."""
    instance = draft.instances.get(event.instance_id)
    if instance is None or instance.placement is None or event.epoch != instance.epoch:
        return
    signals = draft.signals.get(instance.id, Signals())
    if event.person_at is not None:
        # A clock ahead of ours must not keep an engine for ever.
        at = min(event.person_at, draft.now)
        if signals.person_at is None or at > signals.person_at:
            signals = replace(signals, person_at=at, person_what=event.what)
    if event.bodies_in_flight_at is not None:
        at = min(event.bodies_in_flight_at, draft.now)
        signals = replace(signals, bodies_in_flight_at=max(at, signals.bodies_in_flight_at or at))
    draft.put_signals(instance.id, signals)


def door_changed(draft: Draft, event: DoorOpened | DoorLost) -> None:
    """Without a gateway nobody's use is seen: that is no quiet (pitfall 1)."""
    studio = draft.studio
    if isinstance(event, DoorLost):
        if studio.door_away_since is not None:
            return
        draft.studio = replace(studio, door_away_since=draft.now, door_away_told=False)
    else:
        if studio.door_away_since is None:
            return
        if studio.door_away_told:
            draft.tell_studio("gateway-back", "gateway", f"away since {studio.door_away_since}")
        draft.studio = replace(
            studio, door_away_since=None, door_away_told=False, door_back_at=draft.now
        )
    # Their lines tell it, and when they would be released.
    draft.touched_instances.update(i.id for i in draft.instances.values() if i.state is State.READY)


def ledger_refused(draft: Draft, event: LedgerRefusedByNode) -> None:
    node = _known(draft, event.node_id)
    if node is None:
        return
    _heard(draft, node)
    node = draft.nodes[node.id]
    if not node.ledger_refused:
        draft.put_node(replace(node, ledger_refused=True))
        draft.tell_studio(
            "ledger-refused",
            f"node {node.id}",
            f"{node.name} keeps ledger {event.kept_ledger_id} at revision {event.kept_revision}; "
            f"offered {draft.studio.ledger_id} at {draft.studio.revision}",
        )


def volume_order_done(draft: Draft, event: VolumeOrderDone) -> None:
    """What came of an order that still stands; the answer to an older one changes nothing."""
    standing = ((v, volume_order(v, event.node_id)) for v in draft.volumes.values())
    found = next(((v, o) for v, o in standing if o and o.order_id == event.order_id), None)
    if found is None:
        return
    volume, order = found
    match order.action, event.ok:
        case VolumeAction.TRASH, True:
            draft.put_volume(replace(volume, trash_done=True))
        case VolumeAction.PURGE, True:
            draft.put_volume(replace(volume, trash_done=True, purged_at=draft.now))
        case VolumeAction.RESTORE, _:
            error = "" if event.ok else event.error
            draft.put_volume(replace(volume, restoring=not event.ok, restore_error=error))
            draft.place_again = True  # whoever waits for it can start, or reads why not
            mine = (i.id for i in draft.instances.values() if i.volume_id == volume.id)
            draft.touched_instances.update(mine)
    if event.ok:
        told, detail = f"volume-{order.action}-done", f"volume {volume.id}"
    else:
        told, detail = "volume-order-failed", event.error
    draft.tell_studio(told, f"node {event.node_id}", detail)


# --- one container ------------------------------------------------------------------------


def _one(draft: Draft, node: Node, seen: Observed) -> Sighting | None:
    """Reconcile one container; a Sighting if the ledger cannot know it."""
    instance = draft.instances.get(seen.instance_id)
    if seen.phase in _OVER:
        residue = draft.residues.get((node.id, seen.instance_id))
        if residue is not None and seen.epoch >= residue.epoch:
            draft.drop_residue((node.id, seen.instance_id))
            proven = draft.nodes[node.id].quarantined_gpus - set(residue.gpu_uuids)
            draft.put_node(replace(draft.nodes[node.id], quarantined_gpus=proven))
    if instance is None:
        return None  # left to the agent's quarantine
    if _is_current(instance, node.id, seen.epoch):
        cause = f"node {node.id}"
        if seen.error:
            cause += f": {seen.error}"
        draft.happen(instance.id, seen, f"observed-{seen.phase}", cause)
        _signals(draft, instance.id, seen)
        return None
    if seen.phase in _OVER:
        return None
    if seen.epoch > instance.epoch:
        return Sighting(instance.id, seen.epoch, seen.phase, seen.gpu_uuids)
    # Older, or confirmed gone before, or placed elsewhere: it must end there.
    draft.put_residue(Residue(node.id, instance.id, seen.epoch, seen.gpu_uuids, draft.revision + 1))
    return None


def _signals(draft: Draft, instance_id: InstanceId, seen: Observed) -> None:
    if seen.phase not in _STARTED:
        return
    _put_work(draft, instance_id, seen.gpu_work, seen.gpu_busy_at)


def _put_work(
    draft: Draft, instance_id: InstanceId, work: Signal, busy_at: datetime | None
) -> None:
    """Note a work signal; its moment is by the machine's clock, which may be ahead or behind."""
    signals = draft.signals.get(instance_id, Signals())
    moments = [signals.gpu_busy_at, None if busy_at is None else min(busy_at, draft.now)]
    if work is Signal.ACTIVE:
        moments.append(draft.now)
    busy_at = max((m for m in moments if m is not None), default=None)
    if work is not Signal.FAILED:
        signals = replace(signals, failed_at=None, failed_told=False)
    elif signals.failed_at is None:
        signals = replace(signals, failed_at=draft.now)
    draft.put_signals(instance_id, replace(signals, gpu_work=work, gpu_busy_at=busy_at))


def adopt_newer(draft: Draft, node: Node, cause: str) -> int:
    """An admin accepted this ledger: what the node runs at newer epochs becomes ours.

    Only what cannot hurt is taken: no card and no volume that somebody else holds. Returns how
    many were adopted.
    """
    adopted = 0
    for sighting in draft.sightings.get(node.id, ()):
        instance = draft.instances[sighting.instance_id]
        if instance.state is State.DELETED or instance.delete_wanted:
            continue
        taken = {
            uuid
            for other in draft.instances.values()
            if other.placement is not None and other.id != instance.id
            for uuid in other.placement.gpu_uuids
        }
        volume = draft.volumes[instance.volume_id]
        if taken & set(sighting.gpu_uuids) or volume.trashed_at is not None:
            continue
        if volume.writer is not None and instance.placement is not None:
            draft.put_volume(replace(volume, writer=None))  # the same instance, older epoch
        engine = draft.studio.engines.get(instance.engine_id)
        spec = instance.spec or (None if engine is None else engine.version(instance.version))
        where = Placement(
            node.id, sighting.gpu_uuids, 0 if spec is None else spec.gpu.vram_mib, sighting.epoch
        )
        happening = lifecycle.Adopted(where, sighting.phase, spec)
        draft.happen(instance.id, happening, "adopted", cause)
        adopted += 1
    draft.sightings.pop(node.id, None)
    return adopted


# --- small things -------------------------------------------------------------------------


def _known(draft: Draft, node_id: NodeId) -> Node | None:
    """A revoked machine's word counts no more than a stranger's."""
    node = draft.nodes.get(node_id)
    return None if node is None or node.revoked else node


def _heard(draft: Draft, node: Node) -> None:
    draft.heard[node.id] = draft.now
    if node.last_seen != draft.now:
        draft.nodes[node.id] = replace(node, last_seen=draft.now)


def _unproven(event: NodeObserved) -> frozenset[GpuUuid]:
    unproven: set[GpuUuid] = set()
    for seen in event.instances:
        if seen.phase is Phase.GPU_QUARANTINED:
            unproven.update(seen.gpu_uuids)
    return frozenset(unproven)


def _is_current(instance: Instance, node_id: NodeId, epoch: int) -> bool:
    where = instance.placement
    return where is not None and where.node_id == node_id and where.epoch == epoch


def _placed_on(draft: Draft, node_id: NodeId) -> list[Instance]:
    there = [
        i
        for i in draft.instances.values()
        if i.placement is not None and i.placement.node_id == node_id
    ]
    return sorted(there, key=lambda i: i.id)


def _read(known: Gpu, told: Gpu | None) -> Gpu:
    return known if told is None else told
