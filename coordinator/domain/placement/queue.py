"""Whose turn it is: fair between creators, and nobody waits for ever.

Order: each creator's requests are ranked by how many cards' worth of engines they already hold
plus their place among their own; the lowest rank goes first, then who got a place least recently,
then who asked first. Whoever waited
longer than the policy's bound goes before all, by the time of asking. The first request in that
order that only lacks free cards keeps the cards of its best machine, so that smaller requests
behind it cannot starve it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from coordinator.domain.desired import resolved_digest
from coordinator.domain.draft import Draft
from coordinator.domain.engine import EngineVersion, Text
from coordinator.domain.gpu import GpuUuid
from coordinator.domain.instance import Instance, InstanceId, Placement
from coordinator.domain.lifecycle import WAITING, FoundNoPlace, FoundPlace
from coordinator.domain.node import NodeId
from coordinator.domain.people import PersonId
from coordinator.domain.placement.filters import suits
from coordinator.domain.placement.place import place
from coordinator.domain.placement.view import Chosen, NoPlacement, Request, View
from coordinator.domain.studio import QueueEntry

_EPOCH = datetime.fromtimestamp(0, UTC)


def in_turn(draft: Draft) -> list[Instance]:
    """All waiting instances, whose turn it is first."""
    waiting = [i for i in draft.instances.values() if i.state in WAITING]
    if not waiting:
        return []
    holding: Counter[PersonId] = Counter(
        i.owner for i in draft.instances.values() if i.placement is not None
    )
    served: dict[PersonId, datetime] = {}
    for instance in draft.instances.values():
        if instance.placed_at is not None:
            last = served.get(instance.owner, _EPOCH)
            served[instance.owner] = max(last, instance.placed_at)
    waiting.sort(key=lambda i: (i.requested_at or _EPOCH, i.id))
    place_among_own: Counter[PersonId] = Counter()
    keyed: list[tuple[tuple[int, int, datetime, datetime, InstanceId], Instance]] = []
    for instance in waiting:
        asked = instance.requested_at or _EPOCH
        rank = holding[instance.owner] + place_among_own[instance.owner]
        place_among_own[instance.owner] += 1
        if draft.now - asked >= draft.studio.policy.waited_long:
            keyed.append(((0, 0, asked, asked, instance.id), instance))
        else:
            last = served.get(instance.owner, _EPOCH)
            keyed.append(((1, rank, last, asked, instance.id), instance))
    return [instance for _, instance in sorted(keyed, key=lambda pair: pair[0])]


def place_waiting(draft: Draft) -> None:
    """Place whoever can be placed, and tell all others their position and reason.

    One try each: a placement only takes from what is free, so it never helps who was tried before.
    """
    turn = in_turn(draft)
    if not turn:
        _note_queue(draft, ())
        return
    view = make_view(draft)
    refused: dict[InstanceId, Text] = {}
    known: dict[tuple[object, ...], NoPlacement] = {}
    while turn:
        instance = turn[0]
        result = _try(draft, instance, view, known)
        if isinstance(result, Chosen):
            _put(draft, instance, result)
            view.take(draft.instances[instance.id])
            known.clear()
            # Ranks moved: who holds more now stands further back.
            turn = [i for i in in_turn(draft) if i.id not in refused]
            continue
        refused[instance.id] = result.reason
        turn = turn[1:]
        if not view.reserved and any(r.capacity for r in result.removed):
            view = _reserve(draft, instance, result, view)
            known.clear()
    entries: list[QueueEntry] = []
    for position, instance in enumerate(in_turn(draft), 1):
        draft.happen(instance.id, FoundNoPlace(), "placed-nowhere", "placement")
        entries.append(QueueEntry(instance.id, position, refused[instance.id]))
    _note_queue(draft, tuple(entries))


def explain(draft: Draft, instance_id: InstanceId) -> Chosen | NoPlacement | None:
    """Why it waits, machine by machine, behind whoever stands before it; None: it does not wait.

    ``Chosen`` where a place was found this moment and the next batch takes it.
    """
    view, known = make_view(draft), dict[tuple[object, ...], NoPlacement]()
    for instance in in_turn(draft):
        result = _try(draft, instance, view, known)
        if instance.id == instance_id:
            return result
        if isinstance(result, Chosen) or view.reserved:
            continue
        if any(r.capacity for r in result.removed):
            view = _reserve(draft, instance, result, view)
            known.clear()
    return None


def make_view(draft: Draft) -> View:
    """The nodes as they stand in this draft, with every card that somebody holds."""
    held: dict[NodeId, dict[GpuUuid, str]] = {node_id: {} for node_id in draft.nodes}
    load: Counter[NodeId] = Counter()
    for instance in draft.instances.values():
        where = instance.placement
        if where is None:
            continue
        load[where.node_id] += 1
        for uuid in where.gpu_uuids:
            held.setdefault(where.node_id, {})[uuid] = f"instance {instance.id}"
    for residue in draft.residues.values():
        for uuid in residue.gpu_uuids:
            held.setdefault(residue.node_id, {}).setdefault(
                uuid, f"an old run of {residue.instance_id}"
            )
    for node_id, sightings in draft.sightings.items():
        for sighting in sightings:
            for uuid in sighting.gpu_uuids:
                held.setdefault(node_id, {}).setdefault(
                    uuid, f"an unknown run of {sighting.instance_id}"
                )
    for node in draft.nodes.values():
        for unclaimed in node.unclaimed:
            for uuid in unclaimed.gpu_uuids:
                held[node.id].setdefault(uuid, "an unclaimed container")
    elsewhere = frozenset(
        node_id
        for node_id, (ledger_id, revision, term) in draft.followed.items()
        if ledger_id and not draft.studio.is_ours(ledger_id, revision, term)
    )
    concerned = {key[1] for key in draft.residues}
    concerned.update(s.instance_id for seen in draft.sightings.values() for s in seen)
    concerned.update(InstanceId(u.instance_id) for n in draft.nodes.values() for u in n.unclaimed)
    return View(
        policy=draft.studio.policy,
        nodes=draft.nodes,
        held=held,
        load=load,
        residues=draft.residues,
        sightings=draft.sightings,
        elsewhere=elsewhere,
        concerned=frozenset(concerned),
    )


def spec_of(draft: Draft, instance: Instance) -> EngineVersion | None:
    """The version as the catalogue has it now; None if it was taken away."""
    engine = draft.studio.engines.get(instance.engine_id)
    return None if engine is None else engine.version(instance.version)


def _try(
    draft: Draft,
    instance: Instance,
    view: View,
    known: dict[tuple[object, ...], NoPlacement],
) -> Chosen | NoPlacement:
    """``known``: what was refused in this very view, by what was asked: a herd asks the same."""
    spec = spec_of(draft, instance)
    if spec is None:
        return NoPlacement(
            (),
            Text(
                f"version {instance.version} of {instance.engine_id} is not in the catalogue now",
                f"引擎目录中目前没有 {instance.engine_id} 的版本 {instance.version}",
            ),
        )
    volume = draft.volumes.get(instance.volume_id)
    if volume is not None and volume.writer is not None:
        writer = volume.writer[0]
        return NoPlacement(
            (),
            Text(f"its files are still being written by {writer}", f"其文件仍在被 {writer} 写入"),
        )
    kin = _kin(draft, instance)
    own = instance.id if kin & view.concerned else None
    home = None if volume is None else volume.home
    restoring = None if volume is None or not volume.restoring else volume.id
    key = (spec.gpu, spec.memory_bytes, home, restoring, own)
    if key in known:
        return known[key]
    result = place(Request(instance, spec, volume, kin), view)
    if isinstance(result, NoPlacement):
        known[key] = result
    return result


def _kin(draft: Draft, instance: Instance) -> frozenset[InstanceId]:
    """Itself and all whose data it took over, one after the other."""
    kin = {instance.id}
    before = instance.restored_from
    while before is not None and before not in kin:
        kin.add(before)
        older = draft.instances.get(before)
        before = None if older is None else older.restored_from
    return frozenset(kin)


def _put(draft: Draft, instance: Instance, chosen: Chosen) -> None:
    spec = spec_of(draft, instance)
    assert spec is not None
    spec = replace(spec, digest=spec.digest or resolved_digest(draft.instances, spec))
    candidate = chosen.candidate
    placement = Placement(
        node_id=candidate.node.id,
        gpu_uuids=tuple(g.uuid for g in candidate.gpus),
        vram_mib=spec.gpu.vram_mib,
        epoch=instance.epoch + 1,
    )
    found = FoundPlace(placement, spec)
    draft.happen(instance.id, found, "placed", f"placement: {chosen}")


def _reserve(draft: Draft, instance: Instance, result: NoPlacement, view: View) -> View:
    """Keep the free suitable cards of the machine that has most of them for this request."""
    spec = spec_of(draft, instance)
    if spec is None or spec.gpu.count < 2:
        return view
    offers: list[tuple[int, str, NodeId, frozenset[GpuUuid]]] = []
    for out in result.removed:
        if out.capacity:
            free = [g for g in view.free(view.nodes[out.node_id]) if suits(g, spec.gpu)]
            uuids = frozenset(g.uuid for g in free)
            offers.append((-len(free), out.node_name, out.node_id, uuids))
    _, _, node_id, uuids = min(offers, key=lambda offer: offer[:3])
    return replace(view, reserved={node_id: uuids}, free_cards={})


def _note_queue(draft: Draft, entries: tuple[QueueEntry, ...]) -> None:
    before: Mapping[InstanceId, QueueEntry] = {e.instance_id: e for e in draft.queue}
    after: Mapping[InstanceId, QueueEntry] = {e.instance_id: e for e in entries}
    for instance_id in before.keys() | after.keys():
        if before.get(instance_id) != after.get(instance_id):
            draft.touched_instances.add(instance_id)
    draft.queue = entries
