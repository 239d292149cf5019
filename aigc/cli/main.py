"""The command ``aigc``: one word a task. Commands are loaded when they are used.

What a person can mend ends as one sentence on stderr and an exit code (docs/command-line.md);
with ``--json`` the sentence is JSON. A traceback is a defect of ours and nothing else.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import json
import os
import sys
from collections.abc import Sequence

import click

import aigc
from aigc.errors import EXIT_CODES, AigcError, ErrorKind

# The order is that of the help text: creators first, then scripts, then IT.
COMMANDS: dict[str, tuple[str, str]] = {
    "login": ("account", "Sign in through the browser."),
    "logout": ("account", "Sign out and forget."),
    "link": ("links", "After a move to another sign-in service: your former account."),
    "whoami": ("account", "Who is signed in, where, with which role."),
    "engines": ("creator", "The engines that the studio offers."),
    "start": ("creator", "Start an engine, or an instance of yours."),
    "list": ("creator", "Your instances and what they are doing."),
    "open": ("creator", "Open an instance in the browser."),
    "logs": ("creator", "What an instance's engine printed."),
    "keep": ("creator", "Keep an instance running: its idle clock begins anew."),
    "rename": ("creator", "Call an instance by another name."),
    "stop": ("creator", "Stop an instance; its data is kept."),
    "delete": ("creator", "Delete an instance; its data goes to the trash."),
    "trash": ("trash", "What you deleted and can still have back."),
    "share": ("share", "Let a colleague or a team open an instance for a time."),
    "shares": ("share", "What you share, and what is shared with you."),
    "unshare": ("share", "Let them in no longer."),
    "token": ("token", "API tokens for scripts."),
    "tray": ("tray", "The desktop app in the system tray."),
    "admin": ("admin_window", "IT: the whole studio in one window."),
    "demo": ("demo", "Everything on this machine, to try it out."),
    "overview": ("studio", "IT: what needs somebody, how full the studio is."),
    "nodes": ("nodes", "IT: the GPU machines."),
    "instances": ("it_instances", "IT: everybody's instances."),
    "queue": ("studio", "IT: who waits, and why."),
    "people": ("people", "IT: accounts, roles, sessions and tokens."),
    "audit": ("audit", "IT: who did what."),
    "occupancy": ("studio", "IT: how full the studio was."),
    "settings": ("studio", "IT: how the running coordinator is set up."),
    "coordinator": ("coordinator", "IT: the studio's server."),
    "gateway": ("gateway", "IT: the door in front of the engines."),
    "agent": ("agent", "IT: the program on a GPU machine."),
}


class LazyCommands(click.Group):
    """Knows the names of all commands, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"aigc.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {near[0]}?" if near else "'aigc --help' lists all commands."
            raise click.UsageError(f"There is no command {args[0]}. {hint}") from error


@click.command(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(aigc.__version__, "-V", "--version", prog_name="aigc")
def cli() -> None:
    """Share a studio's GPUs: start your engine with one word, leave, and find your data again."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Also the entry point of the installed program."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    # Its own words on stderr would stand beside the one sentence that a person can use.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    as_json = "--json" in args
    try:
        result = cli.main(args, prog_name="aigc", standalone_mode=False)
    except AigcError as error:
        return _tell(error.key, error.message, error.exit_code, as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.UsageError as error:
        words = error.format_message()
        if error.ctx is not None and not as_json:
            click.echo(error.ctx.get_usage(), err=True)
        return _tell("usage", words, error.exit_code, as_json)
    except click.ClickException as error:
        return _tell("usage", error.format_message(), error.exit_code, as_json)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Cancelled.", err=True)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _tell(*_full_disk(error), as_json)
    except ModuleNotFoundError as error:
        return _tell(*_missing_part(error), as_json)
    return result if isinstance(result, int) else 0


def _full_disk(error: OSError) -> tuple[str, str, int]:
    """A disk that takes no more is nobody's defect; anything else is ours and stays one."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        raise error
    where = f" ({error.filename})" if error.filename else ""
    words = f"A file could not be written{where}: {error.strerror}. Make room on its disk."
    return "disk-full", words, EXIT_CODES[ErrorKind.UNAVAILABLE]


# Which extra of the distribution brings a package that a smaller installation lacks.
_EXTRAS = {
    "agent": ("docker", "psutil", "pynvml"),
    "desktop": ("PySide6", "jeepney"),
    "demo": ("websockets",),
    "coordinator": (
        *("argon2", "authlib", "h11", "httptools", "httpx2", "jinja2", "joserfc"),
        *("python_multipart", "ruamel", "starlette", "uvicorn", "uvloop"),
    ),
}


def _missing_part(error: ModuleNotFoundError) -> tuple[str, str, int]:
    """Say which extra brings the missing package; anything else is a defect and stays one."""
    name = (error.name or "").partition(".")[0]
    extra = next((extra for extra, names in _EXTRAS.items() if name in names), None)
    if extra is None:
        raise error
    words = (
        f"This installation lacks {name}, which the command needs: "
        f"pip install 'aigc-gateway[{extra}]'."
    )
    return "part-missing", words, EXIT_CODES[ErrorKind.UNAVAILABLE]


def _tell(key: str, message: str, code: int, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": key, "message": message}, ensure_ascii=False), err=True)
    else:
        click.secho(f"Error: {message}", fg="red", err=True)
    return code
