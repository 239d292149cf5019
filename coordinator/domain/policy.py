"""The studio's own rules, as its IT configured them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from coordinator.domain.node import Pool


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits and times that hold for everybody.

    ``pools`` gives each pool its priority; a pool that is not named has priority 0.
    ``waited_long`` bounds fairness: who has waited so long goes first, whatever they hold.
    """

    instances_per_person: int = 5
    instances_per_engine: int = 1
    trash_days: int = 30
    unreachable_grace: timedelta = timedelta(seconds=90)
    node_silent: timedelta = timedelta(seconds=15)
    waited_long: timedelta = timedelta(minutes=30)
    pools: tuple[Pool, ...] = (Pool("on-prem", 10), Pool("cloud", 0))

    def priority_of(self, pool: str) -> int:
        return next((p.priority for p in self.pools if p.name == pool), 0)
