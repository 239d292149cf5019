"""What the door decided a moment ago, for the next request that differs in its path alone. No I/O.

A page asks hundreds of times with the very same header lines. The decision on them is kept with
the lines (of one connection) and taken again while nothing that made it has changed:

- the table's revision is the same: every order of the coordinator gives it a new one, so that a
  session, token or share that is revoked, or a route that changes, counts at the next request;
- neither session nor share has run out, by the millisecond, and a second has not passed (so that
  a clock that is set does no harm for longer);
- the method is the same, and the target is none of our own pages.

Nothing else of a target matters to what is kept: who only looks on is judged by path each time, as
are service workers and WebSockets. :func:`gateway.door.decide` stays the only place of the rules.
"""

from __future__ import annotations

from gateway.door import OWN_PREFIX, Act, Decision
from gateway.heads import RequestHead
from gateway.routes import Access, RouteTable

MAX_SECONDS = 1.0
_OWN_PREFIX = OWN_PREFIX.encode()

# The table's revision, until when (monotonic seconds), the method, and the decision.
Kept = tuple[int, float, str, Decision]


def recall(head: RequestHead, table: RouteTable, now: float) -> Decision | None:
    """The decision that still holds for this request; None: ask the door."""
    kept = head.fields.kept
    if (
        kept is None
        or kept[0] != table.revision
        or now >= kept[1]
        or head.method != kept[2]
        or head.target.startswith(_OWN_PREFIX)
    ):
        return None
    return kept[3]


def keep(head: RequestHead, decision: Decision, table: RouteTable, now: float, now_ms: int) -> None:
    """Keep a decision with its header lines, if it depends on nothing but what the module says.

    Args:
        now: monotonic seconds.
        now_ms: UTC milliseconds of the same moment, with which the door decided.
    """
    session, route = decision.session, decision.route
    if decision.act is not Act.FORWARD or session is None or route is None:
        return
    if decision.access is Access.VIEW or head.websocket or head.get(b"service-worker") is not None:
        return
    until_ms = session.expires_at_ms
    if session.person_id in route.guests:
        until_ms = min(until_ms, route.guests[session.person_id].until_ms)
    left = min((until_ms - now_ms - 1) / 1000, MAX_SECONDS)  # rather a moment too short
    if left > 0:
        head.fields.kept = (table.revision, now + left, head.method, decision)
