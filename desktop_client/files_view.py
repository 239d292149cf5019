"""Where a creator's data is, and what can be had back: the files window, as a value. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from desktop_client.i18n import say
from desktop_client.model import Instance, Problem, Trashed
from desktop_client.wording import moment, problem_text, size


@dataclass(frozen=True, slots=True)
class FilesRow:
    """One instance's data. ``restorable``: it is deleted, and can be had back."""

    id: str
    name: str
    text: str
    restorable: bool = False
    busy: bool = False


@dataclass(frozen=True, slots=True)
class FilesView:
    """Attributes:
    kept: of the instances that are there.
    deleted: of those in the trash; None while that is not known.
    told: what came of the last restoring, in one sentence, or empty.
    problem: what did not work last, in one sentence, or empty.
    """

    kept: tuple[FilesRow, ...]
    deleted: tuple[FilesRow, ...] | None
    told: str = ""
    problem: str = ""


def files_view(
    instances: Sequence[Instance],
    trash: Sequence[Trashed] | None,
    now: datetime,
    zone: tzinfo | None,
    language: str,
    *,
    restoring: str = "",
    restored: str = "",
    problem: Problem | None = None,
) -> FilesView:
    """From what is known now.

    Args:
        restoring: the id that is being restored.
        restored: the name of what was restored last.
    """
    kept = tuple(
        FilesRow(i.id, i.name, _kept_line(i, language))
        for i in sorted(instances, key=lambda i: (-(i.data_bytes or 0), i.name.casefold()))
    )
    return FilesView(
        kept=kept,
        deleted=None
        if trash is None
        else tuple(_deleted_row(t, now, zone, language, restoring) for t in trash),
        told=say("files.restored", language, name=restored) if restored else "",
        problem=problem_text(problem, language),
    )


def _kept_line(instance: Instance, language: str) -> str:
    engine = instance.engine_name.spoken(language)
    parts = [_amount(instance.data_bytes, language)]
    if instance.node_name:
        parts.append(say("files.on", language, node=instance.node_name))
    if engine != instance.name:
        parts.insert(0, f"{engine} {instance.version}")
    return " · ".join(parts)


def _deleted_row(
    trashed: Trashed, now: datetime, zone: tzinfo | None, language: str, restoring: str
) -> FilesRow:
    parts = [
        say("files.deleted_at", language, at=moment(trashed.deleted_at, now, zone, language)),
        say("files.kept_until", language, at=moment(trashed.kept_until, now, zone, language)),
        _amount(trashed.data_bytes, language),
    ]
    if trashed.node_name:
        parts.append(say("files.on", language, node=trashed.node_name))
    return FilesRow(
        trashed.id, trashed.name, " · ".join(parts), restorable=True, busy=trashed.id == restoring
    )


def _amount(count: int | None, language: str) -> str:
    return say("delete.unknown_size", language) if count is None else size(count)
