"""An entry that takes ``x-scheme-handler/aigc``, chosen as the default in ``mimeapps.list``.

Choosing is left to ``xdg-mime``, which knows the desktops' own ways; where it is missing the list
is edited here, as its specification says.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from desktop_client.platform.deep_links import SCHEME
from desktop_client.platform.deep_links.mime_list import default_of, with_default, without
from desktop_client.platform.desktop_entry import exec_line, read_entry, write_entry
from desktop_client.platform.files import read_text, remove_file, replace_file

log = logging.getLogger(__name__)

FILE = "aigc-gateway-links.desktop"
MIME = f"x-scheme-handler/{SCHEME}"
_TOOL_SECONDS = 15.0


class EntryLinks:
    """This person's entry and list.

    Args:
        environment: of the tools, and where the folders are looked up; None for the process's own.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        home = Path(self._environment.get("HOME") or Path.home())
        data = self._environment.get("XDG_DATA_HOME") or ""
        config = self._environment.get("XDG_CONFIG_HOME") or ""
        self._folder = (Path(data) if data else home / ".local/share") / "applications"
        self._list = (Path(config) if config else home / ".config") / "mimeapps.list"
        self._command = tuple(command)

    @property
    def path(self) -> Path:
        """Our entry."""
        return self._folder / FILE

    def is_registered(self) -> bool:
        text = read_text(self.path)
        if text is None or read_entry(text).get("Exec") != exec_line(self._command, "%u"):
            return False
        program = self._command[0]
        return shutil.which(program) is not None and self._chosen() == FILE

    def register(self) -> None:
        replace_file(self.path, write_entry(entry(self._command)).encode())
        self._run("update-desktop-database", "-q", str(self._folder))
        self._run("xdg-mime", "default", FILE, MIME)
        if self._chosen() != FILE:
            text = read_text(self._list) or ""
            replace_file(self._list, with_default(text, MIME, FILE).encode())

    def unregister(self) -> None:
        text = read_text(self._list)
        if text is not None and (changed := without(text, MIME, FILE)) != text:
            replace_file(self._list, changed.encode())
        remove_file(self.path)
        self._run("update-desktop-database", "-q", str(self._folder))

    def _chosen(self) -> str:
        """The entry that a link would open now."""
        named = self._named()
        if named == FILE:
            return FILE  # without starting a program: this is asked at each start
        asked = self._run("xdg-mime", "query", "default", MIME)
        return named if asked is None else asked.strip()

    def _named(self) -> str:
        """What this person's lists say; a desktop's own list goes before the general one."""
        desktops = self._environment.get("XDG_CURRENT_DESKTOP", "").lower().split(":")
        own = (self._list.with_name(f"{name}-{self._list.name}") for name in desktops if name)
        for path in (*own, self._list):
            if named := default_of(read_text(path) or "", MIME):
                return named
        return ""

    def _run(self, *command: str) -> str | None:
        """What a desktop's tool says; None where it is missing or does not work."""
        program = shutil.which(command[0], path=self._environment.get("PATH"))
        if program is None:
            return None
        try:
            done = subprocess.run(
                [program, *command[1:]], env=self._environment, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=_TOOL_SECONDS, check=True, text=True, errors="replace",
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            log.info("%s did not work: %s", command[0], error)
            return None
        return done.stdout


def entry(command: Sequence[str]) -> dict[str, str]:
    """The values of our entry; in no menu, since it only takes links."""
    return {
        "Type": "Application",
        "Version": "1.0",
        "Name": "AIGC Gateway",
        "Icon": "aigc-gateway",
        "TryExec": command[0],
        "Exec": exec_line(command, "%u"),
        "Terminal": "false",
        "NoDisplay": "true",
        "StartupNotify": "false",
        "MimeType": f"{MIME};",
    }
