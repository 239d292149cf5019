"""IT: the GPU machines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import click

from aigc.cli import connection, machines
from aigc.cli.confirm import agree, yes_option
from aigc.cli.fleet import (
    find_node,
    find_nodes,
    fleet_of,
    list_instances,
    list_nodes,
    passes,
)
from aigc.cli.node_names import label_node, move_node, rename_node
from aigc.cli.node_readings import node_readings
from aigc.cli.node_unclaimed import unclaimed
from aigc.cli.output import (
    json_option,
    language,
    print_facts,
    print_json,
    print_table,
    sentence,
    size,
    when,
)

if TYPE_CHECKING:
    from desktop_client.admin.machines.actions import Consequence
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, creator_pb2

_MACHINES = click.argument("names", metavar="MACHINE...", nargs=-1, required=True)


@click.group("nodes")
def nodes_command() -> None:
    """IT: the GPU machines."""


@nodes_command.command("list")
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@json_option
def show_nodes(words: tuple[str, ...], as_json: bool) -> None:
    """Every machine, its cards, and what is wrong with it.

    FILTER as in the admin window: "state:draining pool:on-prem".
    """

    async def work(session: CoordinatorSession) -> list[admin_pb2.Node]:
        nodes = await list_nodes(session)
        if not words:
            return nodes
        from desktop_client.admin.machines.columns import MACHINES
        from desktop_client.admin.machines.rows import machine_row

        fleet = fleet_of(nodes, await list_instances(session))
        test = passes(words, MACHINES)
        return [n for n in nodes if test(machine_row(fleet.nodes[n.id], fleet.instances))]

    nodes = connection.run(work)
    if as_json:
        print_json([machines.as_json(n) for n in nodes])
        return
    print_table(
        machines.COLUMNS,
        [machines.row(n) for n in nodes],
        "No such machine."
        if words
        else "No machine has joined yet; 'aigc coordinator join-command' prints the line to run "
        "there.",
    )


@nodes_command.command("show")
@click.argument("machine")
@json_option
def show_node(machine: str, as_json: bool) -> None:
    """Everything about one MACHINE: cards with their readings, versions, what runs there."""

    async def work(
        session: CoordinatorSession,
    ) -> tuple[admin_pb2.Node, list[creator_pb2.Instance]]:
        node = find_node(await list_nodes(session), machine)
        there = set(node.instance_ids)
        return node, [i for i in await list_instances(session) if i.id in there]

    node, held = connection.run(work)
    if as_json:
        print_json(machines.as_json(node))
        return
    print_facts(
        {
            "machine": f"{node.name} ({node.id})",
            "state": machines.state(node),
            "pool": node.pool,
            "labels": ", ".join(f"{k}={v}" for k, v in sorted(node.labels.items())),
            "last seen": when(node.last_seen_ms),
            "joined": when(node.joined_at_ms),
            "certificate": f"until {when(node.certificate_expires_ms)}",
            "agent": f"{node.agent_version}, {node.driver_name}",
            "Docker": node.docker_version,
            "NVIDIA driver": node.nvidia_driver,
            "CPUs, memory": f"{node.cpus or '–'}, {size(node.memory_bytes or None)}",
            "disk free": size(node.disk_free_bytes),
            "door": machines.door(node)
            + (f": {sentence(node.door_reason)}" if node.HasField("door_reason") else ""),
            **{f"card {g.uuid}": _reading(g) for g in node.gpus},
            **{f"engine {i.id}": _held(i) for i in held},
            "attention": " ".join(machines.attention(node)),
        }
    )


def _held(instance: creator_pb2.Instance) -> str:
    told = f"{instance.name} of {instance.owner_name}"
    refused = instance.refusals.total
    return f"{told}; refused {refused} attempts to connect" if refused else told


def _reading(gpu: object) -> str:
    known = machines.gpu_json(gpu)  # type: ignore[arg-type]

    def told(name: str, unit: str) -> str:
        value = known[name]
        return f"– {unit}" if value is None else f"{value:.0f} {unit}"

    memory = f"{size(known['memory_used_bytes'])} / {size(known['memory_total_bytes'])}"
    return ", ".join(
        [
            known["name"] + (" (simulated)" if known["simulated"] else ""),
            told("utilisation_percent", "%"),
            memory,
            told("temperature_celsius", "°C"),
            told("power_watts", "W"),
        ]
    )


@nodes_command.command("drain")
@_MACHINES
@json_option
def drain_node(names: tuple[str, ...], as_json: bool) -> None:
    """Place nothing new on MACHINE; what runs there goes on until it is released."""
    _drain(names, True, as_json)


@nodes_command.command("undrain")
@_MACHINES
@json_option
def undrain_node(names: tuple[str, ...], as_json: bool) -> None:
    """Use MACHINE again."""
    _drain(names, False, as_json)


def _drain(names: Sequence[str], draining: bool, as_json: bool) -> None:
    from protos.aigc.v1 import admin_pb2

    async def work(
        session: CoordinatorSession,
    ) -> tuple[list[admin_pb2.Node], list[creator_pb2.Instance]]:
        nodes = find_nodes(await list_nodes(session), names)
        for node in nodes:
            await session.admin.DrainNode(
                admin_pb2.DrainNodeRequest(node_id=node.id, draining=draining)
            )
        done = {n.id for n in nodes}
        after = [n for n in await list_nodes(session) if n.id in done]
        return after, await list_instances(session)

    nodes, instances = connection.run(work)
    if as_json:
        print_json([machines.as_json(n) for n in nodes])
        return
    for node in nodes:
        if draining:
            held = ", ".join(_names(node, instances)) or "nothing"
            click.echo(f"{node.name} takes nothing new; what runs there goes on: {held}.")
        else:
            click.echo(f"{node.name} takes new instances again.")


def _names(node: admin_pb2.Node, instances: Sequence[creator_pb2.Instance]) -> list[str]:
    there = set(node.instance_ids)
    return [f"{i.name} of {i.owner_name}" for i in instances if i.id in there]


@nodes_command.command("revoke")
@_MACHINES
@yes_option
def revoke_node(names: tuple[str, ...], yes: bool) -> None:
    """End MACHINE's certificate: it must join again with a new token."""
    from protos.aigc.v1 import admin_pb2

    async def act(session: CoordinatorSession, node: admin_pb2.Node) -> str:
        await session.admin.RevokeNode(admin_pb2.RevokeNodeRequest(node_id=node.id))
        return f"{node.name} is revoked."

    _confirmed("revoke", names, yes, act)


@nodes_command.command("declare-off")
@_MACHINES
@click.option("--reason", required=True, help="How you know that it is off; goes to the audit log.")
@yes_option
def declare_off(names: tuple[str, ...], reason: str, yes: bool) -> None:
    """State that MACHINE is switched off, so that its cards and data are free again.

    If it still runs, two engines may write the same data. The statement is kept in the audit log.
    """
    from protos.aigc.v1 import admin_pb2

    async def act(session: CoordinatorSession, node: admin_pb2.Node) -> str:
        said = await session.admin.DeclareNodeOff(
            admin_pb2.DeclareNodeOffRequest(node_id=node.id, reason=reason)
        )
        return f"{node.name} counts as off; {said.leases_freed} leases are free."

    _confirmed("declare-off", names, yes, act)


@nodes_command.command("accept-ledger")
@_MACHINES
@yes_option
def accept_ledger(names: tuple[str, ...], yes: bool) -> None:
    """Take the coordinator's ledger as the truth on MACHINE, although it went back.

    For a coordinator that was restored from a backup or began anew. What that ledger does not
    know is kept as unclaimed for a while.
    """
    from protos.aigc.v1 import admin_pb2

    async def act(session: CoordinatorSession, node: admin_pb2.Node) -> str:
        await session.admin.AcceptLedger(admin_pb2.AcceptLedgerRequest(node_id=node.id))
        return f"{node.name} follows this ledger."

    _confirmed("accept-ledger", names, yes, act)


def _confirmed(
    act: str,
    names: Sequence[str],
    yes: bool,
    do: Callable[[CoordinatorSession, admin_pb2.Node], Awaitable[str]],
) -> None:
    """Say what will happen to whom, in the admin window's words; then do it to one by one."""

    async def work(session: CoordinatorSession) -> None:
        nodes = await list_nodes(session)
        chosen = find_nodes(nodes, names)
        said = _consequence(act, chosen, nodes, await list_instances(session))
        stop = "。" if language() == "zh" else ". "
        agree(f"{said.title}{stop}{said.sentence}", yes, said.victims)
        for node in chosen:
            click.echo(await do(session, node))

    connection.run(work)


def _consequence(
    act: str,
    chosen: Sequence[admin_pb2.Node],
    nodes: Sequence[admin_pb2.Node],
    instances: Sequence[creator_pb2.Instance],
) -> Consequence:
    from desktop_client.admin.machines.actions import Act, consequence

    fleet = fleet_of(nodes, instances)
    return consequence(Act(act), [fleet.nodes[n.id] for n in chosen], fleet, language())


for _command in (rename_node, move_node, label_node, node_readings, unclaimed):
    nodes_command.add_command(_command)
