"""Who did what to whom, and what was refused; older entries come as somebody scrolls."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout

from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages import cells
from desktop_client.admin.pages.audit_columns import AUDIT
from desktop_client.admin.pages.audit_log import PAGE, AuditLog, newest, older
from desktop_client.admin.pages.parts import is_online
from desktop_client.admin.records import AuditEntry
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.model import Problem
from desktop_client.theme import GRID, Colours
from desktop_client.windows.parts import button, label

_NEAR = 10  # rows from the end that ask for more


class AuditPage(Page):
    """See the module."""

    key = "audit"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.log = AuditLog()
        self._heard_once = False
        self._asking = False
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.returnPressed.connect(self.refresh)
        self.search.textChanged.connect(self._typed)
        self._find = button("")
        self._find.clicked.connect(self.refresh)
        self._newest = button("")
        self._newest.clicked.connect(self.refresh)
        self.pane: TablePane[AuditEntry] = TablePane(
            "audit", AUDIT, lambda e: str(e.seq), shell, sort="time", empty="audit.empty"
        )
        self._shown = label("caption")
        self.more = button("link")
        self.more.clicked.connect(self.ask_for_older)
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self.search, 1)
        top.addWidget(self._find)
        top.addWidget(self._newest)
        foot = QHBoxLayout()
        foot.addWidget(self._shown, 1)
        foot.addWidget(self.more)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addLayout(top)
        body.addWidget(self.pane, 1)
        body.addLayout(foot)
        self.pane.table.verticalScrollBar().valueChanged.connect(self._scrolled)

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if not delta.whole:
            return
        self.pane.dress()
        hint = say("audit.search.hint", language)
        self.search.setPlaceholderText(hint)
        self.search.setAccessibleName(f"{say('audit.search', language)}: {hint}")
        self._find.setText(say("audit.search", language))
        self._newest.setText(say("audit.newest", language))
        self.more.setText(say("audit.older", language))
        self._tell()
        if self.isVisible() and not self._heard_once:
            self.refresh()  # there was no connection when it was opened

    def shown(self) -> None:
        self.refresh()

    def find_in_page(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)

    def refresh(self) -> None:
        """The newest entries of what is searched for."""
        if not is_online(self.shell.fleet):
            return
        containing = self.search.text().strip()
        self._asking = True
        self.shell.bridge.ask(
            self,
            lambda r: r.audit(PAGE, 0, containing),
            lambda page: self._take(newest(self.log, page, containing)),
            self._failed,
        )

    def ask_for_older(self) -> None:
        """One more page, unless one is on its way or there is none."""
        if self._asking or self.log.whole or not self.log.entries:
            return
        before, containing = self.log.before, self.log.containing
        self._asking = True
        self.shell.bridge.ask(
            self,
            lambda r: r.audit(PAGE, before, containing),
            lambda page: self._take(older(self.log, page, containing)),
            self._failed,
        )

    def _take(self, log: AuditLog) -> None:
        self._asking = False
        self._heard_once = True
        self.log = log
        self.pane.show_rows(log.entries)
        self._tell()

    def _failed(self, problem: Problem) -> None:
        self._asking = False
        self.shell.tell(problem)

    def _typed(self, text: str) -> None:
        if not text and self.log.containing:
            self.refresh()  # cleared: everything again

    def _scrolled(self, value: int) -> None:
        bar = self.pane.table.verticalScrollBar()
        near = _NEAR * self.pane.table.verticalHeader().defaultSectionSize()
        if bar.maximum() and value >= bar.maximum() - near:
            self.ask_for_older()

    def _tell(self) -> None:
        language = self.shell.language
        speech = Speech(language, self.shell.now(), self.shell.zone)
        oldest = cells.stamp(self.log.entries[-1].at, speech) if self.log.entries else cells.DASH
        if not self._heard_once:
            told = say("audit.loading", language)
        elif self.log.whole:
            told = say("audit.all", language, count=len(self.log.entries), at=oldest)
        else:
            told = say("audit.shown", language, count=len(self.log.entries), at=oldest)
        self._shown.setText(told)
        self.more.setVisible(self._heard_once and not self.log.whole)
