"""Tells once of each API token that ends within a week, before scripts stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop_client.bridge import Bridge
from desktop_client.desk import News, Notice
from desktop_client.model import ApiToken, Link, Problem
from desktop_client.present import Present

log = logging.getLogger(__name__)

_AGAIN_MS = 12 * 3600 * 1000


class TokenWatch(QObject):
    """Asks when the studio is online, and again twice a day.

    Signals:
        told(Notice): a token ends soon.
        chose(Settings): with what was told, so that it is told once.
    """

    told = Signal(object)
    chose = Signal(object)

    def __init__(
        self, bridge: Bridge, present: Callable[[], Present], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge, self._present = bridge, present
        self._asked_for = ""  # the person
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self._again)

    def refresh(self) -> None:
        """What is known changed: perhaps another person, or the first moment online."""
        snapshot = self._present().desk.snapshot
        if snapshot.link is Link.SIGNED_OUT:
            self._asked_for = ""
        if snapshot.link is not Link.ONLINE or not snapshot.person:
            return
        if snapshot.person != self._asked_for:
            self._asked_for = snapshot.person
            self._ask()

    def stop(self) -> None:
        """Ask no more."""
        self._timer.stop()

    def _again(self) -> None:
        """Now, or as soon as it is online."""
        self._asked_for = ""
        self.refresh()

    def _ask(self) -> None:
        from desktop_client import personal  # gRPC is loaded by now; not before the icon

        self._timer.start(_AGAIN_MS)
        self._bridge.request(personal.tokens, self, self._known, self._without)

    def _known(self, tokens: tuple[ApiToken, ...]) -> None:
        settings = self._present().settings
        ending = [t for t in tokens if t.ends_soon]
        for token in ending:
            if token.id not in settings.told_tokens:
                key = f"token:{token.id}"
                self.told.emit(Notice(News.TOKEN_ENDS, key, text=token.name, at=token.expires_at))
        remembered = frozenset(t.id for t in ending)
        if remembered != settings.told_tokens:
            self.chose.emit(replace(self._present().settings, told_tokens=remembered))

    def _without(self, problem: Problem) -> None:
        log.info("whether a token ends soon is not known", extra={"reason": problem.key})
