"""A small page with one table, for tests and pictures of what all pages have in common."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout

from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.tables.column import Align, Column, Mark, Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.card_view import Shape
from desktop_client.model import Instance, State
from desktop_client.theme import GRID, Colours
from desktop_client.wording import size

_SHAPES = {
    State.READY: Shape.READY,
    State.QUEUED: Shape.QUEUED,
    State.FAILED: Shape.ATTENTION,
    State.UNREACHABLE: Shape.ATTENTION,
    State.STOPPED: Shape.STOPPED,
}


def _vram(row: Instance, speech: Speech) -> str:
    return "–" if row.vram_used_bytes is None else size(row.vram_used_bytes)


COLUMNS: tuple[Column[Instance], ...] = (
    Column("name", "admin.page.instances", lambda i, s: i.name, width=190),
    Column(
        "state",
        "admin.page.overview",
        lambda i, s: i.line.spoken(s.language),
        words=lambda i: (i.state.value,),
        mark=lambda i: Mark(_SHAPES.get(i.state, Shape.STARTING)),
        values=tuple(state.value for state in State),
        width=220,
    ),
    Column("owner", "admin.page.people", lambda i, s: i.owner_name, width=120),
    Column("machine", "admin.page.machines", lambda i, s: i.node_name or "–", width=110),
    Column(
        "vram",
        "admin.page.queue",
        _vram,
        sort=lambda i: i.vram_used_bytes,
        number=lambda i: None if i.vram_used_bytes is None else i.vram_used_bytes / 1e9,
        align=Align.END,
        width=90,
    ),
    Column("id", "admin.page.audit", lambda i, s: i.id, shown_by_default=False),
)


class SamplePage(Page):
    """Attributes: pane, deltas (what it was given)."""

    key = "instances"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.deltas: list[Delta] = []
        self.times_shown = 0
        self.detail = QLabel()
        self.detail.setWordWrap(True)
        self.detail.setMargin(GRID * 2)
        self.pane: TablePane[Instance] = TablePane(
            "sample", COLUMNS, lambda i: i.id, shell, self.detail, sort="name"
        )
        self.pane.selected.connect(self._selected)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.pane)

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        self.deltas.append(delta)
        if delta.whole:
            self.pane.dress()
            self.pane.show_rows(fleet.instances.values())
        else:
            self.pane.apply(delta.instances, delta.removed_instances)

    def shown(self) -> None:
        self.times_shown += 1

    def hidden(self) -> None:
        self.times_shown -= 1

    def find_in_page(self) -> None:
        self.pane.find_in_page()

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)
        if row:
            self.pane.select([row])

    def _selected(self, keys: list[str]) -> None:
        self.detail.setText("\n".join(keys[:20]))
