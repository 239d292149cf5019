"""What must not be forgotten: append-only events and current tables, in one transaction."""

from coordinator.ledger.records import AuditEntry, read_audit, read_story
from coordinator.ledger.store import Ledger, LedgerError, audit

__all__ = ["AuditEntry", "Ledger", "LedgerError", "audit", "read_audit", "read_story"]
