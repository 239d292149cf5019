"""Processes of this machine as the process driver needs them: identity, kin, end, free ports.

A process is known by its id *and* its start time: ids are used again. Blocking functions (they
read /proc); call them from a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Leader:
    """The first process of an instance's session: its id, and its start in clock ticks."""

    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class _Stat:
    pid: int
    state: str
    parent: int
    session: int
    start_ticks: int


def boot_id() -> str:
    """This boot of the machine; process ids of another boot mean nothing."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def parse_stat(line: str) -> _Stat:
    """A line of /proc/PID/stat; the name in it may hold anything, brackets included."""
    head, _, rest = line.rpartition(")")
    fields = rest.split()
    return _Stat(
        int(head.partition("(")[0]), fields[0], int(fields[1]), int(fields[3]), int(fields[19])
    )


def leader_of(line: str) -> Leader:
    """Who wrote this line of /proc/PID/stat about itself."""
    stat = parse_stat(line)
    return Leader(stat.pid, stat.start_ticks)


def is_alive(leader: Leader) -> bool:
    """Whether that very process still runs (a zombie does not)."""
    stat = _stat(leader.pid)
    return stat is not None and stat.start_ticks == leader.start_ticks and stat.state != "Z"


def family(leader: Leader | None, marker: bytes) -> frozenset[int]:
    """Live processes of the leader's session, their descendants, and whatever left the session
    but still carries the marker (``NAME=value``) in its environment."""
    stats = {s.pid: s for s in _all_stats() if s.state not in "ZX"}
    found: set[int] = set()
    if leader is not None:
        found |= {pid for pid, s in stats.items() if s.session == leader.pid}
    found |= {pid for pid in stats if pid not in found and _has_marker(pid, marker)}
    grew = True
    while grew:
        more = {pid for pid, s in stats.items() if s.parent in found and pid not in found}
        found |= more
        grew = bool(more)
    return frozenset(found - {os.getpid()})


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal each; those that are gone by now do not matter."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def wait_gone(pids: Iterable[int]) -> None:
    """Return when none of them runs any longer; a child of ours is reaped."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        loop.add_reader(handle, _settle, ended)
        try:
            await ended
        finally:
            loop.remove_reader(handle)
            os.close(handle)
        reap(pid)


def reap(pid: int) -> None:
    """Collect a dead child of ours; a process of an earlier agent is init's to collect."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def reserve_port() -> int:
    """A free port of the loopback address that the kernel will give to nobody else for a minute.

    A connection is made over it and closed at our end, which leaves it in TIME_WAIT: automatic
    choices avoid it, while an engine that binds it by number (with SO_REUSEADDR, as servers do)
    gets it.
    """
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        port: int = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    return port


def _settle(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def _all_stats() -> Iterator[_Stat]:
    for entry in os.listdir(_PROC):
        if entry.isdigit() and (stat := _stat(int(entry))) is not None:
            yield stat


def _stat(pid: int) -> _Stat | None:
    try:
        return parse_stat((_PROC / str(pid) / "stat").read_text(errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def _has_marker(pid: int, marker: bytes) -> bool:
    try:
        return marker in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # gone, or another user's: not one that we started
