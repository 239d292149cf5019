"""How full the studio is: its cards by what they do now, in all and by machine pool. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    nodes = [n for n in fleet.nodes.values() if not n.revoked]
    by_pool: dict[str, list[Node]] = {}
    for node in nodes:
        by_pool.setdefault(node.pool, []).append(node)
    pools = tuple(
        Pool(
            name,
            len(there),
            sum(n.online for n in there),
            _sum(_cards(n, held.get(n.id, frozenset())) for n in there),
        )
        for name, there in sorted(by_pool.items())
    )
    return Fullness(
        _sum(p.cards for p in pools),
        pools,
        sum(i.state in (State.QUEUED, State.REQUESTED) for i in fleet.instances.values()),
        len(nodes),
        sum(n.online for n in nodes),
    )


def held_cards(instances: Iterable[Instance]) -> Mapping[str, frozenset[str]]:
    """Machine -> the cards that somebody holds there."""
    held: dict[str, set[str]] = {}
    for instance in instances:
        if instance.state in LIVE and instance.node_id:
            held.setdefault(instance.node_id, set()).update(c.uuid for c in instance.cards)
    return {node_id: frozenset(uuids) for node_id, uuids in held.items()}


def _cards(node: Node, held: frozenset[str]) -> Cards:
    return _sum(_card(node, gpu, gpu.uuid in held) for gpu in node.gpus)


def _card(node: Node, gpu: Gpu, held: bool) -> Cards:
    if not node.online:
        return Cards(out=1)
    if held:
        if gpu.percent is None:
            return Cards(unknown=1)
        return Cards(in_use=1) if gpu.percent > BUSY_PERCENT else Cards(idle=1)
    if gpu.quarantined or node.draining or not node.can_start:
        return Cards(out=1)
    return Cards(free=1)


def _sum(cards: Iterable[Cards]) -> Cards:
    total = Cards()
    for one in cards:
        total += one
    return total
