"""How the core says no: a key and one sentence. The reactor makes an AigcError of it."""

from __future__ import annotations

from enum import StrEnum


class RefusalKind(StrEnum):
    """The same words as aigc.errors.ErrorKind, which the core does not import."""

    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    LIMIT = "limit"
    UNAVAILABLE = "unavailable"


class Refused(Exception):  # noqa: N818 - it reads as what happened, like the events
    """A request that changes nothing, with the reason for the person who asked."""

    def __init__(self, key: str, message: str, kind: RefusalKind) -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.kind = kind
