"""The small windows of the People page: a new account, its password shown once, another role."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.model import Role
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.parts import CopyButton
from desktop_client.admin.pages.people_columns import ROLES, role_word
from desktop_client.admin.records import NewAccount, Person
from desktop_client.admin.tables.column import Speech
from desktop_client.i18n import say
from desktop_client.model import Problem
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad, set_text
from desktop_client.wording import problem_text

_WIDTH = 440
_LONGEST = 60  # letters of a name


class PlainDialog(QDialog):
    """A title, a text, what is particular, a problem, a row of buttons."""

    def __init__(self, title: str, text: str, language: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.language = language
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self.body = QVBoxLayout(self)
        pad(self.body, around=GRID * 3, between=GRID)
        self.body.addWidget(label("title", title))
        if text:
            self.body.addWidget(label("quiet", text))
        self.problem = label("problem")
        self.problem.hide()

    def finish(self, *buttons: QWidget) -> None:
        """The problem and the buttons, the one that is right now last."""
        self.body.addWidget(self.problem)
        self.body.addSpacing(GRID)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addStretch(1)
        for each in buttons:
            row.addWidget(each)
        self.body.addLayout(row)
        self.fit()

    def fit(self) -> None:
        """As high as the words need at this width."""
        width = max(self.minimumWidth(), self.minimumSizeHint().width())
        self.resize(width, max(self.body.heightForWidth(width), self.minimumSizeHint().height()))

    def show_problem(self, problem: Problem | None) -> None:
        """Why it was refused, where the person looks; what was typed stays."""
        set_text(self.problem, problem_text(problem, self.language))
        self.fit()


class AddAccount(PlainDialog):
    """Signals:
    wanted(str, str, Role): make an account with this user name, name and role.
    """

    wanted = Signal(str, str, object)

    def __init__(self, language: str, parent: QWidget | None = None) -> None:
        super().__init__(
            say("people.add.title", language), say("people.add.text", language), language, parent
        )
        self.username = self._field("people.add.username")
        self.name = self._field("people.add.name")
        self.role = QComboBox()
        for role in ROLES:
            self.role.addItem(role_word(role, language), role)
        self.role.currentIndexChanged.connect(self._meant)
        caption = self._caption("people.role")
        caption.setBuddy(self.role)
        self.role.setAccessibleName(caption.text())
        self._meaning = label("caption")
        self.body.addWidget(self.role)
        self.body.addWidget(self._meaning)
        self.yes = button("primary", say("people.add.yes", language))
        self.yes.setDefault(True)
        self.yes.setEnabled(False)
        self.yes.clicked.connect(self._want)
        no = button("calm", say("admin.cancel", language))
        no.clicked.connect(self.reject)
        self._meant()
        self.finish(no, self.yes)
        self.username.setFocus()

    def show_problem(self, problem: Problem | None) -> None:
        super().show_problem(problem)
        self._typed()
        self.yes.setText(say("people.add.yes", self.language))

    def _caption(self, key: str) -> QLabel:
        made = label("section", say(key, self.language))
        self.body.addSpacing(GRID // 2)
        self.body.addWidget(made)
        return made

    def _field(self, key: str) -> QLineEdit:
        caption, field = self._caption(key), QLineEdit()
        caption.setBuddy(field)
        field.setMaxLength(_LONGEST)
        field.setPlaceholderText(say(f"{key}.hint", self.language))
        field.setAccessibleName(caption.text())
        field.textChanged.connect(self._typed)
        self.body.addWidget(field)
        return field

    def _typed(self) -> None:
        self.yes.setEnabled(bool(self.username.text().strip()))

    def _meant(self) -> None:
        role = Role(self.role.currentData())
        self._meaning.setText(say(f"people.role.{role}.meaning", self.language))

    def _want(self) -> None:
        self.show_problem(None)
        self.yes.setEnabled(False)
        self.yes.setText(say("people.add.asking", self.language))
        username = self.username.text().strip()
        self.wanted.emit(
            username, self.name.text().strip() or username, Role(self.role.currentData())
        )


class OneTimePassword(PlainDialog):
    """Shown once: it closes by its own button only, not by a slip of the keyboard."""

    def __init__(
        self,
        account: NewAccount,
        speech: Speech,
        parent: QWidget | None = None,
        *,
        reset: bool = False,
    ) -> None:
        """``reset``: the account was there before."""
        language = speech.language
        title, text = (
            ("people.password.shown", "people.password.text")
            if reset
            else ("people.added.title", "people.added.text")
        )
        super().__init__(
            say(title, language, name=account.name),
            say(text, language, name=account.name),
            language,
            parent,
        )
        self.password = label("code", account.one_time_password)
        self.password.setAccessibleName(
            f"{say('people.added.password', language)}: {account.one_time_password}"
        )
        self.password.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.body.addSpacing(GRID // 2)
        self.body.addWidget(label("section", say("people.added.password", language)))
        self.body.addWidget(self.password)
        if account.until is not None:
            until = cells.both(account.until, speech)
            self.body.addWidget(label("caption", say("people.added.until", language, at=until)))
        self.copy = CopyButton("primary")
        self.copy.offer(
            account.one_time_password,
            say("people.added.copy", language),
            say("people.added.copied", language),
        )
        self.done_button = button("calm", say("people.added.close", language))
        self.done_button.clicked.connect(self.accept)
        self.finish(self.done_button, self.copy)
        self.copy.setDefault(True)
        self.copy.setFocus()

    def reject(self) -> None:
        """Escape and the window's close button mean nothing here."""


class ChangeRole(PlainDialog):
    """Signals:
    wanted(Role): this one.
    """

    wanted = Signal(object)

    def __init__(self, person: Person, language: str, parent: QWidget | None = None) -> None:
        text = "" if person.local else say("people.role.provider", language)
        title = say("people.role.title", language, name=person.name)
        super().__init__(title, text, language, parent)
        self._person = person
        self.choices: dict[Role, QRadioButton] = {}
        for role in ROLES:
            choice = QRadioButton(role_word(role, language))
            meaning = label("caption", say(f"people.role.{role}.meaning", language))
            meaning.setContentsMargins(GRID * 3, 0, 0, GRID // 2)
            choice.setAccessibleDescription(meaning.text())
            choice.setChecked(role is person.role)
            choice.toggled.connect(self._chosen)
            self.choices[role] = choice
            self.body.addWidget(choice)
            self.body.addWidget(meaning)
        self.yes = button("primary", say("people.role.yes", language))
        self.yes.setDefault(True)
        self.yes.clicked.connect(self._want)
        no = button("calm", say("admin.cancel", language))
        no.clicked.connect(self.reject)
        self.finish(no, self.yes)
        self._chosen()

    def _role(self) -> Role:
        return next((r for r, choice in self.choices.items() if choice.isChecked()), Role.UNKNOWN)

    def _chosen(self) -> None:
        self.yes.setEnabled(self._role() not in (Role.UNKNOWN, self._person.role))

    def _want(self) -> None:
        self.wanted.emit(self._role())
        self.accept()
