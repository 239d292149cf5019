"""IT: what a machine is called, which pool it belongs to, its labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from aigc.cli import connection, machines
from aigc.cli.fleet import find_node, find_nodes, list_nodes
from aigc.cli.output import json_option, print_json
from aigc.errors import AigcError

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2


@click.command("rename")
@click.argument("machine")
@click.argument("name")
@json_option
def rename_node(machine: str, name: str, as_json: bool) -> None:
    """Call MACHINE by another NAME from now on. Its certificate stays as it is."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> tuple[str, admin_pb2.Node]:
        node = find_node(await list_nodes(session), machine)
        request = admin_pb2.UpdateNodeRequest(node_id=node.id, name=name)
        return node.name, (await session.admin.UpdateNode(request)).node

    before, node = connection.run(work)
    if as_json:
        print_json(machines.as_json(node))
    else:
        click.echo(f"{before} is called {node.name} now.")


@click.command("pool")
@click.argument("names", metavar="MACHINE...", nargs=-1, required=True)
@click.argument("pool")
@json_option
def move_node(names: tuple[str, ...], pool: str, as_json: bool) -> None:
    """Move MACHINE to POOL; what runs there goes on."""
    from protos.aigc.v1 import admin_pb2

    _change(
        names,
        lambda node: admin_pb2.UpdateNodeRequest(node_id=node.id, pool=pool),
        lambda node: f"{node.name} belongs to {node.pool} now.",
        as_json,
    )


@click.command("label")
@click.argument("names", metavar="MACHINE...", nargs=-1, required=True)
@click.option("--set", "given", metavar="KEY=VALUE", multiple=True, help="Set this label.")
@click.option("--remove", metavar="KEY", multiple=True, help="Take this label away.")
@json_option
def label_node(
    names: tuple[str, ...], given: tuple[str, ...], remove: tuple[str, ...], as_json: bool
) -> None:
    """Set or remove labels of MACHINE; without options, show them."""
    from protos.aigc.v1 import admin_pb2

    added = _pairs(given)

    def request(node: admin_pb2.Node) -> admin_pb2.UpdateNodeRequest | None:
        if not added and not remove:
            return None
        kept = {k: v for k, v in node.labels.items() if k not in remove}
        labels = admin_pb2.Labels(values=kept | dict(added))
        return admin_pb2.UpdateNodeRequest(node_id=node.id, labels=labels)

    def told(node: admin_pb2.Node) -> str:
        listed = ", ".join(f"{k}={v}" for k, v in sorted(node.labels.items()))
        return f"{node.name}: {listed or 'no labels'}"

    _change(names, request, told, as_json)


def _pairs(given: Sequence[str]) -> Mapping[str, str]:
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise AigcError("label-wrong", f"{text} is no label: write KEY=VALUE.")
        found[key.strip()] = value.strip()
    return found


def _change(
    names: Sequence[str],
    request: Callable[[admin_pb2.Node], admin_pb2.UpdateNodeRequest | None],
    told: Callable[[admin_pb2.Node], str],
    as_json: bool,
) -> None:
    async def work(session: CoordinatorSession) -> list[admin_pb2.Node]:
        after = []
        for node in find_nodes(await list_nodes(session), names):
            asked = request(node)
            after.append(node if asked is None else (await session.admin.UpdateNode(asked)).node)
        return after

    nodes = connection.run(work)
    if as_json:
        print_json([machines.as_json(n) for n in nodes])
        return
    for node in nodes:
        click.echo(told(node))
