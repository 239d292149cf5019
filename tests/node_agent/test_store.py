"""The agent's own file: one that an older agent made is read on."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from node_agent.store import AcceptedLedger, Store, Unclaimed

# As the first agents made it.
_OLD = """
CREATE TABLE ledger (
  only INTEGER PRIMARY KEY CHECK (only = 1), ledger_id TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE unclaimed (container_id TEXT PRIMARY KEY, first_seen_ms INTEGER NOT NULL);
INSERT INTO ledger VALUES (1, 'ledger-1', 7);
INSERT INTO unclaimed VALUES ('c1', 1000);
"""


async def test_a_file_of_an_older_agent_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"

    def make() -> None:
        connection = sqlite3.connect(path)
        connection.executescript(_OLD)
        connection.close()

    await asyncio.to_thread(make)
    store = await Store.open(path)
    assert store.ledger == AcceptedLedger("ledger-1", 7, "")
    assert store.unclaimed == {"c1": Unclaimed(1000, 0)}
    await store.save_unclaimed({"c1": Unclaimed(1000, 2000)})
    await store.close()
    store = await Store.open(path)
    assert store.unclaimed == {"c1": Unclaimed(1000, 2000)}
    await store.close()
