"""What the embedded issuer's pages share: who is signed in there, and where they go on to.

A page of the sign-in carries where it leads in its address: a client's whole authorization
request, or ``to=`` with the name of one of the issuer's own pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from coordinator.api.web.http import (
    ISSUER_COOKIE,
    SESSION_COOKIE,
    Pages,
    address_of,
    language_of,
    query_fields,
    see_other,
    set_cookie,
)
from coordinator.api.web.texts import text
from coordinator.identity import Identity, IssuerLogin
from coordinator.identity.issuer import Fields, Issuer
from coordinator.identity.issuer_core import Reply
from coordinator.identity.settings import (
    BROWSER_LIFETIME,
    KNOWN_BROWSER_LIFETIME,
    NATIVE_CLIENT,
)
from coordinator.identity.throttle import Asker

OWN_PAGES = ("account", "password", "second-factor", "device")


@dataclass(frozen=True, slots=True)
class IssuerDoor:
    """``gateway_sources()``: where hand-offs lead, for the content security policy."""

    identity: Identity
    issuer: Issuer
    pages: Pages
    gateway_sources: Callable[[], str]

    async def login(self, request: Request) -> IssuerLogin | None:
        """Who is signed in at the issuer with this browser, if anybody."""
        return await self.identity.issuer_login(request.cookies.get(ISSUER_COOKIE, ""))

    def refusal(self, request: Request, fields: Fields) -> Response | None:
        """Why the sign-in cannot lead there; None: it can."""
        if self.own_page(fields):
            return None
        refused = self.issuer.check(fields)
        return None if refused is None else self.reply(request, refused)

    def own_page(self, fields: Fields) -> str:
        """Which of the issuer's own pages a sign-in leads to; empty: to a client."""
        values = dict(fields)
        own = "client_id" not in values and values.get("to") in OWN_PAGES
        return values["to"] if own else ""

    def onward(self, fields: Fields) -> str:
        """Where to go on to, once somebody is signed in. Call :meth:`refusal` first."""
        page = self.own_page(fields)
        if not page:
            kept = [(key, value) for key, value in fields if key not in ("prompt", "max_age")]
            return f"/oidc/authorize?{urlencode(kept)}"
        code = dict(fields).get("user_code", "")
        return f"/oidc/{page}" + (f"?{urlencode({'user_code': code})}" if code else "")

    async def admitted(
        self, request: Request, page: str, fresh: bool = False
    ) -> IssuerLogin | Response:
        """Who may see that page of the issuer's own, or where they must go first.

        ``fresh``: a sign-in of the last ten minutes is wanted.
        """
        login = await self.login(request)
        fields = [("to", page)]
        if "user_code" in request.query_params:
            fields.append(("user_code", request.query_params["user_code"][:20]))
        if login is None or (fresh and not self.identity.is_fresh(login.auth_time)):
            return see_other(f"/oidc/login?{urlencode(fields)}")
        return self.gate(login, fields) or login

    def gate(self, login: IssuerLogin, fields: Fields) -> Response | None:
        """What somebody who signed in must do before anything else; None: nothing."""
        here = "password" if login.must_change else "second-factor" if login.must_enrol else ""
        if not here or self.own_page(fields) == here:
            return None
        return see_other(f"/oidc/{here}?{urlencode(fields)}")

    def asker(self, request: Request, username: str) -> Asker:
        """Who tries to prove that they are that account."""
        return self.identity.asker(username, address_of(request), request.cookies)

    def signed_in(self, request: Request, response: Response, token: str, username: str) -> None:
        """Set the cookies of who proved it: the issuer's session, and that of a known browser."""
        set_cookie(response, ISSUER_COOKIE, token, int(BROWSER_LIFETIME.total_seconds()))
        known = self.identity.known_cookie(username, request.cookies)
        if known is not None:
            set_cookie(response, *known, int(KNOWN_BROWSER_LIFETIME.total_seconds()))

    async def kept(self, request: Request) -> set[str]:
        """The ids of this browser's sessions: they go on where a person's others end."""
        token = request.cookies.get(SESSION_COOKIE, "")
        row = await self.identity.web_session(token)
        return {row.id} if row else set()

    def form_to(self, fields: Fields) -> str:
        """Chromium holds a form's whole chain of redirects against ``form-action``."""
        values = dict(fields)
        if "redirect_uri" not in values:
            return ""
        back = urlsplit(values["redirect_uri"])
        if back.hostname == "::1":
            return "http:"  # a policy cannot name an IPv6 address
        if values.get("client_id") == NATIVE_CLIENT:
            return f"{back.scheme}://{back.netloc}"
        return self.gateway_sources()

    def reply(self, request: Request, reply: Reply) -> Response:
        """An answer of the issuer to a person's browser."""
        if reply.location:
            return Response(status_code=302, headers={"Location": reply.location})
        return self.pages.message(
            request,
            reply.status,
            "error_title",
            text("bad_request", language_of(request)),
            detail=f"{reply.body['error']}: {reply.body['error_description']}",
        )


def here_of(request: Request) -> tuple[Fields, str]:
    """A page's own fields, and its address with them."""
    query = request.url.query
    return query_fields(request), request.url.path + (f"?{query}" if query else "")
