"""What is known of the chosen person: account, sessions, tokens, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_client.admin.page import Shell
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.parts import Facts, allow, why_not
from desktop_client.admin.pages.people_columns import (
    TOKENS,
    Somebody,
    account_word,
    role_told,
    state_word,
)
from desktop_client.admin.records import Person, Token
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.theme import GRID
from desktop_client.windows.parts import ElidedLabel, button, label, pad, set_text

# Two in a row, as they are laid out; what does not apply leaves no gap.
ACTIONS = (
    "role.change", "out", "password", "factor.reset", "role.claims", "disable", "enable"
)  # fmt: skip
_TOKENS_HEIGHT = 240


class PersonDetail(QWidget):
    """Signals:
    asked(str): one of ACTIONS, for the chosen person.
    revoke_asked(list): ids of tokens.
    instances_asked(str): theirs; the person's id.
    """

    asked = Signal(str)
    revoke_asked = Signal(list)
    instances_asked = Signal(str)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.person: Person | None = None
        self._tokens_of: tuple[str, int] | None = None
        self._title = ElidedLabel("title")
        self._names = label("quiet")
        self._problem = label("problem")
        self.buttons: dict[str, QPushButton] = {}
        for key in ACTIONS:
            made = button("danger" if key == "disable" else "")
            made.setObjectName(key)
            made.clicked.connect(lambda _=False, key=key: self.asked.emit(key))
            self.buttons[key] = made
        self._instances = button("link")
        self._instances.clicked.connect(self._ask_for_instances)
        self._facts = Facts()
        self._tokens_title = label("section")
        self.tokens: TablePane[Token] = TablePane(
            "people-tokens", TOKENS, lambda t: t.id, shell, sort="name", empty="people.token.none"
        )
        self.tokens.setFixedHeight(_TOKENS_HEIGHT)
        self.tokens.selected.connect(lambda _: self._show_revoke())
        self.revoke = button("danger")
        self.revoke.setObjectName("revoke")
        self.revoke.clicked.connect(lambda: self.revoke_asked.emit(self.tokens.selected_ids()))
        self._lay_out()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(GRID)
        for place, key in enumerate(ACTIONS[:4]):
            grid.addWidget(self.buttons[key], *divmod(place, 2))
        grid.addWidget(self.buttons["role.claims"], 2, 0, 1, 2)
        grid.addWidget(self.buttons["disable"], 3, 0)
        grid.addWidget(self.buttons["enable"], 3, 0)
        grid.addWidget(self._instances, 3, 1)
        grid.setColumnStretch(2, 1)
        below = QHBoxLayout()
        below.addWidget(self.revoke)
        below.addStretch(1)
        self._one = QWidget()
        inside = QVBoxLayout(self._one)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GRID + 4)
        inside.addWidget(self._problem)
        inside.addLayout(grid)
        inside.addWidget(self._facts)
        inside.addWidget(self._tokens_title)
        inside.addWidget(self.tokens)
        inside.addLayout(below)
        body = QVBoxLayout(self)
        pad(body, around=GRID, between=GRID + 4)
        body.addWidget(self._title)
        body.addWidget(self._names)
        body.addWidget(self._one)
        body.addStretch(1)

    def show_people(self, rows: Sequence[Somebody]) -> None:
        """The chosen ones; several are only named."""
        if not rows:
            self.person = None
            return
        language = self._shell.language
        one = rows[0] if len(rows) == 1 else None
        self._one.setVisible(one is not None)
        self.person = one.person if one is not None else None
        if one is None:
            self._title.show_text(say("people.several", language, count=len(rows)))
            set_text(self._names, "\n".join(r.person.name for r in rows))
            return
        self._title.show_text(one.person.name or one.person.id)
        set_text(self._names, one.person.email)
        self._show_one(one, language)
        about = (one.person.id, one.person.tokens)
        if about != self._tokens_of:
            if self._tokens_of is None or self._tokens_of[0] != about[0]:
                self.tokens.show_rows(())
            self.ask_for_tokens()

    def ask_for_tokens(self) -> None:
        """They come when somebody is chosen, and again when their number changes."""
        if self.person is None:
            return
        person_id = self.person.id
        self._tokens_of = (person_id, self.person.tokens)
        self._shell.bridge.ask(
            self, lambda r: r.tokens(person_id), lambda found: self._heard(person_id, found)
        )

    def dress(self) -> None:
        self.tokens.dress()

    def _heard(self, person_id: str, tokens: tuple[Token, ...]) -> None:
        if self.person is not None and self.person.id == person_id:
            self.tokens.show_rows(tokens)
            self._show_revoke()

    def _show_one(self, row: Somebody, language: str) -> None:
        person = row.person
        speech = Speech(language, self._shell.now(), self._shell.zone)
        told = [
            ("role", role_told(person, language)),
            ("teams", ", ".join(person.teams) or cells.DASH),
            ("account", account_word(person, language)),
            ("state", state_word(person, language)),
            ("seen", cells.both(person.last_seen, speech)),
            ("sessions", str(person.sessions)),
            ("tokens", str(person.tokens)),
            ("live", str(row.live)),
            ("id", person.id),
        ]
        if person.local:
            told[3:3] = _of_account(person, speech)
        self._facts.show_facts([(say(f"people.{key}", language), value) for key, value in told])
        set_text(self._problem, person.problem.spoken(language))
        why = why_not(self._shell.fleet, language)
        for key, made in self.buttons.items():
            made.setText(say(f"people.{key}", language))
            made.setAccessibleName(f"{made.text()}: {person.name}")
            allow(made, why)
        self.buttons["disable"].setVisible(not person.disabled)
        self.buttons["enable"].setVisible(person.disabled)
        self.buttons["role.claims"].setVisible(person.role_overridden)
        self.buttons["password"].setVisible(person.local)
        self.buttons["factor.reset"].setVisible(person.local and person.second_factor)
        self._instances.setText(say("people.to_instances", language))
        self._tokens_title.setText(say("people.tokens", language))
        self._show_revoke()

    def _show_revoke(self) -> None:
        language = self._shell.language
        chosen = bool(self.tokens.selected_ids())
        self.revoke.setText(say("people.token.revoke", language))
        why = why_not(self._shell.fleet, language)
        allow(self.revoke, why or ("" if chosen else say("people.token.choose", language)))

    def _ask_for_instances(self) -> None:
        if self.person is not None:
            self.instances_asked.emit(self.person.id)


def _of_account(person: Person, speech: Speech) -> list[tuple[str, str]]:
    """What only a local account has."""
    language = speech.language
    found = [
        ("username", person.username or cells.DASH),
        ("factor", say(f"people.factor.{'on' if person.second_factor else 'off'}", language)),
    ]
    if person.one_time_until is not None:
        until = cells.both(person.one_time_until, speech)
        found.append(("one_time", say("people.one_time.until", language, at=until)))
    return found
