"""When a running engine is released because its creator left: one pure rule (pitfalls 1-3, 22).

Idle only when *every* signal is idle for the whole window: no person's act, no body in flight, no
GPU work of its own processes. A signal that FAILED counts as active. One that is ABSENT takes no
part; then the template must have said that traffic alone decides, or idleness never releases it
and only the maximum lifetime does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordinator.domain.engine import IdlePolicy
from coordinator.domain.instance import Signal, Signals, StopReason


class IdleWhy(StrEnum):
    """What the verdict rests on, for the story and the line that people read."""

    QUIET = "quiet"  # nothing has happened since last_at
    GPU_WORKS = "gpu-works"
    SIGNAL_FAILED = "signal-failed"  # counts as active; alerted on after a bound
    TRAFFIC_UNSEEN = "traffic-unseen"  # the gateway is away: the same, of the traffic
    NO_WORK_SIGNAL = "no-work-signal"  # idleness cannot be told: the lifetime alone ends it
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class Verdict:
    """When it would be released if nothing happens from now on; None: not in sight."""

    release_at: datetime | None
    warn_at: datetime | None
    reason: StopReason
    why: IdleWhy
    last_at: datetime  # the last thing that counted as use


def judge(
    policy: IdlePolicy,
    signals: Signals,
    ready_at: datetime,
    *,
    not_before: datetime | None = None,
    traffic_seen: bool = True,
) -> Verdict:
    """The rule.

    Args:
        not_before: nothing could be seen until then (coordinator, gateway or machine away).
        traffic_seen: whether the gateway is there; if not, the traffic's signal has failed.
    """
    moments = [ready_at, signals.person_at, signals.bodies_in_flight_at, signals.kept_at]
    if signals.gpu_work in (Signal.IDLE, Signal.ACTIVE):
        moments.append(signals.gpu_busy_at)
    last = max(m for m in moments if m is not None)
    release: datetime | None = max(last + policy.release_after, ready_at + policy.grace_after_start)
    why = IdleWhy.QUIET
    if not_before is not None and release is not None:
        release = max(release, not_before + policy.grace_after_start)
    match signals.gpu_work:
        case Signal.ACTIVE:
            release, why = None, IdleWhy.GPU_WORKS
        case Signal.FAILED:
            release, why = None, IdleWhy.SIGNAL_FAILED
        case Signal.ABSENT:
            if not policy.traffic_alone:
                release, why = None, IdleWhy.NO_WORK_SIGNAL
        case Signal.IDLE:
            pass
    if not traffic_seen:
        release, why = None, IdleWhy.TRAFFIC_UNSEEN
    reason = StopReason.IDLE
    if policy.max_lifetime is not None:
        # "Keep running" is somebody's word that it is wanted: the lifetime begins anew too.
        begun = max(ready_at, signals.kept_at or ready_at)
        end = begun + policy.max_lifetime
        if release is None or end < release:
            near = end
            return Verdict(near, near - policy.warn_before, StopReason.LIFETIME, _why(why), last)
    warn = None if release is None else release - policy.warn_before
    return Verdict(release, warn, reason, why, last)


def _why(why: IdleWhy) -> IdleWhy:
    """What to say beside a release by lifetime: an unseen or failed signal stays visible."""
    return IdleWhy.LIFETIME if why is IdleWhy.QUIET else why
