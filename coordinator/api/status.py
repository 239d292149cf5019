"""Errors and gRPC status, at the edge."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc

from aigc.errors import AigcError, ErrorKind

CODES = {
    ErrorKind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorKind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    ErrorKind.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    ErrorKind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    ErrorKind.CONFLICT: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorKind.LIMIT: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorKind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorKind.INTERNAL: grpc.StatusCode.INTERNAL,
}
_KEY = "aigc-error-key"


async def abort(context: Any, error: AigcError) -> NoReturn:
    """End the call with the error's sentence, and its key in the trailing metadata."""
    await context.abort(CODES[error.kind], error.message, ((_KEY, error.key),))
    raise AssertionError("abort does not return")
