"""A chart over time: title, legend, plot, and the same readings as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.charts.description import describe
from desktop_client.admin.charts.lines import Graph
from desktop_client.admin.charts.plot import Plot
from desktop_client.admin.charts.readings_table import ReadingsModel
from desktop_client.admin.charts.scales import Span
from desktop_client.admin.charts.strokes import LegendEntry
from desktop_client.admin.charts.wrapping import WrappingRow
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import button, label


class TimeChart(QFrame):
    """Shows a :class:`Graph` and takes new ones at any rate.

    It draws only while it is visible; what came meanwhile is drawn when it is shown. The scale is
    of all lines, also of those that a person hid in the legend.

    Args:
        legend: False where several charts share one (:class:`Legend`) that their page shows.
    """

    def __init__(self, *, legend: bool = True) -> None:
        super().__init__()
        self.setObjectName("card")
        self._given: tuple[Graph, Colours, str, tzinfo | None] | None = None
        self._fresh = False
        self._described: object = None
        self._hidden: frozenset[str] = frozenset()
        self._title = label("title", wrap=False)
        self._as_table = button("link")
        self._copy = button("link")
        self.plot = Plot()
        self._model = ReadingsModel()
        self._table = _table(self._model)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.plot)
        self._pages.addWidget(self._table)
        self._legend = Legend() if legend else None
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._copy)
        head.addWidget(self._as_table)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID, GRID, GRID)
        column.setSpacing(GRID // 2)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        if self._legend is not None:
            column.addWidget(self._legend)
            self._legend.hidden_changed.connect(self.hide_lines)
        self._as_table.clicked.connect(lambda: self.show_as_table(not self.is_table()))
        self._copy.clicked.connect(self._copy_table)
        self._copy.hide()

    def show_graph(
        self, graph: Graph, colours: Colours, language: str, zone: tzinfo | None = None
    ) -> None:
        """Show a graph; clock times are of ``zone`` (None: this computer's)."""
        given = (graph, colours, language, zone)
        if given == self._given:
            return
        self._given, self._fresh = given, False
        if self.isVisible():
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self._fresh:
            self._draw()

    def is_table(self) -> bool:
        return self._pages.currentWidget() is self._table

    def show_as_table(self, on: bool) -> None:
        """Turn to the table, or back to the graph."""
        self._copy.setVisible(on)
        self._pages.setCurrentWidget(self._table if on else self.plot)
        self._draw()

    def table_text(self) -> str:
        """What the copy button copies: tab-separated, plain figures."""
        self._fill_table()
        return self._model.text()

    def _draw(self) -> None:
        if self._given is None:
            return
        self._fresh = True
        graph, colours, language, zone = self._given
        if self._title.text() != graph.title:
            self._title.setText(graph.title)
        turn = "charts.as_graph" if self.is_table() else "charts.as_table"
        self._as_table.setText(say(turn, language))
        self._as_table.setAccessibleName(say(f"{turn}.of", language, title=graph.title))
        self._copy.setText(say("charts.copy", language))
        if self._legend is not None:
            self._legend.show_lines([(line.key, line.name) for line in graph.lines], colours)
        if self.is_table():
            self._fill_table()
        else:
            self.plot.show_graph(graph, self._hidden, colours, language, zone)
        self._describe(graph, language, zone)

    def description(self) -> str:
        """What is shown, in words, as of now."""
        if self._given is None:
            return ""
        graph, _, language, zone = self._given
        return describe(graph, zone, language)

    def _describe(self, graph: Graph, language: str, zone: tzinfo | None) -> None:
        """For screen readers; once a pixel or so, not with each reading."""
        span = graph.end - graph.start
        minute = int(graph.end.timestamp() / max(span.total_seconds() / 60, 1))
        about = (graph.title, minute, span, language, tuple(line.key for line in graph.lines))
        if about == self._described:
            return
        self._described = about
        said = describe(graph, zone, language)
        for widget in (self, self.plot, self._table):
            widget.setAccessibleName(graph.title)
            widget.setAccessibleDescription(said)

    def hide_lines(self, keys: frozenset[str]) -> None:
        """Leave out these lines, in the plot and in the table."""
        if keys != self._hidden:
            self._hidden = keys
            self._draw()

    def _fill_table(self) -> None:
        if self._given is None:
            return
        graph, _, language, zone = self._given
        shown = tuple(line for line in graph.lines if line.key not in self._hidden)
        self._model.show_graph(replace(graph, lines=shown), language, zone)

    def _copy_table(self) -> None:
        QGuiApplication.clipboard().setText(self.table_text())
        if self._given is not None:
            self._copy.setText(say("charts.copied", self._given[2]))


class Legend(WrappingRow):
    """The lines of one or more charts by name; a click hides a line.

    Signals:
        hidden_changed(frozenset): keys of the lines that are hidden now.

    Args:
        alone: whether to name a line that is the only one.
    """

    hidden_changed = Signal(object)

    def __init__(self, *, alone: bool = False) -> None:
        super().__init__()
        self._fewest = 1 if alone else 2
        self._keys: list[str] = []
        self.entries: list[LegendEntry] = []

    def show_lines(self, lines: Sequence[tuple[str, str]], colours: Colours) -> None:
        """(key, name) of each line, in the order of the graph."""
        keys = [key for key, _ in lines]
        while len(self.entries) < len(lines):
            entry = LegendEntry(len(self.entries))
            entry.toggled.connect(self._choose)
            self.entries.append(entry)
            self.add(entry)
        if keys != self._keys:
            self._keys = keys
            for entry in self.entries:
                entry.setChecked(True)
        for index, entry in enumerate(self.entries):
            if index < len(lines):
                entry.show_name(lines[index][1], colours)
            entry.setVisible(index < len(lines))
        self.setVisible(len(lines) >= self._fewest)

    def _choose(self) -> None:
        pairs = zip(self._keys, self.entries, strict=False)
        self.hidden_changed.emit(frozenset(k for k, entry in pairs if not entry.isChecked()))


class RangeSwitch(QWidget):
    """Hour, day or week.

    Signals:
        chosen(Span): a person chose another.
    """

    chosen = Signal(object)

    def __init__(self, span: Span = Span.HOUR) -> None:
        super().__init__()
        self._buttons: dict[Span, QPushButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID // 2)
        for each in Span:
            made = button("choice")
            made.setCheckable(True)
            made.setChecked(each is span)
            made.clicked.connect(lambda _=False, chosen=each: self.chosen.emit(chosen))
            self._group.addButton(made)
            self._buttons[each] = made
            row.addWidget(made)
        row.addStretch(1)

    @property
    def span(self) -> Span:
        return next(span for span, made in self._buttons.items() if made.isChecked())

    def choose(self, span: Span) -> None:
        """As a click on it."""
        self._buttons[span].click()

    def speak(self, language: str) -> None:
        """Take a language."""
        self.setAccessibleName(say("charts.range", language))
        for span, made in self._buttons.items():
            made.setText(say(f"charts.range.{span}", language))


def _table(model: ReadingsModel) -> QTableView:
    made = QTableView()
    made.setModel(model)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setShowGrid(False)
    made.setAlternatingRowColors(True)
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(24)
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    made.horizontalHeader().setResizeContentsPrecision(32)  # rows; all are about as wide
    made.horizontalHeader().setStretchLastSection(True)
    made.horizontalHeader().setHighlightSections(False)
    made.setTabKeyNavigation(False)
    made.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
    return made
