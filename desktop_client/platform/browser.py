"""Opening the system browser; in tests, writing the address down instead.

Not Python's ``webbrowser``: on Linux it starts text browsers, which never end without a terminal,
and takes any start for a success. Here the system's own opener is asked, and its word counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from aigc.errors import AigcError, ErrorKind

# Some openers stay until the browser they started ends: so long without a failure is a success.
_SECONDS = 5.0
_OPENERS = (("xdg-open",), ("gio", "open"), ("x-www-browser",))
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")


def open_in_browser(url: str) -> None:
    """Blocks for up to five seconds for each opener there is: call it in a thread.

    Raises:
        AigcError: ``browser-missing``; the person can copy the address.
    """
    if urlsplit(url).scheme not in ("http", "https") or _NOT_IN_ADDRESSES.search(url):
        raise AigcError("address-refused", f"{url[:200]!r} is not a web address.")
    if not _open(url):
        raise AigcError(
            "browser-missing",
            f"No browser could be opened; copy this address into one: {url}",
            ErrorKind.UNAVAILABLE,
        )


def write_down(path: Path) -> Callable[[str], None]:
    """An opener that appends each address to a file, one a line."""

    def opener(url: str) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(url + "\n")

    return opener


def _open(url: str) -> bool:
    """Whether this system opened it."""
    if sys.platform == "win32":
        try:
            os.startfile(url)  # noqa: S606 - a checked web address, and no program of ours
        except OSError:
            return False
        return True
    if sys.platform == "darwin":
        return _started(("/usr/bin/open", url), os.environ)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False  # an opener would look for a browser of a terminal's
    environment = child_environment(os.environ)
    found = ((shutil.which(opener[0]), opener[1:]) for opener in _OPENERS)
    return any(_started((program, *rest, url), environment) for program, rest in found if program)


def _started(command: tuple[str, ...], environment: Mapping[str, str]) -> bool:
    """Whether the opener says that it worked, or works on."""
    try:
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError:
        return False
    try:
        return process.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        # Somebody has to be told when it ends, or it stays in the list of processes.
        threading.Thread(target=process.wait, name="browser", daemon=True).start()
        return True


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the libraries of a frozen program of ours, which would break a browser."""
    values = dict(environment)
    if getattr(sys, "frozen", False):
        original = values.pop("LD_LIBRARY_PATH_ORIG", None)
        values.pop("LD_LIBRARY_PATH", None)
        if original is not None:
            values["LD_LIBRARY_PATH"] = original
    return values
