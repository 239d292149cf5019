"""A batch in the making: the studio as it would be, and what must be written for it.

The reactor makes one per batch, lets the core change it, commits what it collected and only then
puts its studio in force. If the commit fails, the draft is thrown away and nothing has happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from coordinator.domain import lease, lifecycle
from coordinator.domain.effects import (
    Effect,
    EndLease,
    LeaveResidue,
    Note,
    QuarantineGpus,
    TakeLease,
    TrashVolume,
)
from coordinator.domain.instance import Instance, InstanceId, Signals, State, Usage
from coordinator.domain.node import Node, NodeId
from coordinator.domain.people import Person, PersonId
from coordinator.domain.sharing import Share, ShareId
from coordinator.domain.studio import QueueEntry, Residue, Sighting, Studio
from coordinator.domain.volume import Volume, VolumeId

SIGNALS_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line of what happened: to an instance, or to the studio (no instance)."""

    at: datetime
    instance_id: InstanceId | None
    event: str
    cause: str
    from_state: str
    to_state: str
    detail: str
    seq: int = 0  # given by the ledger


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Something that IT or an owner ordered, for the audit log."""

    at: datetime
    actor: str
    action: str
    target: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an asked-for event led to, told once it is committed."""

    instance: Instance | None = None
    created: bool = False  # an instance was made
    kept_until: datetime | None = None  # a deleted instance's data stays in the trash so long
    leases_freed: int = 0
    person: Person | None = None
    node: Node | None = None


@dataclass(slots=True)
class Draft:
    """See the module. Mutable, and used by one batch only."""

    studio: Studio
    now: datetime
    instances: dict[InstanceId, Instance] = field(init=False)
    nodes: dict[NodeId, Node] = field(init=False)
    volumes: dict[VolumeId, Volume] = field(init=False)
    people: dict[PersonId, Person] = field(init=False)
    shares: dict[ShareId, Share] = field(init=False)
    signals: dict[InstanceId, Signals] = field(init=False)
    usage: dict[InstanceId, Usage] = field(init=False)
    residues: dict[tuple[NodeId, InstanceId], Residue] = field(init=False)
    heard: dict[NodeId, datetime] = field(init=False)
    sightings: dict[NodeId, tuple[Sighting, ...]] = field(init=False)
    warned: dict[InstanceId, datetime] = field(init=False)
    followed: dict[NodeId, tuple[str, int, str]] = field(init=False)
    queue: tuple[QueueEntry, ...] = field(init=False)
    # What must be written.
    changed_instances: set[InstanceId] = field(default_factory=set)
    changed_nodes: set[NodeId] = field(default_factory=set)
    changed_volumes: set[VolumeId] = field(default_factory=set)
    changed_people: set[PersonId] = field(default_factory=set)
    changed_shares: set[ShareId] = field(default_factory=set)
    changed_residues: set[tuple[NodeId, InstanceId]] = field(default_factory=set)
    changed_signals: set[InstanceId] = field(default_factory=set)
    story: list[StoryLine] = field(default_factory=list)
    audits: list[AuditLine] = field(default_factory=list)
    # What watchers may want to look at although nothing is written.
    touched_instances: set[InstanceId] = field(default_factory=set)
    touched_nodes: set[NodeId] = field(default_factory=set)
    # Nodes whose word about absence counts only from the next revision on.
    asked_anew: set[NodeId] = field(default_factory=set)
    catalogue_changed: bool = False
    place_again: bool = False
    revision: int = field(init=False)

    def __post_init__(self) -> None:
        studio = self.studio
        self.instances = dict(studio.instances)
        self.nodes = dict(studio.nodes)
        self.volumes = dict(studio.volumes)
        self.people = dict(studio.people)
        self.shares = dict(studio.shares)
        self.signals = dict(studio.signals)
        self.usage = dict(studio.usage)
        self.residues = dict(studio.residues)
        self.heard = dict(studio.heard)
        self.sightings = dict(studio.sightings)
        self.warned = dict(studio.warned)
        self.followed = dict(studio.followed)
        self.queue = tuple(studio.queue)
        self.revision = studio.revision

    # --- instances ---------------------------------------------------------------------

    def happen(
        self, instance_id: InstanceId, happening: lifecycle.Happening, event: str, cause: str
    ) -> Instance:
        """Let something happen to an instance, with its effects and its line of the story."""
        before = self.instances[instance_id]
        after, effects = lifecycle.handle(before, happening, self.now)
        notes = [e.text for e in effects if isinstance(e, Note)]
        if replace(after, parts=before.parts) != before:
            self.put_instance(after)
        elif after != before:  # bytes of a pull are told to watchers and not written
            self.instances[instance_id] = after
            self.touched_instances.add(instance_id)
        if before.state in lifecycle.SILENT and after.state is State.READY:
            signals = self.signals.get(instance_id, Signals())
            self.put_signals(instance_id, replace(signals, seen_again_at=self.now))
        told = after.state is not before.state or after.restart_wanted != before.restart_wanted
        if told or after.delete_wanted != before.delete_wanted or notes:
            self.tell(before, after, event, cause, "; ".join(notes))
        for effect in effects:
            self._carry_out(effect)
        return after

    def tell(
        self, before: Instance | None, after: Instance, event: str, cause: str, detail: str = ""
    ) -> None:
        self.story.append(
            StoryLine(
                at=self.now,
                instance_id=after.id,
                event=event,
                cause=cause,
                from_state="" if before is None else str(before.state),
                to_state=str(after.state),
                detail=detail or _detail(after),
            )
        )

    def tell_studio(self, event: str, cause: str, detail: str) -> None:
        self.story.append(StoryLine(self.now, None, event, cause, "", "", detail))

    def put_instance(self, instance: Instance) -> None:
        before = self.instances.get(instance.id)
        self.instances[instance.id] = instance
        self.changed_instances.add(instance.id)
        if instance.placement is None:
            self.usage.pop(instance.id, None)
        if (
            before is None
            or (before.state in lifecycle.WAITING) != (instance.state in lifecycle.WAITING)
            or (before.placement is not None and before.placement != instance.placement)
            or before.version != instance.version
        ):
            self.place_again = True

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case TakeLease():
                self.put_volume(lease.take(self.volumes[effect.volume_id], effect))
            case EndLease():
                self.put_volume(lease.end(self.volumes[effect.volume_id], effect))
            case LeaveResidue(placement, instance_id):
                self.put_residue(
                    Residue(placement.node_id, instance_id, placement.epoch, placement.gpu_uuids)
                )
            case QuarantineGpus(node_id, gpu_uuids):
                node = self.nodes[node_id]
                self.put_node(
                    replace(node, quarantined_gpus=node.quarantined_gpus | set(gpu_uuids))
                )
            case TrashVolume(volume_id):
                purge_at = self.now + timedelta(days=self.studio.policy.trash_days)
                volume = self.volumes[volume_id]
                self.put_volume(
                    replace(
                        volume,
                        trashed_at=self.now,
                        purge_at=purge_at,
                        trash_done=False,
                        restoring=False,
                        restore_error="",
                        moves=volume.moves + 1,
                    )
                )
            case Note():
                pass  # already in the story

    # --- everything else ---------------------------------------------------------------

    def put_volume(self, volume: Volume) -> None:
        if self.volumes.get(volume.id) != volume:
            self.volumes[volume.id] = volume
            self.changed_volumes.add(volume.id)

    def put_node(self, node: Node) -> None:
        """Keep what a machine said; only what must not be lost is written (see durable)."""
        before = self.nodes.get(node.id)
        self.nodes[node.id] = node
        if before is None or durable(before) != durable(node):
            self.changed_nodes.add(node.id)
            self.place_again = True
        if before != node:
            self.touched_nodes.add(node.id)

    def put_person(self, person: Person) -> None:
        if self.people.get(person.id) != person:
            self.people[person.id] = person
            self.changed_people.add(person.id)

    def shares_at(self, instance_id: InstanceId) -> list[Share]:
        """As :meth:`Studio.shares_at`."""
        return [s for s in self.shares.values() if s.instance_id == instance_id]

    def put_share(self, share: Share) -> None:
        self.shares[share.id] = share
        self.changed_shares.add(share.id)
        self.touched_instances.add(share.instance_id)

    def drop_share(self, share_id: ShareId) -> None:
        share = self.shares.pop(share_id, None)
        if share is not None:
            self.changed_shares.add(share_id)
            self.touched_instances.add(share.instance_id)

    def put_residue(self, residue: Residue) -> None:
        key = (residue.node_id, residue.instance_id)
        known = self.residues.get(key)
        if known is not None:
            if known.epoch >= residue.epoch and set(residue.gpu_uuids) <= set(known.gpu_uuids):
                return
            gpus = tuple(dict.fromkeys((*known.gpu_uuids, *residue.gpu_uuids)))
            residue = replace(residue, epoch=max(known.epoch, residue.epoch), gpu_uuids=gpus)
        self.residues[key] = residue
        self.changed_residues.add(key)
        self.touched_nodes.add(residue.node_id)

    def drop_residue(self, key: tuple[NodeId, InstanceId]) -> None:
        if self.residues.pop(key, None) is not None:
            self.changed_residues.add(key)
            self.touched_nodes.add(key[0])
            self.place_again = True

    def put_signals(self, instance_id: InstanceId, signals: Signals) -> None:
        """Signals live in memory; a person's last act is written at most once a minute."""
        before = self.signals.get(instance_id, Signals())
        if before == signals:
            return
        self.signals[instance_id] = signals
        self.touched_instances.add(instance_id)
        if signals.kept_at != before.kept_at:
            self.changed_signals.add(instance_id)
        latest = signals.person_at
        saved = self.studio.signals.get(instance_id, Signals()).person_at
        if latest is not None and (saved is None or _minute(latest) != _minute(saved)):
            self.changed_signals.add(instance_id)

    def put_usage(self, instance_id: InstanceId, usage: Usage) -> None:
        """A reading: told to watchers, never written."""
        if self.usage.get(instance_id) != usage:
            self.usage[instance_id] = usage
            self.touched_instances.add(instance_id)

    def audit(self, actor: str, action: str, target: str, detail: str = "") -> None:
        self.audits.append(AuditLine(self.now, actor, action, target, detail))

    # --- the end -----------------------------------------------------------------------

    def must_commit(self) -> bool:
        return bool(
            self.changed_instances
            or self.changed_nodes
            or self.changed_volumes
            or self.changed_people
            or self.changed_shares
            or self.changed_residues
            or self.changed_signals
            or self.story
            or self.audits
            or self.revision != self.studio.revision
        )

    def finished(self) -> Studio:
        """The studio after this batch."""
        return replace(
            self.studio,
            revision=self.revision,
            instances=self.instances,
            nodes=self.nodes,
            volumes=self.volumes,
            people=self.people,
            shares=self.shares,
            signals=self.signals,
            usage=self.usage,
            residues=self.residues,
            heard=self.heard,
            sightings=self.sightings,
            warned=self.warned,
            followed=self.followed,
            queue=self.queue,
        )


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // int(SIGNALS_EVERY.total_seconds())


def durable(node: Node) -> Node:
    """A node without what changes all the time and is told again by the machine itself."""
    gpus = tuple(
        replace(
            gpu,
            memory_used_bytes=None,
            utilisation_percent=None,
            temperature_celsius=None,
            power_watts=None,
            energy_millijoules=None,
        )
        for gpu in node.gpus
    )
    return replace(node, last_seen=None, disk_free_bytes=0, gpus=gpus)


def _detail(instance: Instance) -> str:
    parts: list[str] = []
    if instance.placement is not None:
        where = instance.placement
        cards = " ".join(where.gpu_uuids) or "no card"
        parts.append(f"epoch {where.epoch} on {where.node_id}, {cards}")
    if instance.stop_reason is not None:
        parts.append(f"stop: {instance.stop_reason}")
    if instance.state is State.FAILED and instance.fail_reason is not None:
        parts.append(f"fail: {instance.fail_reason}: {instance.fail_detail}")
    if instance.restart_wanted:
        parts.append("begins again when it is safe")
    if instance.delete_wanted:
        parts.append("will be deleted")
    return "; ".join(parts)
