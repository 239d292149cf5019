"""IT: the studio's own authority, and rotating it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aigc.cli import connection
from aigc.cli.confirm import agree, yes_option
from aigc.cli.output import json_option, print_facts, print_json, timestamp, when

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2

_CONSEQUENCES = {
    "announce": "A successor of the studio's authority is made. All machines, and every desktop "
    "that connects, learn it; the present one goes on signing.",
    "cancel": "The announced successor is forgotten.",
    "switch": "The successor signs from now on. A desktop that has not connected since it was "
    "announced needs a new link from IT, and browsers warn until people trust the new "
    "certificate.",
    "finish": "The old authority is not trusted any more, and its key is destroyed.",
}
_PHASES = {1: "steady", 2: "announced", 3: "switched"}
_SAID = {
    "steady": "one authority, nothing under way",
    "announced": "a successor is made known; the old one still signs",
    "switched": "the successor signs; the old one is still trusted",
}


@click.group("authority", invoke_without_command=True)
@json_option
@click.pass_context
def authority_command(context: click.Context, as_json: bool) -> None:
    """The studio's own authority, which machines and programs trust; rotating it.

    Alone: which there are, and how far a rotation is.
    """
    if context.invoked_subcommand is not None:
        return

    async def work(session: CoordinatorSession) -> admin_pb2.AuthorityStatus:
        from protos.aigc.v1 import admin_pb2

        said: admin_pb2.AuthorityStatus = await session.admin.GetAuthorityStatus(
            admin_pb2.GetAuthorityStatusRequest()
        )
        return said

    _show(connection.run(work), as_json)


@authority_command.command("rotate")
@click.argument("step", type=click.Choice(list(_CONSEQUENCES)))
@click.option("--force", is_flag=True, help="Although machines are missing: those must join again.")
@yes_option
@json_option
def rotate(step: str, force: bool, yes: bool, as_json: bool) -> None:
    """Take one STEP of a rotation; each comes by itself in time, too.

    announce: make a successor known. switch: let it sign. finish: trust the old one no longer.
    cancel: forget an announced successor.
    """
    agree(_CONSEQUENCES[step], yes)

    async def work(session: CoordinatorSession) -> admin_pb2.AuthorityStatus:
        from protos.aigc.v1 import admin_pb2

        request = admin_pb2.RotateAuthorityRequest(
            step=admin_pb2.RotateAuthorityRequest.Step.Value(f"STEP_{step.upper()}"), force=force
        )
        said: admin_pb2.AuthorityStatus = await session.admin.RotateAuthority(request)
        return said

    _show(connection.run(work), as_json)


def _show(status: admin_pb2.AuthorityStatus, as_json: bool) -> None:
    phase = _PHASES.get(status.phase, "unknown")
    if as_json:
        print_json(
            {
                "phase": phase,
                "since": timestamp(status.since_ms),
                "next_step": timestamp(status.next_step_ms),
                "waiting_machines": list(status.waiting_nodes),
                "authorities": [
                    {
                        "pin": a.pin,
                        "not_before": timestamp(a.not_before_ms),
                        "not_after": timestamp(a.not_after_ms),
                        "signs": number == 0,
                    }
                    for number, a in enumerate(status.authorities)
                ],
            }
        )
        return
    roles = ["signs", "will sign" if phase == "announced" else "still trusted"]
    facts = {"rotation": _SAID.get(phase, phase)}
    if status.since_ms:
        facts["since"] = when(status.since_ms)
    facts["next step"] = f"by itself from {when(status.next_step_ms)}"
    for role, authority in zip(roles, status.authorities, strict=False):
        facts[role] = f"{authority.pin}, until {when(authority.not_after_ms)}"
    if status.waiting_nodes:
        facts["machines missing"] = ", ".join(status.waiting_nodes)
    print_facts(facts)
