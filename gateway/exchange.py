"""One request on its way to an engine, and the answer back. Bodies stream; nothing is collected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.answer_heads import AnswerHead, write_answer
from gateway.answers import answer_json
from gateway.bodies import (
    LAST_CHUNK,
    BodyReader,
    ChunkReader,
    LengthReader,
    UntilCloseReader,
    write_chunk,
)
from gateway.engine import IDLE_SECONDS, EngineConnection, EngineUnreachableError
from gateway.forwarding import write_request
from gateway.heads import RequestHead
from gateway.routes import Access, Route, Session
from gateway.websocket import FrameHeaders, ViewFrames, view_frame_bytes

if TYPE_CHECKING:
    from gateway.edge import BrowserConnection

log = logging.getLogger(__name__)

# A kept connection may just be closing at the other end. What can be repeated is, on a new one;
# what cannot goes on one that was used a moment ago, or on a new one.
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_JUST_USED_SECONDS = 1.0
_LONG_BODY_BYTES = 8 << 20


class Exchange:
    """See the module. Made by a :class:`gateway.edge.BrowserConnection`, one at a time."""

    def __init__(
        self,
        browser: BrowserConnection,
        head: RequestHead,
        route: Route,
        session: Session,
        navigation: bool,
        access: Access,
    ) -> None:
        self.route = route
        self.session = session
        self.access = access
        self.upgraded = False
        self.event_stream = False
        self.engine_full = False  # the engine is slow to take the request's body
        self._browser = browser
        self._head = head
        self._navigation = navigation
        self._engine: EngineConnection | None = None
        self._body: BodyReader = (
            ChunkReader() if head.chunked else LengthReader(head.content_length or 0)
        )
        self._body_bytes = 0
        self._answered = False
        self._rechunk = False
        self._until_close = False
        self._keep_alive = False
        self._retried = False
        self._over = False
        self._frames: FrameHeaders | None = None
        self._looking: ViewFrames | None = None
        self._activity = browser.edge.activity
        self._transfer = self._activity.begin(route)

    @property
    def request_ended(self) -> bool:
        """The request's body came in whole; what follows is another request."""
        return self._body.ended

    def start(self) -> None:
        """Send the head to the engine."""
        repeatable = self._head.method in _REPEATABLE and not self._head.has_body
        self._begin(IDLE_SECONDS if repeatable else _JUST_USED_SECONDS)

    def _begin(self, max_idle: float) -> None:
        edge = self._browser.edge
        head = self._head
        long = (head.content_length or 0) >= _LONG_BODY_BYTES
        try:
            max_idle = 0.0 if head.websocket else max_idle
            engine = edge.engines.acquire(self.route, max_idle, long)
        except EngineUnreachableError as error:
            self._refuse(502, "machine-unreachable", str(error))
            return
        self._engine = engine
        viewing = self.access is Access.VIEW
        lines = write_request(
            head, self.session.person_id, self._browser.client, edge.scheme, viewing
        )
        engine.begin(self, head.method, head.websocket, lines)
        if self._body.ended and not head.chunked:
            engine.end_request()

    # --- from the browser ------------------------------------------------------------------

    def feed(self, data: bytes) -> bytes:
        """Bytes of the request's body; returns what follows it.

        Raises:
            BadBodyError: the chunks are malformed; the connection must close.
        """
        pieces, rest = self._body.feed(data)
        engine = self._engine
        for piece in pieces:
            self._body_bytes += len(piece)
            if engine is not None:
                engine.write(write_chunk(piece) if self._head.chunked else piece)
        self._transfer.moved = True
        if self._body.ended and engine is not None:
            if self._head.chunked:
                engine.write(LAST_CHUNK)
            engine.end_request()
        return rest

    def feed_upgraded(self, data: bytes) -> None:
        """Bytes of the WebSocket: passed on, their frame headers looked at."""
        if self._looking is not None:
            data = self._looking.feed(data)
            if not data:
                return
        if self._engine is not None:
            self._engine.write(data)
        if self._frames is not None:
            for opcode, length in self._frames.feed(data):
                path = self._head.path
                self._activity.frame(self.route, self.session, path, opcode, length)

    def feed_eof(self) -> None:
        """The browser will send no more on an upgraded connection."""
        if self._engine is not None:
            self._engine.write_eof()

    def browser_full(self) -> None:
        if self._engine is not None:
            self._engine.pause_reading()

    def browser_ready(self) -> None:
        if self._engine is not None:
            self._engine.resume_reading()

    def give_up(self, status: int, key: str, message: str) -> None:
        """The request's body will not come whole: the engine must never take it for whole."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.drop()
        if self._answered:
            self._finish()
            self._browser.abort()
        else:
            self._refuse(status, key, message)

    def abandon(self) -> None:
        """The browser is gone."""
        engine, self._engine = self._engine, None
        if engine is not None:
            if self.upgraded:
                engine.close()
            else:
                engine.drop()
        self._finish()

    # --- from the engine (AnswerTaker) -----------------------------------------------------

    def on_interim(self, head: AnswerHead) -> None:
        if not self._head.http_1_0:
            self._browser.write(write_answer(head, True, False, False, True))

    def on_answer(self, head: AnswerHead, reader: BodyReader) -> None:
        self._answered = True
        content_type = head.content_type
        self.event_stream = content_type.startswith(b"text/event-stream")
        self._note(head.status, content_type)
        bodiless = self._head.method == "HEAD" or head.status in (204, 304)
        endless = isinstance(reader, UntilCloseReader)
        chunked = not bodiless and (isinstance(reader, ChunkReader) or endless)
        self._rechunk = chunked and not self._head.http_1_0
        self._until_close = chunked and self._head.http_1_0
        # An early answer: the rest of the request is not worth waiting for.
        self._keep_alive = (
            self._head.keep_alive and self.request_ended and not self._until_close
        ) and self._browser.may_keep_alive()
        self._browser.write(
            write_answer(head, self._keep_alive, self._head.http_1_0, self._rechunk, bodiless)
        )

    def on_body(self, data: bytes) -> None:
        self._transfer.moved = True
        self._browser.write(write_chunk(data) if self._rechunk else data)

    def on_answer_end(self) -> None:
        self._engine = None
        if self._rechunk:
            self._browser.write(LAST_CHUNK)
        self._finish()
        self._browser.exchange_ended(self._keep_alive and self.request_ended)

    def on_whole_answer(self, head: AnswerHead, body: bytes) -> None:
        """The whole answer at once: its head and body go out together."""
        self._engine = None
        self._answered = True
        request = self._head
        self._note(head.status, head.content_type)
        keep_alive = request.keep_alive and self._body.ended and self._browser.may_keep_alive()
        bodiless = request.method == "HEAD" or head.status in (204, 304)
        lines = write_answer(head, keep_alive, request.http_1_0, False, bodiless)
        self._finish()
        self._browser.write_last(lines + body)
        self._browser.exchange_ended(keep_alive)

    def on_upgraded(self, head: AnswerHead) -> None:
        self._answered = True
        self.upgraded = True
        if self.access is Access.VIEW:
            self._looking = ViewFrames(view_frame_bytes(self.route, self._head.path))
        else:
            self._frames = FrameHeaders()
        self._note(head.status, b"")
        self._transfer.counted = False
        self._activity.websocket(self.route, 1)
        self._browser.write(write_answer(head, True, False, False, True))
        self._browser.feed_ahead(self)

    def on_upgraded_data(self, data: bytes) -> None:
        self._browser.write(data)

    def on_upgraded_eof(self) -> None:
        self._browser.write_eof()

    def on_engine_lost(self, why: str, heard: bool, reused: bool) -> None:
        self._engine = None
        if self._over:
            return
        if self._answered:
            # Cut off in the middle: only a broken connection tells the browser so.
            self._finish()
            if self.upgraded:
                self._browser.close()
            else:
                self._browser.abort()
            return
        repeatable = self._head.method in _REPEATABLE and not self._head.has_body
        if reused and not heard and repeatable and not self._retried:
            self._retried = True
            self._begin(0.0)
            return
        self._refuse(502, "engine-silent", f"The engine did not answer: {why}.")

    def on_engine_full(self) -> None:
        self.engine_full = True
        self._browser.pause_reading()

    def on_engine_ready(self) -> None:
        self.engine_full = False
        self._browser.resume_reading()

    # --- own -------------------------------------------------------------------------------

    def _note(self, status: int, content_type: bytes) -> None:
        length = self._head.content_length
        self._activity.answered(
            self.route,
            self.session,
            self._head,
            self._body_bytes if length is None else length,
            self._navigation,
            status,
            content_type,
            self._transfer,
            self.access is Access.VIEW,
        )

    def _refuse(self, status: int, key: str, message: str) -> None:
        log.info("instance_id=%s %s: %s", self.route.instance_id, key, message)
        self._engine = None
        self._finish()
        browser = self._browser
        if self._navigation:
            answer = browser.edge.own.engine_silent_page(self._head, self.route)
        else:
            answer = answer_json(status, key, message)
        browser.send_own(answer, self._head, self.request_ended)

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self._activity.end(self.route, self._transfer)
            if self.upgraded:
                self._activity.websocket(self.route, -1)
