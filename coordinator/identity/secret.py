"""Random secrets and how they are kept."""

from __future__ import annotations

import hashlib
import secrets


def new_secret(kind: str) -> str:
    """An opaque token of 256 bits; ``kind`` makes it recognisable, in logs for one."""
    return f"aigc_{kind}_{secrets.token_urlsafe(32)}"


def new_id(kind: str) -> str:
    """A short random name that is no secret."""
    return f"{kind}{secrets.token_hex(8)}"


def digest(secret: str) -> bytes:
    """How a random secret is stored: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
