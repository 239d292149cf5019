"""The windows for sharing engines: asks for colleagues and for who may open an engine now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_client.bridge import Bridge
from desktop_client.desk import instance_of
from desktop_client.model import Found, Instance, Link, Problem, Share
from desktop_client.present import Present
from desktop_client.share_view import ShareWish, is_searched, share_view
from desktop_client.shelf import Shelf
from desktop_client.windows.share import ShareWindow

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession


@dataclass(frozen=True, slots=True)
class _Known:
    """About one open window.

    Attributes:
        count: how many shares the coordinator told of when the list was asked for.
        letting_in: who is about to be let in.
    """

    query: str = ""
    found: Found | None = None
    shares: tuple[Share, ...] | None = None
    count: int = 0
    letting_in: str = ""
    shared_with: str = ""
    problem: Problem | None = None


class ShareRoom(QObject):
    """One window for each engine that is being shared."""

    def __init__(
        self,
        bridge: Bridge,
        shelf: Shelf,
        present: Callable[[], Present],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._shelf, self._present = bridge, shelf, present
        self._known: dict[str, _Known] = {}
        self._link = Link.ONLINE

    def open(self, instance: Instance) -> None:
        """Bring up the window of an instance, and ask for what it shows."""
        instance_id = instance.id
        if self._shelf.find(_key(instance_id), ShareWindow) is None:
            self._known[instance_id] = _Known(count=instance.shares)

        def make() -> ShareWindow:
            window = ShareWindow(instance.name, self._present().language)
            window.searched.connect(lambda query: self._search(instance_id, query))
            window.share_asked.connect(lambda wish, who: self._share(instance_id, wish, who))
            window.end_asked.connect(lambda share_id: self._end(instance_id, share_id))
            window.closed.connect(lambda: self._known.pop(instance_id, None))
            return window

        self._shelf.open(_key(instance_id), make)
        self._search(instance_id, self._known[instance_id].query)
        self._ask_shares(instance_id)
        self.refresh()

    def refresh(self) -> None:
        """Show how everything stands now; a window whose engine is gone closes."""
        if not self._known:
            return
        present = self._present()
        link = present.desk.snapshot.link
        back, self._link = link is Link.ONLINE is not self._link, link
        for instance_id in list(self._known):
            window = self._shelf.find(_key(instance_id), ShareWindow)
            instance = instance_of(present.desk.snapshot, instance_id)
            if window is None:
                continue
            if instance is None:
                window.close()
                continue
            if back or instance.shares != self._known[instance_id].count:
                self._know(instance_id, count=instance.shares)
                self._ask_shares(instance_id)
            if back:
                self._search(instance_id, self._known[instance_id].query)
            known = self._known[instance_id]
            window.show_view(
                share_view(
                    instance.name,
                    known.query,
                    known.found,
                    known.shares,
                    present.now,
                    present.zone,
                    present.language,
                    shared_with=known.shared_with,
                    problem=known.problem,
                    busy=bool(known.letting_in),
                )
            )

    # -- asking ---------------------------------------------------------------------------------

    def _search(self, instance_id: str, query: str) -> None:
        query = query.strip()
        self._tell(instance_id, query=query, found=None)
        wanted = query if is_searched(query) else ""

        async def find(session: CoordinatorSession) -> Found:
            from desktop_client import sharing

            return await sharing.find(session, wanted)

        def found(answer: Found) -> None:
            known = self._known.get(instance_id)
            if known is None or known.query != query:
                return  # the person has typed on
            teams = tuple(t for t in answer.teams if query.casefold() in t.casefold())
            self._tell(instance_id, found=replace(answer, teams=teams), problem=None)

        def failed(problem: Problem) -> None:
            known = self._known.get(instance_id)
            if known is not None and known.query == query:
                self._tell(instance_id, found=Found(), problem=problem)

        self._bridge.request(find, self, found, failed)

    def _ask_shares(self, instance_id: str) -> None:
        async def ask(session: CoordinatorSession) -> tuple[Share, ...]:
            from desktop_client import sharing

            return await sharing.shares_of(session, instance_id)

        self._bridge.request(
            ask,
            self,
            lambda shares: self._tell(instance_id, shares=shares),
            lambda problem: self._tell(instance_id, problem=problem),
        )

    def _share(self, instance_id: str, wish: ShareWish, who: str) -> None:
        async def share(session: CoordinatorSession) -> tuple[Share, ...]:
            from desktop_client import sharing

            await sharing.share(session, instance_id, wish)
            return await sharing.shares_of(session, instance_id)

        def shared(shares: tuple[Share, ...]) -> None:
            self._tell(instance_id, shares=shares, letting_in="", shared_with=who)
            window = self._shelf.find(_key(instance_id), ShareWindow)
            if window is not None:
                window.begin_anew()

        self._tell(instance_id, letting_in=who, shared_with="", problem=None)
        self._bridge.request(
            share,
            self,
            shared,
            lambda problem: self._tell(instance_id, letting_in="", problem=problem),
        )

    def _end(self, instance_id: str, share_id: str) -> None:
        async def end(session: CoordinatorSession) -> tuple[Share, ...]:
            from desktop_client import sharing

            await sharing.end(session, share_id)
            return await sharing.shares_of(session, instance_id)

        known = self._known.get(instance_id)
        before = known.shares if known is not None else None
        if before is not None:  # at once; it comes back if that is refused
            left = tuple(s for s in before if s.id != share_id)
            self._tell(instance_id, shares=left, shared_with="", problem=None)
        self._bridge.request(
            end,
            self,
            lambda shares: self._tell(instance_id, shares=shares),
            lambda problem: self._tell(instance_id, shares=before, problem=problem),
        )

    def _tell(self, instance_id: str, **changes: object) -> None:
        self._know(instance_id, **changes)
        self.refresh()

    def _know(self, instance_id: str, **changes: object) -> None:
        known = self._known.get(instance_id)
        if known is not None:  # else its window is closed
            self._known[instance_id] = replace(known, **changes)  # type: ignore[arg-type]


def _key(instance_id: str) -> str:
    return f"share:{instance_id}"
