"""``python -m benchmarks.gateway [--json] [--seconds N]``; see the package."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict

import uvloop

import benchmarks.gateway
from benchmarks.gateway.figures import Figure, judge, show
from benchmarks.gateway.place import open_place
from benchmarks.gateway.proxies import find_program
from benchmarks.gateway.rounds import PARTS, measure


async def run(seconds: float) -> list[Figure]:
    """Start everything, measure, stop everything."""
    wrk = find_program("wrk")
    if wrk is None:
        raise SystemExit("This benchmark asks with wrk: scripts/system-packages test")
    async with open_place(frozenset()) as place:
        if all(way.name != "chp" for way in place.ways):
            print(
                "configurable-http-proxy is left out: "
                "npm install --prefix build/npm configurable-http-proxy",
                file=sys.stderr,
            )
        found = await measure(place.ways, seconds, place.folder, wrk, frozenset(PARTS))
        print(f"{found.rounds()} rounds, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        return judge(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=benchmarks.gateway.__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=90.0, help="for all rounds; two at least")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(run(options.seconds))
    if options.json:
        print(json.dumps([asdict(f) for f in figures], indent=2, ensure_ascii=False))
    else:
        print(show(figures))


if __name__ == "__main__":
    main()
