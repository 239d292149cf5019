"""The studio's own authority on the Settings page: who signs, how far a rotation is, its steps."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from desktop_client.admin.pages import cells
from desktop_client.admin.pages.parts import Facts, allow
from desktop_client.admin.records import AuthorityStatus, Phase
from desktop_client.admin.tables.column import Speech
from desktop_client.i18n import say
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label
from desktop_client.wording import grouped

STEPS = ("announce", "switch", "finish", "cancel")
# What may be done, in which phase.
_POSSIBLE = {
    Phase.STEADY: ("announce",),
    Phase.ANNOUNCED: ("switch", "cancel"),
    Phase.SWITCHED: ("finish",),
    Phase.UNKNOWN: (),
}


class AuthorityBox(QFrame):
    """Signals:
    asked(str): one of STEPS.
    """

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._title = label("section")
        self._facts = Facts()
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for step in STEPS:
            made = button("danger" if step == "finish" else "")
            made.setObjectName(f"authority.{step}")
            made.clicked.connect(lambda _=False, step=step: self.asked.emit(step))
            self.buttons[step] = made
            row.addWidget(made)
        row.addStretch(1)
        body = QVBoxLayout(self)
        body.setContentsMargins(GRID * 2, GRID + 4, GRID * 2, GRID + 4)
        body.setSpacing(GRID)
        body.addWidget(self._title)
        body.addWidget(self._facts)
        body.addLayout(row)

    def show_status(self, status: AuthorityStatus | None, why_not: str, speech: Speech) -> None:
        """``why_not``: why nothing may be changed now; empty: it may."""
        language = speech.language
        self._title.setText(say("authority.title", language))
        self._facts.show_facts(authority_facts(status, speech))
        possible = _POSSIBLE[status.phase] if status is not None else ()
        for step, made in self.buttons.items():
            made.setText(say(f"authority.{step}", language))
            made.setVisible(step in possible)
            allow(made, why_not)


def authority_facts(status: AuthorityStatus | None, speech: Speech) -> Sequence[tuple[str, str]]:
    """Names and values. Pure."""
    language = speech.language
    if status is None:
        return ((say("authority.signs", language), cells.DASH),)
    second = "authority.will" if status.phase is Phase.ANNOUNCED else "authority.trusted"
    found = [
        (
            say(name, language),
            say(
                "authority.value",
                language,
                pin=grouped(authority.pin),
                at=cells.stamp(authority.ends, speech),
            ),
        )
        for name, authority in zip(("authority.signs", second), status.authorities, strict=False)
    ]
    since = cells.both(status.since, speech)
    phase = say(f"authority.phase.{status.phase or 'unknown'}", language, at=since)
    found.append((say("authority.phase", language), phase))
    if status.next_step_at is not None and status.phase is not Phase.UNKNOWN:
        at = cells.stamp(status.next_step_at, speech)
        text = say(f"authority.next.{status.phase}", language, at=at)
        found.append((say("authority.next", language), text))
    elif status.waiting:
        found.append((say("authority.next", language), say("authority.next.waiting", language)))
    if status.waiting:
        comma = "、" if language == "zh" else ", "
        found.append((say("authority.missing", language), comma.join(status.waiting)))
    return tuple(found)
