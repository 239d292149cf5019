"""The numbers beside the pages' names, from the fleet alone. Pure."""

from __future__ import annotations

from desktop_client.admin.model import Delta, Fleet, Node
from desktop_client.model import Instance, State

_MOST = 999
WAITING = frozenset({State.REQUESTED, State.QUEUED})


class Badges:
    """Counts along with what changes: the whole fleet is looked at only when it is new."""

    def __init__(self) -> None:
        self._needy: set[str] = set()
        self._waiting: set[str] = set()

    def take(self, fleet: Fleet, delta: Delta) -> None:
        """What changed."""
        if delta.whole:
            self._needy = {key for key, node in fleet.nodes.items() if needs_somebody(node)}
            self._waiting = {key for key, one in fleet.instances.items() if is_waiting(one)}
            return
        for node in delta.nodes:
            _sort_in(self._needy, node.id, needs_somebody(node))
        for instance in delta.instances:
            _sort_in(self._waiting, instance.id, is_waiting(instance))
        self._needy.difference_update(delta.removed_nodes)
        self._waiting.difference_update(delta.removed_instances)

    def badge(self, page: str) -> str:
        """For the machines those that need somebody, for the queue those who wait; else nothing."""
        counts = {"machines": self._needy, "queue": self._waiting}
        return _written(len(counts.get(page, ())))


def is_waiting(instance: Instance) -> bool:
    return instance.state in WAITING


def needs_somebody(node: Node) -> bool:
    """Whether a machine does not do its work and will not by itself."""
    if node.revoked:
        return False
    troubled = node.problems or node.unclaimed or node.ledger_refused
    held_back = any(gpu.quarantined for gpu in node.gpus)
    return bool(not node.online or troubled or held_back or not node.can_start)


def _sort_in(keys: set[str], key: str, belongs: bool) -> None:
    if belongs:
        keys.add(key)
    else:
        keys.discard(key)


def _written(count: int) -> str:
    if not count:
        return ""
    return f"{count}" if count <= _MOST else f"{_MOST}+"
