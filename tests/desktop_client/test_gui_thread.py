"""No blocking call in the GUI thread: the real program, every window, every action."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def guarded(
    folder: Path, *more: str, module: str = "tests.desktop_client.gui_guard"
) -> dict[str, Any]:
    """The guard's report; see that module."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "DBUS_", "AIGC_"))}
    environment = kept | {
        "HOME": str(folder),
        "QT_QPA_PLATFORM": "offscreen",
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/none",
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/none",
    }
    done = subprocess.run(
        [
            sys.executable, "-X", "faulthandler", "-m", module, str(folder / "config"), *more,
        ],
        env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert report["code"] == 0
    return report


def test_nothing_blocks_the_gui_thread(tmp_path: Path) -> None:
    report = guarded(tmp_path)
    assert len(report["steps"]) > 100
    assert report["blocked"] == []


def test_what_blocks_would_be_seen(tmp_path: Path) -> None:
    report = guarded(tmp_path, "--provoke")
    seen = [(b["step"], b["event"]) for b in report["blocked"]]
    provoked = report["steps"][:10]
    assert len(set(provoked)) == 8
    for step in set(provoked):
        assert (step, step) in seen, f"{step} was not seen"
    assert seen.count(("wait", "wait")) == 3
