"""All machines and their graphics cards: how they stand, one in full, and what IT does to them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from desktop_client.admin.machines.actions import Act, offers
from desktop_client.admin.machines.add_machine import AddMachine
from desktop_client.admin.machines.columns import GPUS, MACHINES
from desktop_client.admin.machines.deeds import Deeds
from desktop_client.admin.machines.detail import MachineDetail
from desktop_client.admin.machines.rows import (
    GpuRow,
    MachineRow,
    gpu_rows,
    machine_row,
    touched_nodes,
)
from desktop_client.admin.model import Delta, Fleet, Node
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages.parts import Choice, allow, why_not
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import button

_DETAIL = 468  # room for graphs, in pixels
MACHINES_VIEW, GPUS_VIEW = "machines", "gpus"


class MachinesPage(Page):
    """See the module. The table of cards is filled when it is first looked at."""

    key = "machines"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._homes: dict[str, str] = {}  # instance -> the machine that its row was counted on
        self._cards: dict[str, tuple[str, ...]] = {}  # machine -> ids of its cards' rows
        self.deeds = Deeds(shell, self)
        self.views = Choice((MACHINES_VIEW, GPUS_VIEW))
        self.detail, self._gpu_detail = MachineDetail(shell), MachineDetail(shell)
        self.machines: TablePane[MachineRow] = TablePane(
            "machines", MACHINES, lambda r: r.id, shell, self.detail,
            sort="name", empty="machines.empty", detail_width=_DETAIL,
        )  # fmt: skip
        self.gpus: TablePane[GpuRow] = TablePane(
            "gpus", GPUS, lambda r: r.id, shell, self._gpu_detail,
            sort="machine", empty="machines.gpus.empty", detail_width=_DETAIL,
        )  # fmt: skip
        self._adding: AddMachine | None = None
        self._add = button("primary")
        self._add.setObjectName("add-machine")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.machines)
        self._stack.addWidget(self.gpus)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.views, 1)
        head.addWidget(self._add)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addLayout(head)
        body.addWidget(self._stack, 1)
        self._actions = {act: self._action(act) for act in Act}
        self._connect()

    def _action(self, act: Act) -> QAction:
        made = QAction(self)
        made.triggered.connect(lambda: self.deeds.do(act, self._chosen()))
        self.machines.add_action(made)
        return made

    def _connect(self) -> None:
        self.views.chosen.connect(self._turn)
        self._add.clicked.connect(self.add_machine)
        self.machines.selected.connect(lambda _: self._show_detail())
        self.gpus.selected.connect(lambda _: self._show_detail())
        self.gpus.activated.connect(self._open_machine)
        self.deeds.changed.connect(self._show_detail)
        for detail in (self.detail, self._gpu_detail):
            detail.acted.connect(self.deeds.do)
            detail.instance_asked.connect(lambda key: self.shell.go_to("instances", "", key))
            detail.instances_asked.connect(
                lambda name: self.shell.go_to("instances", f"machine={name}")
            )
            detail.keep_asked.connect(self._keep_unclaimed)
            detail.stop_asked.connect(self._stop_unclaimed)

    # -- what the fleet says

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if delta.whole:
            self._dress(fleet, language)
            self._fill(fleet)
        else:
            self._update(fleet, delta)

    def _dress(self, fleet: Fleet, language: str) -> None:
        self.machines.dress()
        self.gpus.dress()
        self.views.speak(lambda key: say(f"machines.view.{key}", language))
        self._add.setText(say("machines.add", language))
        allow(self._add, why_not(fleet, language))
        if self._adding is not None:
            self._adding.speak()

    def _fill(self, fleet: Fleet) -> None:
        known = {row.id: row for row in self.machines.model.shown_rows()}
        rows = [machine_row(node, fleet.instances) for node in fleet.nodes.values()]
        # Rows that say the same stay the same objects, which costs the table nothing.
        self.machines.show_rows([known[r.id] if known.get(r.id) == r else r for r in rows])
        self._homes = {i.id: i.node_id for i in fleet.instances.values() if i.node_id}
        if self.views.key == GPUS_VIEW:
            self._fill_cards(fleet)
        self._show_detail()

    def _fill_cards(self, fleet: Fleet) -> None:
        made = {node.id: gpu_rows(node, fleet.instances) for node in fleet.nodes.values()}
        self._cards = {key: tuple(row.id for row in rows) for key, rows in made.items()}
        self.gpus.show_rows([row for rows in made.values() for row in rows])

    def _update(self, fleet: Fleet, delta: Delta) -> None:
        touched = touched_nodes(fleet, delta, self._homes)
        for instance in delta.instances:
            self._homes[instance.id] = instance.node_id
        for key in delta.removed_instances:
            self._homes.pop(key, None)
        nodes = [fleet.nodes[key] for key in touched]
        self.machines.apply([machine_row(n, fleet.instances) for n in nodes], delta.removed_nodes)
        if self.views.key == GPUS_VIEW:
            self._update_cards(fleet, nodes, delta.removed_nodes)
        ids = {node.id for node in self._chosen()}
        if ids & touched or ids & set(delta.removed_nodes):
            self._show_detail()

    def _update_cards(self, fleet: Fleet, nodes: Sequence[Node], removed: Sequence[str]) -> None:
        changed, gone = list[GpuRow](), list[str]()
        for key in removed:
            gone += self._cards.pop(key, ())
        for node in nodes:
            rows = gpu_rows(node, fleet.instances)
            ids = tuple(row.id for row in rows)
            gone += [key for key in self._cards.get(node.id, ()) if key not in ids]
            self._cards[node.id] = ids
            changed += rows
        self.gpus.apply(changed, gone)

    def _turn(self, key: str) -> None:
        if key == GPUS_VIEW:
            self._fill_cards(self.shell.fleet)
        self._stack.setCurrentWidget(self.gpus if key == GPUS_VIEW else self.machines)
        self._show_detail()

    # -- what is chosen

    def _pane(self) -> TablePane[MachineRow] | TablePane[GpuRow]:
        return self.gpus if self.views.key == GPUS_VIEW else self.machines

    def _chosen(self) -> list[Node]:
        """The machines of the selected rows, each once, as they are now."""
        ids = dict.fromkeys(row.node.id for row in self._pane().selected_rows())
        nodes = self.shell.fleet.nodes
        return [nodes[key] for key in ids if key in nodes]

    def _show_detail(self) -> None:
        chosen, language = self._chosen(), self.shell.language
        detail = self._gpu_detail if self.views.key == GPUS_VIEW else self.detail
        detail.show_nodes(chosen, self.deeds.asked)
        may = self.shell.fleet.may_change
        found = {offer.act: offer for offer in offers(chosen, language)} if may else {}
        for act, action in self._actions.items():
            offer = found.get(act)
            action.setVisible(offer is not None)
            if offer is not None:
                action.setText(offer.label)
                action.setEnabled(offer.enabled)
                action.setToolTip(offer.why_not)

    def _open_machine(self, row: str) -> None:
        self.open_at("", row.partition("/")[0])

    # -- what is asked

    def add_machine(self) -> AddMachine:
        """The dialog, again if it is open."""
        if self._adding is None:
            self._adding = AddMachine(self.shell, self.window())
            self._adding.destroyed.connect(self._added)
        self._adding.show()
        self._adding.raise_()
        self._adding.activateWindow()
        return self._adding

    def _added(self) -> None:
        self._adding = None

    def _keep_unclaimed(self, node_id: str, container_id: str) -> None:
        node = self.shell.fleet.nodes.get(node_id)
        if node is not None:
            self.deeds.keep_unclaimed(node, container_id)

    def _stop_unclaimed(self, node_id: str, container_id: str) -> None:
        node = self.shell.fleet.nodes.get(node_id)
        if node is not None:
            self.deeds.stop_unclaimed(node, container_id)

    # -- the window's own wishes

    def find_in_page(self) -> None:
        self._pane().find_in_page()

    def refresh(self) -> None:
        self.detail.graphs.refresh()
        self._gpu_detail.graphs.refresh()

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.views.choose(MACHINES_VIEW)
        self.machines.set_filter(filter)
        if row:
            self.machines.select([row])
