"""The admin window."""

from __future__ import annotations

import click

from aigc.errors import AigcError, ErrorKind


@click.command("admin", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def admin_command(arguments: tuple[str, ...]) -> int:
    """IT: the whole studio in one window."""
    try:
        import desktop_client.quick_imports  # noqa: F401 - before all others
        from desktop_client.admin.program import main
    except ImportError as error:
        raise AigcError(
            "desktop-missing",
            f"The admin window cannot be loaded here ({error}): install it with "
            "pip install 'aigc-gateway[desktop]', and the system's Qt libraries.",
            ErrorKind.UNAVAILABLE,
        ) from error
    return main(list(arguments))
