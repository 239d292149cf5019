"""Argon2id in a small pool: each hash takes 64 MiB, so a flood must not run side by side."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2

from aigc.errors import AigcError, ErrorKind

T = TypeVar("T")

MIN_LENGTH = 10
MAX_LENGTH = 256
_WAITING_AT_MOST = 32  # more are turned away at once


class Passwords:
    """Hashes and verifies; at most ``workers`` at a time, the rest wait or are turned away."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None, workers: int = 2) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._waiting = 0
        self._dummy = ""

    async def hash(self, password: str) -> str:
        """The stored form.

        Raises:
            AigcError: too many at once.
        """
        return await self._run(lambda: str(self._hasher.hash(_normal(password))))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password; for no account (None) the same work, then False."""
        text = _normal(password[: MAX_LENGTH + 1])

        def work() -> bool:
            if not self._dummy:
                self._dummy = str(self._hasher.hash(secrets.token_urlsafe(16)))
            try:
                self._hasher.verify(self._dummy if stored is None else stored, text)
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False
            return stored is not None

        return await self._run(work)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING_AT_MOST:
            raise AigcError(
                "sign-in-busy",
                "Too many people are signing in at this moment; try again in a few seconds.",
                ErrorKind.LIMIT,
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the pool's threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def check_strength(password: str, username: str) -> None:
    """Refuse what is too short, too long or the name itself.

    Raises:
        AigcError: the reason, in one sentence.
    """
    if len(password) < MIN_LENGTH:
        raise AigcError(
            "password-short", f"The password is too short: use at least {MIN_LENGTH} characters."
        )
    if len(password) > MAX_LENGTH:
        raise AigcError(
            "password-long", f"The password is too long: use at most {MAX_LENGTH} characters."
        )
    if _normal(password).casefold() == username.casefold() or len(set(password)) < 4:
        raise AigcError(
            "password-weak", "The password is easy to guess: use other words or more signs."
        )


def one_time_password() -> str:
    """Sixteen signs that are read out easily, about 80 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    signs = "".join(secrets.choice(alphabet) for _ in range(16))
    return "-".join(signs[i : i + 4] for i in range(0, 16, 4))


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
