"""Who lets whom open an engine now; IT sees all of it, and may end it."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from desktop_client.admin.confirm import confirm
from desktop_client.admin.model import Delta, Fleet
from desktop_client.admin.page import Page, Shell
from desktop_client.admin.pages.parts import allow, is_online, why_not
from desktop_client.admin.pages.shares_columns import SHARES, share_victim
from desktop_client.admin.records import Share
from desktop_client.admin.requests import Requests
from desktop_client.admin.tables.column import Speech
from desktop_client.admin.tables.pane import TablePane
from desktop_client.i18n import say
from desktop_client.theme import Colours
from desktop_client.windows.parts import button


class SharesPage(Page):
    """See the module."""

    key = "shares"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shares: tuple[Share, ...] = ()
        self.pane: TablePane[Share] = TablePane(
            "shares", SHARES, lambda s: s.id, shell, sort="until", empty="shares.empty"
        )
        self.end = button("danger")
        self.end.setObjectName("end")
        self.end.clicked.connect(self._ask_to_end)
        self.pane.bar.addWidget(self.end)
        self.pane.selected.connect(lambda _: self._offer())
        self.pane.activated.connect(self._go_to_instance)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.pane)

    def show_fleet(self, fleet: Fleet, delta: Delta, language: str, colours: Colours) -> None:
        if delta.whole:
            self.pane.dress()
            self.end.setText(say("shares.end", language))
            self._offer()
        if self.isVisible() and (delta.whole or self._concerns(delta)):
            self.refresh()

    def shown(self) -> None:
        self.refresh()

    def find_in_page(self) -> None:
        self.pane.find_in_page()

    def refresh(self) -> None:
        if is_online(self.shell.fleet):
            self.shell.bridge.ask(self, lambda r: r.shares(), self._heard)

    def open_at(self, filter: str, row: str) -> None:  # noqa: A002
        self.pane.set_filter(filter)
        if row:
            self.pane.select([row])

    def _concerns(self, delta: Delta) -> bool:
        """The stream tells of an instance again when its shares change."""
        known = {s.instance_id for s in self._shares}
        if not known.isdisjoint(delta.removed_instances):
            return True
        return any(i.shares or i.id in known for i in delta.instances)

    def _heard(self, shares: tuple[Share, ...]) -> None:
        self._shares = shares
        self.pane.show_rows(shares)
        self._offer()

    def _offer(self) -> None:
        language = self.shell.language
        chosen = bool(self.pane.selected_ids())
        why = why_not(self.shell.fleet, language)
        allow(self.end, why or ("" if chosen else say("shares.choose", language)))

    def _go_to_instance(self, key: str) -> None:
        share = self.pane.model.find(key)
        if share is not None:
            self.shell.go_to("instances", row=share.instance_id)

    def _ask_to_end(self) -> None:
        found = [s for key in self.pane.selected_ids() if (s := self.pane.model.find(key))]
        if not found:
            return
        language = self.shell.language
        speech = Speech(language, self.shell.now(), self.shell.zone)
        count = "one" if len(found) == 1 else "many"
        done = say(f"shares.ended.{count}", language, count=len(found))

        async def end(requests: Requests) -> None:
            for share in found:
                await requests.revoke_share(share.id)

        def ended(_: None) -> None:
            self.shell.tell_done(done)
            self.refresh()

        def agreed() -> None:
            self.shell.bridge.ask(self, end, ended)

        confirm(
            self.window(),
            say(f"shares.end.title.{count}", language, count=len(found)),
            [share_victim(share, speech) for share in found],
            say("shares.end.consequence", language),
            say("shares.end.yes", language),
            True,
            agreed,
            language,
        )
