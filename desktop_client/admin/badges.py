"""The numbers beside the pages' names, from the fleet alone. Pure."""

from __future__ import annotations

from desktop_client.admin.model import Fleet, Node
from desktop_client.model import State

_MOST = 999
WAITING = frozenset({State.REQUESTED, State.QUEUED})


def badge(page: str, fleet: Fleet) -> str:
    """For the machines those that need somebody, for the queue those who wait; else nothing."""
    if page == "machines":
        return _written(sum(needs_somebody(node) for node in fleet.nodes.values()))
    if page == "queue":
        return _written(sum(i.state in WAITING for i in fleet.instances.values()))
    return ""


def needs_somebody(node: Node) -> bool:
    """Whether a machine does not do its work and will not by itself."""
    if node.revoked:
        return False
    troubled = node.problems or node.unclaimed or node.ledger_refused
    held_back = any(gpu.quarantined for gpu in node.gpus)
    return bool(not node.online or troubled or held_back or not node.can_start)


def _written(count: int) -> str:
    if not count:
        return ""
    return f"{count}" if count <= _MOST else f"{_MOST}+"
