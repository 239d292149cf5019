"""Which rows a table shows and in which order: an index of its own, changed row by row. Pure.

The order is kept sorted while rows change, or frozen while somebody points at it: then rows change
in place, new ones are appended, removed ones stay as ghosts, until it is let go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


class RowOrder(Generic[Row]):
    """See the module.

    Attributes:
        rows: every row by id, those that the filter hides too; ghosts are not in it.
        ids: what is shown, in order.
        ghosts: rows that are gone and still shown.
    """

    def __init__(
        self,
        sort: Callable[[Row], Any],
        descending: bool = False,
        passes: Callable[[Row], bool] | None = None,
    ) -> None:
        self.rows: dict[str, Row] = {}
        self.ids: list[str] = []
        self.ghosts: dict[str, Row] = {}
        self.frozen = False
        self.descending = descending
        self._sort = sort
        self._passes = passes
        self._keys: dict[str, Any] = {}
        self._hidden: set[str] = set()
        self._places: dict[str, int] | None = None

    def row(self, key: str) -> Row:
        """A row that is shown, ghosts included. Raises KeyError."""
        found = self.rows.get(key)
        return self.ghosts[key] if found is None else found

    def place(self, key: str) -> int | None:
        """Where a row is shown."""
        if self._places is None:
            self._places = {key: place for place, key in enumerate(self.ids)}
        return self._places.get(key)

    # -- rows -----------------------------------------------------------------------------------

    def take(self, key: str, row: Row) -> None:
        """A row that is new or changed; ``ids`` knows of it after ``target``."""
        self.rows[key] = row
        self._keys[key] = self._key(key, row)
        if self._passes is not None and not self._passes(row):
            self._hidden.add(key)
        else:
            self._hidden.discard(key)

    def drop(self, key: str) -> None:
        """A row that is gone."""
        row = self.rows.pop(key, None)
        if row is None:
            return
        if self.place(key) is not None:
            self.ghosts[key] = row  # still shown, if only for this moment
        self._keys.pop(key, None)
        self._hidden.discard(key)

    def target(self, touched: Iterable[str]) -> list[str]:
        """The order that the ``touched`` rows (changed or removed) lead to."""
        if self.frozen:
            known = [k for k in touched if k in self.rows and k not in self._hidden]
            for key in known:
                self.ghosts.pop(key, None)  # it came back
            return self.ids + [k for k in dict.fromkeys(known) if self.place(k) is None]
        again = {k for k in touched if k in self.rows and k not in self._hidden}
        moved = [k for k in again if not self._in_place(k)]
        lost = {k for k in touched if k not in again and self.place(k) is not None}
        if not moved and not lost:
            return self.ids
        out = lost.union(moved)
        made = [k for k in self.ids if k not in out]
        made += sorted(moved, key=self._keys.__getitem__, reverse=self.descending)
        # Two sorted runs: merged in one pass.
        made.sort(key=self._keys.__getitem__, reverse=self.descending)
        return made

    def _in_place(self, key: str) -> bool:
        """Whether a shown row still stands right between its neighbours, which may move too."""
        place = self.place(key)
        if place is None:
            return False
        own, ids, keys = self._keys[key], self.ids, self._keys
        before = keys.get(ids[place - 1]) if place else None
        after = keys.get(ids[place + 1]) if place + 1 < len(ids) else None
        if self.descending:
            before, after = after, before
        return (before is None or before < own) and (after is None or own < after)

    def set(self, ids: list[str]) -> None:
        """Show these."""
        if ids is not self.ids:
            self.ids = ids
            self._places = None

    # -- everything anew --------------------------------------------------------------------------

    def empty(self) -> RowOrder[Row]:
        """Without rows, with the same rules."""
        return RowOrder(self._sort, self.descending, self._passes)

    def adopt(self, other: RowOrder[Row]) -> None:
        """Take over the rows of one with the same rules."""
        self.rows |= other.rows
        self._keys |= other._keys
        self._hidden.difference_update(other.rows)
        self._hidden |= other._hidden

    def whole(self) -> list[str]:
        """The order of all rows that pass."""
        shown = [k for k in self.rows if k not in self._hidden]
        shown.sort(key=self._keys.__getitem__, reverse=self.descending)
        return shown

    def _key(self, key: str, row: Row) -> tuple[Any, ...]:
        """Unknown last in either order, then equal ones by id, so that nothing dances."""
        value = self._sort(row)
        if value is None:
            return (not self.descending, key)
        return (self.descending, value, key)


def runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending places as first and last of each unbroken run."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
