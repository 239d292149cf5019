"""Which of several possible places is best: compared in this order, the first difference wins."""

from __future__ import annotations

from typing import Protocol

from coordinator.domain.placement.view import Candidate, Request, View, vram_mib


class Scorer(Protocol):
    """A higher score is better."""

    name: str

    def score(self, request: Request, candidate: Candidate, view: View) -> float: ...


class PoolPriority:
    """On-prem before cloud."""

    name = "pool"

    def score(self, request: Request, candidate: Candidate, view: View) -> float:
        return float(view.policy.priority_of(candidate.node.pool))


class DataIsHere:
    """The creator's files are on this machine's disk already."""

    name = "data"

    def score(self, request: Request, candidate: Candidate, view: View) -> float:
        volume = request.volume
        return 1.0 if volume is not None and volume.home == candidate.node.id else 0.0


class LeastWaste:
    """Best fit: the least memory beyond the need, so that large cards stay for large needs."""

    name = "waste-mib"

    def score(self, request: Request, candidate: Candidate, view: View) -> float:
        need = request.spec.gpu
        return -float(sum(max(0, (vram_mib(g) or 0) - need.vram_mib) for g in candidate.gpus))


class KeepCardsTogether:
    """Fewest cards left free on the machine, so that whole machines stay for several cards."""

    name = "left-free"

    def score(self, request: Request, candidate: Candidate, view: View) -> float:
        return -float(len(view.free(candidate.node)) - len(candidate.gpus))


class LeastCrowded:
    """For engines without a card: the machine with the fewest engines."""

    name = "crowd"

    def score(self, request: Request, candidate: Candidate, view: View) -> float:
        return -float(view.load.get(candidate.node.id, 0)) if not candidate.gpus else 0.0


SCORERS: tuple[Scorer, ...] = (
    PoolPriority(),
    DataIsHere(),
    LeastWaste(),
    KeepCardsTogether(),
    LeastCrowded(),
)
