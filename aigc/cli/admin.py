"""IT: everybody's instances, accounts, and who did what."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection, instances
from aigc.cli.output import json_option, print_json, print_table, say, timestamp, when
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, creator_pb2

ROLES = ("creator", "team_lead", "auditor", "admin")


@click.group("instances")
def instances_command() -> None:
    """IT: everybody's instances."""


@instances_command.command("list")
@json_option
def list_instances(as_json: bool) -> None:
    """Every instance of everybody."""
    found = connection.run(_all)
    if as_json:
        print_json([instances.as_json(i) for i in found])
        return
    print_table(
        ["owner", *instances.COLUMNS, "machine", "id"],
        [[i.owner_name, *instances.row(i), i.node_name or "–", i.id] for i in found],
        "Nobody has an instance.",
    )


@instances_command.command("stop")
@click.argument("instance")
@json_option
def stop_instance(instance: str, as_json: bool) -> None:
    """Stop anybody's INSTANCE; the data is kept, and the owner sees that IT stopped it."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        found = instances.find(await _all(session), instance)
        request = admin_pb2.StopAnyInstanceRequest(instance_id=found.id)
        said: creator_pb2.Instance = (await session.admin.StopAnyInstance(request)).instance
        return said

    stopped = connection.run(work)
    if as_json:
        print_json(instances.as_json(stopped))
    else:
        click.echo(f"{stopped.name} of {stopped.owner_name}: {instances.row(stopped)[-1]}")


@instances_command.command("story")
@click.argument("instance")
@json_option
def story(instance: str, as_json: bool) -> None:
    """Everything that happened to INSTANCE, with its cause."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> list[admin_pb2.StoryLine]:
        found = instances.find(await _all(session), instance)
        request = admin_pb2.GetStoryRequest(instance_id=found.id)
        return list((await session.admin.GetStory(request)).lines)

    lines = connection.run(work)
    if as_json:
        print_json(
            [
                {
                    "seq": s.seq,
                    "at": timestamp(s.at_ms),
                    "event": s.event,
                    "cause": s.cause,
                    "from": s.from_state,
                    "to": s.to_state,
                    "detail": s.detail,
                }
                for s in lines
            ]
        )
        return
    print_table(
        ["at", "event", "by", "from", "to", ""],
        [[when(s.at_ms), s.event, s.cause, s.from_state, s.to_state, s.detail] for s in lines],
    )


async def _all(session: CoordinatorSession) -> list[creator_pb2.Instance]:
    from protos.aigc.v1 import admin_pb2

    said = await session.admin.ListAllInstances(admin_pb2.ListAllInstancesRequest())
    return list(said.instances)


@click.group("people")
def people_command() -> None:
    """IT: accounts and roles."""


@people_command.command("list")
@json_option
def list_people(as_json: bool) -> None:
    """Everybody who has an account or signed in."""
    rows = connection.run(_people)
    if as_json:
        print_json([_row(r) for r in rows])
        return
    print_table(
        ["name", "e-mail", "role", "teams", "account", "last seen"],
        [
            [
                r.person.name,
                r.person.email or "–",
                r.person.role + (" (disabled)" if r.disabled else ""),
                ", ".join(r.person.teams) or "–",
                "local" if r.local else "foreign",
                when(r.last_seen_ms),
            ]
            for r in rows
        ],
    )


def _row(row: admin_pb2.PersonRow) -> dict[str, Any]:
    return {
        "id": row.person.id,
        "name": row.person.name,
        "email": row.person.email,
        "role": row.person.role,
        "teams": list(row.person.teams),
        "disabled": row.disabled,
        "local": row.local,
        "last_seen": timestamp(row.last_seen_ms),
    }


@people_command.command("add")
@click.argument("username")
@click.option("--name", default="", help="The name that others see; otherwise the user name.")
@click.option("--role", type=click.Choice(ROLES), default="creator", show_default=True)
@json_option
def add_person(username: str, name: str, role: str, as_json: bool) -> None:
    """Make a local account. Its one-time password is shown once, now."""
    from protos.aigc.v1 import admin_pb2

    request = admin_pb2.CreateAccountRequest(username=username, name=name or username, role=role)

    async def work(session: CoordinatorSession) -> admin_pb2.CreateAccountResponse:
        said: admin_pb2.CreateAccountResponse = await session.admin.CreateAccount(request)
        return said

    said = connection.run(work)
    if as_json:
        print_json(
            {
                "id": said.person.id,
                "username": username,
                "role": said.person.role,
                "one_time_password": said.one_time_password,
            }
        )
        return
    say(f"{username} signs in with this password once and then chooses another:")
    click.echo(said.one_time_password)


@people_command.command("disable")
@click.argument("person")
def disable_person(person: str) -> None:
    """Lock PERSON out: sessions, tokens and open pages end at once."""
    click.echo(f"{_set_disabled(person, True)} is locked out.")


@people_command.command("enable")
@click.argument("person")
def enable_person(person: str) -> None:
    """Let PERSON in again."""
    click.echo(f"{_set_disabled(person, False)} may sign in again.")


def _set_disabled(person: str, disabled: bool) -> str:
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> str:
        found = await _find(session, person)
        await session.admin.SetPersonDisabled(
            admin_pb2.SetPersonDisabledRequest(person_id=found.person.id, disabled=disabled)
        )
        return found.person.name

    return connection.run(work)


@people_command.command("role")
@click.argument("person")
@click.argument("role", type=click.Choice(ROLES))
def set_role(person: str, role: str) -> None:
    """Give PERSON a ROLE."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> str:
        found = await _find(session, person)
        await session.admin.SetPersonRole(
            admin_pb2.SetPersonRoleRequest(person_id=found.person.id, role=role)
        )
        return found.person.name

    click.echo(f"{connection.run(work)} is {role} now.")


async def _people(session: CoordinatorSession) -> list[admin_pb2.PersonRow]:
    from protos.aigc.v1 import admin_pb2

    return list((await session.admin.ListPeople(admin_pb2.ListPeopleRequest())).people)


async def _find(session: CoordinatorSession, name: str) -> admin_pb2.PersonRow:
    rows = await _people(session)
    matching = [r for r in rows if name in (r.person.id, r.person.name, r.person.email)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        listed = ", ".join(r.person.id for r in matching)
        raise AigcError(
            "person-ambiguous",
            f"{len(matching)} people are called {name}: use an id ({listed}).",
            ErrorKind.CONFLICT,
        )
    near = difflib.get_close_matches(name, [r.person.name for r in rows], n=1)
    hint = f"did you mean {near[0]}?" if near else "'aigc people list' shows all."
    raise AigcError("person-unknown", f"There is nobody called {name}; {hint}", ErrorKind.NOT_FOUND)


@click.command("audit")
@click.option("-n", "--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def audit_command(limit: int, as_json: bool) -> None:
    """IT: who did what, the newest first."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> list[admin_pb2.AuditEntry]:
        request = admin_pb2.ListAuditRequest(limit=limit)
        return list((await session.admin.ListAudit(request)).entries)

    entries = connection.run(work)
    if as_json:
        print_json(
            [
                {
                    "at": timestamp(e.at_ms),
                    "actor": e.actor,
                    "action": e.action,
                    "target": e.target,
                    "outcome": e.outcome,
                    "detail": e.detail,
                }
                for e in entries
            ]
        )
        return
    print_table(
        ["at", "who", "did", "to", "outcome", ""],
        [[when(e.at_ms), e.actor, e.action, e.target, e.outcome, e.detail] for e in entries],
        "The audit log is empty.",
    )
