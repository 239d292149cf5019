"""IT: everybody's instances."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from aigc.cli import connection, instances, refusals
from aigc.cli.confirm import agree, yes_option
from aigc.cli.fleet import fleet_of, list_instances, passes
from aigc.cli.it_shares import all_shares, end_any_share
from aigc.cli.output import (
    json_option,
    language,
    print_facts,
    print_json,
    print_log_line,
    print_table,
    sentence,
    size,
    timestamp,
    when,
)

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2, creator_pb2


@click.group("instances")
def instances_command() -> None:
    """IT: everybody's instances."""


instances_command.add_command(all_shares)
instances_command.add_command(end_any_share)


@instances_command.command("list")
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@click.option("--machine", help="Only on this machine.")
@click.option("--state", help="Only in this state, or these: ready,starting.")
@click.option("--owner", help="Only of this person.")
@click.option("--engine", help="Only of this engine.")
@json_option
def show_instances(
    words: tuple[str, ...],
    machine: str | None,
    state: str | None,
    owner: str | None,
    engine: str | None,
    as_json: bool,
) -> None:
    """Every instance of everybody.

    FILTER as in the admin window: "machine:render-04 state:ready,starting poster".
    """
    named = {"machine": machine, "state": state, "owner": owner, "engine": engine}
    asked = [*words, *(f"{key}:{value}" for key, value in named.items() if value)]

    async def work(session: CoordinatorSession) -> list[creator_pb2.Instance]:
        return _filtered(await list_instances(session), asked)

    found = connection.run(work)
    if as_json:
        print_json([instances.as_json(i) for i in found])
        return
    print_table(
        ["owner", *instances.COLUMNS, "machine", "id"],
        [[i.owner_name, *instances.row(i), i.node_name or "–", i.id] for i in found],
        "No such instance." if asked else "Nobody has an instance.",
    )


def _filtered(
    found: list[creator_pb2.Instance], words: Sequence[str]
) -> list[creator_pb2.Instance]:
    if not words:
        return found
    from desktop_client.admin.pages.instances_columns import INSTANCES

    known, test = fleet_of((), found).instances, passes(words, INSTANCES)
    return [i for i in found if i.id in known and test(known[i.id])]


@instances_command.command("show")
@click.argument("instance")
@json_option
def show_instance(instance: str, as_json: bool) -> None:
    """Everything about one INSTANCE of anybody."""

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        return instances.find(await list_instances(session), instance)

    found = connection.run(work)
    if as_json:
        print_json(instances.as_json(found))
        return
    known = instances.as_json(found)
    print_facts(
        {
            "instance": f"{found.name} ({found.id})",
            "owner": f"{found.owner_name} ({found.owner_id})",
            "engine": f"{found.engine_id} {found.version}",
            "state": f"{known['state']}: {sentence(found.line)}",
            "since": when(found.state_since_ms),
            "made": when(found.created_at_ms),
            "machine": found.node_name,
            "cards": ", ".join(g.name for g in found.gpus),
            "VRAM": f"{size(known['vram_used_bytes'])} used"
            + (
                f", {size(found.vram_reserved_bytes)} reserved" if found.vram_reserved_bytes else ""
            ),
            "last activity": when(found.last_activity_ms),
            "released at": when(found.release_at_ms),
            "refused": ", ".join(
                f"{refusals.place(p)} {p.protocol} ×{p.attempts}" for p in found.refusals.top
            ),
            "data": size(known["data_bytes"]),
            "address": found.url,
            "stopped": known["stop_reason"] or "",
            "failed": known["fail_reason"] or "",
            "support code": found.support_code,
        }
    )


@instances_command.command("stop")
@click.argument("names", metavar="INSTANCE...", nargs=-1, required=True)
@yes_option
@json_option
def stop_instances(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Stop anybody's INSTANCE; the data is kept, and the owner sees that IT stopped it."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> list[creator_pb2.Instance]:
        known = await list_instances(session)
        chosen = list({i.id: i for i in (instances.find(known, n) for n in names)}.values())
        _ask(chosen, yes)
        stopped = []
        for found in chosen:
            request = admin_pb2.StopAnyInstanceRequest(instance_id=found.id)
            stopped.append((await session.admin.StopAnyInstance(request)).instance)
        return stopped

    stopped = connection.run(work)
    if as_json:
        # One instance was one object before several could be named.
        listed = [instances.as_json(i) for i in stopped]
        print_json(listed[0] if len(names) == 1 else listed)
        return
    for one in stopped:
        click.echo(f"{one.name} of {one.owner_name}: {instances.row(one)[-1]}")


def _ask(chosen: Sequence[creator_pb2.Instance], yes: bool) -> None:
    """In the admin window's words."""
    from desktop_client.admin.pages.instance_facts import victims
    from desktop_client.i18n import say

    known = list(fleet_of((), chosen).instances.values())
    spoken = language()
    if len(chosen) == 1:
        title = say(
            "instances.stop.title.one", spoken, name=chosen[0].name, owner=chosen[0].owner_name
        )
    else:
        title = say("instances.stop.title.many", spoken, count=len(chosen))
    agree(f"{title} {say('instances.stop.consequence', spoken)}", yes, victims(known, spoken))


@instances_command.command("logs")
@click.argument("instance")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option("-n", "--tail", default=200, show_default=True, help="So many lines from the end.")
@json_option
def logs_of_instance(instance: str, follow: bool, tail: int, as_json: bool) -> None:
    """What anybody's INSTANCE printed. That you looked goes to the audit log."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> None:
        found = instances.find(await list_instances(session), instance)
        request = admin_pb2.StreamAnyLogsRequest(instance_id=found.id, tail=tail, follow=follow)
        async for said in session.admin.StreamAnyLogs(request):
            for line in said.lines:
                if as_json:
                    print_log_line(line)
                else:
                    click.echo(line.text, err=line.stream == "stderr" and not sys.stdout.isatty())

    connection.run(work)


@instances_command.command("story")
@click.argument("instance")
@json_option
def story(instance: str, as_json: bool) -> None:
    """Everything that happened to INSTANCE, with its cause."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> list[admin_pb2.StoryLine]:
        found = instances.find(await list_instances(session), instance)
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


@instances_command.command("why")
@click.argument("instance")
@json_option
def why(instance: str, as_json: bool) -> None:
    """Why INSTANCE waits: which machines cannot take it now, and what keeps each from it."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.ExplainWaitingResponse:
        found = instances.find(await list_instances(session), instance)
        request = admin_pb2.ExplainWaitingRequest(instance_id=found.id)
        said: admin_pb2.ExplainWaitingResponse = await session.admin.ExplainWaiting(request)
        return said

    said = connection.run(work)
    if as_json:
        print_json(
            {
                "reason": {"en": said.reason.en, "zh": said.reason.zh},
                "machines": [
                    {
                        "id": m.node_id,
                        "name": m.node_name,
                        "rule": m.rule,
                        "reason": {"en": m.reason.en, "zh": m.reason.zh},
                        "capacity": m.capacity,
                    }
                    for m in said.machines
                ],
            }
        )
        return
    print_table(
        ["machine", "why not", "rule"],
        [[m.node_name, sentence(m.reason), m.rule] for m in said.machines],
        sentence(said.reason) or "It does not wait.",
    )


instances_command.add_command(refusals.refused)
