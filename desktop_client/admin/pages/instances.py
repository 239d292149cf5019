"""All instances of everybody: state and reason, story, log, stop."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout

from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages.instance_detail import InstanceDetail
from desktop_client.admin.pages.instance_facts import stoppable
from desktop_client.admin.pages.instances_columns import INSTANCES
from desktop_client.admin.pages.parts import why_not
from desktop_client.admin.pages.stopping import Stopper
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.model import Instance
from desktop_client.theme import Colours


class InstancesPage(Page):
    """See the module."""

    key = "instances"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.detail = InstanceDetail(shell)
        self.pane: TablePane[Instance] = TablePane(
            "instances", INSTANCES, lambda i: i.id, shell, self.detail,
            sort="state", empty="instances.empty",
        )  # fmt: skip
        self.stopper = Stopper(shell, self)
        self._stop = QAction(self)
        self._stop.triggered.connect(lambda: self._ask_stop(self.pane.selected_ids()))
        self.pane.add_action(self._stop)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.pane)
        self.pane.selected.connect(lambda _: self._show_detail())
        self.pane.activated.connect(lambda _: self.detail.tabs.choose("story"))
        self.stopper.changed.connect(self._show_detail)
        self.detail.stop_asked.connect(self._ask_stop)
        self.detail.owner_asked.connect(lambda key: shell.go_to("people", "", key))
        self.detail.machine_asked.connect(lambda key: shell.go_to("machines", "", key))

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if delta.whole:
            self.pane.dress()
            self.pane.show_rows(fleet.instances.values())
            self._show_detail()
            return
        self.pane.apply(delta.instances, delta.removed_instances)
        chosen = set(self.pane.selected_ids())
        if chosen.intersection(i.id for i in delta.instances):
            self._show_detail()

    def hidden(self) -> None:
        self.detail.logs.leave()

    def find_in_page(self) -> None:
        self.pane.find_in_page()

    def refresh(self) -> None:
        self.detail.story.refresh()

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)
        if row:
            self.pane.select([row])

    def _show_detail(self) -> None:
        rows = self.pane.selected_rows()
        self.detail.show_instances(rows, self.stopper.asked)
        language = self.shell.language
        able = [i for i in rows if stoppable(i)]
        many = say("instances.stop.many", language, count=len(able))
        self._stop.setText(many if len(able) > 1 else say("instances.stop", language))
        self._stop.setEnabled(bool(able) and not why_not(self.shell.fleet, language))

    def _ask_stop(self, ids: Sequence[str]) -> None:
        found = [self.pane.model.find(key) for key in ids]
        self.stopper.ask([i for i in found if i is not None and stoppable(i)])
