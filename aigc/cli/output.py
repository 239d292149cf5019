"""How the command line shows things: tables for people, JSON for scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from protos.aigc.v1 import common_pb2

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def json_option(command: Decorated) -> Decorated:
    """``--json``: stable keys, documented in docs/command-line.md."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str = "Nothing."
) -> None:
    """Aligned for people; tab-separated when piped, one row a line."""
    listed = list(rows)
    if not sys.stdout.isatty():
        for row in listed:
            click.echo("\t".join(row))
        return
    if not listed:
        click.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in listed:
        # Text, not markup: names may hold brackets.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def print_facts(facts: Mapping[str, str]) -> None:
    """One fact a line, for people; what is empty is left out."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if value:
            click.echo(f"{name.ljust(width)}  {value}")


def print_log_line(line: common_pb2.LogLine) -> None:
    """One object a line: a list would never end while following."""
    value = {"at": timestamp(line.at_ms), "stream": line.stream, "text": line.text}
    click.echo(json.dumps(value, ensure_ascii=False))


def say(text: str) -> None:
    """A remark beside the result: on stderr, so that pipes stay clean."""
    click.echo(text, err=True)


def language() -> str:
    """ "zh" or "en", as the terminal's locale says."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def sentence(value: common_pb2.Sentence) -> str:
    """In the person's language, else in English."""
    return (value.zh or value.en) if language() == "zh" else value.en


def when(milliseconds: int) -> str:
    """Local time for people; a dash for never."""
    if milliseconds == 0:
        return "–"
    at = datetime.fromtimestamp(milliseconds / 1000).astimezone()
    same_day = at.date() == datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M")


def timestamp(milliseconds: int) -> str | None:
    """ISO 8601 in UTC for JSON; None for never."""
    from aigc.clock import from_milliseconds

    at = from_milliseconds(milliseconds)
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def size(count: int | None) -> str:
    """Bytes for people: "4.1 GiB"; a dash for unknown."""
    if count is None:
        return "–"
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
