"""A live table's model: rows by id, sorted and filtered by an index of its own.

It is never reset while rows update. What takes longer than a moment (a first fill, another sort or
filter of thousands of rows) is prepared in slices between Qt's events and shown at once when done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from desktop_client.admin.tables.column import Align, Column, Speech, natural
from desktop_client.admin.tables.filters import Filter, matcher
from desktop_client.admin.tables.order import Plan, RowOrder, runs
from desktop_client.i18n import say
from desktop_client.theme import Colours

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
Job = Generator[None, None, None]
_ROOT = QModelIndex()

_SLICE_SECONDS = 0.004
_CHECK_EVERY = 16  # rows between two looks at the clock
_AT_ONCE = 200  # so many changed rows need no slices
_MOST_PIECES = 80  # more rows that come or go at once are shown by a reset

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_DISPLAY = Qt.ItemDataRole.DisplayRole
_ALIGNMENT = Qt.ItemDataRole.TextAlignmentRole
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
        self._holds: set[str] = set()
        self._settling = False
        self._rebuilding: Job | None = None
        self._jobs: list[Job] = []
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
    def colours(self) -> Colours:
        return self._colours

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
        return len(self._order), len(self._order.rows)

    def row_at(self, index: Index | int) -> Row:
        place = index if isinstance(index, int) else index.row()
        return self._order.row(self._order.id_at(place))

    def id_at(self, index: Index | int) -> str:
        return self._order.id_at(index if isinstance(index, int) else index.row())

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
        return [order.rows[key] for key in order.ids() if key in order.rows]

    # -- rows ---------------------------------------------------------------------------------

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Exactly these. Those that are the same objects cost nothing."""
        self.settle()
        old, new = self._order.rows, {self._row_id(row): row for row in rows}
        changed = [row for key, row in new.items() if old.get(key) is not row]
        self.apply(changed, [key for key in old if key not in new])

    def apply(self, changed: Sequence[Row], removed: Iterable[str] = ()) -> None:
        """New or changed rows, whole; and the ids of those that are gone."""
        rows = {self._row_id(row): row for row in changed}
        gone = [key for key in removed if key not in rows]
        if rows or gone:
            self._do(self._apply(rows, gone), at_once=len(rows) <= _AT_ONCE)
        self._count()

    def _apply(self, changed: dict[str, Row], removed: list[str]) -> Job:
        order = self._order
        plan = order.plan((), removed)
        for key, row in changed.items():
            order.take(key, row, plan)
            yield
        self._carry_out(plan)

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
        self._speech, self._colours = speech, colours
        if len(self._order):
            self._tell(0, len(self._order) - 1)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        if language and self.total:
            self._rebuild()

    def hold(self, reason: str) -> None:
        """From now on nothing moves; rows change in place, new ones are appended."""
        self._holds.add(reason)
        self._hold_or_release()

    def release(self, reason: str) -> None:
        """Once no reason is left: order again what changed meanwhile."""
        if reason in self._holds:
            self._holds.remove(reason)
            self._hold_or_release()

    def _hold_or_release(self) -> None:
        if self._jobs or self._order.frozen is bool(self._holds):
            return  # after the jobs
        if self._holds:
            self._order.freeze()
        else:
            self._thaw()

    def _thaw(self) -> None:
        order = self._order
        outdated = order.outdated()
        if len(outdated) > _MOST_PIECES:
            with self._reset():
                order.thaw()
        else:
            places = [p for key in outdated if (p := order.place(key)) is not None]
            for place in sorted(places, reverse=True):
                self._remove(place)
            if order.is_sorted():
                order.thaw()
            else:
                self.layoutAboutToBeChanged.emit()
                kept = self._persistent()
                order.thaw()
                self._moved(kept)
        self._count()

    def _rebuild(self) -> None:
        # A rebuilding that is under way has shown nothing yet: the newer one takes its place.
        self._jobs = [job for job in self._jobs if job is not self._rebuilding]
        self._rebuilding = self._rebuilt_order()
        self._do(self._rebuilding, at_once=self.total <= _AT_ONCE)

    def _rebuilt_order(self) -> Job:
        old = self._order
        made: RowOrder[Row] = RowOrder(self._sorter(), self._descending, self._matcher())
        for key, row in old.rows.items():
            made.fill(key, row)
            yield
        made.filled()
        before, after = old.ids(), made.ids()
        if before == after:
            self._order = made
        elif len(before) == len(after) and set(before) == set(after):
            self.layoutAboutToBeChanged.emit()
            kept = self._persistent()
            self._order = made
            self._moved(kept)
        else:
            with self._reset():
                self._order = made
        self._count()

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

    def _do(self, job: Job, *, at_once: bool) -> None:
        self._jobs.append(job)
        if at_once and len(self._jobs) == 1 and not self._settling:
            self.settle()
        else:
            self._timer.start()

    def _work(self) -> None:
        until = time.monotonic() + _SLICE_SECONDS
        count = 0
        self._settling = True
        try:
            while self._jobs:
                count += 1
                job = self._jobs[0]
                if next(job, self) is self:
                    self._jobs.remove(job)
                if count % _CHECK_EVERY == 0 and time.monotonic() > until:
                    return
        finally:
            self._settling = False
        self._idle()

    def settle(self) -> None:
        """Finish what is being prepared, now."""
        if self._settling:
            return  # asked for by somebody who hears of what is being shown
        self._settling = True
        try:
            while self._jobs:
                job = self._jobs[0]
                for _ in job:
                    pass
                self._jobs.remove(job)
        finally:
            self._settling = False
        self._idle()

    def _idle(self) -> None:
        self._timer.stop()
        self._hold_or_release()

    @property
    def busy(self) -> bool:
        """Whether something is being prepared."""
        return bool(self._jobs)

    # -- telling the views ------------------------------------------------------------------------

    def _carry_out(self, plan: Plan) -> None:
        order = self._order
        if plan.pieces > _MOST_PIECES and len(order):
            with self._reset():
                self._all_at_once(plan)
        elif plan.pieces > _MOST_PIECES:
            self.beginInsertRows(_ROOT, 0, len(plan.arriving) - 1)
            self._all_at_once(plan)
            self.endInsertRows()
        else:
            self._one_by_one(plan)
        places = [p for key in (*plan.still, *plan.moving) if (p := order.place(key)) is not None]
        for first, last in runs(sorted(places)):
            self._tell(first, last)
        self._count()

    def _all_at_once(self, plan: Plan) -> None:
        for key in plan.leaving:
            place = self._order.place(key)
            assert place is not None
            self._order.leave(place)
        self._order.move(plan.moving)
        self._order.arrive_all(plan.arriving)

    def _one_by_one(self, plan: Plan) -> None:
        order = self._order
        for key in plan.leaving:
            place = order.place(key)
            assert place is not None
            self._remove(place)
        if plan.moving:
            self.layoutAboutToBeChanged.emit()
            kept = self._persistent()
            order.move(plan.moving)
            self._moved(kept)
        for key in plan.arriving:
            place = order.place_for(key)
            self.beginInsertRows(_ROOT, place, place)
            order.arrive(key)
            self.endInsertRows()

    def _remove(self, place: int) -> None:
        self.beginRemoveRows(_ROOT, place, place)
        self._order.leave(place)
        self.endRemoveRows()

    def _persistent(self) -> list[tuple[QModelIndex, str]]:
        """What the views hold on to, by id.

        Asked for after layoutAboutToBeChanged: only then does a selection hold on to all its cells.
        """
        return [(index, self._order.id_at(index.row())) for index in self.persistentIndexList()]

    def _moved(self, kept: list[tuple[QModelIndex, str]]) -> None:
        after = []
        for index, key in kept:
            place = self._order.place(key)
            after.append(_ROOT if place is None else self.index(place, index.column()))
        self.changePersistentIndexList([index for index, _ in kept], after)
        self.layoutChanged.emit()

    @contextmanager
    def _reset(self) -> Iterator[None]:
        """The rare case: too much at once for anything else. The views keep place and choice."""
        self.rebuilding.emit()
        self.beginResetModel()
        yield
        self.endResetModel()
        self.rebuilt.emit()

    def _tell(self, first: int, last: int) -> None:
        # createIndex: index() would ask for the numbers of rows and columns each time.
        last_column = len(self.columns) - 1
        self.dataChanged.emit(self.createIndex(first, 0), self.createIndex(last, last_column))

    def _count(self) -> None:
        counts = self.counts
        if counts != self._counted:
            self._counted = counts
            self.counted.emit(*counts)

    # -- QAbstractTableModel ----------------------------------------------------------------------

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        column = self.columns[index.column()]
        if role == _DISPLAY:
            return column.text(self.row_at(index), self._speech)
        if role == _TOOLTIP and column.tooltip is not None:
            return column.tooltip(self.row_at(index), self._speech)
        if role == _ACCESSIBLE:
            title = say(column.title, self._speech.language)
            return f"{title}: {column.text(self.row_at(index), self._speech)}"
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
