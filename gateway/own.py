"""The gateway's own pages: which one a request means, and what it needs to know."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol
from urllib.parse import quote

from aigc.clock import Clock
from aigc.errors import AigcError
from gateway import handoff, waiting
from gateway.activity import Activity
from gateway.answers import Answer, EventStream, answer_json, redirect
from gateway.door import OWN_PREFIX, Act, Decision
from gateway.heads import RequestHead
from gateway.limits import Excess
from gateway.pages import Pages
from gateway.routes import Access, Route, RouteTable, Session, State, access_of

log = logging.getLogger(__name__)

# An event stream looks so often whether its session still holds (and a dead one is noticed).
_BEAT_SECONDS = 4.0
_STARTABLE = (State.STOPPED, State.FAILED, State.STOPPING, State.UNREACHABLE)


class Coordinator(Protocol):
    """What the pages ask of the stream to the coordinator."""

    @property
    def connected(self) -> bool: ...
    def visit(self, route: Route, session: Session) -> None: ...
    def asked_lately(self, instance_id: str) -> bool: ...
    async def redeem(self, code: str, host: str, nonce: str) -> tuple[str, Session, str]: ...


def _retry_after(excess: Excess) -> tuple[bytes, bytes]:
    return b"Retry-After", b"%d" % excess.retry_after_seconds


class Own:
    """See the module; implements :class:`gateway.edge.OwnPages`."""

    def __init__(
        self,
        pages: Pages,
        table: RouteTable,
        coordinator: Coordinator,
        activity: Activity,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._table = table
        self._coordinator = coordinator
        self._activity = activity
        self._clock = clock

    async def answer(self, head: RequestHead, decision: Decision) -> Answer | EventStream:
        """The answer to a request that the door gave to us."""
        route = decision.route
        assert route is not None
        language = waiting.choose_language(head.get(b"accept-language"))
        path = head.target.decode("ascii")
        if decision.act is Act.SIGN_IN:
            return self._sign_in(route, decision, path, language)
        session = decision.session
        if decision.act is Act.WAIT:
            assert session is not None
            looks_on = decision.access is Access.VIEW
            to = handoff.local_path(path)
            return self._visit(route, session, language, to, looks_on)
        name = head.path.removeprefix(OWN_PREFIX)
        if name == "handoff" and head.method == "GET":
            return await self._redeem(route, head, decision, language)
        if session is None:
            if decision.navigation:
                to = handoff.local_path(handoff.query_of(head).get("to", "/"))
                return self._sign_in(route, decision, to, language)
            return answer_json(401, "signed-out", "Nobody is signed in here.")
        to = handoff.local_path(handoff.query_of(head).get("to", "/"))
        looks_on = decision.access is Access.VIEW
        match (name, head.method):
            case ("waiting", "GET"):
                return self._waiting(route, language, to, looks_on)
            case ("events", "GET"):
                return EventStream(self._events(route, session, language, to))
            case ("start", "POST") if looks_on:
                return answer_json(403, "view-only", "Who looks on does not start the engine.")
            case ("start", "POST"):
                return self._start(route, session, language, to)
            case ("waiting" | "events" | "start" | "handoff", _):
                return answer_json(405, "method-refused", f"{head.method} is not allowed here.")
            case _:
                return answer_json(404, "page-unknown", "There is no such page of the gateway.")

    def refusal(self, head: RequestHead, decision: Decision) -> Answer:
        """The door's refusal: a page for people, JSON for programs."""
        if not decision.navigation:
            refused = answer_json(decision.status, decision.key, decision.message)
            if decision.status != 401:
                return refused
            challenge = 'Bearer realm="engine"'
            if decision.key == "token-invalid":
                challenge += ', error="invalid_token"'
            return replace(refused, headers=((b"WWW-Authenticate", challenge.encode()),))
        language = waiting.choose_language(head.get(b"accept-language"))
        key = "unknown" if decision.status in (404, 421) else "refused"
        link = None
        if self._table.web_url and decision.status != 503:
            link = (waiting.text("home", language), self._table.web_url)
        return waiting.notice_page(
            self._pages, language, decision.status, key, decision.message, link
        )

    def excess(self, head: RequestHead, decision: Decision, excess: Excess) -> Answer:
        """One request too many: when to try again; a page for people does so by itself."""
        if not (decision.navigation and decision.route is not None):
            return self.too_many(excess)
        language = waiting.choose_language(head.get(b"accept-language"))
        known = decision.route if decision.session is not None else None
        page = waiting.retry_page(self._pages, known, language, "busy", excess.status)
        return replace(page, headers=(*page.headers, _retry_after(excess)))

    def too_many(self, excess: Excess) -> Answer:
        """The same for programs, and for a connection that is one too many."""
        answer = answer_json(excess.status, excess.key, excess.message)
        return replace(answer, headers=(_retry_after(excess),))

    def engine_silent_page(self, head: RequestHead, route: Route) -> Answer:
        language = waiting.choose_language(head.get(b"accept-language"))
        return waiting.retry_page(self._pages, route, language, "silent", 502)

    # --- own -------------------------------------------------------------------------------

    def _sign_in(self, route: Route, decision: Decision, path: str, language: str) -> Answer:
        if not self._coordinator.connected or not self._table.web_url:
            return waiting.retry_page(self._pages, None, language, "away", 503)
        return handoff.send_to_sign_in(
            self._table.web_url, route.host, decision.cookies.nonce, path
        )

    async def _redeem(
        self, route: Route, head: RequestHead, decision: Decision, language: str
    ) -> Answer:
        code = handoff.query_of(head).get("code", "")
        nonce = decision.cookies.nonce
        again = (waiting.text("again", language), "/")
        if not code or nonce is None:
            more = "This sign-in was not begun in this browser, or it took too long."
            return waiting.notice_page(self._pages, language, 400, "signed-in-not", more, again)
        try:
            token, session, path = await self._coordinator.redeem(code, route.host, nonce)
        except AigcError as error:
            status = 503 if error.key == "coordinator-away" else 403
            return waiting.notice_page(
                self._pages, language, status, "signed-in-not", error.message, again
            )
        log.info("signed in instance_id=%s person=%s", route.instance_id, session.person_id)
        return handoff.signed_in(token, path)

    def _visit(
        self, route: Route, session: Session, language: str, to: str, looks_on: bool
    ) -> Answer:
        if not self._coordinator.connected:
            return waiting.retry_page(self._pages, route, language, "away", 503)
        if route.can_start and route.state in _STARTABLE and not looks_on:
            self._coordinator.visit(route, session)
        return self._render(route, language, to, looks_on)

    def _waiting(self, route: Route, language: str, to: str, looks_on: bool) -> Answer:
        """The page as its own reload sees it: it starts nothing."""
        if route.serving:
            if not looks_on:
                self._activity.turned_into_engine(route.instance_id)
            return redirect(to)
        return self._render(route, language, to, looks_on)

    def _start(self, route: Route, session: Session, language: str, to: str) -> Answer:
        if not self._coordinator.connected:
            return waiting.retry_page(self._pages, route, language, "away", 503)
        if not route.can_start:
            return answer_json(409, "not-startable", "This engine cannot be started; ask IT.")
        if not route.serving:
            self._coordinator.visit(route, session)
        return redirect(f"/.aigc/waiting?to={quote(to, safe='')}")

    def _render(self, route: Route, language: str, to: str, looks_on: bool = False) -> Answer:
        asked = self._coordinator.asked_lately(route.instance_id)
        status = waiting.status_of(route, language, asked, to, looks_on)
        return waiting.waiting_page(self._pages, route, status, language, to)

    async def _events(
        self, route: Route, session: Session, language: str, to: str
    ) -> AsyncIterator[bytes]:
        """The status whenever it changes, until the engine is ready or the session over."""
        changed = asyncio.Event()

        def on_route(host: str) -> None:
            if host == route.host:
                changed.set()

        unsubscribe = self._table.on_route(on_route)
        last = b""
        try:
            yield b"retry: 2000\n\n"
            while True:
                changed.clear()
                now_ms = round(self._clock.now().timestamp() * 1000)
                current = self._table.route(route.host)
                held = self._table.session(session.token_hash, now_ms)
                if current is None or held is None:
                    return
                access = access_of(current, held, now_ms)
                if access is None:
                    return
                looks_on = access is Access.VIEW
                status = self._status(current, language, to, looks_on)
                if status != last:
                    last = status
                    yield b"event: status\ndata: %b\n\n" % status
                else:
                    yield b": still here\n\n"
                if current.serving:
                    if not looks_on:
                        self._activity.turned_into_engine(route.instance_id)
                    return
                try:
                    # An asked start that nobody answers is shown as such again after a while.
                    async with asyncio.timeout(_BEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            unsubscribe()

    def _status(self, route: Route, language: str, to: str, looks_on: bool) -> bytes:
        asked = self._coordinator.asked_lately(route.instance_id)
        status = waiting.status_of(route, language, asked, to, looks_on)
        fields = {
            "phase": status.phase,
            "html": status.html,
            "title": status.title,
            "ready": route.serving,
        }
        return json.dumps(fields, ensure_ascii=False).encode()
