"""The chart as a widget: what is drawn, what is read out, what a table says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCharts import QLineSeries
from PySide6.QtCore import QAbstractItemModel, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication

from desktop_client import theme
from desktop_client.admin.charts.chart import RangeSwitch, TimeChart
from desktop_client.admin.charts.lines import Graph, Line, Unit
from desktop_client.admin.charts.readings_table import ReadingsModel
from desktop_client.admin.charts.scales import Span
from tests.desktop_client.qt import app

__all__ = ["app"]

END = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def line(key: str, hole: tuple[int, int] = (20, 30), end: datetime = END) -> Line:
    points = tuple(
        (end - (60 - i) * MINUTE, None if hole[0] <= i < hole[1] else float(i)) for i in range(61)
    )
    return Line(key, f"RTX 4090 · {key}", points, 2 * MINUTE)


def graph(*lines: Line, end: datetime = END) -> Graph:
    return Graph("GPU use", Unit.PERCENT, lines, end - HOUR, end)


@pytest.fixture
def chart(app: QApplication) -> Iterator[TimeChart]:
    theme.apply(app, theme.LIGHT)
    made = TimeChart()
    made.resize(520, 260)
    made.show_graph(graph(line("1"), line("2", (0, 0))), theme.LIGHT, "en", UTC)
    yield made
    made.close()


def pieces(chart: TimeChart) -> list[list[float]]:
    """The values of each stroke that is drawn."""
    drawn = []
    for series in chart.plot.chart().series():
        if isinstance(series, QLineSeries) and series.count() and series.isVisible():
            drawn.append([point.y() for point in series.points()])
    return drawn


def test_nothing_is_drawn_before_it_is_seen_and_no_stroke_goes_over_a_gap(
    chart: TimeChart, app: QApplication
) -> None:
    assert pieces(chart) == []
    chart.show()
    app.processEvents()
    drawn = pieces(chart)
    assert sorted(len(p) for p in drawn) == [20, 31, 61]
    assert not any(19.0 in p and 30.0 in p and len(p) < 61 for p in drawn)


def test_new_points_replace_old_ones_in_the_same_strokes(
    chart: TimeChart, app: QApplication
) -> None:
    chart.show()
    app.processEvents()
    before = list(chart.plot.chart().series())
    later = END + MINUTE
    for theme_now in (theme.LIGHT, theme.DARK):
        theme.apply(app, theme_now)
        moved = graph(line("1", end=later), line("2", (0, 0), end=later), end=later)
        chart.show_graph(moved, theme_now, "zh", UTC)
        app.processEvents()
    assert list(chart.plot.chart().series()) == before
    chart.hide()
    chart.show_graph(graph(line("1")), theme.LIGHT, "en", UTC)
    assert len(pieces(chart)) == 3  # as it was: nobody sees it
    chart.show()
    assert len(pieces(chart)) == 2


def test_exact_values_under_the_pointer_and_by_keyboard(
    chart: TimeChart, app: QApplication
) -> None:
    chart.show()
    app.processEvents()
    said: list[str] = []
    chart.plot.pointed.connect(said.append)
    area = chart.plot.chart().plotArea()
    QTest.mouseMove(chart.plot.viewport(), QPoint(round(area.center().x()), 60))
    app.processEvents()
    assert len(chart.plot.readout()) == 2
    QTest.keyClick(chart.plot, Qt.Key.Key_End)
    assert said[-1] == "14:37:00 · RTX 4090 · 1 60 % · RTX 4090 · 2 60 %"
    QTest.keyClick(chart.plot, Qt.Key.Key_Left)
    assert "59 %" in said[-1]
    QTest.keyClick(chart.plot, Qt.Key.Key_Home)
    for _ in range(25):
        QTest.keyClick(chart.plot, Qt.Key.Key_Right)
    assert said[-1] == "14:02:00 · RTX 4090 · 1 – · RTX 4090 · 2 25 %"
    app.processEvents()
    QTest.keyClick(chart.plot, Qt.Key.Key_Escape)
    assert (said[-1], chart.plot.readout()) == ("", [])


def test_a_line_can_be_hidden_and_the_scale_stays(chart: TimeChart, app: QApplication) -> None:
    chart.show()
    app.processEvents()
    assert chart._legend is not None
    chart._legend.entries[1].click()
    assert sorted(len(p) for p in pieces(chart)) == [20, 31]
    QTest.keyClick(chart.plot, Qt.Key.Key_End)
    assert [name for _, name, _ in chart.plot.readout()] == ["RTX 4090 · 1"]
    assert "RTX 4090 · 2" not in chart.table_text()
    chart._legend.entries[1].click()
    assert len(pieces(chart)) == 3


def test_the_same_readings_as_a_table(chart: TimeChart, app: QApplication) -> None:
    chart.show()
    chart.show_as_table(True)
    app.processEvents()
    assert chart.is_table()
    rows = chart.table_text().splitlines()
    assert rows[0].split("\t") == ["Time", "RTX 4090 · 1", "RTX 4090 · 2"]
    assert rows[1].split("\t") == ["2026-11-23T14:37:00+00:00", "60", "60"]
    assert rows[37].split("\t")[1:] == ["", "24"]
    chart._copy.click()
    assert QGuiApplication.clipboard().text() == chart.table_text()
    chart.show_as_table(False)
    assert not chart.is_table()


def test_the_table_goes_on_without_a_reset(app: QApplication) -> None:
    model: QAbstractItemModel = ReadingsModel()
    assert isinstance(model, ReadingsModel)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    for minute in range(5):
        end = END + minute * MINUTE
        model.show_graph(graph(line("1", end=end), end=end), "en", UTC)
        assert model.rowCount() == 61
        assert model.data(model.index(0, 0)) == (end).strftime("%H:%M:00")
    assert len(resets) == 1
    model.show_graph(graph(line("1"), line("2")), "en", UTC)
    assert model.columnCount() == 3
    assert len(resets) == 2
    model.show_graph(graph(), "en", UTC)
    assert model.rowCount() == 0
    del tester


def test_a_chart_says_what_it_shows(chart: TimeChart, app: QApplication) -> None:
    chart.show()
    app.processEvents()
    assert chart.plot.accessibleName() == "GPU use"
    assert "no reading" in chart.plot.accessibleDescription()
    assert chart.description() == chart.plot.accessibleDescription()


def test_hour_day_and_week(app: QApplication) -> None:
    switch = RangeSwitch()
    switch.speak("zh")
    chosen: list[Span] = []
    switch.chosen.connect(chosen.append)
    switch.choose(Span.WEEK)
    assert (chosen, switch.span) == ([Span.WEEK], Span.WEEK)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK])
def test_the_lines_stand_out_from_their_card(colours: theme.Colours) -> None:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    palette = theme.line_colours(colours)
    assert len(set(palette)) == len(palette)
    for colour in palette:
        one, other = sorted([light(colour), light(colours.surface)])
        assert (other + 0.05) / (one + 0.05) >= 4.5, colour


def test_the_wheel_scrolls_the_page_and_not_the_plot(chart: TimeChart, app: QApplication) -> None:
    chart.show()
    app.processEvents()
    at = QPointF(chart.plot.rect().center())
    turn = QWheelEvent(
        at, chart.plot.mapToGlobal(at), QPoint(0, -120), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(chart.plot.viewport(), turn)
    assert not turn.isAccepted()  # so that it goes on to what is around
