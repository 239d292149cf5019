"""How the studio is set up, to be read here and changed in its file; and this window's own."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_client.admin.confirm import confirm
from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.authority_box import AuthorityBox
from desktop_client.admin.pages.parts import CopyButton, is_online, why_not
from desktop_client.admin.pages.people_columns import role_word
from desktop_client.admin.pages.settings_columns import SETTINGS, setting_id
from desktop_client.admin.records import AuthorityStatus, Setting, StudioSettings
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import button, label
from desktop_client.wording import grouped

_FACTS = ("version", "started", "ledger", "pin")
_COPIED = ("ledger", "pin")
_TABLE_HEIGHT = 300
_CHOICE_WIDTH = 150
_LANGUAGES = (("en", "English"), ("zh", "中文"))
_LOOKS = ("", "light", "dark")


class SettingsPage(Page):
    """See the module."""

    key = "settings"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._settings: StudioSettings | None = None
        self._names: dict[str, QLabel] = {}
        self._values: dict[str, QLabel] = {}
        self._copies: dict[str, CopyButton] = {}
        self._here = label("section")
        self._studio = label("section")
        self._edit = label("quiet")
        self.language = QComboBox()
        for key, name in _LANGUAGES:
            self.language.addItem(name, key)
        self.language.activated.connect(
            lambda place: shell.choose_language(self.language.itemData(place))
        )
        self.look = QComboBox()
        for key in _LOOKS:
            self.look.addItem("", key)
        self.look.activated.connect(lambda place: shell.choose_look(self.look.itemData(place)))
        self.sign_out = button("")
        self.sign_out.clicked.connect(shell.ask_to_sign_out)
        self.pane: TablePane[Setting] = TablePane(
            "settings", SETTINGS, setting_id, shell, sort="section", empty="studio.loading"
        )
        self.pane.setMinimumHeight(_TABLE_HEIGHT)
        self.authority = AuthorityBox()
        self._status: AuthorityStatus | None = None
        self.authority.asked.connect(self._ask_for_step)
        for choice in (self.language, self.look):
            choice.setMinimumWidth(_CHOICE_WIDTH)
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addWidget(self._here)
        body.addWidget(self._own())
        body.addSpacing(GRID)
        body.addWidget(self._studio)
        body.addWidget(self._facts())
        body.addWidget(self._edit)
        body.addWidget(self.pane, 1)
        body.addSpacing(GRID)
        body.addWidget(self.authority)
        area = self.area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def _own(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("card")
        grid = QGridLayout(frame)
        grid.setContentsMargins(GRID * 2, GRID + 4, GRID * 2, GRID + 4)
        grid.setHorizontalSpacing(GRID * 2)
        grid.setVerticalSpacing(GRID)
        for row, (key, widget) in enumerate((("language", self.language), ("look", self.look))):
            name = self._names[key] = label("quiet", wrap=False)
            name.setBuddy(widget)
            grid.addWidget(name, row, 0)
            grid.addWidget(widget, row, 1, Qt.AlignmentFlag.AlignLeft)
        for row, key in enumerate(("account", "coordinator"), start=2):
            name = self._names[key] = label("quiet", wrap=False)
            value = self._values[key] = label()
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(name, row, 0)
            grid.addWidget(value, row, 1)
        grid.addWidget(self.sign_out, 2, 2, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(1, 1)
        return frame

    def _facts(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("card")
        grid = QGridLayout(frame)
        grid.setContentsMargins(GRID * 2, GRID + 4, GRID * 2, GRID + 4)
        grid.setHorizontalSpacing(GRID * 2)
        grid.setVerticalSpacing(GRID // 2)
        for row, key in enumerate(_FACTS):
            name = self._names[key] = label("quiet", wrap=False)
            value = self._values[key] = label()
            value.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            grid.addWidget(name, row, 0)
            grid.addWidget(value, row, 1)
            if key in _COPIED:
                copy = self._copies[key] = CopyButton("link")
                grid.addWidget(copy, row, 2)
        grid.setColumnStretch(1, 1)
        return frame

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        person = say(
            "studio.account.value",
            language,
            person=fleet.person,
            role=role_word(fleet.role, language),
        )
        self._values["account"].setText(person if fleet.person else cells.DASH)
        self._values["coordinator"].setText(
            f"{fleet.studio} · {fleet.address}" if fleet.studio else fleet.address
        )
        if delta.whole:
            self._dress(language)
            if self.isVisible() and self._settings is None:
                self.refresh()  # there was no connection when it was opened

    def shown(self) -> None:
        self.refresh()

    def find_in_page(self) -> None:
        self.pane.find_in_page()

    def refresh(self) -> None:
        if not is_online(self.shell.fleet):
            return
        self.shell.bridge.ask(self, lambda r: r.settings(), self._heard)
        self.shell.bridge.ask(self, lambda r: r.authority(), self._heard_authority)

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)
        if row:
            self.pane.select([row])

    def _heard(self, settings: StudioSettings) -> None:
        self._settings = settings
        self.pane.show_rows(settings.settings)
        self._tell()

    # -- the studio's authority -------------------------------------------------------------------

    def _heard_authority(self, status: AuthorityStatus) -> None:
        self._status = status
        self._show_authority()

    def _show_authority(self) -> None:
        language = self.shell.language
        speech = Speech(language, self.shell.now(), self.shell.zone)
        self.authority.show_status(self._status, why_not(self.shell.fleet, language), speech)

    def _ask_for_step(self, step: str) -> None:
        """Machines that would be left behind are named; who agrees then forces the step."""
        language, status = self.shell.language, self._status
        missing = status.waiting if status is not None and step in ("switch", "finish") else ()

        def done(fresh: AuthorityStatus) -> None:
            self.shell.tell_done(say(f"authority.{step}.done", language))
            self._heard_authority(fresh)
            self.refresh()

        def agreed() -> None:
            self.shell.bridge.ask(
                self, lambda r: r.rotate_authority(step, force=bool(missing)), done
            )

        confirm(
            self.window(),
            say(f"authority.{step}.title", language),
            [say("authority.missing.victim", language, name=name) for name in missing],
            say(f"authority.{step}.consequence", language),
            say(f"authority.{step}.yes", language),
            step in ("switch", "finish"),
            agreed,
            language,
        )

    def _dress(self, language: str) -> None:
        self.pane.dress()
        self._here.setText(say("studio.here", language))
        self._studio.setText(say("studio.studio", language))
        self._show_authority()
        for key, name in self._names.items():
            name.setText(say(f"studio.{key}", language))
        self.language.setAccessibleName(say("studio.language", language))
        self.look.setAccessibleName(say("studio.look", language))
        for place, key in enumerate(_LOOKS):
            self.look.setItemText(place, say(f"studio.look.{key or 'system'}", language))
        self.language.setCurrentIndex([key for key, _ in _LANGUAGES].index(language))
        self.look.setCurrentIndex(_LOOKS.index(self.shell.settings.look))
        self.sign_out.setText(say("studio.sign_out", language))
        self._tell()

    def _tell(self) -> None:
        language, settings = self.shell.language, self._settings
        if settings is None:
            self._edit.setText(say("studio.loading", language))
            for key in _FACTS:
                self._values[key].setText(cells.DASH)
            return
        speech = Speech(language, self.shell.now(), self.shell.zone)
        ledger = say(
            "studio.ledger.value", language, id=settings.ledger_id, revision=settings.revision
        )
        told = {
            "version": settings.version or cells.DASH,
            "started": cells.both(settings.started_at, speech),
            "ledger": ledger if settings.ledger_id else cells.DASH,
            "pin": grouped(settings.pin) or cells.DASH,
        }
        for key, value in told.items():
            self._values[key].setText(value)
        self._values["pin"].setToolTip(say("studio.pin.meaning", language))
        for key, text in (("ledger", settings.ledger_id), ("pin", settings.pin)):
            copy = self._copies[key]
            words = say("studio.copy.label", language), say("studio.copied", language)
            copy.offer(text, *words)
            copy.setAccessibleName(
                say("studio.copy", language, what=say(f"studio.{key}", language))
            )
        self._edit.setText(say("studio.edit", language, file=settings.config_file or cells.DASH))
