"""The trash: what one deleted and can still have back."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection, instances
from aigc.cli.output import json_option, print_json, print_table, say, size, timestamp, when
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2


@click.group("trash")
def trash_command() -> None:
    """What you deleted and can still have back."""


@trash_command.command("list")
@json_option
def list_trash(as_json: bool) -> None:
    """What is in your trash, and until when it is kept."""
    kept = connection.run(_trash)
    if as_json:
        print_json([_as_json(t) for t in kept])
        return
    print_table(
        ["name", "engine", "deleted", "kept until", "data", "machine", "id"],
        [
            [
                t.name,
                t.engine_id,
                when(t.deleted_at_ms),
                when(t.kept_until_ms),
                size(t.data_bytes if t.HasField("data_bytes") else None),
                t.node_name or "–",
                t.id,
            ]
            for t in kept
        ],
        "Your trash is empty.",
    )


@trash_command.command("restore")
@click.argument("name_or_id")
@json_option
def restore(name_or_id: str, as_json: bool) -> None:
    """Bring NAME_OR_ID back: a new, stopped instance with the old files, at a new address."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        found = find(await _trash(session), name_or_id)
        request = creator_pb2.RestoreInstanceRequest(instance_id=found.id)
        said: creator_pb2.Instance = (await session.creator.RestoreInstance(request)).instance
        return said

    instance = connection.run(work)
    if as_json:
        print_json(instances.as_json(instance))
        return
    click.echo(f"{instance.name}: {instances.row(instance)[-1]}")
    say(f"'aigc start {instance.id}' starts it; its address is {instance.url}")


async def _trash(session: CoordinatorSession) -> list[creator_pb2.TrashedInstance]:
    from protos.aigc.v1 import creator_pb2

    said = await session.creator.ListTrash(creator_pb2.ListTrashRequest())
    return list(said.instances)


def find(kept: Sequence[creator_pb2.TrashedInstance], name: str) -> creator_pb2.TrashedInstance:
    """By id or by name.

    Raises:
        AigcError: ``not-in-trash`` with the nearest name, or ``instance-ambiguous``.
    """
    for matching in (
        [t for t in kept if t.id == name],
        [t for t in kept if t.name == name],
        [t for t in kept if t.name.casefold() == name.casefold()],
    ):
        if len(matching) == 1:
            return matching[0]
        if matching:
            listed = ", ".join(f"{t.id} (deleted {when(t.deleted_at_ms)})" for t in matching)
            raise AigcError(
                "instance-ambiguous",
                f"{name} is in your trash more than once: say which by its id, {listed}.",
                ErrorKind.CONFLICT,
            )
    near = difflib.get_close_matches(name, [t.name for t in kept], n=1)
    hint = f"did you mean {near[0]}?" if near else "'aigc trash list' shows what is there."
    raise AigcError(
        "not-in-trash", f"There is no {name} in your trash; {hint}", ErrorKind.NOT_FOUND
    )


def _as_json(trashed: creator_pb2.TrashedInstance) -> dict[str, Any]:
    return {
        "id": trashed.id,
        "name": trashed.name,
        "engine": trashed.engine_id,
        "version": trashed.version,
        "deleted_at": timestamp(trashed.deleted_at_ms),
        "kept_until": timestamp(trashed.kept_until_ms),
        "data_bytes": trashed.data_bytes if trashed.HasField("data_bytes") else None,
        "node": trashed.node_name or None,
        "line": {"en": trashed.line.en, "zh": trashed.line.zh},
    }
