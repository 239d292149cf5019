"""IT: the GPU machines."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection
from aigc.cli.output import json_option, print_json, print_table, sentence, size, timestamp, when
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, common_pb2


@click.group("nodes")
def nodes_command() -> None:
    """IT: the GPU machines."""


@nodes_command.command("list")
@json_option
def list_nodes(as_json: bool) -> None:
    """Every machine, its cards, and what is wrong with it."""
    nodes = connection.run(_nodes)
    if as_json:
        print_json([_node(n) for n in nodes])
        return
    print_table(
        ["machine", "pool", "state", "driver", "cards", "instances", "attention"],
        [
            [
                n.name,
                n.pool,
                _state(n),
                n.driver_name or "–",
                ", ".join(_card(g) for g in n.gpus) or "–",
                str(len(n.instance_ids)),
                " ".join(_attention(n)),
            ]
            for n in nodes
        ],
        "No machine has joined yet; 'aigc coordinator join-command' prints the line to run there.",
    )


def _state(node: admin_pb2.Node) -> str:
    if node.revoked:
        return "revoked"
    if not node.online:
        return f"offline since {when(node.last_seen_ms)}"
    return "draining" if node.draining else "online"


def _card(gpu: common_pb2.GpuReading) -> str:
    memory = size(gpu.memory_total_bytes if gpu.HasField("memory_total_bytes") else None)
    return f"{gpu.name} {memory}" + (" (simulated)" if gpu.simulated else "")


def _attention(node: admin_pb2.Node) -> list[str]:
    found = [sentence(p) for p in node.problems]
    if node.ledger_refused:
        found.append("The ledger went back: this machine kept its own state. See accept-ledger.")
    if node.unclaimed:
        found.append(f"{len(node.unclaimed)} unclaimed; see 'aigc nodes unclaimed'.")
    return found


def _node(node: admin_pb2.Node) -> dict[str, Any]:
    from protos.aigc.v1 import common_pb2

    doors = {
        common_pb2.DOOR_CLOSED: "closed",
        common_pb2.DOOR_OPEN_TO_LOCAL_USERS: "open-to-local-users",
    }
    return {
        "id": node.id,
        "name": node.name,
        "pool": node.pool,
        "online": node.online,
        "draining": node.draining,
        "revoked": node.revoked,
        "last_seen": timestamp(node.last_seen_ms),
        "agent_version": node.agent_version,
        "driver": node.driver_name,
        "docker_version": node.docker_version or None,
        "nvidia_driver": node.nvidia_driver or None,
        "door": doors.get(node.door, "unknown"),
        "disk_free_bytes": node.disk_free_bytes,
        "ledger_refused": node.ledger_refused,
        "gpus": [_gpu(g) for g in node.gpus],
        "problems": [{"en": p.en, "zh": p.zh} for p in node.problems],
        "unclaimed": [_unclaimed(u) for u in node.unclaimed],
        "instances": list(node.instance_ids),
    }


def _gpu(gpu: common_pb2.GpuReading) -> dict[str, Any]:
    def known(name: str) -> Any:
        return getattr(gpu, name) if gpu.HasField(name) else None  # type: ignore[arg-type]

    return {
        "uuid": gpu.uuid,
        "name": gpu.name,
        "simulated": gpu.simulated,
        "pci_bus_id": known("pci_bus_id"),
        "memory_total_bytes": known("memory_total_bytes"),
        "memory_used_bytes": known("memory_used_bytes"),
        "utilisation_percent": known("utilisation_percent"),
        "temperature_celsius": known("temperature_celsius"),
        "power_watts": known("power_watts"),
        "compute_capability": known("compute_capability"),
    }


def _unclaimed(item: admin_pb2.Unclaimed) -> dict[str, Any]:
    return {
        "container": item.container_id,
        "instance": item.instance_id,
        "epoch": item.epoch,
        "first_seen": timestamp(item.first_seen_ms),
        "stopped_after": timestamp(item.stop_after_ms),
    }


@nodes_command.command("drain")
@click.argument("machine")
def drain_node(machine: str) -> None:
    """Place nothing new on MACHINE; what runs there goes on until it is released."""
    _set_draining(machine, True)


@nodes_command.command("undrain")
@click.argument("machine")
def undrain_node(machine: str) -> None:
    """Use MACHINE again."""
    _set_draining(machine, False)


def _set_draining(machine: str, draining: bool) -> None:
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.Node:
        node = await _find(session, machine)
        await session.admin.DrainNode(
            admin_pb2.DrainNodeRequest(node_id=node.id, draining=draining)
        )
        return node

    node = connection.run(work)
    running = len(node.instance_ids)
    if draining:
        click.echo(f"{node.name} takes nothing new; {running} running there go on.")
    else:
        click.echo(f"{node.name} takes new instances again.")


@nodes_command.command("revoke")
@click.argument("machine")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke_node(machine: str, yes: bool) -> None:
    """End MACHINE's certificate: it must join again with a new token."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> str:
        node = await _find(session, machine)
        _ask(f"{node.name} will be cut off; {len(node.instance_ids)} instances are on it.", yes)
        await session.admin.RevokeNode(admin_pb2.RevokeNodeRequest(node_id=node.id))
        return node.name

    click.echo(f"{connection.run(work)} is revoked.")


@nodes_command.command("declare-off")
@click.argument("machine")
@click.option("--reason", required=True, help="How you know that it is off; goes to the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def declare_off(machine: str, reason: str, yes: bool) -> None:
    """State that MACHINE is switched off, so that its cards and data are free again.

    If it still runs, two engines may write the same data. The statement is kept in the audit log.
    """
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> tuple[str, int]:
        node = await _find(session, machine)
        _ask(f"You state that {node.name} is switched off and nothing on it runs.", yes)
        said = await session.admin.DeclareNodeOff(
            admin_pb2.DeclareNodeOffRequest(node_id=node.id, reason=reason)
        )
        return node.name, said.leases_freed

    name, freed = connection.run(work)
    click.echo(f"{name} counts as off; {freed} leases are free.")


@nodes_command.command("accept-ledger")
@click.argument("machine")
@click.option("--yes", is_flag=True, help="Do not ask.")
def accept_ledger(machine: str, yes: bool) -> None:
    """Take the coordinator's ledger as the truth on MACHINE, although it went back.

    For a coordinator that was restored from a backup or began anew. What that ledger does not
    know is kept as unclaimed for a while.
    """
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> str:
        node = await _find(session, machine)
        _ask(f"{node.name} takes this coordinator's ledger as the truth.", yes)
        await session.admin.AcceptLedger(admin_pb2.AcceptLedgerRequest(node_id=node.id))
        return node.name

    click.echo(f"{connection.run(work)} follows this ledger.")


@nodes_command.command("unclaimed")
@click.option("--stop", "container", metavar="CONTAINER", help="Stop this one now.")
@json_option
def unclaimed(container: str | None, as_json: bool) -> None:
    """Containers with our labels that the ledger does not know."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> list[tuple[admin_pb2.Node, admin_pb2.Unclaimed]]:
        found = [(n, u) for n in await _nodes(session) for u in n.unclaimed]
        if container is None:
            return found
        chosen = [(n, u) for n, u in found if u.container_id.startswith(container)]
        if len(chosen) != 1:
            raise AigcError(
                "container-unknown",
                f"{len(chosen)} unclaimed containers begin with {container}; name one.",
                ErrorKind.NOT_FOUND,
            )
        node, item = chosen[0]
        await session.admin.ResolveUnclaimed(
            admin_pb2.ResolveUnclaimedRequest(node_id=node.id, container_id=item.container_id)
        )
        return chosen

    found = connection.run(work)
    if as_json:
        print_json([{"node": n.name} | _unclaimed(u) for n, u in found])
    elif container is not None:
        click.echo(f"{found[0][1].container_id[:12]} on {found[0][0].name} is being stopped.")
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


def _ask(words: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise AigcError("not-confirmed", f"{words} This needs a yes: add --yes.")
    if not click.confirm(f"{words} Go on?", err=True):
        raise click.Abort


async def _nodes(session: CoordinatorSession) -> list[admin_pb2.Node]:
    from protos.aigc.v1 import admin_pb2

    return list((await session.admin.ListNodes(admin_pb2.ListNodesRequest())).nodes)


async def _find(session: CoordinatorSession, name: str) -> admin_pb2.Node:
    nodes = await _nodes(session)
    matching = [n for n in nodes if name in (n.id, n.name)]
    if len(matching) == 1:
        return matching[0]
    near = difflib.get_close_matches(name, [n.name for n in nodes], n=1)
    hint = f"did you mean {near[0]}?" if near else "'aigc nodes list' shows all."
    if matching:
        raise AigcError(
            "node-ambiguous",
            f"{len(matching)} machines are called {name}: use the id; {hint}",
            ErrorKind.CONFLICT,
        )
    raise AigcError("node-unknown", f"There is no machine {name}; {hint}", ErrorKind.NOT_FOUND)
