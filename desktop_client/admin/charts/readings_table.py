"""The readings behind a chart as a table: the same values, the newest first."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from desktop_client.admin.charts.lines import Graph, Line, Unit, moments
from desktop_client.admin.charts.scales import exact, moment_of, plain
from desktop_client.i18n import say

_Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ReadingsModel(QAbstractTableModel):
    """A row a moment, a column a line. New moments come in on top; the rest stays in place."""

    def __init__(self) -> None:
        super().__init__()
        self._times: list[datetime] = []
        self._values: list[dict[datetime, float | None]] = []
        self._names: tuple[str, ...] = ()
        self._unit = Unit.COUNT
        self._span = timedelta(0)
        self._zone: tzinfo | None = None
        self._language = "en"

    def show_graph(self, graph: Graph, language: str, zone: tzinfo | None) -> None:
        """Take a graph's readings."""
        times = moments(graph.lines, graph.start, graph.end)[::-1]
        names = tuple(line.name or graph.title for line in graph.lines)
        span = graph.end - graph.start
        same = (names, graph.unit, span, language, zone) == (
            self._names, self._unit, self._span, self._language, self._zone,
        )  # fmt: skip
        if not (same and self._goes_on(times)):
            self.beginResetModel()
            self._names, self._unit, self._span = names, graph.unit, span
            self._language, self._zone = language, zone
            self._times, self._values = times, _values(graph.lines)
            self.endResetModel()
            return
        self._values = _values(graph.lines)
        fresh = len(times) if not self._times else times.index(self._times[0])
        kept = len(times) - fresh
        if kept < len(self._times):
            self.beginRemoveRows(QModelIndex(), kept, len(self._times) - 1)
            del self._times[kept:]
            self.endRemoveRows()
        if fresh:
            self.beginInsertRows(QModelIndex(), 0, fresh - 1)
            self._times[:0] = times[:fresh]
            self.endInsertRows()
        if kept:
            last = self.index(len(self._times) - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(fresh, 0), last)

    def _goes_on(self, times: list[datetime]) -> bool:
        """Whether the new moments are the old ones, with more on top and fewer below."""
        if not self._times or self._times[0] not in times:
            return not self._times and not times
        begin = times.index(self._times[0])
        return times[begin:] == self._times[: len(times) - begin]

    def text(self) -> str:
        """All of it, tab-separated, with plain figures: for a spreadsheet."""
        heads = [self._head(i) for i in range(self.columnCount())]
        rows = [
            [at.astimezone(self._zone).isoformat(timespec="seconds")]
            + [plain(values.get(at), self._unit) for values in self._values]
            for at in self._times
        ]
        return "\n".join("\t".join(row) for row in [heads, *rows]) + "\n"

    def _head(self, column: int) -> str:
        return say("charts.time", self._language) if column == 0 else self._names[column - 1]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's way
        return 0 if parent.isValid() else len(self._times)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's way
        return 0 if parent.isValid() else len(self._names) + 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if index.column() == 0 else _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        at = self._times[index.row()]
        if index.column() == 0:
            return moment_of(at, self._span, self._zone, self._language)
        return exact(self._values[index.column() - 1].get(at), self._unit)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if section == 0 else _RIGHT
        return self._head(section) if role == Qt.ItemDataRole.DisplayRole else None


def _values(lines: tuple[Line, ...]) -> list[dict[datetime, float | None]]:
    return [dict(line.points) for line in lines]
