"""The browsers of the door's benchmark: small, equal for every way, and never the bottleneck.

Their heads are as long as a real browser's, and no two requests have the same target.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

HOST = "bench"
_HEADERS = (
    "Accept: application/json, text/plain, */*\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\nCache-Control: no-cache\r\n"
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\nsec-ch-ua-mobile: ?0\r\n'
    'sec-ch-ua-platform: "Linux"\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n'
    "Sec-Fetch-Site: same-origin\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
)
# A masked text frame of 64 bytes. The engine sends it back as it came; nobody here reads it.
_FRAME = b"\x81\xc0" + b"mask" + b"x" * 64


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the engine.

    Attributes:
        pids: the processes that work for it, apart from the engine.
        websockets: messages are measured on it, too.
        bulk: large downloads are measured on it, too.
    """

    name: str
    port: int
    tls: ssl.SSLContext | None
    cookie: str
    pids: tuple[int, ...]
    websockets: bool = True
    bulk: bool = True

    def head(self, path: str, more: str = "") -> bytes:
        scheme = "https" if self.tls else "http"
        origin = f"{scheme}://{HOST}.localhost"
        text = (
            f"GET {path} HTTP/1.1\r\nHost: {HOST}.localhost\r\n{_HEADERS}"
            f"Origin: {origin}\r\nReferer: {origin}/\r\nCookie: engine=1; {self.cookie}\r\n{more}"
        )
        return f"{text}\r\n".encode()


class _Asker(asyncio.Protocol):
    """Does one thing again and again on one connection and keeps each duration, in seconds."""

    def __init__(self) -> None:
        self.end = 0.0
        self.durations: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed in the middle"))

    def begin(self) -> None:
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        self._began = time.perf_counter()
        assert self._transport is not None
        self._transport.write(data)

    def answered(self) -> bool:
        """Note the duration; returns whether to go on."""
        now = time.perf_counter()
        self.durations.append(now - self._began)
        if now < self.end:
            return True
        assert self._transport is not None
        self._transport.close()
        if not self.done.done():
            self.done.set_result(None)
        return False


_A = TypeVar("_A", bound=_Asker)


class Requests(_Asker):
    """GET after GET; each target differs from the last."""

    def __init__(self, way: Way, path: str) -> None:
        super().__init__()
        self._before, _, self._after = way.head(path + "?n=@").partition(b"@")
        self._number = 0
        self._buffer = b""
        self._left = -1

    def begin(self) -> None:
        self._number += 1
        self.send(b"%b%d%b" % (self._before, self._number, self._after))

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head, data = self._buffer[:end].lower(), self._buffer[end + 4 :]
            self._buffer = b""
            if not head.startswith(b"http/1.1 200"):
                self.done.set_exception(RuntimeError(head.decode(errors="replace")))
                return
            at = head.index(b"content-length:") + 15
            self._left = int(head[at:].split(b"\r\n", 1)[0])
        self._left -= len(data)
        if self._left == 0:
            self._left = -1
            if self.answered():
                self.begin()


class Messages(_Asker):
    """A WebSocket whose messages come back; :attr:`opened` is the handshake's duration."""

    def __init__(self, way: Way, path: str) -> None:
        super().__init__()
        self.opened = 0.0
        self._head = way.head(
            path,
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        )
        self._left = 0

    def begin(self) -> None:
        self.send(self._head)

    def data_received(self, data: bytes) -> None:
        if not self.opened:
            if not data.startswith(b"HTTP/1.1 101"):
                self.done.set_exception(RuntimeError(data.decode(errors="replace")))
                return
            self.opened = time.perf_counter() - self._began
        else:
            self._left -= len(data)
            if self._left or not self.answered():
                return
        self._left = len(_FRAME)
        self.send(_FRAME)


class Echo(asyncio.Protocol):
    """The engine's end of the WebSockets: 101, then everything back as it came."""

    def __init__(self) -> None:
        self._open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if self._open:
            self._transport.write(data)
            return
        self._open = True  # the head comes in one piece here
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        )


async def ask(
    make: Callable[[], _A],
    way: Way,
    seconds: float,
    connections: int,
    on_begin: Callable[[], None] = lambda: None,
) -> list[_A]:
    """So many connections ask for so many seconds (0: one thing each); raises what they met.

    Args:
        on_begin: called when all are connected (TLS included), before anything is asked.
    """
    loop = asyncio.get_running_loop()
    askers: list[_A] = []
    for _ in range(connections):
        _, asker = await loop.create_connection(
            make,
            "127.0.0.1",
            way.port,
            ssl=way.tls,
            server_hostname=f"{HOST}.localhost" if way.tls else None,
        )
        askers.append(asker)
    on_begin()
    end = time.perf_counter() + seconds
    for asker in askers:
        asker.end = end
        asker.begin()
    await asyncio.gather(*(a.done for a in askers))
    return askers
