"""A live table's model: rows by id, sorted and filtered by an index of its own.

It is never reset while rows update. What takes longer than a moment (a first fill, another sort or
filter of thousands of rows) is prepared in slices between Qt's events and shown at once when done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QIcon

from desktop_client.admin.tables.column import Align, Column, Mark, Speech, natural
from desktop_client.admin.tables.filters import Filter, matcher
from desktop_client.admin.tables.order import RowOrder, runs
from desktop_client.i18n import say
from desktop_client.shapes import mark as paint_mark
from desktop_client.theme import Colours

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()

MARK_SIZE = 12  # of a mark in a cell, in pixels
_SLICE_SECONDS = 0.004
_CHECK_EVERY = 16  # rows between two looks at the clock
_AT_ONCE = 200  # so many changed rows need no slices
_MOST_RUNS = 60  # more pieces than that are shown by a reset that keeps the selection
_TEXTS = 4000  # rows whose texts are remembered

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_DISPLAY = Qt.ItemDataRole.DisplayRole
_ALIGNMENT = Qt.ItemDataRole.TextAlignmentRole
_DECORATION = Qt.ItemDataRole.DecorationRole
_FOREGROUND = Qt.ItemDataRole.ForegroundRole
_FONT = Qt.ItemDataRole.FontRole
_TOOLTIP = Qt.ItemDataRole.ToolTipRole
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole


class RowsModel(QAbstractTableModel, Generic[Row]):
    """See the module.

    Signals:
        counted(int, int): so many rows are shown, of so many.
        rebuilding(), rebuilt(): around the rare reset (another filter): the view keeps its place.

    Args:
        row_id: what stays the same while a row changes.
        sort_key: of the column that sorts at first.
    """

    counted = Signal(int, int)
    rebuilding = Signal()
    rebuilt = Signal()

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        row_id: Callable[[Row], str],
        speech: Speech,
        colours: Colours,
        sort_key: str = "",
        descending: bool = False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._row_id = row_id
        self._speech = speech
        self._colours = colours
        self._sort_key = sort_key or self.columns[0].key
        self._descending = descending
        self._filter = Filter()
        self._order: RowOrder[Row] = RowOrder(self._sorter(), descending)
        self._texts: dict[str, tuple[Row, list[str | None]]] = {}
        self._icons: dict[Mark, QIcon] = {}
        self._holds: set[str] = set()
        self._rebuilding: Generator[None, None, None] | None = None
        self._jobs: list[Generator[None, None, None]] = []
        self._counted = (-1, -1)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._work)

    # -- what is asked of it ----------------------------------------------------------------------

    @property
    def sort_key(self) -> str:
        return self._sort_key

    @property
    def descending(self) -> bool:
        return self._descending

    @property
    def speech(self) -> Speech:
        return self._speech

    @property
    def frozen(self) -> bool:
        """Whether the order is held."""
        return self._order.frozen

    @property
    def total(self) -> int:
        """Rows, those that the filter hides too."""
        return len(self._order.rows)

    @property
    def counts(self) -> tuple[int, int]:
        """So many rows are shown, of so many."""
        return len(self._order.ids), len(self._order.rows)

    def row_at(self, index: Index | int) -> Row:
        place = index if isinstance(index, int) else index.row()
        return self._order.row(self._order.ids[place])

    def id_at(self, index: Index | int) -> str:
        return self._order.ids[index if isinstance(index, int) else index.row()]

    def find(self, key: str) -> Row | None:
        """A row by its id, shown or not; None when it is gone."""
        return self._order.rows.get(key)

    def place_of(self, key: str) -> int | None:
        """At which place a row is shown; None while it is not."""
        return self._order.place(key)

    def is_ghost(self, key: str) -> bool:
        """Gone, and shown only until the order is let go."""
        return key in self._order.ghosts

    def shown_rows(self) -> list[Row]:
        """All that pass the filter, in order."""
        order = self._order
        return [order.rows[key] for key in order.ids if key in order.rows]

    # -- rows ---------------------------------------------------------------------------------

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Exactly these. Those that are the same objects cost nothing."""
        self.settle()
        old, new = self._order.rows, {self._row_id(row): row for row in rows}
        changed = [row for key, row in new.items() if old.get(key) is not row]
        self.apply(changed, [key for key in old if key not in new])

    def apply(self, changed: Sequence[Row], removed: Iterable[str] = ()) -> None:
        """New or changed rows, whole; and the ids of those that are gone."""
        gone = list(removed)
        if not changed and not gone:
            self._count()
            return
        self._do(self._apply(changed, gone), at_once=len(changed) <= _AT_ONCE)

    def _apply(self, changed: Sequence[Row], removed: list[str]) -> Generator[None, None, None]:
        keys = [self._row_id(row) for row in changed]
        order = self._order
        # Whoever asks meanwhile sees the old order; rows are taken over just before it changes.
        if len(changed) > _AT_ONCE:
            made = order.empty()
            for key, row in zip(keys, changed, strict=True):
                made.take(key, row)
                yield
            order.adopt(made)
        else:
            for key, row in zip(keys, changed, strict=True):
                order.take(key, row)
        for key in removed:
            order.drop(key)
        self._show(order.target([*keys, *removed]), keys)

    # -- order and filter -------------------------------------------------------------------------

    def set_sort(self, key: str, descending: bool = False) -> None:
        """By another column."""
        self._sort_key, self._descending = key, descending
        self._rebuild()

    def set_filter(self, found: Filter) -> None:
        """Show only what passes. Raises FilterError, and then nothing changes."""
        matcher(found, self.columns, self._speech)
        if found != self._filter:
            self._filter = found
            self._rebuild()

    def set_speech(self, speech: Speech, colours: Colours) -> None:
        """Another language, zone or theme: every text is asked for again."""
        language = speech.language != self._speech.language
        if colours is not self._colours:
            self._icons.clear()
        self._speech, self._colours = speech, colours
        self._texts.clear()
        if self._order.ids:
            self._tell(0, len(self._order.ids) - 1)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        if language and self.total:
            self._rebuild()

    def hold(self, reason: str) -> None:
        """From now on nothing moves; rows change in place, new ones are appended."""
        self._holds.add(reason)
        self._order.frozen = True

    def release(self, reason: str) -> None:
        """Once no reason is left: order again what changed meanwhile."""
        if reason in self._holds:
            self._holds.remove(reason)
            if not self._holds:
                self._do(self._release(), at_once=True)

    def _release(self) -> Generator[None, None, None]:
        self._order.frozen = bool(self._holds)
        if not self._holds:
            self._show(self._order.whole(), ())
        yield

    def _rebuild(self) -> None:
        # A rebuilding that is under way has shown nothing yet: the newer one takes its place.
        self._jobs = [job for job in self._jobs if job is not self._rebuilding]
        self._rebuilding = self._rebuilt_order()
        self._do(self._rebuilding, at_once=self.total <= _AT_ONCE)

    def _rebuilt_order(self) -> Generator[None, None, None]:
        old = self._order
        made: RowOrder[Row] = RowOrder(self._sorter(), self._descending, self._matcher())
        for key, row in old.rows.items():
            made.take(key, row)
            yield
        made.ids, made.ghosts = old.ids, old.ghosts  # until the views know better
        self._order = made
        self._show(made.whole(), ())
        made.frozen = bool(self._holds)

    def _sorter(self) -> Callable[[Row], Any]:
        column = self.column(self._sort_key)
        if column.sort is not None:
            return column.sort
        text, speech = column.text, self._speech
        return lambda row: natural(text(row, speech))

    def _matcher(self) -> Callable[[Row], bool] | None:
        if not self._filter.terms:
            return None
        return matcher(self._filter, self.columns, self._speech)

    def column(self, key: str) -> Column[Row]:
        """By its key; the first for one that a newer program wrote down."""
        return next((c for c in self.columns if c.key == key), self.columns[0])

    # -- work in slices ---------------------------------------------------------------------------

    def _do(self, job: Generator[None, None, None], *, at_once: bool) -> None:
        if at_once and not self._jobs:
            for _ in job:
                pass
            return
        self._jobs.append(job)
        self._timer.start()

    def _work(self) -> None:
        until = time.monotonic() + _SLICE_SECONDS
        count = 0
        while self._jobs:
            count += 1
            if next(self._jobs[0], self) is self:
                self._jobs.pop(0)
            if count % _CHECK_EVERY == 0 and time.monotonic() > until:
                return
        self._timer.stop()

    def settle(self) -> None:
        """Finish what is being prepared, now."""
        while self._jobs:
            for _ in self._jobs[0]:
                pass
            self._jobs.pop(0)
        self._timer.stop()

    @property
    def busy(self) -> bool:
        """Whether something is being prepared."""
        return bool(self._jobs)

    # -- telling the views ------------------------------------------------------------------------

    def _show(self, ids: list[str], changed: Sequence[str]) -> None:
        old = self._order.ids
        if ids is not old and ids != old:
            self._reorder(old, ids)
        if not self._order.frozen:
            self._order.ghosts.clear()
        places = sorted(p for k in changed if (p := self._order.place(k)) is not None)
        pieces = runs(places)
        if len(pieces) > _MOST_RUNS:
            self._tell(places[0], places[-1])
        else:
            for first, last in pieces:
                self._tell(first, last)
        self._count()

    def _tell(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def _reorder(self, old: list[str], new: list[str]) -> None:
        staying, arriving = set(new), set(new).difference(old)
        lost = runs([p for p, key in enumerate(old) if key not in staying])
        fresh = runs([p for p, key in enumerate(new) if key in arriving])
        if len(lost) + len(fresh) > _MOST_RUNS:
            self.rebuilding.emit()
            self.beginResetModel()
            self._order.set(new)
            self.endResetModel()
            self.rebuilt.emit()
            return
        kept = old
        for first, last in reversed(lost):
            self.beginRemoveRows(_ROOT, first, last)
            kept = kept[:first] + kept[last + 1 :]
            self._order.set(kept)
            self.endRemoveRows()
        moved = [key for key in new if key not in arriving] if arriving else new
        if moved != kept:
            self._move(kept, moved)
            kept = moved
        for first, last in fresh:
            self.beginInsertRows(_ROOT, first, last)
            kept = kept[:first] + new[first : last + 1] + kept[first:]
            self._order.set(kept)
            self.endInsertRows()

    def _move(self, old: list[str], new: list[str]) -> None:
        hint = QAbstractItemModel.LayoutChangeHint.VerticalSortHint
        self.layoutAboutToBeChanged.emit([], hint)
        before = self.persistentIndexList()
        keys = [old[index.row()] for index in before]
        self._order.set(new)
        places = {key: self._order.place(key) for key in set(keys)}
        after = [
            self.index(place, index.column()) if (place := places[key]) is not None else _ROOT
            for key, index in zip(keys, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit([], hint)

    def _count(self) -> None:
        counts = self.counts
        if counts != self._counted:
            self._counted = counts
            self.counted.emit(*counts)

    # -- QAbstractTableModel ----------------------------------------------------------------------

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._order.ids)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        # Called thousands of times a paint: the roles in the order of how often they matter.
        if role == _DISPLAY:
            return self._text(index.row(), index.column())
        if role == _ALIGNMENT:
            return _RIGHT if self.columns[index.column()].align is Align.END else _LEFT
        if role == _DECORATION:
            return self._mark(index)
        if role in (_FOREGROUND, _FONT):
            return self._look(index, role) if self._order.ghosts else None
        if role == _TOOLTIP:
            column = self.columns[index.column()]
            if column.tooltip is not None:
                return column.tooltip(self.row_at(index), self._speech)
            return None
        if role == _ACCESSIBLE:
            column = self.columns[index.column()]
            title = self.headerData(index.column(), Qt.Orientation.Horizontal)
            return f"{title}: {self._text(index.row(), index.column())}" if column.title else ""
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == _DISPLAY:
            return say(column.title, self._speech.language)
        if role == _ALIGNMENT:
            return _RIGHT if column.align is Align.END else _LEFT
        return None

    def _text(self, place: int, column: int) -> str:
        key = self._order.ids[place]
        row = self._order.row(key)
        known = self._texts.get(key)
        if known is None or known[0] is not row:
            if len(self._texts) >= _TEXTS:
                self._texts.clear()
            known = self._texts[key] = (row, [None] * len(self.columns))
        text = known[1][column]
        if text is None:
            text = known[1][column] = self.columns[column].text(row, self._speech)
        return text

    def _mark(self, index: Index) -> QIcon | None:
        column = self.columns[index.column()]
        if column.mark is None:
            return None
        mark = column.mark(self.row_at(index))
        if mark is None:
            return None
        icon = self._icons.get(mark)
        if icon is None:
            icon = QIcon()
            for ratio in (1.0, 2.0):
                icon.addPixmap(paint_mark(mark.shape, mark.struck, self._colours, MARK_SIZE, ratio))
            self._icons[mark] = icon
        return icon

    def _look(self, index: Index, role: int) -> Any:
        if self.id_at(index) not in self._order.ghosts:
            return None
        if role == _FOREGROUND:
            return QColor(self._colours.quiet)
        font = QFont()
        font.setStrikeOut(True)
        return font
