"""The embedded issuer's signing keys: made, rotated, published."""

from __future__ import annotations

import json
from typing import Any

from joserfc.jwk import KeySet, RSAKey

from aigc.clock import Clock, milliseconds
from coordinator.domain.audit_detail import detail as detail_of
from coordinator.identity.ports import Connection, Ledger
from coordinator.identity.settings import KEY_RETIRED_SHOWN, KEY_ROTATION

_BITS = 2048


class IssuerKeys:
    """One key signs; those retired within a day are still published."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keys: list[RSAKey] = []  # the first one signs

    async def load(self) -> None:
        """Read the keys; make one if there is none or the newest is old."""
        now = milliseconds(self._clock.now())
        oldest = now - round(KEY_ROTATION.total_seconds() * 1000)
        newest = await self._ledger.read(
            lambda c: c.execute(
                "SELECT created_at FROM issuer_key WHERE retired_at IS NULL"
            ).fetchone()
        )
        if newest is None or newest[0] < oldest:
            await self.rotate()
        else:
            await self._read()

    async def rotate(self) -> None:
        """Sign with a new key from now on."""
        now = milliseconds(self._clock.now())
        shown = round(KEY_RETIRED_SHOWN.total_seconds() * 1000)

        def work(connection: Connection) -> None:
            key = RSAKey.generate_key(_BITS, {"use": "sig", "alg": "RS256"}, auto_kid=True)
            connection.execute("DELETE FROM issuer_key WHERE retired_at < ?", (now - shown,))
            connection.execute(
                "UPDATE issuer_key SET retired_at = ? WHERE retired_at IS NULL", (now,)
            )
            connection.execute(
                "INSERT INTO issuer_key (kid, private_jwk, created_at) VALUES (?, ?, ?)",
                (key.kid, json.dumps(key.as_dict(private=True)), now),
            )

        await self._ledger.transact(work)
        await self._read()

    async def _read(self) -> None:
        shown = milliseconds(self._clock.now()) - round(KEY_RETIRED_SHOWN.total_seconds() * 1000)

        def work(connection: Connection) -> list[RSAKey]:
            rows = connection.execute(
                "SELECT private_jwk FROM issuer_key WHERE retired_at IS NULL OR retired_at >= ?"
                " ORDER BY retired_at IS NOT NULL, created_at DESC",
                (shown,),
            ).fetchall()
            return [RSAKey.import_key(json.loads(row[0])) for row in rows]

        self._keys = await self._ledger.read(work)

    @property
    def signing(self) -> RSAKey:
        return self._keys[0]

    @property
    def all(self) -> KeySet:
        """Every key whose signatures are still accepted."""
        return KeySet(list(self._keys))

    def published(self) -> dict[str, Any]:
        """The JWKS document: public halves only."""
        return {"keys": [key.as_dict(private=False) for key in self._keys]}
