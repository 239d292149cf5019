"""From the coordinator's pages to an instance's host: single-use codes good for 30 seconds.

A code is bound to the host name, the person's web session and a nonce that only the browser which
asked holds: a link that an attacker sends, or a code that he steals, opens nothing elsewhere.
Codes live in memory: after a restart of the coordinator the page is visited once more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import unquote

from aigc.clock import Clock
from aigc.errors import AigcError, ErrorKind
from coordinator.domain.instance import InstanceId
from coordinator.identity.secret import digest, new_secret
from coordinator.identity.sessions import SessionRow
from coordinator.identity.settings import HANDOFF_LIFETIME

_NONCE_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
_CODES_AT_MOST = 10_000
_PATH_AT_MOST = 2048


@dataclass(frozen=True, slots=True)
class Handoff:
    """What a code stands for."""

    host: str
    instance_id: InstanceId
    web_session: SessionRow
    nonce_hash: str
    return_path: str
    until: float  # monotonic seconds


class Handoffs:
    """Mints and redeems codes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[bytes, Handoff] = {}

    def mint(
        self,
        web_session: SessionRow,
        host: str,
        instance_id: InstanceId,
        nonce_hash: str,
        return_path: str,
    ) -> str:
        """A code for one visit.

        Raises:
            AigcError: the nonce's hash is no hash, or there are too many codes.
        """
        if not _NONCE_HASH.fullmatch(nonce_hash):
            raise AigcError(
                "handoff-invalid", "This link is not complete; open your engine's page again."
            )
        now = self._clock.monotonic()
        self._codes = {key: value for key, value in self._codes.items() if value.until > now}
        if len(self._codes) >= _CODES_AT_MOST:
            raise AigcError(
                "handoff-busy", "Too many pages are opening; try again.", ErrorKind.LIMIT
            )
        code = new_secret("h")
        self._codes[digest(code)] = Handoff(
            host,
            instance_id,
            web_session,
            nonce_hash,
            safe_path(return_path),
            now + HANDOFF_LIFETIME.total_seconds(),
        )
        return code

    def redeem(self, code: str, host: str, nonce: str) -> Handoff:
        """What the code stands for; whatever comes of it, the code is used up.

        Raises:
            AigcError: it is unknown, used, expired, or for another host or browser.
        """
        found = self._codes.pop(digest(code), None)
        if (
            found is None
            or found.until <= self._clock.monotonic()
            or found.host != host
            or not hmac.compare_digest(found.nonce_hash, hash_nonce(nonce))
        ):
            raise AigcError(
                "handoff-refused",
                "This link was used already or is not for this browser; open the page again.",
                ErrorKind.UNAUTHENTICATED,
            )
        return found


def hash_nonce(nonce: str) -> str:
    """base64url of the SHA-256 of a browser's nonce, without padding."""
    raw = hashlib.sha256(nonce.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def safe_path(path: str) -> str:
    """A path on the same host to go to, or ``/`` for whatever could lead elsewhere."""
    if len(path) > _PATH_AT_MOST or not path.isascii():
        return "/"
    if any(sign <= " " or sign in "\\\x7f" for sign in path):
        return "/"
    seen = path
    for _ in range(4):  # also encoded, also more than once
        controls = any(sign < " " or sign == "\x7f" for sign in seen)
        if not seen.startswith("/") or seen[1:2] in ("/", "\\") or controls:
            return "/"
        decoded = unquote(seen)
        if decoded == seen:
            return path
        seen = decoded
    return "/"
