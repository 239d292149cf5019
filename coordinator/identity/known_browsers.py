"""Browsers that signed in to an account before: a signed cookie, one per account.

It says that somebody signed in to that account with this browser, and nothing else: no session,
no second factor. See ``throttle`` for what it is good for.
"""

from __future__ import annotations

import hmac
from datetime import timedelta

from aigc.clock import Clock
from coordinator.identity.account_key import AccountKey
from coordinator.identity.secret import new_id
from coordinator.identity.settings import KNOWN_BROWSER_LIFETIME

_RENEWED_AFTER = timedelta(days=7)
_LONGEST = 200  # characters


class KnownBrowsers:
    """Makes and checks the cookies' values."""

    def __init__(self, key: AccountKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def cookie_name(self, account: str) -> str:
        """The account's cookie; its name says nothing to who has only the browser."""
        return f"__Host-aigc-known-{self._key.sign(f'name {account}')[:16]}"

    def browser_of(self, account: str, value: str) -> str:
        """The browser's id, or an empty string: it is not known for that account."""
        made = self._made(account, value)
        return value.partition(".")[0] if made is not None else ""

    def value_for(self, account: str, value: str) -> str | None:
        """The value to keep after a sign-in, or None: the one that is there will do."""
        made, now = self._made(account, value), int(self._clock.now().timestamp())
        if made is not None and now - made < _RENEWED_AFTER.total_seconds():
            return None
        browser = value.partition(".")[0] if made is not None else new_id("b")
        return f"{browser}.{now}.{self._mac(account, browser, now)}"

    def _made(self, account: str, value: str) -> int | None:
        """When the value was made (seconds), if it is ours and not too old."""
        browser, _, rest = value[:_LONGEST].partition(".")
        made, _, mac = rest.partition(".")
        if not (made.isascii() and made.isdigit() and mac.isascii()):
            return None
        if not hmac.compare_digest(self._mac(account, browser, int(made)), mac):
            return None
        age = self._clock.now().timestamp() - int(made)
        return int(made) if age <= KNOWN_BROWSER_LIFETIME.total_seconds() else None

    def _mac(self, account: str, browser: str, made: int) -> str:
        return self._key.sign(f"known {made} {browser} {account}")
