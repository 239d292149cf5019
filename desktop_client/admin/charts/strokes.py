"""How the lines of one graph are told apart: by colour, and by their markers without it.

Not by dashes: readings jump up and down, where dashes cannot be told from noise, and Qt takes ten
times as long to draw them.
"""

from __future__ import annotations

import math

from PySide6.QtCharts import QScatterSeries
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolButton

from desktop_client.theme import CAPTION, GRID, TARGET, Colours, line_colours

_Marker = QScatterSeries.MarkerShape
_MARKERS = (
    _Marker.MarkerShapeCircle,
    _Marker.MarkerShapeRectangle,
    _Marker.MarkerShapeRotatedRectangle,
    _Marker.MarkerShapeTriangle,
    _Marker.MarkerShapeStar,
)
WIDTH = 1.5
MARK = 8.0  # a marker's size, in pixels


def colour(index: int, colours: Colours) -> QColor:
    of = line_colours(colours)
    return QColor(of[index % len(of)])


def pen(index: int, colours: Colours) -> QPen:
    """The stroke of line number ``index``."""
    made = QPen(colour(index, colours), WIDTH)
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return made


def marker(index: int) -> QScatterSeries.MarkerShape:
    return _MARKERS[index % len(_MARKERS)]


def paint_marker(painter: QPainter, index: int, centre: QPointF, size: float) -> None:
    """Draw the marker of line number ``index`` with the painter's brush."""
    half = size / 2
    box = QRectF(centre.x() - half, centre.y() - half, size, size)
    match marker(index):
        case _Marker.MarkerShapeCircle:
            painter.drawEllipse(box)
        case _Marker.MarkerShapeRectangle:
            painter.drawRect(box)
        case _Marker.MarkerShapeRotatedRectangle:
            painter.drawPolygon(
                QPolygonF(
                    [
                        QPointF(centre.x(), box.top()),
                        QPointF(box.right(), centre.y()),
                        QPointF(centre.x(), box.bottom()),
                        QPointF(box.left(), centre.y()),
                    ]
                )
            )
        case _Marker.MarkerShapeTriangle:
            painter.drawPolygon(
                QPolygonF([QPointF(centre.x(), box.top()), box.bottomRight(), box.bottomLeft()])
            )
        case _:
            painter.drawPolygon(_star(centre, half))


def _star(centre: QPointF, radius: float) -> QPolygonF:
    """Five points, the first on top."""
    corners = []
    for number in range(10):
        reach = radius if number % 2 == 0 else radius * 0.45
        angle = math.pi * number / 5
        corners.append(
            QPointF(centre.x() + reach * math.sin(angle), centre.y() - reach * math.cos(angle))
        )
    return QPolygonF(corners)


class LegendEntry(QToolButton):
    """A line's name behind a sample of its stroke; unchecked, its line is hidden."""

    _SAMPLE = 26

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        self._colours: Colours | None = None
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setProperty("role", "legend")

    def show_name(self, name: str, colours: Colours) -> None:
        self._colours = colours
        if self.text() != name:
            self.setText(name)
            self.setAccessibleName(name)
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        width = QFontMetrics(self._font()).horizontalAdvance(self.text())
        return QSize(self._SAMPLE + width + GRID * 3, TARGET)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._SAMPLE + GRID * 7, TARGET)

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(CAPTION)
        return font

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if self._colours is None:
            return
        painter = QPainter(self)
        painter.setFont(self._font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown, middle = self.isChecked(), self.height() / 2
        if self.hasFocus() or self.underMouse():
            painter.setPen(
                QPen(QColor(self._colours.accent), 2) if self.hasFocus() else Qt.PenStyle.NoPen
            )
            painter.setBrush(
                QColor(self._colours.hover) if self.underMouse() else Qt.BrushStyle.NoBrush
            )
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.setOpacity(1.0 if shown else 0.35)
        painter.setPen(pen(self._index, self._colours))
        painter.drawLine(QPointF(GRID, middle), QPointF(GRID + self._SAMPLE, middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._index, self._colours))
        paint_marker(painter, self._index, QPointF(GRID + self._SAMPLE / 2, middle), MARK)
        painter.setOpacity(1.0)
        painter.setPen(QColor(self._colours.text if shown else self._colours.quiet))
        left = GRID * 1.5 + self._SAMPLE
        room = self.width() - left - GRID // 2
        metrics = painter.fontMetrics()
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(
            QRectF(left, 0, room, self.height()),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            text,
        )
        if not shown:
            width = metrics.horizontalAdvance(text)
            painter.drawLine(QPointF(left, middle), QPointF(left + width, middle))
