"""A gateway between raw bytes and a raw engine, and what a browser's side sees of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aigc.clock import Clock
from aigc.door_limits import DoorLimits
from tests.gateway.conformance.raw_engine import RawEngine, running_raw_engine
from tests.gateway.place import HOST, Place, open_place

SECONDS = 20.0
MARKER = "/marker"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as a strict reader sees it; ``whole`` False: it was cut off."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool = True
    head: bytes = b""
    trailers: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for some bytes.

    Attributes:
        replies: in their order, without the one to the marker request.
        open: the connection served one more request afterwards.
    """

    replies: list[Reply]
    open: bool

    @property
    def statuses(self) -> list[int]:
        return [reply.status for reply in self.replies]


@dataclass(slots=True)
class Door:
    """The house of these tests, with one person signed in."""

    place: Place
    engine: RawEngine
    token: str

    def fill(self, raw: bytes) -> bytes:
        """Put good lines for ``<host>``, ``<cookie>``, ``<origin>`` or all of them: ``<good>``."""
        host = f"Host: {self.place.host}\r\n".encode()
        cookie = f"Cookie: __Host-aigc={self.token}\r\n".encode()
        origin = f"Origin: {self.place.origin}\r\n".encode()
        raw = raw.replace(b"<good>", b"<host><cookie><origin>")
        raw = raw.replace(b"<host>", host).replace(b"<cookie>", cookie)
        raw = raw.replace(b"<origin>", origin)
        return raw.replace(b"<name>", self.place.host.encode()).replace(
            b"<label>", f"{HOST}.localhost".encode()
        )

    async def probe(self, raw: bytes, methods: tuple[str, ...] = ()) -> Outcome:
        """Send bytes and a good request behind them; read until its answer or the end.

        Args:
            methods: of the requests in ``raw``, where one is HEAD.
        """
        marker = self.fill(b"GET %b HTTP/1.1\r\n<good>\r\n" % MARKER.encode())
        reader, writer = await self.place.connect()
        replies: list[Reply] = []
        try:
            async with asyncio.timeout(SECONDS):
                writer.write(self.fill(raw) + marker)
                while True:
                    number = len([r for r in replies if r.status >= 200])
                    method = methods[number] if number < len(methods) else "GET"
                    reply = await read_reply(reader, method == "HEAD")
                    if reply is None:
                        return Outcome(replies, False)
                    if reply.whole and reply.all("x-marker"):
                        return Outcome(replies, True)
                    replies.append(reply)
        finally:
            writer.transport.abort()

    async def exchange(self, raw: bytes) -> bytes:
        """Send bytes; everything that comes until the other side ends."""
        reader, writer = await self.place.connect()
        try:
            async with asyncio.timeout(SECONDS):
                writer.write(self.fill(raw))
                return await read_all(reader)
        finally:
            writer.transport.abort()


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """Until the end, clean or not."""
    found = b""
    try:
        while data := await reader.read(65536):
            found += data
    except ConnectionError:
        pass
    return found


async def read_reply(reader: asyncio.StreamReader, head_only: bool = False) -> Reply | None:
    """The next answer; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        partial = getattr(error, "partial", b"")
        assert not partial, f"half a head: {partial[:200]!r}"
        return None
    lines = head[:-4].split(b"\r\n")
    assert b"\r" not in head.replace(b"\r\n", b""), head
    assert b"\n" not in head.replace(b"\r\n", b""), head
    version, status_text, _ = (lines[0] + b" ").split(b" ", 2)
    assert version == b"HTTP/1.1", lines[0]
    assert len(status_text) == 3, lines[0]
    status = int(status_text)
    headers = tuple(
        (name.decode("latin-1"), value.strip().decode("latin-1"))
        for name, _, value in (line.partition(b":") for line in lines[1:])
    )
    reply = Reply(status, headers, b"", head=head)
    lengths, codings = reply.all("content-length"), reply.all("transfer-encoding")
    assert len(lengths) + len(codings) <= 1, head
    if head_only or status < 200 or status in (204, 304):
        return reply
    if codings:
        assert codings == ["chunked"], head
        return await _read_chunked(reader, reply)
    if not lengths:
        body = await read_all(reader)
        return Reply(status, headers, body, head=head)
    try:
        body = await reader.readexactly(int(lengths[0]))
    except asyncio.IncompleteReadError as error:
        return Reply(status, headers, error.partial, whole=False, head=head)
    except ConnectionError:
        return Reply(status, headers, b"", whole=False, head=head)
    return Reply(status, headers, body, head=head)


async def _read_chunked(reader: asyncio.StreamReader, reply: Reply) -> Reply:
    body, trailers = b"", b""
    try:
        while True:
            size = int(await reader.readuntil(b"\r\n"), 16)
            if size == 0:
                break
            body += await reader.readexactly(size)
            assert await reader.readexactly(2) == b"\r\n"
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
            trailers += line
    except (asyncio.IncompleteReadError, ConnectionError):
        return Reply(reply.status, reply.headers, body, False, reply.head)
    return Reply(reply.status, reply.headers, body, True, reply.head, trailers)


@asynccontextmanager
async def open_door(
    folder: Path,
    clock: Clock | None = None,
    limits: DoorLimits | None = None,
    tls: bool = False,
) -> AsyncIterator[Door]:
    """A gateway, an agent's tunnel and a raw engine, all real; one person signed in."""
    async with (
        running_raw_engine() as engine,
        open_place(folder, clock=clock, limits=limits, tls=tls) as place,
    ):
        place.addresses[(f"inst-{HOST}", 1)] = ("127.0.0.1", engine.port)
        token = await place.sign_in(seconds=12 * 3600)
        yield Door(place, engine, token)


def answer_markers(engine: RawEngine) -> None:
    """The marker request's answer says that it is one."""
    engine.answers[MARKER] = b"HTTP/1.1 200 OK\r\nX-Marker: 1\r\nContent-Length: 0\r\n\r\n"
