"""The list of cards: banner, search, cards in an order that holds still under the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_client.card_view import CardView, held, matches
from desktop_client.desk import Action
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.view_model import View
from desktop_client.windows.card import CardWidget
from desktop_client.windows.parts import button, label, pad, scrolled, set_text

_MANY = 6  # cards; above, there is a search field


class CardsPage(QWidget):
    """Signals:
    performed(Action): a person asked for something.
    resized(): its content may want another height.
    """

    performed = Signal(object)
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._widgets: dict[str, CardWidget] = {}
        self._order: list[str] = []
        self._view: View | None = None
        self._hold = False
        self._look: tuple[Colours, str] | None = None
        self._search_wanted = False
        self._make_banner()
        self._search = _Search()
        self._search.hide()
        self._search.textChanged.connect(self._filter)
        self._search.gone_down.connect(lambda: self._go_to(0))
        self._search.entered.connect(self._enter)
        self._no_match = label("quiet")
        self._no_match.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._no_match.hide()
        self._inner = QWidget()
        self._list = QVBoxLayout(self._inner)
        pad(self._list, around=GRID, between=GRID - 2)
        self._list.addWidget(self._no_match)
        self._shared_title = label("section")
        self._shared_title.setContentsMargins(GRID // 2, GRID, 0, 0)
        self._shared_title.hide()
        self._list.addWidget(self._shared_title)
        self._former = button("link")
        self._former_do: Action | None = None
        self._former.clicked.connect(self._ask_former)
        self._former.hide()
        self._list.addWidget(self._former)
        self._list.addStretch(1)
        self._area = scrolled(self._inner)
        self._top = QWidget()
        self._above = QVBoxLayout(self._top)
        self._above.setContentsMargins(GRID + 1, GRID + 1, GRID + 1, 0)
        self._above.setSpacing(GRID)
        self._above.addWidget(self._banner)
        self._above.addWidget(self._search)
        body = QVBoxLayout(self)
        pad(body, around=0, between=0)
        body.addWidget(self._top)
        body.addWidget(self._area, 1)

    def _make_banner(self) -> None:
        self._banner = QFrame()
        self._banner.setObjectName("banner")
        self._banner_text = label()
        self._banner_action = button()
        self._banner_do: Action | None = None
        self._banner_action.clicked.connect(self._act)
        row = QVBoxLayout(self._banner)
        row.setContentsMargins(GRID + 4, GRID, GRID, GRID)
        row.setSpacing(GRID // 2)
        row.addWidget(self._banner_text)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self._banner_action)
        row.addLayout(foot)

    # -- what it shows --------------------------------------------------------------------------

    def show_view(self, view: View, colours: Colours, language: str) -> None:
        """Show the view's banner and cards."""
        self._view, self._look = view, (colours, language)
        self._banner.setVisible(bool(view.banner))
        self._banner_text.setText(view.banner)
        offer = view.banner_action
        self._banner_do = offer.action if offer else None
        self._banner_action.setVisible(offer is not None)
        if offer is not None:
            self._banner_action.setText(offer.label)
            self._banner_action.setAccessibleName(offer.label)
        many = len(view.cards) + len(view.shared) > _MANY or self._search_wanted
        self._search.setVisible(many)
        self._search.setPlaceholderText(say("flyout.search", language))
        self._search.setAccessibleName(say("flyout.search", language))
        if not many:
            self._search.clear()
        self._top.setVisible(bool(view.banner) or many)
        self._inner.setAccessibleName(say("flyout.cards", language))
        self._area.setAccessibleName(say("flyout.cards", language))
        set_text(self._shared_title, say("shared.title", language) if view.shared else "")
        self._former_do = view.former.action if view.former else None
        self._former.setVisible(view.former is not None)
        if view.former is not None:
            self._former.setText(view.former.label)
            self._former.setAccessibleName(view.former.label)
        self._show_cards((*view.cards, *view.shared), colours, language)
        self._filter()

    def hold(self, held_still: bool) -> None:
        """While held, no card moves that is shown: the pointer is over them."""
        if held_still != self._hold:
            self._hold = held_still
            if not held_still and self._view is not None and self._look is not None:
                self._show_cards((*self._view.cards, *self._view.shared), *self._look)
                self._filter()

    def height_for(self, width: int) -> int:
        """What the content wants at a width, without scrolling."""
        top = 0
        if not self._top.isHidden():
            top = self._above.heightForWidth(width)
        cards = self._list.heightForWidth(width)
        return top + cards

    def search(self) -> None:
        """Go to the search field, shown for it if it is not there."""
        self._search_wanted = True
        self._search.show()
        self._top.show()
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()
        self.resized.emit()

    def leave_search(self) -> bool:
        """Whether there was a search, which is over now."""
        if self._search.isHidden() or not (self._search.text() or self._search_wanted):
            return False
        self._search_wanted = False
        self._search.clear()
        view = self._view
        if view is not None and len(view.cards) + len(view.shared) <= _MANY:
            self._search.hide()
            self._top.setVisible(bool(view.banner))
        self._go_to(0)
        self.resized.emit()
        return True

    def to_top(self) -> None:
        """As when it is opened anew: no search, the first card in sight."""
        self._search_wanted = False
        self._search.clear()
        self._area.verticalScrollBar().setValue(0)

    def focus_first(self) -> None:
        """Give the keyboard to the first card."""
        self._go_to(0)

    def cards(self) -> list[CardWidget]:
        """The cards in sight, in order."""
        return [w for k in self._order if not (w := self._widgets[k]).isHidden()]

    def _show_cards(self, cards: Sequence[CardView], colours: Colours, language: str) -> None:
        shown = [(key, self._engine_of(key)) for key in self._order]
        wanted = [(card.key, card.engine_id) for card in cards]
        views = {card.key: card for card in cards}
        order = held(shown, wanted) if self._hold else tuple(key for key, _ in wanted)
        order = tuple(sorted(order, key=lambda key: views[key].guest))  # one's own come first
        self._hand_over(shown, wanted)
        for key in [k for k in self._widgets if k not in order]:
            gone = self._widgets.pop(key)
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for key in order:
            widget = self._widgets.get(key)
            if widget is None:
                widget = CardWidget()
                widget.performed.connect(self.performed)
                widget.left.connect(self._leave_card)
                self._widgets[key] = widget
            widget.show_view(views[key], colours, language)
        self._lay_out(
            [self._widgets[key] for key in order if not views[key].guest],
            [self._widgets[key] for key in order if views[key].guest],
        )
        if list(order) != self._order:
            self._order = list(order)
            self._chain()

    def _lay_out(self, own: list[CardWidget], guests: list[CardWidget]) -> None:
        """In this order; what stands where it belongs is not touched."""
        for place, widget in enumerate([self._no_match, *own, self._shared_title, *guests]):
            if self._list.indexOf(widget) != place:
                self._list.insertWidget(place, widget)

    def _hand_over(
        self, shown: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]
    ) -> None:
        """An engine's card becomes that of its new instance: the same widget goes on, and with
        it the keyboard's focus."""
        keys = {key for key, _ in wanted}
        for key, engine in shown:
            if key in keys:
                continue
            heir = next((k for k, e in wanted if e == engine and k not in self._widgets), None)
            if heir is not None:
                self._widgets[heir] = self._widgets.pop(key)

    def _engine_of(self, key: str) -> str:
        view = self._widgets[key].view
        return view.engine_id if view is not None else ""

    def _chain(self) -> None:
        """Tab goes through the cards as they are in sight."""
        stops: list[QWidget] = [self._search]
        for key in self._order:
            stops += self._widgets[key].stops()
        stops.append(self._former)
        for one, other in pairwise(stops):
            QWidget.setTabOrder(one, other)

    def _filter(self) -> None:
        text = self._search.text()
        found = 0
        for widget in self._widgets.values():
            view = widget.view
            fits = view is not None and matches(view, text)
            widget.setVisible(fits)
            found += fits
        none = bool(text.strip()) and not found
        guests = [w for w in self._widgets.values() if w.view is not None and w.view.guest]
        self._shared_title.setVisible(any(not w.isHidden() for w in guests))
        language = self._look[1] if self._look else "en"
        set_text(self._no_match, say("flyout.no_match", language, text=text) if none else "")
        self.resized.emit()

    # -- what a person does ---------------------------------------------------------------------

    def _leave_card(self, steps: int) -> None:
        cards, sender = self.cards(), self.sender()
        if isinstance(sender, CardWidget) and sender in cards:
            self._go_to(cards.index(sender) + steps)

    def _go_to(self, index: int) -> None:
        cards = self.cards()
        if cards:
            card = cards[max(0, min(index, len(cards) - 1))]
            card.setFocus(Qt.FocusReason.TabFocusReason)
            self._area.ensureWidgetVisible(card, 0, GRID)

    def _enter(self) -> None:
        """Enter in the search field: what is first there."""
        cards = self.cards()
        if self._search.text().strip() and cards:
            cards[0].act()

    def _ask_former(self) -> None:
        if self._former_do is not None:
            self.performed.emit(self._former_do)

    def _act(self) -> None:
        if self._banner_do is not None:
            self.performed.emit(self._banner_do)


class _Search(QLineEdit):
    """Signals: gone_down(), entered()."""

    gone_down = Signal()
    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setClearButtonEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Down:
            self.gone_down.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            super().keyPressEvent(event)
