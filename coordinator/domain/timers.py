"""Every timer of the studio: when the next one is due, and what it does (pitfall 23)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from coordinator.domain import idle, lifecycle
from coordinator.domain.draft import Draft
from coordinator.domain.engine import IdlePolicy
from coordinator.domain.instance import Instance, Signals, State
from coordinator.domain.studio import Judged, Studio

# A signal that fails for so long is told to IT: it keeps a card from being released.
SIGNAL_FAILED_BOUND = timedelta(minutes=10)


_NO_SIGNALS = Signals()


def verdict_of(studio: Studio, instance: Instance) -> idle.Verdict | None:
    """The idle rule applied to one instance; None unless it is READY."""
    return _verdict(studio, instance, studio.signals.get(instance.id, _NO_SIGNALS))


def _verdict(studio: Studio, instance: Instance, signals: Signals) -> idle.Verdict | None:
    """Worked out anew only if one of its grounds is another value: each batch asks for all."""
    if instance.state is not State.READY or instance.ready_at is None:
        return None
    engine = studio.engines.get(instance.engine_id)
    door = studio.door_away_since
    since = (studio.loaded_at, studio.door_back_at, door)
    known = studio.verdicts.get(instance.id)
    if (
        known is not None
        and known.instance is instance
        and known.signals is signals
        and known.engine is engine
        and known.since == since
    ):
        return known.verdict
    policy = IdlePolicy() if engine is None else engine.idle
    blind = (studio.loaded_at, studio.door_back_at, signals.seen_again_at)
    verdict = idle.judge(
        policy,
        signals,
        instance.ready_at,
        not_before=max((t for t in blind if t), default=None),
        traffic_seen=door is None,
    )
    studio.verdicts[instance.id] = Judged(instance, signals, engine, since, verdict)
    return verdict


def next_deadline(studio: Studio) -> datetime | None:
    """When something is due next; None: nothing is."""
    return min(_deadlines(studio), default=None)


def _deadlines(studio: Studio) -> Iterator[datetime]:
    policy = studio.policy
    for instance in studio.instances.values():
        if instance.state is State.READY:
            verdict = verdict_of(studio, instance)
            if verdict is not None and verdict.release_at is not None:
                yield verdict.release_at
                if verdict.warn_at is not None and instance.id not in studio.warned:
                    yield verdict.warn_at
            signals = studio.signals.get(instance.id, _NO_SIGNALS)
            if signals.failed_at is not None and not signals.failed_told:
                yield signals.failed_at + SIGNAL_FAILED_BOUND
        elif instance.state is State.UNREACHABLE:
            yield instance.state_since + policy.unreachable_grace
    silenced = {
        i.placement.node_id
        for i in studio.instances.values()
        if i.placement is not None
        and i.state not in lifecycle.SILENT
        and i.state is not State.FAILED
    }
    for node_id, node in studio.nodes.items():
        if node.online or node_id in silenced:
            heard = studio.heard.get(node_id) or studio.loaded_at
            if heard is not None:
                yield heard + policy.node_silent
    if studio.door_away_since is not None and not studio.door_away_told:
        yield studio.door_away_since + SIGNAL_FAILED_BOUND
    for volume in studio.volumes.values():
        if volume.purge_at is not None and not volume.purging and volume.purged_at is None:
            yield volume.purge_at
    for share in studio.shares.values():  # ended by share_orders.sweep
        yield share.expires_at


def tick(draft: Draft) -> None:
    """Let everything happen that is due now."""
    _silence(draft)
    _grace(draft)
    _door(draft)
    _idle(draft)
    _purge(draft)


def _silence(draft: Draft) -> None:
    studio, policy = draft.studio, draft.studio.policy
    for node_id, node in list(draft.nodes.items()):
        heard = draft.heard.get(node_id) or studio.loaded_at
        if heard is None or draft.now < heard + policy.node_silent:
            continue
        if node.online:
            draft.put_node(replace(node, online=False, can_start=False))
            draft.tell_studio("node-silent", "timer", f"{node.name} has not reported since {heard}")
        for instance in list(draft.instances.values()):
            where = instance.placement
            if where is None or where.node_id != node_id:
                continue
            if instance.state in lifecycle.SILENT or instance.state is State.FAILED:
                continue
            cause = f"timer: {node.name} has not reported since {heard:%H:%M:%S} UTC"
            draft.happen(instance.id, lifecycle.WentSilent(), "node-silent", cause)


def _grace(draft: Draft) -> None:
    grace = draft.studio.policy.unreachable_grace
    for instance in list(draft.instances.values()):
        if instance.state is not State.UNREACHABLE or instance.placement is None:
            continue
        if draft.now >= instance.state_since + grace:
            draft.happen(instance.id, lifecycle.SilentTooLong(), "unreachable-too-long", "timer")


def _door(draft: Draft) -> None:
    since = draft.studio.door_away_since
    if since is None or draft.studio.door_away_told or draft.now < since + SIGNAL_FAILED_BOUND:
        return
    draft.studio = replace(draft.studio, door_away_told=True)
    draft.tell_studio(
        "gateway-away",
        "timer",
        f"no gateway since {since:%H:%M} UTC: nobody's use is seen, so nothing is released; "
        "see the gateway's log",
    )


def _idle(draft: Draft) -> None:
    for instance in list(draft.instances.values()):
        if instance.state is not State.READY:
            _unwarn(draft, instance)
            continue
        signals = draft.signals.get(instance.id, _NO_SIGNALS)
        if (
            signals.failed_at is not None
            and not signals.failed_told
            and draft.now >= signals.failed_at + SIGNAL_FAILED_BOUND
        ):
            draft.put_signals(instance.id, replace(signals, failed_told=True))
            detail = f"GPU work cannot be read since {signals.failed_at:%H:%M} UTC: not released"
            draft.tell(instance, instance, "signal-failed", "timer", detail)
        verdict = _verdict(draft.studio, instance, signals)
        if verdict is None or verdict.release_at is None:
            _unwarn(draft, instance)
            continue
        if draft.now >= verdict.release_at:
            cause = f"timer: {verdict.why}, last use {verdict.last_at:%H:%M:%S} UTC"
            if signals.person_what:
                cause += f" ({signals.person_what})"
            draft.happen(instance.id, lifecycle.StopOrdered(verdict.reason), "released", cause)
            _unwarn(draft, instance)
        elif verdict.warn_at is not None and draft.now >= verdict.warn_at:
            if draft.warned.get(instance.id) != verdict.release_at:
                draft.warned[instance.id] = verdict.release_at
                draft.touched_instances.add(instance.id)
        else:
            _unwarn(draft, instance)


def _unwarn(draft: Draft, instance: Instance) -> None:
    if draft.warned.pop(instance.id, None) is not None:
        draft.touched_instances.add(instance.id)


def _purge(draft: Draft) -> None:
    for volume in list(draft.volumes.values()):
        if volume.purge_at is None or volume.purging or volume.purged_at is not None:
            continue
        if draft.now < volume.purge_at:
            continue
        if volume.home is None:  # never mounted: there is nothing on any disk
            draft.put_volume(replace(volume, purging=True, purged_at=draft.now))
        else:
            draft.put_volume(replace(volume, purging=True))
        draft.tell_studio(
            "volume-purge", "timer", f"volume {volume.id}: its time in the trash ended"
        )
