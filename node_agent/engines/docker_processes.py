"""Which process ids of this machine belong to a container: by its control group, or by Docker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ROOT = Path("/sys/fs/cgroup")


def pids_of(first_pid: int, container_id: str, proc: Path = Path("/proc")) -> frozenset[int] | None:
    """All of a container's processes; None where this machine's /proc does not show them."""
    folder = _group(first_pid, container_id, proc)
    if folder is None:
        return None
    found: set[int] = set()
    for listing in (folder / "cgroup.procs", *folder.glob("**/cgroup.procs")):
        try:
            found.update(int(line) for line in listing.read_text().split())
        except OSError:
            continue  # a nested group that ended meanwhile
    return frozenset(found) or None


def pids_in(table: Mapping[str, Any]) -> frozenset[int]:
    """What ``docker top`` with ``-eo pid`` tells; a container that just ended has no rows."""
    return frozenset(int(row[0]) for row in table.get("Processes") or ())


def _group(pid: int, container_id: str, proc: Path) -> Path | None:
    for controllers, path in _lines(pid, proc):
        if container_id not in path:
            continue
        if controllers == "":
            folder = _ROOT / path.lstrip("/")
        elif "pids" in controllers.split(","):
            folder = _ROOT / "pids" / path.lstrip("/")
        else:
            continue
        if folder.is_dir():
            return folder
    return None


def _lines(pid: int, proc: Path) -> list[tuple[str, str]]:
    """(controllers, path) of each line; the unified hierarchy has no controllers."""
    try:
        text = (proc / str(pid) / "cgroup").read_text()
    except OSError:
        return []
    parts = [line.split(":", 2) for line in text.splitlines()]
    return [(p[1], p[2]) for p in parts if len(p) == 3]
