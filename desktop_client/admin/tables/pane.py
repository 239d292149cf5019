"""A table with everything around it: filter, columns, copy, export, and details at the right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.page import Shell
from desktop_client.admin.settings import TableSettings
from desktop_client.admin.tables import export
from desktop_client.admin.tables.column import Column, Speech
from desktop_client.admin.tables.field import FilterField
from desktop_client.admin.tables.filters import FilterError, complete, parse
from desktop_client.admin.tables.model import RowsModel
from desktop_client.admin.tables.view import LiveTable
from desktop_client.i18n import say
from desktop_client.model import Link
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, set_text

Row = TypeVar("Row")

_DETAIL = 380  # width of the details at first, in pixels
_LEAST_DETAIL = 300


class TablePane(QWidget, Generic[Row]):
    """Signals:
    selected(list): the ids of the selected rows.
    activated(str): Enter or a double click on a row.

    Attributes:
        bar: the row above the table, for the page's own buttons (they stand at its end).
        model, table: for what is not here.

    Args:
        key: names the table in the settings file.
        row_id: what stays the same while a row changes.
        detail: the page's own widget for what is selected; it scrolls, and keeps its place while
            rows update. Shown while something is selected.
        empty: key of the words for a table without rows.
        detail_width: of the details at first, in pixels.
    """

    selected = Signal(list)
    activated = Signal(str)

    def __init__(
        self,
        key: str,
        columns: Sequence[Column[Row]],
        row_id: Callable[[Row], str],
        shell: Shell,
        detail: QWidget | None = None,
        *,
        sort: str = "",
        descending: bool = False,
        empty: str = "admin.table.empty",
        detail_width: int = _DETAIL,
    ) -> None:
        super().__init__()
        self._key = key
        self._shell = shell
        self._empty = empty
        self._detail_width = detail_width
        self._actions: list[QAction] = []
        settings = shell.settings.table(key)
        self._default_sort = (sort, descending)
        if settings.sort:
            sort, descending = settings.sort, settings.descending
        self.model: RowsModel[Row] = RowsModel(
            columns, row_id, self._speech(), shell.colours, sort, descending, self
        )
        self.table = LiveTable(self.model)
        self._detail = _detail(detail) if detail is not None else None
        self._build(detail)
        self.table.arrange(settings)
        self._connect()
        self.dress()
        if settings.filter:
            self._field.show_text(settings.filter)

    def _build(self, detail: QWidget | None) -> None:
        self._field = FilterField(lambda text: complete(text, self.model.columns))
        self._fault = label("problem")
        self._fault.hide()
        self._count = label("quiet", wrap=False)
        self._more = QToolButton()
        self._more.setText("⋯")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._more)
        self._more.setMenu(self._menu)
        self.bar = QHBoxLayout()
        self.bar.setSpacing(GRID)
        self.bar.addWidget(self._field, 1)
        self.bar.addWidget(self._count)
        self.bar.addWidget(self._more)
        self._nothing = label("quiet")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._clear = button("link")
        self._clear.clicked.connect(lambda: self.set_filter(""))
        empty = QWidget()
        inside = QVBoxLayout(empty)
        inside.addStretch(1)
        inside.addWidget(self._nothing)
        inside.addWidget(self._clear, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(2)
        frame = QFrame()
        frame.setObjectName("table")
        self._stack = QStackedLayout(frame)
        self._stack.setContentsMargins(1, 1, 1, 1)
        self._stack.addWidget(self.table)
        self._stack.addWidget(empty)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(GRID * 2)
        self._split.addWidget(frame)
        if self._detail is not None:
            self._split.addWidget(self._detail)
            self._split.setStretchFactor(0, 1)
            self._split.setStretchFactor(1, 0)
            self._detail.hide()
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addLayout(self.bar)
        body.addWidget(self._fault)
        body.addWidget(self._split, 1)
        self.setFocusProxy(self.table)

    def _connect(self) -> None:
        self._field.written.connect(self._filter_written)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.model.counted.connect(self._counted)
        self.table.picked.connect(self._picked)
        self.table.opened.connect(self.activated)
        self.table.copied.connect(self.copy)
        self.table.arranged.connect(self._keep)
        self.table.columns_asked.connect(self._columns_asked)
        self.table.customContextMenuRequested.connect(self._menu_asked)
        self._split.splitterMoved.connect(self._keep)

    # -- rows -------------------------------------------------------------------------------------

    def show_rows(self, rows: Iterable[Row]) -> None:
        """Exactly these; the same objects cost nothing."""
        self.model.set_rows(rows)
        self._counted(*self.model.counts)

    def apply(self, changed: Sequence[Row], removed: Iterable[str] = ()) -> None:
        """New and changed rows, and the ids of those that are gone."""
        self.model.apply(changed, removed)

    def selected_ids(self) -> list[str]:
        return self.table.selected_ids()

    def selected_rows(self) -> list[Row]:
        rows = [self.model.find(key) for key in self.table.selected_ids()]
        return [row for row in rows if row is not None]

    def select(self, keys: Sequence[str]) -> None:
        """Select these rows, and show the first of them."""
        self.model.settle()
        self.table.select(keys)

    # -- filter -----------------------------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        return self._field.text()

    def set_filter(self, text: str) -> None:
        """As if it was typed."""
        self._field.show_text(text)

    def find_in_page(self) -> None:
        """Give the filter field the keyboard."""
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _filter_written(self, text: str) -> None:
        try:
            self.model.set_filter(parse(text))
        except FilterError as error:
            set_text(self._fault, error.sentence(self._shell.language))
            return
        set_text(self._fault, "")
        self._counted(*self.model.counts)
        self._keep()

    # -- words and looks --------------------------------------------------------------------------

    def dress(self) -> None:
        """Say everything in the shell's language, in its colours."""
        language = self._shell.language
        self.model.set_speech(self._speech(), self._shell.colours)
        self.table.set_stale(self._shell.fleet.link is not Link.ONLINE)
        self._field.setPlaceholderText(self._example())
        self._field.setAccessibleName(say("admin.table.filter", language))
        self._field.setToolTip(
            say(
                "admin.table.filter_help",
                language,
                names=", ".join(c.key for c in self.model.columns),
            )
        )
        self.table.setAccessibleName(say(self.model.columns[0].title, language))
        self._more.setAccessibleName(say("admin.table.more", language))
        self._more.setToolTip(say("admin.table.more", language))
        self._clear.setText(say("admin.table.clear", language))
        self._counted(*self.model.counts)

    def _example(self) -> str:
        """``Filter, such as state:ready``, with a column that has known values."""
        language = self._shell.language
        column = next((c for c in self.model.columns if c.values), None)
        if column is None:
            return say("admin.table.filter", language)
        example = f"{column.key}:{column.values[-1]}"
        return say("admin.table.filter_example", language, example=example)

    def _speech(self) -> Speech:
        return Speech(self._shell.language, self._shell.now(), self._shell.zone)

    def _counted(self, shown: int, total: int) -> None:
        language = self._shell.language
        key = "admin.table.count" if shown == total else "admin.table.count_of"
        if shown == total == 1:
            key = "admin.table.count_one"
        self._count.setText(say(key, language, shown=f"{shown:,}", total=f"{total:,}"))
        if not shown:
            none = say(self._empty, language)
            self._nothing.setText(say("admin.table.no_match", language) if total else none)
            self._clear.setVisible(bool(total))
        self._stack.setCurrentIndex(0 if shown or self.model.busy else 1)

    # -- columns, copy, export --------------------------------------------------------------------

    def add_action(self, action: QAction) -> None:
        """An entry of the menu of a row (right click); the page keeps its text and state."""
        self._actions.append(action)

    def copy(self, *, header: bool = False) -> None:
        """The selected rows to the clipboard, as a table."""
        rows, columns, speech = self.selected_rows(), self._shown(), self._speech()
        if rows:
            self._shell.bridge.work(
                self,
                lambda: export.as_tsv(rows, columns, speech, header=header),
                QGuiApplication.clipboard().setText,
            )

    def ask_for_csv(self) -> None:
        """Ask where to, then write what the filter shows."""
        language = self._shell.language
        dialog = QFileDialog(self, say("admin.table.export", language))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.setNameFilter("CSV (*.csv)")
        dialog.selectFile(f"{self._key}-{self._shell.now():%Y-%m-%d}.csv")
        dialog.fileSelected.connect(lambda name: self.write_csv(Path(name)))
        dialog.open()

    def write_csv(self, path: Path) -> None:
        """Write what the filter shows, in its order; a sentence says when it is done."""
        rows, columns, speech = self.model.shown_rows(), self._shown(), self._speech()

        def write() -> int:
            path.write_bytes(export.as_csv(rows, columns, speech))
            return len(rows)

        self._shell.bridge.work(self, write, lambda count: self._exported(count, path))

    def _exported(self, count: int, path: Path) -> None:
        language = self._shell.language
        key = "admin.table.exported_one" if count == 1 else "admin.table.exported"
        self._shell.tell_done(say(key, language, count=f"{count:,}", path=str(path)))

    def _shown(self) -> list[Column[Row]]:
        return [self.model.column(key) for key in self.table.shown_columns()]

    def _fill_menu(self) -> None:
        self._menu.clear()
        language = self._shell.language
        picked = bool(self.table.selected_ids())
        for key, function in (
            ("admin.table.copy", lambda: self.copy()),
            ("admin.table.copy_header", lambda: self.copy(header=True)),
        ):
            entry = self._menu.addAction(say(key, language))
            entry.setEnabled(picked)
            entry.triggered.connect(function)
        everything = self._menu.addAction(say("admin.table.select_all", language))
        everything.triggered.connect(self.table.selectAll)
        self._menu.addSeparator()
        csv = self._menu.addAction(say("admin.table.export", language))
        csv.setEnabled(bool(self.model.rowCount()))
        csv.setShortcut(QKeySequence("Ctrl+E"))
        csv.setShortcutVisibleInContextMenu(True)
        csv.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # the window's own does it
        csv.triggered.connect(self.ask_for_csv)
        self._menu.addSeparator()
        self._add_columns(self._menu.addMenu(say("admin.table.columns", language)))

    def _add_columns(self, menu: QMenu) -> None:
        language, shown = self._shell.language, set(self.table.shown_columns())
        for column in self.model.columns:
            entry = menu.addAction(say(column.title, language))
            entry.setCheckable(True)
            entry.setChecked(column.key in shown)
            entry.toggled.connect(lambda on, key=column.key: self.table.show_column(key, shown=on))
        menu.addSeparator()
        menu.addAction(say("admin.table.columns_reset", language)).triggered.connect(self._reset)

    def _reset(self) -> None:
        sort, descending = self._default_sort
        if sort:
            self.model.set_sort(sort, descending)
        self.table.arrange(TableSettings())
        self._keep()

    def _columns_asked(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._add_columns(menu)
        menu.popup(at)

    def _menu_asked(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self._actions)
        menu.addSeparator()
        language, picked = self._shell.language, bool(self.table.selected_ids())
        copy = menu.addAction(say("admin.table.copy", language))
        copy.setEnabled(picked)
        copy.triggered.connect(lambda: self.copy())
        menu.popup(self.table.viewport().mapToGlobal(at))

    # -- what is selected -------------------------------------------------------------------------

    def _picked(self, keys: list[str]) -> None:
        if self._detail is not None:
            self._detail.setVisible(bool(keys))
            if keys and self._split.sizes()[1] < _LEAST_DETAIL:
                wanted = self._shell.settings.table(self._key).detail or self._detail_width
                self._split.setSizes([max(self._split.width() - wanted, 1), wanted])
        self.selected.emit(keys)

    def _keep(self, *_: Any) -> None:
        settings = self.table.arrangement(self._shell.settings.table(self._key))
        detail = settings.detail
        if self._detail is not None and self._detail.isVisible():
            detail = self._split.sizes()[1]
        self._shell.keep_table(
            self._key,
            TableSettings(
                columns=settings.columns,
                widths=settings.widths,
                sort=settings.sort,
                descending=settings.descending,
                filter=self._field.text(),
                detail=detail,
            ),
        )


def _detail(inner: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setObjectName("detail")
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setMinimumWidth(_LEAST_DETAIL)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    return area
