"""Small rows for the tests of tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from desktop_client.admin.tables.column import Align, Column, Speech

SPEECH = Speech("en", datetime(2026, 11, 23, 14, 37, tzinfo=UTC), UTC)


@dataclass(frozen=True)
class Row:
    id: str
    name: str
    size: float | None = None
    state: str = "ready"


COLUMNS: tuple[Column[Row], ...] = (
    Column("name", "admin.page.machines", lambda r, s: r.name, filter_names=("名称",)),
    Column(
        "size",
        "admin.page.queue",
        lambda r, s: "–" if r.size is None else f"{r.size:g} GB",
        sort=lambda r: r.size,
        number=lambda r: r.size,
        align=Align.END,
    ),
    Column(
        "state",
        "admin.page.overview",
        lambda r, s: {"ready": "Ready", "out": "Out of memory"}.get(r.state, r.state),
        words=lambda r: (r.state, {"ready": "就绪"}.get(r.state, "")),
        values=("ready", "out", "two words"),
    ),
    Column("id", "admin.page.audit", lambda r, s: r.id, shown_by_default=False),
)
