"""Heads as they go on: without what is ours to the engine, without what harms to the browser.

The engine runs anybody's code (custom nodes), so it never sees our cookie or tokens (pitfall 5)
and cannot set or clear our cookies, nor reach beyond its own host. No I/O here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.heads import RequestHead

# Between two neighbours only (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
# Written by us, or said by a proxy that we do not know.
_NOT_FROM_CLIENTS = frozenset(
    {
        b"host",
        b"content-length",
        b"cookie",
        b"forwarded",
        b"via",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"fastly-client-ip",
        b"x-original-url",
        b"x-original-uri",
        b"x-original-host",
        b"x-rewrite-url",
        b"x-host",
        b"x-user",
        b"x-email",
        b"x-groups",
        b"x-webauth-user",
        b"x-authenticated-user",
        b"remote-user",
        b"x-remote-user",
        b"x-http-method-override",
        b"x-method-override",
        b"x-http-method",
    }
)
_NOT_FROM_CLIENTS_PREFIXES = (
    b"x-forwarded-",
    b"x-aigc-",
    b"x-auth-",
    b"x-remote-",
    b"x-user-",
    b"x-webauth-",
    b"remote-",
    b"proxy-",
    b"x-accel-",
)
# Answers: what would reach beyond the engine's own pages or touch our cookies.
_NOT_FROM_ENGINES = frozenset(
    {
        b"clear-site-data",
        b"service-worker-allowed",
        b"alt-svc",
        b"set-cookie2",
        b"content-length",
        # Kept by browsers for the whole host, and some for its siblings, long after this engine.
        b"strict-transport-security",
        b"public-key-pins",
        b"public-key-pins-report-only",
        b"expect-ct",
        b"nel",
        b"report-to",
        b"reporting-endpoints",
        b"accept-ch",
        b"critical-ch",
        b"origin-agent-cluster",
        b"set-login",
        # Orders to a proxy in front of us: a file of its own in place of the answer.
        b"x-sendfile",
        b"x-lighttpd-send-file",
        b"x-reproxy-url",
        b"surrogate-control",
    }
)
_NOT_TO_BROWSERS = _HOP_BY_HOP | _NOT_FROM_ENGINES
_OUR_TOKEN = re.compile(rb"(?i)\s*(?:bearer|basic|token)\s+aigc_")
_OUR_COOKIE = re.compile(rb"\s*__host-aigc", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _passes_to_engine(name: bytes) -> bool:
    plain = name.replace(b"_", b"-")  # many servers read X_User as X-User
    return not (
        plain in _HOP_BY_HOP
        or plain in _NOT_FROM_CLIENTS
        or plain.startswith(_NOT_FROM_CLIENTS_PREFIXES)
    )


def write_request(
    head: RequestHead, person_id: str, client: bytes, scheme: bytes, viewing: bool = False
) -> bytes:
    """The request's head for the engine: Host unchanged, X-Forwarded-* set (never appended).

    ``viewing``: of a guest who looks on. The engine is told; and since not every frame of theirs
    passes, frames must not depend on one another: nothing is compressed.
    """
    fields = head.fields
    setting = (person_id, client, scheme, viewing)
    if fields.onward is None or fields.onward[0] != setting:
        fields.onward = (setting, _write_fields(head, person_id, client, scheme, viewing))
    return b"%b %b HTTP/1.1\r\n%b" % (head.method.encode(), head.target, fields.onward[1])


def _write_fields(
    head: RequestHead, person_id: str, client: bytes, scheme: bytes, viewing: bool
) -> bytes:
    fields = head.fields
    named = _named_in(fields.index.get(b"connection", b"").lower())
    lines = [b"Host: %b\r\n" % fields.raw_host]
    for lower, name, value in fields.headers:
        if not _passes_to_engine(lower) or lower in named:
            continue
        if lower == b"authorization" and _OUR_TOKEN.match(value):
            continue
        if viewing and lower == b"sec-websocket-extensions":
            continue
        lines.append(b"%b: %b\r\n" % (name, value))
    if fields.cookies is not None and fields.cookies.others:
        lines.append(b"Cookie: %b\r\n" % fields.cookies.others)
    if head.websocket:
        lines.append(b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    elif fields.chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif fields.content_length is not None:
        lines.append(b"Content-Length: %d\r\n" % fields.content_length)
    if viewing:
        lines.append(b"X-Aigc-Access: view\r\n")
    lines.append(
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n"
        b"X-Aigc-User: %b\r\n\r\n" % (client, scheme, fields.raw_host, person_id.encode())
    )
    return b"".join(lines)


def header_for_browser(name: bytes, original: bytes, value: bytes) -> bytes:
    """One header line of an engine's answer as the browser gets it; empty if it does not.

    Args:
        name: in lower case.
        original: as the engine wrote it.
    """
    if name in _NOT_TO_BROWSERS:
        return b""
    # nginx in front of us: nothing may be fetched by its orders; that it must not buffer is fine.
    if name.startswith(b"x-accel-") and name != b"x-accel-buffering":
        return b""
    if name == b"set-cookie":
        cookie = host_only_cookie(value)
        if cookie is None:
            return b""
        value = cookie
    return b"%b: %b\r\n" % (original, value)


def host_only_cookie(value: bytes) -> bytes | None:
    """An engine's Set-Cookie without Domain; None if it would touch a cookie of ours."""
    if _OUR_COOKIE.match(value):
        return None
    # Spelled out in full: a nameless cookie "=__Host-aigc=x" is stored and sent as ours.
    if _OUR_COOKIE.match(value.lstrip(b" \t=")):
        return None
    parts = value.split(b";")
    kept = [p for p in parts[1:] if p.split(b"=", 1)[0].strip().lower() != b"domain"]
    return value if len(kept) == len(parts) - 1 else b";".join([parts[0], *kept])


def _named_in(connection: bytes) -> frozenset[bytes]:
    """The headers that a Connection header (in lower case) names as its own."""
    if not connection:
        return _NONE
    return frozenset(token.strip() for token in connection.split(b","))


_NONE: frozenset[bytes] = frozenset()
