"""The trash on My engines: what can still be had back, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coordinator.domain.engine import Text
from coordinator.domain.people import PersonId
from coordinator.domain.studio import Studio
from coordinator.domain.trash import trash_of
from coordinator.domain.wording import trash_line


@dataclass(frozen=True, slots=True)
class TrashView:
    """A deleted instance as the page shows it."""

    id: str
    name: str
    engine_name: str
    line: str


def trash_views(
    studio: Studio, person: PersonId, now: datetime, language: str
) -> tuple[TrashView, ...]:
    """That person's trash, the last deleted first."""
    views = []
    for trashed in trash_of(studio, person, now):
        gone = trashed.instance
        engine = studio.engines.get(gone.engine_id)
        name = Text(gone.engine_id) if engine is None else engine.name
        words = trash_line(studio, trashed, now)
        if language == "zh":
            views.append(TrashView(gone.id, gone.name, name.zh or name.en, words.zh))
        else:
            views.append(TrashView(gone.id, gone.name, name.en, words.en))
    return tuple(views)
