"""The one root of errors that people see: a key, a sentence, where, and how to mend it.

Programs raise :class:`AigcError` (or a subclass) for everything that a person can cause or mend.
Anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """How an error travels: each kind has one gRPC status and one exit code."""

    INVALID = "invalid"  # the request or the configuration is wrong
    UNAUTHENTICATED = "unauthenticated"  # nobody is signed in, or no longer
    FORBIDDEN = "forbidden"  # signed in, but not allowed
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"  # the thing is in a state that does not allow this
    LIMIT = "limit"  # a policy's limit, or the machine's
    UNAVAILABLE = "unavailable"  # somebody we need does not answer
    INTERNAL = "internal"  # a defect of ours


# Exit codes of the command line, documented in docs/command-line.md.
EXIT_CODES: dict[ErrorKind, int] = {
    ErrorKind.INVALID: 2,
    ErrorKind.UNAUTHENTICATED: 3,
    ErrorKind.FORBIDDEN: 4,
    ErrorKind.NOT_FOUND: 5,
    ErrorKind.CONFLICT: 6,
    ErrorKind.LIMIT: 7,
    ErrorKind.UNAVAILABLE: 8,
    ErrorKind.INTERNAL: 1,
}


class AigcError(Exception):
    """Something a person can understand and mend.

    Attributes:
        key: a stable, machine-readable name such as ``engine-unknown``.
        message: one sentence: what is wrong and where, and how to mend it.
        kind: which class of error this is.
    """

    def __init__(self, key: str, message: str, kind: ErrorKind = ErrorKind.INVALID) -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.kind = kind

    def __str__(self) -> str:
        return self.message

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.kind]
