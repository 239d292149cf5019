"""What a copied disk does not copy: so that two machines with one identity are told apart."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_BOARD = Path("/sys/class/dmi/id/product_uuid")  # readable by root alone
# What boards say whose maker did not number them; the same on many machines.
_NOT_NUMBERED = re.compile(r"^(0+|f+|03000200040005000006000700080009)$")


def read_hardware(board: Path = _BOARD) -> str:
    """A hash of this machine's board number; empty where there is none. Blocking.

    The number itself is not told: it identifies a computer beyond this studio.
    """
    try:
        number = board.read_text(encoding="ascii").strip().lower().replace("-", "")
    except (OSError, UnicodeDecodeError):
        return ""
    if len(number) < 16 or _NOT_NUMBERED.match(number):
        return ""
    return hashlib.sha256(f"aigc-hardware\n{number}".encode()).hexdigest()[:32]
