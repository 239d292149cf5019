"""IT: the door in front of the engines, as a program of its own."""

from __future__ import annotations

import click


@click.group("gateway")
def gateway_command() -> None:
    """IT: the door in front of the engines."""


@gateway_command.command(
    "serve",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> int:
    """Serve until SIGTERM. The coordinator starts it by itself unless spawn = false."""
    from aigc import logs
    from gateway.program import parse_arguments, run

    logs.setup()
    return run(parse_arguments(list(arguments)))
