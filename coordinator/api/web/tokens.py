"""API tokens on a plain page: what there is, making one (shown once), and ending one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.api.tokens import terms_for
from coordinator.api.web.http import STATUS, Form, Pages, language_of, said, see_other
from coordinator.api.web.mine import signed_in
from coordinator.api.web.shares import shown_time
from coordinator.api.web.sign_in import SignInPages
from coordinator.api.web.texts import text
from coordinator.domain.people import Person
from coordinator.domain.sharing import shared_with
from coordinator.domain.studio import Studio
from coordinator.identity import Identity
from coordinator.identity.tokens import ApiToken, Scope
from coordinator.reactor import Reactor

_DAYS = ("7", "30", "90", "365")


@dataclass(frozen=True, slots=True)
class TokenView:
    """One token as the page lists it; never its secret."""

    id: str
    name: str
    good_for: str
    until: str
    last_used: str
    ends_soon: bool


class TokenPages:
    """Routes below ``/tokens``."""

    def __init__(
        self,
        identity: Identity,
        reactor: Reactor,
        pages: Pages,
        sign_in: SignInPages,
        clock: Clock,
    ) -> None:
        self._identity = identity
        self._reactor = reactor
        self._pages = pages
        self._sign_in = sign_in
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/tokens", self.show, methods=["GET", "POST"]),
            Route("/tokens/{token}/revoke", self.revoke, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """One's tokens; POST makes one and shows it this once."""
        found = await self._sign_in.who(request)
        if found is None and request.method == "GET":
            return see_other("/signin?next=/tokens")
        person = (await signed_in(self._sign_in, request)).person
        if request.method == "GET":
            return await self._page(request, person)
        form = await self._pages.form(request)
        scopes = [scope for scope in Scope if form[f"scope_{scope}"]]
        try:
            terms = terms_for(
                self._reactor,
                self._clock,
                person,
                # Nothing chosen is no choice here, other than in the API.
                [str(scope) for scope in scopes] or ["none"],
                bool(form["read_only"]),
                [form["instance"]] if form["instance"] else [],
            )
            days = int(form["days"]) if form["days"] in _DAYS else -1
            secret, info = await self._identity.create_token(person, form["name"], days, terms)
        except AigcError as error:
            return await self._page(request, person, error, form)
        return self._pages.page(
            request,
            "token.html",
            name=info.name,
            secret=secret,
            until=shown_time(info.expires_at),
            engines=Scope.ENGINES in info.terms.scopes,
            api=Scope.API in info.terms.scopes,
        )

    async def revoke(self, request: Request) -> Response:
        """End one of one's own."""
        person = (await signed_in(self._sign_in, request)).person
        await self._pages.form(request)
        await self._identity.revoke_token(person.id, request.path_params["token"])
        return see_other("/tokens")

    async def _page(
        self,
        request: Request,
        person: Person,
        error: AigcError | None = None,
        form: Form | None = None,
    ) -> Response:
        studio, now, language = self._reactor.studio, self._clock.now(), language_of(request)
        tokens = await self._identity.list_tokens(person.id)
        others = shared_with(studio, person.id, now)
        open_to_me = [*studio.instances_of(person.id), *(instance for instance, _ in others)]
        blank = dict.fromkeys(("name", "scope_api", "scope_engines", "instance", "read_only"), "")
        begun = {**blank, "days": "90", "scope_api": "on"}
        given = begun if form is None else {**blank, "days": "90", **form.values}
        return self._pages.page(
            request,
            "tokens.html",
            STATUS[error.kind] if error else 200,
            error=said(error, language) if error else "",
            tokens=[_view(studio, token, now, language) for token in tokens],
            instances=[(i.id, i.name) for i in open_to_me],
            days=[(d, text("token_days", language, days=d)) for d in _DAYS],
            given=given,
        )


def _view(studio: Studio, token: ApiToken, now: datetime, language: str) -> TokenView:
    terms = token.terms
    words = [text(f"token_for_{scope}", language) for scope in terms.scopes]
    named = (studio.instances.get(i) for i in terms.instances)
    names = [i.name if i else text("token_gone", language) for i in named]
    if names:
        words.append(text("token_only", language, names=", ".join(names)))
    if terms.read_only:
        words.append(text("token_read_only_word", language))
    return TokenView(
        id=token.id,
        name=token.name,
        good_for=("；" if language == "zh" else "; ").join(words),
        until=shown_time(token.expires_at),
        last_used=shown_time(token.last_used) if token.last_used else "–",
        ends_soon=token.ends_soon(now),
    )
