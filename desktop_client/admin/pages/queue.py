"""Who waits, since when, for what, and why in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.parts import Facts, allow, is_online, why_not
from desktop_client.admin.pages.queue_columns import (
    QUEUE,
    REMOVED,
    Needs,
    Waiting,
    need_words,
    needs_in,
    summary,
    waiting_rows,
)
from desktop_client.admin.pages.stopping import Stopper
from desktop_client.admin.records import Catalogue, RemovedMachine
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.model import Instance
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import ElidedLabel, button, label, pad, set_text

_MACHINES_HEIGHT = 240
_MINUTE = int(timedelta(minutes=1).total_seconds() * 1000)


class QueuePage(Page):
    """See the module."""

    key = "queue"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._needs: Needs = {}
        self._known: dict[str, Waiting] = {}
        self._summary = label()
        self.detail = _Detail(shell)
        self.pane: TablePane[Waiting] = TablePane(
            "queue", QUEUE, lambda w: w.instance.id, shell, self.detail,
            sort="position", empty="queue.empty",
        )  # fmt: skip
        self.stopper = Stopper(shell, self)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addWidget(self._summary)
        body.addWidget(self.pane, 1)
        self.pane.selected.connect(lambda _: self._show_detail())
        self.stopper.changed.connect(self._show_detail)
        self.detail.stop_asked.connect(self._ask_stop)
        self.detail.owner_asked.connect(lambda key: shell.go_to("people", "", key))
        self.detail.story_asked.connect(lambda key: shell.go_to("instances", "", key))
        self.detail.machine_asked.connect(lambda key: shell.go_to("machines", "", key))
        self._minute = QTimer(self)  # the waiting times go on while somebody looks at them
        self._minute.setInterval(_MINUTE)
        self._minute.timeout.connect(self._show_times)

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if delta.catalogue_changed:
            self.refresh()
        if delta.whole:
            self.pane.dress()
            self.detail.dress()
        if delta.whole or delta.instances or delta.removed_instances:
            self._show_rows()

    def shown(self) -> None:
        self._minute.start()

    def hidden(self) -> None:
        self._minute.stop()

    def find_in_page(self) -> None:
        self.pane.find_in_page()

    def refresh(self) -> None:
        if not is_online(self.shell.fleet):
            return
        self.detail.forget()
        self.shell.bridge.ask(self, lambda r: r.catalogue(), self._heard)
        self._show_detail()

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)
        if row:
            self.pane.select([row])

    def _heard(self, catalogue: Catalogue) -> None:
        self._needs = needs_in(catalogue)
        self._show_rows()

    def _show_rows(self) -> None:
        made = waiting_rows(self.shell.fleet.instances.values(), self._needs)
        # The same object for what stayed the same: the table has no work with it.
        rows = [known if (known := self._known.get(w.instance.id)) == w else w for w in made]
        self._known = {w.instance.id: w for w in rows}
        self.pane.show_rows(rows)
        self._show_times(again=False)
        self._show_detail()

    def _show_times(self, *, again: bool = True) -> None:
        if again:
            self.pane.dress()
        rows = self._known.values()
        set_text(self._summary, summary(rows, self._speech()) if rows else "")

    def _show_detail(self) -> None:
        self.detail.show_waiting(self.pane.selected_rows(), self.stopper.asked)

    def _speech(self) -> Speech:
        return Speech(self.shell.language, self.shell.now(), self.shell.zone)

    def _ask_stop(self, instances: list[Instance]) -> None:
        self.stopper.ask(instances, waiting=True)


class _Detail(QWidget):
    """Signals:
    stop_asked(list): take these instances out of the queue.
    owner_asked(str), story_asked(str), machine_asked(str): go there; the id.
    """

    stop_asked = Signal(list)
    machine_asked = Signal(str)
    owner_asked = Signal(str)
    story_asked = Signal(str)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._rows: list[Waiting] = []
        self._asked: frozenset[str] = frozenset()
        self._title = ElidedLabel("title")
        self._why = label()
        self._why.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._facts = Facts()
        self._remove = button("danger")
        self._remove.setObjectName("remove")
        self._remove.clicked.connect(lambda: self.stop_asked.emit(self._able()))
        self._owner = button("link")
        self._owner.clicked.connect(lambda: self.owner_asked.emit(self._rows[0].instance.owner_id))
        self._story = button("link")
        self._story.clicked.connect(lambda: self.story_asked.emit(self._rows[0].instance.id))
        self._explained: tuple[str, str] | None = None
        self._machines_title = label("section")
        self.machines: TablePane[RemovedMachine] = TablePane(
            "queue-machines", REMOVED, lambda r: r.node_id, shell,
            sort="why", empty="queue.machines.none",
        )  # fmt: skip
        self.machines.setMinimumHeight(_MACHINES_HEIGHT)
        self.machines.activated.connect(self.machine_asked)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._remove)
        row.addStretch(1)
        row.addWidget(self._owner)
        row.addWidget(self._story)
        body = QVBoxLayout(self)
        pad(body, around=GRID, between=GRID + 4)
        body.addWidget(self._title)
        body.addWidget(self._why)
        body.addLayout(row)
        body.addWidget(self._facts)
        body.addWidget(self._machines_title)
        body.addWidget(self.machines, 1)
        self._room = QWidget()  # below the names of several
        body.addWidget(self._room, 1)

    def show_waiting(self, rows: Sequence[Waiting], asked: frozenset[str]) -> None:
        """The chosen ones; ``asked``: those that are being taken out."""
        self._rows, self._asked = list(rows), asked
        if not rows:
            return
        language = self._shell.language
        one = rows[0] if len(rows) == 1 else None
        for widget in (
            self._owner, self._story, self._facts, self._machines_title, self.machines,
        ):  # fmt: skip
            widget.setVisible(one is not None)
        self._room.setVisible(one is None)
        self._owner.setText(say("instances.to_owner", language))
        self._story.setText(say("instances.tab.story", language))
        count = len(self._able())
        many = say("queue.remove.many", language, count=count)
        self._remove.setText(many if count > 1 else say("queue.remove", language))
        why = why_not(self._shell.fleet, language)
        allow(self._remove, why or ("" if count else say("instances.stop.nothing", language)))
        if one is None:
            self._title.show_text(say("instances.several", language, count=len(rows)))
            set_text(self._why, "\n".join(w.instance.name for w in rows))
            return
        self._title.show_text(one.instance.name)
        set_text(self._why, one.instance.line.spoken(language))
        self._facts.show_facts(self._told(one, language))
        self._machines_title.setText(say("queue.machines", language))
        self._ask_why(one.instance)

    def dress(self) -> None:
        self.machines.dress()

    def forget(self) -> None:
        """Ask again why."""
        self._explained = None

    def _ask_why(self, waiting: Instance) -> None:
        """Asked again when its line says something else, not with each reading."""
        about = (waiting.id, waiting.line.en)
        if about == self._explained:
            return
        if self._explained is None or self._explained[0] != waiting.id:
            self.machines.show_rows(())
        self._explained = about
        self._shell.bridge.ask(
            self,
            lambda r: r.explain_waiting(waiting.id),
            lambda found: self._heard(waiting.id, found),
        )

    def _heard(self, instance_id: str, machines: tuple[RemovedMachine, ...]) -> None:
        if self._explained is not None and self._explained[0] == instance_id:
            self.machines.show_rows(machines)

    def _told(self, one: Waiting, language: str) -> tuple[tuple[str, str], ...]:
        speech = Speech(language, self._shell.now(), self._shell.zone)
        waiting = one.instance
        position = waiting.queue_position
        engine = waiting.engine_name.spoken(language) or waiting.engine_id
        return (
            (say("queue.position", language), cells.DASH if position is None else str(position)),
            (say("instances.owner", language), waiting.owner_name or waiting.owner_id),
            (say("instances.engine", language), f"{engine} {waiting.version}".strip()),
            (say("queue.need", language), need_words(one.need, language)),
            (say("instances.since", language), cells.both(waiting.since, speech)),
            (say("instances.id", language), waiting.id),
        )

    def _able(self) -> list[Instance]:
        return [w.instance for w in self._rows if w.instance.id not in self._asked]
