"""The coordinator's web application: the issuer, signing in, My engines, hand-off, trust."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.api.web.account_pages import AccountPages
from coordinator.api.web.admin_pages import AdminPages
from coordinator.api.web.engines import EnginePages
from coordinator.api.web.handoff import HandoffPage
from coordinator.api.web.http import (
    LANGUAGE_COOKIE,
    Pages,
    address_of,
    language_of,
    policy,
    see_other,
    set_cookie,
)
from coordinator.api.web.issuer_door import IssuerDoor
from coordinator.api.web.issuer_pages import IssuerPages
from coordinator.api.web.link_page import LinkPage
from coordinator.api.web.shares import SharePages
from coordinator.api.web.sign_in import SignInPages
from coordinator.api.web.texts import text
from coordinator.api.web.tokens import TokenPages
from coordinator.fleet.roots import Root
from coordinator.identity import Identity
from coordinator.identity.handoff import safe_path
from coordinator.reactor import Reactor
from coordinator.refusals import Refusals

log = logging.getLogger(__name__)

_YEAR = 365 * 24 * 3600
# Before anybody trusts our certificate, or knows our name, these must be reachable.
_ANY_HOST = ("/healthz", "/trust", "/ca.pem", "/static/")
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


def create_web_app(
    identity: Identity,
    reactor: Reactor,
    *,
    url_of: Callable[[str], str],
    refusals: Refusals,
    clock: Clock,
    trusted: Callable[[], Sequence[Root]] = tuple,
) -> Edge:
    """The application. Reads its templates from disk: call it before the loop runs, or in a thread.

    Args:
        url_of: host label of an instance -> where a browser opens it.
        trusted: the studio's authorities, to download and compare: the one that signs first, and
            a second one while it is rotated. None where IT's own certificate is served.
    """
    settings = identity.settings
    pages = Pages(settings.web_url, settings.studio_name)
    sign_in = SignInPages(identity, pages)
    engines = EnginePages(identity, reactor, pages, sign_in, url_of, clock)
    hand_off = HandoffPage(identity, reactor, pages, sign_in, url_of)
    common = CommonPages(pages, trusted)
    routes: list[Route | Mount] = [
        *SharePages(reactor, pages, sign_in, clock).routes(),
        *TokenPages(identity, reactor, pages, sign_in, clock).routes(),
        *engines.routes(),
        *sign_in.routes(),
        *hand_off.routes(),
        *LinkPage(identity, pages, sign_in).routes(),
        *common.routes(),
        *AdminPages(identity, reactor, pages, sign_in).routes(),
    ]
    if identity.issuer is not None:
        door = IssuerDoor(identity, identity.issuer, pages, lambda: _sources(url_of))
        issuer = [*IssuerPages(door, clock).routes(), *AccountPages(door).routes()]
        routes.append(Mount("/oidc", routes=issuer))

    async def person_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, AigcError)
        if error.kind is ErrorKind.FORBIDDEN:
            who = await sign_in.who(request)
            actor = who[0].person.id if who else f"address {address_of(request)}"
            target = request.query_params.get("host", "") or request.url.path
            await refusals.record(actor, f"web {request.method}", target[:100], error)
        return pages.problem(request, error)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return pages.message(
            request,
            error.status_code,
            "error_title",
            text("no_page", language_of(request)),
            link="/",
            link_text=text("my_engines", language_of(request)),
        )

    async def defect(request: Request, error: Exception) -> Response:
        # Starlette logs the traceback itself; the visitor learns nothing of it.
        return pages.message(request, 500, "error_title", text("our_fault", language_of(request)))

    app = Starlette(
        routes=routes,
        exception_handlers={
            AigcError: person_error,
            HTTPException: http_error,
            Exception: defect,
        },
    )
    edge = Edge(app, settings.web_url)
    identity.serve_issuer(edge)
    return edge


class CommonPages:
    """Health, trust, language and static files."""

    def __init__(self, pages: Pages, trusted: Callable[[], Sequence[Root]]) -> None:
        self._pages = pages
        self._trusted = trusted

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self.health),
            Route("/trust", self.trust),
            Route("/ca.pem", self.authority),
            Route("/ca-{number:int}.pem", self.authority),
            Route("/language", self.language),
            Route("/static/{name}", self.static),
        ]

    async def health(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def trust(self, request: Request) -> Response:
        return self._pages.page(request, "trust.html", trusted=list(self._trusted()))

    async def authority(self, request: Request) -> Response:
        """One file an authority: what systems import takes the first of several and no more."""
        trusted = self._trusted()
        number = request.path_params.get("number", 1)
        if not 1 <= number <= len(trusted):
            raise HTTPException(404)
        name = "aigc-studio-ca.crt" if number == 1 else f"aigc-studio-ca-{number}.crt"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        pem = trusted[number - 1].pem
        return Response(pem, media_type="application/x-x509-ca-cert", headers=headers)

    async def language(self, request: Request) -> Response:
        response = see_other(safe_path(request.query_params.get("back", "/")))
        chosen = request.query_params.get("to", "")
        if chosen in ("en", "zh"):
            set_cookie(response, LANGUAGE_COOKIE, chosen, _YEAR)
        return response

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self._pages.assets.get(name)
        if content is None:
            raise HTTPException(404)
        # The address carries a hash of the content.
        headers = {"Cache-Control": "public, max-age=86400"}
        media = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return Response(content, media_type=media, headers=headers)


class Edge:
    """The outermost layer: the right host name only, and headers on every answer."""

    def __init__(self, app: Starlette, web_url: str) -> None:
        self.routes = app.routes
        self._app = app
        self._host = urlsplit(web_url).netloc.lower()
        self._web_url = web_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        host = hosts[0].decode("latin-1").lower() if len(hosts) == 1 else ""
        if host != self._host and not scope["path"].startswith(_ANY_HOST):
            await self._misdirected(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(message)
            await send(message)

        await self._app(scope, receive, with_headers)

    async def _misdirected(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(message)
            await send(message)

        answer = PlainTextResponse(f"Open {self._web_url} instead.\n", 421)
        await answer(scope, receive, with_headers)


def _harden(message: Message) -> None:
    present = {name.lower() for name, _ in message["headers"]}
    for name, value in (
        (b"content-security-policy", policy().encode()),
        (b"x-frame-options", b"DENY"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
        (b"cache-control", b"no-store"),
    ):
        if name not in present:
            message["headers"] = [*message["headers"], (name, value)]


def _sources(url_of: Callable[[str], str]) -> str:
    """The origins that hand-offs lead to, as a source of a content security policy."""
    parts = urlsplit(url_of("x"))
    return f"{parts.scheme}://*.{parts.netloc.partition('.')[2]}"


def server_config(
    app: ASGIApp, certificate: str | None = None, key: str | None = None
) -> uvicorn.Config:
    """How uvicorn serves it: no access log (addresses hold codes), no trust in proxies' headers."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=32 * 1024,
        backlog=512,
    )
