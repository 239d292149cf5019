"""IT: who may open whose instance, and the end of it. Part of ``aigc instances``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aigc.cli import connection
from aigc.cli.confirm import agree, yes_option
from aigc.cli.instances import access_name
from aigc.cli.output import json_option, print_json, print_table, when
from aigc.cli.share import share_json, whom
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2


@click.command("shares")
@json_option
def all_shares(as_json: bool) -> None:
    """Every share that holds now, the first to end first."""
    shares = connection.run(_all)
    if as_json:
        print_json([share_json(s) for s in shares])
        return
    print_table(
        ["owner", "instance", "with", "access", "until", "id"],
        [
            [
                s.owner_name,
                s.instance_name,
                whom(s),
                access_name(s.access),
                when(s.expires_at_ms),
                s.id,
            ]
            for s in shares
        ],
        "Nothing is shared.",
    )


@click.command("unshare")
@click.argument("share_id")
@yes_option
@json_option
def end_any_share(share_id: str, yes: bool, as_json: bool) -> None:
    """End a share by its id; open pages of the guests close at once."""
    from protos.aigc.v1 import admin_pb2

    async def find(session: CoordinatorSession) -> creator_pb2.Share:
        found = next((s for s in await _all(session) if s.id == share_id), None)
        if found is None:
            raise AigcError(
                "share-unknown",
                f"There is no share {share_id}; 'aigc instances shares' lists them.",
                ErrorKind.NOT_FOUND,
            )
        return found

    async def end(session: CoordinatorSession) -> None:
        await session.admin.RevokeAnyShare(admin_pb2.RevokeAnyShareRequest(id=share_id))

    share = connection.run(find)
    agree(
        f"{whom(share)} can no longer open {share.instance_name} of {share.owner_name}; pages "
        "that are open close.",
        yes,
    )
    connection.run(end)
    if as_json:
        print_json(share_json(share))
    else:
        click.echo(f"{share.instance_name}: no longer shared with {whom(share)}")


async def _all(session: CoordinatorSession) -> list[creator_pb2.Share]:
    from protos.aigc.v1 import admin_pb2

    said = await session.admin.ListAllShares(admin_pb2.ListAllSharesRequest())
    return list(said.shares)
