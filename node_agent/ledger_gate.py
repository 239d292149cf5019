"""Which ledger this agent obeys: one, and only forward.

A coordinator restored from an old copy, or started on an empty ledger, must not empty the studio:
what it desires is refused and told, everything keeps running, and an admin decides.
"""

from __future__ import annotations

import logging

from node_agent.plan import Term, accepts
from node_agent.store import AcceptedLedger, Store
from protos.aigc.v1 import node_pb2

log = logging.getLogger(__name__)


class LedgerGate:
    """See the module.

    Attributes:
        refused: the ledger and revision that were offered and not taken, while that lasts.
        applied: the highest revision that was carried out in this process; None before the first.
            Runs of a newer set may not show yet.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offered: node_pb2.DesiredSet | None = None
        self.refused: AcceptedLedger | None = None
        self.applied: AcceptedLedger | None = None

    async def offer(self, desired: node_pb2.DesiredSet) -> bool:
        """Whether this set is to be obeyed; if so its ledger and revision are on disk.

        Raises:
            AigcError: ``agent-state-broken``: it could not be remembered, so it was not taken.
        """
        kept = self._store.ledger
        terms = [Term(t.id, t.first_revision) for t in desired.terms]
        present = terms[-1].term if terms else ""
        offered = AcceptedLedger(desired.ledger_id, desired.revision, present)
        if not accepts(kept, offered.ledger_id, offered.revision, terms):
            self.refused, self._offered = offered, desired
            log.warning(
                "the ledger went back: everything keeps running",
                extra={
                    "kept": kept.ledger_id,
                    "kept_revision": kept.revision,
                    "offered": offered.ledger_id,
                    "offered_revision": offered.revision,
                },
            )
            return False
        if offered != kept:
            await self._store.accept(offered)
        self.refused = self._offered = None
        return True

    async def accept(self, ledger_id: str) -> node_pb2.DesiredSet | None:
        """An admin decided: obey that ledger, whatever its revision; its set that was refused.

        Raises:
            AigcError: ``agent-state-broken``.
        """
        log.warning("an admin accepted the ledger", extra={"ledger_id": ledger_id})
        await self._store.accept(AcceptedLedger(ledger_id, 0))
        offered = self._offered
        self.refused = self._offered = None
        return offered if offered is not None and offered.ledger_id == ledger_id else None

    def followed(self) -> AcceptedLedger:
        """The ledger obeyed, at the revision that the observed set answers to.

        Revision 0 as long as no set was carried out: what was begun before a restart may be
        missing, and must not be taken for lost.
        """
        kept = self._store.ledger
        if self.refused is not None:
            return kept
        applied = self.applied
        if applied is None or applied.ledger_id != kept.ledger_id:
            return AcceptedLedger(kept.ledger_id, 0, kept.term)
        return applied
