"""Our own registry protocol in memory: it shows which values are written, not what Windows does.

The real registry stands behind the same suites on Windows (the CI matrix, docs/platforms.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from desktop_client.platform.registry import Change, Removal, Write


class MemoryRegistry:
    """Attributes: values, by (key, name), in lower case as Windows compares them."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str | bytes] = {}

    def text(self, key: str, name: str) -> str | None:
        value = self.values.get((key.lower(), name.lower()))
        return value if isinstance(value, str) else None

    def data(self, key: str, name: str) -> bytes | None:
        value = self.values.get((key.lower(), name.lower()))
        return value if isinstance(value, bytes) else None

    def change(self, changes: Sequence[Change]) -> None:
        for change in changes:
            match change:
                case Write(key, name, text):
                    self.values[key.lower(), name.lower()] = text
                case Removal(key, None):
                    below = key.lower()
                    for known in list(self.values):
                        if known[0] == below or known[0].startswith(below + "\\"):
                            del self.values[known]
                case Removal(key, str(name)):
                    self.values.pop((key.lower(), name.lower()), None)
