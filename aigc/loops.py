"""The event loop and the sockets of the programs that carry engines' traffic.

uvloop and aiofastnet make both faster where they are installed (ADR 0024). Without them the
standard library's do the same, only slower: nothing else depends on which ones there are.

A protocol does not close its transport inside ``connection_made``, but soon after it
(``call_soon``): aiofastnet 1.2 would go on watching the number of the closed socket.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

log = logging.getLogger(__name__)

_P = TypeVar("_P", bound=asyncio.BaseProtocol)
_RECORD = 16 * 1024 + 64  # a TLS record and its wrapping
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def _find(name: str) -> Any:
    """A module that need not be there; None if it is not."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_aiofastnet = _find("aiofastnet")
_uvloop = _find("uvloop")


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed; else None. For :class:`asyncio.Runner`."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = getattr(
        _uvloop, "new_event_loop", None
    )
    return factory


def prepare_loop() -> None:
    """Once in each program, in its running loop: what bulk transfer and hostile peers want."""
    _raise_malloc_thresholds()
    asyncio.get_running_loop().set_exception_handler(_on_loop_problem)


async def create_server(
    factory: Callable[[], asyncio.BaseProtocol],
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    records: int,
    **more: Any,
) -> asyncio.AbstractServer:
    """As :meth:`asyncio.loop.create_server`.

    Args:
        records: how many TLS records of each direction a connection may hold in memory at once:
            few where there are many connections, more where there is bulk.
        more: as asyncio's.
    """
    loop = asyncio.get_running_loop()
    if _aiofastnet is None:
        return await loop.create_server(factory, host, port, ssl=context, **more)
    server: asyncio.AbstractServer = await _aiofastnet.create_server(
        loop, factory, host, port, ssl=context, **_buffers(context, records), **more
    )
    return server


async def create_connection(
    factory: Callable[[], _P],
    host: str,
    port: int,
    context: ssl.SSLContext | None = None,
    records: int = 1,
    **more: Any,
) -> _P:
    """As :meth:`asyncio.loop.create_connection`; returns the protocol, connected.

    Raises:
        OSError: nobody there, or the handshake failed.
    """
    loop = asyncio.get_running_loop()
    if _aiofastnet is None:
        plain: Any = loop  # asyncio's hints know host and port, or a socket, never either
        _, protocol = await plain.create_connection(factory, host, port, ssl=context, **more)
        connected: _P = protocol
        return connected
    _, fast = await _aiofastnet.create_connection(
        loop, factory, host, port, ssl=context, **_buffers(context, records), **more
    )
    made: _P = fast
    return made


async def take_connection(factory: Callable[[], _P], sock: socket.socket) -> _P:
    """The same of a socket that is connected already; it is the loop's from then on.

    Raises:
        OSError: the connection broke.
    """
    loop = asyncio.get_running_loop()
    if _aiofastnet is None:
        _, protocol = await loop.create_connection(factory, sock=sock)
        return protocol
    _, fast = await _aiofastnet.create_connection(loop, factory, sock=sock)
    made: _P = fast
    return made


def _buffers(context: ssl.SSLContext | None, records: int) -> dict[str, int]:
    if context is None:
        return {}
    size = records * _RECORD
    return {"ssl_incoming_bio_size": size, "ssl_outgoing_bio_size": size}


def _on_loop_problem(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # Anybody may begin a handshake and walk away: that is no fault of ours, and a log that fills
    # with tracebacks is one.
    if context.get("message") == "SSL handshake failed":
        log.debug("a TLS handshake failed: %s", context.get("exception"))
        return
    loop.default_exception_handler(context)


def _raise_malloc_thresholds() -> None:
    """Bulk transfer allocates and frees some 100 KiB at a time; by default glibc hands such
    pieces back to the kernel each time, which costs about half of the CPU time."""
    with suppress(OSError, AttributeError):  # another C library: it is only slower
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 64 << 20)
