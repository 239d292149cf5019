"""A small live graph: the last minutes of one reading. Drawn only while it is seen."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop_client.card_view import Graph
from desktop_client.history import SPAN
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import ElidedLabel, label

_HEIGHT = GRID * 3
_LINE = 1.5  # pixels
_FILLED = 0.16  # opacity below the line


class Sparkline(QWidget):
    """The curve alone: the newest at the right, what nobody knows is a gap."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)
        self._graph: Graph | None = None
        self._line = QColor()
        self._ground = QColor()

    def show_graph(self, graph: Graph, line: str, ground: str) -> None:
        """Show these points in these colours."""
        self._graph, self._line, self._ground = graph, QColor(line), QColor(ground)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(GRID * 10, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ground)
        painter.drawRoundedRect(box, 3, 3)
        if self._graph is not None:
            inner = box.adjusted(2, 2 + _LINE / 2, -2, -2 - _LINE / 2)
            for run in runs(self._graph):
                self._paint_run(painter, inner, run)
        painter.end()

    def _paint_run(self, painter: QPainter, box: QRectF, run: list[tuple[float, float]]) -> None:
        places = [
            QPointF(box.left() + x * box.width(), box.bottom() - y * box.height()) for x, y in run
        ]
        if len(places) == 1:
            places.append(places[0] + QPointF(_LINE, 0))  # one reading alone is a dot
        curve = QPainterPath(places[0])
        for place in places[1:]:
            curve.lineTo(place)
        below = QPainterPath(curve)
        below.lineTo(places[-1].x(), box.bottom())
        below.lineTo(places[0].x(), box.bottom())
        below.closeSubpath()
        shade = QColor(self._line)
        shade.setAlphaF(_FILLED)
        painter.fillPath(below, shade)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(
            QPen(
                self._line,
                _LINE,
                Qt.PenStyle.SolidLine,
                Qt.PenCapStyle.RoundCap,
                Qt.PenJoinStyle.RoundJoin,
            )
        )
        painter.drawPath(curve)


class GraphWidget(QWidget):
    """What is read, its figure now, and the curve."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._graph: Graph | None = None
        self._name = label("caption", wrap=False)
        self._figure = ElidedLabel("figure")
        self._figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._curve = Sparkline()
        head = QHBoxLayout()
        head.setSpacing(GRID // 2)
        head.addWidget(self._name)
        head.addWidget(self._figure, 1)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(2)
        body.addLayout(head)
        body.addWidget(self._curve)

    def show_graph(self, graph: Graph, line: str, colours: Colours, language: str) -> None:
        """Show it in a colour of the theme."""
        self._graph = graph
        if self._name.text() != graph.label:
            self._name.setText(graph.label)
        self._figure.show_text(graph.figure)
        self._curve.show_graph(graph, line, colours.hover)
        minutes = int(SPAN.total_seconds()) // 60
        spoken = say(
            "graph.spoken", language, label=graph.label, figure=graph.figure, minutes=minutes
        )
        self.setAccessibleName(spoken)
        self._curve.setAccessibleName(spoken)
        self.setToolTip(spoken)


def runs(graph: Graph) -> list[list[tuple[float, float]]]:
    """The unbroken pieces: x from 0 (``SPAN`` ago) to 1 (now), y as it is. The last value holds
    until now."""
    made: list[list[tuple[float, float]]] = [[]]
    for at, value in graph.points:
        if value is None:
            made.append([])
        else:
            made[-1].append((min(1 - (graph.until - at) / SPAN, 1.0), value))
    if made[-1] and made[-1][-1][0] < 1:
        made[-1].append((1.0, made[-1][-1][1]))
    return [cut for run in made if (cut := _cut(run))]


def _cut(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What is within the span, with the place where the curve enters it."""
    inside = [point for point in run if point[0] >= 0]
    before = [point for point in run if point[0] < 0]
    if not before or not inside:
        return inside
    (x0, y0), (x1, y1) = before[-1], inside[0]
    return [(0.0, y0 + (y1 - y0) * (0 - x0) / (x1 - x0)), *inside]
