"""How full each pool is, drawn: a bar of cards by what they do, with the figures beside it.

What a part means is told by its pattern and its place as well as by its colour.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop_client.admin.pages.fullness import Cards, Fullness, Pool
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import label

PARTS = ("in_use", "idle", "unknown", "free", "out")
_HEIGHT = 16
_ROUND = 3.0
_SWATCH = QSize(18, 12)


class Bar(QWidget):
    """One row of cards. Tells its figures to screen readers."""

    def __init__(self, size: QSize | None = None) -> None:
        super().__init__()
        self._cards = Cards()
        self._colours: Colours | None = None
        if size is not None:
            self.setFixedSize(size)
        else:
            self.setMinimumHeight(_HEIGHT)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_cards(self, cards: Cards, colours: Colours) -> None:
        if (cards, colours) != (self._cards, self._colours):
            self._cards, self._colours = cards, colours
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(160, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if self._colours is None or not self._cards.all:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        left = whole.left()
        for part in PARTS:
            count = getattr(self._cards, part)
            if not count:
                continue
            width = whole.width() * count / self._cards.all
            _paint(painter, QRectF(left, whole.top(), width, whole.height()), part, self._colours)
            left += width
        painter.end()


def _paint(painter: QPainter, box: QRectF, part: str, colours: Colours) -> None:
    accent, quiet = QColor(colours.accent), QColor(colours.quiet)
    gap = box.adjusted(0, 0, -1.5, 0) if box.width() > 4 else box
    painter.setPen(QPen(quiet if part in ("out", "free", "unknown") else accent, 1))
    match part:
        case "in_use":
            painter.setBrush(accent)
        case "idle":
            painter.setBrush(QBrush(accent, Qt.BrushStyle.BDiagPattern))
        case "unknown":
            painter.setBrush(QBrush(quiet, Qt.BrushStyle.Dense6Pattern))
        case "free":
            painter.setBrush(QColor(colours.surface))
        case _:
            painter.setBrush(QColor(colours.border))
    painter.drawRoundedRect(gap, _ROUND, _ROUND)


class FullnessView(QWidget):
    """All cards in one bar with its legend; below it each pool, where there are several."""

    def __init__(self) -> None:
        super().__init__()
        self._sentence = label()
        self._legend: dict[str, tuple[QWidget, Bar, QLabel]] = {}
        self._rows: list[tuple[QLabel, Bar, QLabel]] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GRID * 2)
        self._grid.setVerticalSpacing(GRID)
        self._grid.setColumnStretch(1, 1)
        self._waiting = label("quiet")
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addWidget(self._sentence)
        body.addLayout(self._grid)
        legend = QHBoxLayout()
        legend.setSpacing(GRID * 2)
        for part in PARTS:
            entry = QWidget()
            row = QHBoxLayout(entry)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(GRID - 2)
            swatch, words = Bar(_SWATCH), label("caption", wrap=False)
            row.addWidget(swatch)
            row.addWidget(words)
            legend.addWidget(entry)
            self._legend[part] = (entry, swatch, words)
        legend.addWidget(self._waiting)
        legend.addStretch(1)
        body.addLayout(legend)

    def show_fullness(self, full: Fullness, sentence: str, colours: Colours, language: str) -> None:
        """Unknown is told apart from idle, and only where there is any."""
        self._sentence.setText(sentence)
        for part, (entry, swatch, words) in self._legend.items():
            count = getattr(full.cards, part)
            entry.setVisible(bool(full.cards.all) and (part != "unknown" or bool(count)))
            swatch.show_cards(Cards(**{part: 1}), colours)
            words.setText(f"{say(f'overview.{part}', language)} {count}")
        key = "overview.waiting.some" if full.waiting else "overview.waiting.none"
        self._waiting.setText(say(key, language, count=full.waiting))
        pools = list(full.pools) if len(full.pools) > 1 else []
        everything = Pool(
            say("overview.pool.all", language), full.machines, full.answering, full.cards
        )
        self._show_rows([everything, *pools] if full.cards.all else [], colours, language)

    def _show_rows(self, pools: Sequence[Pool], colours: Colours, language: str) -> None:
        while len(self._rows) < len(pools):
            row = (label(wrap=False), Bar(), label("quiet", wrap=False))
            for column, widget in enumerate(row):
                self._grid.addWidget(widget, len(self._rows), column)
            self._rows.append(row)
        for place, (name, bar, figures) in enumerate(self._rows):
            there = place < len(pools)
            for widget in (name, bar, figures):
                widget.setVisible(there)
            if there:
                pool = pools[place]
                told = say(
                    "overview.pool.figures",
                    language,
                    held=pool.cards.held,
                    cards=pool.cards.all,
                    answering=pool.answering,
                    machines=pool.machines,
                )
                name.setText(pool.name or say("overview.pool.none", language))
                bar.show_cards(pool.cards, colours)
                bar.setAccessibleName(f"{pool.name}: {_spoken(pool.cards, language)}")
                bar.setToolTip(_spoken(pool.cards, language))
                figures.setText(told)


def _spoken(cards: Cards, language: str) -> str:
    comma = "，" if language == "zh" else ", "
    told = [f"{say(f'overview.{p}', language)} {getattr(cards, p)}" for p in PARTS]
    return comma.join(told)
