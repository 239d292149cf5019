"""The windows that ask the coordinator for something of their own: settings and files.

Each room opens its window, asks for what it shows, and keeps it fresh while it is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_client.autostart import Autostart
from desktop_client.bridge import Bridge
from desktop_client.files_view import files_view
from desktop_client.model import Account, ApiToken, Link, Problem, TokenWish, Trashed
from desktop_client.present import Present
from desktop_client.settings_view import settings_view
from desktop_client.shelf import Shelf
from desktop_client.windows.files import FilesWindow
from desktop_client.windows.settings import Section, SettingsWindow

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession


class SettingsRoom(QObject):
    """Signals:
    chose(Settings): the person chose.
    performed(Action): the usual things.
    """

    KEY = "settings"
    chose = Signal(object)
    performed = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        shelf: Shelf,
        autostart: Autostart,
        present: Callable[[], Present],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._shelf, self._present = bridge, shelf, present
        self._autostart = autostart
        self._account: Account | None = None
        self._tokens: tuple[ApiToken, ...] | None = None
        self._problem: Problem | None = None
        self._known_for = ("", Link.CONNECTING)
        autostart.changed.connect(self.refresh)
        bridge.not_saved.connect(self.show_problem)

    def open(self, part: str = "") -> None:
        """Bring the window up, at a part of it where one is named, and ask for what it shows."""
        window = self._shelf.open(self.KEY, self._make)
        if part:
            window.go_to(Section(part))
        self._problem = None
        self._autostart.look()
        self._ask()
        self.refresh()

    def show_problem(self, problem: Problem) -> None:
        """What did not work; only seen while the window is open."""
        self._problem = problem
        self.refresh()

    def refresh(self) -> None:
        """Show how everything stands now."""
        window = self._shelf.find(self.KEY, SettingsWindow)
        if window is None:
            return
        present = self._present()
        snapshot = present.desk.snapshot
        if (snapshot.person, snapshot.link) != self._known_for:
            self._ask()  # another person, or online again
        window.show_view(
            settings_view(
                snapshot,
                present.settings,
                present.now,
                present.zone,
                present.language,
                account=self._account,
                tokens=self._tokens,
                autostart=self._autostart.on,
                problem=self._problem or self._autostart.problem,
            )
        )

    def _make(self) -> SettingsWindow:
        window = SettingsWindow(self._present().language)
        window.chose.connect(self.chose)
        window.performed.connect(self.performed)
        window.autostart_chosen.connect(self._autostart.switch)
        window.tokens.create_asked.connect(self._create_token)
        window.tokens.revoke_asked.connect(self._revoke_token)
        return window

    def _ask(self) -> None:
        snapshot = self._present().desk.snapshot
        if snapshot.person != self._known_for[0]:
            self._account, self._tokens = None, None
        self._known_for = (snapshot.person, snapshot.link)
        if snapshot.link is Link.ONLINE:
            from desktop_client import personal

            self._bridge.request(personal.account, self, self._account_known, self.show_problem)
            self._bridge.request(personal.tokens, self, self._tokens_known, self.show_problem)

    def _account_known(self, account: Account) -> None:
        self._account = account
        self.refresh()

    def _tokens_known(self, tokens: tuple[ApiToken, ...]) -> None:
        self._tokens, self._problem = tokens, None
        self.refresh()

    def _create_token(self, wish: TokenWish) -> None:
        async def create(session: CoordinatorSession) -> tuple[str, tuple[ApiToken, ...]]:
            from desktop_client import personal

            return (
                await personal.create_token(session, wish),
                await personal.tokens(session),
            )

        def created(answer: tuple[str, tuple[ApiToken, ...]]) -> None:
            secret, tokens = answer
            self._tokens_known(tokens)
            window = self._shelf.find(self.KEY, SettingsWindow)
            if window is not None:
                window.tokens.show_secret(secret)

        self._bridge.request(create, self, created, self.show_problem)

    def _revoke_token(self, token_id: str) -> None:
        async def revoke(session: CoordinatorSession) -> tuple[ApiToken, ...]:
            from desktop_client import personal

            await personal.revoke_token(session, token_id)
            return await personal.tokens(session)

        self._bridge.request(revoke, self, self._tokens_known, self.show_problem)


class FilesRoom(QObject):
    """Data of the instances, and the trash."""

    KEY = "files"

    def __init__(
        self,
        bridge: Bridge,
        shelf: Shelf,
        present: Callable[[], Present],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._shelf, self._present = bridge, shelf, present
        self._trash: tuple[Trashed, ...] | None = None
        self._problem: Problem | None = None
        self._restoring = ""
        self._restored = ""
        self._known_for: tuple[object, ...] = ()

    def open(self) -> None:
        """Bring the window up, and ask for what it shows."""
        self._shelf.open(self.KEY, self._make)
        self._problem, self._restored = None, ""
        self._ask()
        self.refresh()

    def refresh(self) -> None:
        """Show what is known now; what is gone from the list may be in the trash."""
        window = self._shelf.find(self.KEY, FilesWindow)
        if window is None:
            return
        present = self._present()
        if self._ids() != self._known_for:
            self._ask()
        window.show_view(
            files_view(
                present.desk.snapshot.instances,
                self._trash,
                present.now,
                present.zone,
                present.language,
                restoring=self._restoring,
                restored=self._restored,
                problem=self._problem,
            )
        )

    def _make(self) -> FilesWindow:
        window = FilesWindow(self._present().language)
        window.restore_asked.connect(self._restore)
        return window

    def _ids(self) -> tuple[object, ...]:
        snapshot = self._present().desk.snapshot
        return (snapshot.link, snapshot.person, frozenset(i.id for i in snapshot.instances))

    def _ask(self) -> None:
        self._known_for = self._ids()
        snapshot = self._present().desk.snapshot
        if snapshot.link is Link.ONLINE:
            from desktop_client import personal

            self._bridge.request(personal.trash, self, self._trash_known, self._failed)
        elif snapshot.problem is not None:
            self._problem = snapshot.problem

    def _trash_known(self, trash: tuple[Trashed, ...]) -> None:
        self._trash, self._problem = trash, None
        self.refresh()

    def _failed(self, problem: Problem) -> None:
        self._problem, self._restoring = problem, ""
        self.refresh()

    def _restore(self, trashed_id: str) -> None:
        async def restore(session: CoordinatorSession) -> tuple[str, tuple[Trashed, ...]]:
            from desktop_client import personal

            return await personal.restore(session, trashed_id), await personal.trash(session)

        def restored(answer: tuple[str, tuple[Trashed, ...]]) -> None:
            self._restored, trash = answer
            self._restoring = ""
            self._trash_known(trash)

        self._restoring, self._restored, self._problem = trashed_id, "", None
        self.refresh()
        self._bridge.request(restore, self, restored, self._failed)
