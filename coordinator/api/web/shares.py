"""Sharing on My engines: a plain form, who is let in, and the end of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.api.colleagues import AskedTooOften, Colleague, find_colleagues, one_colleague
from coordinator.api.web.http import STATUS, Form, Pages, language_of, said, see_other
from coordinator.api.web.mine import SHAPES, own_instance, signed_in
from coordinator.api.web.sign_in import SignInPages
from coordinator.api.web.texts import text
from coordinator.domain import wording
from coordinator.domain.events import ShareEndRequested
from coordinator.domain.instance import Instance, State
from coordinator.domain.people import Person, PersonId
from coordinator.domain.sharing import Access, Share, ShareId, shared_with, shares_of
from coordinator.domain.studio import Studio
from coordinator.naming import share_request
from coordinator.reactor import Reactor

# How long, as the form offers it: minutes and the key of its words.
LENGTHS = (
    (60, "share_1h"),
    (240, "share_4h"),
    (480, "share_8h"),
    (1440, "share_1d"),
    (4320, "share_3d"),
    (10080, "share_7d"),
    (43200, "share_30d"),
)
_DEFAULT = 480


@dataclass(frozen=True, slots=True)
class ShareView:
    """One share of one's own engine, as the page lists it."""

    id: str
    whom: str
    access: str
    until: str


@dataclass(frozen=True, slots=True)
class SharedView:
    """An engine of somebody else's, as a guest sees it. ``url`` empty: nothing to open now."""

    id: str
    name: str
    engine_name: str
    owner: str
    access: str
    until: str
    shape: str
    line: str
    url: str
    leave: str  # the share's id, where one was named in it


class SharePages:
    """Routes of sharing; those of My engines come after them."""

    def __init__(self, reactor: Reactor, pages: Pages, sign_in: SignInPages, clock: Clock) -> None:
        self._reactor = reactor
        self._pages = pages
        self._sign_in = sign_in
        self._clock = clock
        self._asked = AskedTooOften(clock)

    def routes(self) -> list[Route]:
        return [
            Route("/instances/{instance}/share", self.share, methods=["GET", "POST"]),
            Route("/shares/{share}/end", self.end, methods=["POST"]),
        ]

    async def share(self, request: Request) -> Response:
        """The form with who is let in now; POST lets somebody in."""
        person = (await signed_in(self._sign_in, request)).person
        instance = own_instance(self._reactor.studio, request, person)
        if request.method == "GET":
            return self._page(request, person, instance)
        form = await self._pages.form(request)
        try:
            guest, choices = self._whom(person, form)
            if choices:
                return self._page(request, person, instance, form=form, choices=choices)
            await self._reactor.ask(
                share_request(
                    instance.id,
                    person.id,
                    Access.VIEW if form["access"] == "view" else Access.USE,
                    _lasts(form["minutes"]),
                    person=guest,
                    team=form["team"],
                )
            )
        except AigcError as error:
            return self._page(request, person, instance, error, form)
        return see_other(f"/instances/{instance.id}/share")

    async def end(self, request: Request) -> Response:
        """Let somebody in no longer, or give back what one was given."""
        person = (await signed_in(self._sign_in, request)).person
        await self._pages.form(request)
        share_id = ShareId(request.path_params["share"])
        known = self._reactor.studio.shares.get(share_id)
        await self._reactor.ask(ShareEndRequested(share_id, person.id))
        mine = known is not None and known.owner == person.id
        return see_other(f"/instances/{known.instance_id}/share" if known and mine else "/engines")

    def _whom(self, person: Person, form: Form) -> tuple[str, tuple[Colleague, ...]]:
        """Who is meant; or, where several may be, these to choose from.

        Raises:
            AigcError: nobody by that name.
        """
        if form["person"]:
            return form["person"], ()
        if form["team"] or not form["who"].strip():
            return "", ()
        self._asked.note(person.id)
        studio = self._reactor.studio
        one = one_colleague(studio, person.id, form["who"])
        if one is not None:
            return one.id, ()
        found = find_colleagues(studio, person.id, form["who"])
        if found.people:
            return "", found.people
        raise AigcError(
            "colleague-unknown",
            "Nobody here has that name or address; whoever it is must have signed in once.",
            ErrorKind.NOT_FOUND,
        )

    def _page(
        self,
        request: Request,
        person: Person,
        instance: Instance,
        error: AigcError | None = None,
        form: Form | None = None,
        choices: tuple[Colleague, ...] = (),
    ) -> Response:
        studio, now, language = self._reactor.studio, self._clock.now(), language_of(request)
        known = studio.people.get(person.id)
        holding = sorted(shares_of(studio, instance.id, now), key=lambda s: (s.expires_at, s.id))
        given = form or Form({"minutes": str(_DEFAULT), "access": "use"})
        return self._pages.page(
            request,
            "share.html",
            STATUS[error.kind] if error else 200,
            name=instance.name,
            action=f"/instances/{instance.id}/share",
            error=said(error, language) if error else "",
            who=given["who"],
            team=given["team"],
            access=given["access"] or "use",
            minutes=given["minutes"] or str(_DEFAULT),
            teams=sorted(known.teams) if known else (),
            choices=choices,
            lengths=[(str(minutes), text(key, language)) for minutes, key in LENGTHS],
            shares=[_view(studio, share, language) for share in holding],
        )


def shared_views(
    studio: Studio, person: PersonId, now: datetime, language: str, url_of: Callable[[str], str]
) -> tuple[SharedView, ...]:
    """Others' engines that somebody may open now."""
    views = []
    for instance, share in shared_with(studio, person, now):
        engine, owner = studio.engines.get(instance.engine_id), studio.people.get(instance.owner)
        line = wording.instance_line(studio, instance, now)
        name = engine.name if engine else None
        runs = instance.state in (State.READY, State.UNREACHABLE)
        views.append(
            SharedView(
                id=instance.id,
                name=instance.name,
                engine_name=_said(name.en, name.zh, language) if name else instance.engine_id,
                owner=owner.name if owner else "",
                access=share.access,
                until=shown_time(share.expires_at),
                shape=SHAPES.get(instance.state, "stopped"),
                line=_said(line.en, line.zh, language),
                # Who looks on does not start it, so there is nothing to open while it rests.
                url=url_of(instance.host) if share.access is Access.USE or runs else "",
                leave=share.id if share.person == person else "",
            )
        )
    return tuple(views)


def shown_time(at: datetime) -> str:
    """A moment as these pages write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _view(studio: Studio, share: Share, language: str) -> ShareView:
    guest = studio.people.get(share.person) if share.person else None
    whom = guest.name if guest else text("share_team_named", language, team=share.team)
    return ShareView(
        share.id, whom, text(f"share_{share.access}", language), shown_time(share.expires_at)
    )


def _lasts(minutes: str) -> timedelta:
    """How long the form says; what it does not offer is refused by the core."""
    return timedelta(minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 7 else 0)


def _said(english: str, chinese: str, language: str) -> str:
    return (chinese if language == "zh" else english) or english
