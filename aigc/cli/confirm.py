"""The question before something that cannot be taken back: what will happen, by name and number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from aigc.cli.output import say
from aigc.errors import AigcError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_NAMED = 20


def yes_option(command: Decorated) -> Decorated:
    """``--yes``: the answer is given beforehand."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def agree(what: str, yes: bool, victims: Sequence[str] = ()) -> None:
    """Ask, unless the answer was given. Scripts must give it.

    Args:
        what: one or more sentences: what will happen to whom.
        victims: whom it concerns, by name, one a line.

    Raises:
        AigcError: ``not-confirmed``: nobody can be asked here.
        click.Abort: the person said no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        named = f" ({'; '.join(victims[:_NAMED])})" if victims else ""
        raise AigcError("not-confirmed", f"{what}{named} This needs a yes: add --yes.")
    say(what)
    for victim in victims[:_NAMED]:
        say(f"  {victim}")
    if len(victims) > _NAMED:
        say(f"  … and {len(victims) - _NAMED} more")
    if not click.confirm("Go on?", err=True):
        raise click.Abort
