"""A table's rows as text for other programs. Pure; thousands of rows take time, so not for Qt."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TypeVar

from desktop_client.admin.tables.column import Column, Speech
from desktop_client.i18n import say

Row = TypeVar("Row")

# With one of these at its beginning a cell would be computed by a spreadsheet: names come from
# people, and a name must not become a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_UNKNOWN = "–"
_BOM = "\ufeff"  # so that Excel reads UTF-8


def as_csv(rows: Sequence[Row], columns: Sequence[Column[Row]], speech: Speech) -> bytes:
    """RFC 4180 with a header line, UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_header(columns, speech))
    for row in rows:
        writer.writerow(_cells(row, columns, speech))
    return (_BOM + text.getvalue()).encode("utf-8")


def as_tsv(
    rows: Sequence[Row], columns: Sequence[Column[Row]], speech: Speech, *, header: bool
) -> str:
    """For the clipboard: a line a row, tabs between the cells."""
    lines = [_header(columns, speech)] if header else []
    lines += [_cells(row, columns, speech) for row in rows]
    return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)


def _header(columns: Sequence[Column[Row]], speech: Speech) -> list[str]:
    return [say(column.title, speech.language) for column in columns]


def _cells(row: Row, columns: Sequence[Column[Row]], speech: Speech) -> list[str]:
    return [_harmless(column.text(row, speech)) for column in columns]


def _harmless(text: str) -> str:
    if text == _UNKNOWN:
        return ""
    return f"'{text}" if text.startswith(_FORMULA) else text
