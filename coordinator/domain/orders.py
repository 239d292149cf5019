"""What IT orders, and what identity tells about people. Every order is audited here."""

from __future__ import annotations

from dataclasses import replace

from coordinator.domain import lifecycle, observing
from coordinator.domain.draft import Draft, Outcome
from coordinator.domain.events import (
    LedgerAccepted,
    NodeDeclaredOff,
    NodeDrainSet,
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


def node_enrolled(draft: Draft, event: NodeEnrolled) -> Outcome:
    known = draft.nodes.get(event.node_id)
    node = Node(event.node_id, event.name, event.pool or "on-prem", joined_at=draft.now)
    if known is not None:
        node = replace(known, name=event.name, pool=event.pool or known.pool, revoked=False)
    draft.put_node(node)
    draft.audit(event.by, "node-enrol", event.node_id, event.name)
    draft.tell_studio("node-enrolled", event.by, f"{event.name} in pool {node.pool}")
    return Outcome(node=node)


def node_drain_set(draft: Draft, event: NodeDrainSet) -> Outcome:
    node = replace(_node(draft, event.node_id), draining=event.draining)
    draft.put_node(node)
    action = "node-drain" if event.draining else "node-undrain"
    draft.audit(event.by, action, node.id, node.name)
    draft.tell_studio(action, f"person {event.by}", node.name)
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
    draft.audit(event.by, "node-declare-off", node.id, f"{event.reason}; {freed} leases freed")
    draft.tell_studio("node-declared-off", f"person {event.by}", f"{node.name}: {event.reason}")
    return Outcome(leases_freed=freed, node=draft.nodes[node.id])


def ledger_accepted(draft: Draft, event: LedgerAccepted) -> Outcome:
    node = _node(draft, event.node_id)
    cause = f"person {event.by} accepted this ledger for {node.name}"
    adopted = observing.adopt_newer(draft, node, cause)
    draft.put_node(replace(draft.nodes[node.id], ledger_refused=False))
    draft.audit(event.by, "ledger-accept", node.id, f"{adopted} running instances adopted")
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
    draft.put_residue(
        Residue(
            node.id,
            InstanceId(found.instance_id),
            found.epoch,
            found.gpu_uuids,
            draft.revision + 1,
        )
    )
    detail = f"container {found.container_id}, instance {found.instance_id}, epoch {found.epoch}"
    draft.audit(event.by, "unclaimed-stop", node.id, detail)
    draft.tell_studio("unclaimed-resolved", f"person {event.by}", detail)
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
    draft.audit(event.by, "person-role", person.id, str(event.role))
    return Outcome(person=person)


def _node(draft: Draft, node_id: NodeId) -> Node:
    node = draft.nodes.get(node_id)
    if node is None:
        raise Refused(
            "node-unknown", f"there is no machine {node_id}; list them", RefusalKind.NOT_FOUND
        )
    return node
