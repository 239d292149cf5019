"""Links of ours (``aigc://start/…``, ``aigc://join/…``): who opens them, per system.

The desktop starts the registered command with the link as its last argument; macOS hands it to the
running program instead (:mod:`desktop_client.platform.deep_links.opened`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from aigc.errors import AigcError, ErrorKind

SCHEME = "aigc"


class DeepLinks(Protocol):
    """Files, a registry and small programs: everything here may block, call it in a thread."""

    def is_registered(self) -> bool:
        """Whether a link that is clicked now reaches this very command."""
        ...

    def register(self) -> None:
        """Make it so; already so is no error.

        Raises:
            AigcError: one sentence with what the system refused.
        """
        ...

    def unregister(self) -> None:
        """No longer; another program that took the links over in between keeps them.

        Raises:
            AigcError: one sentence with what the system refused.
        """
        ...


def open_registration(command: Sequence[str]) -> DeepLinks:
    """This system's, for a command; its first part is the program's full path.

    Raises:
        AigcError: ``links-unknown`` on a system that we know no registration for.
    """
    if sys.platform == "win32":
        from desktop_client.platform.deep_links.windows import RegistryLinks

        return RegistryLinks(command)
    if sys.platform == "darwin":
        from desktop_client.platform.deep_links.macos import BundleLinks

        return BundleLinks()
    if sys.platform.startswith("linux"):
        from desktop_client.platform.deep_links.linux import EntryLinks

        return EntryLinks(command)
    raise AigcError(
        "links-unknown",
        f"aigc:// links cannot be registered on {sys.platform}; paste them into the window.",
        ErrorKind.UNAVAILABLE,
    )
