"""Graphs in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from desktop_client.admin.charts.description import describe
from desktop_client.admin.charts.lines import Graph, Line, Unit

END = datetime(2026, 11, 23, 14, 37, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def line(name: str, *values: float | None, end: datetime = END) -> Line:
    count = len(values)
    points = tuple((end - (count - 1 - i) * MINUTE, v) for i, v in enumerate(values))
    return Line(name, name, points, MINUTE * 2)


def graph(*lines: Line, span: timedelta = HOUR) -> Graph:
    return Graph("GPU use", Unit.PERCENT, lines, END - span, END)


def test_one_line_with_a_gap() -> None:
    values: list[float | None] = [12.0] * 61
    values[30] = 97.0
    values[26:34:1] = [None] * 8
    values[40] = 97.0
    values[60] = 61.0
    assert describe(graph(line("RTX 4090", *values)), UTC, "en") == (
        "GPU use of RTX 4090 over the last hour: 12 % to 97 %, now 61 %; no reading 14:02–14:11"
    )
    assert describe(graph(line("RTX 4090", *values)), UTC, "zh") == (
        "RTX 4090 最近一小时的 GPU use：12 % 至 97 %，当前 61 %；14:02–14:11 无读数"
    )


def test_silent_since() -> None:
    silent = line("RTX 4090", *([50.0] * 40), end=END - 20 * MINUTE)
    assert describe(graph(silent), UTC, "en") == (
        "GPU use of RTX 4090 over the last hour: 50 % to 50 %, last 50 % at 14:17; "
        "no reading 14:17–14:37"
    )


def test_many_lines_and_many_gaps() -> None:
    holes: list[float | None] = [1.0 if i % 10 else None for i in range(61)]
    said = describe(graph(line("A", *holes), line("B")), UTC, "en").splitlines()
    assert said[0] == "GPU use over the last hour:"
    assert said[1].startswith("A: 1 % to 1 %")
    assert said[1].endswith("and 4 more")
    assert said[2] == "B: no reading"
    assert describe(graph(), UTC, "en") == "GPU use over the last hour: no reading"
    nameless = describe(graph(line("", 5.0)), UTC, "en")
    assert nameless.startswith("GPU use over the last hour: 5 %")
