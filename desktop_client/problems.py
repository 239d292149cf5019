"""What people are told when something failed."""

from __future__ import annotations

import logging

from aigc.errors import AigcError
from desktop_client.model import Problem

log = logging.getLogger(__name__)


def problem_of(error: BaseException) -> Problem:
    """What to show for an error; a defect goes to the log too, with where it happened."""
    if isinstance(error, AigcError):
        return Problem(error.key, error.message)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        log.warning("the system refused something", exc_info=error)
        return Problem("file-failed", f"That did not work{where}: {error.strerror or error}.")
    log.error("a request ended by a defect", exc_info=error)
    return Problem("defect", f"{type(error).__name__}: {error}")
