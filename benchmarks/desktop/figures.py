"""A measured figure beside its aim, as lines for people and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` must stay under ``aim``; ``beside`` holds what others took in the same run."""

    figure: str  # what it is, with the unit in its name: start_seconds
    words: str  # the same for people
    unit: str
    value: float
    aim: float
    beside: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return self.value < self.aim

    def as_json(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "value": self.value,
            "aim": self.aim,
            "met": self.met,
            "beside": dict(self.beside),
        }


def table(figures: Iterable[Figure]) -> str:
    """One line a figure, aligned."""
    rows = [
        (
            f.words,
            f"{f.value:g} {f.unit}",
            f"aim under {f.aim:g}",
            "met" if f.met else "MISSED",
            ", ".join(f"{who} {value:g}" for who, value in f.beside.items()),
        )
        for f in figures
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
