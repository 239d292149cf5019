"""``python -m desktop_client``: the tray program."""

from __future__ import annotations

import sys

import desktop_client.quick_imports  # noqa: F401 - before all others
from desktop_client.program import main

if __name__ == "__main__":
    sys.exit(main())
