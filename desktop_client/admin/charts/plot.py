"""The plot of a chart: lines with their gaps on a scale, and exact values under the pointer."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from PySide6.QtCharts import (
    QAbstractAxis,
    QAbstractSeries,
    QCategoryAxis,
    QChart,
    QChartView,
    QLineSeries,
    QScatterSeries,
)
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_client.admin.charts import strokes
from desktop_client.admin.charts.lines import (
    Graph,
    Line,
    marked,
    moments,
    nearest,
    segments,
    thin,
    value_at,
)
from desktop_client.admin.charts.scales import exact, moment_of, scale, time_ticks
from desktop_client.theme import CAPTION, GRID, Colours

_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 10, 20, 26  # around the plot, in pixels
_LABEL_WIDTH = 60
_MARKS = 6  # along one line


def _ms(at: datetime) -> float:
    return at.timestamp() * 1000


def _edge(graph: Graph) -> datetime:
    """A little after the end: Qt leaves out what lies on the very edge, as the last marker."""
    return graph.end + (graph.end - graph.start) * 0.01


class _Drawn:
    """One line on the chart: as many Qt series as it has pieces, and the markers.

    Qt joins all the points of a series, so that each piece needs one of its own; pieces that are
    not needed now stay, empty, for the next time.
    """

    def __init__(self, chart: QChart, x: QAbstractAxis, y: QAbstractAxis) -> None:
        self._chart, self._x, self._y = chart, x, y
        self._pieces: list[QLineSeries] = []
        self._marks = QScatterSeries()
        self._marks.setMarkerSize(strokes.MARK)
        self._add(self._marks)

    def _add(self, series: QAbstractSeries) -> None:
        self._chart.addSeries(series)
        series.attachAxis(self._x)
        series.attachAxis(self._y)

    def draw(self, line: Line, graph: Graph, columns: int, shift: float) -> None:
        runs = segments(line, graph.start, graph.end)
        while len(self._pieces) < len(runs):
            piece = QLineSeries()
            self._pieces.append(piece)
            self._add(piece)
        for number, piece in enumerate(self._pieces):
            if number >= len(runs):
                if piece.count():
                    piece.clear()
                continue
            run = thin(runs[number], graph.start, graph.end, columns)
            piece.replace([QPointF(_ms(at), value) for at, value in run])
        marks = marked(runs, graph.start, graph.end, _MARKS, shift)
        self._marks.replace([QPointF(_ms(at), value) for at, value in marks])

    def paint_with(self, index: int, colours: Colours) -> None:
        pen, colour = strokes.pen(index, colours), strokes.colour(index, colours)
        for piece in self._pieces:
            if piece.pen() != pen:
                piece.setPen(pen)
        if self._marks.color() != colour or self._marks.markerShape() != strokes.marker(index):
            self._marks.setMarkerShape(strokes.marker(index))
            self._marks.setColor(colour)
            self._marks.setBorderColor(colour)

    def set_visible(self, visible: bool) -> None:
        for series in (*self._pieces, self._marks):
            if series.isVisible() != visible:
                series.setVisible(visible)


class Plot(QChartView):
    """Draws a graph; a crosshair follows the pointer, or the arrow keys, with exact values.

    Signals:
        pointed(str): the values under the crosshair in words; empty when it is gone.
    """

    pointed = Signal(str)

    def __init__(self) -> None:
        super().__init__(QChart())
        self._graph: Graph | None = None
        self._colours: Colours | None = None
        self._zone: tzinfo | None = None
        self._language = "en"
        self._hidden: frozenset[str] = frozenset()
        self._times: list[datetime] = []
        self._at: datetime | None = None
        self._look: object = None
        self._upright, self._time = QCategoryAxis(), QCategoryAxis()
        self._upright_ticks: tuple[tuple[float, str], ...] = ()
        self._time_ticks: list[tuple[float, str]] = []
        self._drawn: list[_Drawn] = []
        chart = self.chart()
        chart.legend().hide()
        chart.setBackgroundVisible(False)
        chart.layout().setContentsMargins(0, 0, 0, 0)
        chart.addAxis(self._time, Qt.AlignmentFlag.AlignBottom)
        chart.addAxis(self._upright, Qt.AlignmentFlag.AlignLeft)
        for axis in (self._time, self._upright):
            axis.setLabelsPosition(QCategoryAxis.AxisLabelsPosition.AxisLabelsPositionOnValue)
            axis.setTruncateLabels(False)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setBackgroundBrush(Qt.BrushStyle.NoBrush)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 120)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)

    def show_graph(
        self,
        graph: Graph,
        hidden: frozenset[str],
        colours: Colours,
        language: str,
        zone: tzinfo | None,
    ) -> None:
        """Take new points; what is there stays, only its points are replaced."""
        self._graph, self._hidden = graph, hidden
        self._colours, self._language, self._zone = colours, language, zone
        self._times = moments(graph.lines, graph.start, graph.end)
        if self._at is not None:
            self._at = nearest(self._times, self._at)
        if self._look != colours:
            self._look = colours
            self._paint_axes(colours)
        self._show_axes(graph)
        columns = max(round(self.chart().plotArea().width()), 60)
        while len(self._drawn) < len(graph.lines):
            self._drawn.append(_Drawn(self.chart(), self._time, self._upright))
        nothing = Line("", "", ())
        for index, drawn in enumerate(self._drawn):
            line = graph.lines[index] if index < len(graph.lines) else nothing
            drawn.draw(line, graph, columns, index / len(self._drawn))
            drawn.paint_with(index, colours)
            drawn.set_visible(line.key not in hidden)
        self.viewport().update()

    def readout(self) -> list[tuple[int, str, str]]:
        """(line's number, name, exact value) at the crosshair, of the lines that are shown."""
        if self._graph is None or self._at is None:
            return []
        return [
            (index, line.name, exact(value_at(line, self._at), self._graph.unit))
            for index, line in enumerate(self._graph.lines)
            if line.key not in self._hidden
        ]

    def point_at(self, at: datetime | None) -> None:
        """Put the crosshair on the reading nearest to a moment; None takes it away."""
        found = None if at is None else nearest(self._times, at)
        if found == self._at:
            return
        self._at = found
        self.viewport().update()
        self.pointed.emit(self._spoken())

    # The axes.

    def _show_axes(self, graph: Graph) -> None:
        inner = QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)
        if self.chart().plotArea() != inner:
            self.chart().setPlotArea(inner)
            # Or Qt draws on at the width that it had.
            self.chart().layout().invalidate()
            self.chart().layout().activate()
        height, width = self.chart().plotArea().height(), self.chart().plotArea().width()
        upright = scale(graph, max(int(height // 24), 2))
        if upright.ticks != self._upright_ticks:
            self._upright_ticks = upright.ticks
            _relabel(self._upright, upright.ticks)
        self._upright.setRange(0, upright.top)
        ticks = [
            (_ms(t.at), t.label)
            for t in time_ticks(
                graph.start, graph.end, self._zone, self._language, int(width // _LABEL_WIDTH)
            )
        ]
        if ticks != self._time_ticks:
            self._time_ticks = ticks
            _relabel(self._time, tuple(ticks))
        self._time.setRange(_ms(graph.start), _ms(_edge(graph)))

    def _paint_axes(self, colours: Colours) -> None:
        font = QFont(self.font())
        font.setPixelSize(CAPTION)
        for axis in (self._time, self._upright):
            axis.setLabelsFont(font)
            axis.setLabelsColor(QColor(colours.quiet))
            axis.setGridLineColor(QColor(colours.border))
            axis.setLinePenColor(QColor(colours.border))
        self._time.setGridLineVisible(False)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if self._graph is not None and self._colours is not None:
            self.show_graph(self._graph, self._hidden, self._colours, self._language, self._zone)

    # The crosshair.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        area = self.chart().plotArea()
        if self._graph is None or not area.contains(event.position()):
            self.point_at(None)
            return
        share = (event.position().x() - area.left()) / area.width()
        self.point_at(self._graph.start + (_edge(self._graph) - self._graph.start) * share)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """The page scrolls, also where the pointer is over a plot."""
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().leaveEvent(event)
        if not self.hasFocus():
            self.point_at(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusOutEvent(event)
        self.point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Left and right go from reading to reading, Home and End to the first and last."""
        if not self._times:
            super().keyPressEvent(event)
            return
        here = self._times.index(self._at) if self._at in self._times else len(self._times)
        last = len(self._times) - 1
        match event.key():
            case Qt.Key.Key_Left:
                self.point_at(self._times[max(here - 1, 0)])
            case Qt.Key.Key_Right:
                self.point_at(self._times[min(here + 1, last)])
            case Qt.Key.Key_Home:
                self.point_at(self._times[0])
            case Qt.Key.Key_End:
                self.point_at(self._times[last])
            case Qt.Key.Key_Escape if self._at is not None:
                self.point_at(None)
            case _:
                super().keyPressEvent(event)

    def _spoken(self) -> str:
        if self._at is None or self._graph is None:
            return ""
        when = self._moment(self._at)
        return " · ".join([when, *(f"{name} {value}".strip() for _, name, value in self.readout())])

    def _moment(self, at: datetime) -> str:
        span = timedelta(0) if self._graph is None else self._graph.end - self._graph.start
        return moment_of(at, span, self._zone, self._language)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # type: ignore[override]  # noqa: N802 - Qt's name
        area = self.chart().plotArea()
        if self._colours is None or self._graph is None:
            return
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        if self._at is None:
            return
        share = (self._at - self._graph.start) / (_edge(self._graph) - self._graph.start)
        x = area.left() + share * area.width()
        painter.setPen(QPen(QColor(self._colours.text), 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        self._paint_readout(painter, area, x, self._at, self._colours)

    def _paint_readout(
        self, painter: QPainter, area: QRectF, x: float, at: datetime, colours: Colours
    ) -> None:
        """A small box beside the crosshair, on the side where there is room."""
        font = QFont(self.font())
        font.setPixelSize(CAPTION)
        painter.setFont(font)
        box = _Readout(self.readout(), self._moment(at), painter.fontMetrics(), self.height())
        left = x + GRID if x + GRID + box.width < self.width() else x - GRID - box.width
        left = max(min(left, self.width() - box.width - 2.0), 2.0)
        top = max(min(area.top(), self.height() - box.height - 2.0), 2.0)
        box.paint(painter, QPointF(left, top), colours)


class _Readout:
    """Moment, names and values in a box; in several columns where they are too many for one."""

    def __init__(
        self, rows: list[tuple[int, str, str]], head: str, metrics: QFontMetrics, room: float
    ) -> None:
        self._rows, self._head = rows, head
        self._row = metrics.height() + 3
        self._deep = max(int((room - GRID - 4) // self._row) - 1, 1)
        columns = max(-(-len(rows) // self._deep), 1)
        self._deep = max(-(-len(rows) // columns), 1)
        names = max((metrics.horizontalAdvance(name) for _, name, _ in rows), default=0)
        values = max((metrics.horizontalAdvance(value) for _, _, value in rows), default=0)
        self._column = GRID * 2 + names + (GRID * 2 if names else 0) + values
        inner = columns * self._column + (columns - 1) * GRID * 2
        self.width = float(max(inner, metrics.horizontalAdvance(head)) + GRID * 2)
        self.height = float(self._row * (min(len(rows), self._deep) + 1) + GRID)

    def paint(self, painter: QPainter, corner: QPointF, colours: Colours) -> None:
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.window))
        painter.drawRoundedRect(QRectF(corner.x(), corner.y(), self.width, self.height), 6, 6)
        begin = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        end = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        first = QRectF(
            corner.x() + GRID, corner.y() + GRID / 2, self.width - GRID * 2, float(self._row)
        )
        painter.setPen(QColor(colours.quiet))
        painter.drawText(first, begin, self._head)
        for place, (index, name, value) in enumerate(self._rows):
            column, row = divmod(place, self._deep)
            line = QRectF(
                first.left() + column * (self._column + GRID * 2),
                first.top() + (row + 1) * self._row,
                float(self._column),
                float(self._row),
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(strokes.colour(index, colours))
            centre = QPointF(line.left() + GRID / 2, line.center().y())
            strokes.paint_marker(painter, index, centre, strokes.MARK)
            painter.setPen(QColor(colours.text))
            painter.drawText(line.adjusted(GRID * 2, 0, 0, 0), begin, name)
            painter.drawText(line, end, value)


def _relabel(axis: QCategoryAxis, ticks: tuple[tuple[float, str], ...]) -> None:
    """Other labels; the places are kept apart from the words, which may repeat."""
    for label in axis.categoriesLabels():
        axis.remove(label)
    seen: dict[str, int] = {}
    for place, label in ticks:
        # Qt wants each label once: those that repeat get an invisible difference.
        seen[label] = seen.get(label, -1) + 1
        axis.append(label + "\u200b" * seen[label], place)
