"""IT: accounts, roles, sessions and tokens of people."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection
from aigc.cli.confirm import agree, yes_option
from aigc.cli.fleet import list_instances
from aigc.cli.links import approve_command, links_command, refuse_command
from aigc.cli.output import json_option, print_json, print_table, say, timestamp, when
from aigc.cli.token import good_for, token_json
from aigc.errors import AigcError, ErrorKind

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, creator_pb2

ROLES = ("creator", "team_lead", "auditor", "admin")


@click.group("people")
def people_command() -> None:
    """IT: accounts, roles, sessions and tokens."""


people_command.add_command(links_command)
people_command.add_command(approve_command)
people_command.add_command(refuse_command)


@people_command.command("list")
@json_option
def list_people(as_json: bool) -> None:
    """Everybody who has an account or signed in."""
    rows = connection.run(_people)
    if as_json:
        print_json([_row(r) for r in rows])
        return
    print_table(
        [
            *("name", "e-mail", "role", "teams", "account", "second factor", "sessions"),
            *("tokens", "last seen"),
        ],
        [
            [
                r.person.name,
                r.person.email or "–",
                _role_of(r) + (" (disabled)" if r.disabled else ""),
                ", ".join(r.person.teams) or "–",
                _account(r),
                ("on" if r.second_factor else "off") if r.local else "–",
                str(r.sessions),
                str(r.tokens),
                when(r.last_seen_ms),
            ]
            for r in rows
        ],
    )

    for row in rows:
        if row.HasField("problem"):
            say(f"{row.person.name}: {row.problem.en}")


def _role_of(row: admin_pb2.PersonRow) -> str:
    """The role; where an admin gave it here, what the claims say besides."""
    if not row.role_overridden or row.claims_role in ("", row.person.role):
        return row.person.role
    return f"{row.person.role} (given here; claims: {row.claims_role})"


def _account(row: admin_pb2.PersonRow) -> str:
    if not row.local:
        return "foreign"
    return f"{row.username} (one-time password)" if row.one_time_until_ms else row.username


def _row(row: admin_pb2.PersonRow) -> dict[str, Any]:
    return {
        "id": row.person.id,
        "name": row.person.name,
        "email": row.person.email,
        "role": row.person.role,
        "teams": list(row.person.teams),
        "disabled": row.disabled,
        "local": row.local,
        "sessions": row.sessions,
        "tokens": row.tokens,
        "claims_role": row.claims_role,
        "role_overridden": row.role_overridden,
        "problem": row.problem.en,
        "issuer": row.issuer,
        "username": row.username,
        "second_factor": row.second_factor,
        "one_time_password_until": timestamp(row.one_time_until_ms),
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
                "good_until": timestamp(said.one_time_until_ms),
            }
        )
        return
    say(
        f"{username} signs in with this password once, before {when(said.one_time_until_ms)}, and "
        "then chooses another:"
    )
    click.echo(said.one_time_password)


@people_command.command("reset-password")
@click.argument("person")
@yes_option
@json_option
def reset_password(person: str, yes: bool, as_json: bool) -> None:
    """Give PERSON a new one-time password, shown once, now. For local accounts.

    The person chooses another at the next sign-in. What they are signed in with ends at once.
    """
    from protos.aigc.v1 import admin_pb2

    async def work(
        session: CoordinatorSession,
    ) -> tuple[admin_pb2.PersonRow, admin_pb2.ResetPasswordResponse]:
        found = await _find(session, person)
        agree(
            f"{found.person.name} gets a new password, and "
            f"{_count(found.sessions, 'session')} end at once. "
            f"{_count(found.tokens, 'token')} and running engines stay.",
            yes,
        )
        request = admin_pb2.ResetPasswordRequest(person_id=found.person.id)
        return found, await session.admin.ResetPassword(request)

    row, said = connection.run(work)
    if as_json:
        print_json(
            {
                "id": row.person.id,
                "username": row.username,
                "one_time_password": said.one_time_password,
                "good_until": timestamp(said.one_time_until_ms),
            }
        )
        return
    say(
        f"{row.username} signs in with this password once, before "
        f"{when(said.one_time_until_ms)}, and then chooses another:"
    )
    click.echo(said.one_time_password)


@people_command.command("reset-second-factor")
@click.argument("person")
@yes_option
@json_option
def reset_second_factor(person: str, yes: bool, as_json: bool) -> None:
    """Take the second factor off PERSON's local account: a lost phone, no recovery codes."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.PersonRow:
        found = await _find(session, person)
        agree(
            f"{found.person.name} signs in with the password alone, until a new second factor is "
            f"set up; {_count(found.sessions, 'session')} end at once. Be sure that it is "
            f"{found.person.name} who asks.",
            yes,
        )
        request = admin_pb2.ResetSecondFactorRequest(person_id=found.person.id)
        await session.admin.ResetSecondFactor(request)
        return await _find(session, found.person.id)

    _tell(connection.run(work), "has no second factor any more", as_json)


@people_command.command("disable")
@click.argument("person")
@yes_option
@json_option
def disable_person(person: str, yes: bool, as_json: bool) -> None:
    """Lock PERSON out: sessions, tokens and open pages end at once."""
    _tell(_set_disabled(person, True, yes), "is locked out", as_json)


@people_command.command("enable")
@click.argument("person")
@json_option
def enable_person(person: str, as_json: bool) -> None:
    """Let PERSON in again."""
    _tell(_set_disabled(person, False, True), "may sign in again", as_json)


def _tell(row: admin_pb2.PersonRow, what: str, as_json: bool) -> None:
    if as_json:
        print_json(_row(row))
    else:
        click.echo(f"{row.person.name} {what}.")


def _set_disabled(person: str, disabled: bool, yes: bool) -> admin_pb2.PersonRow:
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.PersonRow:
        found = await _find(session, person)
        if disabled and not yes:
            held = await _running(session, found.person.id)
            engines = (
                f" These engines of theirs run on until they are released or stopped: {len(held)}."
            )
            agree(
                f"{found.person.name} is locked out: {_signed_in(found)} end at once, and open "
                f"pages close.{engines if held else ''}",
                yes,
                held,
            )
        await session.admin.SetPersonDisabled(
            admin_pb2.SetPersonDisabledRequest(person_id=found.person.id, disabled=disabled)
        )
        return await _find(session, found.person.id)

    return connection.run(work)


def _signed_in(row: admin_pb2.PersonRow) -> str:
    return f"{_count(row.sessions, 'session')} and {_count(row.tokens, 'token')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


async def _running(session: CoordinatorSession, person_id: str) -> list[str]:
    """Names of the engines that somebody holds now."""
    from aigc.cli.instances import state_name

    over = ("stopped", "failed", "lost", "deleted")
    return [
        f"{i.name} ({i.node_name or state_name(i)})"
        for i in await list_instances(session)
        if i.owner_id == person_id and state_name(i) not in over
    ]


@people_command.command("role")
@click.argument("person")
@click.argument("role", type=click.Choice((*ROLES, "from-claims")))
@json_option
def set_role(person: str, role: str, as_json: bool) -> None:
    """Give PERSON a ROLE, whatever the claims say; "from-claims" takes that back."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.PersonRow:
        found = await _find(session, person)
        await session.admin.SetPersonRole(
            admin_pb2.SetPersonRoleRequest(
                person_id=found.person.id, role="" if role == "from-claims" else role
            )
        )
        return await _find(session, found.person.id)

    row = connection.run(work)
    _tell(row, f"is {row.person.role} now", as_json)


@people_command.command("sign-out")
@click.argument("person")
@yes_option
@json_option
def sign_out_person(person: str, yes: bool, as_json: bool) -> None:
    """Sign PERSON out everywhere: every program and browser. Tokens and engines stay."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> tuple[str, int]:
        found = await _find(session, person)
        agree(
            f"{found.person.name} is signed out everywhere: {_count(found.sessions, 'session')} "
            f"end at once. {_count(found.tokens, 'token')} and running engines stay.",
            yes,
        )
        request = admin_pb2.SignOutEverywhereRequest(person_id=found.person.id)
        said = await session.admin.SignOutEverywhere(request)
        return found.person.name, said.sessions_ended

    name, ended = connection.run(work)
    if as_json:
        print_json({"name": name, "sessions_ended": ended})
    else:
        click.echo(f"{name} is signed out; {_count(ended, 'session')} ended.")


@people_command.command("tokens")
@click.argument("person")
@json_option
def tokens_of_person(person: str, as_json: bool) -> None:
    """PERSON's API tokens, without their secrets."""

    async def work(session: CoordinatorSession) -> list[creator_pb2.ApiToken]:
        return await _tokens(session, await _find(session, person))

    tokens = connection.run(work)
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
                when(t.expires_at_ms),
                when(t.last_used_ms),
            ]
            for t in tokens
        ],
        "No tokens.",
    )


@people_command.command("revoke-token")
@click.argument("person")
@click.argument("token")
@yes_option
@json_option
def revoke_token_of_person(person: str, token: str, yes: bool, as_json: bool) -> None:
    """End a TOKEN of PERSON at once, by its id or its name."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.ApiToken:
        found = await _find(session, person)
        matching = [t for t in await _tokens(session, found) if token in (t.id, t.name)]
        if len(matching) != 1:
            raise AigcError(
                "token-unknown",
                f"{len(matching) or 'None'} of {found.person.name}'s tokens is called {token}: "
                f"'aigc people tokens {person}' shows their ids.",
                ErrorKind.NOT_FOUND,
            )
        agree(
            f"The token {matching[0].name} of {found.person.name} ends; scripts that use it are "
            f"refused from now on. It was last used: {when(matching[0].last_used_ms)}.",
            yes,
        )
        request = admin_pb2.RevokePersonTokenRequest(
            person_id=found.person.id, token_id=matching[0].id
        )
        await session.admin.RevokePersonToken(request)
        return matching[0]

    revoked = connection.run(work)
    if as_json:
        print_json(token_json(revoked))
    else:
        click.echo(f"{revoked.name} is revoked.")


async def _tokens(
    session: CoordinatorSession, row: admin_pb2.PersonRow
) -> list[creator_pb2.ApiToken]:
    from protos.aigc.v1 import admin_pb2

    request = admin_pb2.ListPersonTokensRequest(person_id=row.person.id)
    return list((await session.admin.ListPersonTokens(request)).tokens)


async def _people(session: CoordinatorSession) -> list[admin_pb2.PersonRow]:
    from protos.aigc.v1 import admin_pb2

    return list((await session.admin.ListPeople(admin_pb2.ListPeopleRequest())).people)


async def _find(session: CoordinatorSession, name: str) -> admin_pb2.PersonRow:
    rows = await _people(session)
    matching = [
        r
        for r in rows
        if name in (r.person.id, r.person.name, r.person.email, r.username or r.person.id)
    ]
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
