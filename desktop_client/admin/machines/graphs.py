"""The graphs of one machine's cards: an hour as it happens, a day or a week as it was."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_client.admin.charts.chart import Legend, RangeSwitch, TimeChart
from desktop_client.admin.machines.readings import (
    LIVE_EVERY,
    POINTS,
    Live,
    Past,
    Quantity,
    fetch_every,
    graphs,
    heard,
    past_of,
    tells,
)
from desktop_client.admin.model import Node
from desktop_client.admin.page import Shell
from desktop_client.admin.records import Series
from desktop_client.i18n import say
from desktop_client.model import Link, Problem
from desktop_client.theme import GRID
from desktop_client.windows.parts import label, set_text
from desktop_client.wording import problem_text

_CHART_HEIGHT = 196


class MachineGraphs(QWidget):
    """Utilisation, memory, temperature and power of all cards of a machine, on shared scales.

    While it is visible it looks at the stream every few seconds and asks for the past now and
    then; hidden, it does nothing.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self._node_id = ""
        self._past, self._live = Past(), Live()
        self._fetching: Future[None] | None = None
        self._waiting = False
        self._shown: object = None
        self._fetched_at: datetime | None = None
        self.switch = RangeSwitch()
        self.legend = Legend(alone=True)  # a simulated card is named so
        self.charts: dict[Quantity, TimeChart] = {}  # made when they are first seen
        self._failed = label("problem")
        self._mute = label("caption")
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addWidget(self.switch)
        body.addWidget(self.legend)
        body.addWidget(self._failed)
        self._column = QVBoxLayout()
        self._column.setSpacing(GRID)
        body.addLayout(self._column)
        body.addWidget(self._mute)
        self._failed.hide()
        self._tick = QTimer(self)
        self._tick.setInterval(int(LIVE_EVERY.total_seconds() * 1000))
        self._tick.timeout.connect(self._look)
        self.switch.chosen.connect(lambda _: self.refresh())

    @property
    def live(self) -> Live:
        """What was heard since it is shown."""
        return self._live

    def show_node(self, node_id: str) -> None:
        """Show another machine's cards, or go on with this one's."""
        if node_id != self._node_id:
            self._node_id = node_id
            self._past, self._live = Past(), Live()
            self._shown = None
            self.refresh()
        node = self._node()
        cards = () if node is None else tuple(gpu.uuid for gpu in node.gpus)
        shown = (node_id, cards, self._shell.language, self._shell.colours)
        if shown != self._shown:  # what only moves on is drawn with the next tick
            self._shown = shown
            self._draw()

    def refresh(self) -> None:
        """Ask for the past anew."""
        if self._fetching is not None:
            self._fetching.cancel()
        self._waiting = False
        self._past, self._fetched_at = Past(), None
        set_text(self._failed, "")
        if self.isVisible():
            self._look()

    def _make_chart(self) -> None:
        """The next one; one at a time, because each takes a moment and the window must answer."""
        quantity = next((q for q in Quantity if q not in self.charts), None)
        if quantity is None:
            return
        chart = self.charts[quantity] = TimeChart(legend=False)
        chart.setFixedHeight(_CHART_HEIGHT)
        self._column.addWidget(chart)
        self.legend.hidden_changed.connect(chart.hide_lines)
        if len(self.charts) < len(Quantity):
            QTimer.singleShot(0, self, self._make_chart)
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self.charts:
            QTimer.singleShot(0, self, self._make_chart)
        self._tick.start()
        self._look()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._tick.stop()

    def _now(self) -> datetime:
        """The coordinator's clock, as readings are stamped by it."""
        fleet, now = self._shell.fleet, self._shell.now()
        if fleet.server_time is None or fleet.heard_at is None:
            return now
        return fleet.server_time + (now - fleet.heard_at)

    def _node(self) -> Node | None:
        return self._shell.fleet.nodes.get(self._node_id)

    def _look(self) -> None:
        """Take what the stream says now, and ask for the past when it is time."""
        node, now = self._node(), self._now()
        if node is None:
            return
        if self._shell.fleet.link is not Link.ONLINE:
            node = replace(node, online=False)  # nobody knows what its cards do now
        self._live = heard(self._live, node, now)
        due = self._fetched_at is None or now - self._fetched_at >= fetch_every(self.switch.span)
        if due and not self._waiting and self._shell.fleet.link is Link.ONLINE:
            self._fetch(now)
        self._draw()

    def _fetch(self, now: datetime) -> None:
        node_id, start = self._node_id, now - self.switch.span.length
        self._fetched_at, self._waiting = now, True
        self._fetching = self._shell.bridge.ask(
            self,
            lambda r: r.node_readings(node_id, start, None, POINTS),
            self._take,
            self._refused,
        )

    def _take(self, series: tuple[Series, ...]) -> None:
        self._waiting = False
        self._past = past_of(series)
        set_text(self._failed, "")
        self._draw()

    def _refused(self, problem: Problem) -> None:
        self._waiting = False
        language = self._shell.language
        why = problem_text(problem, language)
        set_text(self._failed, say("machines.graph.failed", language, why=why))

    def _draw(self) -> None:
        node, language, colours = self._node(), self._shell.language, self._shell.colours
        if node is None:
            return
        self.switch.speak(language)
        made = graphs(node, self._past, self._live, self.switch.span, self._now(), language)
        if made:
            lines = made[0][1].lines
            self.legend.show_lines([(line.key, line.name) for line in lines], colours)
        mute = []
        for quantity, graph in made:
            told = tells(graph)
            if not told:
                mute.append(graph.title)
            chart = self.charts.get(quantity)
            if chart is not None:
                chart.setVisible(told)
                chart.show_graph(graph, colours, language, self._shell.zone)
        listed = say("machines.comma", language).join(mute)
        set_text(self._mute, say("machines.graph.mute", language, what=listed) if mute else "")
