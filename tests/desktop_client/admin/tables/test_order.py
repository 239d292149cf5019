"""The table's index: after any changes it is what sorting and filtering everything would give."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_client.admin.tables.order import RowOrder, runs
from tests.desktop_client.admin.tables.rows import Row

keys = st.sampled_from("abcdefgh")
rows = st.builds(
    lambda k, n, s: Row(k, k, n, s),
    keys, st.one_of(st.none(), st.integers(0, 4)), st.sampled_from(("ready", "out")),
)  # fmt: skip
batches = st.lists(st.tuples(st.lists(rows, max_size=4), st.lists(keys, max_size=2)), max_size=8)
Batches = Sequence[tuple[Sequence[Row], Sequence[str]]]


def carry_out(order: RowOrder[Row], changed: Sequence[Row], removed: Sequence[str]) -> None:
    """As the model does, without Qt."""
    unique = {row.id: row for row in changed}
    plan = order.plan(unique.items(), [key for key in removed if key not in unique])
    for key in plan.leaving:
        place = order.place(key)
        assert place is not None
        order.leave(place)
    order.move(plan.moving)
    for key in plan.arriving:
        place = order.place_for(key)
        order.arrive(key)
        assert order.place(key) == place
    if not order.frozen:
        order.ghosts.clear()


def expected(known: dict[str, Row], descending: bool) -> list[str]:
    """The slow way: known ones by size and id, the unknown ones last in either direction."""
    shown = [r for r in known.values() if r.state == "ready"]
    sized = sorted((r for r in shown if r.size is not None), key=lambda r: (r.size, r.id))
    unknown = sorted((r for r in shown if r.size is None), key=lambda r: r.id)
    if descending:
        sized.reverse()
        unknown.reverse()
    return [r.id for r in (*sized, *unknown)]


@given(batches, st.booleans())
@settings(deadline=None)
def test_it_is_as_sorting_everything(made: Batches, descending: bool) -> None:
    order: RowOrder[Row] = RowOrder(lambda r: r.size, descending, lambda r: r.state == "ready")
    known: dict[str, Row] = {}
    for changed, removed in made:
        carry_out(order, changed, removed)
        for key in removed:
            known.pop(key, None)
        known |= {row.id: row for row in changed}
        assert order.rows == known
        assert order.ids() == expected(known, descending)
        assert [order.place(key) for key in order.ids()] == list(range(len(order)))
        assert [order.id_at(place) for place in range(len(order))] == order.ids()


@given(batches, batches, st.booleans())
@settings(deadline=None)
def test_frozen_rows_stay_where_they_are(
    before: Batches, during: Batches, descending: bool
) -> None:
    order: RowOrder[Row] = RowOrder(lambda r: r.size, descending, lambda r: r.state == "ready")
    for changed, removed in before:
        carry_out(order, changed, removed)
    known = dict(order.rows)
    order.freeze()
    held = order.ids()
    for changed, removed in during:
        carry_out(order, changed, removed)
        for key in removed:
            known.pop(key, None)
        known |= {row.id: row for row in changed}
        assert order.ids()[: len(held)] == held
        held = order.ids()
        assert all(order.row(key).id == key for key in held)
        assert {key for key in held if key not in known} == set(order.ghosts)
    places = [p for key in order.outdated() if (p := order.place(key)) is not None]
    for place in sorted(places, reverse=True):
        order.leave(place)
    order.thaw()
    assert order.ids() == expected(known, descending)
    assert not order.ghosts


@given(st.sets(st.integers(0, 30)))
def test_runs(places: set[int]) -> None:
    found = runs(sorted(places))
    assert [p for first, last in found for p in range(first, last + 1)] == sorted(places)
    assert all(b[0] > a[1] + 1 for a, b in itertools.pairwise(found))
