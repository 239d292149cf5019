"""What IT orders, and what identity tells about people. Every order is audited here."""

from __future__ import annotations

import re
from dataclasses import replace

from coordinator.domain import lifecycle, observing
from coordinator.domain.audit_detail import Fact, detail, details
from coordinator.domain.draft import Draft, Outcome
from coordinator.domain.events import (
    LedgerAccepted,
    NodeDeclaredOff,
    NodeDrainSet,
    NodeEdited,
    NodeEnrolled,
    NodeRevoked,
    PersonDisabledSet,
    PersonRoleSet,
    PersonSeen,
    UnclaimedResolved,
)
from coordinator.domain.instance import StopReason
from coordinator.domain.node import Node, NodeId
from coordinator.domain.refusal import RefusalKind, Refused
from coordinator.domain.requests import person_or_refuse
from coordinator.domain.studio import Residue
from coordinator.domain.volume import InstanceId

LABELS_AT_MOST = 32
# What people type in filters and commands: without spaces and quotes, in any language.
_NAME = re.compile(r"\w(?:[\w.-]{0,61}\w)?")
_LABEL_KEY = re.compile(r"\w(?:[\w./-]{0,61}\w)?")
_LABEL_VALUE_LENGTH = 100


def node_enrolled(draft: Draft, event: NodeEnrolled) -> Outcome:
    """It joined, or joined again: then it keeps the name that IT may have given it since."""
    known = draft.nodes.get(event.node_id)
    name = _free_name(draft, event.node_id, event.name if known is None else known.name)
    if known is None:
        node = Node(event.node_id, name, event.pool or "on-prem", joined_at=draft.now)
    else:
        node = replace(known, name=name, pool=event.pool or known.pool, revoked=False)
    draft.put_node(node)
    draft.audit(event.by, "node-enrol", event.node_id, name)
    draft.tell_studio("node-enrolled", event.by, f"{name} in pool {node.pool}")
    return Outcome(node=node)


def node_drain_set(draft: Draft, event: NodeDrainSet) -> Outcome:
    node = replace(_node(draft, event.node_id), draining=event.draining)
    draft.put_node(node)
    action = "node-drain" if event.draining else "node-undrain"
    draft.audit(event.by, action, node.id, node.name)
    draft.tell_studio(action, f"person {event.by}", node.name)
    return Outcome(node=node)


def node_edited(draft: Draft, event: NodeEdited) -> Outcome:
    """Rename it, move it to a pool, write its labels.

    Raises:
        Refused: with what is wrong and what is allowed.
    """
    before = _node(draft, event.node_id)
    node, told, facts = before, list[str](), list[Fact]()
    if event.name is not None and event.name != node.name:
        _check_name(event.name, "node-name", "a machine's name")
        _check_not_taken(draft, node.id, event.name)
        told.append(f"name {node.name} -> {event.name}")
        facts.append(Fact("renamed", {"before": node.name, "after": event.name}))
        node = replace(node, name=event.name)
    if event.pool is not None and event.pool != node.pool:
        _check_name(event.pool, "node-pool", "a pool's name")
        told.append(f"pool {node.pool} -> {event.pool}")
        facts.append(Fact("pool", {"before": node.pool, "after": event.pool}))
        node = replace(node, pool=event.pool)
    if event.labels is not None and (labels := tuple(sorted(event.labels))) != node.labels:
        _check_labels(labels)
        listed = ", ".join(f"{k}={v}" for k, v in labels)
        told.append(f"labels {listed or 'none'}")
        facts.append(Fact("labels", {"labels": listed}) if labels else Fact("no-labels", {}))
        node = replace(node, labels=labels)
    if told:
        draft.put_node(node)
        draft.audit(event.by, "node-update", node.id, details(*facts))
        draft.tell_studio("node-updated", f"person {event.by}", "; ".join(told))
    if node.name != before.name:  # lines of instances name their machine
        homes = {v.id for v in draft.volumes.values() if v.home == node.id}
        draft.touched_instances.update(
            i.id for i in draft.instances.values() if i.volume_id in homes
        )
    return Outcome(node=node)


def node_revoked(draft: Draft, event: NodeRevoked) -> Outcome:
    """Its certificate is worth nothing from now on; its leases end only by NodeDeclaredOff."""
    node = replace(_node(draft, event.node_id), revoked=True, online=False, can_start=False)
    draft.put_node(node)
    draft.audit(event.by, "node-revoke", node.id, node.name)
    draft.tell_studio("node-revoked", f"person {event.by}", node.name)
    return Outcome(node=node)


def node_declared_off(draft: Draft, event: NodeDeclaredOff) -> Outcome:
    """An admin states that the machine is off: what it held is free now."""
    node = _node(draft, event.node_id)
    draft.put_node(replace(node, online=False, can_start=False))
    freed = 0
    for instance in list(draft.instances.values()):
        if instance.placement is None or instance.placement.node_id != node.id:
            continue
        cause = f"person {event.by}: {node.name} is off ({event.reason})"
        draft.happen(instance.id, lifecycle.MachineDeclaredOff(), "node-declared-off", cause)
        freed += 1
    draft.sightings.pop(node.id, None)
    said = detail("declared-off", reason=event.reason, count=freed)
    draft.audit(event.by, "node-declare-off", node.id, said)
    draft.tell_studio("node-declared-off", f"person {event.by}", f"{node.name}: {event.reason}")
    return Outcome(leases_freed=freed, node=draft.nodes[node.id])


def ledger_accepted(draft: Draft, event: LedgerAccepted) -> Outcome:
    node = _node(draft, event.node_id)
    cause = f"person {event.by} accepted this ledger for {node.name}"
    adopted = observing.adopt_newer(draft, node, cause)
    draft.put_node(replace(draft.nodes[node.id], ledger_refused=False))
    draft.audit(event.by, "ledger-accept", node.id, detail("adopted", count=adopted))
    draft.tell_studio("ledger-accepted", f"person {event.by}", f"{node.name}: {adopted} adopted")
    return Outcome(node=draft.nodes[node.id])


def unclaimed_resolved(draft: Draft, event: UnclaimedResolved) -> Outcome:
    node = _node(draft, event.node_id)
    found = next((u for u in node.unclaimed if u.container_id == event.container_id), None)
    if found is None:
        raise Refused(
            "unclaimed-unknown",
            f"{node.name} has no unclaimed container {event.container_id}; list them again",
            RefusalKind.NOT_FOUND,
        )
    instance_id = InstanceId(found.instance_id)
    told = f"container {found.container_id}, instance {found.instance_id}, epoch {found.epoch}"
    said = detail(
        "container",
        container=found.container_id,
        instance=found.instance_id,
        epoch=found.epoch,
    )
    if event.keep:  # its machine holds it, and is told by whoever asked
        if (node.id, instance_id) in draft.residues:
            raise Refused(
                "unclaimed-stopping",
                f"{found.container_id} on {node.name} is being stopped already, so it cannot be "
                "kept",
                RefusalKind.CONFLICT,
            )
        draft.audit(event.by, "unclaimed-keep", node.id, said)
        draft.tell_studio("unclaimed-kept", f"person {event.by}", told)
        return Outcome(node=node)
    draft.put_residue(
        Residue(node.id, instance_id, found.epoch, found.gpu_uuids, draft.revision + 1)
    )
    draft.audit(event.by, "unclaimed-stop", node.id, said)
    draft.tell_studio("unclaimed-resolved", f"person {event.by}", told)
    return Outcome(node=node)


def person_seen(draft: Draft, event: PersonSeen) -> Outcome:
    """Signed in. Whether somebody is disabled is ours to say, not the claims'."""
    known = draft.people.get(event.person.id)
    person = event.person
    if known is not None and known.disabled:
        person = replace(person, disabled=True)
    draft.put_person(person)
    return Outcome(person=person)


def person_disabled_set(draft: Draft, event: PersonDisabledSet) -> Outcome:
    person = replace(person_or_refuse(draft, event.person_id), disabled=event.disabled)
    draft.put_person(person)
    draft.audit(event.by, "person-disable" if event.disabled else "person-enable", person.id)
    if event.disabled:
        for instance in list(draft.instances.values()):
            if instance.owner == person.id and instance.state in lifecycle.WAITING:
                draft.happen(
                    instance.id,
                    lifecycle.StopOrdered(StopReason.BY_ADMIN),
                    "person-disabled",
                    f"person {event.by}",
                )
    return Outcome(person=person)


def person_role_set(draft: Draft, event: PersonRoleSet) -> Outcome:
    person = replace(person_or_refuse(draft, event.person_id), role=event.role)
    draft.put_person(person)
    said = detail("role" if event.given else "role-from-claims", role=event.role)
    draft.audit(event.by, "person-role", person.id, said)
    return Outcome(person=person)


def _node(draft: Draft, node_id: NodeId) -> Node:
    node = draft.nodes.get(node_id)
    if node is None:
        raise Refused(
            "node-unknown", f"there is no machine {node_id}; list them", RefusalKind.NOT_FOUND
        )
    return node


def _check_name(name: str, key: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refused(
            key,
            f"{what} has 1 to 63 letters, digits, dots, hyphens or underscores, and begins and "
            f'ends with a letter or digit, such as render-04; "{name[:80]}" does not fit',
            RefusalKind.INVALID,
        )


def _check_not_taken(draft: Draft, node_id: NodeId, name: str) -> None:
    """Names tell machines apart, also from another's id; a revoked one's name is free."""
    for other in draft.nodes.values():
        if other.id == node_id:
            continue
        same = other.name.casefold() == name.casefold() and not other.revoked
        if same or other.id == name:
            raise Refused(
                "node-name-taken",
                f"there is another machine {other.name} ({other.id}); choose a different name",
                RefusalKind.CONFLICT,
            )


def _free_name(draft: Draft, node_id: NodeId, name: str) -> str:
    """The name, with a number behind it if another machine has it."""
    others = (n for n in draft.nodes.values() if n.id != node_id and not n.revoked)
    taken = {n.name.casefold() for n in others}
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _check_labels(labels: tuple[tuple[str, str], ...]) -> None:
    if len(labels) > LABELS_AT_MOST:
        raise Refused(
            "node-labels",
            f"a machine has at most {LABELS_AT_MOST} labels, these are {len(labels)}; leave some "
            "out",
            RefusalKind.INVALID,
        )
    for key, value in labels:
        if not _LABEL_KEY.fullmatch(key):
            raise Refused(
                "node-labels",
                "a label's key has 1 to 63 letters, digits, dots, slashes, hyphens or "
                f'underscores, such as room or rack/unit; "{key[:80]}" does not fit',
                RefusalKind.INVALID,
            )
        if len(value) > _LABEL_VALUE_LENGTH or not value.isprintable():
            raise Refused(
                "node-labels",
                f"the value of label {key} must be one line of at most {_LABEL_VALUE_LENGTH} "
                "printable characters; shorten it",
                RefusalKind.INVALID,
            )
