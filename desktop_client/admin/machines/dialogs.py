"""What is asked about machines: a name, a pool, labels, and how one knows that they are off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.confirm import Confirmation
from desktop_client.admin.machines.actions import LABELS_AT_MOST, Consequence
from desktop_client.i18n import say
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad, set_text

_WIDTH = 440


class _Ask(QDialog):
    """Title, a body, what is wrong with it, Cancel and a verb that is there when nothing is.

    Signals: agreed(), the verb was chosen.
    """

    agreed = Signal()

    def __init__(self, parent: QWidget | None, title: str, verb: str, language: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self.language = language
        self._wrong = label("problem")
        self._wrong.setObjectName("wrong")
        self._no = button("", say("machines.cancel", language))
        self._yes = button("primary", verb)
        self._yes.setObjectName("yes")
        self._yes.setDefault(True)
        self._no.clicked.connect(self.reject)
        self._yes.clicked.connect(self.agreed)
        self.body = QVBoxLayout()
        self.body.setSpacing(GRID)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addStretch(1)
        row.addWidget(self._no)
        row.addWidget(self._yes)
        whole = QVBoxLayout(self)
        pad(whole, around=GRID * 3, between=GRID + 4)
        whole.addWidget(label("title", title))
        whole.addLayout(self.body)
        whole.addWidget(self._wrong)
        whole.addStretch(1)
        whole.addLayout(row)
        self._wrong.hide()

    def _say_wrong(self, wrong: str, *, allowed: bool = True) -> None:
        set_text(self._wrong, wrong)
        self._yes.setEnabled(allowed and not wrong)


class AskText(_Ask):
    """One line of text.

    Args:
        wrong: what is wrong with a text, or empty.
        on_yes: called with a text that is right and not the one that was there.
    """

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        name: str,
        text: str,
        sentence: str,
        verb: str,
        wrong: Callable[[str], str],
        on_yes: Callable[[str], None],
        language: str,
    ) -> None:
        super().__init__(parent, title, verb, language)
        self._before, self._check, self._on_yes = text, wrong, on_yes
        self.agreed.connect(self._agree)
        self.field = QLineEdit(text)
        self.field.setAccessibleName(name)
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.body.addWidget(label("", name))
        self.body.addWidget(self.field)
        self.body.addWidget(label("caption", sentence))
        self.field.textChanged.connect(lambda _: self._look())
        self._look()

    def _look(self) -> None:
        text = self.field.text().strip()
        self._say_wrong(self._check(text), allowed=text != self._before)

    def _agree(self) -> None:
        self.accept()
        self._on_yes(self.field.text().strip())


class AskPool(_Ask):
    """A pool: one that is there, or a new one."""

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        pools: Sequence[str],
        pool: str,
        wrong: Callable[[str], str],
        on_yes: Callable[[str], None],
        language: str,
    ) -> None:
        super().__init__(parent, title, say("machines.pool.verb", language), language)
        self._before, self._check, self._on_yes = pool, wrong, on_yes
        self.agreed.connect(self._agree)
        self.field = pool_field(pools, pool, language)
        self.body.addWidget(label("", say("machines.pool.label", language)))
        self.body.addWidget(self.field)
        self.body.addWidget(label("caption", say("machines.pool.sentence", language)))
        self.field.currentTextChanged.connect(lambda _: self._look())
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._look()

    def _look(self) -> None:
        pool = self.field.currentText().strip()
        self._say_wrong(self._check(pool) if pool else "", allowed=pool not in ("", self._before))

    def _agree(self) -> None:
        self.accept()
        self._on_yes(self.field.currentText().strip())


def pool_field(pools: Sequence[str], pool: str, language: str) -> QComboBox:
    """The pools that there are to choose from; another may be written."""
    made = QComboBox()
    made.setEditable(True)
    made.addItems(list(pools))
    made.setCurrentText(pool)
    made.setAccessibleName(say("machines.pool.label", language))
    return made


class AskLabels(_Ask):
    """Names and values, a line each.

    Args:
        count: how many machines get them; with several these are the labels that all share.
        on_yes: called with the labels as they were left.
    """

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        labels: Mapping[str, str],
        count: int,
        wrong: Callable[[Sequence[tuple[str, str]]], str],
        on_yes: Callable[[dict[str, str]], None],
        language: str,
    ) -> None:
        super().__init__(parent, title, say("machines.labels.verb", language), language)
        self._before, self._check, self._on_yes = dict(labels), wrong, on_yes
        self.agreed.connect(self._agree)
        self._lines: list[tuple[QWidget, QLineEdit, QLineEdit]] = []
        sentence = say("machines.labels.sentence", language)
        if count > 1:
            sentence += " " + say("machines.labels.shared", language, count=count)
        self.body.addWidget(label("caption", sentence))
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID // 2)
        self.body.addLayout(self._list)
        self.more: QPushButton = button("link", say("machines.labels.add", language))
        self.more.clicked.connect(lambda: self.add().setFocus())
        self.body.addWidget(self.more)
        for key, value in sorted(labels.items()):
            self.add(key, value)
        if not labels:
            self.add().setFocus(Qt.FocusReason.OtherFocusReason)
        self._look()

    def add(self, key: str = "", value: str = "") -> QLineEdit:
        """One more line; the field of its name."""
        line = QWidget()
        name, worth, away = QLineEdit(key), QLineEdit(value), QToolButton()
        name.setPlaceholderText(say("machines.labels.name", self.language))
        name.setAccessibleName(say("machines.labels.name", self.language))
        worth.setPlaceholderText(say("machines.labels.worth", self.language))
        worth.setAccessibleName(say("machines.labels.worth", self.language))
        away.setText("✕")
        away.setAccessibleName(say("machines.labels.away", self.language))
        away.setToolTip(say("machines.labels.away", self.language))
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(name, 1)
        row.addWidget(worth, 1)
        row.addWidget(away)
        entry = (line, name, worth)
        self._lines.append(entry)
        self._list.addWidget(line)
        for field in (name, worth):
            field.textChanged.connect(lambda _: self._look())
        away.clicked.connect(lambda: self._drop(entry))
        self._look()
        return name

    def _drop(self, entry: tuple[QWidget, QLineEdit, QLineEdit]) -> None:
        self._lines.remove(entry)
        self._list.removeWidget(entry[0])
        entry[0].deleteLater()
        self._look()

    def _pairs(self) -> list[tuple[str, str]]:
        found = [(name.text().strip(), worth.text().strip()) for _, name, worth in self._lines]
        return [pair for pair in found if pair != ("", "")]

    def _look(self) -> None:
        pairs = self._pairs()
        self._say_wrong(self._check(pairs), allowed=dict(pairs) != self._before)
        self.more.setEnabled(len(self._lines) < LABELS_AT_MOST)

    def _agree(self) -> None:
        self.accept()
        self._on_yes(dict(self._pairs()))


class DeclareOff(Confirmation):
    """The confirmation that also wants to know how one knows it; that is kept in the audit log."""

    def __init__(
        self,
        parent: QWidget | None,
        said: Consequence,
        on_yes: Callable[[str], None],
        language: str,
    ) -> None:
        self.reason = QLineEdit()
        super().__init__(
            parent, said.title, said.victims, said.sentence, said.verb, said.danger,
            lambda: on_yes(self.reason.text().strip()), language,
        )  # fmt: skip
        self.reason.setPlaceholderText(say("machines.off.example", language))
        self.reason.setAccessibleName(say("machines.off.reason", language))
        body = self.layout()
        yes = self.findChild(QPushButton, "yes")
        assert isinstance(body, QVBoxLayout)
        assert isinstance(yes, QPushButton)
        body.insertWidget(body.count() - 2, label("", say("machines.off.reason", language)))
        body.insertWidget(body.count() - 2, self.reason)
        yes.setEnabled(False)
        self.reason.textChanged.connect(lambda text: yes.setEnabled(bool(text.strip())))
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)
        self.adjustSize()
