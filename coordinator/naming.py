"""Fresh random names for things that are made; the core has no randomness of its own."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from coordinator.domain.engine import EngineId
from coordinator.domain.events import (
    RestoreRequested,
    ShareRequested,
    StartCause,
    StartRequested,
)
from coordinator.domain.instance import InstanceId
from coordinator.domain.people import PersonId
from coordinator.domain.sharing import Access, ShareId
from coordinator.domain.volume import VolumeId

# No vowels and nothing that looks alike: no words by accident, and easy to read out.
_LETTERS = "bcdfghjkmnpqrstvwxz23456789"


@dataclass(frozen=True, slots=True)
class FreshNames:
    """For an instance that may be made. ``host`` is a DNS label that nobody can guess."""

    instance_id: InstanceId
    volume_id: VolumeId
    host: str


def fresh_names(hint: str) -> FreshNames:
    """Names for an instance; the host begins with the hint, so that people recognise it."""
    label = re.sub(r"[^a-z0-9]+", "-", hint.lower()).strip("-")[:30].strip("-") or "engine"
    return FreshNames(
        InstanceId(f"i-{_random(16)}"), VolumeId(f"v-{_random(16)}"), f"{label}-{_random(10)}"
    )


def start_request(
    person: PersonId,
    *,
    engine_id: str = "",
    version: str = "",
    name: str = "",
    instance_id: str = "",
    cause: StartCause = StartCause.START,
) -> StartRequested:
    """The one way to ask for a start, whoever asks (pitfall 26)."""
    fresh = fresh_names(engine_id)
    return StartRequested(
        person=person,
        new_instance_id=fresh.instance_id,
        new_volume_id=fresh.volume_id,
        new_host=fresh.host,
        engine_id=EngineId(engine_id) if engine_id else None,
        version=version,
        name=name,
        instance_id=InstanceId(instance_id) if instance_id else None,
        cause=cause,
    )


def restore_request(person: PersonId, old: InstanceId, engine_id: EngineId) -> RestoreRequested:
    """The one way to ask for something back from the trash."""
    fresh = fresh_names(engine_id)
    return RestoreRequested(old, person, fresh.instance_id, fresh.host)


def share_request(
    instance: InstanceId,
    owner: PersonId,
    access: Access,
    lasts: timedelta,
    *,
    person: str = "",
    team: str = "",
) -> ShareRequested:
    """The one way to ask for a share, whoever asks."""
    return ShareRequested(
        instance_id=instance,
        by=owner,
        new_share_id=ShareId(f"s-{_random(16)}"),
        access=access,
        lasts=lasts,
        person=PersonId(person) if person else None,
        team=team,
    )


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
