"""Pictures of rows. Laying out a text costs more than drawing a finished row, so that is kept."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap, QStaticText, QTransform

from desktop_client.admin.tables.column import Align, Column, Mark
from desktop_client.admin.tables.model import RowsModel
from desktop_client.shapes import mark as paint_mark
from desktop_client.theme import chosen_surface

ROW_HEIGHT = 32
ROOM = 18  # in a cell that no text gets, in pixels
_EDGE = 9
_MARK = 12
_GAP = 7  # between mark and text
_BAR = 3
_PICTURES = 400  # rows that are kept
_TEXTS = 4000


@dataclass(frozen=True, slots=True)
class Cell:
    """Which column, where it begins in the row, how wide it is."""

    column: int
    left: int
    width: int


@dataclass(frozen=True)
class Look:
    """What all rows have in common."""

    cells: tuple[Cell, ...]
    font: QFont
    ratio: float
    stale: bool


class RowPainter:
    """Keeps the picture of each row until the row, its columns or the theme change."""

    def __init__(self, model: RowsModel[Any]) -> None:
        self._model = model
        self._look: Look | None = None
        self._words: Any = None
        self._pictures: OrderedDict[tuple[str, bool], tuple[object, bool, QPixmap]] = OrderedDict()
        self._texts: dict[tuple[str, int], QStaticText] = {}
        self._marks: dict[Mark, QPixmap] = {}

    def picture(self, place: int, look: Look, *, chosen: bool) -> QPixmap:
        """Of a row, as wide as all its columns."""
        model = self._model
        words = (model.speech, model.colours)
        if look != self._look or words != self._words:
            self._forget(look, words)
        key = model.id_at(place)
        row, ghost = model.row_at(place), model.is_ghost(key)
        known = self._pictures.get((key, chosen))
        if known is not None and known[0] is row and known[1] is ghost:
            return known[2]
        made = self._paint(row, look, chosen=chosen, ghost=ghost)
        self._pictures[key, chosen] = (row, ghost, made)
        if len(self._pictures) > _PICTURES:
            self._pictures.popitem(last=False)
        return made

    def _forget(self, look: Look, words: Any) -> None:
        before = self._look
        self._pictures.clear()
        if before is None or before.font != look.font:
            self._texts.clear()
        if before is None or before.ratio != look.ratio or words != self._words:
            self._marks.clear()
        self._look, self._words = look, words

    def _paint(self, row: Any, look: Look, *, chosen: bool, ghost: bool) -> QPixmap:
        colours = self._model.colours
        width = max((cell.left + cell.width for cell in look.cells), default=1)
        made = QPixmap(round(width * look.ratio), round(ROW_HEIGHT * look.ratio))
        made.setDevicePixelRatio(look.ratio)
        made.fill(QColor(chosen_surface(colours) if chosen else colours.surface))
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(0, ROW_HEIGHT - 1, width, 1), QColor(colours.hover))
        font = QFont(look.font)
        font.setStrikeOut(ghost)
        painter.setFont(font)
        quiet = ghost or look.stale
        painter.setPen(QColor(colours.quiet if quiet else colours.text))
        for cell in look.cells:
            self._paint_cell(painter, row, cell, look)
        painter.end()
        return made

    def _paint_cell(self, painter: QPainter, row: Any, cell: Cell, look: Look) -> None:
        column: Column[Any] = self._model.columns[cell.column]
        left, right = cell.left + _EDGE, cell.left + cell.width - _EDGE
        mark = column.mark(row) if column.mark is not None else None
        if mark is not None:
            mark = replace(mark, struck=mark.struck or look.stale)  # the last known state
            picture = self._mark(mark, look.ratio)
            painter.drawPixmap(QPointF(left, (ROW_HEIGHT - _MARK) / 2), picture)
            left += _MARK + _GAP
        text = column.text(row, self._model.speech)
        if text and right > left:
            laid = self._laid(text, right - left, look.font)
            size = laid.size()
            x = right - size.width() if column.align is Align.END else left
            painter.drawStaticText(QPointF(max(x, left), (ROW_HEIGHT - size.height()) / 2), laid)
        fraction = column.fraction(row) if column.fraction is not None else None
        if fraction is not None and right > left:
            self._paint_bar(painter, QRectF(left, ROW_HEIGHT - 6, right - left, _BAR), fraction)

    def _paint_bar(self, painter: QPainter, room: QRectF, fraction: float) -> None:
        colours = self._model.colours
        painter.fillRect(room, QColor(colours.hover))
        room.setWidth(room.width() * min(max(fraction, 0.0), 1.0))
        painter.fillRect(room, QColor(colours.accent))

    def _laid(self, text: str, width: int, font: QFont) -> QStaticText:
        """One line, cut off where it is too long."""
        known = self._texts.get((text, width))
        if known is None:
            if len(self._texts) >= _TEXTS:
                self._texts.clear()
            line = " ".join(text.split())
            shown = QFontMetricsF(font).elidedText(line, Qt.TextElideMode.ElideRight, width)
            known = self._texts[text, width] = QStaticText(shown)
            known.setTextFormat(Qt.TextFormat.PlainText)
            known.prepare(QTransform(), font)
        return known

    def _mark(self, mark: Mark, ratio: float) -> QPixmap:
        known = self._marks.get(mark)
        if known is None:
            colours = self._model.colours
            known = paint_mark(mark.shape, mark.struck, colours, _MARK, ratio)
            self._marks[mark] = known
        return known
