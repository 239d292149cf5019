"""A link asks for something: what exactly, and whether the person wants it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from desktop_client.i18n import say
from desktop_client.windows.parts import label, set_text
from desktop_client.windows.worded import Dialog
from desktop_client.wording import grouped


class ConfirmStart(Dialog):
    """Names the engine and the studio. Signals: confirmed()."""

    confirmed = Signal()

    def __init__(
        self, engine: str, studio: str, language: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(language, parent)
        self._head("link.start.title", "link.start.text", engine=engine, studio=studio)
        no = self._button("", "cancel", self.reject)
        yes = self._button("primary", "link.start.yes", self._confirm)
        no.setDefault(True)  # Return does not agree to what came from outside
        self._foot(no, yes)
        no.setFocus()

    def _confirm(self) -> None:
        self.confirmed.emit()
        self.accept()


class ConfirmJoin(Dialog):
    """Names the coordinator, its fingerprint, and what it replaces. Stays until it is reached.

    Signals:
        confirmed(): go there; ``show_problem`` or closing follows.
    """

    confirmed = Signal()

    def __init__(
        self,
        address: str,
        pin: str,
        present: str,
        language: str,
        parent: QWidget | None = None,
    ) -> None:
        """Args:
        present: the studio that it would replace, or nothing.
        """
        super().__init__(language, parent)
        self._head("link.join.title", "link.join.text", address=address)
        shown = label("code", grouped(pin))
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        shown.setAccessibleName(pin)
        self._body.addWidget(self._label("caption", "link.join.fingerprint"))
        self._body.addWidget(shown)
        if present:
            self._body.addWidget(self._label("", "link.join.replaces", studio=present))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(say("link.join.looking", language))
        self._bar.hide()
        self._problem = label("problem")
        self._problem.hide()
        self._body.addWidget(self._bar)
        self._body.addWidget(self._problem)
        no = self._button("", "cancel", self.reject)
        self._yes = self._button("primary", "link.join.yes", self._confirm)
        no.setDefault(True)  # Return does not agree to what came from outside
        self._foot(no, self._yes)
        no.setFocus()

    def show_problem(self, text: str) -> None:
        """It did not work, and why; the person may try again."""
        self._bar.hide()
        self._yes.setEnabled(True)
        set_text(self._problem, text)
        self._fit()

    def _confirm(self) -> None:
        self._problem.hide()
        self._bar.show()
        self._yes.setEnabled(False)
        self._fit()
        self.confirmed.emit()
