"""A wall clock that was set, or a coordinator that slept: what was noted before moves along.

Otherwise an hour's jump would look like an hour in which nobody did anything, and release, lose or
purge everything at once; and a jump back would keep every card for as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import TypeVar

from coordinator.domain.draft import Draft
from coordinator.domain.instance import Instance, Signals
from coordinator.domain.lifecycle import SILENT, WAITING

T = TypeVar("T")


def carry(draft: Draft, by: timedelta) -> None:
    """Shift every moment that a timer or a turn is reckoned from by so much."""
    for instance_id, signals in list(draft.signals.items()):
        draft.put_signals(instance_id, _shifted(signals, _SIGNALS, by))
    for instance in list(draft.instances.values()):
        moments = _moments(instance)
        if moments:
            draft.put_instance(_shifted(instance, moments, by))
    for volume in list(draft.volumes.values()):
        if volume.purge_at is not None and not volume.purging and volume.purged_at is None:
            draft.put_volume(replace(volume, purge_at=volume.purge_at + by))
    draft.heard = {node_id: at + by for node_id, at in draft.heard.items()}
    draft.warned = {instance_id: at + by for instance_id, at in draft.warned.items()}
    draft.studio = _shifted(draft.studio, ("loaded_at", "door_away_since", "door_back_at"), by)
    seconds = by.total_seconds()
    draft.tell_studio(
        "clock-jumped",
        "clock",
        f"the coordinator's clock moved by {seconds:+.0f} s at once; timers go on from where they "
        "were",
    )


_SIGNALS = tuple(f.name for f in fields(Signals) if f.name.endswith("_at"))


def _moments(instance: Instance) -> list[str]:
    """What of an instance's moments something is still reckoned from."""
    found = []
    if instance.ready_at is not None:
        found.append("ready_at")  # its grace and its lifetime
    if instance.state in SILENT:
        found.append("state_since")
    if instance.state in WAITING:
        found.append("requested_at")
    return found


def _shifted(value: T, names: Iterable[str], by: timedelta) -> T:
    changes: dict[str, datetime] = {}
    for name in names:
        at = getattr(value, name)
        if at is not None:
            changes[name] = at + by
    return replace(value, **changes) if changes else value  # type: ignore[type-var]
