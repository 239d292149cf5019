"""Sharing one engine: with whom, how far, for how long; and who may open it now."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop_client.i18n import say
from desktop_client.model import Access
from desktop_client.share_view import SPANS, USUAL_SPAN, Candidate, ShareRow, ShareView, ShareWish
from desktop_client.theme import GRID, TARGET, Colours
from desktop_client.windows.choice import Choice
from desktop_client.windows.parts import button, label, pad, scrolled, set_text
from desktop_client.windows.worded import Window

_TYPING_MS = 250  # of rest, before it is looked for
_SHOWN = 4  # candidates in sight; more scroll
_HOUR, _DAY = 60, 24 * 60  # minutes


class ShareWindow(Window):
    """Signals:
    searched(str): enough rest since the last letter of a name.
    share_asked(ShareWish, str): let them in; their name for people.
    end_asked(str): a share's id.
    """

    searched = Signal(str)
    share_asked = Signal(object, str)
    end_asked = Signal(str)

    def __init__(self, name: str, language: str) -> None:
        super().__init__(language)
        self._view: ShareView | None = None
        self._shown: tuple[object, ...] = ()
        self._candidates: tuple[Candidate, ...] = ()
        self._say("share.title", self.setWindowTitle, name=name)
        self.resize(460, 720)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._search)
        self._eager = False  # to the list, as soon as there is one
        self._make_who()
        self._make_terms()
        self._make_rows()
        inner = QWidget()
        body = QVBoxLayout(inner)
        pad(body, around=GRID * 2, between=GRID)
        body.addWidget(self._label("title", "share.title", name=name))
        body.addWidget(self._label("quiet", "share.text"))
        body.addSpacing(GRID // 2)
        body.addWidget(self._field)
        body.addWidget(self._list)
        body.addWidget(self._note)
        body.addSpacing(GRID // 2)
        body.addWidget(self._access)
        body.addSpacing(GRID // 2)
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self._span_title)
        foot.addWidget(self._span)
        foot.addStretch(1)
        foot.addWidget(self._give)
        body.addLayout(foot)
        body.addWidget(self._done)
        body.addWidget(self._problem)
        body.addSpacing(GRID)
        body.addWidget(self._label("section", "share.now"))
        body.addWidget(self._panel)
        body.addStretch(1)
        outer = QVBoxLayout(self)
        pad(outer, around=0, between=0)
        area = scrolled(inner)
        self._say("share.title", area.setAccessibleName, name=name)
        outer.addWidget(area)
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_who(self) -> None:
        self._field = _Field()
        self._field.setMaxLength(120)
        self._say("share.field", self._field.setPlaceholderText)
        self._say("share.field", self._field.setAccessibleName)
        self._field.textChanged.connect(self._typed)
        self._field.gone_down.connect(self._to_list)
        self._list = QListWidget()
        self._list.setObjectName("choices")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._say("share.list", self._list.setAccessibleName)
        self._list.itemActivated.connect(lambda _: self._to_give())
        self._list.currentRowChanged.connect(lambda _: self._show_give())
        self._note = label("caption")

    def _make_terms(self) -> None:
        self._access = Choice(
            (
                (Access.USE, "share.use", "share.use.text"),
                (Access.VIEW, "share.view", "share.view.text"),
            ),
            lambda key, setter: self._say(key, setter),
        )
        self._chosen = Access.USE
        self._access.choose(self._chosen)
        self._access.chosen.connect(self._choose)
        self._span_title = label("quiet", wrap=False)
        self._say("share.for", self._span_title.setText)
        self._span = QComboBox()
        for minutes in SPANS:
            self._span.addItem("", minutes)
            self._put_span(self._span.count() - 1, minutes)
        self._span.setCurrentIndex(SPANS.index(USUAL_SPAN))
        self._say("share.for", self._span.setAccessibleName)
        self._give = self._button("primary", "share.yes", self._ask)
        self._give.setEnabled(False)
        self._done = label("quiet")
        self._problem = label("problem")

    def _put_span(self, index: int, minutes: int) -> None:
        def show(words: str) -> None:
            self._span.setItemText(index, words)

        if minutes < _DAY:
            self._say("share.hours" if minutes > _HOUR else "share.hour", show, n=minutes // _HOUR)
        else:
            self._say("share.days" if minutes > _DAY else "share.day", show, n=minutes // _DAY)

    def _make_rows(self) -> None:
        self._panel = QFrame()
        self._panel.setObjectName("panel")
        inside = QVBoxLayout(self._panel)
        pad(inside, around=GRID + 4, between=GRID)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(GRID)
        self._none = label("quiet")
        inside.addLayout(self._rows)
        inside.addWidget(self._none)

    # -- what it shows --------------------------------------------------------------------------

    def show_view(self, view: ShareView) -> None:
        """Show how everything stands."""
        self._view = view
        self._show_candidates(view.candidates)
        if self._eager and view.candidates and self._field.hasFocus():
            self._to_list()
        set_text(self._note, view.note)
        set_text(self._done, view.done)
        set_text(self._problem, view.problem)
        self._show_rows(view)
        self._show_give()

    def refresh(self, colours: Colours) -> None:
        if self._view is not None:
            self.show_view(self._view)

    def begin_anew(self) -> None:
        """Somebody was let in: ready for the next one."""
        self._field.clear()
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_candidates(self, candidates: tuple[Candidate, ...]) -> None:
        if candidates != self._candidates:
            chosen = self._candidate()
            self._candidates = candidates
            with QSignalBlocker(self._list):
                self._list.clear()
                for candidate in candidates:
                    item = QListWidgetItem(candidate.label)
                    item.setToolTip(candidate.label)
                    self._list.addItem(item)
                same = [n for n, c in enumerate(candidates) if chosen and _is_same(c, chosen)]
                self._list.setCurrentRow(same[0] if same else -1)
        self._list.setVisible(bool(candidates))
        row = self._list.sizeHintForRow(0) if candidates else 0
        self._list.setFixedHeight(max(row, TARGET) * min(len(candidates), _SHOWN) + GRID)

    def _show_rows(self, view: ShareView) -> None:
        shown = (view.rows, self.language)
        if shown == self._shown:
            return
        self._shown = shown
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for row in view.rows or ():
            made = self._row(row)
            self._rows.addWidget(made)
            made.show()
        key = "share.now.unknown" if view.rows is None else "share.now.nobody"
        set_text(self._none, "" if view.rows else say(key, self.language))

    def _row(self, row: ShareRow) -> QWidget:
        frame = QWidget()
        end = button()
        end.setText(say("share.end", self.language))
        end.setAccessibleName(f"{end.text()}: {row.who}")
        end.clicked.connect(self._ender(row.id))
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(label("", row.who))
        lines.addWidget(label("caption", row.text))
        body = QHBoxLayout(frame)
        pad(body, around=0, between=GRID)
        body.addLayout(lines, 1)
        body.addWidget(end, 0, Qt.AlignmentFlag.AlignVCenter)
        return frame

    def _show_give(self) -> None:
        busy = self._view is not None and self._view.busy
        self._give.setEnabled(self._candidate() is not None and not busy)

    def _candidate(self) -> Candidate | None:
        row = self._list.currentRow()
        return self._candidates[row] if 0 <= row < len(self._candidates) else None

    # -- what a person does ---------------------------------------------------------------------

    def _typed(self) -> None:
        self._eager = False
        self._typing.start()

    def _search(self) -> None:
        self.searched.emit(self._field.text())

    def _to_give(self) -> None:
        if self._give.isEnabled():
            self._give.setFocus(Qt.FocusReason.TabFocusReason)

    def _to_list(self) -> None:
        """Now, or once it is known who matches what is typed."""
        if self._typing.isActive():
            self._typing.stop()
            self._search()
        self._eager = not self._candidates
        if self._candidates:
            self._list.setFocus(Qt.FocusReason.TabFocusReason)
            if self._list.currentRow() < 0:
                self._list.setCurrentRow(0)

    def _choose(self, access: Access) -> None:
        self._chosen = access

    def _ask(self) -> None:
        candidate = self._candidate()
        if candidate is not None:
            minutes = int(self._span.currentData())
            wish = ShareWish(candidate.person_id, candidate.team, self._chosen, minutes)
            self.share_asked.emit(wish, candidate.label)

    def _ender(self, share_id: str) -> Callable[[], None]:
        return lambda: self.end_asked.emit(share_id)


def _is_same(one: Candidate, other: Candidate) -> bool:
    return (one.person_id, one.team) == (other.person_id, other.team)


class _Field(QLineEdit):
    """Signals: gone_down(): Down or Enter, to those who match."""

    gone_down = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.gone_down.emit()
        else:
            super().keyPressEvent(event)
