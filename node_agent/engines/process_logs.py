"""Logs of the process driver: two files that an engine appends to, kept within bounds here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from node_agent.engines.driver import LogLine

_STREAMS = ("stdout", "stderr")
_MOST = 8 << 20  # bytes of one file before it is cut
_KEPT = 2 << 20  # bytes kept as STREAM.log.1 when it is cut
_LOOK_EVERY = 0.2
_LONGEST_LINE = 16 << 10


def bound_logs(folder: Path) -> None:
    """Cut files that grew too long, keeping their end beside them.

    The engine holds them open for appending, so it writes on at the new end; what it writes
    between the copy and the cut is lost.
    """
    for stream in _STREAMS:
        path = folder / f"{stream}.log"
        try:
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        with os.fdopen(handle, "rb+") as file:
            size = os.fstat(handle).st_size
            if size <= _MOST:
                continue
            file.seek(size - _KEPT)
            (folder / f"{stream}.log.1").write_bytes(file.read(_KEPT))
            file.truncate(0)


async def follow_logs(
    folder: Path, tail: int, follow: bool, ended: Callable[[], bool]
) -> AsyncIterator[LogLine]:
    """The last ``tail`` lines of each stream, then, if asked, what is added until it ``ended``."""
    positions: dict[str, int] = {}
    for stream in _STREAMS:
        lines, positions[stream] = await asyncio.to_thread(_tail, folder, stream, tail, not follow)
        for line in lines:
            yield LogLine(None, stream, line)
    while follow:
        over = await asyncio.to_thread(ended)  # asked first: what it wrote last is still read
        for stream in _STREAMS:
            lines, positions[stream] = await asyncio.to_thread(
                _added, folder, stream, positions[stream], over
            )
            for line in lines:
                yield LogLine(None, stream, line)
        if over:
            return
        await asyncio.sleep(_LOOK_EVERY)


def _tail(folder: Path, stream: str, count: int, all_of_it: bool) -> tuple[list[str], int]:
    path = folder / f"{stream}.log"
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - min(_KEPT, max(1, count) * _LONGEST_LINE))
            file.seek(start)
            data = file.read(size - start)
    except FileNotFoundError:
        return [], 0
    whole = len(data) if all_of_it else data.rfind(b"\n") + 1
    lines = data[:whole].splitlines()
    return [_text(line) for line in lines[-count:]] if count > 0 else [], start + whole


def _added(folder: Path, stream: str, position: int, all_of_it: bool) -> tuple[list[str], int]:
    """Whole lines after a position; the unfinished rest too once nothing more can come."""
    path = folder / f"{stream}.log"
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < position:
                position = 0  # it was cut
            file.seek(position)
            data = file.read(_KEPT)
    except FileNotFoundError:
        return [], 0
    whole = len(data) if all_of_it or len(data) >= _KEPT else data.rfind(b"\n") + 1
    return [_text(line) for line in data[:whole].splitlines()], position + whole


def _text(line: bytes) -> str:
    return line[:_LONGEST_LINE].decode(errors="replace")
