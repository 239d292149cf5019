"""The core imports the standard library and itself: no I/O, no clock, no randomness."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import coordinator.domain

FORBIDDEN = {"time", "random", "secrets", "uuid", "os", "socket", "sqlite3", "asyncio", "threading"}
CLOCKS = {"now", "utcnow", "today"}


def test_the_core_is_pure() -> None:
    for path in sorted(Path(coordinator.domain.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [node.module or ""]
            elif isinstance(node, ast.Attribute) and node.attr in CLOCKS:
                owner = node.value
                assert not (isinstance(owner, ast.Name) and owner.id in ("datetime", "date")), (
                    f"{path}:{node.lineno} reads a clock"
                )
            for name in names:
                top = name.partition(".")[0]
                ours = name.startswith("coordinator.domain")
                allowed = top in sys.stdlib_module_names and top not in FORBIDDEN
                assert ours or allowed, f"{path} imports {name}"
