"""The embedded issuer's signing keys: made, published, used, withdrawn."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.jwk import KeySet, RSAKey

from aigc.clock import Clock, milliseconds
from coordinator.domain.audit_detail import detail as detail_of
from coordinator.identity.ports import Connection, Ledger
from coordinator.identity.settings import KEY_RETIRED_SHOWN, KEY_ROTATION, KEY_SHOWN_BEFORE
from coordinator.ledger import audit

_BITS = 2048


@dataclass(frozen=True, slots=True)
class _Key:
    """One key; times are UTC milliseconds."""

    jwk: RSAKey = field(repr=False)
    created_at: int
    signs_from: int
    retired_at: int | None  # from then on it no longer signs


class IssuerKeys:
    """One key signs; the next one is published before it does, a retired one for a day after."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keys: list[_Key] = []  # the newest first

    async def load(self) -> None:
        """Read the keys; make one if there is none or the newest is old."""
        await self._read()
        await self.renew()

    async def renew(self) -> None:
        """Call it every minute or so: a new key when it is time, an old one forgotten."""
        now = self._now()
        if not self._keys or self._keys[0].created_at < now - _milliseconds(KEY_ROTATION):
            await self.rotate()
        elif any(not self._shown(key, now) for key in self._keys):
            await self._read()

    async def rotate(self, by: str = "coordinator", at_once: bool = False) -> tuple[str, datetime]:
        """A new key: its id, and when it begins to sign. One that waits already will do.

        Args:
            by: who wants it, for the audit log.
            at_once: the old ones may be in somebody else's hands; they are withdrawn now.
        """
        now = self._now()

        def work(connection: Any) -> None:
            if at_once:
                connection.execute("DELETE FROM issuer_key")
            if _waiting(connection, now):
                return
            first = connection.execute("SELECT count(*) FROM issuer_key").fetchone()[0] == 0
            signs_from = now if first else now + _milliseconds(KEY_SHOWN_BEFORE)
            key = RSAKey.generate_key(_BITS, {"use": "sig", "alg": "RS256"}, auto_kid=True)
            connection.execute(
                "UPDATE issuer_key SET retired_at = ? WHERE retired_at IS NULL", (signs_from,)
            )
            connection.execute(
                "INSERT INTO issuer_key (kid, private_jwk, created_at, signs_from)"
                " VALUES (?, ?, ?, ?)",
                (key.kid, json.dumps(key.as_dict(private=True)), now, signs_from),
            )
            detail = detail_of("old-key-withdrawn") if at_once else ""
            audit(
                connection, self._clock.now(), by, "issuer-key-rotate", str(key.kid), "done", detail
            )

        await self._ledger.transact(work)
        await self._read()
        newest = self._keys[0]
        return str(newest.jwk.kid), datetime.fromtimestamp(newest.signs_from / 1000, UTC)

    async def _read(self) -> None:
        now = self._now()

        def work(connection: Connection) -> list[_Key]:
            connection.execute(
                "DELETE FROM issuer_key WHERE retired_at < ?",
                (now - _milliseconds(KEY_RETIRED_SHOWN),),
            )
            rows = connection.execute(
                "SELECT private_jwk, created_at, signs_from, retired_at FROM issuer_key"
                " ORDER BY signs_from DESC, created_at DESC"
            ).fetchall()
            return [_Key(RSAKey.import_key(json.loads(row[0])), *row[1:]) for row in rows]

        self._keys = await self._ledger.transact(work)

    def _now(self) -> int:
        return milliseconds(self._clock.now())

    @staticmethod
    def _shown(key: _Key, now: int) -> bool:
        return key.retired_at is None or key.retired_at >= now - _milliseconds(KEY_RETIRED_SHOWN)

    @property
    def signing(self) -> RSAKey:
        """The newest key whose time has come."""
        now = self._now()
        return next((key.jwk for key in self._keys if key.signs_from <= now), self._keys[-1].jwk)

    @property
    def all(self) -> KeySet:
        """Every key whose signatures are still accepted."""
        return KeySet([key.jwk for key in self._keys if self._shown(key, self._now())])

    def published(self) -> dict[str, Any]:
        """The JWKS document: public halves only."""
        return {"keys": [key.as_dict(private=False) for key in self.all]}


def _waiting(connection: Connection, now: int) -> bool:
    """Whether a key that was made already has still to begin."""
    row = connection.execute("SELECT 1 FROM issuer_key WHERE signs_from > ?", (now,)).fetchone()
    return row is not None


def _milliseconds(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)
