"""Adding machines: the line to run there, how long it is good, and who comes in."""

from __future__ import annotations

from concurrent.futures import Future

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.machines.actions import pools, wrong_pool
from desktop_client.admin.machines.card_row import MarkLabel
from desktop_client.admin.machines.detail import Stock
from desktop_client.admin.machines.dialogs import pool_field
from desktop_client.admin.machines.joining import (
    VALIDITIES,
    Joined,
    Stage,
    joined,
    members,
    next_look,
    time_left,
    validity,
)
from desktop_client.admin.page import Shell
from desktop_client.admin.records import JoinCommand
from desktop_client.admin.tables.column import Mark
from desktop_client.i18n import say
from desktop_client.model import Problem
from desktop_client.theme import GRID, Colours
from desktop_client.view_model import Shape
from desktop_client.windows.parts import button, label, pad, set_text
from desktop_client.wording import problem_text

_WIDTH = 640
_HEIGHT = 760  # with a command, in pixels


class AddMachine(QDialog):
    """Not modal: the studio stays in sight. It asks for a command when a person asks for one."""

    def __init__(self, shell: Shell, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._before = members(shell.fleet)
        self._command: JoinCommand | None = None
        self._asking: Future[None] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.WindowContextHelpButtonHint, False)
        language = shell.language
        self._title, self._first = label("title"), label("section")
        self._needs = label("quiet")
        self._second = label("section")
        self.pool = pool_field(pools(shell.fleet), "on-prem", language)
        self.validity = QComboBox()
        self._pool_name, self._validity_name = label("", wrap=False), label("", wrap=False)
        self._make = button("primary")
        self._make.setObjectName("make")
        self._wrong = label("problem")
        self.command = QPlainTextEdit()
        self.command.setReadOnly(True)
        self.command.setObjectName("command")
        self.command.setFixedHeight(76)
        self.command.setTabChangesFocus(True)
        self._copy = button("primary")
        self._copy.setObjectName("copy")
        self._left, self._then = label("caption"), label("quiet")
        self._third = label("section")
        self._waiting = _Arrival()
        self._arrivals = Stock()
        self._done = button()
        self._done.setObjectName("done")
        self._shown = QWidget()
        self._build()
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._show_left)
        self._make.clicked.connect(self.ask)
        self._copy.clicked.connect(self._copy_command)
        self._done.clicked.connect(self.accept)
        self.pool.currentTextChanged.connect(lambda _: self._check())
        self.speak()
        self.show_fleet()
        self.resize(_WIDTH, self._body.heightForWidth(_WIDTH))
        shell.bridge.fleet.connect(self._heard)

    def _build(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(GRID)
        choices.addWidget(self._pool_name)
        choices.addWidget(self.pool, 1)
        choices.addSpacing(GRID)
        choices.addWidget(self._validity_name)
        choices.addWidget(self.validity)
        choices.addWidget(self._make)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._left, 1)
        row.addWidget(self._copy)
        shown = QVBoxLayout(self._shown)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.setSpacing(GRID)
        shown.addWidget(self.command)
        shown.addLayout(row)
        shown.addWidget(self._then)
        self._shown.hide()
        who = QWidget()
        inside = QVBoxLayout(who)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GRID)
        inside.addWidget(self._waiting)
        inside.addLayout(self._arrivals)
        inside.addStretch(1)
        area = self._area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(who)
        last = QHBoxLayout()
        last.addStretch(1)
        last.addWidget(self._done)
        body = self._body = QVBoxLayout(self)
        pad(body, around=GRID * 3, between=GRID)
        for widget in (self._title, self._first, self._needs, self._second):
            body.addWidget(widget)
        body.addLayout(choices)
        body.addWidget(self._wrong)
        body.addWidget(self._shown)
        body.addWidget(self._third)
        body.addWidget(area, 1)
        body.addLayout(last)
        area.hide()

    def speak(self) -> None:
        """Take the shell's language."""
        language = self._shell.language
        self.setWindowTitle(say("machines.add", language))
        for target, key in (
            (self._title, "title"), (self._first, "first"), (self._needs, "needs"),
            (self._second, "second"), (self._third, "third"), (self._then, "then"),
            (self._pool_name, "pool"), (self._validity_name, "validity"),
        ):  # fmt: skip
            target.setText(say(f"machines.add.{key}", language))
        chosen = max(self.validity.currentIndex(), 0)
        self.validity.clear()
        for minutes in VALIDITIES:
            self.validity.addItem(validity(minutes, language), minutes)
        self.validity.setCurrentIndex(chosen)
        self.validity.setAccessibleName(say("machines.add.validity", language))
        self.command.setAccessibleName(say("machines.add.command", language))
        self._make.setText(say(self._make_key(), language))
        self._copy.setText(say("machines.add.copy", language))
        self._done.setText(say("machines.add.done", language))

    def _make_key(self) -> str:
        return "machines.add.make" if self._command is None else "machines.add.again"

    # -- the command

    def ask(self) -> None:
        """Ask for a new command."""
        minutes, pool = int(self.validity.currentData()), self.pool.currentText().strip()
        self._make.setEnabled(False)
        set_text(self._wrong, "")
        self._asking = self._shell.bridge.ask(
            self,
            lambda r: r.join_command(pool, minutes),
            self.show_command,
            self._refused,
        )

    def show_command(self, command: JoinCommand) -> None:
        """The line to run on the machine."""
        language = self._shell.language
        self._command = command
        self.command.setPlainText(command.command)
        self._make.setEnabled(True)
        self._make.setText(say("machines.add.again", language))
        self._make.setProperty("role", "")
        self._make.style().unpolish(self._make)
        self._make.style().polish(self._make)
        self._copy.setText(say("machines.add.copy", language))
        self._shown.show()
        self._area.show()
        if self.height() < _HEIGHT:
            self.resize(max(self.width(), _WIDTH), _HEIGHT)
        self._show_left()
        self.show_fleet()
        self._copy.setFocus(Qt.FocusReason.OtherFocusReason)

    def _refused(self, problem: Problem) -> None:
        self._make.setEnabled(True)
        set_text(self._wrong, problem_text(problem, self._shell.language))

    def _check(self) -> None:
        pool = self.pool.currentText().strip()
        wrong = wrong_pool(pool, self._shell.language)
        set_text(self._wrong, wrong)
        self._make.setEnabled(not wrong)

    def _copy_command(self) -> None:
        QGuiApplication.clipboard().setText(self.command.toPlainText())
        self._copy.setText(say("machines.add.copied", self._shell.language))

    def _show_left(self) -> None:
        """How long it is good; looks again only when that says something else."""
        if self._command is None:
            return
        now, expires = self._shell.now(), self._command.expires_at
        set_text(self._left, time_left(expires, now, self._shell.language))
        self._copy.setEnabled(expires is None or expires > now)
        wait = next_look(expires, now)
        if wait is not None:
            self._again.start(max(int(wait.total_seconds() * 1000), 1))

    # -- who comes in

    def _heard(self, *_: object) -> None:
        """Also while another page is shown."""
        self.show_fleet()

    def show_fleet(self) -> None:
        """Take what the shell knows now."""
        language, colours = self._shell.language, self._shell.colours
        found = joined(self._shell.fleet, self._before, language)
        waiting = self._command is not None and not found
        self._third.setVisible(self._command is not None or bool(found))
        self._waiting.setVisible(waiting)
        if waiting:
            text = say("machines.join.waiting", language)
            self._waiting.show_arrival(Mark(Shape.QUEUED), text, "", (), colours)
        for row, each in zip(self._arrivals.take(len(found), _Arrival), found, strict=True):
            mark = Mark(each.shape)
            row.show_arrival(mark, each.name, each.line, each.problems, colours)
        ready = bool(found) and all(each.stage is Stage.READY for each in found)
        self._emphasise(found, ready=ready)

    def _emphasise(self, found: tuple[Joined, ...], *, ready: bool) -> None:
        """Done is the one action that is right once everybody is ready."""
        role = "primary" if ready and found else ""
        if self._done.property("role") != role:
            self._done.setProperty("role", role)
            self._done.style().unpolish(self._done)
            self._done.style().polish(self._done)


class _Arrival(QFrame):
    """A machine that came in, or that is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._mark, self._name = MarkLabel(18), label("section")
        self._line: QLabel = label("quiet")
        self._problems: QLabel = label("problem")
        words = QVBoxLayout()
        words.setSpacing(2)
        for widget in (self._name, self._line, self._problems):
            words.addWidget(widget)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID + 4, GRID, GRID + 4, GRID)
        row.setSpacing(GRID + 4)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def show_arrival(
        self, mark: Mark, name: str, text: str, problems: tuple[str, ...], colours: Colours
    ) -> None:
        self._mark.show_mark(mark, colours)
        set_text(self._name, name)
        set_text(self._line, text)
        set_text(self._problems, "\n".join(problems))
        self.setAccessibleName(" · ".join(part for part in (name, text, *problems) if part))
