"""What must not be forgotten: append-only events and current tables, in one transaction."""

from coordinator.ledger.records import AuditEntry, read_audit, read_story
from coordinator.ledger.store import Ledger, audit

__all__ = ["AuditEntry", "Ledger", "audit", "read_audit", "read_story"]
