"""The first admin proves it with a one-time code that lies in the coordinator's state folder."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from aigc.clock import Clock, milliseconds
from aigc.errors import AigcError, ErrorKind
from coordinator.identity.passwords import one_time_password
from coordinator.identity.ports import Connection
from coordinator.identity.secret import digest
from coordinator.identity.settings import SETUP_CODE_LIFETIME

FILE_NAME = "first-admin-code"


class FirstAdmin:
    """Every method but the two on files works inside the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def issue(self, connection: Connection) -> str:
        """A new code in place of any older one."""
        code = one_time_password()
        until = milliseconds(self._clock.now() + SETUP_CODE_LIFETIME)
        connection.execute(
            "INSERT OR REPLACE INTO identity_setup (one, code_hash, expires_at) VALUES (1, ?, ?)",
            (digest(code), until),
        )
        return code

    def withdraw(self, connection: Connection) -> None:
        """No code is good any more."""
        connection.execute("DELETE FROM identity_setup")

    def check(self, connection: Connection, code: str) -> None:
        """Pass if that is the code.

        Raises:
            AigcError: it is not, or it was used, or it is too old.
        """
        row = connection.execute("SELECT code_hash, expires_at FROM identity_setup").fetchone()
        good = row is not None and hmac.compare_digest(bytes(row[0]), digest(_normal(code)))
        if not good or row[1] < milliseconds(self._clock.now()):
            raise AigcError(
                "setup-code",
                "The code is not right, was used already, or is older than a day. The coordinator "
                f"writes a new one to {FILE_NAME} in its state folder when it is restarted.",
                ErrorKind.FORBIDDEN,
            )

    def use(self, connection: Connection, code: str) -> None:
        """Pass once.

        Raises:
            AigcError: as :meth:`check`.
        """
        self.check(connection, code)
        self.withdraw(connection)


def write_code(path: Path, code: str) -> None:
    """Write the code for the owner's eyes alone."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(code + "\n")
    fresh.replace(path)


def _normal(code: str) -> str:
    return code.strip().lower()
