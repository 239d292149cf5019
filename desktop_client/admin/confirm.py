"""The one destructive confirmation: what will happen, to whom by name and number, and a verb."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_client.i18n import say
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad

_WIDTH = 440
_LIST_HEIGHT = 240  # from there on the victims scroll


class Confirmation(QDialog):
    """Modal; Cancel is the default, so that Enter harms nobody."""

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        victims: Sequence[str],
        consequence: str,
        verb: str,
        danger: bool,
        on_yes: Callable[[], None],
        language: str,
    ) -> None:
        super().__init__(parent)
        self._on_yes = on_yes
        self.setWindowTitle(title)
        self.setModal(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        body = QVBoxLayout(self)
        pad(body, around=GRID * 3, between=GRID + 4)
        body.addWidget(label("title", title))
        if victims:
            body.addWidget(_listed(victims))
        if consequence:
            body.addWidget(label("", consequence))
        self.setAccessibleDescription(" ".join([consequence, *victims]))
        no = button("", say("admin.cancel", language))
        no.setObjectName("no")
        no.setDefault(True)
        no.clicked.connect(self.reject)
        yes = button("danger" if danger else "", verb)
        yes.setObjectName("yes")
        yes.clicked.connect(self._agree)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addStretch(1)
        row.addWidget(no)
        row.addWidget(yes)
        body.addSpacing(GRID)
        body.addLayout(row)
        no.setFocus(Qt.FocusReason.OtherFocusReason)
        self.adjustSize()

    def _agree(self) -> None:
        self.accept()
        self._on_yes()


def confirm(
    parent: QWidget | None,
    title: str,
    victims: Sequence[str],
    consequence: str,
    verb: str,
    danger: bool,
    on_yes: Callable[[], None],
    language: str,
) -> Confirmation:
    """Ask before something that cannot be taken back; returns at once.

    Args:
        title: what will be done, with its number: "Stop 3 instances?".
        victims: whom it concerns, by name, one a line.
        consequence: what happens then, one or two sentences.
        verb: on the button: "Stop 3 instances".
        danger: whether it takes something away.
        on_yes: called when the person agreed.
    """
    asked = Confirmation(parent, title, victims, consequence, verb, danger, on_yes, language)
    asked.open()
    return asked


def _listed(victims: Sequence[str]) -> QWidget:
    """Every one by name; many scroll."""
    names = QLabel("\n".join(f"•  {name}" for name in victims))
    names.setTextFormat(Qt.TextFormat.PlainText)
    names.setWordWrap(True)
    names.setContentsMargins(GRID, GRID, GRID, GRID)
    names.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    area = QScrollArea()
    area.setObjectName("victims")
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(names)
    area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    area.setAccessibleName("; ".join(victims))
    high = names.heightForWidth(_WIDTH - GRID * 8)
    area.setFixedHeight(min(high + 2, _LIST_HEIGHT))
    return area
