"""The filter language of the tables: ``machine:render-04 state:ready,starting vram>10 -"out of"``.

All words must hold. ``key:value`` looks into a column, ``key=value`` wants exactly that, ``<``,
``<=``, ``>``, ``>=`` compare numbers; commas say "one of these"; a ``-`` before a word turns it
round; a word without a key is looked for in every column. Full-width punctuation of a Chinese
keyboard is understood. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from desktop_client.admin.tables.column import Column, Speech
from desktop_client.i18n import say

Row = TypeVar("Row")

_KEY = re.compile(r"([^\W\d_][\w-]*)(:|：|<=|>=|=|<|>|＝|＜|＞)")
_PLAIN = re.compile(r"[\w./@+#%~*][\w./@+#%~*-]*")
_QUOTES = '"“”'
_COMMAS = ",，"
_NARROW = {"：": ":", "＝": "=", "＜": "<", "＞": ">"}


class Op(StrEnum):
    """How a value is compared with a cell."""

    CONTAINS = ":"
    EQUALS = "="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


NUMERIC = frozenset({Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST})
_COMPARE: dict[Op, Callable[[float, float], bool]] = {
    Op.LESS: lambda a, b: a < b,
    Op.AT_MOST: lambda a, b: a <= b,
    Op.MORE: lambda a, b: a > b,
    Op.AT_LEAST: lambda a, b: a >= b,
}


class FilterError(ValueError):
    """What is wrong with a filter, for ``sentence``."""

    def __init__(self, key: str, /, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def sentence(self, language: str) -> str:
        """One sentence: what is wrong and what would be right."""
        return say(self.key, language, **self.values)


@dataclass(frozen=True, slots=True)
class Term:
    """One word. ``key`` is empty for a word that is looked for everywhere (then one value)."""

    values: tuple[str, ...]
    key: str = ""
    op: Op = Op.CONTAINS
    negated: bool = False

    def __str__(self) -> str:
        sign = "-" if self.negated else ""
        head = f"{self.key}{self.op}" if self.key else ""
        return sign + head + ",".join(_written(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Filter:
    """All of the terms must hold."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(str(term) for term in self.terms)


def parse(text: str) -> Filter:
    """The filter that a text means; ``parse(str(f)) == f``.

    Raises:
        FilterError: a quotation mark is not closed.
    """
    terms, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term, at = _term(text, at)
        terms.append(term)
    return Filter(tuple(terms))


def _term(text: str, at: int) -> tuple[Term, int]:
    negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
    if negated:
        at += 1
    keyed = _KEY.match(text, at)
    if keyed is None:
        value, at, _ = _value(text, at, stops="")
        return Term((value,), negated=negated), at
    op = Op("".join(_NARROW.get(c, c) for c in keyed[2]))
    at = keyed.end()
    if op in (Op.LESS, Op.MORE) and text[at : at + 1] in ("=", "＝"):
        op, at = Op(f"{op}="), at + 1
    values: list[str] = []
    while True:
        value, at, quoted = _value(text, at, stops=_COMMAS)
        if value or quoted:
            values.append(value)
        if text[at : at + 1] not in tuple(_COMMAS):
            break
        at += 1
    return Term(tuple(values) or ("",), keyed[1].casefold(), op, negated), at


def _value(text: str, at: int, stops: str) -> tuple[str, int, bool]:
    """A value that begins here, where it ends, and whether it stood in quotation marks."""
    if text[at : at + 1] in tuple(_QUOTES):
        return (*_quoted(text, at + 1), True)
    start = at
    while at < len(text) and not text[at].isspace() and text[at] not in stops:
        at += 1
    return text[start:at], at, False


def _quoted(text: str, at: int) -> tuple[str, int]:
    found, start = [], at
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            found.append(text[at + 1])
            at += 2
        elif text[at] in _QUOTES:
            return "".join(found), at + 1
        else:
            found.append(text[at])
            at += 1
    raise FilterError("admin.filter.unclosed", text=text[start:])


def _written(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = re.sub(r'(["“”\\])', r"\\\1", value)
    return f'"{escaped}"'


# -- what it means for rows -----------------------------------------------------------------------


def matcher(found: Filter, columns: Sequence[Column[Row]], speech: Speech) -> Callable[[Row], bool]:
    """Whether a row passes.

    Raises:
        FilterError: a key that no column has, or a comparison that makes no sense.
    """
    tests = [_test(term, columns, speech) for term in found.terms]
    if len(tests) == 1:
        return tests[0]
    return lambda row: all(test(row) for test in tests)


def _test(term: Term, columns: Sequence[Column[Row]], speech: Speech) -> Callable[[Row], bool]:
    if not term.key:
        wanted = term.values[0].casefold()
        return lambda row: (wanted in haystack(row, columns, speech)) is not term.negated
    column = find_column(term.key, columns)
    if term.op in NUMERIC:
        return _comparison(term, column)
    names = [value.casefold() for value in term.values]
    if "" in names and term.op is Op.CONTAINS:
        return lambda row: True  # still being written
    number = _as_number(term, column)

    def holds(row: Row) -> bool:
        if number is not None and column.number is not None:
            return column.number(row) == number
        told = [column.text(row, speech).casefold()]
        if column.words is not None:
            told += [word.casefold() for word in column.words(row)]
        if term.op is Op.EQUALS:
            return any(name in told for name in names)
        return any(name in text for name in names for text in told)

    return lambda row: holds(row) is not term.negated


def _as_number(term: Term, column: Column[Row]) -> float | None:
    """``gpus=2`` compares numbers where the column has them."""
    if term.op is not Op.EQUALS or column.number is None or len(term.values) != 1:
        return None
    return _number(term.values[0])


def _comparison(term: Term, column: Column[Row]) -> Callable[[Row], bool]:
    number, compare = column.number, _COMPARE[term.op]
    if number is None:
        raise FilterError("admin.filter.no_number", key=term.key)
    limit = _number(term.values[0]) if len(term.values) == 1 else None
    if limit is None:
        raise FilterError("admin.filter.needs_number", key=term.key, op=str(term.op))

    def holds(row: Row) -> bool:
        value = number(row)
        # What is unknown is neither more nor less, and not the reverse of it either.
        return value is not None and compare(value, limit) is not term.negated

    return holds


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def find_column(key: str, columns: Sequence[Column[Row]]) -> Column[Row]:
    """The column of that name. Raises FilterError, which lists the names that there are."""
    for column in columns:
        if key == column.key.casefold() or key in column.filter_names:
            return column
    names = ", ".join(column.key for column in columns)
    raise FilterError("admin.filter.unknown", key=key, names=names)


def haystack(row: Row, columns: Sequence[Column[Row]], speech: Speech) -> str:
    """Everything that a free word is looked for in, folded."""
    told = []
    for column in columns:
        told.append(column.text(row, speech))
        if column.words is not None:
            told += column.words(row)
    return "\n".join(told).casefold()


# -- completion -----------------------------------------------------------------------------------


def complete(text: str, columns: Sequence[Column[Row]]) -> list[str]:
    """What the text may become by completing its last word: keys, then their values."""
    start = max(text.rfind(" "), text.rfind("\t")) + 1
    head, word = text[:start], text[start:]
    sign = "-" if word.startswith("-") else ""
    word = word.removeprefix("-")
    if not word or head.count('"') % 2:
        return []
    keyed = _KEY.match(word)
    if keyed is None:
        names = [name for column in columns for name in (column.key, *column.filter_names)]
        folded = word.casefold()
        return [f"{head}{sign}{n}:" for n in names if n.startswith(folded)]
    try:
        column = find_column(keyed[1].casefold(), columns)
    except FilterError:
        return []
    before, _, begun = word.rpartition(",")
    stem = f"{before}," if before else word[: keyed.end()]
    begun = begun if before else word[keyed.end() :]
    return [
        f"{head}{sign}{stem}{_written(value)}"
        for value in column.values
        if value.casefold().startswith(begun.casefold()) and value != begun
    ]
