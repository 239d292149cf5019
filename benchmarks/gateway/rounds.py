"""Interleaved rounds over all ways: who asks, how long, and what is read from the kernel."""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.gateway.askers import Messages, Requests, Way, ask
from benchmarks.gateway.figures import Found

_LATENCY_SECONDS = 0.4
_LOAD_SECONDS = 2  # wrk knows whole seconds only
_MESSAGES_SECONDS = 0.6
_CONNECTIONS = 16
BULK_BYTES = 64 << 20
_GIB = 1 << 30
_TOTAL = re.compile(rb"(\d+) requests in ([\d.]+)(ms|s|m)")
PARTS = ("latency", "requests", "bulk", "messages")


def cpu_now(way: Way) -> list[float]:
    """CPU seconds so far of each of the way's processes, all threads (the kernel's clocks)."""
    return [time.clock_gettime(~pid << 3 | 2) for pid in way.pids]


def _add_cpu(found: Found, way: Way, kind: str, before: list[float], count: float) -> None:
    for part, (was, now) in enumerate(zip(before, cpu_now(way), strict=True)):
        found.add(way.name, f"{kind} cpu {part}", (now - was) / count)


async def measure(
    ways: list[Way], seconds: float, folder: Path, wrk: str, parts: frozenset[str]
) -> Found:
    """Rounds until the time is over (two at least).

    Args:
        folder: for wrk's scripts.
        parts: which of :data:`PARTS` are measured.
    """
    found = Found()
    end = time.perf_counter() + seconds
    for way in ways:
        await ask(partial(Requests, way, "/small"), way, 0.2, 4)
    longest = 0.0
    number = 0
    while number < 2 or time.perf_counter() + longest < end:
        began = time.perf_counter()
        for way in ways if number % 2 == 0 else reversed(ways):
            await _round(found, way, folder, wrk, parts)
        longest = max(longest, time.perf_counter() - began)
        number += 1
    return found


async def _round(found: Found, way: Way, folder: Path, wrk: str, parts: frozenset[str]) -> None:
    before: list[float] = []

    def begin() -> None:
        before[:] = cpu_now(way)

    if "latency" in parts:
        (one,) = await ask(partial(Requests, way, "/small"), way, _LATENCY_SECONDS, 1)
        found.add(way.name, "latency", statistics.median(one.durations))
    if "requests" in parts:
        count, lasted = await _load(way, folder, wrk, begin)
        _add_cpu(found, way, "request", before, count)
        found.add(way.name, "requests", count / lasted)
    if "bulk" in parts and way.bulk:
        (one,) = await ask(partial(Requests, way, "/bulk"), way, 0.0, 1, begin)
        _add_cpu(found, way, "bulk", before, BULK_BYTES / _GIB)
        found.add(way.name, "bulk", BULK_BYTES / one.durations[0])
    if "messages" in parts and way.websockets:
        messages = partial(Messages, way, "/ws")
        opened = []
        for _ in range(5):
            (talker,) = await ask(messages, way, 0.0, 1)
            opened.append(talker.opened)
        found.add(way.name, "opened", statistics.median(opened))
        talkers = await ask(messages, way, _MESSAGES_SECONDS, _CONNECTIONS, begin)
        there_and_back = 2 * sum(len(a.durations) for a in talkers)
        _add_cpu(found, way, "message", before, there_and_back)
        found.add(way.name, "messages", there_and_back)


async def _load(way: Way, folder: Path, wrk: str, begin: Callable[[], None]) -> tuple[int, float]:
    """wrk's requests (each target differs from the last) and its seconds.

    Raises:
        RuntimeError: an answer was none or no success.
    """
    script = folder / f"{way.name}.lua"
    before, _, after = way.head("/small?n=@").decode().partition("@")
    script.write_text(
        "local n = 0\n"
        f"function request() n = n + 1; return {_lua(before)} .. n .. {_lua(after)} end\n"
    )
    scheme = "https" if way.tls else "http"
    command = [
        wrk, "-t1", f"-c{_CONNECTIONS}", f"-d{_LOAD_SECONDS}s", "-s", str(script),
        f"{scheme}://127.0.0.1:{way.port}/",
    ]  # fmt: skip
    for _ in range(3):
        begin()
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said, _ = await child.communicate()
        if child.returncode == 0:
            break
        # Now and then wrk crashes at its start; that says nothing about who was asked.
        print(f"wrk ended with {child.returncode} and is started again", file=sys.stderr)
    total = _TOTAL.search(said)
    if total is None or not int(total[1]) or b"Non-2xx" in said or b"Socket errors" in said:
        raise RuntimeError(f"{way.name}: {said.decode(errors='replace')}")
    scale = {b"ms": 1e-3, b"s": 1.0, b"m": 60.0}[total[3]]
    return int(total[1]), float(total[2]) * scale


def _lua(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\r\n", "\\r\\n") + '"'
