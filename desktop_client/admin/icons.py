"""The pages' icons: thin lines in the theme's colours, crisp at every scale."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop_client.theme import Colours

# Paths in a square of 24.
_PATHS = {
    "overview": "M4 13h7V4H4zM13 20h7v-9h-7zM13 4v4h7V4zM4 20h7v-4H4z",
    "machines": "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01M11 8h6M11 16h6",
    "instances": "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
    "queue": "M5 6h14M5 12h9M5 18h5M18.5 12.5a3.5 3.5 0 1 0 .01 0zM18.5 14.5v1.7l1.2.8",
    "catalogue": "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11M9 8h6",
    "people": "M9 11a3.5 3.5 0 1 0-.01 0zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6M16 4.5a3.5 3.5 0 0 1 0 6.3"
    "M18 14.5c1.9.9 3 2.9 3 5.5",
    "shares": "M17 8.5a2.5 2.5 0 1 0-.01 0zM7 14.5a2.5 2.5 0 1 0-.01 0z"
    "M17 20.5a2.5 2.5 0 1 0-.01 0zM9.2 10.8l5.6-3.4M9.2 13.2l5.6 3.4",
    "audit": "M7 3h7l5 5v13H7zM14 3v5h5M10 13h6M10 17h4",
    "settings": "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4M4 12h2M10 12h10M8 10v4",
}


def page_icon(key: str, colours: Colours, size: int) -> QIcon:
    """Quiet, and in the accent colour for the page that is shown."""
    icon = QIcon()
    for ratio in (1.0, 2.0):
        icon.addPixmap(_drawn(key, colours.quiet, size, ratio), QIcon.Mode.Normal, QIcon.State.Off)
        icon.addPixmap(_drawn(key, colours.accent, size, ratio), QIcon.Mode.Normal, QIcon.State.On)
    return icon


def _drawn(key: str, colour: str, size: int, ratio: float) -> QPixmap:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<path d="{_PATHS[key]}" fill="none" stroke="{colour}" stroke-width="1.7" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap
