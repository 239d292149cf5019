"""Opening the system browser; in tests, writing the address down instead."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from aigc.errors import AigcError, ErrorKind


def open_in_browser(url: str) -> None:
    """Blocks for a moment: call it in a thread.

    Raises:
        AigcError: ``browser-missing``; the person can copy the address.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise AigcError("address-refused", f"{url[:200]!r} is not a web address.")
    try:
        opened = webbrowser.open(url)
    except webbrowser.Error:
        opened = False
    if not opened:
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
