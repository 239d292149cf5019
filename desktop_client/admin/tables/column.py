"""What a column of a live table is: how a row reads, sorts, filters and is marked. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, Generic, TypeVar

from desktop_client.card_view import Shape

Row = TypeVar("Row")

_DIGITS = re.compile(r"\d+")
_PLACES = 12


@dataclass(frozen=True, slots=True)
class Speech:
    """In which words a row is told: language (``en``, ``zh``), this moment, the desktop's zone."""

    language: str
    now: datetime
    zone: tzinfo | None = None


class Align(StrEnum):
    """START for words, END for numbers."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Mark:
    """Painted before the text: shape first, then colour; struck where it is the last known."""

    shape: Shape
    struck: bool = False


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column. All functions are pure and quick: they are called for each row on the screen.

    Attributes:
        key: stable name: in the settings file, and in the filter language (``state:ready``).
        title: key of its words.
        text: what the cell says; ``–`` for what is unknown.
        sort: a value that compares with those of the other rows, or None (sorted last, in either
            order). Without it the text sorts, ``render-2`` before ``render-10``.
        number: for comparisons (``vram>10``), in the unit that the cell shows; None unknown.
        words: what a filter finds beside the text: the same state in the other language, an id.
        filter_names: further names in the filter language, ``机器`` for ``machine``.
        values: what may stand after ``key:``, for completion.
        fraction: between 0 and 1, painted as a thin bar under the text; None: no bar.
        width: in pixels at 100 %.
    """

    key: str
    title: str
    text: Callable[[Row, Speech], str]
    sort: Callable[[Row], Any] | None = None
    number: Callable[[Row], float | None] | None = None
    words: Callable[[Row], Sequence[str]] | None = None
    mark: Callable[[Row], Mark | None] | None = None
    fraction: Callable[[Row], float | None] | None = None
    tooltip: Callable[[Row, Speech], str] | None = None
    filter_names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    align: Align = Align.START
    width: int = 120
    shown_by_default: bool = True


def natural(text: str) -> str:
    """A sort value that puts ``render-2`` before ``render-10``, without regard to case."""
    return _DIGITS.sub(lambda found: found[0].zfill(_PLACES), text.casefold())
