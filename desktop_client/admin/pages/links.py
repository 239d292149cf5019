"""Who asks to be who they were before the studio moved to another provider: a notice, a dialog."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.pages.parts import allow
from desktop_client.admin.pages.people_dialogs import PlainDialog
from desktop_client.admin.records import Link
from desktop_client.i18n import say
from desktop_client.model import Problem
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label

_WIDTH = 600  # the question before the reason is read whole
_LIST_HEIGHT = 420
_LONGEST_REASON = 300


class LinkNotice(QFrame):
    """A line above the people, while somebody asks.

    Signals:
        look(): show who.
    """

    look = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._text = label()
        self._look = button("")
        self._look.setObjectName("links")
        self._look.clicked.connect(self.look)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 2, GRID, GRID, GRID)
        row.addWidget(self._text, 1)
        row.addWidget(self._look)
        self.hide()

    def show_count(self, count: int, language: str) -> None:
        """Nobody asks: nothing is shown."""
        key = "links.one" if count == 1 else "links.many"
        self._text.setText(say(key, language, count=count))
        self._look.setText(say("links.look", language))
        self._look.setAccessibleName(f"{self._text.text()} {self._look.text()}")
        self.setVisible(count > 0)


class LinksDialog(PlainDialog):
    """Attributes: rows, by the request's id.

    Signals:
        approved(Link): let them be that person.
        refused(Link, str): with the reason that they read.
    """

    approved = Signal(object)
    refused = Signal(object, str)

    def __init__(
        self, links: Sequence[Link], why_not: str, language: str, parent: QWidget | None = None
    ) -> None:
        """``why_not``: why nothing may be changed now; empty: it may."""
        super().__init__(
            say("links.title", language), say("links.text", language), language, parent
        )
        self._why_not = why_not
        self._links: tuple[Link, ...] | None = None
        self.rows: dict[str, LinkRow] = {}
        self.setMinimumWidth(_WIDTH)
        self._inner = QWidget()
        self._list = QVBoxLayout(self._inner)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(GRID)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._inner)
        self._none = label("quiet", say("links.none", language))
        self.body.addWidget(self._none)
        self.body.addWidget(self._area)
        close = button("calm", say("links.close", language))
        close.clicked.connect(self.accept)
        self.finish(close)
        self.show_links(links)

    def show_links(self, links: Sequence[Link]) -> None:
        """Those that are open now; what somebody types stays."""
        self._inner.setEnabled(True)
        if tuple(links) == self._links:
            return
        self._links = tuple(links)
        typed = {key: row.reason.text() for key, row in self.rows.items()}
        for row in self.rows.values():
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = {}
        for link in links:
            row = LinkRow(link, self._why_not, self.language)
            row.reason.setText(typed.get(link.id, ""))
            row.approve.clicked.connect(lambda _=False, link=link: self._decide(link))
            row.refused.connect(lambda reason, link=link: self._decide(link, reason))
            self._list.addWidget(row)
            row.show()  # at once: what is hidden has no height
            self.rows[link.id] = row
        self._none.setVisible(not links)
        self._area.setVisible(bool(links))
        self.fit()

    def show_problem(self, problem: Problem | None) -> None:
        self._inner.setEnabled(True)
        super().show_problem(problem)

    def fit(self) -> None:
        """As high as those who ask need, to a limit; then they are scrolled."""
        around = self.body.contentsMargins()
        needed = self._list.heightForWidth(_WIDTH - around.left() - around.right())
        self._area.setFixedHeight(max(0, min(_LIST_HEIGHT, needed)))
        super().fit()

    def _decide(self, link: Link, reason: str = "") -> None:
        """Once: nothing is to be clicked until it is answered."""
        self.show_problem(None)
        self._inner.setEnabled(False)
        if reason:
            self.refused.emit(link, reason)
        else:
            self.approved.emit(link)


class LinkRow(QFrame):
    """One who asks, with approve, refuse and its reason.

    Signals:
        refused(str): with this reason.
    """

    refused = Signal(str)

    def __init__(self, link: Link, why_not: str, language: str) -> None:
        super().__init__()
        self.setObjectName("card")
        body = QVBoxLayout(self)
        body.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        body.setSpacing(GRID // 2)
        who = say("links.who", language, name=link.asker_name, username=link.username)
        body.addWidget(label("section", who))
        for text in link_lines(link, language):
            body.addWidget(label("caption", text))
        obstacle = link.obstacle.spoken(language)
        if obstacle:
            body.addWidget(label("problem", obstacle))
        self.reason = QLineEdit()
        self.reason.setMaxLength(_LONGEST_REASON)
        self.reason.setPlaceholderText(say("links.reason", language, name=link.asker_name))
        self.reason.setAccessibleName(self.reason.placeholderText())
        self.reason.textChanged.connect(self._typed)
        self.approve = button("primary", say("links.approve", language))
        self.approve.setAccessibleName(f"{self.approve.text()}: {who}")
        allow(self.approve, why_not or obstacle)
        self.refuse: QPushButton = button("", say("links.refuse", language))
        self.refuse.setAccessibleName(f"{self.refuse.text()}: {who}")
        self.refuse.clicked.connect(lambda: self.refused.emit(self.reason.text().strip()))
        self._why_not = why_not
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.reason, 1)
        row.addWidget(self.refuse)
        row.addWidget(self.approve)
        body.addSpacing(GRID // 2)
        body.addLayout(row)
        self._typed()

    def _typed(self) -> None:
        hint = self.reason.placeholderText()
        allow(self.refuse, self._why_not or ("" if self.reason.text().strip() else hint))


def link_lines(link: Link, language: str) -> tuple[str, ...]:
    """What an admin weighs, a line each. Pure."""
    comma = "、" if language == "zh" else ", "
    lines = [say("links.proven" if link.proven else "links.named", language)]
    if link.former_engines:
        lines.append(say("links.gets", language, engines=comma.join(link.former_engines)))
    elif not link.obstacle.en:
        lines.append(say("links.gets.none", language))
    if link.asker_engines:
        lines.append(say("links.keeps", language, engines=comma.join(link.asker_engines)))
    if link.note:
        lines.append(say("links.note", language, note=link.note))
    return tuple(lines)
