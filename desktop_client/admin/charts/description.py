"""A graph in words, for those who do not see it, and for a person who asks. Pure."""

from __future__ import annotations

from datetime import timedelta, tzinfo

from desktop_client.admin.charts.lines import Gap, Graph, Line, gaps, segments
from desktop_client.admin.charts.scales import Span, date_of, exact
from desktop_client.i18n import say

_GAPS_SAID = 3


def describe(graph: Graph, zone: tzinfo | None, language: str) -> str:
    """``GPU use of RTX 4090 over the last hour: 12 % to 97 %, now 61 %; no reading 14:02–14:10``.

    With several lines: the title, then a sentence for each.
    """
    span = _span(graph, language)
    said = [(line.name, _line(graph, line, zone, language)) for line in graph.lines]
    if not said:
        return say("charts.said.nothing", language, title=graph.title, span=span)
    if len(said) == 1:
        name, text = said[0]
        if not name:
            return say("charts.said.bare", language, title=graph.title, span=span, text=text)
        return say("charts.said.one", language, title=graph.title, name=name, span=span, text=text)
    head = say("charts.said.many", language, title=graph.title, span=span)
    each = [say("charts.said.each", language, name=name, text=text) for name, text in said]
    return "\n".join([head, *each])


def _span(graph: Graph, language: str) -> str:
    for span in Span:
        if abs(graph.end - graph.start - span.length) < timedelta(seconds=1):
            return say(f"charts.said.{span}", language)
    return ""


def _line(graph: Graph, line: Line, zone: tzinfo | None, language: str) -> str:
    runs = segments(line, graph.start, graph.end)
    if not runs:
        return say("charts.said.no_reading", language)
    values = [value for run in runs for _, value in run]
    at, last = runs[-1][-1]
    missing = gaps(line, graph.start, graph.end)
    now = not missing or missing[-1].end < graph.end
    text = say(
        "charts.said.now" if now else "charts.said.last",
        language,
        low=exact(min(values), graph.unit),
        high=exact(max(values), graph.unit),
        last=exact(last, graph.unit),
        **({} if now else {"clock": at.astimezone(zone).strftime("%H:%M")}),
    )
    if not missing:
        return text
    shown = [gap_line(gap, graph.end - graph.start, zone, language) for gap in missing]
    listed = say("charts.said.comma", language).join(shown[:_GAPS_SAID])
    if len(shown) > _GAPS_SAID:
        listed = say("charts.said.more", language, listed=listed, count=len(shown) - _GAPS_SAID)
    return say("charts.said.gaps", language, text=text, gaps=listed)


def gap_line(gap: Gap, span: timedelta, zone: tzinfo | None, language: str) -> str:
    """``14:02–14:10``; with its dates where the graph covers more than a day."""
    start, end = gap.start.astimezone(zone), gap.end.astimezone(zone)
    first, last = start.strftime("%H:%M"), end.strftime("%H:%M")
    if span >= timedelta(days=1):
        first = f"{date_of(start, language)} {first}"
        last = f"{date_of(end, language)} {last}" if start.date() != end.date() else last
    return f"{first}–{last}"
