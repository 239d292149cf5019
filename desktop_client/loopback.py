"""The browser's way back (RFC 8252): a listener on loopback that takes one true answer.

Everything else that reaches the port (another program, a page that scans ports, a second answer)
gets an error and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from hmac import compare_digest
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from desktop_client.i18n import messages, say

log = logging.getLogger(__name__)

PATH = "/callback"
_HEAD_LIMIT = 16 * 1024  # bytes; an authorization code is far shorter
_READ_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser brought back, with the right state. ``error`` is empty on success."""

    code: str
    issuer: str  # RFC 9207; empty when the provider sent none
    error: str
    error_description: str

    def __repr__(self) -> str:
        return f"Answer(error={self.error!r})"


class Loopback:
    """Listens on 127.0.0.1, on a port of the system's choice, for as long as it is entered.

    Attributes:
        redirect_uri: what the provider is asked to send the browser to.
    """

    def __init__(self, host: str, state: str) -> None:
        self._host = host  # the name in the redirect address; the socket is always 127.0.0.1
        self._state = state
        self._server: asyncio.Server | None = None
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._writers: set[asyncio.StreamWriter] = set()
        self._handlers: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def redirect_uri(self) -> str:
        return f"http://{self._host}:{self._port}{PATH}"

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(messages)  # the page's words, read from files once
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, limit=_HEAD_LIMIT
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._outcome.done():
            self._outcome.set_result("sign_in.page.failed")
        if self._server is not None:
            self._server.close()
        # A page that is being written is let finish; whoever only sits there is not waited for.
        waiting = set(self._handlers)
        if waiting:
            await asyncio.wait(waiting, timeout=0.5)
        for task in self._handlers:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()
        if self._handlers:
            await asyncio.wait(set(self._handlers))
        self._answer.cancel()

    async def answer(self) -> Answer:
        """Wait for the browser."""
        return await self._answer

    def finish(self, succeeded: bool) -> None:
        """Tell the waiting browser page how it ended."""
        if not self._outcome.done():
            self._outcome.set_result("sign_in.page.done" if succeeded else "sign_in.page.failed")

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._handlers.add(task)
            task.add_done_callback(self._handlers.discard)
        self._writers.add(writer)
        try:
            async with _closing(writer):
                async with asyncio.timeout(_READ_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._respond(head))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.info("a connection to the sign-in port was dropped")
        finally:
            self._writers.discard(writer)

    async def _respond(self, head: bytes) -> bytes:
        try:
            request, *fields = head.decode("ascii").split("\r\n")
            method, target, version = request.split(" ")
        except (UnicodeDecodeError, ValueError):
            return _page(400, "sign_in.page.not_ours", "en")
        headers = [(n.strip().lower(), v.strip()) for n, _, v in (f.partition(":") for f in fields)]
        language = next((v for n, v in headers if n == "accept-language"), "")
        language = "zh" if language.lower().startswith("zh") else "en"
        parts = urlsplit(target)
        query = parse_qsl(parts.query, keep_blank_values=True)
        if (
            method != "GET"
            or not version.startswith("HTTP/1.")
            or parts.scheme
            or parts.netloc
            or parts.path != PATH
            or [v for n, v in headers if n == "host"] != [f"{self._host}:{self._port}"]
        ):
            return _page(404, "sign_in.page.not_ours", language)
        states = [v for n, v in query if n == "state"]
        if len(states) != 1 or not compare_digest(states[0].encode(), self._state.encode()):
            log.warning("an answer with a foreign state reached the sign-in port and was refused")
            return _page(400, "sign_in.page.not_ours", language)
        if len({n for n, _ in query}) != len(query):
            return _page(400, "sign_in.page.not_ours", language)
        values = dict(query)
        if self._answer.done() or not (values.get("code") or values.get("error")):
            return _page(400, "sign_in.page.not_ours", language)
        self._answer.set_result(
            Answer(
                code=values.get("code", ""),
                issuer=values.get("iss", ""),
                error=values.get("error", ""),
                error_description=values.get("error_description", ""),
            )
        )
        return _page(200, await self._outcome, language)


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # the browser may be gone already
            await writer.wait_closed()


_STYLE = (
    "body{font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;display:grid;place-items:center;"
    "min-height:90vh;margin:0;background:#f6f7f9;color:#1a1d23}main{max-width:26rem;padding:2rem;"
    "text-align:center}h1{font-size:1.4rem;margin:.6rem 0}p{color:#4a5160;margin:0}"
    "svg{width:56px;height:56px}@media(prefers-color-scheme:dark){body{background:#16181d;"
    "color:#eceef2}p{color:#b3b9c6}}"
)
_SHAPES: dict[bool, str] = {
    True: "<circle cx='28' cy='28' r='26' fill='#1f8a4c'/><path d='M17 29l8 8 15-17' fill='none' "
    "stroke='#fff' stroke-width='5' stroke-linecap='round' stroke-linejoin='round'/>",
    False: "<path d='M28 4l26 47H2z' fill='#b45309'/><path d='M28 22v14M28 42v2' stroke='#fff' "
    "stroke-width='5' stroke-linecap='round'/>",
}


def _page(
    status: int, key: str, language: str, escape: Callable[[str], str] = html.escape
) -> bytes:
    title, text = escape(say(f"{key}.title", language)), escape(say(f"{key}.text", language))
    tongue = "zh-CN" if language == "zh" else "en"
    shape = _SHAPES[status == 200 and key.endswith("done")]
    body = (
        f"<!doctype html><html lang='{tongue}'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style><main>"
        f"<svg viewBox='0 0 56 56' aria-hidden='true'>{shape}</svg>"
        f"<h1>{title}</h1><p>{text}</p></main></html>"
    ).encode()
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    head = (
        f"HTTP/1.1 {status} {reason}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
