"""API tokens: made, listed and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection, instances
from aigc.cli.output import json_option, print_json, print_table, say, timestamp, when
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2


@click.group("token")
def token_command() -> None:
    """API tokens: a script signs in with one in AIGC_TOKEN, or sends it to an engine."""


@token_command.command("create")
@click.argument("name")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 365))
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["api", "engines"]),
    help="api: this program's commands. engines: engines' own HTTP APIs, through the gateway. "
    "May be given twice; otherwise api.",
)
@click.option(
    "--engine",
    "names",
    multiple=True,
    metavar="INSTANCE",
    help="With --scope engines: for this instance alone. May be given more than once.",
)
@click.option("--read-only", is_flag=True, help="It changes nothing; with engines, it looks on.")
@json_option
def create_token(
    name: str,
    days: int,
    scopes: tuple[str, ...],
    names: tuple[str, ...],
    read_only: bool,
    as_json: bool,
) -> None:
    """Make a token. It is shown once, now."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.CreateTokenResponse:
        limited: list[str] = []
        if names:
            listed = await session.creator.ListInstances(creator_pb2.ListInstancesRequest())
            open_to_me = [*listed.instances, *listed.shared]
            limited = [instances.find(open_to_me, wanted).id for wanted in names]
        said: creator_pb2.CreateTokenResponse = await session.creator.CreateToken(
            creator_pb2.CreateTokenRequest(
                name=name, days=days, scopes=scopes, read_only=read_only, instance_ids=limited
            )
        )
        return said

    said = connection.run(work)
    if as_json:
        print_json(token_json(said.info) | {"token": said.token})
        return
    say(f"The token is shown this once; it ends on {when(said.info.expires_at_ms)}.")
    click.echo(said.token)


@token_command.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """Your tokens, without their secrets."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.ListTokensResponse:
        said: creator_pb2.ListTokensResponse = await session.creator.ListTokens(
            creator_pb2.ListTokensRequest()
        )
        return said

    tokens = connection.run(work).tokens
    if as_json:
        print_json([token_json(t) for t in tokens])
        return
    print_table(
        ["id", "name", "for", "made", "ends", "last used"],
        [
            [
                t.id,
                t.name,
                good_for(t),
                when(t.created_at_ms),
                when(t.expires_at_ms) + (" (soon)" if t.ends_soon else ""),
                when(t.last_used_ms),
            ]
            for t in tokens
        ],
        "You have no tokens; 'aigc token create NAME' makes one.",
    )
    soon = [t.name for t in tokens if t.ends_soon]
    if soon:
        say(f"Ending soon: {', '.join(soon)}. Make new ones before your scripts stop.")


@token_command.command("revoke")
@click.argument("token_id")
def revoke_token(token_id: str) -> None:
    """End a token at once, by its id or its name."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> None:
        tokens = (await session.creator.ListTokens(creator_pb2.ListTokensRequest())).tokens
        matching = [t.id for t in tokens if token_id in (t.id, t.name)]
        if len(matching) != 1:
            raise AigcError(
                "token-unknown",
                f"{len(matching) or 'None'} of your tokens is called {token_id}: 'aigc token list' "
                "shows their ids.",
                ErrorKind.NOT_FOUND,
            )
        await session.creator.RevokeToken(creator_pb2.RevokeTokenRequest(id=matching[0]))

    connection.run(work)
    click.echo("Revoked.")


def good_for(token: creator_pb2.ApiToken) -> str:
    """What a token opens, in a few words: "engines (ComfyUI), read only"."""
    words = [
        f"engines ({', '.join(n or 'deleted' for n in token.instance_names)})"
        if scope == "engines" and token.instance_ids
        else scope
        for scope in token.scopes or ["api"]
    ]
    return ", ".join([*words, *(["read only"] if token.read_only else [])])


def token_json(token: creator_pb2.ApiToken) -> dict[str, Any]:
    """The stable keys of a token; never its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "created_at": timestamp(token.created_at_ms),
        "expires_at": timestamp(token.expires_at_ms),
        "last_used_at": timestamp(token.last_used_ms),
        "scopes": list(token.scopes) or ["api"],
        "read_only": token.read_only,
        "instances": list(token.instance_ids),
        "ends_soon": token.ends_soon,
    }
