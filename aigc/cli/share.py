"""Sharing: let a colleague or a team open an instance for a time, see it, end it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection, instances
from aigc.cli.output import json_option, print_json, print_table, say, timestamp, when
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2

_LENGTH = re.compile(r"(\d{1,5})\s*(min|m|h|d)")
_MINUTES = {"min": 1, "m": 1, "h": 60, "d": 24 * 60}


def _minutes(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """A length of time such as 30m, 8h or 3d."""
    found = _LENGTH.fullmatch(value.strip().lower())
    if found is None:
        raise click.BadParameter("Say how long, such as 30m, 8h or 3d.", ctx, param)
    return int(found[1]) * _MINUTES[found[2]]


@click.command("share")
@click.argument("instance")
@click.option("--with", "person", default="", metavar="NAME", help="A colleague: name or e-mail.")
@click.option("--team", default="", help="One of your teams, instead.")
@click.option(
    "--for",
    "minutes",
    default="8h",
    show_default=True,
    metavar="TIME",
    callback=_minutes,
    help="30m, 8h, 3d; at most 30d.",
)
@click.option("--view", is_flag=True, help="To look on: only requests that read pass.")
@json_option
def share_command(
    instance: str, person: str, team: str, minutes: int, view: bool, as_json: bool
) -> None:
    """Let a colleague or a team open INSTANCE for a time."""
    from protos.aigc.v1 import common_pb2, creator_pb2

    if bool(person) == bool(team):
        raise click.UsageError("Say with whom: --with NAME or --team TEAM.")

    async def work(session: CoordinatorSession) -> tuple[creator_pb2.Share, str]:
        listed = await session.creator.ListInstances(creator_pb2.ListInstancesRequest())
        found = instances.find(listed.instances, instance)
        guest = await _colleague(session, person) if person else ""
        said = await session.creator.ShareInstance(
            creator_pb2.ShareInstanceRequest(
                instance_id=found.id,
                person_id=guest,
                team=team,
                access=common_pb2.ACCESS_VIEW if view else common_pb2.ACCESS_USE,
                minutes=minutes,
            )
        )
        return said.share, found.url

    share, url = connection.run(work)
    if as_json:
        print_json(share_json(share) | {"url": url})
        return
    what = "look at" if view else "use"
    say(f"{whom(share)} may {what} {share.instance_name} until {when(share.expires_at_ms)}:")
    click.echo(url)


@click.command("shares")
@click.argument("instance", required=False)
@json_option
def shares_command(instance: str | None, as_json: bool) -> None:
    """What you share, or who may open INSTANCE; and what is shared with you."""

    async def work(session: CoordinatorSession) -> creator_pb2.ListSharesResponse:
        return await _shares(session, instance)

    said = connection.run(work)
    if as_json:
        print_json(
            {
                "given": [share_json(s) for s in said.given],
                "received": [share_json(s) for s in said.received],
            }
        )
        return
    rows = [
        ["given", s.instance_name, whom(s), _access(s), when(s.expires_at_ms), s.id]
        for s in said.given
    ]
    rows += [
        ["received", s.instance_name, s.owner_name, _access(s), when(s.expires_at_ms), s.id]
        for s in said.received
    ]
    print_table(
        ["", "instance", "who", "access", "until", "id"],
        rows,
        "Nothing is shared; 'aigc share INSTANCE --with NAME' lets a colleague in.",
    )


@click.command("unshare")
@click.argument("instance_or_id")
@click.option("--with", "person", default="", metavar="NAME", help="Only with this colleague.")
@click.option("--team", default="", help="Only with this team.")
@json_option
def unshare_command(instance_or_id: str, person: str, team: str, as_json: bool) -> None:
    """Let them in no longer, at once: one share by its id, or all of an instance's."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> list[creator_pb2.Share]:
        everything = await _shares(session, None)
        chosen = [s for s in [*everything.given, *everything.received] if s.id == instance_or_id]
        if not chosen:
            listed = await session.creator.ListInstances(creator_pb2.ListInstancesRequest())
            found = instances.find(listed.instances, instance_or_id)
            chosen = [s for s in everything.given if s.instance_id == found.id]
        if person:
            chosen = [s for s in chosen if _same(person, s.person_name) or s.person_id == person]
        if team:
            chosen = [s for s in chosen if s.team == team]
        if not chosen:
            raise AigcError(
                "share-unknown",
                f"{instance_or_id} is not shared like that; 'aigc shares' lists what is.",
                ErrorKind.NOT_FOUND,
            )
        for share in chosen:
            await session.creator.RevokeShare(creator_pb2.RevokeShareRequest(id=share.id))
        return chosen

    ended = connection.run(work)
    if as_json:
        print_json([share_json(s) for s in ended])
        return
    for share in ended:
        click.echo(f"{share.instance_name}: no longer shared with {whom(share)}")


async def _shares(
    session: CoordinatorSession, instance: str | None
) -> creator_pb2.ListSharesResponse:
    from protos.aigc.v1 import creator_pb2

    instance_id = ""
    if instance:
        listed = await session.creator.ListInstances(creator_pb2.ListInstancesRequest())
        instance_id = instances.find(listed.instances, instance).id
    said: creator_pb2.ListSharesResponse = await session.creator.ListShares(
        creator_pb2.ListSharesRequest(instance_id=instance_id)
    )
    return said


async def _colleague(session: CoordinatorSession, name: str) -> str:
    """The id of the one who is meant.

    Raises:
        AigcError: nobody, or more than one, by that name.
    """
    from protos.aigc.v1 import creator_pb2

    said = await session.creator.FindColleagues(creator_pb2.FindColleaguesRequest(query=name))
    people: Sequence[creator_pb2.Colleague] = said.people
    exact = [p for p in people if p.id == name or _same(p.name, name)]
    if len(exact) == 1 and not said.more:
        return exact[0].id
    if len(people) == 1:
        return people[0].id
    if not people:
        raise AigcError(
            "colleague-unknown",
            f"Nobody here is called {name}; whoever it is must have signed in once.",
            ErrorKind.NOT_FOUND,
        )
    listed = ", ".join(f"{p.name} ({p.hint})" if p.hint else p.name for p in people)
    raise AigcError(
        "colleague-ambiguous",
        f"{name} could be {listed}{' and more' if said.more else ''}: say the whole name or the "
        "e-mail address.",
        ErrorKind.CONFLICT,
    )


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def whom(share: creator_pb2.Share) -> str:
    """Who is let in: a person by name, or a team."""
    return share.person_name or share.person_id or f"team {share.team}"


def _access(share: creator_pb2.Share) -> str:
    return instances.access_name(share.access)


def share_json(share: creator_pb2.Share) -> dict[str, Any]:
    """The stable keys of a share."""
    return {
        "id": share.id,
        "instance": share.instance_id,
        "name": share.instance_name,
        "owner": share.owner_name,
        "person": share.person_name or None,
        "person_id": share.person_id or None,
        "team": share.team or None,
        "access": instances.access_name(share.access),
        "created_at": timestamp(share.created_at_ms),
        "expires_at": timestamp(share.expires_at_ms),
    }
