"""The overview: what needs me, how full we are, who is on what, today beside the usual day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.charts.chart import TimeChart
from desktop_client.admin.charts.lines import Graph, Line, Unit
from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages.background import Background
from desktop_client.admin.pages.concerns import Item
from desktop_client.admin.pages.fullness_view import FullnessView
from desktop_client.admin.pages.instances_columns import WORKING
from desktop_client.admin.pages.overview_view import BACK, STEP, OverviewView, overview
from desktop_client.admin.pages.parts import is_online
from desktop_client.admin.records import Catalogue, OccupancyPoint, StudioSettings
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.model import Instance
from desktop_client.picture import Picture
from desktop_client.shapes import mark
from desktop_client.theme import BODY, GRID, Colours
from desktop_client.view_model import Shape
from desktop_client.windows.parts import button, label, set_text

_TABLE_HEIGHT = 300
_CHART_HEIGHT = 260
_DAY = timedelta(days=1)
_FIRST = 4  # items that are shown at once


class OverviewPage(Page):
    """See the module. What it shows is computed beside the GUI thread: a studio may be large."""

    key = "overview"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._catalogue: Catalogue | None = None
        self._settings: StudioSettings | None = None
        self._occupancy: tuple[OccupancyPoint, ...] = ()
        self._background = Background(shell, self, self._prepare, self._show)
        self._badge = ""
        self.view: OverviewView | None = None
        self._needs = label("section")
        self._calm = label("quiet")
        self.items = _Items()
        self.items.followed.connect(lambda item: shell.go_to(item.page, item.filter, item.row))
        self._full_title = label("section")
        self._full = FullnessView()
        self._working_title = label("section")
        self.working: TablePane[Instance] = TablePane(
            "overview-working", WORKING, lambda i: i.id, shell,
            sort="owner", empty="overview.working.none",
        )  # fmt: skip
        self.working.setFixedHeight(_TABLE_HEIGHT)
        self.working.activated.connect(lambda key: shell.go_to("instances", "", key))
        self._day_title = label("section")
        self._today = label()
        self.chart = TimeChart()
        self.chart.setFixedHeight(_CHART_HEIGHT)
        self._step = QTimer(self)  # the day's graph goes on while somebody looks at it
        self._step.setInterval(int(STEP.total_seconds() * 1000))
        self._step.timeout.connect(self.refresh)
        self._lay_out()

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, GRID, GRID * 2)
        column.setSpacing(GRID)
        sections: tuple[tuple[QWidget, ...], ...] = (
            (self._needs, self._calm, self.items),
            (self._full_title, self._full),
            (self._working_title, self.working),
            (self._day_title, self._today, self.chart),
        )
        for number, section in enumerate(sections):
            if number:
                column.addSpacing(GRID * 2)
            for widget in section:
                column.addWidget(widget)
        column.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inner)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.area)

    # -- what comes -------------------------------------------------------------------------------

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if delta.whole:
            self._dress(language)
            self.refresh()
        elif delta.catalogue_changed:
            self._ask_for_catalogue()
        self._background.ask(at_once=delta.whole)

    def shown(self) -> None:
        self._step.start()

    def hidden(self) -> None:
        self._step.stop()

    def refresh(self) -> None:
        """Ask for what the stream does not bring."""
        if not is_online(self.shell.fleet):
            return
        bridge, now = self.shell.bridge, self.shell.now()
        step = int(STEP.total_seconds() // 60)
        bridge.ask(self, lambda r: r.occupancy(now - BACK, None, step), self._heard_occupancy)
        bridge.ask(self, lambda r: r.settings(), self._heard_settings)
        self._ask_for_catalogue()

    def find_in_page(self) -> None:
        self.working.find_in_page()

    def badge(self) -> str:
        return self._badge

    def _ask_for_catalogue(self) -> None:
        self.shell.bridge.ask(self, lambda r: r.catalogue(), self._heard_catalogue)

    def _heard_catalogue(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._background.ask()

    def _heard_settings(self, settings: StudioSettings) -> None:
        self._settings = settings
        self._background.ask()

    def _heard_occupancy(self, points: tuple[OccupancyPoint, ...]) -> None:
        self._occupancy = points
        self._background.ask()

    # -- what is made of it -----------------------------------------------------------------------

    def _prepare(self) -> Callable[[], OverviewView]:
        shell = self.shell
        fleet, catalogue, occupancy = shell.fleet, self._catalogue, self._occupancy
        now, language, zone = shell.now(), shell.language, shell.zone
        version = self._settings.version if self._settings is not None else ""
        return lambda: overview(
            fleet, catalogue, occupancy, now,
            language=language, zone=zone, coordinator_version=version,
        )  # fmt: skip

    def _show(self, view: OverviewView) -> None:
        self.view = view
        shell = self.shell
        language, colours = shell.language, shell.colours
        set_text(self._calm, view.calm)
        self.items.show_items(view.items, colours, language)
        self._full.show_fullness(view.fullness, view.full, colours, language)
        self.working.show_rows(view.working)
        self._today.setText(view.today)
        self.chart.setVisible(bool(view.day.today))
        if view.day.today:
            self.chart.show_graph(self._graph(view), colours, language, shell.zone)
        shown = str(len(view.items)) if view.items else ""
        if shown != self._badge:
            self._badge = shown
            self.badge_changed.emit()

    def _graph(self, view: OverviewView) -> Graph:
        language = self.shell.language
        local = self.shell.now().astimezone(self.shell.zone)
        start = local.replace(hour=0, minute=0, second=0, microsecond=0)
        lines = [Line("today", say("overview.day.today", language), view.day.today)]
        if view.day.usual:
            lines.append(Line("usual", say("overview.day.usual", language), view.day.usual))
        title = say("overview.day.unit", language)
        return Graph(title, Unit.COUNT, tuple(lines), start, start + _DAY, view.day.cards)

    def _dress(self, language: str) -> None:
        self._needs.setText(say("overview.needs", language))
        self._full_title.setText(say("overview.fullness", language))
        self._working_title.setText(say("overview.working", language))
        self._day_title.setText(say("overview.day", language))
        self.working.dress()


class _Items(QWidget):
    """The list of what needs somebody.

    Signals:
        followed(Item): its action.
    """

    followed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._cards: list[_ItemCard] = []
        self._shown: tuple[tuple[Item, ...], Colours, str] | None = None
        self._all = False
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID)
        self.more = button("link")
        self.more.clicked.connect(self._turn)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID // 2)
        body.addLayout(self._list)
        body.addWidget(self.more)

    def show_items(self, items: tuple[Item, ...], colours: Colours, language: str) -> None:
        """The first of them; the others when somebody asks, so that the page stays one look."""
        self._shown = (items, colours, language)
        few = len(items) <= _FIRST + 1
        count = len(items) if self._all or few else _FIRST
        hidden = len(items) - count
        self.more.setVisible(not few)
        key = "overview.more" if hidden else "overview.fewer"
        self.more.setText(say(key, language, count=hidden))
        self._show(items[:count], colours)
        self.setVisible(bool(items))

    def _turn(self) -> None:
        self._all = not self._all
        if self._shown is not None:
            self.show_items(*self._shown)

    def _show(self, items: tuple[Item, ...], colours: Colours) -> None:
        while len(self._cards) < len(items):
            card = _ItemCard()
            card.followed.connect(self.followed)
            self._cards.append(card)
            self._list.addWidget(card)
        for place, card in enumerate(self._cards):
            there = place < len(items)
            if there:
                card.show_item(items[place], colours)
            card.setVisible(there)


class _ItemCard(QFrame):
    """▲ what is wrong and where; below it what to do; at the right the way there."""

    followed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._item: Item | None = None
        self._mark = Picture()
        self._mark.setFixedSize(BODY, BODY + GRID)
        self._text = label()
        self._remedy = label("quiet")
        self._action = button()
        self._action.clicked.connect(lambda: self.followed.emit(self._item))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._text)
        words.addWidget(self._remedy)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID + 4, GRID, GRID + 4, GRID)
        row.setSpacing(GRID)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self._action, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_item(self, item: Item, colours: Colours) -> None:
        self._item = item
        self._mark.paint(lambda ratio: mark(Shape.ATTENTION, False, colours, BODY, ratio))
        set_text(self._text, item.text)
        set_text(self._remedy, item.remedy)
        self._action.setText(item.action)
        self._action.setVisible(bool(item.action))
        self._action.setAccessibleName(f"{item.action}: {item.text}")
        self.setAccessibleName(f"{item.text} {item.remedy}")
