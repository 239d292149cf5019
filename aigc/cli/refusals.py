"""What an engine wanted to reach and may not, as the command line shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection
from aigc.cli.output import json_option, language, print_json, print_table, timestamp, when

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import common_pb2, creator_pb2


def as_json(instance: creator_pb2.Instance) -> dict[str, Any] | None:
    """The stable keys; None: nothing was refused."""
    if not instance.HasField("refusals"):
        return None
    told = instance.refusals
    return {
        "total": told.total,
        "since": timestamp(told.since_ms),
        "last": timestamp(told.last_ms),
        "top": [
            {
                "address": p.address,
                "port": p.port or None,
                "protocol": p.protocol,
                "attempts": p.attempts,
            }
            for p in told.top
        ],
    }


def place(refused: common_pb2.RefusedDestination) -> str:
    """ "192.168.1.7:445", or a name."""
    return f"{refused.address}:{refused.port}" if refused.port else refused.address


def line(instance: creator_pb2.Instance) -> str:
    """One quiet line for whoever owns it; "" where nothing was refused."""
    if not instance.HasField("refusals"):
        return ""
    told = instance.refusals
    most = ", ".join(place(p) for p in told.top[:3])
    if language() == "zh":
        return f"{instance.name}：已拒绝 {told.total} 次网络连接" + (f"（{most}）" if most else "")
    return f"{instance.name}: refused {told.total} attempts to connect" + (
        f" ({most})" if most else ""
    )


@click.command("refused")
@click.argument("instance")
@json_option
def refused(instance: str, as_json: bool) -> None:
    """What INSTANCE wanted to reach and its machine's walls refused, most often first."""
    from aigc.cli import instances
    from aigc.cli.fleet import list_instances

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        return instances.find(await list_instances(session), instance)

    found = connection.run(work)
    if as_json:
        print_json(instances.as_json(found)["refused"])
        return
    if not found.HasField("refusals"):
        click.echo(f"{found.name} was refused nothing in this run.")
        return
    told = found.refusals
    print_table(
        ["where", "protocol", "attempts"],
        [[place(p), p.protocol, str(p.attempts)] for p in told.top],
    )
    click.echo(f"{told.total} in all since {when(told.since_ms)}, last {when(told.last_ms)}.")
