"""The desktop beside its limit, in one run: ``python -m benchmarks.desktop [--json]``.

The limit is a bare PySide6 tray with one gRPC stream. Needs the packages of
``scripts/system-packages test`` (Xvfb, a session bus); about three minutes. Figures are medians.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

from benchmarks.desktop import figures, table, tray


async def measure(
    folder: Path, starts: int, idle_seconds: float, table_seconds: float
) -> list[figures.Figure]:
    """All figures of the desktop, in a folder that is empty."""
    for name in ("tray", "table"):
        (folder / name).mkdir()
    found = await tray.measure(folder / "tray", starts, idle_seconds)
    return found + await table.measure(folder / "table", table_seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desktop", description=__doc__)
    parser.add_argument("--json", action="store_true", help="a list of objects instead of lines")
    parser.add_argument("--starts", type=int, default=7, help="of each program")
    parser.add_argument("--idle", type=float, default=30, help="seconds of doing nothing")
    parser.add_argument("--table", type=float, default=20, help="seconds of a live table")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="aigc-bench-") as folder:
        found = asyncio.run(measure(Path(folder), options.starts, options.idle, options.table))
    if options.json:
        print(json.dumps([f.as_json() for f in found]))
    else:
        print(figures.table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
