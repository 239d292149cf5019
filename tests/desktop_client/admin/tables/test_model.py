"""The live table's model under Qt's own tester: no wrong word to a view, whatever happens."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from desktop_client import theme
from desktop_client.admin.tables import model as models
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.filters import FilterError, parse
from desktop_client.admin.tables.model import RowsModel
from desktop_client.admin.tables.view import LiveTable
from tests.desktop_client.admin.tables.rows import COLUMNS, SPEECH, Row
from tests.desktop_client.qt import app as app
from tests.desktop_client.qt import until

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def make(sort: str = "name", *, descending: bool = False) -> RowsModel[Row]:
    return RowsModel(COLUMNS, lambda r: r.id, SPEECH, theme.LIGHT, sort, descending)


def names(model: RowsModel[Row]) -> list[str]:
    return [str(model.index(place, 0).data()) for place in range(model.rowCount())]


def row(dice: random.Random, key: int) -> Row:
    size = dice.choice((None, *range(6)))
    return Row(str(key), f"render-{dice.randrange(40)}", size, dice.choice(("ready", "out")))


@pytest.mark.parametrize("seed", range(6))
def test_any_changes_under_qts_tester(
    app: QApplication, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows come, change and go while it is sorted, filtered, held and looked at.

    Qt's tester looks at every cell after every signal, so few rows; what counts as many is less.
    """
    monkeypatch.setattr(models, "_AT_ONCE", 6)
    monkeypatch.setattr(models, "_MOST_PIECES", 5)
    dice = random.Random(seed)
    model = make()
    QAbstractItemModelTester(model, FATAL, model)
    table = LiveTable(model)
    table.show()
    known: dict[str, Row] = {}
    for _ in range(40):
        act = dice.randrange(10)
        if act < 6:
            many = dice.choice((1, 3, 5, 8, 15))
            changed = [row(dice, dice.randrange(25)) for _ in range(many)]
            gone = dice.sample(sorted(known), min(len(known), dice.randrange(4)))
            changed = [r for r in changed if r.id not in gone]
            model.apply(changed, gone)
            known |= {r.id: r for r in changed}
            known = {k: r for k, r in known.items() if k not in gone}
        elif act == 6:
            model.set_sort(dice.choice(("name", "size", "state")), dice.random() < 0.5)
        elif act == 7:
            model.set_filter(parse(dice.choice(("", "state:ready", "size>2", "render-1"))))
        elif act == 8:
            dice.choice((model.hold, model.release))("pointer")
        else:
            table.select(dice.sample(sorted(known), min(3, len(known))))
        if dice.random() < 0.3:
            app.processEvents()
    model.settle()
    model.release("pointer")
    model.set_filter(parse(""))
    model.set_sort("name")
    model.settle()
    assert {model.id_at(place) for place in range(model.rowCount())} == set(known)
    assert [model.row_at(p) for p in range(model.rowCount())] == sorted(
        known.values(), key=lambda r: (int(r.name[7:]), r.id)
    )


def test_numbers_sort_as_numbers_and_unknown_last(app: QApplication) -> None:
    model = make("size")
    rows = [Row("1", "a", 10.0), Row("2", "b", 9.0), Row("3", "c"), Row("4", "d", 100.0)]
    model.set_rows(rows)
    assert names(model) == ["b", "a", "d", "c"]
    model.set_sort("size", descending=True)
    assert names(model) == ["d", "a", "b", "c"]
    model.set_sort("name")
    model.apply([Row("5", "render-10"), Row("6", "render-9")])
    assert names(model)[-2:] == ["render-9", "render-10"]


def test_a_held_order_moves_nothing(app: QApplication) -> None:
    model = make()
    QAbstractItemModelTester(model, FATAL, model)
    model.set_rows([Row("1", "a"), Row("2", "b"), Row("3", "c")])
    kept = QPersistentModelIndex(model.index(1, 0))
    model.hold("pointer")
    model.apply([Row("1", "z"), Row("4", "aa")], ["3"])
    assert names(model) == ["z", "b", "c", "aa"]
    assert model.is_ghost("3")
    assert model.counts == (4, 3)
    model.release("pointer")
    assert names(model) == ["aa", "b", "z"]
    assert kept.row() == 1
    assert not model.is_ghost("3")


def test_rows_are_compared_as_objects(app: QApplication) -> None:
    """A page that is shown again tells everything; only what is new is work."""
    model = make()
    rows = [Row("1", "a"), Row("2", "b")]
    model.set_rows(rows)
    told: list[int] = []
    model.dataChanged.connect(lambda first, last: told.append(first.row()))
    model.set_rows(rows)
    assert told == []
    model.set_rows([rows[0], Row("2", "c")])
    assert told == [1]
    model.set_rows([rows[0]])
    assert names(model) == ["a"]


def test_thousands_are_prepared_between_events(app: QApplication) -> None:
    model = make()
    model.set_rows([Row(str(n), f"render-{n}", n) for n in range(3000)])
    assert model.busy
    assert model.rowCount() == 0
    until(app, lambda: not model.busy)
    assert model.rowCount() == 3000
    model.set_sort("size", descending=True)
    model.apply([Row("x", "new", 1e9)])  # waits for its turn
    assert names(model)[0] == "render-0"
    until(app, lambda: not model.busy)
    assert names(model)[:2] == ["new", "render-2999"]


def test_a_wrong_filter_changes_nothing(app: QApplication) -> None:
    model = make()
    model.set_rows([Row("1", "a"), Row("2", "b")])
    model.set_filter(parse("name:a"))
    with pytest.raises(FilterError):
        model.set_filter(parse("colour:red"))
    assert names(model) == ["a"]


def test_it_speaks_both_languages(app: QApplication) -> None:
    model = make()
    model.set_rows([Row("1", "a", 2.0)])
    title = model.headerData(0, Qt.Orientation.Horizontal)
    model.set_speech(Speech("zh", SPEECH.now, SPEECH.zone), theme.DARK)
    assert model.headerData(0, Qt.Orientation.Horizontal) not in (None, title)
    told = model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told.endswith(": 2 GB")
