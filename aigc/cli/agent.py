"""IT: the program on a GPU machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aigc.cli.confirm import agree, yes_option
from aigc.cli.output import json_option, print_json
from aigc.errors import EXIT_CODES, ErrorKind

if TYPE_CHECKING:
    from node_agent.config import AgentConfig

_config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/aigc/agent.toml"),
    show_default=True,
)


@click.group("agent")
def agent_command() -> None:
    """IT: the program on a GPU machine."""


@agent_command.command("join")
@click.argument("link")
@_config_option
@click.option("--name", default="", help="The machine's name for people; otherwise its host name.")
@click.option("--again", is_flag=True, help="Give up the identity that this machine has.")
def join(link: str, config: Path, name: str, again: bool) -> None:
    """Enrol this machine with LINK, from 'aigc coordinator join-command'."""
    from aigc.clock import SystemClock
    from aigc.join_link import JoinLink
    from node_agent.enrolment import join as enrol

    parsed = JoinLink.parse(link)
    settings = _load(config)
    identity = asyncio.run(enrol(parsed, settings.state_dir, SystemClock(), name, again))
    click.echo(
        f"{identity.node_name} has joined the coordinator at {identity.coordinator_address}. "
        f"Now run: aigc agent run --config {config}"
    )


@agent_command.command("run")
@_config_option
@click.option(
    "--stop-engines", is_flag=True, help="End all engines at the end (for demos and repairs)."
)
def run(config: Path, stop_engines: bool) -> None:
    """Serve the studio until SIGTERM. Engines run on when the agent ends."""
    from aigc import logs
    from aigc.loops import loop_factory, prepare_loop
    from node_agent.program import serve

    settings = _load(config)
    logs.setup(settings.log_level)

    async def main() -> None:
        prepare_loop()
        await serve(settings, stop_engines=stop_engines)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())


@agent_command.command("check")
@_config_option
@json_option
def check(config: Path, as_json: bool) -> int:
    """Say what is missing or misconfigured on this machine, before anybody notices."""
    from node_agent.checks import check as run_checks

    findings = asyncio.run(run_checks(_load(config)))
    if as_json:
        print_json([{"name": f.name, "ok": f.ok, "message": f.message} for f in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name}: {finding.message}")
    return 0 if all(f.ok for f in findings) else EXIT_CODES[ErrorKind.INVALID]


@agent_command.command("walls")
@_config_option
@json_option
def walls(config: Path, as_json: bool) -> int:
    """Whether the walls around engines are up on this machine, and what they refused."""
    from node_agent.walls.report import look

    told = look(_load(config).docker_scope)
    if as_json:
        print_json(told)
    else:
        click.echo(told["message"])
        for network, refused in told["refused"].items():
            click.echo(f"{network}: {refused} attempts refused")
    return 0 if told["up"] else EXIT_CODES[ErrorKind.INVALID]


@agent_command.command("remove-walls")
@_config_option
@yes_option
def remove_walls(config: Path, yes: bool) -> None:
    """Take the walls around engines down, after the agent was stopped for good.

    Engines that still run are open to whoever has an account on this machine from then on.
    """
    from node_agent.walls.report import remove

    scope = _load(config).docker_scope
    agree("Engines that run here lose their walls; a running agent puts them up again.", yes, [])
    click.echo("The walls are down." if remove(scope) else "There were no walls.")


def _load(path: Path) -> AgentConfig:
    from node_agent.config import load

    return load(path)
