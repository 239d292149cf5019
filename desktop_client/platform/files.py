"""Small files that the desktop reads: replaced whole, failures told in one sentence."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from aigc.errors import AigcError


def read_text(path: Path) -> str | None:
    """The text, or None where there is no such file (or none that can be read)."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write so that a reader sees the old file or the new one, never half of one.

    Raises:
        AigcError: ``desktop-file-refused`` with what the system said.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(name, mode)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise _refused(path, error) from error


def remove_file(path: Path) -> None:
    """Gone afterwards, whether it was there or not.

    Raises:
        AigcError: ``desktop-file-refused``.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> AigcError:
    reason = error.strerror or type(error).__name__
    return AigcError(
        "desktop-file-refused",
        f"{path} cannot be changed ({reason}): check who owns it and whether the disk is full.",
    )
