"""Follows links that other programs gave us, once they are understood and the person agreed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from aigc.errors import AigcError
from desktop_client.bridge import Bridge
from desktop_client.deep_link import StartLink, StudioLink, parse_link
from desktop_client.desk import Action, Do
from desktop_client.i18n import say
from desktop_client.model import BEGINNING, LIVE, Engine, Instance, Link, Problem, State
from desktop_client.present import Present
from desktop_client.problems import problem_of
from desktop_client.shelf import Shelf
from desktop_client.wording import problem_text

if TYPE_CHECKING:
    from desktop_client.windows.dialogs import Telling
    from desktop_client.windows.links import ConfirmJoin, ConfirmStart


class LinkRoom(QObject):
    """Signals:
    performed(Action): what the person agreed to.
    """

    performed = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        shelf: Shelf,
        present: Callable[[], Present],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._shelf, self._present = bridge, shelf, present
        self._waiting: StartLink | None = None
        self._told = False  # why it waits

    def take(self, text: str) -> None:
        """Somebody opened a link. It is refused, or asked about, or kept until signed in."""
        try:
            link = parse_link(text)
        except AigcError as error:
            problem = problem_of(error)
            self._tell("link.refused", lambda language: problem_text(problem, language))
            return
        if isinstance(link, StudioLink):
            self._take_studio(link)
        else:
            self._waiting, self._told = link, False
            self.refresh()

    def refresh(self) -> None:
        """What is known changed: a link that waited for it is asked about."""
        waiting = self._waiting
        if waiting is None:
            return
        match self._present().desk.snapshot.link:
            case Link.ONLINE:
                self._waiting = None
                self._shelf.close("link")
                self._take_start(waiting)
            case Link.CONNECTING:  # in a moment it is known how things stand
                return
            case Link.OFFLINE:
                self._tell_waiting("link.later_title", "link.later", waiting)
            case _:
                self._tell_waiting("link.waiting_title", "link.waiting", waiting)

    # -- start ----------------------------------------------------------------------------------

    def _take_start(self, link: StartLink) -> None:
        present = self._present()
        snapshot = present.desk.snapshot
        engine = next((e for e in snapshot.engines if e.id == link.engine_id), None)
        own = [i for i in snapshot.instances if i.engine_id == link.engine_id]
        if engine is None and not own:
            self._tell(
                "link.refused",
                lambda language: say(
                    "link.unknown", language, engine=link.engine_id, studio=snapshot.studio
                ),
            )
            return
        instance = _likeliest(own)
        if instance is not None and instance.state is State.READY and instance.url:
            self.performed.emit(Action(Do.OPEN, instance.id))
        elif instance is not None and instance.state in LIVE:
            self.performed.emit(Action(Do.SHOW))
        else:
            self._confirm_start(engine, instance, link.engine_id, snapshot.studio)

    def _confirm_start(
        self, engine: Engine | None, instance: Instance | None, engine_id: str, studio: str
    ) -> None:
        language = self._present().language
        name = engine.name.spoken(language) if engine else engine_id
        if instance is not None:
            name = instance.name
        key = instance.id if instance is not None else f"engine:{engine_id}"

        def make() -> ConfirmStart:
            from desktop_client.windows.links import ConfirmStart  # seldom needed, so late

            asked = ConfirmStart(name, studio, language)
            asked.confirmed.connect(lambda: self._start(key))
            return asked

        self._shelf.close("link")
        self._shelf.open("link", make)

    def _start(self, key: str) -> None:
        self.performed.emit(Action(Do.START, key))
        self.performed.emit(Action(Do.SHOW))

    def _tell_waiting(self, title: str, text: str, link: StartLink) -> None:
        """Once for each link: why it is not asked about yet."""
        if self._told:
            return
        self._told = True
        self.performed.emit(Action(Do.SHOW))
        self._tell(title, lambda language: say(text, language, engine=link.engine_id))

    # -- join -----------------------------------------------------------------------------------

    def _take_studio(self, link: StudioLink) -> None:
        snapshot = self._present().desk.snapshot
        configured = snapshot.link not in (Link.UNCONFIGURED, Link.UNTRUSTED)
        if configured and (link.address, link.pin) == (snapshot.address, snapshot.pin):
            self.performed.emit(Action(Do.SHOW))  # there already
            return
        present = (snapshot.studio or snapshot.address) if configured else ""

        def make() -> ConfirmJoin:
            from desktop_client.windows.links import ConfirmJoin

            asked = ConfirmJoin(link.address, link.pin, present, self._present().language)
            asked.confirmed.connect(lambda: self._join(link))
            return asked

        self._shelf.close("link")
        self._shelf.open("link", make)

    def _join(self, link: StudioLink) -> None:
        self._bridge.join(str(link), self, lambda _: self._has_joined(), self._not_joined)

    def _has_joined(self) -> None:
        self._shelf.close("link")
        self.performed.emit(Action(Do.SHOW))

    def _not_joined(self, problem: Problem) -> None:
        from desktop_client.windows.links import ConfirmJoin

        asked = self._shelf.find("link", ConfirmJoin)
        if asked is not None:
            asked.show_problem(problem_text(problem, asked.language))

    def _tell(self, title: str, text: Callable[[str], str]) -> None:
        def make() -> Telling:
            from desktop_client.windows.dialogs import Telling

            return Telling(lambda language: say(title, language), text, self._present().language)

        self._shelf.close("link")
        self._shelf.open("link", make)


def _likeliest(instances: list[Instance]) -> Instance | None:
    """The one that a link to its engine means: what runs, then what begins, then the last used."""

    def rank(instance: Instance) -> tuple[bool, bool, float]:
        since = instance.since.timestamp() if instance.since else 0.0
        return (instance.state is State.READY, instance.state in BEGINNING, since)

    return max(instances, key=rank, default=None)
