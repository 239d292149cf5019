"""HTTP of the embedded issuer, mounted at ``/oidc``: endpoints, the sign-in form, passwords."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.api.web.http import (
    ISSUER_COOKIE,
    SESSION_COOKIE,
    Pages,
    address_of,
    drop_cookie,
    language_of,
    query_fields,
    read_form,
    said,
    see_other,
    set_cookie,
)
from coordinator.api.web.sign_in import form_status, with_retry
from coordinator.api.web.texts import text
from coordinator.identity import Identity, IssuerLogin
from coordinator.identity.issuer import Fields, Issuer
from coordinator.identity.issuer_core import Reply
from coordinator.identity.settings import BROWSER_LIFETIME, NATIVE_CLIENT

_FRESH_SECONDS = 60  # signed in just now, for this very request: no second question


class IssuerPages:
    """Every route below ``/oidc``. ``gateway_sources()``: where hand-offs lead, for the policy."""

    def __init__(
        self,
        identity: Identity,
        issuer: Issuer,
        pages: Pages,
        clock: Clock,
        gateway_sources: Callable[[], str],
    ) -> None:
        self._identity = identity
        self._issuer = issuer
        self._pages = pages
        self._clock = clock
        self._gateway_sources = gateway_sources

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.metadata),
            Route("/jwks", self.jwks),
            Route("/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/login", self.login, methods=["GET", "POST"]),
            Route("/password", self.password, methods=["GET", "POST"]),
            Route("/token", self.token, methods=["POST"]),
            Route("/revoke", self.revoke, methods=["POST"]),
            Route("/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route("/end_session", self.end_session, methods=["GET", "POST"]),
        ]

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(self._issuer.metadata())

    async def jwks(self, request: Request) -> Response:
        return JSONResponse(self._issuer.keys.published())

    async def authorize(self, request: Request) -> Response:
        """A code for who is signed in; else the form. POST is the answer to "is it you?"."""
        fields = query_fields(request)
        refusal = self._issuer.check(fields)
        if refusal is not None:
            return self._reply(request, refusal)
        values = dict(fields)
        prompts = set(values.get("prompt", "").split())
        login = await self._login(request)
        agreed = False
        if request.method == "POST":
            form = await self._pages.form(request)
            if form["answer"] == "other":
                return see_other(f"/oidc/login?{urlencode(_without_prompt(fields))}")
            agreed = True
        if "none" in prompts:
            if login is None or login.must_change:
                return self._reply(request, self._issuer.deny(fields, "login_required"))
            if self._asks(values, login):
                return self._reply(request, self._issuer.deny(fields, "interaction_required"))
        if login is None or (not agreed and prompts & {"login", "select_account"}):
            return see_other(f"/oidc/login?{urlencode(fields)}")
        if login.must_change:
            return see_other(f"/oidc/password?{urlencode(fields)}")
        if not agreed and self._asks(values, login):
            return self._pages.page(
                request,
                "consent.html",
                form_to=self._form_to(values),
                name=login.account.name,
                username=login.account.username,
                action=f"/oidc/authorize?{urlencode(fields)}",
            )
        reply = await self._issuer.authorize(fields, login.account, login.auth_time)
        return self._reply(request, reply)

    async def login(self, request: Request) -> Response:
        """The sign-in form; it carries the client's whole request in its address."""
        fields = query_fields(request)
        refusal = self._issuer.check(fields)
        if refusal is not None:
            return self._reply(request, refusal)
        if request.method == "GET":
            return self._login_page(request, fields)
        form = await self._pages.form(request)
        try:
            token = await self._identity.issuer_sign_in(
                form["username"], form["password"], address_of(request)
            )
        except AigcError as error:
            return self._login_page(request, fields, error, form["username"])
        before = await self._login(request)
        if before is not None:
            await self._identity.sessions.end(before.session.id)
        response = see_other(f"/oidc/authorize?{urlencode(_without_prompt(fields))}")
        set_cookie(response, ISSUER_COOKIE, token, int(BROWSER_LIFETIME.total_seconds()))
        return response

    async def password(self, request: Request) -> Response:
        """A password of one's own: asked for after a one-time one, and whenever one likes."""
        fields = query_fields(request)
        login = await self._login(request)
        if login is None:
            return see_other("/signin")
        if request.method == "GET":
            return self._password_page(request, login)
        form = await self._pages.form(request)
        try:
            if form["password"] != form["again"]:
                raise AigcError("password-differs", "The two new passwords differ.")
            token = await self._identity.change_password(
                login, form["current"], form["password"], address_of(request)
            )
        except AigcError as error:
            return self._password_page(request, login, error)
        onward = "/signin"
        if fields and self._issuer.check(fields) is None:
            onward = f"/oidc/authorize?{urlencode(_without_prompt(fields))}"
        response = see_other(onward)
        set_cookie(response, ISSUER_COOKIE, token, int(BROWSER_LIFETIME.total_seconds()))
        return response

    async def token(self, request: Request) -> Response:
        try:
            fields = await read_form(request)
        except AigcError as error:
            body = {"error": "invalid_request", "error_description": error.message}
            return JSONResponse(body, 400)
        return self._reply(request, await self._issuer.token(fields), json=True)

    async def revoke(self, request: Request) -> Response:
        try:
            fields = await read_form(request)
        except AigcError as error:
            body = {"error": "invalid_request", "error_description": error.message}
            return JSONResponse(body, 400)
        return self._reply(request, await self._issuer.revoke(fields), json=True)

    async def userinfo(self, request: Request) -> Response:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        claims = None
        if scheme.lower() == "bearer" and 0 < len(bearer) <= 512 and bearer.isascii():
            claims = await self._issuer.userinfo(bearer)
        if claims is None:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return JSONResponse({"error": "invalid_token"}, 401, challenge)
        return JSONResponse(claims)

    async def end_session(self, request: Request) -> Response:
        """Sign out at the issuer; with an ID token of the same person at once, else it asks."""
        form = None
        if request.method == "POST":
            form = await self._pages.form(request)
        values = dict(query_fields(request))
        back = values.get("post_logout_redirect_uri", "")
        if back and not self._issuer.may_return_to(back):
            return self._pages.message(
                request, 400, "error_title", _text(request, "bad_return"), detail="invalid_request"
            )
        login = await self._login(request)
        hint = values.get("id_token_hint", "")
        known = bool(hint) and login is not None
        if known and login is not None:
            known = self._issuer.hint_subject(hint) == login.account.subject
        if login is not None and form is None and not known:
            return self._pages.page(
                request,
                "end_session.html",
                name=login.account.name,
                action=f"/oidc/end_session?{request.url.query}",
            )
        if login is not None:
            await self._identity.sessions.end(login.session.id)
        state = [("state", values["state"])] if back and "state" in values else []
        response = see_other((back or "/signed-out") + (f"?{urlencode(state)}" if state else ""))
        drop_cookie(response, ISSUER_COOKIE)
        drop_cookie(response, SESSION_COOKIE)
        return response

    async def _login(self, request: Request) -> IssuerLogin | None:
        return await self._identity.issuer_login(request.cookies.get(ISSUER_COOKIE, ""))

    def _asks(self, values: dict[str, str], login: IssuerLogin) -> bool:
        """Whether a person must say yes: a program on this machine wants to sign in as them."""
        age = self._clock.now().timestamp() - login.auth_time
        return values["client_id"] == NATIVE_CLIENT and age > _FRESH_SECONDS

    def _login_page(
        self, request: Request, fields: Fields, error: AigcError | None = None, username: str = ""
    ) -> Response:
        values = dict(fields)
        response = self._pages.page(
            request,
            "login.html",
            form_status(error),
            form_to=self._form_to(values),
            username=username[:200],
            native=values["client_id"] == NATIVE_CLIENT,
            action=f"/oidc/login?{urlencode(fields)}",
            error=said(error, language_of(request)) if error else "",
            no_admin=not self._identity.has_admin(),
        )
        return with_retry(response, error)

    def _password_page(
        self, request: Request, login: IssuerLogin, error: AigcError | None = None
    ) -> Response:
        query = request.url.query
        values = dict(query_fields(request))
        response = self._pages.page(
            request,
            "password.html",
            form_status(error),
            form_to=self._form_to(values) if "redirect_uri" in values else "",
            must=login.must_change,
            username=login.account.username,
            action=f"/oidc/password{'?' + query if query else ''}",
            error=said(error, language_of(request)) if error else "",
        )
        return with_retry(response, error)

    def _form_to(self, values: dict[str, str]) -> str:
        """Chromium holds a form's whole chain of redirects against ``form-action``."""
        back = urlsplit(values["redirect_uri"])
        if back.hostname == "::1":
            return "http:"  # a policy cannot name an IPv6 address
        if values["client_id"] == NATIVE_CLIENT:
            return f"{back.scheme}://{back.netloc}"
        return self._gateway_sources()

    def _reply(self, request: Request, reply: Reply, json: bool = False) -> Response:
        if reply.location:
            return Response(status_code=302, headers={"Location": reply.location})
        if json:
            return JSONResponse(reply.body, reply.status, reply.headers)
        return self._pages.message(
            request,
            reply.status,
            "error_title",
            _text(request, "bad_request"),
            detail=f"{reply.body['error']}: {reply.body['error_description']}",
        )


def _without_prompt(fields: Fields) -> Fields:
    return [(key, value) for key, value in fields if key not in ("prompt", "max_age")]


def _text(request: Request, key: str) -> str:
    return text(key, language_of(request))
