"""The pane at the right: one machine in full, or what can be done to several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.machines.actions import Act, Offer, offers
from desktop_client.admin.machines.card_row import CardRow, MarkLabel
from desktop_client.admin.machines.detail_view import (
    Fact,
    HeldView,
    MachineView,
    UnclaimedView,
    machine_view,
)
from desktop_client.admin.machines.graphs import MachineGraphs
from desktop_client.admin.model import Node
from desktop_client.admin.page import Shell
from desktop_client.admin.pages.parts import Facts
from desktop_client.admin.tables.column import Speech
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import button, label, set_text

Part = TypeVar("Part", bound=QWidget)


class Stock(QVBoxLayout):
    """Widgets of one kind, as many as are needed now; those that are not stay for later."""

    def __init__(self) -> None:
        super().__init__()
        self.setSpacing(GRID)
        self._made: list[QWidget] = []

    def take(self, count: int, make: Callable[[], Part]) -> list[Part]:
        """The first ``count``, shown."""
        while len(self._made) < count:
            made = make()
            self._made.append(made)
            self.addWidget(made)
        for place, widget in enumerate(self._made):
            widget.setVisible(place < count)
        return cast("list[Part]", self._made[:count])


class MachineDetail(QWidget):
    """Signals:
    acted(Act, tuple): a button; the machines that it is about.
    instance_asked(str), instances_asked(str): to the instances: one, or those of a machine by name.
    keep_asked(str, str), stop_asked(str, str): machine and unclaimed container.
    """

    acted = Signal(object, object)
    instance_asked = Signal(str)
    instances_asked = Signal(str)
    keep_asked = Signal(str, str)
    stop_asked = Signal(str, str)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._nodes: tuple[Node, ...] = ()
        self._view: MachineView | None = None
        self._mark, self._name = MarkLabel(18), label("page")
        self._badge, self._state = label("badge", wrap=False), label("quiet")
        self._asked = label("caption")
        self._action = button()
        self._more = QToolButton()
        self._more.setText("⋯")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._more)
        self._more.setMenu(self._menu)
        self._many = Stock()
        self._problems, self._unclaimed = Stock(), Stock()
        self._cards, self._instances = Stock(), Stock()
        self._facts = Facts()
        self._one = QWidget()
        self.graphs = MachineGraphs(shell)
        self._heads = {
            key: label("section") for key in ("unclaimed", "cards", "graphs", "instances", "facts")
        }
        self._none_here = label("quiet")
        self._all_instances = button("link")
        self._build()
        self._action.clicked.connect(self._act_first)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._all_instances.clicked.connect(self._ask_instances)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self._name, 1)
        head.addWidget(self._badge)
        actions = QHBoxLayout()
        actions.setSpacing(GRID)
        actions.addWidget(self._action)
        actions.addWidget(self._more)
        actions.addWidget(self._asked, 1)
        actions.addStretch(1)
        inside = QVBoxLayout(self._one)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GRID)
        inside.addLayout(self._problems)
        inside.addWidget(self._heads["unclaimed"])
        inside.addLayout(self._unclaimed)
        inside.addWidget(self._heads["cards"])
        inside.addLayout(self._cards)
        inside.addWidget(self._heads["graphs"])
        inside.addWidget(self.graphs)
        inside.addWidget(self._heads["instances"])
        inside.addWidget(self._none_here)
        inside.addLayout(self._instances)
        inside.addWidget(self._all_instances)
        inside.addWidget(_rule())
        inside.addWidget(self._heads["facts"])
        inside.addWidget(self._facts)
        body = QVBoxLayout(self)
        body.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID * 2)
        body.setSpacing(GRID)
        body.addLayout(head)
        body.addWidget(self._state)
        body.addLayout(actions)
        body.addLayout(self._many)
        body.addWidget(self._one)
        body.addStretch(1)

    # -- what is shown

    def show_nodes(self, nodes: Sequence[Node], asked: dict[str, Act]) -> None:
        """One machine in full, several by number. ``asked``: what is not answered yet."""
        self._nodes = tuple(nodes)
        self._one.setVisible(len(nodes) == 1)
        if len(nodes) == 1:
            self._show_one(nodes[0], asked.get(nodes[0].id))
        elif nodes:
            self._show_many(asked)

    def _show_one(self, node: Node, asked: Act | None) -> None:
        shell, language, colours = self._shell, self._shell.language, self._shell.colours
        speech = Speech(language, shell.now(), shell.zone)
        fleet = shell.fleet
        view = machine_view(node, fleet, speech, may_change=fleet.may_change, asked=asked)
        self._many.take(0, button)
        self.graphs.show_node(node.id)
        if view == self._view and self._name.text() == view.name:
            return
        self._view = view
        self._mark.show_mark(view.mark, colours)
        self._mark.show()
        set_text(self._name, view.name)
        set_text(self._badge, say("machines.simulated", language) if view.simulated else "")
        set_text(self._state, view.state)
        set_text(self._asked, view.asked)
        self._offer(view.action, bool(view.asked))
        self._more.setVisible(bool(view.more))
        self._more.setEnabled(not view.asked)
        self._more.setAccessibleName(say("machines.more", language))
        self._more.setToolTip(say("machines.more", language))
        for part, text in zip(
            self._problems.take(len(view.problems), lambda: _Problem()), view.problems, strict=True
        ):
            part.show_text(text)
        self._show_unclaimed(view.unclaimed, language)
        for row, card in zip(self._cards.take(len(view.cards), CardRow), view.cards, strict=True):
            row.show_card(card, colours, language)
        self._show_instances(view.instances, language, colours)
        self._facts.show_facts([_fact(fact) for fact in view.facts])
        for key, head in self._heads.items():
            head.setText(say(f"machines.section.{key}", language))
        self._heads["unclaimed"].setVisible(bool(view.unclaimed))
        self._heads["cards"].setVisible(bool(view.cards))
        self._heads["graphs"].setVisible(bool(view.cards))
        self.graphs.setVisible(bool(view.cards))

    def _show_unclaimed(self, found: Sequence[UnclaimedView], language: str) -> None:
        may = self._shell.fleet.may_change
        for row, view in zip(
            self._unclaimed.take(len(found), lambda: _Unclaimed(self)), found, strict=True
        ):
            row.show_unclaimed(view, language, may_change=may)

    def _show_instances(self, found: Sequence[HeldView], language: str, colours: Colours) -> None:
        for row, view in zip(
            self._instances.take(len(found), lambda: _Held(self)), found, strict=True
        ):
            row.show_held(view, colours)
        set_text(self._none_here, "" if found else say("machines.instances.none", language))
        self._all_instances.setText(say("machines.instances.all", language))
        self._all_instances.setVisible(bool(found))

    def _offer(self, offer: Offer | None, asked: bool) -> None:
        self._action.setVisible(offer is not None)
        if offer is not None:
            self._action.setText(offer.label)
            self._action.setEnabled(offer.enabled and not asked)
            self._action.setToolTip(offer.why_not)

    def _show_many(self, asked: dict[str, Act]) -> None:
        language = self._shell.language
        self._view = None
        self._mark.hide()
        set_text(self._badge, "")
        set_text(self._name, say("machines.count", language, count=len(self._nodes)))
        names = sorted(node.name for node in self._nodes)
        listed = say("machines.comma", language).join(names[:12])
        if len(names) > 12:
            listed = say("machines.and_more", language, listed=listed, count=len(names) - 12)
        set_text(self._state, listed)
        busy = any(node.id in asked for node in self._nodes)
        set_text(self._asked, say("machines.asked.many", language) if busy else "")
        self._action.hide()
        self._more.hide()
        found = offers(self._nodes, language) if self._shell.fleet.may_change else ()
        made = self._many.take(len(found), lambda: _ManyButton(self))
        for each, offer in zip(made, found, strict=True):
            each.show_offer(offer, busy=busy)

    # -- what is asked

    def _ask_instances(self) -> None:
        if self._view is not None:
            self.instances_asked.emit(self._view.name)

    def _act_first(self) -> None:
        if self._view is not None and self._view.action is not None:
            self.act(self._view.action.act)

    def act(self, act: Act) -> None:
        """As a click on its button."""
        self.acted.emit(act, self._nodes)

    def _fill_menu(self) -> None:
        self._menu.clear()
        if self._view is None:
            return
        for offer in self._view.more:
            if offer.act is Act.DECLARE_OFF:
                self._menu.addSeparator()
            entry = self._menu.addAction(offer.label)
            entry.setEnabled(offer.enabled)
            entry.setToolTip(offer.why_not)
            entry.triggered.connect(lambda _=False, act=offer.act: self.act(act))
        self._menu.setToolTipsVisible(True)

    def node_id(self) -> str:
        """Of the machine that is shown alone, or empty."""
        return self._nodes[0].id if len(self._nodes) == 1 else ""


def _fact(fact: Fact) -> tuple[str, str]:
    return fact.label, f"{fact.value}\n{fact.note}" if fact.note else fact.value


def _rule() -> QFrame:
    """A thin line between two parts."""
    made = QFrame()
    made.setFrameShape(QFrame.Shape.HLine)
    made.setObjectName("rule")
    return made


class _Problem(QFrame):
    """A sentence that wants to be seen, on the colour of attention."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._text = label()
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(GRID + 4, GRID, GRID + 4, GRID)
        inside.addWidget(self._text)

    def show_text(self, text: str) -> None:
        set_text(self._text, text)
        self.setAccessibleName(text)


class _Unclaimed(QFrame):
    """A container that the ledger does not know, and its two fates."""

    def __init__(self, detail: MachineDetail) -> None:
        super().__init__()
        self.setObjectName("card")
        self._container = ""
        self._title, self._line = label(), label("caption")
        self._keep, self._stop = button(), button()
        self._keep.clicked.connect(
            lambda: detail.keep_asked.emit(detail.node_id(), self._container)
        )
        self._stop.clicked.connect(
            lambda: detail.stop_asked.emit(detail.node_id(), self._container)
        )
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addStretch(1)
        row.addWidget(self._keep)
        row.addWidget(self._stop)
        body = QVBoxLayout(self)
        body.setContentsMargins(GRID + 4, GRID, GRID + 4, GRID)
        body.setSpacing(GRID // 2)
        body.addWidget(self._title)
        body.addWidget(self._line)
        body.addLayout(row)

    def show_unclaimed(self, view: UnclaimedView, language: str, *, may_change: bool) -> None:
        self._container = view.container_id
        set_text(self._title, view.title)
        set_text(self._line, view.line)
        self._keep.setText(say("machines.unclaimed.keep", language))
        self._keep.setAccessibleDescription(view.title)
        self._stop.setText(say("machines.unclaimed.stop", language))
        self._stop.setAccessibleDescription(view.title)
        self._keep.setVisible(may_change)
        self._stop.setVisible(may_change)


class _Held(QFrame):
    """An instance on the machine; its name leads to it."""

    def __init__(self, detail: MachineDetail) -> None:
        super().__init__()
        self._id = ""
        self._mark, self._title, self._line = MarkLabel(), button("link"), label("caption")
        self._title.clicked.connect(lambda: detail.instance_asked.emit(self._id))
        head = QHBoxLayout()
        head.setSpacing(GRID // 2)
        head.addWidget(self._mark)
        head.addWidget(self._title)
        head.addStretch(1)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(head)
        body.addWidget(self._line)
        self._line.setContentsMargins(GRID * 3, 0, 0, 0)

    def show_held(self, view: HeldView, colours: Colours) -> None:
        self._id = view.id
        self._mark.show_mark(view.mark, colours)
        if self._title.text() != view.title:
            self._title.setText(view.title)
        set_text(self._line, view.line)


class _ManyButton(QWidget):
    """An action on all the chosen machines, with why not where it cannot be."""

    def __init__(self, detail: MachineDetail) -> None:
        super().__init__()
        self._act: Act | None = None
        self._button: QPushButton = button()
        self._why: QLabel = label("caption")
        self._button.clicked.connect(lambda: self._act is not None and detail.act(self._act))
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(2)
        body.addWidget(self._button)
        body.addWidget(self._why)

    def show_offer(self, offer: Offer, *, busy: bool) -> None:
        self._act = offer.act
        self._button.setText(offer.label)
        self._button.setEnabled(offer.enabled and not busy)
        set_text(self._why, offer.why_not)
