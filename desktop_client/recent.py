"""What was told lately, for the Recent list. Pure; kept for the program's life only, since what is
older is in each card and, for IT, in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from desktop_client.desk import Action, News, Notice
from desktop_client.model import Instance
from desktop_client.notes import told_now
from desktop_client.wording import moment

LONGEST = 50  # entries


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice and when it came (aware UTC)."""

    at: datetime
    notice: Notice


Recent = tuple[Entry, ...]  # newest first


@dataclass(frozen=True, slots=True)
class RecentLine:
    """An entry in words, with the actions that are still valid."""

    news: News
    when: str
    title: str
    text: str
    actions: tuple[tuple[Action, str], ...]


def remember(recent: Recent, notice: Notice, at: datetime) -> Recent:
    """With a notice more; the oldest leave."""
    return (Entry(at, notice), *recent)[:LONGEST]


def recent_lines(
    recent: Recent,
    instances: Sequence[Instance],
    now: datetime,
    zone: tzinfo | None,
    language: str,
) -> tuple[RecentLine, ...]:
    """The list as it reads now. Only the latest entry of an instance still offers actions: an
    older one was overtaken."""
    lines = []
    seen: set[str] = set()
    for entry in recent:
        words = told_now(entry.notice, instances, now, zone, language)
        latest = entry.notice.key not in seen
        seen.add(entry.notice.key)
        lines.append(
            RecentLine(
                news=entry.notice.news,
                when=moment(entry.at, now, zone, language),
                title=words.title,
                text=words.text,
                actions=words.actions if latest else (),
            )
        )
    return tuple(lines)
