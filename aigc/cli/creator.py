"""What creators do: engines, start, list, open, logs, keep, stop, delete."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection, instances, refusals
from aigc.cli.output import (
    json_option,
    print_json,
    print_log_line,
    print_table,
    say,
    sentence,
    size,
    timestamp,
    when,
)
from aigc.errors import AigcError

if TYPE_CHECKING:
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2


@click.command("engines")
@json_option
def engines_command(as_json: bool) -> None:
    """The engines that the studio offers."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.ListEnginesResponse:
        said: creator_pb2.ListEnginesResponse = await session.creator.ListEngines(
            creator_pb2.ListEnginesRequest()
        )
        return said

    engines = connection.run(work).engines
    if as_json:
        print_json([_engine(e) for e in engines])
        return
    print_table(
        ["engine", "name", "versions", ""],
        [
            [
                e.id,
                sentence(e.name),
                ", ".join(v.version for v in e.versions if v.available),
                sentence(e.summary),
            ]
            for e in engines
        ],
        "Your studio has not published an engine yet; ask IT.",
    )


def _engine(engine: creator_pb2.Engine) -> dict[str, Any]:
    return {
        "id": engine.id,
        "name": {"en": engine.name.en, "zh": engine.name.zh},
        "summary": {"en": engine.summary.en, "zh": engine.summary.zh},
        "default_version": engine.default_version,
        "versions": [
            {
                "version": v.version,
                "gpus": v.gpus,
                "vram_mib": v.vram_mib,
                "available": v.available,
            }
            for v in engine.versions
        ],
    }


@click.command("start")
@click.argument("engine")
@click.option("--version", default="", help="Which version; otherwise the default or the last.")
@click.option("--name", default="", help="The instance's name; otherwise the engine's own.")
@click.option("--wait", is_flag=True, help="Return when it is ready.")
@click.option("--open", "open_it", is_flag=True, help="Wait, then open it in the browser.")
@click.option("--timeout", type=float, help="Seconds to wait at most; it goes on starting.")
@json_option
def start_command(
    engine: str,
    version: str,
    name: str,
    wait: bool,
    open_it: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Start ENGINE, or an instance of yours by its name or id."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        request = creator_pb2.StartInstanceRequest(engine_id=engine, version=version, name=name)
        if not name:
            mine, shared = await _mine_and_shared(session)
            named = (i for i in [*mine, *shared] if engine in (i.id, i.name))
            known = next(named, None)
            if known is not None:
                request = creator_pb2.StartInstanceRequest(instance_id=known.id, version=version)
        said = await session.creator.StartInstance(request)
        instance: creator_pb2.Instance = said.instance
        if wait or open_it:
            from aigc.cli.waiting import wait_ready

            instance = await wait_ready(session, instance.id, timeout)
        return instance

    instance = connection.run(work)
    if as_json:
        print_json(instances.as_json(instance))
    else:
        say(f"{instance.name}: {instances.row(instance)[-1]}")
        click.echo(instance.url)
    if open_it:
        _open(instance.url, told=not as_json)


@click.command("list")
@click.option("--shared", is_flag=True, help="Others' that are shared with you, instead.")
@json_option
def list_command(shared: bool, as_json: bool) -> None:
    """Your instances and what they are doing."""
    mine, others = connection.run(_mine_and_shared)
    listed = others if shared else mine
    if as_json:
        print_json([instances.as_json(i) for i in listed])
        return
    if shared:
        print_table(
            ["name", "owner", "access", "until", "state", ""],
            [
                [
                    i.name,
                    i.owner_name,
                    instances.access_name(i.access),
                    when(i.shared_until_ms),
                    *instances.row(i)[-2:],
                ]
                for i in others
            ],
            "Nobody shares an engine with you now.",
        )
        return
    print_table(
        instances.COLUMNS,
        [instances.row(i) for i in mine],
        "You have no instances yet; 'aigc engines' shows what you can start.",
    )
    for instance in mine:
        # Beside the table, which programs may read row by row.
        if said := refusals.line(instance):
            say(said)


@click.command("open")
@click.argument("instance")
def open_command(instance: str) -> None:
    """Open INSTANCE, yours or shared with you, in the browser. The visit starts a stopped one."""

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        mine, shared = await _mine_and_shared(session)
        try:
            return instances.find(mine, instance)
        except AigcError:
            if not any(instance in (i.id, i.name, i.engine_id) for i in shared):
                raise
            return instances.find(shared, instance)

    found = connection.run(work)
    click.echo(found.url)
    _open(found.url, told=True)


def _open(url: str, told: bool) -> None:
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen or sys.platform in ("win32", "darwin"):
        webbrowser.open(url)
    elif told:
        say("There is no screen here: open the address above in your browser.")


@click.command("logs")
@click.argument("instance")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option("-n", "--tail", default=200, show_default=True, help="So many lines from the end.")
@json_option
def logs_command(instance: str, follow: bool, tail: int, as_json: bool) -> None:
    """What INSTANCE's engine printed."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> None:
        found = instances.find(await _mine(session), instance)
        request = creator_pb2.StreamLogsRequest(instance_id=found.id, tail=tail, follow=follow)
        async for said in session.creator.StreamLogs(request):
            for line in said.lines:
                if as_json:
                    print_log_line(line)
                else:
                    click.echo(line.text, err=line.stream == "stderr" and not sys.stdout.isatty())

    connection.run(work)


@click.command("keep")
@click.argument("instance")
@json_option
def keep_command(instance: str, as_json: bool) -> None:
    """Keep INSTANCE running: its idle clock begins anew."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        found = instances.find(await _mine(session), instance)
        request = creator_pb2.KeepRunningRequest(instance_id=found.id)
        said: creator_pb2.Instance = (await session.creator.KeepRunning(request)).instance
        return said

    _tell(connection.run(work), as_json)


@click.command("rename")
@click.argument("instance")
@click.argument("name")
@json_option
def rename_command(instance: str, name: str, as_json: bool) -> None:
    """Call INSTANCE by another NAME; its address and its data stay."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        found = instances.find(await _mine(session), instance)
        request = creator_pb2.RenameInstanceRequest(instance_id=found.id, name=name)
        said: creator_pb2.Instance = (await session.creator.RenameInstance(request)).instance
        return said

    _tell(connection.run(work), as_json)


@click.command("stop")
@click.argument("instance")
@json_option
def stop_command(instance: str, as_json: bool) -> None:
    """Stop INSTANCE; its data is kept."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> creator_pb2.Instance:
        found = instances.find(await _mine(session), instance)
        request = creator_pb2.StopInstanceRequest(instance_id=found.id)
        said: creator_pb2.Instance = (await session.creator.StopInstance(request)).instance
        return said

    _tell(connection.run(work), as_json)


@click.command("delete")
@click.argument("instance")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete_command(instance: str, yes: bool, as_json: bool) -> None:
    """Delete INSTANCE. Its data goes to the trash and is kept there for a while."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> tuple[str, int]:
        found = instances.find(await _mine(session), instance)
        if not yes:
            _confirm(found)
        request = creator_pb2.DeleteInstanceRequest(instance_id=found.id)
        return found.id, (await session.creator.DeleteInstance(request)).kept_until_ms

    instance_id, kept_until = connection.run(work)
    if as_json:
        print_json({"id": instance_id, "kept_until": timestamp(kept_until)})
    else:
        click.echo(
            f"Deleted. The data stays in the trash until {when(kept_until)}; "
            f"'aigc trash restore {instance_id}' brings it back."
        )


def _confirm(instance: creator_pb2.Instance) -> None:
    if not sys.stdin.isatty():
        raise AigcError(
            "not-confirmed",
            f"Deleting {instance.name} needs a yes: add --yes.",
        )
    data = size(instance.data_bytes) if instance.HasField("data_bytes") else "size unknown"
    say(f"{instance.name} ({instance.engine_id}) goes away; its data ({data}) goes to the trash.")
    typed = click.prompt("Type its name to delete it", err=True, default="", show_default=False)
    if typed.strip() != instance.name:
        raise AigcError("not-confirmed", "That is not its name; nothing was deleted.")


def _tell(instance: creator_pb2.Instance, as_json: bool) -> None:
    if as_json:
        print_json(instances.as_json(instance))
    else:
        click.echo(f"{instance.name}: {instances.row(instance)[-1]}")


async def _mine(session: CoordinatorSession) -> list[creator_pb2.Instance]:
    from protos.aigc.v1 import creator_pb2

    said = await session.creator.ListInstances(creator_pb2.ListInstancesRequest())
    return list(said.instances)


async def _mine_and_shared(
    session: CoordinatorSession,
) -> tuple[list[creator_pb2.Instance], list[creator_pb2.Instance]]:
    """One's own, and others' that are shared with one."""
    from protos.aigc.v1 import creator_pb2

    said = await session.creator.ListInstances(creator_pb2.ListInstancesRequest())
    return list(said.instances), list(said.shared)
