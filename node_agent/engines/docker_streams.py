"""Docker's long answers (pull, events, logs): read in a thread of their own, closed from anywhere.

The SDK's streams cannot be closed while they wait for the first byte, and merge stdout with
stderr; these can, and do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from node_agent.engines.docker_client import UnixConnection

log = logging.getLogger(__name__)
T = TypeVar("T")

_CHUNK = 64 * 1024
_AHEAD = 1000  # items read ahead of a slow consumer; then the daemon waits


class StreamRefused(Exception):  # noqa: N818 - it is what the daemon did
    """The daemon answered with an error status and this text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class DaemonStream:
    """One request whose answer goes on; :meth:`close` ends it from any thread at any moment."""

    def __init__(self, socket_path: str, timeout: float = 10.0) -> None:
        self._connection = UnixConnection(socket_path, timeout)
        self._lock = threading.Lock()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def chunks(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes]:
        """Send the request, then give the answer's bytes as they come.

        Raises:
            StreamRefused: the daemon answered with an error.
            OSError, http.client.HTTPException: it did not answer, or broke off.
        """
        try:
            with self._lock:
                if self._closed:
                    return
                self._connection.connect()
            self._connection.request(method, path, headers=dict(headers or {}))
            # The daemon may think for as long as it likes; close() ends the wait.
            self._connection.sock.settimeout(None)
            with self._connection.getresponse() as answer:
                if answer.status >= 400:
                    raise StreamRefused(answer.status, _message(answer.read()))
                while data := answer.read1(_CHUNK):
                    yield data
        except (OSError, http.client.HTTPException, ValueError):
            if not self._closed:
                raise
        finally:
            self.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            sock = self._connection.sock
            if sock is not None:
                with contextlib.suppress(OSError):  # the other side was faster
                    sock.shutdown(socket.SHUT_RDWR)
        if threading.current_thread().name.startswith(_THREAD):
            self._connection.close()


_THREAD = "docker-stream"


class Pump(Generic[T]):
    """A blocking iterator, run in a thread of its own, as an asynchronous one.

    Args:
        stream: what the iterator reads from; closed when the consumer stops.
        items: called in the thread; gives the items.
    """

    def __init__(self, stream: DaemonStream, items: Callable[[], Iterator[T]]) -> None:
        self._stream = stream
        self._items = items
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._error: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()

    async def run(self) -> AsyncIterator[T]:
        """The items; raises what the iterator raised."""
        thread = threading.Thread(target=self._read, name=_THREAD, daemon=True)
        thread.start()
        try:
            while (item := await self._queue.get()) is not None:
                self._room.release()
                yield item
            if self._error is not None:
                raise self._error
        finally:
            self._stream.close()
            self._room.release(_AHEAD)

    def _read(self) -> None:
        try:
            for item in self._items():
                self._room.acquire()
                if self._stream.closed:
                    break
                self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except Exception as error:  # noqa: BLE001 - raised again where the items are consumed
            self._error = error
        finally:
            self._stream.close()
            try:
                self._loop.call_soon_threadsafe(self._queue.put_nowait, None)
            except RuntimeError:
                log.debug("event loop closed before a docker stream ended")


def json_lines(chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a stream that separates them by line ends."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)


def log_lines(chunks: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    """(stream, entry) of Docker's multiplexed log format: 8 bytes of head, then so many bytes.

    An entry is one line, or 16 KiB of a longer one; it begins with its time.
    """
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= 8:
            kind, length = struct.unpack_from(">BxxxL", buffer)
            if len(buffer) < 8 + length:
                break
            entry = bytes(buffer[8 : 8 + length])
            del buffer[: 8 + length]
            text = entry.decode(errors="replace").removesuffix("\n")
            yield ("stderr" if kind == 2 else "stdout"), text


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip() or "no reason given"
