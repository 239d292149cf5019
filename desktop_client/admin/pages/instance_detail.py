"""What is known of the chosen instance: facts, story, log, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_client.admin.page import Shell
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.instance_facts import facts, stoppable, victims
from desktop_client.admin.pages.log_view import LogView
from desktop_client.admin.pages.parts import Choice, Facts, allow, why_not
from desktop_client.admin.pages.story_view import StoryView
from desktop_client.admin.tables.column import Speech
from desktop_client.i18n import say
from desktop_client.model import Instance
from desktop_client.picture import Picture
from desktop_client.shapes import mark
from desktop_client.theme import BODY, GRID
from desktop_client.windows.parts import ElidedLabel, button, label, pad, set_text

_TABS = ("facts", "story", "logs")
_NAMED = 20  # of several chosen instances


class InstanceDetail(QWidget):
    """Signals:
    stop_asked(list): ids of the instances that are to be stopped.
    owner_asked(str), machine_asked(str): go there; the id.
    """

    stop_asked = Signal(list)
    owner_asked = Signal(str)
    machine_asked = Signal(str)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._instances: list[Instance] = []
        self._title = ElidedLabel("title")
        self._mark = Picture()
        self._mark.setFixedSize(BODY, BODY + GRID)
        self._line = label()
        self._stop = button("danger")
        self._stop.setObjectName("stop")
        self._stop.clicked.connect(self._ask_stop)
        self._owner = button("link")
        self._owner.clicked.connect(lambda: self.owner_asked.emit(self._instances[0].owner_id))
        self._machine = button("link")
        self._machine.clicked.connect(lambda: self.machine_asked.emit(self._instances[0].node_id))
        self.tabs = Choice(_TABS)
        self.tabs.chosen.connect(lambda _: self._show_tab())
        self._facts = Facts()
        self.story = StoryView(shell)
        self.logs = LogView(shell)
        self._views: dict[str, QWidget] = dict(
            zip(_TABS, (self._facts, self.story, self.logs), strict=True)
        )
        self._lay_out()

    def _lay_out(self) -> None:
        state = QHBoxLayout()
        state.setSpacing(GRID - 2)
        state.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._line, 1)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._stop)
        row.addStretch(1)
        row.addWidget(self._owner)
        row.addWidget(self._machine)
        body = QVBoxLayout(self)
        pad(body, around=GRID, between=GRID + 4)
        body.addWidget(self._title)
        body.addLayout(state)
        body.addLayout(row)
        body.addWidget(self.tabs)
        body.addWidget(self._facts, 1, Qt.AlignmentFlag.AlignTop)
        body.addWidget(self.story, 1)
        body.addWidget(self.logs, 1)
        self._room = QWidget()  # below the names of several
        body.addWidget(self._room, 1)

    def show_instances(self, instances: Sequence[Instance], asked: frozenset[str]) -> None:
        """The chosen ones; ``asked``: those whose stop is on its way."""
        self._instances = list(instances)
        if not self._instances:
            return
        language = self._shell.language
        one = self._instances[0] if len(self._instances) == 1 else None
        self.tabs.setVisible(one is not None)
        self._mark.setVisible(one is not None)
        self._owner.setVisible(one is not None)
        self._machine.setVisible(one is not None and bool(one.node_id))
        self._owner.setText(say("instances.to_owner", language))
        name = one.node_name or one.node_id if one is not None else ""
        self._machine.setText(say("overview.show_one", language, name=name))
        self.tabs.speak(lambda key: say(f"instances.tab.{key}", language))
        if one is not None:
            self._show_one(one, language)
        else:
            self._show_several(language)
        self._show_stop(asked, language)
        self._show_tab()

    def _show_one(self, one: Instance, language: str) -> None:
        speech = Speech(language, self._shell.now(), self._shell.zone)
        self._title.show_text(one.name)
        shape = cells.shape_of(one.state)
        struck = cells.mark_of(one).struck
        colours = self._shell.colours
        self._mark.paint(lambda ratio: mark(shape, struck, colours, BODY, ratio))
        set_text(self._line, one.line.spoken(language) or cells.state_word(one.state, language))
        self._facts.show_facts(facts(one, speech))

    def _show_several(self, language: str) -> None:
        self._title.show_text(say("instances.several", language, count=len(self._instances)))
        names = victims(self._instances[:_NAMED], language)
        more = "\n…" if len(self._instances) > _NAMED else ""
        set_text(self._line, "\n".join(names) + more)

    def _show_stop(self, asked: frozenset[str], language: str) -> None:
        able = self._able(asked)
        count = len(able)
        many = say("instances.stop.many", language, count=count)
        self._stop.setText(many if count > 1 else say("instances.stop", language))
        why = why_not(self._shell.fleet, language)
        allow(self._stop, why or ("" if count else say("instances.stop.nothing", language)))
        self._stop.setAccessibleName(f"{self._stop.text()}: {self._title.toolTip()}")
        self._asked = asked

    def _able(self, asked: frozenset[str]) -> list[Instance]:
        return [i for i in self._instances if stoppable(i) and i.id not in asked]

    def _ask_stop(self) -> None:
        self.stop_asked.emit([i.id for i in self._able(self._asked)])

    def _show_tab(self) -> None:
        one = self._instances[0] if len(self._instances) == 1 else None
        for key, view in self._views.items():
            view.setVisible(one is not None and key == self.tabs.key)
        self._room.setVisible(one is None)
        if one is None:
            return
        if self.tabs.key == "story":
            self.story.show_instance(one)
        elif self.tabs.key == "logs":
            self.logs.show_instance(one)
