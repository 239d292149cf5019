"""The part of the audit log that is here: the newest entries, older ones as somebody asks. Pure.

What is shown has no hole: a newest page that does not reach what is here replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from desktop_client.admin.records import AuditEntry

PAGE = 200  # entries that are asked for at once


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Attributes:
    entries: the newest first.
    containing: what was searched for; empty: everything.
    whole: there is nothing older.
    """

    entries: tuple[AuditEntry, ...] = ()
    containing: str = ""
    whole: bool = False

    @property
    def before(self) -> int:
        """What to ask older ones with; 0: the newest."""
        return self.entries[-1].seq if self.entries else 0


def newest(log: AuditLog, page: Sequence[AuditEntry], containing: str) -> AuditLog:
    """With the newest page of a search, which may be another one than before."""
    ended = len(page) < PAGE
    fresh = AuditLog(tuple(page), containing, ended)
    if containing != log.containing or not log.entries or ended:
        return fresh
    known = log.entries[0].seq
    if page[-1].seq > known:
        return fresh  # there may be more in between
    return replace(log, entries=(*(e for e in page if e.seq > known), *log.entries))


def older(log: AuditLog, page: Sequence[AuditEntry], containing: str) -> AuditLog:
    """With a page of older ones; of another search than the present it is dropped."""
    if containing != log.containing:
        return log
    before = log.before
    more = tuple(e for e in page if not before or e.seq < before)
    return replace(log, entries=log.entries + more, whole=len(page) < PAGE)
