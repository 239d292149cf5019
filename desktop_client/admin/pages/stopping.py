"""Stopping other people's instances: asked with names and numbers, told when it is agreed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from aigc.errors import AigcError
from desktop_client.admin.confirm import confirm
from desktop_client.admin.page import Shell
from desktop_client.admin.pages.instance_facts import victims
from desktop_client.admin.requests import Requests
from desktop_client.i18n import say
from desktop_client.model import Instance, Problem
from desktop_client.problems import problem_of


class Stopper(QObject):
    """Signals:
    changed(): ``asked`` is another set.

    Attributes:
        asked: ids of the instances whose stop is on its way.
    """

    changed = Signal()

    def __init__(self, shell: Shell, parent: QWidget) -> None:
        super().__init__(parent)
        self._shell = shell
        self._window = parent
        self.asked: frozenset[str] = frozenset()

    def ask(self, instances: Sequence[Instance], *, waiting: bool = False) -> None:
        """Confirm, then stop them. ``waiting``: they are only taken out of the queue."""
        if not instances:
            return
        language, count = self._shell.language, len(instances)
        prefix = "queue.remove" if waiting else "instances.stop"
        first = instances[0]
        owner = first.owner_name or first.owner_id
        title = (
            say(f"{prefix}.title.one", language, name=first.name, owner=owner)
            if count == 1
            else say(f"{prefix}.title.many", language, count=count)
        )
        verb = say(prefix, language) if count == 1 else say(f"{prefix}.many", language, count=count)
        names = {i.id: i.name for i in instances}
        confirm(
            self._window.window(),
            title,
            victims(instances, language),
            say(f"{prefix}.consequence", language),
            verb,
            True,
            lambda: self._stop(names),
            language,
        )

    def _stop(self, names: dict[str, str]) -> None:
        self.asked |= names.keys()
        self.changed.emit()
        self._shell.tell(None)
        self._shell.bridge.ask(
            self,
            lambda requests: _stop_all(requests, tuple(names)),
            lambda refused: self._answered(names, refused),
            self._failed(names),
        )

    def _answered(self, names: dict[str, str], refused: Sequence[tuple[str, Problem]]) -> None:
        self._settle(names)
        done = [name for key, name in names.items() if key not in dict(refused)]
        language = self._shell.language
        if len(done) == 1:
            self._shell.tell_done(say("instances.stopped.one", language, name=done[0]))
        elif done:
            self._shell.tell_done(say("instances.stopped.many", language, count=len(done)))
        if refused:
            self._shell.tell(refused[0][1])

    def _failed(self, names: dict[str, str]) -> Callable[[Problem], None]:
        def failed(problem: Problem) -> None:
            self._settle(names)
            self._shell.tell(problem)

        return failed

    def _settle(self, names: dict[str, str]) -> None:
        self.asked -= names.keys()
        self.changed.emit()


async def _stop_all(requests: Requests, ids: Sequence[str]) -> list[tuple[str, Problem]]:
    """One that is refused does not hold up the others; those, with why."""
    refused = []
    for instance_id in ids:
        try:
            await requests.stop(instance_id)
        except AigcError as error:
            refused.append((instance_id, problem_of(error)))
    return refused
