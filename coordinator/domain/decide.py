"""The core's one door: an event changes a draft; a batch ends with placement and a revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from coordinator.domain import (
    clock_jump,
    linking,
    observing,
    orders,
    requests,
    share_orders,
    timers,
    trash,
)
from coordinator.domain.desired import desired_key, volume_order
from coordinator.domain.draft import Draft, Outcome
from coordinator.domain.events import (
    ActivitySeen,
    CatalogueLoaded,
    ClockJumped,
    DeleteRequested,
    DoorLost,
    DoorOpened,
    Event,
    InstanceObserved,
    KeepRequested,
    LedgerAccepted,
    LedgerRefusedByNode,
    NodeConnected,
    NodeDeclaredOff,
    NodeDisconnected,
    NodeDrainSet,
    NodeEdited,
    NodeEnrolled,
    NodeObserved,
    NodeRevoked,
    PersonDisabledSet,
    PersonLinked,
    PersonRoleSet,
    PersonSeen,
    ReadingsTaken,
    RenameRequested,
    RestoreRequested,
    ShareEndRequested,
    ShareRequested,
    StartRequested,
    StopRequested,
    Ticked,
    UnclaimedResolved,
    VolumeOrderDone,
)
from coordinator.domain.instance import Instance, InstanceId
from coordinator.domain.placement.queue import place_waiting


def decide(draft: Draft, event: Event) -> Outcome:
    """Let one event change the draft.

    Raises:
        Refused: somebody asked for what cannot be; the draft is unchanged.
    """
    match event:
        case StartRequested():
            return requests.start(draft, event)
        case StopRequested():
            return requests.stop(draft, event)
        case KeepRequested():
            return requests.keep(draft, event)
        case RenameRequested():
            return requests.rename(draft, event)
        case DeleteRequested():
            return requests.delete(draft, event)
        case RestoreRequested():
            return trash.restore(draft, event)
        case ShareRequested():
            return Outcome(instance=share_orders.share(draft, event))
        case ShareEndRequested():
            share_orders.end_share(draft, event)
        case NodeEnrolled():
            return orders.node_enrolled(draft, event)
        case NodeDrainSet():
            return orders.node_drain_set(draft, event)
        case NodeEdited():
            return orders.node_edited(draft, event)
        case NodeRevoked():
            return orders.node_revoked(draft, event)
        case NodeDeclaredOff():
            return orders.node_declared_off(draft, event)
        case LedgerAccepted():
            return orders.ledger_accepted(draft, event)
        case UnclaimedResolved():
            return orders.unclaimed_resolved(draft, event)
        case PersonSeen():
            return orders.person_seen(draft, event)
        case PersonLinked():
            return linking.person_linked(draft, event)
        case PersonDisabledSet():
            return orders.person_disabled_set(draft, event)
        case PersonRoleSet():
            return orders.person_role_set(draft, event)
        case NodeConnected():
            observing.connected(draft, event)
        case NodeDisconnected():
            observing.disconnected(draft, event)
        case NodeObserved():
            observing.node_observed(draft, event)
        case InstanceObserved():
            observing.instance_observed(draft, event)
        case ReadingsTaken():
            observing.readings_taken(draft, event)
        case ActivitySeen():
            observing.activity_seen(draft, event)
        case DoorOpened() | DoorLost():
            observing.door_changed(draft, event)
        case LedgerRefusedByNode():
            observing.ledger_refused(draft, event)
        case VolumeOrderDone():
            observing.volume_order_done(draft, event)
        case ClockJumped():
            clock_jump.carry(draft, event.by)
        case CatalogueLoaded():
            draft.catalogue_changed = True
            draft.place_again = True
        case Ticked():
            pass  # every batch ends with the timers
    return Outcome()


def conclude(draft: Draft) -> None:
    """The end of a batch: timers that are due, shares that are over, places for whoever waits, a
    revision if needed."""
    timers.tick(draft)
    share_orders.sweep(draft)
    if draft.place_again:
        place_waiting(draft)
    _count_revision(draft)


def _count_revision(draft: Draft) -> None:
    """One step if what any node shall do changed; those instances remember it."""
    before = draft.studio
    changed = [
        instance_id
        for instance_id in draft.changed_instances
        if _key(before.instances, instance_id) != _key(draft.instances, instance_id)
    ]
    for instance in draft.instances.values():
        if instance.placement is not None and instance.placement.node_id in draft.asked_anew:
            changed.append(instance.id)
    draft.changed_instances.update(changed)
    draft.changed_residues.update(k for k in draft.residues if k[0] in draft.asked_anew)
    residues = draft.changed_residues
    volumes = any(
        (None if (old := before.volumes.get(v)) is None else volume_order(old))
        != volume_order(draft.volumes[v])
        for v in draft.changed_volumes
    )
    if not (changed or residues or volumes):
        return
    draft.revision = before.revision + 1
    for instance_id in changed:
        instance = draft.instances[instance_id]
        draft.instances[instance_id] = replace(instance, desired_revision=draft.revision)
    for key in residues:
        residue = draft.residues.get(key)
        if residue is not None:
            draft.residues[key] = replace(residue, since_revision=draft.revision)


def _key(
    instances: Mapping[InstanceId, Instance], instance_id: InstanceId
) -> tuple[object, ...] | None:
    instance = instances.get(instance_id)
    return None if instance is None else desired_key(instance)
