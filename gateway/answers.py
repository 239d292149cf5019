"""Answers that the gateway gives itself: pages, JSON, redirects, event streams. No I/O."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

# Of every answer of ours: nothing is framed, sniffed, cached or told to other sites.
_ALWAYS = (
    (b"Cache-Control", b"no-store"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"X-Frame-Options", b"DENY"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
)
_NO_CONTENT = "default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    policy: str = _NO_CONTENT


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer that goes on: server-sent events until the browser leaves."""

    events: AsyncIterator[bytes]


def answer_json(status: int, key: str, message: str, **more: object) -> Answer:
    """A machine-readable refusal: ``{"error": key, "message": ...}``."""
    body = json.dumps({"error": key, "message": message, **more}, ensure_ascii=False).encode()
    return Answer(status, body, "application/json; charset=utf-8")


def redirect(to: str, *headers: tuple[bytes, bytes]) -> Answer:
    """See other; ``to`` was checked by the caller."""
    return Answer(303, b"", headers=((b"Location", to.encode("ascii")), *headers))


def write_own(answer: Answer, keep_alive: bool, head_only: bool) -> bytes:
    """The whole answer as bytes."""
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = ""
    lines = [f"HTTP/1.1 {answer.status} {reason}\r\n".encode("ascii")]
    lines.append(b"Content-Type: %b\r\n" % answer.content_type.encode("ascii"))
    lines.append(b"Content-Length: %d\r\n" % len(answer.body))
    lines.append(b"Content-Security-Policy: %b\r\n" % answer.policy.encode("ascii"))
    lines.extend(b"%b: %b\r\n" % pair for pair in (*_ALWAYS, *answer.headers))
    lines.append(b"\r\n" if keep_alive else b"Connection: close\r\n\r\n")
    return b"".join(lines) + (b"" if head_only else answer.body)


def write_event_stream_head() -> bytes:
    """The head of an :class:`EventStream`; its body is chunked."""
    lines = [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"]
    lines.append(b"Transfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n")
    lines.extend(b"%b: %b\r\n" % pair for pair in _ALWAYS)
    lines.append(b"\r\n")
    return b"".join(lines)
