"""The table itself: rows keep still under the pointer, columns are moved, sized and chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QToolTip, QWidget

from desktop_client.admin.settings import TableSettings
from desktop_client.admin.tables.column import Align
from desktop_client.admin.tables.model import RowsModel
from desktop_client.admin.tables.painting import ROOM, ROW_HEIGHT, Cell, Look, RowPainter

_ROOT = QModelIndex()
_STILL_MS = 30_000  # a pointer that lies there for so long is nobody's
_MANY = 200  # so many selected rows hold the order as a pointer does
_NARROWEST = 48
_SELECT_ROWS = (
    QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
)


class LiveTable(QTableView):
    """Signals:
    picked(list): the ids of the selected rows, in their order.
    opened(str): Enter or a double click on a row.
    copied(): Ctrl+C.
    arranged(): a person changed columns, widths or the order.
    columns_asked(object): a right click on the header, where (a global QPoint).
    """

    picked = Signal(list)
    opened = Signal(str)
    copied = Signal()
    arranged = Signal()
    columns_asked = Signal(object)

    def __init__(self, model: RowsModel[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._arranging = False
        self._pointed = False
        self._kept: tuple[list[str], str, int] = ([], "", 0)
        self._last: list[str] = []
        self._chosen: list[str] | None = None  # ids; looked up when somebody asks
        self._painter = RowPainter(model)
        self._stale = False
        self.setModel(model)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table
        self.setAlternatingRowColors(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.viewport().setMouseTracking(True)
        self._set_up_headers()
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(_STILL_MS)
        self._still.timeout.connect(self._pointer_left)
        model.rebuilding.connect(self._keep_place)
        model.rebuilt.connect(self._restore_place)
        model.layoutChanged.connect(self._forget_chosen)  # another order
        self.selectionModel().selectionChanged.connect(self._selection_changed)
        self.doubleClicked.connect(self._open)

    def _set_up_headers(self) -> None:
        down = self.verticalHeader()
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setMinimumSectionSize(ROW_HEIGHT)
        down.setDefaultSectionSize(ROW_HEIGHT)
        across = self.horizontalHeader()
        across.setSectionsMovable(True)
        across.setSectionsClickable(True)
        across.setHighlightSections(False)
        across.setMinimumSectionSize(_NARROWEST)
        across.setSortIndicatorShown(True)
        across.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        across.customContextMenuRequested.connect(
            lambda at: self.columns_asked.emit(across.mapToGlobal(at))
        )
        across.sectionClicked.connect(self._sort_by)
        across.sectionMoved.connect(self._rearranged)
        across.sectionResized.connect(self._rearranged)

    # -- columns ----------------------------------------------------------------------------------

    def arrange(self, settings: TableSettings) -> None:
        """Columns, widths and order as they were, or as the page has them."""
        self._arranging = True
        columns, header = self._model.columns, self.horizontalHeader()
        known = {column.key: place for place, column in enumerate(columns)}
        shown = [key for key in settings.columns if key in known]
        if not shown:
            shown = [column.key for column in columns if column.shown_by_default]
        rest = [key for key in known if key not in shown]
        for place, key in enumerate([*shown, *rest]):
            header.moveSection(header.visualIndex(known[key]), place)
            self.setColumnHidden(known[key], key not in shown)
            column = columns[known[key]]
            self.setColumnWidth(known[key], settings.widths.get(key, column.width))
        self._show_sort()
        self._stretch_last()
        self._arranging = False

    def _stretch_last(self) -> None:
        """Words at the end take the room that is left; a number would stand far from its row."""
        last = self._model.column(self.shown_columns()[-1])
        self.horizontalHeader().setStretchLastSection(last.align is Align.START)

    def shown_columns(self) -> list[str]:
        """Keys, from left to right."""
        header, columns = self.horizontalHeader(), self._model.columns
        places = [header.logicalIndex(v) for v in range(header.count())]
        return [columns[p].key for p in places if not self.isColumnHidden(p)]

    def show_column(self, key: str, shown: bool) -> None:
        """Show or hide one; the last one stays."""
        if shown or len(self.shown_columns()) > 1:
            place = [column.key for column in self._model.columns].index(key)
            self._arranging = True
            self.setColumnHidden(place, not shown)
            self._stretch_last()
            self._arranging = False
            self.arranged.emit()

    def arrangement(self, settings: TableSettings) -> TableSettings:
        """The settings with the columns as they are now."""
        shown = self.shown_columns()
        default = [c.key for c in self._model.columns if c.shown_by_default]
        widths = {
            column.key: self.columnWidth(place)
            for place, column in enumerate(self._model.columns)
            if column.key in shown[:-1] and self.columnWidth(place) != column.width
        }
        return TableSettings(
            columns=() if shown == default else tuple(shown),
            widths=widths,
            sort=self._model.sort_key,
            descending=self._model.descending,
            filter=settings.filter,
            detail=settings.detail,
        )

    def _sort_by(self, section: int) -> None:
        key = self._model.columns[section].key
        again = key == self._model.sort_key
        self._model.set_sort(key, descending=again and not self._model.descending)
        self._show_sort()
        self.arranged.emit()

    def _show_sort(self) -> None:
        keys = [column.key for column in self._model.columns]
        order = Qt.SortOrder.DescendingOrder
        if not self._model.descending:
            order = Qt.SortOrder.AscendingOrder
        if self._model.sort_key in keys:
            self.horizontalHeader().setSortIndicator(keys.index(self._model.sort_key), order)

    def _rearranged(self) -> None:
        if not self._arranging:
            self._arranging = True
            self._stretch_last()
            self._arranging = False
            self.arranged.emit()

    # -- selection --------------------------------------------------------------------------------

    def selected_ids(self) -> list[str]:
        """In the order of the table; ghosts are not in it."""
        model = self._model
        if self._chosen is None:
            self._chosen = [model.id_at(place) for place in sorted(self._selected_places())]
        return [key for key in self._chosen if model.find(key) is not None]

    def _forget_chosen(self) -> None:
        """Which rows are chosen, and in which order, is to be looked up again."""
        self._chosen = None

    def _selected_places(self) -> list[int]:
        return [
            place
            for part in self.selectionModel().selection().toList()
            for place in range(part.top(), part.bottom() + 1)
        ]

    def select(self, keys: Sequence[str], *, scroll: bool = True) -> None:
        """Select these rows and no others; those that are not shown are left out."""
        chosen = QItemSelection()
        last = self._model.columnCount() - 1
        places = [p for key in keys if (p := self._model.place_of(key)) is not None]
        for place in places:
            chosen.select(self._model.index(place, 0), self._model.index(place, last))
        if places:
            first = self._model.index(places[0], 0)
            self.selectionModel().setCurrentIndex(first, _SELECT_ROWS)
            if scroll:
                self.scrollTo(first)
        self.selectionModel().select(chosen, _SELECT_ROWS)

    def _selection_changed(self) -> None:
        self._chosen = None
        count = sum(part.height() for part in self.selectionModel().selection().toList())
        if count > _MANY:
            self._model.hold("many")
        else:
            self._model.release("many")
        keys = self.selected_ids()
        if keys != self._last:
            self._last = keys
            self.picked.emit(keys)

    def _keep_place(self) -> None:
        current = self.currentIndex()
        key = self._model.id_at(current) if current.isValid() else ""
        self._kept = (self.selected_ids(), key, self.verticalScrollBar().value())

    def _restore_place(self) -> None:
        keys, current, scroll = self._kept
        selection = self.selectionModel()
        place = self._model.place_of(current)
        if place is not None:
            selection.setCurrentIndex(
                self._model.index(place, 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        self.select([key for key in keys if self._model.place_of(key) is not None], scroll=False)
        self.verticalScrollBar().setValue(scroll)
        self._selection_changed()

    # -- painting ---------------------------------------------------------------------------------

    def set_stale(self, stale: bool) -> None:
        """Whether this is the past: quiet then."""
        if stale != self._stale:
            self._stale = stale
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Row by row from pictures of rows: a delegate would lay out each text at each paint."""
        header, selection = self.horizontalHeader(), self.selectionModel()
        places = [header.logicalIndex(v) for v in range(header.count())]
        cells = tuple(
            Cell(p, header.sectionPosition(p), header.sectionSize(p))
            for p in places
            if not self.isColumnHidden(p)
        )
        look = Look(cells, self.font(), self.devicePixelRatioF(), self._stale)
        top, bottom = event.rect().top(), event.rect().bottom()
        first, last = self.rowAt(top), self.rowAt(bottom)
        if last < 0:
            last = self._model.rowCount() - 1
        painter = QPainter(self.viewport())
        for place in range(max(first, 0), last + 1) if first >= 0 else ():
            chosen = selection.isRowSelected(place, _ROOT)
            picture = self._painter.picture(place, look, chosen=chosen)
            painter.drawPixmap(-header.offset(), self.rowViewportPosition(place), picture)
        current = self.currentIndex()
        if self.hasFocus() and current.isValid():
            pen = QPen(QColor(self._model.colours.accent), 2)
            painter.setPen(pen)
            y = self.rowViewportPosition(current.row())
            width = min(header.length() - header.offset(), self.viewport().width())
            painter.drawRect(1, y + 1, width - 2, ROW_HEIGHT - 3)
        painter.end()

    # -- pointer and keyboard ---------------------------------------------------------------------

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        kind = event.type()
        if kind in (QEvent.Type.Enter, QEvent.Type.MouseMove, QEvent.Type.Wheel):
            self._pointed = True
            self._model.hold("pointer")
            self._still.start()
        elif kind in (QEvent.Type.Leave, QEvent.Type.Hide) and self._pointed:
            self._pointer_left()
        elif kind is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._tip(event)
            return True
        return super().viewportEvent(event)

    def _tip(self, event: QHelpEvent) -> None:
        """The column's own, or the whole text where it is cut off."""
        index = self.indexAt(event.pos())
        text = index.data(Qt.ItemDataRole.ToolTipRole) if index.isValid() else ""
        if index.isValid() and not text:
            told = str(index.data())
            if self.fontMetrics().horizontalAdvance(told) > self.columnWidth(index.column()) - ROOM:
                text = told
        QToolTip.showText(event.globalPos(), text or "", self.viewport())

    def _pointer_left(self) -> None:
        self._pointed = False
        self._still.stop()
        self._model.release("pointer")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copied.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(self._model.id_at(index))
