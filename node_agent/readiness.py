"""Asks an engine's ready path until it answers 200: often at first, so that READY comes at once.

The start clock begins here, after the pull. These questions never pass the gateway, so they never
count as anybody's use.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from node_agent.engines.driver import DriverError, FailReason
from node_agent.walls.mark import connect

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.2
_GROWTH = 1.15
_ANSWER_WITHIN = 5.0
_HEAD_LIMIT = 16 << 10


async def wait_ready(
    address: Callable[[], tuple[str, int] | None],
    path: str,
    left: Callable[[], float],
    timeout: float,
) -> None:
    """Return at the first 200.

    Args:
        address: where the engine listens; None while it has no address yet.
        path: its ready path.
        left: seconds that it still has; asked again before each question.
        timeout: seconds that it had in all, for the sentence.

    Raises:
        DriverError: PROBE_TIMEOUT, with the last answer in words.
    """
    pause = _FIRST_PAUSE
    last = "it has no address yet"
    while (remaining := left()) > 0:
        where = address()
        if where is not None:
            ready, last = await _ask(where, path, min(_ANSWER_WITHIN, remaining))
            if ready:
                return
        await asyncio.sleep(min(pause, max(0.0, left())))
        pause = min(_LONGEST_PAUSE, pause * _GROWTH)
    raise DriverError(
        FailReason.PROBE_TIMEOUT,
        f"The engine was not ready within {timeout:g} s: {last} (asked for {path}).",
    )


async def _ask(address: tuple[str, int], path: str, timeout: float) -> tuple[bool, str]:
    """Whether it is ready, and its answer in words."""
    try:
        async with asyncio.timeout(timeout):
            engine = await connect(address)
            reader, writer = await asyncio.open_connection(sock=engine, limit=_HEAD_LIMIT)
            try:
                request = (
                    f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
                    "User-Agent: aigc-readiness\r\nConnection: close\r\n\r\n"
                )
                writer.write(request.encode("ascii"))
                line = await reader.readline()
            finally:
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        return False, "it took the connection but did not answer"
    except ConnectionRefusedError:
        return False, "nothing listened on its port"
    except (OSError, ValueError) as error:
        return False, f"the connection failed ({error})"
    parts = line.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1."):
        return False, "what answered does not speak HTTP" if line else "it closed the connection"
    status = parts[1].decode("latin-1")
    return status == "200", f"it answered {status}"
