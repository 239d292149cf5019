"""What must hold after every fault, whatever it was.

No container without an owner, no GPU held by nothing, no running engine stopped that should run,
no second writer on a volume, nothing that a person was told is lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# States in which an engine holds a place on a machine.
PLACED = frozenset({"placed", "preparing", "starting", "ready", "stopping", "unreachable", "lost"})
# What a person who saw READY may see afterwards without a reason of its own.
AS_TOLD = frozenset({"ready"})


@dataclass(frozen=True, slots=True)
class Found:
    """A container (or process) of ours that is really there.

    Attributes:
        began: changes whenever it was stopped and started, however short.
    """

    machine: str
    container_id: str
    instance_id: str
    epoch: int
    running: bool
    began: str


@dataclass(frozen=True, slots=True)
class Row:
    """An instance as the ledger has it on the disk."""

    instance_id: str
    state: str
    node_id: str | None
    epoch: int
    gpus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's own tables, read from its file."""

    rows: tuple[Row, ...]
    residues: tuple[tuple[str, str], ...]
    quarantined: tuple[str, ...]
    writers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What the creator's list says of an instance."""

    instance_id: str
    name: str
    state: str
    line: str


def read_ledger(state_dir: Path) -> Ledger:
    """Read a ledger that may be in use. Blocks."""
    connection = sqlite3.connect(
        f"file:{state_dir / 'ledger.sqlite'}?mode=ro", uri=True, timeout=10
    )
    try:
        rows = []
        for key, state, node_id, epoch, value in connection.execute(
            "SELECT id, state, node_id, epoch, value FROM instances"
        ):
            placement = json.loads(value).get("placement") or {}
            gpus = tuple(placement.get("gpu_uuids", ()))
            rows.append(Row(key, state.lower(), node_id, epoch, gpus))
        residues = connection.execute("SELECT node_id, instance_id FROM residues").fetchall()
        quarantined = []
        for (value,) in connection.execute("SELECT value FROM nodes"):
            quarantined += json.loads(value).get("quarantined_gpus", [])
        writers = connection.execute("SELECT id, writer FROM volumes WHERE writer IS NOT NULL")
        return Ledger(tuple(rows), tuple(residues), tuple(quarantined), dict(writers.fetchall()))
    finally:
        connection.close()


def broken(
    ledger: Ledger,
    found: Iterable[Found],
    unclaimed: Collection[str],
    before: Iterable[Told],
    after: Iterable[Told],
    untouched: Mapping[str, str],
) -> list[str]:
    """Every invariant that does not hold now, each as a sentence; empty when all is well.

    Args:
        unclaimed: containers that their machine shows as nobody's.
        before, after: the creator's list before the fault, and now.
        untouched: instance id to ``began`` of engines that must not have been stopped.
    """
    found = list(found)
    wrong = _owners(ledger, found, unclaimed)
    wrong += _cards(ledger, found)
    wrong += _writers(ledger, found)
    wrong += _untouched(found, untouched)
    wrong += _told(before, after)
    return wrong


def _owners(ledger: Ledger, found: list[Found], unclaimed: Collection[str]) -> list[str]:
    rows = {r.instance_id: r for r in ledger.rows}
    wrong = []
    for it in found:
        row = rows.get(it.instance_id)
        owned = row is not None and row.node_id is not None and row.epoch == it.epoch
        if not owned and it.container_id not in unclaimed:
            wrong.append(f"nobody owns container {it.container_id[:20]} on {it.machine}: {row}")
    return wrong


def _cards(ledger: Ledger, found: list[Found]) -> list[str]:
    running = {(f.instance_id, f.epoch) for f in found if f.running}
    wrong = [
        f"{r.instance_id} holds {', '.join(r.gpus)} in {r.state}, and nothing of it runs"
        for r in ledger.rows
        if r.gpus and (r.instance_id, r.epoch) not in running
    ]
    held = Counter(gpu for r in ledger.rows for gpu in r.gpus)
    wrong += [f"card {gpu} is held {count} times" for gpu, count in held.items() if count > 1]
    wrong += [f"a residue is left: {residue}" for residue in ledger.residues]
    wrong += [f"card {gpu} is set aside" for gpu in ledger.quarantined]
    return wrong


def _writers(ledger: Ledger, found: list[Found]) -> list[str]:
    # A volume is its instance's own: two running containers of one instance are two writers.
    running = Counter(f.instance_id for f in found if f.running)
    wrong = [
        f"{count} containers of {key} write its data" for key, count in running.items() if count > 1
    ]
    holders = Counter(ledger.writers.values())
    return wrong + [f"{key} writes {count} volumes" for key, count in holders.items() if count > 1]


def _untouched(found: list[Found], untouched: Mapping[str, str]) -> list[str]:
    now = {f.instance_id: f.began for f in found if f.running}
    return [
        f"the engine of {key} was stopped or replaced: {began} became {now.get(key)}"
        for key, began in untouched.items()
        if now.get(key) != began
    ]


def _told(before: Iterable[Told], after: Iterable[Told]) -> list[str]:
    now = {t.instance_id: t for t in after}
    wrong = []
    for old in before:
        new = now.get(old.instance_id)
        if new is None:
            wrong.append(f"{old.name} is not listed any more")
        elif new.name != old.name:
            wrong.append(f"{old.name} is called {new.name} now")
        elif old.state == "ready" and new.state not in AS_TOLD and not new.line:
            wrong.append(f"{old.name} was ready, is {new.state} and does not say why")
    return wrong
