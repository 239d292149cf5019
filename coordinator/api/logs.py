"""An engine's output on its way from a machine to whoever may read it."""

from __future__ import annotations

from aigc.errors import AigcError, ErrorKind
from coordinator.domain.instance import Instance
from coordinator.fleet.session import LogFeed, Sessions

_TAIL = 200
_TAIL_MAX = 10_000


def open_logs(sessions: Sessions, instance: Instance, tail: int, follow: bool) -> LogFeed:
    """Ask its machine for the last lines (0: 200), and those to come if they shall be followed.

    Raises:
        AigcError: ``logs-stopped`` or ``logs-unavailable``.
    """
    if instance.placement is None:
        raise AigcError(
            "logs-stopped",
            f"{instance.name} runs on no machine now, so it has no log: start it first.",
            ErrorKind.CONFLICT,
        )
    lines = min(tail or _TAIL, _TAIL_MAX)
    return sessions.open_logs(instance.placement.node_id, instance.id, lines, follow)
