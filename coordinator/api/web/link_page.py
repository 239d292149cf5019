"""The page of somebody who had an account here before the studio moved to another provider."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aigc.errors import AigcError
from coordinator.api.web.http import Pages, language_of, said, see_other
from coordinator.api.web.sign_in import SignInPages, form_status, with_retry
from coordinator.domain.people import Person
from coordinator.identity import Identity
from coordinator.identity.links import LinkState


class LinkPage:
    """Route ``/link``."""

    def __init__(self, identity: Identity, pages: Pages, sign_in: SignInPages) -> None:
        self._identity = identity
        self._pages = pages
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        return [Route("/link", self.show, methods=["GET", "POST"])]

    async def show(self, request: Request) -> Response:
        """The form, or what became of the request."""
        found = await self._sign_in.who(request)
        if found is None:
            return see_other("/signin?next=/link")
        person, links = found[0].person, self._identity.links
        if request.method == "GET":
            return await self._page(request, person)
        form = await self._pages.form(request)
        try:
            if form["act"] == "withdraw":
                await links.withdraw(person.id)
            else:
                await links.request(person, form["username"], form["password"], form["note"])
        except AigcError as error:
            return await self._page(request, person, error, form["username"], form["note"])
        return see_other("/link")

    async def _page(
        self,
        request: Request,
        person: Person,
        error: AigcError | None = None,
        username: str = "",
        note: str = "",
    ) -> Response:
        links = self._identity.links
        link = await links.last_of(person.id)
        state = link.state if link is not None else None
        response = self._pages.page(
            request,
            "link.html",
            form_status(error),
            link=link,
            state="" if state in (None, LinkState.APPROVED, LinkState.WITHDRAWN) else str(state),
            linked=self._identity.links.is_linked(person.id),
            possible=links.possible(person),
            when=f"{link.asked_at:%Y-%m-%d %H:%M} UTC" if link is not None else "",
            error=said(error, language_of(request)) if error else "",
            username=username[:80],
            note=note[:300],
        )
        return with_retry(response, error)
