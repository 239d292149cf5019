"""On which hardware each machine's identity was seen: a copied disk is noticed by it."""

from __future__ import annotations

import sqlite3


def migrate(connection: sqlite3.Connection) -> None:
    """The hardware it runs on now, and the one before; empty: not known."""
    for column in ("hardware", "former_hardware"):
        connection.execute(
            f"ALTER TABLE node_credential ADD COLUMN {column} TEXT NOT NULL DEFAULT ''"
        )
