"""Moving to another provider: asking for a former account, and IT's approval."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection
from aigc.cli.confirm import agree, yes_option
from aigc.cli.output import json_option, print_json, print_table, timestamp
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2

_STATES = ("", "open", "approved", "refused", "withdrawn")


@click.group("link")
def link_command() -> None:
    """After a move to another sign-in service: ask for what your former account owns."""


@link_command.command("ask")
@click.argument("username")
@click.option("--note", default="", help="For the admin who decides.")
@click.option(
    "--password", is_flag=True, help="Prove it with the former account's password; it is asked for."
)
@json_option
def ask(username: str, note: str, password: bool, as_json: bool) -> None:
    """Ask to be taken for the former account USERNAME. An admin decides."""
    from protos.aigc.v1 import creator_pb2

    secret = ""
    if password:
        secret = (
            click.prompt("Password of the former account", hide_input=True, err=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\r\n")
        )
    request = creator_pb2.RequestLinkRequest(username=username, password=secret, note=note)

    async def work(session: CoordinatorSession) -> creator_pb2.LinkRequest:
        said: creator_pb2.RequestLinkResponse = await session.sessions.RequestLink(request)
        return said.link

    link = connection.run(work)
    if as_json:
        print_json(_own(link))
    else:
        click.echo("Asked. An admin decides; 'aigc link show' tells how.")


@link_command.command("show")
@json_option
def show(as_json: bool) -> None:
    """What became of your request."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.GetLinkResponse:
        said: creator_pb2.GetLinkResponse = await session.sessions.GetLink(
            creator_pb2.GetLinkRequest()
        )
        return said

    said = connection.run(work)
    has = said.HasField("link")
    if as_json:
        print_json({"request": _own(said.link) if has else None, "possible": said.possible})
    elif has:
        state = _STATES[said.link.state]
        reason = f": {said.link.reason}" if said.link.reason else ""
        click.echo(f'Your request for "{said.link.username}" is {state}{reason}.')
    elif said.possible:
        click.echo("You asked for nothing; 'aigc link ask USERNAME' does.")
    else:
        click.echo("There is no former account to ask for.")


@link_command.command("withdraw")
def withdraw() -> None:
    """Take your open request back."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> None:
        await session.sessions.WithdrawLink(creator_pb2.WithdrawLinkRequest())

    connection.run(work)
    click.echo("Withdrawn.")


def _own(link: creator_pb2.LinkRequest) -> dict[str, Any]:
    return {
        "id": link.id,
        "username": link.username,
        "proven": link.proven,
        "note": link.note,
        "state": _STATES[link.state],
        "asked_at": timestamp(link.asked_at_ms),
        "decided_at": timestamp(link.decided_at_ms),
        "reason": link.reason,
    }


@click.command("links")
@click.option("--all", "everything", is_flag=True, help="Those that were decided, too.")
@json_option
def links_command(everything: bool, as_json: bool) -> None:
    """Who asks to be taken for a former account."""
    links = connection.run(lambda session: _links(session, everything))
    if as_json:
        print_json([_row(link) for link in links])
        return
    print_table(
        ["id", "asks", "former account", "proof", "would get", "has made", "state"],
        [
            [
                link.id,
                link.asker.name,
                f"{link.username} ({link.former.name})"
                if link.HasField("former")
                else f"{link.username} (nobody)",
                "password" if link.proven else "name alone",
                ", ".join(link.former_engines) or "–",
                ", ".join(link.asker_engines) or "–",
                _STATES[link.state] + (f": {link.obstacle.en}" if link.obstacle.en else ""),
            ]
            for link in links
        ],
        "Nobody asks.",
    )


@click.command("approve-link")
@click.argument("link_id")
@yes_option
@json_option
def approve_command(link_id: str, yes: bool, as_json: bool) -> None:
    """Agree: who asks is that person from now on, with all that either owns."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.Person:
        link = await _open(session, link_id)
        proof = "knew the password" if link.proven else "only named it"
        agree(
            f"{link.asker.name} <{link.asker.email}> becomes {link.former.name or link.username} "
            f"and gets these engines with their data. They {proof}. It cannot be taken back.",
            yes,
            list(link.former_engines),
        )
        said = await session.admin.ApproveLink(admin_pb2.ApproveLinkRequest(link_id=link.id))
        person: creator_pb2.Person = said.person
        return person

    person = connection.run(work)
    if as_json:
        print_json({"id": person.id, "name": person.name, "role": person.role})
    else:
        click.echo(f"{person.name} has their former account's engines now ({person.role}).")


@click.command("refuse-link")
@click.argument("link_id")
@click.option("--reason", default="", help="Who asked reads it.")
@json_option
def refuse_command(link_id: str, reason: str, as_json: bool) -> None:
    """Say no to a request."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> str:
        link = await _open(session, link_id)
        await session.admin.RefuseLink(admin_pb2.RefuseLinkRequest(link_id=link.id, reason=reason))
        return link.id

    refused = connection.run(work)
    if as_json:
        print_json({"id": refused, "state": "refused", "reason": reason})
    else:
        click.echo("Refused.")


async def _links(session: CoordinatorSession, everything: bool) -> list[creator_pb2.LinkRequest]:
    from protos.aigc.v1 import admin_pb2

    said = await session.admin.ListLinks(admin_pb2.ListLinksRequest(all=everything))
    return list(said.links)


async def _open(session: CoordinatorSession, link_id: str) -> creator_pb2.LinkRequest:
    for link in await _links(session, False):
        if link_id in (link.id, link.username, link.asker.name):
            return link
    raise AigcError(
        "link-unknown",
        f"There is no open request {link_id}: 'aigc people links' lists them.",
        ErrorKind.NOT_FOUND,
    )


def _row(link: creator_pb2.LinkRequest) -> dict[str, Any]:
    return _own(link) | {
        "asker": {"id": link.asker.id, "name": link.asker.name, "email": link.asker.email},
        "former": {"id": link.former.id, "name": link.former.name, "role": link.former.role}
        if link.HasField("former")
        else None,
        "obstacle": link.obstacle.en,
        "former_engines": list(link.former_engines),
        "asker_engines": list(link.asker_engines),
        "decided_by": link.decided_by,
    }
