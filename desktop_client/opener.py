"""Opens the windows beside the flyout, and keeps what they show fresh while they are open.

Each window is loaded when it is first opened, so that the icon is there sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from aigc.logs import RamLog
from desktop_client import desk as desks
from desktop_client.autostart import Autostart
from desktop_client.bridge import Bridge
from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.model import Instance, Problem
from desktop_client.notifier import Notifier
from desktop_client.present import Present
from desktop_client.recent import recent_lines
from desktop_client.shelf import Shelf
from desktop_client.view_model import build
from desktop_client.vigil import Vigil
from desktop_client.wording import problem_text, size

if TYPE_CHECKING:
    from desktop_client.diagnostics_room import DiagnosticsRoom
    from desktop_client.rooms import FilesRoom, SettingsRoom
    from desktop_client.share_room import ShareRoom
    from desktop_client.windows.dialogs import AskName, ConfirmDelete, Leaving, Telling
    from desktop_client.windows.help import HelpWindow
    from desktop_client.windows.logs import LogsWindow
    from desktop_client.windows.recent import RecentWindow

_LEAVING = "leaving"


class Opener(QObject):
    """Signals:
    performed(Action): something was asked for in one of the windows.
    chose(Settings): the person chose.
    leave(): the program may end.

    Attributes:
        shelf: the open windows.
        autostart: the switch of that name.
    """

    performed = Signal(object)
    chose = Signal(object)
    leave = Signal()

    def __init__(
        self,
        bridge: Bridge,
        notifier: Notifier,
        vigil: Vigil,
        present: Callable[[], Present],
        ram: RamLog,
        command: tuple[str, ...],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._notifier, self._present = bridge, notifier, present
        self.shelf = Shelf(self)
        self.autostart = Autostart(bridge, command, self)
        self._vigil, self._ram, self._command = vigil, ram, command
        self._settings: SettingsRoom | None = None
        self._files: FilesRoom | None = None
        self._sharing: ShareRoom | None = None
        self._diagnostics: DiagnosticsRoom | None = None
        self._stopping: dict[str, str] = {}  # names by id, while leaving
        self._not_stopped: dict[str, str] = {}
        bridge.lines.connect(self._lines)
        bridge.lines_ended.connect(self._lines_ended)
        bridge.not_stopped.connect(self._one_not_stopped)

    def open(self, do: Do, part: str = "") -> None:
        """Settings (that part of them, where one is named), recent, files, diagnostics, help."""
        match do:
            case Do.SETTINGS:
                self._open_settings(part)
            case Do.RECENT:
                self.shelf.open("recent", self._make_recent)
                self._refresh_recent()
            case Do.TRASH:
                self._open_files()
            case Do.DIAGNOSTICS:
                self._open_diagnostics()
            case Do.HELP:
                self.shelf.open("help", self._make_help)

    def _open_settings(self, part: str) -> None:
        if self._settings is None:
            from desktop_client.rooms import SettingsRoom

            self._settings = SettingsRoom(
                self._bridge, self.shelf, self.autostart, self._present, self
            )
            self._settings.chose.connect(self.chose)
            self._settings.performed.connect(self.performed)
        self._settings.open(part)

    def _open_sharing(self, instance: Instance) -> None:
        if self._sharing is None:
            from desktop_client.share_room import ShareRoom

            self._sharing = ShareRoom(self._bridge, self.shelf, self._present, self)
        self._sharing.open(instance)

    def _open_files(self) -> None:
        if self._files is None:
            from desktop_client.rooms import FilesRoom

            self._files = FilesRoom(self._bridge, self.shelf, self._present, self)
        self._files.open()

    def _open_diagnostics(self) -> None:
        if self._diagnostics is None:
            from desktop_client.diagnostics_room import DiagnosticsRoom

            self._diagnostics = DiagnosticsRoom(
                self._bridge,
                self.shelf,
                self._present,
                self._ram,
                self._command,
                self._vigil.senses,
                self,
            )
        self._diagnostics.open()

    def refresh(self) -> None:
        """What is known changed."""
        for room in (self._settings, self._files, self._sharing):
            if room is not None:
                room.refresh()
        self._refresh_recent()
        self._refresh_leaving()

    def reword(self) -> None:
        """Another language, other colours."""
        present = self._present()
        self.shelf.reword(present.language, present.colours)
        self.refresh()

    # -- about one instance ---------------------------------------------------------------------

    def ask_first(self, action: Action, instance: Instance) -> None:
        """A new name, or whether it is really to be deleted."""
        language = self._present().language
        if action.do is Do.RENAME:

            def ask_name() -> AskName:
                from desktop_client.windows.dialogs import AskName

                ask = AskName(instance.name, language)
                ask.named.connect(
                    lambda name: self.performed.emit(Action(Do.RENAME, instance.id, name))
                )
                return ask

            self.shelf.open(f"rename:{instance.id}", ask_name)
            return
        known = instance.data_bytes

        def amount(language: str) -> str:
            return say("delete.unknown_size", language) if known is None else size(known)

        def confirm() -> ConfirmDelete:
            from desktop_client.windows.dialogs import ConfirmDelete

            asked = ConfirmDelete(instance.name, amount, language)
            asked.confirmed.connect(
                lambda: self.performed.emit(Action(Do.DELETE, instance.id, "yes"))
            )
            return asked

        self.shelf.open(f"delete:{instance.id}", confirm)

    def about(self, do: Do, instance: Instance) -> None:
        """Why it waits, its log, its details for the clipboard."""
        match do:
            case Do.WHY:
                self._tell_why(instance)
            case Do.LOGS:
                self._show_logs(instance)
            case Do.SHARE:
                self._open_sharing(instance)
            case Do.COPY:
                line = instance.line.spoken(self._present().language)
                details = f"{instance.name} {instance.version}\n{line}\n{instance.support_code}"
                QGuiApplication.clipboard().setText(details.strip())

    def _tell_why(self, instance: Instance) -> None:
        def text(language: str) -> str:
            present = self._present()
            cards = build(present.desk, present.now, language, present.zone).cards
            card = next((c for c in cards if c.key == instance.id), None)
            return (card.why or card.line) if card else ""

        def title(language: str) -> str:
            return say("why.title", language, name=instance.name)

        self.shelf.open(f"why:{instance.id}", lambda: self._telling(title, text))

    def _telling(self, title: Callable[[str], str], text: Callable[[str], str]) -> Telling:
        from desktop_client.windows.dialogs import Telling

        return Telling(title, text, self._present().language)

    def _show_logs(self, instance: Instance) -> None:
        from desktop_client.windows.logs import LogsWindow

        key = f"logs:{instance.id}"
        if self.shelf.find(key, LogsWindow) is None:
            self._bridge.follow_logs(instance.id)

        def make() -> LogsWindow:
            window = LogsWindow(instance.id, instance.name, self._present().language)
            window.left.connect(self._bridge.leave_logs)
            return window

        self.shelf.open(key, make)

    def _lines(self, key: str, lines: list[str]) -> None:
        from desktop_client.windows.logs import LogsWindow

        window = self.shelf.find(f"logs:{key}", LogsWindow)
        if window is not None:
            window.add(lines)

    def _lines_ended(self, key: str, problem: str) -> None:
        from desktop_client.windows.logs import LogsWindow

        window = self.shelf.find(f"logs:{key}", LogsWindow)
        if window is not None:
            window.end(problem)

    def not_opened(self, url: str) -> None:
        """The browser did not open."""

        def title(language: str) -> str:
            return say("news.refused.title", language)

        def text(language: str) -> str:
            return say("news.open_failed", language, url=url)

        self.shelf.close("not-opened")
        self.shelf.open("not-opened", lambda: self._telling(title, text))

    # -- recent and help ------------------------------------------------------------------------

    def _make_recent(self) -> RecentWindow:
        from desktop_client.windows.recent import RecentWindow

        window = RecentWindow(self._present().language)
        window.performed.connect(self.performed)
        return window

    def _refresh_recent(self) -> None:
        if not self.shelf.has("recent"):
            return
        from desktop_client.windows.recent import RecentWindow

        window = self.shelf.find("recent", RecentWindow)
        assert window is not None
        present = self._present()
        instances = desks.known_instances(present.desk.snapshot)
        lines = recent_lines(
            self._notifier.recent, instances, present.now, present.zone, present.language
        )
        window.show_lines(lines, present.colours)

    def _make_help(self) -> HelpWindow:
        from desktop_client.windows.help import HelpWindow

        window = HelpWindow(self._present().language)
        window.performed.connect(self.performed)
        return window

    # -- leaving --------------------------------------------------------------------------------

    def ask_leaving(self) -> None:
        """Engines run on: say so, and offer to stop them first."""
        running = desks.still_running(self._present().desk)

        def make() -> Leaving:
            from desktop_client.windows.dialogs import Leaving

            asked = Leaving([i.name for i in running], self._present().language)
            asked.left.connect(self.leave)
            asked.stop_asked.connect(self._stop_and_leave)
            asked.closed.connect(self._stay)
            return asked

        self.shelf.open(_LEAVING, make)

    def _stop_and_leave(self) -> None:
        running = desks.still_running(self._present().desk)
        self._stopping = {i.id: i.name for i in running}
        self._not_stopped = {}
        self._bridge.stop_all(list(self._stopping))
        self._refresh_leaving()

    def _stay(self) -> None:
        self._stopping = {}

    def _one_not_stopped(self, instance_id: str, problem: Problem) -> None:
        name = self._stopping.get(instance_id)
        if name is not None:
            self._not_stopped[name] = problem_text(problem, self._present().language)
            self._refresh_leaving()

    def _refresh_leaving(self) -> None:
        if not self._stopping:
            return
        from desktop_client.windows.dialogs import Leaving

        running = {i.id for i in desks.still_running(self._present().desk)}
        waiting = [name for key, name in self._stopping.items() if key in running]
        window = self.shelf.find(_LEAVING, Leaving)
        if window is not None:
            window.show_stopping(waiting, self._not_stopped)
        if not waiting:
            self._stopping = {}
            self.leave.emit()
