"""Signing in and out."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from aigc.cli import connection
from aigc.cli.output import json_option, print_json, say, timestamp
from aigc.errors import AigcError

if TYPE_CHECKING:
    from desktop_client.config import ClientConfig
    from desktop_client.device_sign_in import DevicePrompt
    from desktop_client.session import CoordinatorSession
    from protos.aigc.v1 import creator_pb2


@click.command("login")
@click.argument("link", required=False)
@click.option(
    "--coordinator",
    metavar="HOST:PORT",
    envvar="AIGC_COORDINATOR",
    help="Where the coordinator is, instead of LINK.",
)
@click.option("--pin", envvar="AIGC_PIN", help="The pin of its CA, as IT gave it to you.")
@click.option(
    "--store",
    type=click.Choice(["auto", "file"]),
    default="auto",
    help="auto: this desktop's keyring. file: unencrypted, mode 0600.",
)
@click.option(
    "--device",
    is_flag=True,
    help="By a code that you enter in a browser on another machine.",
)
@click.option("--timeout", default=300, show_default=True, help="Seconds to sign in.")
@json_option
def login_command(
    link: str | None,
    coordinator: str | None,
    pin: str | None,
    store: str,
    device: bool,
    timeout: int,
    as_json: bool,
) -> None:
    """Sign in through the browser, at the coordinator that LINK (or host:port) names.

    The address is remembered. On a machine without a browser use --device: it prints an address
    and a code for a browser anywhere else.
    """
    person = asyncio.run(_login(link or coordinator, pin, store, device, timeout))
    if as_json:
        print_json(_person(person))
    else:
        click.echo(f"Signed in as {person.name} ({person.role}).")


async def _login(
    text: str | None, pin: str | None, kind: str, device: bool, timeout: int
) -> creator_pb2.Person:
    from desktop_client.config import default_config_dir, save_client_config
    from desktop_client.session import CoordinatorSession, Endpoint
    from desktop_client.tokens import open_store

    folder = default_config_dir()
    config = await _coordinator(text, pin)
    store = await asyncio.to_thread(open_store, kind, folder)
    if not store.persistent:
        raise AigcError(
            "no-secure-store",
            "This machine offers no secure store for your sign-in: use 'aigc login --store file' "
            "to keep it unencrypted in a file that only you can read, or give scripts a token "
            "in AIGC_TOKEN.",
        )
    if store.warning:
        say(f"Note: {store.warning}")
    endpoint = Endpoint(config.address, config.ca_pem)
    async with CoordinatorSession(endpoint, store, config_dir=folder) as session:
        if device:
            person = await session.sign_in_elsewhere(_show_code, timeout)
        else:
            person = await session.sign_in(_open_browser, timeout)
    await asyncio.to_thread(save_client_config, folder, config)
    if kind != "file":
        await asyncio.to_thread((folder / connection.TOKEN_FILE).unlink, True)
    return person


async def _coordinator(text: str | None, pin: str | None) -> ClientConfig:
    from desktop_client.config import default_config_dir, find_coordinator, load_client_config

    saved = await asyncio.to_thread(load_client_config, default_config_dir())
    if not text:
        if saved is None:
            raise AigcError(
                "not-connected",
                "Which coordinator? Say 'aigc login HOST:PORT'; IT knows it.",
            )
        return saved
    if saved is not None and text == saved.address and pin in (None, saved.pin):
        return saved
    config = await find_coordinator(text, pin)
    if pin is None and not text.startswith("aigc:"):
        if not sys.stdin.isatty():
            raise AigcError(
                "pin-needed",
                f"The coordinator at {config.address} shows the pin {config.pin}: compare it with "
                "the one from IT and give it with --pin.",
            )
        say(f"The coordinator at {config.address} shows this pin:\n  {config.pin}")
        if not click.confirm("Is it the one that IT gave you?", err=True):
            raise click.Abort
    return config


def _show_code(prompt: DevicePrompt) -> None:
    say(
        f"In a browser on any machine, open\n  {prompt.address}\nand enter the code\n"
        f"  {prompt.code}\nIt is good for {prompt.seconds / 60:.0f} minutes."
    )
    if prompt.link and sys.stderr.isatty():
        import segno

        say("Or scan this with a phone:")
        segno.make(prompt.link, error="l", micro=False).terminal(sys.stderr, compact=True, border=2)


def _open_browser(url: str) -> None:
    say(f"Sign in on this page:\n  {url}")
    remote = bool(os.environ.get("SSH_CONNECTION"))
    screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if not remote and (screen or sys.platform in ("win32", "darwin")):
        webbrowser.open(url)
    elif remote:
        from urllib.parse import parse_qs, urlsplit

        back = urlsplit(parse_qs(urlsplit(url).query).get("redirect_uri", [""])[0]).port
        if back:
            say(
                "The page answers to this machine: if your browser is on another one, first run "
                f"there:\n  ssh -N -L {back}:127.0.0.1:{back} THIS-MACHINE\n"
                "Or stop this and use 'aigc login --device'."
            )


@click.command("logout")
@click.option(
    "--browser",
    is_flag=True,
    help="Also open the page where you sign out of the sign-in service itself.",
)
def logout_command(browser: bool) -> None:
    """Sign out and forget the sign-in on this machine.

    Without --browser you stay signed in at the sign-in service in your browser.
    """

    async def work(session: CoordinatorSession) -> None:
        await session.sign_out(_open_sign_out if browser else None)

    connection.run(work)
    click.echo("Signed out.")


def _open_sign_out(url: str) -> None:
    say(f"Sign out of the sign-in service on this page:\n  {url}")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform != "linux":
        webbrowser.open(url)


@click.command("whoami")
@json_option
def whoami_command(as_json: bool) -> None:
    """Who is signed in, where, with which role."""
    from protos.aigc.v1 import creator_pb2

    async def work(session: CoordinatorSession) -> tuple[str, creator_pb2.WhoAmIResponse]:
        return session.address, await session.sessions.WhoAmI(creator_pb2.WhoAmIRequest())

    address, said = connection.run(work)
    if as_json:
        print_json(
            _person(said.person)
            | {"coordinator": address, "expires_at": timestamp(said.expires_at_ms)}
        )
        return
    person = said.person
    mail = f" <{person.email}>" if person.email else ""
    click.echo(f"{person.name}{mail}, {person.role}, at {address}.")


def _person(person: creator_pb2.Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "teams": list(person.teams),
    }
