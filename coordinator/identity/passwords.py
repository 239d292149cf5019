"""Argon2id in a small pool: each hash takes 64 MiB, so a flood must not run side by side."""

from __future__ import annotations

import asyncio
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import argon2

from aigc.errors import AigcError, ErrorKind

T = TypeVar("T")

MIN_LENGTH = 10
MAX_LENGTH = 256
_WAITING_AT_MOST = 32  # more are turned away at once
_WAITING_OF_ONE = 8  # of one address: it must not fill the room alone
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_ONE_TIME = re.compile(rf"(?:[{_ALPHABET}]{{4}}-){{3}}[{_ALPHABET}]{{4}}")


@dataclass(slots=True)
class _Lane:
    """A pool and how many wait for it."""

    pool: ThreadPoolExecutor
    waiting: int = 0
    waiting_of: Counter[str] = field(default_factory=Counter)


class Passwords:
    """Hashes and verifies; at most ``workers`` at a time, the rest wait or are turned away.

    Known browsers, and new passwords, have one worker more: strangers cannot fill it.
    """

    def __init__(self, hasher: argon2.PasswordHasher | None = None, workers: int = 2) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._strangers = _Lane(ThreadPoolExecutor(workers, thread_name_prefix="argon2"))
        self._known = _Lane(ThreadPoolExecutor(1, thread_name_prefix="argon2-known"))
        self._dummy = ""

    async def hash(self, password: str) -> str:
        """The stored form. Nobody unknown gets so far: it does not stand behind strangers.

        Raises:
            AigcError: too many at once.
        """
        return await self._run(lambda: str(self._hasher.hash(_normal(password))), "", True)

    async def verify(
        self, stored: str | None, password: str, asker: str = "", known: bool = False
    ) -> bool:
        """Whether it is the password; for no account (None) the same work, then False.

        ``asker``: who asks, an address; ``known``: at a browser that signed in before.

        Raises:
            AigcError: too many at once.
        """
        text = _normal(password[: MAX_LENGTH + 1])

        def work() -> bool:
            if not self._dummy:
                self._dummy = str(self._hasher.hash(secrets.token_urlsafe(16)))
            try:
                self._hasher.verify(self._dummy if stored is None else stored, text)
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False
            return stored is not None

        return await self._run(work, asker, known)

    async def _run(self, work: Callable[[], T], asker: str, known: bool) -> T:
        lane = self._known if known else self._strangers
        crowded = asker and lane.waiting_of[asker] >= _WAITING_OF_ONE
        if lane.waiting >= _WAITING_AT_MOST or crowded:
            raise AigcError(
                "sign-in-busy",
                "Too many people are signing in at this moment; try again in a few seconds.",
                ErrorKind.LIMIT,
            )
        lane.waiting += 1
        lane.waiting_of[asker] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(lane.pool, work)
        finally:
            lane.waiting -= 1
            lane.waiting_of[asker] -= 1
            if not lane.waiting_of[asker]:
                del lane.waiting_of[asker]

    def close(self) -> None:
        """End the pools' threads."""
        for lane in (self._strangers, self._known):
            lane.pool.shutdown(wait=False, cancel_futures=True)


def check_strength(password: str, username: str) -> None:
    """Refuse what is too short, too long, the name itself, or looks like a one-time password.

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
    easy = _normal(password).casefold() == username.casefold() or len(set(password)) < 4
    if easy or looks_one_time(password):
        raise AigcError(
            "password-weak", "The password is easy to guess: use other words or more signs."
        )


def one_time_password() -> str:
    """Sixteen signs that are read out easily, about 79 bits."""
    signs = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(signs[i : i + 4] for i in range(0, 16, 4))


def looks_one_time(password: str) -> bool:
    """Whether it has the shape of :func:`one_time_password`, which nobody may choose."""
    return _ONE_TIME.fullmatch(_normal(password)) is not None


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
