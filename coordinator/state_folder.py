"""The coordinator's folder: one coordinator at a time, ports that stay, and ready.json."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from aigc.errors import AigcError, ErrorKind


class FolderLock:
    """Held for as long as the coordinator runs; the kernel lets go of it when the process dies."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def take(cls, state_dir: Path) -> FolderLock:
        """Make the folder if need be, and take it for this process. Does file work.

        Raises:
            AigcError: ``coordinator-twice`` names the process that holds it; or
                ``state-dir-unusable``.
        """
        try:
            state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.chmod(state_dir, 0o700)
            file = (state_dir / "coordinator.lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise unusable(state_dir, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise AigcError(
                "coordinator-twice",
                f"Another coordinator (process {holder}) uses {state_dir}: stop it first, or give "
                "this one a state_dir of its own.",
                ErrorKind.CONFLICT,
            ) from error
        try:
            file.seek(0)
            file.truncate()
            file.write(str(os.getpid()))
            file.flush()
        except OSError as error:
            with contextlib.suppress(OSError):  # it tries once more to write what did not fit
                file.close()
            raise unusable(state_dir, error) from error
        return cls(file)

    def release(self) -> None:
        self._file.close()


def unusable(state_dir: Path, error: OSError) -> AigcError:
    """Why nothing can be kept there, and what IT can do."""
    return AigcError(
        "state-dir-unusable",
        f"The coordinator cannot use its state folder {state_dir}: {error.strerror or error}. "
        "It must exist, belong to this user, and have room on its disk.",
        ErrorKind.UNAVAILABLE,
    )


def read_ports(state_dir: Path) -> dict[str, int]:
    """Which ports were taken last time, by name; for those that are configured as 0."""
    try:
        values = json.loads((state_dir / "ports.json").read_text("utf-8"))
        return {str(name): int(port) for name, port in values.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # the first start, or a file that says nothing: free ports are as good


def write_ports(state_dir: Path, ports: Mapping[str, int]) -> None:
    _replace(state_dir / "ports.json", json.dumps(dict(ports)))


def write_ready(state_dir: Path, values: Mapping[str, object]) -> None:
    """Tell others where everything listens, in one step."""
    _replace(state_dir / "ready.json", json.dumps(dict(values), indent=1))


def clear_ready(state_dir: Path) -> None:
    (state_dir / "ready.json").unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
