"""One's API tokens: a script signs in with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_client.i18n import say
from desktop_client.settings_view import TokenRow
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad, set_text
from desktop_client.windows.token_form import TokenForm
from desktop_client.windows.worded import Words


class TokenList(QWidget):
    """Create, see once, revoke.

    Signals:
        create_asked(TokenWish): the person wants another one.
        revoke_asked(str): id, after the person confirmed beside it.

    Attributes:
        form: asks for a new one.
    """

    create_asked = Signal(object)
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
        self.form = TokenForm(words)
        self.form.asked.connect(self.create_asked)
        self._new = label("section")
        words.put("settings.token.new", self._new.setText, {})
        panel = QFrame()
        panel.setObjectName("panel")
        inside = QVBoxLayout(panel)
        pad(inside, around=GRID * 2, between=GRID)
        inside.addWidget(text)
        inside.addLayout(self._list)
        inside.addWidget(self._none)
        inside.addWidget(self._secret_box())
        inside.addSpacing(GRID)
        inside.addWidget(self._new)
        inside.addWidget(self.form)
        body = QVBoxLayout(self)
        pad(body, around=0, between=GRID + 4)
        body.addWidget(title)
        body.addWidget(panel)

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
        self.form.begin_anew()

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
        ends = label(
            "problem" if row.soon else "caption", f"▲ {row.ends}" if row.soon else row.ends
        )
        ends.setAccessibleName(row.ends)
        lines.addWidget(ends)
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
