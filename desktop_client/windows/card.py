"""One engine's or instance's card."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.shapes import engine_icon, mark
from desktop_client.theme import BODY, GRID, Colours
from desktop_client.view_model import CardView
from desktop_client.windows.parts import ElidedLabel, button, label, repolish, set_text

_ICON = 40
_STEPS = 1000  # of a progress bar


class CardWidget(QFrame):
    """Shows a CardView; updated in place.

    Signals:
        performed(Action): a person asked for something.
    """

    performed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._view: CardView | None = None
        self._colours: Colours | None = None
        self._language = ""
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON, _ICON)
        self._title = ElidedLabel("title")
        self._badge = label("badge", wrap=False)
        self._version = label("caption", wrap=False)
        self._more = QToolButton()
        self._more.setText("⋯")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._more.setMenu(self._menu)
        self._mark = QLabel()
        self._mark.setFixedSize(BODY, BODY + 8)  # as high as a line of text, so both align
        self._line = label()
        self._refusal = label("problem")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar_text = label("caption")
        self._details = label("caption")
        self._action = button("primary")
        self._action.clicked.connect(self._act)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._title, 1)
        head.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self._version)
        head.addWidget(self._more)
        state = QHBoxLayout()
        state.setSpacing(GRID - 2)
        state.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._line, 1)
        body = QVBoxLayout()
        body.setSpacing(GRID // 2)
        body.addLayout(head)
        body.addLayout(state)
        body.addWidget(self._bar)
        body.addWidget(self._bar_text)
        body.addWidget(self._details)
        body.addWidget(self._refusal)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, GRID // 2, 0, 0)
        foot.addStretch(1)
        foot.addWidget(self._action)
        body.addLayout(foot)
        grid = QGridLayout(self)
        grid.setContentsMargins(GRID + 4, GRID + 2, GRID + 2, GRID + 4)
        grid.setHorizontalSpacing(GRID + 4)
        grid.addWidget(self._icon, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(body, 0, 1)
        grid.setColumnStretch(1, 1)

    def show_view(self, view: CardView, colours: Colours, language: str) -> None:
        """Show a card; what did not change is not touched."""
        old, same_look = self._view, colours is self._colours and language == self._language
        if view == old and same_look:
            return
        self._view, self._colours, self._language = view, colours, language
        ratio = self.devicePixelRatioF()
        icon = (view.icon_svg, view.title, view.struck)
        if old is None or not same_look or icon != (old.icon_svg, old.title, old.struck):
            self._icon.setPixmap(engine_icon(*icon, colours, _ICON, ratio))
        if old is None or old.struck is not view.struck:
            self.setProperty("struck", view.struck)
            repolish(self)
        self._title.show_text(view.title)
        set_text(self._badge, say("simulated", language) if view.simulated else "")
        set_text(self._version, view.version)
        self._mark.setPixmap(mark(view.shape, view.struck, colours, BODY, ratio))
        set_text(self._line, view.line)
        set_text(self._details, "\n".join(view.details))
        set_text(self._refusal, view.refusal)
        self._show_progress(view)
        self._action.setVisible(view.action is not None)
        if view.action is not None:
            role = "calm" if view.action.action.do is Do.CANCEL else "primary"
            if self._action.property("role") != role:
                self._action.setProperty("role", role)
                repolish(self._action)
            self._action.setText(view.action.label)
            self._action.setEnabled(view.action.enabled)
            self._action.setAccessibleName(f"{view.action.label}: {view.title}")
        self._more.setVisible(bool(view.more))
        self._more.setAccessibleName(f"{say('do.more', language)}: {view.title}")
        self._more.setToolTip(say("do.more", language))
        if old is None or view.more != old.more:
            self._fill_menu(view)
        self.setAccessibleName(f"{view.title}, {view.line}")

    def _show_progress(self, view: CardView) -> None:
        progress = view.progress
        self._bar.setVisible(progress is not None)
        set_text(self._bar_text, progress.text if progress is not None else "")
        if progress is None:
            return
        if progress.fraction is None:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(round(progress.fraction * _STEPS))

    def _fill_menu(self, view: CardView) -> None:
        self._menu.clear()
        for offer in view.more:
            if offer.danger:
                self._menu.addSeparator()
            item = self._menu.addAction(offer.label.replace("&", "&&"))
            item.setEnabled(offer.enabled)
            item.triggered.connect(self._performer(offer.action))

    def _performer(self, action: Action) -> Callable[[], None]:
        return lambda: self.performed.emit(action)

    def _act(self) -> None:
        if self._view is not None and self._view.action is not None:
            self.performed.emit(self._view.action.action)
