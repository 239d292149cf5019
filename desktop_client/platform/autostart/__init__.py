"""Starting with the desktop session: an opt-in switch, one implementation per system."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from aigc.errors import AigcError, ErrorKind


class Autostart(Protocol):
    """Files, a registry and small programs: everything here may block, call it in a thread."""

    def is_on(self) -> bool:
        """Whether the next session starts this very command.

        An entry that starts another copy of the program, that the person switched off with the
        desktop's own tool, or whose program is gone, is off.
        """
        ...

    def switch(self, on: bool) -> None:
        """Make it so; already so is no error.

        Raises:
            AigcError: one sentence with what the system refused.
        """
        ...


def open_autostart(command: Sequence[str]) -> Autostart:
    """This system's switch for a command; its first part is the program's full path.

    Raises:
        AigcError: ``autostart-unknown`` on a system that we know no switch for.
    """
    if sys.platform == "win32":
        from desktop_client.platform.autostart.windows import RegistryAutostart

        return RegistryAutostart(command)
    if sys.platform == "darwin":
        from desktop_client.platform.autostart.macos import AgentAutostart

        return AgentAutostart(command)
    if sys.platform.startswith("linux"):
        from desktop_client.platform.autostart.linux import EntryAutostart

        return EntryAutostart(command)
    raise AigcError(
        "autostart-unknown",
        f"Starting with the session is not known on {sys.platform}; add it to the session by hand.",
        ErrorKind.UNAVAILABLE,
    )
