"""What PySide does to imports, and that the desktop programs do not pay for it."""

from __future__ import annotations

import subprocess
import sys

WORDS = """
import linecache, sys
{first}
import PySide6.QtCore
import desktop_client.program
ours = [f for f in linecache.cache if "desktop_client" in f]
print(len(ours), "desktop_client.program" in sys.modules)
"""


def _sources_kept(first: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", WORDS.format(first=first)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    count, loaded = done.stdout.split()
    assert loaded == "True"
    return int(count)


def test_no_source_is_read_when_a_module_is_imported() -> None:
    assert _sources_kept("import desktop_client.quick_imports") == 0


def test_pyside_still_does_it_by_itself() -> None:
    """Once it does not, quick_imports can go."""
    assert _sources_kept("") > 10
