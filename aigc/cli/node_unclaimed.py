"""IT: containers with our labels that the ledger does not know, and their fate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aigc.cli import connection
from aigc.cli.confirm import agree, yes_option
from aigc.cli.fleet import fleet_of, list_instances, list_nodes
from aigc.cli.machines import unclaimed_json
from aigc.cli.output import json_option, language, print_json, print_table, when
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2


@click.command("unclaimed")
@click.option("--stop", metavar="CONTAINER", help="End this one now.")
@click.option("--keep", metavar="CONTAINER", help="Hold this one for another hold time.")
@yes_option
@json_option
def unclaimed(stop: str | None, keep: str | None, yes: bool, as_json: bool) -> None:
    """Containers with our labels that the ledger does not know."""
    if stop and keep:
        raise AigcError("option-wrong", "Say either --stop or --keep, one container at a time.")

    async def work(session: CoordinatorSession) -> list[tuple[admin_pb2.Node, admin_pb2.Unclaimed]]:
        nodes = await list_nodes(session)
        found = [(n, u) for n in nodes for u in n.unclaimed]
        if not stop and not keep:
            return found
        node, item = _choose(found, stop or keep or "")
        if stop:
            await _ask(session, nodes, node, item, yes)
        await _resolve(session, node, item, bool(keep))
        return [(node, item)]

    found = connection.run(work)
    if as_json:
        print_json([{"node": n.name} | unclaimed_json(u) for n, u in found])
    elif stop or keep:
        ((node, item),) = found
        fate = "is being stopped" if stop else "is kept for another hold time"
        click.echo(f"{item.container_id[:12]} on {node.name} {fate}.")
    else:
        print_table(
            ["machine", "container", "instance", "first seen", "stopped after"],
            [
                [
                    n.name,
                    u.container_id[:12],
                    u.instance_id,
                    when(u.first_seen_ms),
                    when(u.stop_after_ms),
                ]
                for n, u in found
            ],
            "Nothing is unclaimed.",
        )


def _choose(
    found: list[tuple[admin_pb2.Node, admin_pb2.Unclaimed]], begin: str
) -> tuple[admin_pb2.Node, admin_pb2.Unclaimed]:
    chosen = [(n, u) for n, u in found if u.container_id.startswith(begin)]
    if len(chosen) != 1:
        raise AigcError(
            "container-unknown",
            f"{len(chosen) or 'No'} unclaimed containers begin with {begin}: "
            "'aigc nodes unclaimed' shows them.",
            ErrorKind.NOT_FOUND,
        )
    return chosen[0]


async def _ask(
    session: CoordinatorSession,
    nodes: list[admin_pb2.Node],
    node: admin_pb2.Node,
    item: admin_pb2.Unclaimed,
    yes: bool,
) -> None:
    from desktop_client.admin.machines.actions import unclaimed_name

    fleet = fleet_of(nodes, await list_instances(session))
    held = next(u for u in fleet.nodes[node.id].unclaimed if u.container_id == item.container_id)
    name = unclaimed_name(held, fleet, language())
    agree(f"{name} on {node.name} ends now; what it has in memory is lost.", yes)


async def _resolve(
    session: CoordinatorSession, node: admin_pb2.Node, item: admin_pb2.Unclaimed, keep: bool
) -> None:
    from protos.aigc.v1 import admin_pb2

    fate = admin_pb2.ResolveUnclaimedRequest
    await session.admin.ResolveUnclaimed(
        admin_pb2.ResolveUnclaimedRequest(
            node_id=node.id,
            container_id=item.container_id,
            fate=fate.FATE_KEEP if keep else fate.FATE_STOP,
        ),
        timeout=60,
    )
