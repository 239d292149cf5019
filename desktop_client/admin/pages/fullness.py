"""How full the studio is: its cards by what they do now, in all and by machine pool. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from desktop_client.admin.model import Fleet, Gpu, Node
from desktop_client.model import LIVE, Instance, State

BUSY_PERCENT = 5.0  # a held card under this does nothing, as the coordinator counts it too


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards by what they do. Held cards are in use, idle, or cannot tell.

    Attributes:
        out: of machines that do not answer, are drained or cannot start engines, and cards that
            are set aside; nobody can get them now.
    """

    in_use: int = 0
    idle: int = 0
    unknown: int = 0
    free: int = 0
    out: int = 0

    @property
    def held(self) -> int:
        return self.in_use + self.idle + self.unknown

    @property
    def all(self) -> int:
        return self.held + self.free + self.out

    def __add__(self, other: Cards) -> Cards:
        return Cards(
            self.in_use + other.in_use,
            self.idle + other.idle,
            self.unknown + other.unknown,
            self.free + other.free,
            self.out + other.out,
        )


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool's machines and cards; revoked machines are no longer the studio's."""

    name: str
    machines: int
    answering: int
    cards: Cards


@dataclass(frozen=True, slots=True)
class Fullness:
    """``waiting``: instances in the queue."""

    cards: Cards
    pools: tuple[Pool, ...]
    waiting: int
    machines: int
    answering: int


def fullness(fleet: Fleet) -> Fullness:
    """All cards of the studio, each counted once however many instances share it."""
    held = held_cards(fleet.instances.values())
    by_pool: dict[str, list[Node]] = {}
    for node in fleet.nodes.values():
        if not node.revoked:
            by_pool.setdefault(node.pool, []).append(node)
    pools = tuple(_pool(name, there, held) for name, there in sorted(by_pool.items()))
    whole = Cards()
    for pool in pools:
        whole += pool.cards
    return Fullness(
        whole,
        pools,
        sum(i.state in (State.QUEUED, State.REQUESTED) for i in fleet.instances.values()),
        sum(p.machines for p in pools),
        sum(p.answering for p in pools),
    )


def held_cards(instances: Iterable[Instance]) -> Mapping[str, set[str]]:
    """Machine -> the cards that somebody holds there."""
    held: dict[str, set[str]] = {}
    for instance in instances:
        if instance.node_id and instance.state in LIVE:
            held.setdefault(instance.node_id, set()).update(c.uuid for c in instance.cards)
    return held


def _pool(name: str, nodes: Sequence[Node], held: Mapping[str, set[str]]) -> Pool:
    nobody: set[str] = set()
    counted = Counter(
        _use(node, gpu, gpu.uuid in held.get(node.id, nobody))
        for node in nodes
        for gpu in node.gpus
    )
    return Pool(name, len(nodes), sum(n.online for n in nodes), Cards(**counted))


def _use(node: Node, gpu: Gpu, held: bool) -> str:
    """The field of Cards that a card counts in."""
    if not node.online:
        return "out"
    if held:
        if gpu.percent is None:
            return "unknown"
        return "in_use" if gpu.percent > BUSY_PERCENT else "idle"
    return "out" if gpu.quarantined or node.draining or not node.can_start else "free"
