"""One engine's or instance's card."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.card_view import CardView, PartView, Shape
from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.picture import Picture
from desktop_client.shapes import engine_icon, mark
from desktop_client.theme import BODY, GRID, Colours
from desktop_client.windows.graph import GraphWidget
from desktop_client.windows.parts import ElidedLabel, button, label, repolish, set_text

_ICON = 40
_STEPS = 1000  # of a progress bar
_SHORT = 240  # pixels of a line, over two lines beside the button
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_STEPS_OF = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Home: -(10**6),
    Qt.Key.Key_End: 10**6,
}


class CardWidget(QFrame):
    """Shows a CardView; updated in place.

    By keyboard: Enter does the one action that is right now, Menu or Shift+F10 opens "more".

    Signals:
        performed(Action): a person asked for something.
        left(int): the focus is to go so many cards further, or back.
    """

    performed = Signal(object)
    left = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._view: CardView | None = None
        self._colours: Colours | None = None
        self._language = ""
        self._icon = Picture()
        self._icon.setFixedSize(_ICON, _ICON)
        self._title = ElidedLabel("title")
        self._badge = label("badge", wrap=False)
        self._version = label("caption", wrap=False)
        self._more = QToolButton()
        self._more.setText("⋯")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._more.setMenu(self._menu)
        self._state = QWidget()
        self._mark = Picture()
        self._mark.setFixedSize(BODY, BODY + 8)  # as high as a line of text, so both align
        self._line = label()
        self._refusal = label("problem")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._parts: list[_PartRow] = []
        self._graphs = QWidget()
        self._gpu = GraphWidget()
        self._vram = GraphWidget()
        self._details = label("caption")
        self._beside = label("caption")
        self._action = button("primary")
        self._action.clicked.connect(self.act)
        for one in (self._action, self._more):
            one.installEventFilter(self)
        self._lay_out()

    @property
    def view(self) -> CardView | None:
        """What is shown."""
        return self._view

    def stops(self) -> list[QWidget]:
        """Where Tab halts, in order."""
        return [self, self._more, self._action]

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._title, 1)
        head.addWidget(self._version)
        head.addWidget(self._more)
        state = QHBoxLayout(self._state)
        state.setContentsMargins(0, 0, 0, 0)
        state.setSpacing(GRID - 2)
        state.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._line, 1)
        state.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        graphs = QHBoxLayout(self._graphs)
        graphs.setContentsMargins(0, 2, 0, 2)
        graphs.setSpacing(GRID + 4)
        graphs.addWidget(self._gpu, 2)
        graphs.addWidget(self._vram, 3)
        self._part_rows = QVBoxLayout()
        self._part_rows.setSpacing(GRID // 2)
        self._body = body = QVBoxLayout()
        body.setSpacing(GRID // 2)
        body.addLayout(head)
        body.addWidget(self._state)
        body.addWidget(self._bar)
        body.addLayout(self._part_rows)
        body.addWidget(self._graphs)
        body.addWidget(self._details)
        body.addWidget(self._refusal)
        self._foot_text = QVBoxLayout()
        self._foot_text.setSpacing(2)
        self._foot_text.addStretch(1)
        self._foot_text.addWidget(self._beside)
        self._foot_text.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 2, 2, 0)
        foot.setSpacing(GRID)
        foot.addLayout(self._foot_text, 1)
        foot.addWidget(self._action, 0, Qt.AlignmentFlag.AlignBottom)
        body.addLayout(foot)
        grid = QGridLayout(self)
        grid.setContentsMargins(GRID + 4, GRID, GRID, GRID + 2)
        grid.setHorizontalSpacing(GRID + 4)
        grid.addWidget(self._icon, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(body, 0, 1)
        grid.setColumnStretch(1, 1)

    # -- what it shows --------------------------------------------------------------------------

    def show_view(self, view: CardView, colours: Colours, language: str) -> None:
        """Show a card; what did not change is not touched."""
        old, same_look = self._view, colours is self._colours and language == self._language
        if view == old and same_look:
            return
        self._view, self._colours, self._language = view, colours, language
        icon = (view.icon_svg, view.title, view.struck)
        if old is None or not same_look or icon != (old.icon_svg, old.title, old.struck):
            self._icon.paint(lambda ratio: engine_icon(*icon, colours, _ICON, ratio))
        if view.struck is not (old is not None and old.struck):
            self.setProperty("struck", view.struck)
            repolish(self)
        self._title.show_text(view.title)
        simulated = say("simulated", language) if view.simulated else ""
        set_text(self._badge, " · ".join(tag for tag in (simulated, view.tag) if tag))
        set_text(self._version, view.version)
        shape = (view.shape, view.struck)
        if old is None or not same_look or shape != (old.shape, old.struck):
            self._mark.paint(lambda ratio: mark(*shape, colours, BODY, ratio))
        set_text(self._line, view.line)
        self._place_state(at_foot=self._is_short(view))
        above, beside = _split(view)
        set_text(self._details, "\n".join(above))
        set_text(self._beside, beside)
        set_text(self._refusal, view.refusal)
        self._show_progress(view, language)
        self._show_graphs(view, colours, language)
        self._show_action(view)
        self._more.setVisible(bool(view.more))
        self._more.setAccessibleName(f"{say('do.more', language)}: {view.title}")
        self._more.setAccessibleDescription(view.line)
        self._more.setToolTip(say("do.more", language))
        if old is None or view.more != old.more:
            self._fill_menu(view)
        tagged = f", {view.tag}" if view.tag else ""
        self.setAccessibleName(f"{view.title} {view.version}, {view.line}{tagged}")
        self.setAccessibleDescription(". ".join([*view.details, view.refusal]).strip(". "))

    def _is_short(self, view: CardView) -> bool:
        """Whether it is nothing but stopped, in words that two short lines take."""
        if view.shape is not Shape.STOPPED or view.action is None or view.refusal:
            return False
        if len(view.details) > 1:
            return False  # they come after the state
        return self._line.fontMetrics().horizontalAdvance(view.line) <= _SHORT

    def _place_state(self, *, at_foot: bool) -> None:
        """A card with little to say has its state beside the button, and is less high."""
        if at_foot is (self._foot_text.indexOf(self._state) >= 0):
            return
        if at_foot:
            self._body.removeWidget(self._state)
            self._foot_text.insertWidget(1, self._state)
        else:
            self._foot_text.removeWidget(self._state)
            self._body.insertWidget(1, self._state)

    def _show_progress(self, view: CardView, language: str) -> None:
        whole = view.progress if not view.parts else None
        self._bar.setVisible(whole is not None)
        self._bar.setAccessibleName(say("flyout.progress", language, name=view.title))
        if whole is not None:
            _set_bar(self._bar, whole.fraction)
        while len(self._parts) < len(view.parts):
            row = _PartRow()
            self._parts.append(row)
            self._part_rows.addWidget(row)
        for index, row in enumerate(self._parts):
            row.setVisible(index < len(view.parts))
            if index < len(view.parts):
                row.show_part(view.parts[index], view.title, language)

    def _show_graphs(self, view: CardView, colours: Colours, language: str) -> None:
        self._graphs.setVisible(bool(view.graphs))
        if view.graphs:
            gpu, vram = view.graphs
            quiet = colours.stopped if view.struck else ""
            self._gpu.show_graph(gpu, quiet or colours.starting, colours, language)
            self._vram.show_graph(vram, quiet or colours.queued, colours, language)

    def _show_action(self, view: CardView) -> None:
        usable = view.action is not None and view.action.enabled
        if not usable and self._action.hasFocus():
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # it stays with this card
        self._action.setVisible(view.action is not None)
        if view.action is None:
            return
        role = "calm" if view.action.action.do is Do.CANCEL else "primary"
        if self._action.property("role") != role:
            self._action.setProperty("role", role)
            repolish(self._action)
        self._action.setText(view.action.label)
        self._action.setEnabled(view.action.enabled)
        self._action.setAccessibleName(f"{view.action.label}: {view.title}")
        self._action.setAccessibleDescription(view.line)

    def _fill_menu(self, view: CardView) -> None:
        self._menu.clear()
        for offer in view.more:
            if offer.danger:
                self._menu.addSeparator()
            item = self._menu.addAction(offer.label.replace("&", "&&"))
            item.setEnabled(offer.enabled)
            item.triggered.connect(self._performer(offer.action))

    # -- what a person does ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in _ENTER:
            self.act()
        elif event.key() in _STEPS_OF:
            self.left.emit(_STEPS_OF[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Arrows go from card to card from within one too, and Enter presses its button."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = event.key()
            if key in _STEPS_OF:
                self.left.emit(_STEPS_OF[Qt.Key(key)])
                return True
            if key in _ENTER and watched is self._action:
                self.act()
                return True
            if key in _ENTER and watched is self._more:
                self._more.showMenu()
                return True
        return super().eventFilter(watched, event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """Right click, the Menu key and Shift+F10."""
        if self._view is None or not self._view.more:
            return
        if event.reason() is QContextMenuEvent.Reason.Mouse:
            self._menu.popup(event.globalPos())
        else:
            self._menu.popup(self._more.mapToGlobal(QPoint(0, self._more.height())))

    def _performer(self, action: Action) -> Callable[[], None]:
        return lambda: self.performed.emit(action)

    def act(self) -> None:
        """Do the one action that is right now, if it is to be had."""
        action = self._view.action if self._view is not None else None
        if action is not None and action.enabled:
            self.performed.emit(action.action)


class _PartRow(QWidget):
    """One part on its way: its name, its bytes, a slim bar, about how long it still takes."""

    def __init__(self) -> None:
        super().__init__()
        self._name = label("caption", wrap=False)
        self._figure = ElidedLabel("figure")
        self._left = label("caption", wrap=False)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setProperty("role", "slim")
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._name)
        head.addWidget(self._figure, 1)
        head.addWidget(self._left)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 2)
        body.setSpacing(3)
        body.addLayout(head)
        body.addWidget(self._bar)

    def show_part(self, part: PartView, title: str, language: str) -> None:
        if self._name.text() != part.label:
            self._name.setText(part.label)
        self._figure.show_text(part.figure)
        set_text(self._left, part.left)
        _set_bar(self._bar, part.fraction)
        name = say("card.part", language, part=part.label, name=title)
        self._bar.setAccessibleName(name)
        self._bar.setAccessibleDescription(f"{part.figure} {part.left}".strip())


def _set_bar(bar: QProgressBar, fraction: float | None) -> None:
    if fraction is None:
        bar.setRange(0, 0)
    else:
        bar.setRange(0, _STEPS)
        bar.setValue(round(fraction * _STEPS))


def _split(view: CardView) -> tuple[tuple[str, ...], str]:
    """The details: those that take the whole width, and the last one, beside the button."""
    noted = (view.note, *view.details) if view.note else view.details
    if view.action is None or not noted:
        return noted, ""
    return noted[:-1], noted[-1]
