"""HTTP of the embedded issuer, mounted at ``/oidc``: its endpoints and the sign-in form."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aigc.clock import Clock
from aigc.errors import AigcError
from coordinator.api.web.http import (
    ISSUER_COOKIE,
    SECOND_COOKIE,
    SESSION_COOKIE,
    address_of,
    drop_cookie,
    language_of,
    query_fields,
    read_form,
    said,
    see_other,
    set_cookie,
)
from coordinator.api.web.issuer_door import IssuerDoor, here_of
from coordinator.api.web.sign_in import form_status, with_retry
from coordinator.api.web.texts import text
from coordinator.identity import IssuerLogin
from coordinator.identity.issuer import Fields
from coordinator.identity.issuer_core import Reply
from coordinator.identity.settings import NATIVE_CLIENT, SECOND_STEP_LIFETIME

_WAITING = ("authorization_pending", "slow_down")  # no refusals
_FRESH_SECONDS = 60  # signed in just now, for this very request: no second question


class IssuerPages:
    """The routes below ``/oidc`` that a sign-in goes through."""

    def __init__(self, door: IssuerDoor, clock: Clock) -> None:
        self._door = door
        self._identity = door.identity
        self._issuer = door.issuer
        self._pages = door.pages
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.metadata),
            Route("/jwks", self.jwks),
            Route("/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/login", self.login, methods=["GET", "POST"]),
            Route("/second", self.second, methods=["GET", "POST"]),
            Route("/token", self.token, methods=["POST"]),
            Route("/device_authorization", self.device_authorization, methods=["POST"]),
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
        values = dict(fields)
        refusal = self._issuer.check(fields)
        if refusal is not None:
            client, why = values.get("client_id", ""), _why(refusal)
            await self._identity.note_refusal(address_of(request), "authorize", client, why)
            return self._door.reply(request, refusal)
        prompts = set(values.get("prompt", "").split())
        login = await self._door.login(request)
        if login is not None and self._too_old(values, login):
            login = None
        agreed = False
        if request.method == "POST":
            form = await self._pages.form(request)
            if form["answer"] == "other":
                kept = [(key, value) for key, value in fields if key not in ("prompt", "max_age")]
                return see_other(f"/oidc/login?{urlencode(kept)}")
            agreed = True
        if "none" in prompts:
            if login is None or login.must_change or login.must_enrol:
                return self._door.reply(request, self._issuer.deny(fields, "login_required"))
            if self._asks(values, login):
                return self._door.reply(request, self._issuer.deny(fields, "interaction_required"))
        if login is None or (not agreed and prompts & {"login", "select_account"}):
            return see_other(f"/oidc/login?{urlencode(fields)}")
        first = self._door.gate(login, fields)
        if first is not None:
            return first
        if not agreed and self._asks(values, login):
            return self._pages.page(
                request,
                "consent.html",
                form_to=self._door.form_to(fields),
                name=login.account.name,
                username=login.account.username,
                action=f"/oidc/authorize?{urlencode(fields)}",
            )
        reply = await self._issuer.authorize(fields, login.account, login.auth_time, login.amr)
        return self._door.reply(request, reply)

    async def login(self, request: Request) -> Response:
        """The sign-in form; its address says where it leads."""
        fields = query_fields(request)
        refusal = self._door.refusal(request, fields)
        if refusal is not None:
            return refusal
        if request.method == "GET":
            login = await self._door.login(request)
            return self._login_page(
                request, fields, username=login.account.username if login else ""
            )
        form = await self._pages.form(request)
        username = form["username"]
        try:
            step = await self._identity.issuer_sign_in(
                username, form["password"], self._door.asker(request, username)
            )
        except AigcError as error:
            return self._login_page(request, fields, error, username)
        if step.wanted:
            response: Response = see_other(f"/oidc/second?{urlencode(fields)}")
            seconds = int(SECOND_STEP_LIFETIME.total_seconds())
            set_cookie(response, SECOND_COOKIE, step.token, seconds)
            return response
        return await self._signed_in(request, fields, step.token)

    async def second(self, request: Request) -> Response:
        """The form for the second factor, after a right password."""
        fields, action = here_of(request)
        refusal = self._door.refusal(request, fields)
        if refusal is not None:
            return refusal
        waiting = request.cookies.get(SECOND_COOKIE, "")
        account = self._identity.signing_in(waiting)
        if account is None:
            return see_other(f"/oidc/login?{urlencode(fields)}")
        if request.method == "GET":
            return self._second_page(request, fields, action)
        form = await self._pages.form(request)
        try:
            token = await self._identity.issuer_second_step(
                waiting, form["code"], self._door.asker(request, account.username)
            )
        except AigcError as error:
            if self._identity.signing_in(waiting) is None:
                return self._login_page(request, fields, error, account.username)
            return self._second_page(request, fields, action, error)
        response = await self._signed_in(request, fields, token)
        drop_cookie(response, SECOND_COOKIE)
        return response

    async def token(self, request: Request) -> Response:
        try:
            fields = await read_form(request)
        except AigcError as error:
            return _unreadable(error)
        reply = await self._issuer.token(fields)
        why = "" if reply.status == 200 else _why(reply)
        if why and why not in _WAITING:
            client = dict(fields).get("client_id", "")
            await self._identity.note_refusal(address_of(request), "token", client, why)
        return _json(reply)

    async def device_authorization(self, request: Request) -> Response:
        """RFC 8628: codes for a program without a browser."""
        try:
            fields = await read_form(request)
        except AigcError as error:
            return _unreadable(error)
        try:
            return _json(await self._issuer.device_authorization(fields, address_of(request)))
        except AigcError as error:
            body = {"error": "temporarily_unavailable", "error_description": error.message}
            return JSONResponse(body, 429, {"Retry-After": "60"})

    async def revoke(self, request: Request) -> Response:
        try:
            fields = await read_form(request)
        except AigcError as error:
            return _unreadable(error)
        return _json(await self._issuer.revoke(fields))

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
            sentence = text("bad_return", language_of(request))
            return self._pages.message(
                request, 400, "error_title", sentence, detail="invalid_request"
            )
        login = await self._door.login(request)
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

    async def _signed_in(self, request: Request, fields: Fields, token: str) -> Response:
        before = await self._door.login(request)
        if before is not None:
            await self._identity.sessions.end(before.session.id)
        response = see_other(self._door.onward(fields))
        fresh = await self._identity.issuer_login(token)
        if fresh is not None:
            self._door.signed_in(request, response, token, fresh.account.username)
        return response

    def _asks(self, values: dict[str, str], login: IssuerLogin) -> bool:
        """Whether a person must say yes: a program on this machine wants to sign in as them."""
        return values["client_id"] == NATIVE_CLIENT and self._age(login) > _FRESH_SECONDS

    def _too_old(self, values: dict[str, str], login: IssuerLogin) -> bool:
        """Whether the client wants a fresher sign-in. What is no number wants the freshest."""
        wanted = values.get("max_age")
        if wanted is None:
            return False
        age = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
        return self._age(login) > age

    def _age(self, login: IssuerLogin) -> float:
        return self._clock.now().timestamp() - login.auth_time

    def _login_page(
        self, request: Request, fields: Fields, error: AigcError | None = None, username: str = ""
    ) -> Response:
        response = self._pages.page(
            request,
            "login.html",
            form_status(error),
            form_to=self._door.form_to(fields),
            username=username[:200],
            native=dict(fields).get("client_id") == NATIVE_CLIENT,
            device=self._door.own_page(fields) == "device",
            action=f"/oidc/login?{urlencode(fields)}",
            error=said(error, language_of(request)) if error else "",
            no_admin=not self._identity.has_admin(),
        )
        return with_retry(response, error)

    def _second_page(
        self, request: Request, fields: Fields, action: str, error: AigcError | None = None
    ) -> Response:
        response = self._pages.page(
            request,
            "second.html",
            form_status(error),
            form_to=self._door.form_to(fields),
            action=action,
            error=said(error, language_of(request)) if error else "",
            again=f"/oidc/login?{urlencode(fields)}",
        )
        return with_retry(response, error)


def _why(reply: Reply) -> str:
    """The error that a refusal names, in its body or in the address that it leads to."""
    if reply.location:
        return dict(parse_qsl(urlsplit(reply.location).query)).get("error", "refused")
    return str(reply.body["error"])


def _json(reply: Reply) -> Response:
    return JSONResponse(reply.body, reply.status, reply.headers)


def _unreadable(error: AigcError) -> Response:
    body = {"error": "invalid_request", "error_description": error.message}
    return JSONResponse(body, 400)
