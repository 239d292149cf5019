"""Asking for a new API token: its name, what it is for, how far it goes, for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop_client.model import Scope, TokenWish
from desktop_client.settings_view import Openable
from desktop_client.theme import GRID
from desktop_client.windows.parts import button, label, pad
from desktop_client.windows.worded import Words

_DAYS, _USUAL = (7, 30, 90, 180, 365), 90
_INDENT = GRID * 4  # below the words of its box


class TokenForm(QWidget):
    """Signals: asked(TokenWish)."""

    asked = Signal(object)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._openable: tuple[Openable, ...] = ()
        self._engines: dict[str, QCheckBox] = {}
        self._name = QLineEdit()
        self._name.setMaxLength(60)
        self._put("settings.token.name", self._name.setPlaceholderText)
        self._put("settings.token.name", self._name.setAccessibleName)
        self._name.returnPressed.connect(self._ask)
        self._api = self._box("settings.token.scope.api")
        self._api.setChecked(True)
        self._http = self._box("settings.token.scope.engines")
        self._only = QWidget()
        self._only_text = label("caption")
        self._put("settings.token.only", self._only_text.setText)
        self._only_list = QVBoxLayout()
        self._only_list.setSpacing(GRID // 2)
        inside = QVBoxLayout(self._only)
        inside.setContentsMargins(_INDENT, 0, 0, 0)
        inside.setSpacing(GRID // 2)
        inside.addWidget(self._only_text)
        inside.addLayout(self._only_list)
        self._reads = self._box("settings.token.read_only")
        self._days = QComboBox()
        for days in _DAYS:
            self._days.addItem("", days)
            self._put_days(self._days.count() - 1, days)
        self._days.setCurrentIndex(_DAYS.index(_USUAL))
        self._put("settings.token.ends", self._days.setAccessibleName)
        self._make = button()
        self._put("settings.token.create", self._make.setText)
        self._make.clicked.connect(self._ask)
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self._days)
        foot.addWidget(self._make)
        foot.addStretch(1)
        body = QVBoxLayout(self)
        pad(body, around=0, between=GRID)
        for widget in (self._name, self._api, self._http, self._only, self._reads):
            body.addWidget(widget)
        body.addLayout(foot)
        self._name.textChanged.connect(self._changed)
        for box in (self._api, self._http):
            box.toggled.connect(self._changed)
        self._changed()

    def show_openable(self, openable: Sequence[Openable]) -> None:
        """The engines that it can be limited to; what is ticked stays ticked."""
        if tuple(openable) == self._openable:
            return
        self._openable = tuple(openable)
        ticked = {key for key, box in self._engines.items() if box.isChecked()}
        for box in self._engines.values():
            self._only_list.removeWidget(box)
            box.hide()
            box.deleteLater()
        self._engines = {}
        for one in self._openable:
            box = QCheckBox(one.label.replace("&", "&&"))
            box.setChecked(one.id in ticked)
            self._engines[one.id] = box
            self._only_list.addWidget(box)
        self._changed()

    def begin_anew(self) -> None:
        """One was made: ready for the next."""
        self._name.clear()

    def _changed(self) -> None:
        self._only.setVisible(self._http.isChecked() and bool(self._openable))
        self._make.setEnabled(bool(self._name.text().strip()) and bool(self._scopes()))

    def _scopes(self) -> tuple[str, ...]:
        api = (Scope.API,) if self._api.isChecked() else ()
        return (*api, Scope.ENGINES) if self._http.isChecked() else api

    def _ask(self) -> None:
        name, scopes = self._name.text().strip(), self._scopes()
        if not name or not scopes:
            return
        only = tuple(key for key, box in self._engines.items() if box.isChecked())
        self.asked.emit(
            TokenWish(
                name,
                int(self._days.currentData()),
                scopes,
                self._reads.isChecked(),
                only if Scope.ENGINES in scopes else (),
            )
        )

    def _box(self, key: str) -> QCheckBox:
        made = QCheckBox()
        self._put(key, made.setText)
        return made

    def _put_days(self, index: int, days: int) -> None:
        def show(words: str) -> None:
            self._days.setItemText(index, words)

        self._words.put("settings.token.days", show, {"days": days})

    def _put(self, key: str, setter: Callable[[str], object]) -> None:
        self._words.put(key, setter, {})
