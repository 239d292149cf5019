"""An engine that records every byte and answers with bytes, whatever they are."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Seen:
    """One whole request as h11 reads what the gateway sent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    trailers: tuple[tuple[str, str], ...] = ()
    stream: int = 0  # which connection it came on

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]


@dataclass(slots=True)
class EngineStream:
    """One connection of the gateway's, for scripts."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    raw: bytearray = field(default_factory=bytearray)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)  # what asyncio calls abort ends with a plain FIN
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Script = Callable[[EngineStream, Seen], Awaitable[None]]


class RawEngine:
    """See the module.

    Attributes:
        seen: whole requests, in the order in which they ended.
        broken: what h11 could not read: the gateway must never send such a thing.
        answers: by path (without the query): bytes, or a script. Others get :data:`OK`.
        early: answers that go out as soon as the head is there.
        streams: every connection that was made, by its number.
    """

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[Seen] = []
        self.heads: list[str] = []
        self.broken: list[str] = []
        self.answers: dict[str, bytes | Script] = {}
        self.early: dict[str, bytes] = {}
        self.streams: dict[int, EngineStream] = {}
        self._numbers = itertools.count()

    def forget(self) -> None:
        """Forget what was seen and what was to be answered."""
        for what in (self.seen, self.heads, self.broken):
            what.clear()
        for stream in self.streams.values():
            stream.raw.clear()
        self.answers.clear()
        self.early.clear()

    def everything(self) -> bytes:
        """All bytes that came since the last :meth:`forget`."""
        return b"".join(bytes(stream.raw) for stream in self.streams.values())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = EngineStream(reader, writer, next(self._numbers))
        self.streams[stream.number] = stream
        try:
            rest = b""
            while True:
                found = await self._read_request(stream, rest)
                if found is None:
                    return
                seen, rest = found
                self.seen.append(seen)
                answer = self.answers.get(seen.target.partition("?")[0], OK)
                if seen.target.partition("?")[0] in self.early:
                    continue
                if isinstance(answer, bytes):
                    await stream.send(answer)
                else:
                    await answer(stream, seen)
        except h11.RemoteProtocolError as error:
            if stream.raw:
                self.broken.append(f"{error}: {bytes(stream.raw)[-300:]!r}")
        except ConnectionError:
            pass
        finally:
            stream.ended.set()
            writer.close()

    async def _read_request(self, stream: EngineStream, rest: bytes) -> tuple[Seen, bytes] | None:
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        if rest:
            parser.receive_data(rest)
        request: h11.Request | None = None
        body = b""
        while True:
            event = parser.next_event()
            if event is h11.NEED_DATA:
                data = await stream.reader.read(65536)
                stream.raw += data
                if not data:
                    return None  # cut off in the middle: no whole request, and so none is seen
                parser.receive_data(data)
            elif isinstance(event, h11.Request):
                request = event
                target = event.target.decode("latin-1")
                self.heads.append(target)
                early = self.early.get(target.partition("?")[0])
                if early is not None:
                    await stream.send(early)
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                seen = Seen(
                    request.method.decode(),
                    request.target.decode("latin-1"),
                    _texts(request.headers),
                    body,
                    _texts(event.headers),
                    stream.number,
                )
                return seen, parser.trailing_data[0]
            else:
                return None


def _texts(headers: object) -> tuple[tuple[str, str], ...]:
    assert isinstance(headers, h11._headers.Headers | list)
    return tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers)


@asynccontextmanager
async def running_raw_engine() -> AsyncIterator[RawEngine]:
    """A raw engine on a free port of loopback."""
    engine = RawEngine()
    tasks: set[asyncio.Task[None]] = set()

    def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(engine.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0, limit=1 << 20)
    engine.port = server.sockets[0].getsockname()[1]
    try:
        yield engine
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
