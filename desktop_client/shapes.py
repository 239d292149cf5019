"""Draws the marks of states and the tray's icon, at any size: shape first, then colour."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtSvg import QSvgRenderer

from desktop_client.theme import Colours
from desktop_client.view_model import Icon, Shape

# What panels ask for at 100, 125, 150, 175, 200 and 300 %: painted for each, never scaled.
_SIZES = (16, 18, 20, 22, 24, 28, 32, 33, 36, 40, 44, 48, 64, 128)
_RIM = 0.55  # opacity of the light edge, by which it stands out from dark and coloured panels
# Chosen to stand out from light and dark panels alike; the glyph inside is white.
_TRAY = {
    Icon.SIGNED_OUT: "#6b7280",
    Icon.CONNECTING: "#4668a8",
    Icon.IDLE: "#4668a8",
    Icon.STARTING: "#2f6fe0",
    Icon.READY: "#1f8f52",
    Icon.ATTENTION: "#c2590a",
    Icon.OFFLINE: "#6b7280",
}
_TRAY_DARK = _TRAY | {Icon.SIGNED_OUT: "#858d9b", Icon.OFFLINE: "#858d9b"}


def colour_of(shape: Shape, colours: Colours) -> QColor:
    return QColor(getattr(colours, shape.value))


def mark(shape: Shape, struck: bool, colours: Colours, size: int, ratio: float) -> QPixmap:
    """A state's mark for a card, ``size`` logical pixels square."""
    pixmap, painter = _canvas(size, ratio)
    _draw(painter, shape, colour_of(shape, colours), size)
    if struck:
        _strike(painter, QColor(colours.quiet), size, 0.4)
    painter.end()
    return pixmap


def gear(colours: Colours, size: int, ratio: float) -> QPixmap:
    """For settings."""
    pixmap, painter = _canvas(size, ratio)
    painter.translate(size / 2, size / 2)
    colour = QColor(colours.quiet)
    painter.setPen(_pen(colour, size * 0.11))
    painter.drawEllipse(QPointF(), size * 0.26, size * 0.26)
    painter.setPen(_pen(colour, size * 0.15))
    for _ in range(8):
        painter.drawLine(QPointF(0, -size * 0.34), QPointF(0, -size * 0.40))
        painter.rotate(45)
    painter.end()
    return pixmap


def chevron(colours: Colours, size: int, ratio: float) -> QPixmap:
    """For what opens downwards."""
    pixmap, painter = _canvas(size, ratio)
    painter.setPen(_pen(QColor(colours.quiet), max(size * 0.12, 1.4)))
    painter.drawPolyline(
        [
            QPointF(size * 0.26, size * 0.40),
            QPointF(size * 0.50, size * 0.64),
            QPointF(size * 0.74, size * 0.40),
        ]
    )
    painter.end()
    return pixmap


def tray_icon(icon: Icon, *, dark: bool = False) -> QIcon:
    """The tray's icon in every usual size: a hexagon, and in it the state's own glyph.

    Args:
        dark: for a dark desktop, where what is grey is a lighter grey.
    """
    made = QIcon()
    for size in _SIZES:
        pixmap, painter = _canvas(size, 1.0)
        _tray(painter, icon, size, dark)
        painter.end()
        made.addPixmap(pixmap)
    return made


def engine_icon(
    svg: str, title: str, faded: bool, colours: Colours, size: int, ratio: float
) -> QPixmap:
    """The engine's own icon, or its first letter where it has none that can be drawn."""
    pixmap, painter = _canvas(size, ratio)
    painter.setOpacity(0.45 if faded else 1.0)
    renderer = QSvgRenderer(svg.encode()) if svg.lstrip().startswith("<") else None
    if renderer is not None and renderer.isValid():
        box = renderer.defaultSize().scaled(QSize(size, size), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF((size - box.width()) / 2, (size - box.height()) / 2, *box.toTuple())
        renderer.render(painter, place)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.hover))
        painter.drawRoundedRect(QRectF(0, 0, size, size), size / 5, size / 5)
        font = QFont(painter.font())
        font.setPixelSize(size // 2)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(colours.quiet))
        painter.drawText(
            QRectF(0, 0, size, size), Qt.AlignmentFlag.AlignCenter, title[:1].upper() or "?"
        )
    painter.end()
    return pixmap


def _canvas(size: int, ratio: float) -> tuple[QPixmap, QPainter]:
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return pixmap, painter


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(
        QBrush(colour),
        width,
        Qt.PenStyle.SolidLine,
        Qt.PenCapStyle.RoundCap,
        Qt.PenJoinStyle.RoundJoin,
    )


def _draw(painter: QPainter, shape: Shape, colour: QColor, size: float) -> None:
    width = max(size / 8, 1.5)
    box = QRectF(0, 0, size, size).adjusted(width, width, -width, -width)
    painter.setPen(_pen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    centre = box.center()
    match shape:
        case Shape.READY:
            painter.setBrush(colour)
            painter.drawEllipse(box)
        case Shape.STARTING:
            painter.drawArc(box, 90 * 16, -270 * 16)
        case Shape.QUEUED:
            painter.drawEllipse(box)
            painter.drawLine(centre, centre + QPointF(0, -box.height() / 3.4))
            painter.drawLine(centre, centre + QPointF(box.width() / 4, 0))
        case Shape.STOPPED:
            painter.drawEllipse(box)
        case Shape.ATTENTION:
            painter.setBrush(colour)
            painter.drawPolygon(_triangle(box))


def _triangle(box: QRectF) -> QPolygonF:
    return QPolygonF([QPointF(box.center().x(), box.top()), box.bottomRight(), box.bottomLeft()])


def _strike(painter: QPainter, colour: QColor, size: float, reach: float) -> None:
    """A stroke from corner to corner, with a gap beside it so that it stands out."""
    start = QPointF(size * (0.5 - reach), size * (0.5 + reach))
    end = QPointF(size * (0.5 + reach), size * (0.5 - reach))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.setPen(_pen(QColor("black"), max(size * 0.24, 3.5)))
    painter.drawLine(start, end)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    painter.setPen(_pen(colour, max(size * 0.11, 1.5)))
    painter.drawLine(start, end)


def _tray(painter: QPainter, icon: Icon, size: int, dark: bool) -> None:
    colour, white = QColor((_TRAY_DARK if dark else _TRAY)[icon]), QColor("white")
    centre, width = QPointF(size / 2, size / 2), size * 0.14
    hexagon = _hexagon(centre, _whole(size * 0.84, size) / 2 - width / 2)
    rim = QColor(white)
    rim.setAlphaF(_RIM)
    painter.setPen(_pen(rim, width + 2 * max(round(size * 0.03), 1)))
    painter.drawPolygon(hexagon)
    painter.setBrush(colour)
    painter.setPen(_pen(colour, width))
    painter.drawPolygon(hexagon)
    side = _whole(size * 0.42, size)
    inner = QRectF(0, 0, side, side)
    inner.moveCenter(centre)
    line = max(size * 0.09, 1.5)
    painter.setPen(_pen(white, line))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    match icon:
        case Icon.SIGNED_OUT:
            _keyhole(painter, size, white)
        case Icon.CONNECTING:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(white)
            for offset in (-0.18, 0.0, 0.18):
                painter.drawEllipse(centre + QPointF(size * offset, 0), size * 0.07, size * 0.07)
        case Icon.IDLE:
            painter.drawEllipse(inner)
        case Icon.STARTING:
            painter.drawArc(inner, 90 * 16, -270 * 16)
        case Icon.READY:
            painter.setBrush(white)
            painter.drawEllipse(inner)
        case Icon.ATTENTION:
            painter.drawLine(centre + QPointF(0, -size * 0.2), centre + QPointF(0, size * 0.05))
            painter.drawPoint(centre + QPointF(0, size * 0.21))
        case Icon.OFFLINE:
            painter.drawEllipse(inner)
            _strike(painter, colour, size, 0.42)


def _keyhole(painter: QPainter, size: int, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    across = _whole(size * 0.28, size)
    top = QRectF(0, 0, across, across)
    top.moveCenter(QPointF(size / 2, size * 0.42))
    painter.drawEllipse(top)
    stem = _whole(size * 0.12, size)
    painter.drawRect(QRectF((size - stem) / 2, size * 0.46, stem, size * 0.26))


def _hexagon(centre: QPointF, half: float) -> QPolygonF:
    """Standing on a corner, ``half`` its width from the middle to its upright sides."""
    radius = half / math.sin(math.radians(60))
    return QPolygonF(
        [
            centre + QPointF(math.sin(a) * radius, -math.cos(a) * radius)
            for a in (math.radians(60 * i) for i in range(6))
        ]
    )


def _whole(length: float, size: int) -> int:
    """A length in whole pixels that lies evenly around the middle: its edges are sharp."""
    rounded = max(round(length), 1)
    return rounded if (rounded - size) % 2 == 0 else rounded + (1 if rounded < length else -1)
