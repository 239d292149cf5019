"""One's API tokens: a script signs in with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_client.i18n import say
from desktop_client.settings_view import TokenRow
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad, set_text
from desktop_client.windows.worded import Words

_DAYS, _USUAL = (7, 30, 90, 180, 365), 90


class TokenList(QWidget):
    """Create, see once, revoke.

    Signals:
        create_asked(str, int): name and days.
        revoke_asked(str): id, after the person confirmed beside it.
    """

    create_asked = Signal(str, int)
    revoke_asked = Signal(str)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._rows: tuple[TokenRow, ...] | None = None
        self._sure = ""  # the id whose revocation was asked for once
        self._shown_in = words.language
        title, text = label("section"), label("quiet")
        words.put("settings.tokens", title.setText, {})
        words.put("settings.tokens.text", text.setText, {})
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID)
        self._none = label("quiet")
        panel = QFrame()
        panel.setObjectName("panel")
        inside = QVBoxLayout(panel)
        pad(inside, around=GRID * 2, between=GRID)
        inside.addWidget(text)
        inside.addLayout(self._list)
        inside.addWidget(self._none)
        inside.addWidget(self._secret_box())
        inside.addLayout(self._maker())
        body = QVBoxLayout(self)
        pad(body, around=0, between=GRID + 4)
        body.addWidget(title)
        body.addWidget(panel)

    def _maker(self) -> QHBoxLayout:
        put = self._words.put
        self._name = QLineEdit()
        self._name.setMaxLength(60)
        put("settings.token.name", self._name.setPlaceholderText, {})
        put("settings.token.name", self._name.setAccessibleName, {})
        self._days = QComboBox()
        for days in _DAYS:
            self._days.addItem("", days)
            self._put_days(self._days.count() - 1, days)
        self._days.setCurrentIndex(_DAYS.index(_USUAL))
        put("settings.token.ends", self._days.setAccessibleName, {})
        self._make = button()
        put("settings.token.create", self._make.setText, {})
        self._make.setEnabled(False)
        self._make.clicked.connect(self._create)
        self._name.textChanged.connect(lambda text: self._make.setEnabled(bool(text.strip())))
        self._name.returnPressed.connect(self._create)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._name, 1)
        row.addWidget(self._days)
        row.addWidget(self._make)
        return row

    def _put_days(self, index: int, days: int) -> None:
        def show(words: str) -> None:
            self._days.setItemText(index, words)

        self._words.put("settings.token.days", show, {"days": days})

    def _secret_box(self) -> QWidget:
        self._secret_frame = QWidget()
        note = label()
        self._words.put("settings.token.once", note.setText, {})
        self._secret = QLineEdit()
        self._secret.setReadOnly(True)
        self._words.put("settings.token.once", self._secret.setAccessibleName, {})
        copy = button()
        self._words.put("copy", copy.setText, {})
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._secret.text()))
        row = QHBoxLayout()
        row.addWidget(self._secret, 1)
        row.addWidget(copy)
        body = QVBoxLayout(self._secret_frame)
        pad(body, around=0, between=GRID // 2)
        body.addWidget(note)
        body.addLayout(row)
        self._secret_frame.hide()
        return self._secret_frame

    def show_secret(self, secret: str) -> None:
        """A token that was just made, this once."""
        self._secret.setText(secret)
        self._secret.setCursorPosition(0)
        self._secret_frame.show()
        self._name.clear()

    def show_rows(self, rows: Sequence[TokenRow] | None) -> None:
        """The list; None while it is not known."""
        wanted = None if rows is None else tuple(rows)
        if wanted == self._rows and self._shown_in == self._words.language and rows is not None:
            return
        self._rows, self._shown_in = wanted, self._words.language
        self._fill()

    def _fill(self) -> None:
        while (item := self._list.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        language = self._words.language
        key = "settings.tokens.unknown" if self._rows is None else "settings.tokens.none"
        set_text(self._none, "" if self._rows else say(key, language))
        for row in self._rows or ():
            line = self._line(row, language)
            self._list.addWidget(line)
            line.show()

    def _line(self, row: TokenRow, language: str) -> QWidget:
        frame = QWidget()
        name, text = label("", row.name), label("caption", row.text)
        sure = self._sure == row.id
        end = button("danger" if sure else "")
        end.setText(
            say("settings.token.revoke_sure" if sure else "settings.token.revoke", language)
        )
        end.setAccessibleName(f"{end.text()}: {row.name}")
        end.clicked.connect(self._revoker(row.id))
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(name)
        lines.addWidget(text)
        body = QHBoxLayout(frame)
        pad(body, around=0, between=GRID)
        body.addLayout(lines, 1)
        body.addWidget(end, 0, Qt.AlignmentFlag.AlignVCenter)
        return frame

    def _revoker(self, token_id: str) -> Callable[[], None]:
        def press() -> None:
            if self._sure == token_id:
                self._sure = ""
                self.revoke_asked.emit(token_id)
            else:
                self._sure = token_id
            self._fill()

        return press

    def _create(self) -> None:
        if self._name.text().strip():
            self.create_asked.emit(self._name.text().strip(), self._days.currentData())
