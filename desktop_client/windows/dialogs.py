"""Small questions and answers beside the cards. Only destructive confirmations are modal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QProgressBar, QWidget

from desktop_client.i18n import say
from desktop_client.theme import Colours
from desktop_client.windows.parts import label, set_text
from desktop_client.windows.worded import Dialog
from desktop_client.wording import listed


class AskName(Dialog):
    """A new name. Signals: named(str)."""

    named = Signal(str)

    def __init__(self, name: str, language: str, parent: QWidget | None = None) -> None:
        super().__init__(language, parent)
        self._head("rename.title", name=name)
        self._field = QLineEdit(name)
        self._say("rename.text", self._field.setAccessibleName)
        self._field.setMaxLength(60)
        self._field.selectAll()
        self._field.textChanged.connect(self._typed)
        self._body.addWidget(self._field)
        no = self._button("", "cancel", self.reject)
        self._yes = self._button("primary", "rename.yes", self._name)
        self._yes.setDefault(True)
        self._foot(no, self._yes)

    def _typed(self, text: str) -> None:
        self._yes.setEnabled(bool(text.strip()))

    def _name(self) -> None:
        if self._field.text().strip():
            self.named.emit(self._field.text().strip())
            self.accept()


class ConfirmDelete(Dialog):
    """Destructive, so modal, and confirmed by typing the name. Signals: confirmed()."""

    confirmed = Signal()

    def __init__(
        self, name: str, size: Callable[[str], str], language: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(language, parent)
        self.setModal(True)
        self._name = name
        self._head("delete.title", "delete.text", name=name, size=size)
        self._field = QLineEdit()
        self._field.setPlaceholderText(name)
        self._say("delete.text", self._field.setAccessibleName, name=name, size=size)
        self._field.textChanged.connect(self._typed)
        self._body.addWidget(self._field)
        no = self._button("", "cancel", self.reject)
        self._yes = self._button("danger", "delete.yes", self._confirm)
        self._yes.setEnabled(False)
        self._yes.setDefault(True)
        self._foot(no, self._yes)

    def _typed(self, text: str) -> None:
        self._yes.setEnabled(text.strip() == self._name)

    def _confirm(self) -> None:
        self.confirmed.emit()
        self.accept()


class Telling(Dialog):
    """Something to read: why an engine waits, what did not work.

    Args:
        title, text: made for a language, so that they follow it.
    """

    def __init__(
        self,
        title: Callable[[str], str],
        text: Callable[[str], str],
        language: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(language, parent)
        self._texts = title, text
        self._title, self._text = label("title"), label()
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._body.addWidget(self._title)
        self._body.addWidget(self._text)
        close = self._button("primary", "close", self.accept)
        close.setDefault(True)
        self._speak()
        self._foot(close)

    def refresh(self, colours: Colours) -> None:
        self._speak()

    def _speak(self) -> None:
        title, text = (make(self.language) for make in self._texts)
        self.setWindowTitle(title)
        self._title.setText(title)
        self._text.setText(text)


class Leaving(Dialog):
    """Quit while engines run: they go on, or are stopped first, each by name.

    Signals:
        left(): quit now.
        stop_asked(): stop them, then quit; ``show_stopping`` says how far it is.
    """

    left = Signal()
    stop_asked = Signal()

    def __init__(self, names: Sequence[str], language: str, parent: QWidget | None = None) -> None:
        super().__init__(language, parent)
        self._all = tuple(names)
        self._waiting: tuple[str, ...] = ()
        self._failed: dict[str, str] = {}
        self._stopping = False
        self._head("quit.title", "quit.text", names=listed(names))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._progress = label("quiet")
        self._problem = label("problem")
        for widget in (self._bar, self._progress, self._problem):
            widget.hide()
            self._body.addWidget(widget)
        no = self._button("", "cancel", self.reject)
        self._stop = self._button("", "quit.stop", self.stop_asked.emit)
        leave = self._button("primary", "quit.yes", self.left.emit)
        leave.setDefault(True)
        self._foot(no, self._stop, leave)

    def show_stopping(self, waiting: Sequence[str], failed: Mapping[str, str]) -> None:
        """How far the stopping is.

        Args:
            waiting: names of those that still run.
            failed: names of those that could not be stopped, and why.
        """
        self._stopping = True
        self._waiting, self._failed = tuple(waiting), dict(failed)
        self._speak()

    def refresh(self, colours: Colours) -> None:
        self._speak()

    def _speak(self) -> None:
        if not self._stopping:
            return
        self._stop.setEnabled(False)
        done = len(self._all) - len(self._waiting)
        self._bar.setRange(0, len(self._all))
        self._bar.setValue(done)
        self._bar.setVisible(not self._failed)
        self._bar.setAccessibleName(say("quit.stop", self.language))
        names = listed(self._waiting)(self.language)
        text = say("quit.stopping", self.language, names=names, done=done, all=len(self._all))
        set_text(self._progress, text if self._waiting else "")
        lines = [
            say("quit.not_stopped", self.language, name=name, reason=reason)
            for name, reason in self._failed.items()
        ]
        set_text(self._problem, "\n".join(lines))
        self._fit()
