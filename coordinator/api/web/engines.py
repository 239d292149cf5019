"""My engines: works without a script, and keeps itself current with a little of one."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.api.web.http import STATUS, Pages, language_of, said, see_other
from coordinator.api.web.mine import SHAPES, check_owner, own_instance, signed_in, unknown
from coordinator.api.web.shares import shared_views
from coordinator.api.web.sign_in import SignInPages
from coordinator.api.web.texts import text
from coordinator.api.web.trash import trash_views
from coordinator.domain import wording
from coordinator.domain.engine import Engine, EngineId, Text
from coordinator.domain.events import DeleteRequested, KeepRequested, StopRequested
from coordinator.domain.gpu import Gpu
from coordinator.domain.instance import Instance, InstanceId, PartKind, State, StopReason
from coordinator.domain.node import NodeId
from coordinator.domain.people import Person, Role
from coordinator.domain.sharing import shares_of
from coordinator.domain.studio import Studio
from coordinator.identity import Caller, Identity
from coordinator.naming import restore_request, start_request
from coordinator.reactor import Reactor
from coordinator.watch import is_of, machines_of

_BEAT_SECONDS = 15.0  # a comment, so that a dead connection is noticed; also refreshes times
_CALM_SECONDS = 0.25  # changes that come together are told together
_LIVE = (
    State.REQUESTED,
    State.QUEUED,
    State.PLACED,
    State.PREPARING,
    State.STARTING,
    State.READY,
    State.STOPPING,
    State.UNREACHABLE,
    State.LOST,
)
_CANCELLABLE = (State.REQUESTED, State.QUEUED, State.PLACED, State.PREPARING, State.STARTING)


@dataclass(frozen=True, slots=True)
class PartView:
    """One line of progress; ``percent`` None while nobody knows the total."""

    label: str
    figures: str
    percent: int | None


_REFUSED_SHOWN = 2


@dataclass(frozen=True, slots=True)
class InstanceView:
    """An instance as the page shows it. ``primary`` is its one action that is right now."""

    id: str
    name: str
    version: str
    engine_id: str
    engine_name: str
    has_icon: bool
    shape: str
    line: str
    primary: str  # open, start, retry, cancel, keep or empty
    may_stop: bool
    may_delete: bool
    url: str
    parts: tuple[PartView, ...]
    simulated: bool
    shares: int
    started_by: str  # a guest; empty: oneself
    refused: str  # what its engine wanted to reach and may not; empty: nothing


@dataclass(frozen=True, slots=True)
class EngineView:
    """An engine on offer."""

    id: str
    name: str
    summary: str
    has_icon: bool
    default_version: str
    versions: tuple[str, ...]


class EnginePages:
    """Routes of My engines. ``url_of(host)`` is where a browser opens an instance."""

    def __init__(
        self,
        identity: Identity,
        reactor: Reactor,
        pages: Pages,
        sign_in: SignInPages,
        url_of: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._identity = identity
        self._reactor = reactor
        self._pages = pages
        self._sign_in = sign_in
        self._url_of = url_of
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/", self.show),
            Route("/engines", self.show),
            Route("/engines/list", self.fragment),
            Route("/engines/events", self.events),
            Route("/engines/start", self.start, methods=["POST"]),
            Route("/engines/{engine}/icon.svg", self.icon),
            Route("/instances/{instance}/delete", self.delete, methods=["GET", "POST"]),
            Route("/instances/{instance}/{action}", self.act, methods=["POST"]),
            Route("/trash/{instance}/restore", self.restore, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        found = await self._sign_in.who(request)
        if found is None:
            if not self._identity.has_admin() and self._identity.issuer is not None:
                return see_other("/setup")
            return see_other("/signin?next=/engines")
        return self._page(request, found[0].person)

    async def fragment(self, request: Request) -> Response:
        """The list alone, for the script."""
        caller = await self._caller(request)
        return self._pages.page(request, "list.html", **self._views(request, caller.person))

    async def events(self, request: Request) -> Response:
        """Server-sent events: "changed", whenever the list looks different."""
        caller = await self._caller(request)
        return StreamingResponse(
            self._changes(request, caller),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def start(self, request: Request) -> Response:
        """Start an engine: one's instance of it, made if there is none."""
        caller = await self._caller(request)
        form = await self._pages.form(request)
        try:
            await self._reactor.ask(
                start_request(
                    caller.person.id,
                    engine_id=form["engine"],
                    version=form["version"],
                    name=form["name"],
                )
            )
        except AigcError as error:
            return self._page(request, caller.person, error)
        return see_other("/engines")

    async def act(self, request: Request) -> Response:
        """Start, stop or keep one of one's own instances."""
        caller = await self._caller(request)
        await self._pages.form(request)
        instance = self._own(request, caller.person)
        try:
            match request.path_params["action"]:
                case "start":
                    await self._reactor.ask(
                        start_request(caller.person.id, instance_id=instance.id)
                    )
                case "stop":
                    await self._reactor.ask(
                        StopRequested(instance.id, StopReason.BY_CREATOR, caller.person.id)
                    )
                case "keep":
                    await self._reactor.ask(KeepRequested(instance.id, caller.person.id))
                case _:
                    raise unknown()
        except AigcError as error:
            return self._page(request, caller.person, error)
        return see_other("/engines")

    async def delete(self, request: Request) -> Response:
        """Ask first, naming what goes; then move the data to the trash."""
        caller = await self._caller(request)
        instance = self._own(request, caller.person)
        if request.method == "GET":
            return self._pages.page(
                request,
                "delete.html",
                name=instance.name,
                action=f"/instances/{instance.id}/delete",
                person=caller.person,
                days=self._reactor.studio.policy.trash_days,
                size=self._data_size(instance, language_of(request)),
            )
        await self._pages.form(request)
        try:
            await self._reactor.ask(DeleteRequested(instance.id, caller.person.id))
        except AigcError as error:
            return self._page(request, caller.person, error)
        return see_other("/engines")

    async def restore(self, request: Request) -> Response:
        """Bring one's own back from the trash, as a new instance."""
        caller = await self._caller(request)
        await self._pages.form(request)
        old = self._reactor.studio.instances.get(InstanceId(request.path_params["instance"]))
        if old is None:
            raise unknown()
        check_owner(old, caller.person)
        try:
            await self._reactor.ask(restore_request(caller.person.id, old.id, old.engine_id))
        except AigcError as error:
            return self._page(request, caller.person, error)
        return see_other("/engines")

    async def icon(self, request: Request) -> Response:
        """An engine's icon. As an image, and with this policy, a script in it never runs."""
        engine = self._reactor.studio.engines.get(EngineId(request.path_params["engine"]))
        if engine is None or not engine.icon_svg:
            raise unknown()
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "Cache-Control": "private, max-age=3600",
        }
        return Response(engine.icon_svg, media_type="image/svg+xml", headers=headers)

    async def _caller(self, request: Request) -> Caller:
        return await signed_in(self._sign_in, request)

    def _own(self, request: Request, person: Person) -> Instance:
        return own_instance(self._reactor.studio, request, person)

    def _data_size(self, instance: Instance, language: str) -> str:
        volume = self._reactor.studio.volumes.get(instance.volume_id)
        if volume is None or volume.bytes is None:
            return text("size_unknown", language)
        return _size(volume.bytes)

    async def _changes(self, request: Request, caller: Caller) -> AsyncIterator[str]:
        reactor, person = self._reactor, caller.person.id
        machines: set[NodeId] = set()
        watch = reactor.watch(lambda changed: is_of(person, machines, changed, reactor.studio))
        ended = asyncio.ensure_future(self._identity.wait_ended(caller))
        upcoming: asyncio.Future[Any] = asyncio.ensure_future(anext(watch, None))
        seen = ""
        try:
            while not ended.done():
                machines.clear()
                machines.update(machines_of(person, reactor.studio))
                look = self._look(request, caller.person)
                yield ": here\n\n" if look == seen else "event: changed\ndata: {}\n\n"
                seen = look
                await asyncio.wait(
                    (ended, upcoming), timeout=_BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if upcoming.done():
                    if upcoming.result() is None:
                        return
                    await asyncio.sleep(_CALM_SECONDS)
                    upcoming = asyncio.ensure_future(anext(watch, None))
            yield "event: ended\ndata: {}\n\n"
        finally:
            watch.close()
            for future in (ended, upcoming):
                future.cancel()
            await asyncio.gather(ended, upcoming, return_exceptions=True)

    def _look(self, request: Request, person: Person) -> str:
        views = repr(self._views(request, person))
        return hashlib.sha256(views.encode()).hexdigest()

    def _page(self, request: Request, person: Person, error: AigcError | None = None) -> Response:
        return self._pages.page(
            request,
            "engines.html",
            STATUS[error.kind] if error else 200,
            person=person,
            error=said(error, language_of(request)) if error else "",
            local=self._identity.issuer is not None,
            may_link=self._identity.links.possible(person),
            admin=person.role is Role.ADMIN,
            **self._views(request, person),
        )

    def _views(self, request: Request, person: Person) -> dict[str, Any]:
        studio, now, language = self._reactor.studio, self._clock.now(), language_of(request)
        mine = studio.instances_of(person.id)
        mine.sort(key=lambda i: (i.state not in _LIVE, -i.state_since.timestamp(), i.id))
        engines = sorted(studio.engines.values(), key=lambda e: e.name.en.casefold())
        counts = Counter(i.engine_id for i in mine)
        most = studio.policy.instances_per_engine
        enough = len(mine) >= studio.policy.instances_per_person
        return {
            "enough": len(mine) if enough else 0,
            "published": bool(engines),
            "shared": shared_views(studio, person.id, now, language, self._url_of),
            "trash": trash_views(studio, person.id, now, language),
            "instances": [self._instance(studio, i, now, language) for i in mine],
            "engines": [
                _engine(e, language)
                for e in engines
                if _offered(e) and counts[e.id] < most and not enough
            ],
        }

    def _instance(
        self, studio: Studio, instance: Instance, now: datetime, language: str
    ) -> InstanceView:
        engine = studio.engines.get(instance.engine_id)
        release = wording.release_at(studio, instance, now)
        warn = engine.idle.warn_before if engine else None
        guest = studio.people.get(instance.started_by) if instance.started_by else None
        state = instance.state
        primary = ""
        if state is State.READY:
            near = release is not None and warn is not None and release - now <= warn
            primary = "keep" if near else "open"
        elif state is State.STOPPED:
            primary = "start"
        elif state is State.FAILED:
            primary = "retry"
        elif state in _CANCELLABLE:
            primary = "cancel"
        return InstanceView(
            id=instance.id,
            name=instance.name,
            version=instance.version,
            engine_id=instance.engine_id,
            engine_name=_say(engine.name, language) if engine else instance.engine_id,
            has_icon=bool(engine and engine.icon_svg),
            shape=SHAPES.get(state, "stopped"),
            line=_say(wording.instance_line(studio, instance, now), language),
            primary=primary,
            may_stop=state is State.READY,
            may_delete=state in (State.STOPPED, State.FAILED),
            url=self._url_of(instance.host),
            parts=_parts(instance, language),
            simulated=any(card.simulated for card in _cards(studio, instance)),
            shares=sum(1 for _ in shares_of(studio, instance.id, now)),
            started_by=guest.name if guest and state in _LIVE else "",
            refused=_refused(studio, instance, language),
        )


def _refused(studio: Studio, instance: Instance, language: str) -> str:
    """One quiet line; of the present run alone."""
    usage, where = studio.usage.get(instance.id), instance.placement
    if usage is None or usage.refusals is None or where is None or usage.epoch != where.epoch:
        return ""
    top = usage.refusals.top[:_REFUSED_SHOWN]
    places = ", ".join(f"{p.address}:{p.port}" if p.port else p.address for p in top)
    return text("refused_line", language, count=usage.refusals.total, places=places)


def _parts(instance: Instance, language: str) -> tuple[PartView, ...]:
    if instance.state is not State.PREPARING:
        return ()
    labels = {PartKind.IMAGE: "image", PartKind.DATA: "data", PartKind.MODELS: "models"}
    views = []
    for part in instance.parts:
        label = text(f"part_{labels[part.kind]}", language)
        if part.done:
            views.append(PartView(label, text("part_done", language), 100))
        elif part.bytes_total:
            percent = min(100, part.bytes_done * 100 // part.bytes_total)
            figures = f"{_size(part.bytes_done)} / {_size(part.bytes_total)}"
            views.append(PartView(label, figures, percent))
        else:
            views.append(PartView(label, _size(part.bytes_done), None))
    return tuple(views)


def _cards(studio: Studio, instance: Instance) -> list[Gpu]:
    where = instance.placement
    node = studio.nodes.get(where.node_id) if where else None
    if where is None or node is None:
        return []
    return [gpu for gpu in node.gpus if gpu.uuid in where.gpu_uuids]


def _engine(engine: Engine, language: str) -> EngineView:
    return EngineView(
        id=engine.id,
        name=_say(engine.name, language),
        summary=_say(engine.summary, language),
        has_icon=bool(engine.icon_svg),
        default_version=engine.default_version,
        versions=tuple(v.version for v in engine.versions if v.available),
    )


def _offered(engine: Engine) -> bool:
    return any(version.available for version in engine.versions)


def _say(words: Text, language: str) -> str:
    return (words.zh if language == "zh" else words.en) or words.en


def _size(amount: int) -> str:
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{amount / 1e6:.1f} MB"
