"""Tells what happened: by the desktop's notifications, or a window of ours, or not at all.

Whatever is told or kept silent is in the Recent list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_client.bridge import Bridge
from desktop_client.desk import News, Notice, known_instances
from desktop_client.notes import click, is_wanted, told
from desktop_client.platform.notifications import DEFAULT, Note
from desktop_client.present import Present
from desktop_client.recent import Recent, remember

if TYPE_CHECKING:
    from desktop_client.windows.notice import NoticeWindow


class Notifier(QObject):
    """Signals:
    performed(Action): a person answered a notification.
    remembered(): the Recent list has one more.
    """

    performed = Signal(object)
    remembered = Signal()

    def __init__(
        self, bridge: Bridge, present: Callable[[], Present], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._present = present
        self._notices: dict[str, Notice] = {}  # the last of each instance
        self._recent: Recent = ()
        self._window: NoticeWindow | None = None
        bridge.chosen.connect(self._chosen)
        bridge.unshown.connect(self._show_ourselves)

    @property
    def recent(self) -> Recent:
        """What was told lately, newest first."""
        return self._recent

    def tell(self, notice: Notice, *, seen: bool = False) -> None:
        """Tell of something.

        Args:
            seen: the person has it under their eyes; only the Recent list takes it.
        """
        present = self._present()
        self._recent = remember(self._recent, notice, present.now)
        self._notices[notice.key] = notice
        self.remembered.emit()
        if not seen and is_wanted(notice.news, present.settings, present.now):
            self._bridge.notify(self._note(notice, present))

    def withdraw(self, key: str) -> None:
        """What was told of an instance is no longer true."""
        self._bridge.withdraw(key)
        if self._window is not None:
            self._window.withdraw(key)

    def close(self) -> None:
        if self._window is not None:
            self._window.close()
            self._window.deleteLater()
            self._window = None

    def _note(self, notice: Notice, present: Present) -> Note:
        words = told(notice, present.now, present.zone, present.language)
        return Note(
            key=notice.key,
            title=words.title,
            text=words.text,
            actions=tuple((str(action.do), label) for action, label in words.actions),
            urgent=notice.news is News.RELEASE_NEAR,
        )

    def _chosen(self, key: str, action: str) -> None:
        notice = self._notices.get(key)
        if notice is None:
            return
        if action == DEFAULT:
            self.performed.emit(click(notice, known_instances(self._present().desk.snapshot)))
            return
        present = self._present()
        offered = told(notice, present.now, present.zone, present.language).actions
        chosen = next((a for a, _ in offered if str(a.do) == action), None)
        if chosen is not None:  # else it is none that we offered
            self.performed.emit(chosen)

    def _show_ourselves(self, note: Note) -> None:
        """The desktop has no notification service."""
        from desktop_client.windows.notice import NoticeWindow  # seldom needed, so late

        if self._window is None:
            self._window = NoticeWindow()
            self._window.chosen.connect(self._chosen)
        self._window.show_note(note, self._present().language)
