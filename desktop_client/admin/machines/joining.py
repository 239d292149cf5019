"""New machines that come in while somebody waits for them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from desktop_client.admin.machines.columns import problems_of
from desktop_client.admin.machines.rows import models_of
from desktop_client.admin.model import Fleet, Node
from desktop_client.i18n import say
from desktop_client.view_model import Shape
from desktop_client.wording import duration

VALIDITIES = (60, 8 * 60, 24 * 60, 7 * 24 * 60)  # minutes; the coordinator allows a week


class Stage(StrEnum):
    """How far a new machine has come."""

    JOINED = "joined"  # it has its certificate; its agent has not connected yet
    PROBLEM = "problem"  # connected, but takes no engine
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Joined:
    """A machine that came in since."""

    node_id: str
    name: str
    stage: Stage
    shape: Shape
    line: str
    problems: tuple[str, ...]


def members(fleet: Fleet) -> frozenset[str]:
    """The machines that are there already; a revoked one may join again."""
    return frozenset(node.id for node in fleet.nodes.values() if not node.revoked)


def joined(fleet: Fleet, before: frozenset[str], language: str) -> tuple[Joined, ...]:
    """The machines that were not there before, the first to join first."""
    new = [n for n in fleet.nodes.values() if n.id not in before and not n.revoked]
    new.sort(key=lambda n: (n.joined_at is None, n.joined_at, n.name))
    return tuple(_joined(node, language) for node in new)


def _joined(node: Node, language: str) -> Joined:
    stage = _stage(node)
    cards = models_of(node.gpus) or say("machines.join.no_card", language)
    if any(gpu.simulated for gpu in node.gpus):
        cards = say("machines.simulated.behind", language, text=cards)
    line = {
        Stage.JOINED: lambda: say("machines.join.joined", language),
        Stage.PROBLEM: lambda: say("machines.join.problem", language, cards=cards),
        Stage.READY: lambda: say("machines.join.ready", language, cards=cards),
    }[stage]()
    shape = {
        Stage.JOINED: Shape.STARTING,
        Stage.PROBLEM: Shape.ATTENTION,
        Stage.READY: Shape.READY,
    }[stage]
    # What it said before its agent connects is nothing yet.
    problems = tuple(problems_of(node, language)) if stage is not Stage.JOINED else ()
    return Joined(node.id, node.name, stage, shape, line, problems)


def _stage(node: Node) -> Stage:
    if not node.online:
        return Stage.JOINED
    return Stage.READY if node.can_start else Stage.PROBLEM


def time_left(expires: datetime | None, now: datetime, language: str) -> str:
    """How long the command is good: ``Good for one machine, for 58 min more``."""
    if expires is None:
        return ""
    if expires <= now:
        return say("machines.join.expired", language)
    return say("machines.join.left", language, span=duration(expires - now, language))


def next_look(expires: datetime | None, now: datetime) -> timedelta | None:
    """When ``time_left`` says something else; None: never again."""
    if expires is None or expires <= now:
        return None
    left = (expires - now).total_seconds()
    if left < 1:
        return timedelta(seconds=left)
    # Minutes are rounded up from whole seconds: a new one begins just under 60 n + 1 seconds.
    over = left - ((int(left) - 1) // 60 * 60 + 1)
    return timedelta(seconds=over + 0.05)


def validity(minutes: int, language: str) -> str:
    """``1 h``, ``1 day``, ``7 days``."""
    if minutes % (24 * 60) == 0:
        days = minutes // (24 * 60)
        return say("machines.join.day" if days == 1 else "machines.join.days", language, days=days)
    return duration(timedelta(minutes=minutes), language)
