"""Which rows a table shows and in which order: an index of its own, changed row by row. Pure.

The keys of the shown rows are kept in one sorted list, so that a row is found, taken out and put
elsewhere without touching the others. While somebody points at the table the order is frozen: rows
change in place, new ones are appended, removed ones stay as ghosts; the sorted list goes on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")
Key = tuple[Any, ...]  # its last part is the row's id


@dataclass(slots=True)
class Plan:
    """What rows that came make of the order; nothing of it is done yet.

    Attributes:
        leaving: ids that are shown and will not be.
        moving: ids that stand elsewhere from now on.
        arriving: ids that are not shown yet.
        still: ids that only look different.
    """

    leaving: list[str] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    arriving: list[str] = field(default_factory=list)
    still: list[str] = field(default_factory=list)

    @property
    def pieces(self) -> int:
        """How many rows come or go."""
        return len(self.leaving) + len(self.arriving)


class RowOrder(Generic[Row]):
    """See the module.

    Attributes:
        rows: every row by id, those that the filter hides too; ghosts are not in it.
        ghosts: rows that are gone and still shown.
    """

    def __init__(
        self,
        sort: Callable[[Row], Any],
        descending: bool = False,
        passes: Callable[[Row], bool] | None = None,
    ) -> None:
        self.rows: dict[str, Row] = {}
        self.ghosts: dict[str, Row] = {}
        self._sort = sort
        self._descending = descending
        self._passes = passes
        self._keys: dict[str, Key] = {}  # of the rows that pass: as they are in _sorted
        self._next: dict[str, Key] = {}  # as they will be, while a plan is carried out
        self._sorted: list[Key] = []  # ascending, whatever the direction
        self._frozen: list[str] | None = None
        self._places: dict[str, int] | None = None  # in _frozen; None: to be counted again

    def __len__(self) -> int:
        return len(self._sorted) if self._frozen is None else len(self._frozen)

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def row(self, key: str) -> Row:
        """A row that is shown, ghosts included. Raises KeyError."""
        found = self.rows.get(key)
        return self.ghosts[key] if found is None else found

    def id_at(self, place: int) -> str:
        if self._frozen is not None:
            return self._frozen[place]
        found: str = self._sorted[~place if self._descending else place][-1]
        return found

    def ids(self) -> list[str]:
        """All that are shown, in order."""
        return self._sorted_ids() if self._frozen is None else list(self._frozen)

    def place(self, key: str) -> int | None:
        """Where a row is shown."""
        if self._frozen is not None:
            if self._places is None:
                self._places = {key: place for place, key in enumerate(self._frozen)}
            return self._places.get(key)
        known = self._keys.get(key)
        return None if known is None else self._turned(bisect_left(self._sorted, known))

    def _turned(self, at: int) -> int:
        return len(self._sorted) - 1 - at if self._descending else at

    def _sorted_ids(self) -> list[str]:
        ids = [key[-1] for key in self._sorted]
        if self._descending:
            ids.reverse()
        return ids

    # -- rows -------------------------------------------------------------------------------------

    def plan(self, changed: Iterable[tuple[str, Row]], removed: Iterable[str]) -> Plan:
        """Take the rows over, and say what that means for what is shown.

        Those of ``still`` are right at once; the others by ``leave``, ``move`` and ``arrive``, in
        this order, each for the ids of the plan.
        """
        made = Plan()
        for key in removed:
            self._drop(key, made)
        for key, row in changed:
            self.take(key, row, made)
        return made

    def _drop(self, key: str, plan: Plan) -> None:
        row = self.rows.pop(key, None)
        if row is None:
            return
        shown = self.place(key) is not None
        if shown:
            self.ghosts[key] = row  # still shown, if only for this moment
        if self._frozen is not None:
            self._take_out(key)
        elif shown:
            plan.leaving.append(key)

    def take(self, key: str, row: Row, plan: Plan) -> None:
        """One more row for a plan that is not carried out yet."""
        self.rows[key] = row
        if self.ghosts.pop(key, None) is not None and key in plan.leaving:
            plan.leaving.remove(key)  # gone and back in one breath
        passes = self._passes is None or self._passes(row)
        old, new = self._keys.get(key), self._key(key, row) if passes else None
        if self._frozen is not None:
            self._take_out(key)
            if new is not None:
                self._put_in(key, new)
            if self.place(key) is not None:
                plan.still.append(key)
            elif new is not None:
                plan.arriving.append(key)
        elif old is None and new is not None:
            self._next[key] = new
            plan.arriving.append(key)
        elif old is not None and new is None:
            plan.leaving.append(key)
        elif old is not None and new is not None:
            if old == new or self._fits(old, new):
                plan.still.append(key)
            else:
                self._next[key] = new
                plan.moving.append(key)

    def _fits(self, old: Key, new: Key) -> bool:
        """Put the new key where the old one is, if it stands right there."""
        keys, at = self._sorted, bisect_left(self._sorted, old)
        if (at and not keys[at - 1] < new) or (at + 1 < len(keys) and not new < keys[at + 1]):
            return False
        keys[at] = self._keys[new[-1]] = new
        return True

    def leave(self, place: int) -> None:
        """The row at this place is shown no more."""
        key = self.id_at(place)
        if self._frozen is None:
            self._take_out(key)
        else:
            del self._frozen[place]
            self._places = None
        self.ghosts.pop(key, None)

    def move(self, keys: Iterable[str]) -> None:
        """To where they belong now."""
        for key in keys:
            self._take_out(key)
            self._put_in(key, self._next.pop(key))

    def place_for(self, key: str) -> int:
        """Where an arriving row will be shown."""
        if self._frozen is not None:
            return len(self._frozen)
        at = bisect_left(self._sorted, self._next[key])
        return len(self._sorted) - at if self._descending else at

    def arrive(self, key: str) -> None:
        """Shown from now on."""
        if self._frozen is not None:
            if self._places is not None:
                self._places[key] = len(self._frozen)
            self._frozen.append(key)
        else:
            self._put_in(key, self._next.pop(key))

    def arrive_all(self, keys: Iterable[str]) -> None:
        """Many at once."""
        if self._frozen is not None:
            for key in keys:
                self.arrive(key)
            return
        for key in keys:
            self._keys[key] = self._next.pop(key)
        self._sorted = sorted(self._keys.values())

    def _take_out(self, key: str) -> None:
        known = self._keys.pop(key, None)
        if known is not None:
            del self._sorted[bisect_left(self._sorted, known)]

    def _put_in(self, key: str, new: Key) -> None:
        self._keys[key] = new
        self._sorted.insert(bisect_left(self._sorted, new), new)

    def _key(self, key: str, row: Row) -> Key:
        """Unknown last in either order; equal ones by id, so that nothing dances."""
        value = self._sort(row)
        if value is None:
            return (not self._descending, key)
        return (self._descending, value, key)

    # -- other rules, and frozen ------------------------------------------------------------------

    def fill(self, key: str, row: Row) -> None:
        """For an order that nobody shows yet; ``filled`` ends it."""
        self.rows[key] = row
        if self._passes is None or self._passes(row):
            self._keys[key] = self._key(key, row)

    def filled(self) -> None:
        self._sorted = sorted(self._keys.values())

    def freeze(self, ids: list[str] | None = None) -> None:
        """Hold this order (or that one) from now on."""
        self._frozen = self._sorted_ids() if ids is None else ids
        self._places = None

    def outdated(self) -> list[str]:
        """What is shown only because the order is frozen."""
        return [key for key in self._frozen or () if key not in self._keys]

    def is_sorted(self) -> bool:
        """Whether letting go changes nothing."""
        return self._frozen == self._sorted_ids()

    def thaw(self) -> None:
        """Show the sorted order again. What is outdated must have left before."""
        self._frozen = self._places = None
        self.ghosts.clear()


def runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending places as first and last of each unbroken run."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
