"""Signing in and out on the coordinator's own pages, and the first admin."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aigc.errors import AigcError, ErrorKind
from coordinator.api.web.http import (
    SESSION_COOKIE,
    STATUS,
    Pages,
    address_of,
    drop_cookie,
    language_of,
    said,
    see_other,
    set_cookie,
)
from coordinator.identity import Caller, Identity, SessionRow
from coordinator.identity.handoff import safe_path
from coordinator.identity.providers import refused
from coordinator.identity.settings import BROWSER_LIFETIME, FRESH_SIGN_IN

_PENDING = "__Host-aigc-signin-"  # and the beginning of the state: one per tab
_PENDING_SECONDS = 900


class SignInPages:
    """Routes ``/signin``, ``/callback``, ``/signout``, ``/signed-out`` and ``/setup``."""

    def __init__(self, identity: Identity, pages: Pages) -> None:
        self._identity = identity
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/signin", self.sign_in),
            Route("/callback", self.callback),
            Route("/signout", self.sign_out, methods=["POST"]),
            Route("/signed-out", self.signed_out),
            Route("/setup", self.set_up, methods=["GET", "POST"]),
        ]

    async def who(self, request: Request) -> tuple[Caller, SessionRow] | None:
        """Who is signed in on these pages, if anybody."""
        token = request.cookies.get(SESSION_COOKIE, "")
        try:
            return await self._identity.check_web(token)
        except AigcError:
            return None  # nobody: the page sends them to sign in

    async def sign_in(self, request: Request) -> Response:
        """Off to the issuer, remembering where to go afterwards.

        With ``fresh`` in the address also for who is signed in, but longer than ten minutes.
        """
        onward = safe_path(request.query_params.get("next", "/"))
        found, max_age = await self.who(request), None
        if "fresh" in request.query_params:
            max_age = FRESH_SIGN_IN
        if found is not None and (max_age is None or self._identity.web_is_fresh(found[1])):
            return see_other(onward)
        state, nonce, verifier = (secrets.token_urlsafe(n) for n in (24, 24, 48))
        address = await self._identity.relying_party.authorization_url(
            state, nonce, verifier, max_age
        )
        response = see_other(address)
        pending = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "next": onward,
            "fresh": max_age is not None,
            "until": datetime.now(UTC).timestamp() + _PENDING_SECONDS,
        }
        set_cookie(
            response, _PENDING + state[:8], self._pages.sign(pending), seconds=_PENDING_SECONDS
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Back from the issuer. Only the browser that set out may come back (login CSRF)."""
        query = request.query_params
        state = query.get("state", "")
        name = _PENDING + state[:8]
        pending = self._pages.signed(request.cookies.get(name, ""))
        if (
            pending is None
            or len(query.multi_items()) != len(query)
            or not secrets.compare_digest(pending["state"].encode(), state.encode())
            or pending["until"] < datetime.now(UTC).timestamp()
        ):
            raise refused("it was begun in another browser, or too long ago")
        if "error" in query or not query.get("code"):
            raise refused(f"the issuer said {query.get('error', 'nothing')[:60]!r}")
        redeemed = await self._identity.relying_party.finish(
            query["code"], query.get("iss"), pending["nonce"], pending["verifier"]
        )
        if pending["fresh"] and not self._identity.proves_freshly(redeemed):
            raise AigcError(
                "sign-in-not-fresh",
                "The sign-in service does not say that you signed in just now (auth_time), which "
                "this page asks for. Use the admin window or the command line, or let the service "
                "add auth_time to its ID tokens.",
                ErrorKind.FORBIDDEN,
            )
        response = see_other(safe_path(pending["next"]))
        drop_cookie(response, name)
        before = await self.who(request)
        if before is not None:
            if await self._identity.prove_again(before[1], redeemed):
                return response  # the same person once more: what is open stays open
            await self._identity.sign_out(before[0])
        token, _ = await self._identity.begin_web_session(
            redeemed, request.headers.get("user-agent", "")
        )
        set_cookie(response, SESSION_COOKIE, token, int(BROWSER_LIFETIME.total_seconds()))
        return response

    async def sign_out(self, request: Request) -> Response:
        """End this browser's sessions: here, at every engine's page, and at the issuer."""
        await self._pages.form(request)
        found = await self.who(request)
        back = f"{self._pages.web_url}/signed-out"
        onward = await self._identity.sign_out_web(found[0], back) if found is not None else None
        if onward is None or onward.startswith(f"{self._pages.web_url}/"):
            response: Response = see_other(onward or "/signed-out")
        else:
            # A form may not lead elsewhere, redirects included; a page may.
            response = self._pages.page(request, "signed_out.html", elsewhere=onward)
            response.headers["Refresh"] = f"0; url={onward}"
        drop_cookie(response, SESSION_COOKIE)
        return response

    async def signed_out(self, request: Request) -> Response:
        """The page afterwards; at a foreign provider one may still be signed in."""
        elsewhere = None
        if not self._identity.client.sign_out_there:
            elsewhere = await self._identity.relying_party.end_session_url(
                f"{self._pages.web_url}/signed-out"
            )
        return self._pages.page(request, "signed_out.html", elsewhere=elsewhere)

    async def set_up(self, request: Request) -> Response:
        """The first admin, by the code in the coordinator's state folder."""
        if self._identity.has_admin():
            return see_other("/")
        local = self._identity.issuer is not None
        found = await self.who(request)
        if not local and found is None:
            return see_other("/signin?next=/setup")
        if request.method == "GET":
            return self._setup_page(request, local)
        form = await self._pages.form(request)
        try:
            if found is not None and not local:
                await self._identity.claim_admin(found[0].person, form["code"], address_of(request))
                return see_other("/")
            await self._identity.set_up(
                form["code"], form["username"], form["name"], form["password"], address_of(request)
            )
        except AigcError as error:
            return self._setup_page(request, local, error, form["username"], form["name"])
        return see_other("/signin")

    def _setup_page(
        self,
        request: Request,
        local: bool,
        error: AigcError | None = None,
        username: str = "",
        name: str = "",
    ) -> Response:
        response = self._pages.page(
            request,
            "setup.html",
            form_status(error),
            local=local,
            username=username,
            name=name,
            error=said(error, language_of(request)) if error else "",
        )
        return with_retry(response, error)


def form_status(error: AigcError | None) -> int:
    """The status of a page that shows its form again with an error."""
    return 200 if error is None else STATUS[error.kind]


def with_retry(response: Response, error: AigcError | None) -> Response:
    """Say when to come again, where there were too many attempts."""
    wait = getattr(error, "retry_after", 0)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
