"""The key in the state folder that local accounts stand on, and what is made with it.

Whoever copies the ledger alone learns no second factor from it: their secrets are encrypted with
this key, which lies in a file of its own.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aigc.errors import AigcError, ErrorKind

FILE_NAME = "account.key"
_BYTES = 32
_NONCE = 12


def read_account_key(state_dir: Path) -> bytes:
    """The key; made at the first start, for the owner's eyes alone. Does file work.

    Raises:
        AigcError: ``account-key-unusable``: it is damaged, or cannot be read or written.
    """
    path = state_dir / FILE_NAME
    try:
        with contextlib.suppress(FileNotFoundError):
            key = path.read_bytes()
            if len(key) == _BYTES:
                return key
            raise _unusable(path, f"it has {len(key)} bytes instead of {_BYTES}")
        key = secrets.token_bytes(_BYTES)
        fresh = path.with_name(f".{FILE_NAME}.new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    return key


class AccountKey:
    """Encrypts and signs; each purpose has a key of its own."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(_derived(key, b"second factor"))
        self._signing = _derived(key, b"known browser")

    def encrypt(self, secret: str, owner: str) -> bytes:
        """A secret that only its owner's row can be read as."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), owner.encode())

    def decrypt(self, sealed: bytes, owner: str) -> str:
        """What :meth:`encrypt` was given.

        Raises:
            AigcError: ``second-factor-unreadable``: another key made it.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode()).decode()
        except InvalidTag as error:
            raise AigcError(
                "second-factor-unreadable",
                f"The second factor was set up with another {FILE_NAME}: IT must reset it, or "
                "restore that file in the coordinator's state folder.",
                ErrorKind.CONFLICT,
            ) from error

    def sign(self, text: str) -> str:
        """A signature in hexadecimal digits."""
        return hmac.new(self._signing, text.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, purpose, sha256).digest()


def _unusable(path: Path, why: str) -> AigcError:
    return AigcError(
        "account-key-unusable",
        f"The key of the local accounts, {path}, cannot be used: {why}. Restore it from a backup "
        "or check its owner; without it every second factor must be set up again.",
        ErrorKind.UNAVAILABLE,
    )
