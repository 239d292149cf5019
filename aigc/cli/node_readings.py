"""IT: what a machine's cards read over the last hours or days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection
from aigc.cli.fleet import find_node, list_nodes
from aigc.cli.output import json_option, print_json, print_table, size, timestamp, when

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, common_pb2


@click.command("readings")
@click.argument("machine")
@click.option(
    "--hours", default=1.0, show_default=True, type=click.FloatRange(0.01, 8 * 24), help="Back."
)
@click.option(
    "--points", default=60, show_default=True, type=click.IntRange(1, 2000), help="A card, about."
)
@json_option
def node_readings(machine: str, hours: float, points: int, as_json: bool) -> None:
    """Use, memory, temperature and power of MACHINE's cards over time.

    The coordinator keeps eight days. A time without a row is unknown.
    """
    from aigc.clock import milliseconds
    from protos.aigc.v1 import admin_pb2

    since = milliseconds(datetime.now(UTC) - timedelta(hours=hours))

    async def work(session: CoordinatorSession) -> list[common_pb2.GpuSeries]:
        node = find_node(await list_nodes(session), machine)
        request = admin_pb2.GetNodeReadingsRequest(node_id=node.id, from_ms=since, points=points)
        said: admin_pb2.GetNodeReadingsResponse = await session.admin.GetNodeReadings(request)
        return list(said.series)

    series = connection.run(work)
    if as_json:
        print_json([_series(s) for s in series])
        return
    print_table(
        ["at", "card", "use %", "memory", "°C", "W"],
        [
            [when(p.at_ms), s.name, *(_told(_point(p)[name]) for name in _SHOWN)]
            for s in series
            for p in s.points
        ],
        "Nothing was read in that time.",
    )


_SHOWN = ("utilisation_percent", "memory_used_bytes", "temperature_celsius", "power_watts")


def _told(value: float | int | None) -> str:
    if value is None:
        return "–"
    return size(value) if isinstance(value, int) else f"{value:.0f}"


def _series(series: common_pb2.GpuSeries) -> dict[str, Any]:
    total = series.memory_total_bytes if series.HasField("memory_total_bytes") else None
    return {
        "uuid": series.uuid,
        "name": series.name,
        "simulated": series.simulated,
        "memory_total_bytes": total,
        "step_seconds": series.step_seconds,
        "points": [{"at": timestamp(p.at_ms)} | _point(p) for p in series.points],
    }


def _point(point: common_pb2.ReadingPoint) -> dict[str, Any]:
    return {
        name: getattr(point, name) if point.HasField(name) else None  # type: ignore[arg-type]
        for name in _SHOWN
    }
