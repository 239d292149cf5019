"""Starts the admin window as a program of its own, so that the tray stays small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def start_admin_window(config_dir: Path, store_kind: str) -> None:
    """It outlives the tray; one that is open already comes to the front. May take a moment.

    Raises:
        OSError: the program cannot be started.
    """
    frozen = getattr(sys, "frozen", False)  # an installed bundle is one program with commands
    start = [sys.executable, "admin"] if frozen else [sys.executable, "-m", _MODULE]
    arguments = ["--config-dir", str(config_dir), "--store", store_kind]
    subprocess.Popen(
        [*start, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


_MODULE = "desktop_client.admin.program"
