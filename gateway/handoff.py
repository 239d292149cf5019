"""Signing in at an instance's host: to the coordinator and back with a code for this host alone.

The browser keeps a nonce that only this host sees; the code is worth nothing without it, so a link
that somebody else made signs nobody in (security.md, 12).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from urllib.parse import parse_qs, quote

from gateway.answers import Answer, redirect
from gateway.door import COOKIE, NONCE_COOKIE, OWN_PREFIX
from gateway.heads import RequestHead

_NONCE = re.compile(r"[A-Za-z0-9_-]{43}")
_NONCE_SECONDS = 600
_MAX_PATH = 2048
# One slash, then no second slash or backslash, and nothing that a browser would drop or decode
# into one before it looks.
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_TOKEN = re.compile(r"[A-Za-z0-9_.~-]{16,256}")


def local_path(path: str) -> str:
    """The path if it surely stays on this host, else "/" (security.md, 13)."""
    if len(path) > _MAX_PATH or _LOCAL_PATH.fullmatch(path) is None:
        return "/"
    lowered = path.lower()
    if lowered.startswith(("/%2f", "/%5c", "/%09", "/%0a", "/%0d")) or path.startswith(OWN_PREFIX):
        return "/"
    return path


def query_of(head: RequestHead) -> dict[str, str]:
    """The query's fields, each the first of its name."""
    query = head.target.partition(b"?")[2].decode("ascii")
    return {k: v[0] for k, v in parse_qs(query, max_num_fields=20).items()}


def nonce_hash(nonce: str) -> str:
    digest = hashlib.sha256(nonce.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def send_to_sign_in(web_url: str, label: str, nonce: str | None, path: str) -> Answer:
    """Redirect to the coordinator's hand-off page.

    A nonce that the browser has already is used again, so that several tabs can sign in at once.
    """
    if nonce is None or _NONCE.fullmatch(nonce) is None:
        nonce = secrets.token_urlsafe(32)
    to = (
        f"{web_url}/handoff?host={quote(label, safe='')}&nonce_hash={nonce_hash(nonce)}"
        f"&to={quote(local_path(path), safe='')}"
    )
    return redirect(to, _set_cookie(NONCE_COOKIE, nonce, _NONCE_SECONDS))


def signed_in(token: str, path: str) -> Answer:
    """Set the session's cookie for this host alone and go where the person wanted."""
    if _TOKEN.fullmatch(token) is None:
        raise ValueError("the coordinator sent a session token that is no cookie's value")
    return redirect(
        local_path(path), _set_cookie(COOKIE, token, None), _set_cookie(NONCE_COOKIE, "", 0)
    )


def _set_cookie(name: str, value: str, max_age: int | None) -> tuple[bytes, bytes]:
    # Secure on plain http too: browsers treat *.localhost as a secure context.
    text = f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"
    if max_age is not None:
        text += f"; Max-Age={max_age}"
    return b"Set-Cookie", text.encode("ascii")
