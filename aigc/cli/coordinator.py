"""IT: the studio's server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aigc.cli import connection
from aigc.cli.authority import authority_command
from aigc.cli.check_oidc import check_oidc_command
from aigc.cli.confirm import agree, yes_option
from aigc.cli.output import json_option, print_json, say, timestamp, when
from aigc.errors import EXIT_CODES, AigcError, ErrorKind

if TYPE_CHECKING:
    from coordinator.config import CoordinatorConfig
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import admin_pb2

_config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/aigc/coordinator.toml"),
    show_default=True,
)


@click.group("coordinator")
def coordinator_command() -> None:
    """IT: the studio's server."""


@coordinator_command.command("serve")
@_config_option
def serve(config: Path) -> None:
    """Serve until SIGTERM, with the gateway beside it."""
    from aigc import logs
    from coordinator.program import serve as run_coordinator

    settings = _load(config)
    logs.setup(settings.log_level)
    asyncio.run(run_coordinator(settings))


@coordinator_command.command("check")
@_config_option
@json_option
def check(config: Path, as_json: bool) -> int:
    """Say in words what is missing or misconfigured: names, certificates, ports, catalogue."""
    from coordinator.checks import check as run_checks

    findings = asyncio.run(run_checks(_load(config)))
    if as_json:
        print_json([{"name": f.name, "ok": f.ok, "message": f.message} for f in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name}: {finding.message}")
    return 0 if all(f.ok for f in findings) else EXIT_CODES[ErrorKind.INVALID]


coordinator_command.add_command(check_oidc_command)


@coordinator_command.command("link")
@_config_option
@json_option
def link(config: Path, as_json: bool) -> None:
    """On the server: the studio's link for creators, and the fingerprint to compare."""
    from aigc.join_link import JoinLink

    known = _ready(_load(config).state_dir / "ready.json")
    made = str(JoinLink(known["creators"], known["pin"]))
    if as_json:
        print_json({"link": made, "address": known["creators"], "pin": known["pin"]})
        return
    say(f"Fingerprint: {known['pin']}")
    click.echo(made)


def _ready(path: Path) -> dict[str, str]:
    """What the running coordinator wrote about itself."""
    try:
        values = json.loads(path.read_text("utf-8"))
        return {name: str(values[name]) for name in ("creators", "pin")}
    except FileNotFoundError as error:
        raise AigcError(
            "coordinator-not-running",
            f"The coordinator does not run here ({path} is not there): start it, or name its "
            "configuration with --config.",
            ErrorKind.UNAVAILABLE,
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise AigcError(
            "ready-file-unreadable",
            f"{path} cannot be read ({error}): run this as the user that the coordinator runs as.",
            ErrorKind.FORBIDDEN,
        ) from error


@coordinator_command.command("join-command")
@click.option("--minutes", default=60, show_default=True, type=click.IntRange(1, 10080))
@click.option("--pool", default="", help="Which pool the machine belongs to.")
@json_option
def join_command(minutes: int, pool: str, as_json: bool) -> None:
    """Print the one line that lets a machine join, once. For admins."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.CreateJoinCommandResponse:
        said: admin_pb2.CreateJoinCommandResponse = await session.admin.CreateJoinCommand(
            admin_pb2.CreateJoinCommandRequest(
                address=session.address, valid_minutes=minutes, pool=pool
            )
        )
        return said

    said = connection.run(work)
    if as_json:
        print_json({"command": said.command, "expires_at": timestamp(said.expires_at_ms)})
        return
    say(f"Run this on the new machine, as root, before {when(said.expires_at_ms)}; it works once:")
    click.echo(said.command)


coordinator_command.add_command(authority_command)


@coordinator_command.command("rotate-issuer-key")
@click.option(
    "--at-once",
    is_flag=True,
    help="The old key may be in somebody else's hands: it is worth nothing from now on.",
)
@yes_option
@json_option
def rotate_issuer_key(at_once: bool, yes: bool, as_json: bool) -> None:
    """Let sign-ins of local accounts be signed with a new key. It happens every 90 days by itself.

    Nobody is signed out. With --at-once, sign-ins that are under way begin again.
    """
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.RotateIssuerKeyResponse:
        if at_once:
            agree("The old key is withdrawn: sign-ins that are under way begin again.", yes)
        said: admin_pb2.RotateIssuerKeyResponse = await session.admin.RotateIssuerKey(
            admin_pb2.RotateIssuerKeyRequest(at_once=at_once)
        )
        return said

    said = connection.run(work)
    if as_json:
        print_json({"kid": said.kid, "signs_from": timestamp(said.signs_from_ms)})
        return
    click.echo(f"The new key {said.kid} signs from {when(said.signs_from_ms)}.")


@coordinator_command.group("catalogue")
def catalogue() -> None:
    """The engines on offer."""


@catalogue.command("check")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def check_catalogue(folder: Path, as_json: bool) -> int:
    """Check the templates in FOLDER without a coordinator."""
    from coordinator.catalogue import load

    if not folder.is_dir():
        raise AigcError("folder-unknown", f"There is no folder {folder}.", ErrorKind.NOT_FOUND)
    loaded = load(folder)
    if as_json:
        print_json(
            {
                "engines": [
                    {"id": e.id, "versions": [v.version for v in e.versions]}
                    for e in loaded.engines.values()
                ],
                "problems": [
                    {"file": p.file, "line": p.line, "field": p.field, "message": p.message}
                    for p in loaded.problems
                ],
            }
        )
    else:
        for engine in loaded.engines.values():
            versions = ", ".join(v.version for v in engine.versions)
            click.echo(f"ok    {engine.id}: {engine.name.en}, {versions}")
        for problem in loaded.problems:
            click.echo(f"FAIL  {problem}")
        if not loaded.engines and not loaded.problems:
            click.echo(f"{folder} holds no *.yaml file.")
    return EXIT_CODES[ErrorKind.INVALID] if loaded.problems else 0


@catalogue.command("status")
@json_option
def catalogue_status(as_json: bool) -> None:
    """What the running coordinator offers, and which files it could not take."""
    from protos.aigc.v1 import admin_pb2

    async def work(session: CoordinatorSession) -> admin_pb2.GetCatalogueStatusResponse:
        said: admin_pb2.GetCatalogueStatusResponse = await session.admin.GetCatalogueStatus(
            admin_pb2.GetCatalogueStatusRequest()
        )
        return said

    said = connection.run(work)
    if as_json:
        print_json(
            {
                "loaded_at": timestamp(said.loaded_at_ms),
                "engines": [e.id for e in said.engines],
                "problems": [
                    {"file": p.file, "line": p.line, "field": p.field, "message": p.message}
                    for p in said.problems
                ],
            }
        )
        return
    click.echo(f"Loaded at {when(said.loaded_at_ms)}: {', '.join(e.id for e in said.engines)}")
    for problem in said.problems:
        where = f"{problem.file}:{problem.line}" if problem.line else problem.file
        click.echo(f"FAIL  {where}: {problem.field}: {problem.message}")


def _load(path: Path) -> CoordinatorConfig:
    from coordinator.config import load_config

    return load_config(path)
