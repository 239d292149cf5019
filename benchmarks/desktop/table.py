"""The admin window's live table: see ``benchmarks.desktop.live_table``, which runs by itself under
a virtual screen so that nothing else shares its interpreter."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.desktop.figures import Figure
from benchmarks.desktop.processes import environment
from tests.desktop.screen import screen

BLOCKED_AIM = 16.0  # milliseconds: a frame of a usual screen


async def measure(folder: Path, seconds: float) -> list[Figure]:
    """How long the event loop is blocked, while rows change for so many seconds."""
    async with screen(folder) as desk:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.desktop.live_table", str(seconds)),
            env=environment(desk), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(180 + 2 * seconds):
            said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode("utf-8", "replace")
    found = json.loads(said)
    return [
        Figure(
            "table_blocked_ms_p99",
            f"event loop blocked at p99, {found['rows']:,} live rows",
            "ms",
            found["live"]["p99"],
            BLOCKED_AIM,
            {"still": found["still"]["p99"], "longest": found["live"]["longest"]},
        )
    ]
