"""What the gateway knows, in memory: hosts, sessions and machines, as the coordinator told them.

The table outlives the connection to the coordinator: while that is away, what was last known goes
on being served.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from protos.aigc.v1 import common_pb2, gateway_pb2

log = logging.getLogger(__name__)
_K = TypeVar("_K")

# A session that was good when the coordinator went away stays good for at most so long: a person
# who works is not thrown out because another program restarts.
_AWAY_LIMIT_MS = 12 * 3600 * 1000
_ENDED_AT_MOST = 1000


class State(Enum):
    """An instance's state as far as the door cares."""

    STOPPED = "stopped"
    COMING = "coming"  # asked for, queued, preparing or starting
    READY = "ready"
    UNREACHABLE = "unreachable"  # its machine is silent for the coordinator; perhaps not for us
    STOPPING = "stopping"
    FAILED = "failed"
    DELETED = "deleted"


_STATES = {
    common_pb2.INSTANCE_STATE_REQUESTED: State.COMING,
    common_pb2.INSTANCE_STATE_QUEUED: State.COMING,
    common_pb2.INSTANCE_STATE_PLACED: State.COMING,
    common_pb2.INSTANCE_STATE_PREPARING: State.COMING,
    common_pb2.INSTANCE_STATE_STARTING: State.COMING,
    common_pb2.INSTANCE_STATE_READY: State.READY,
    common_pb2.INSTANCE_STATE_STOPPING: State.STOPPING,
    common_pb2.INSTANCE_STATE_STOPPED: State.STOPPED,
    common_pb2.INSTANCE_STATE_FAILED: State.FAILED,
    common_pb2.INSTANCE_STATE_UNREACHABLE: State.UNREACHABLE,
    common_pb2.INSTANCE_STATE_LOST: State.UNREACHABLE,
    common_pb2.INSTANCE_STATE_DELETED: State.DELETED,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One activity rule of an engine; an empty field matches everything."""

    method: str
    path: re.Pattern[str] | None
    frame_max_bytes: int
    person: bool


@dataclass(frozen=True, slots=True)
class Guest:
    """What somebody may do with the instance of another, and until when (UTC milliseconds)."""

    view: bool
    until_ms: int


@dataclass(frozen=True, slots=True)
class ViewRule:
    """What a guest who looks on may send besides, or may not ask; empty matches everything."""

    method: str
    path: re.Pattern[str] | None
    frame_max_bytes: int
    allow: bool


class Access(Enum):
    """What somebody may do with one instance."""

    OWNER = "owner"
    USE = "use"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of one thing that is prepared; ``total`` is None while unknown."""

    kind: str  # "image", "data" or "models"
    done_bytes: int
    total_bytes: int | None
    done: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One instance: its host label, whose it is, where it runs and what to say about it."""

    host: str
    instance_id: str
    epoch: int
    owner_id: str
    node_id: str
    state: State
    title: str = ""
    icon_svg: str = ""
    line_en: str = ""
    line_zh: str = ""
    parts: tuple[Part, ...] = ()
    queue_position: int | None = None
    rules: tuple[Rule, ...] = ()
    count_client_frames: bool = False
    simulated: bool = False
    can_start: bool = True
    start_refused: bool = False  # a visit a moment ago; the line says why
    guests: Mapping[str, Guest] = field(default_factory=dict)  # by person
    viewing: tuple[ViewRule, ...] = ()

    @property
    def serving(self) -> bool:
        """Requests may be tried: it runs, or may still run on a machine that is silent."""
        return self.state in (State.READY, State.UNREACHABLE) and bool(self.node_id)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's right to one host, or a script's to what its person may open.

    The two are kept apart: what is a cookie's is no bearer's.
    """

    token_hash: bytes
    host: str
    person_id: str
    instance_id: str
    expires_at_ms: int
    bearer: bool = False  # an API token
    view: bool = False  # it looks on, whatever its person may do
    instances: frozenset[str] = frozenset()  # an API token's limit; empty: none


@dataclass(frozen=True, slots=True)
class NodeAccess:
    """Which client certificates a machine may come with; serials as numbers."""

    node_id: str
    serials: frozenset[int]
    revoked: bool


@dataclass(slots=True)
class _Listeners:
    route: list[Callable[[str], None]] = field(default_factory=list)
    node: list[Callable[[str], None]] = field(default_factory=list)


class RouteTable:
    """See the module. Changed by one writer (the session), read by everybody in the same loop.

    Attributes:
        zone: what follows the label in every host name.
        web_url: the coordinator's own pages, without a trailing slash.
        connected: the coordinator is there now.
        known: a snapshot was received at least once.
        revision: another number after every change (see :mod:`gateway.recall`).
    """

    def __init__(self) -> None:
        self.zone = ""
        self.web_url = ""
        self.connected = False
        self.known = False
        self.revision = 0
        self._away_since_ms = 0
        self._routes: dict[str, Route] = {}
        self._by_instance: dict[str, str] = {}
        self._sessions: dict[bytes, Session] = {}
        self._ended: dict[bytes, None] = {}  # the last that were revoked
        self._bearers: dict[bytes, Session] = {}
        self._nodes: dict[str, NodeAccess] = {}
        self._listeners = _Listeners()

    # --- reading ---------------------------------------------------------------------------

    def route(self, label: str) -> Route | None:
        return self._routes.get(label)

    def route_of(self, instance_id: str) -> Route | None:
        label = self._by_instance.get(instance_id)
        return None if label is None else self._routes.get(label)

    def session(self, token_hash: bytes, now_ms: int) -> Session | None:
        """The session, if it is valid now."""
        session = self._sessions.get(token_hash)
        if session is None or not self._valid(session, now_ms):
            return None
        return session

    def bearer(self, token_hash: bytes, now_ms: int) -> Session | None:
        """The API token, if it is valid now; to the second, whoever is away."""
        session = self._bearers.get(token_hash)
        return session if session is not None and session.expires_at_ms > now_ms else None

    def still(self, session: Session, now_ms: int) -> Session | None:
        """The same session or token as it is known now; None once it is over."""
        find = self.bearer if session.bearer else self.session
        return find(session.token_hash, now_ms)

    def node(self, node_id: str) -> NodeAccess | None:
        return self._nodes.get(node_id)

    def _valid(self, session: Session, now_ms: int) -> bool:
        if session.expires_at_ms > now_ms:
            return True
        if self.connected or not self._away_since_ms:
            return False
        was_good = session.expires_at_ms > self._away_since_ms
        return was_good and now_ms < self._away_since_ms + _AWAY_LIMIT_MS

    # --- listening -------------------------------------------------------------------------

    def on_route(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with the label of each route that changes; returns what ends it."""
        self._listeners.route.append(callback)
        return lambda: self._listeners.route.remove(callback)

    def on_node(self, callback: Callable[[str], None]) -> None:
        self._listeners.node.append(callback)

    # --- writing ---------------------------------------------------------------------------

    def apply(self, order: gateway_pb2.GatewayOrder) -> None:
        """Take over one order of the coordinator."""
        self.revision += 1
        match order.WhichOneof("order"):
            case "snapshot":
                self._apply_snapshot(order.snapshot)
            case "route":
                self._put_route(route_from_wire(order.route))
            case "route_removed":
                self._remove_route(order.route_removed.host)
            case "session":
                self.put_session(session_from_wire(order.session))
            case "session_revoked":
                self._remove_session(order.session_revoked.token_hash)
            case "token":
                self._put_bearer(bearer_from_wire(order.token))
            case "token_revoked":
                self._remove_bearer(order.token_revoked.token_hash)
            case "node":
                self._put_node(_node_from_wire(order.node))
            case _:
                log.warning("an order of a kind that this gateway does not know was left out")

    def set_away(self, now_ms: int) -> None:
        """The coordinator is gone; everything known stays."""
        self.revision += 1
        if self.connected:
            self.connected = False
            self._away_since_ms = now_ms

    def put_session(self, session: Session) -> None:
        self.revision += 1
        self._sessions[session.token_hash] = session

    def put_redeemed(self, session: Session) -> None:
        """A session whose hand-off was answered just now, unless its end was told already: the
        two come by different ways."""
        if session.token_hash not in self._ended:
            self.put_session(session)

    def _apply_snapshot(self, snapshot: gateway_pb2.Snapshot) -> None:
        self.zone = snapshot.zone.lower().strip(".")
        self.web_url = snapshot.web_url.rstrip("/")
        self.connected = True
        self.known = True
        routes = [route_from_wire(r) for r in snapshot.routes]
        _remove_others(self._routes, (r.host for r in routes), self._remove_route)
        for route in routes:
            self._put_route(route)
        sessions = [session_from_wire(s) for s in snapshot.sessions]
        _remove_others(self._sessions, (s.token_hash for s in sessions), self._remove_session)
        for session in sessions:
            self.put_session(session)
        bearers = [bearer_from_wire(t) for t in snapshot.tokens]
        _remove_others(self._bearers, (b.token_hash for b in bearers), self._remove_bearer)
        for bearer in bearers:
            self._put_bearer(bearer)
        nodes = [_node_from_wire(n) for n in snapshot.nodes]
        _remove_others(self._nodes, (n.node_id for n in nodes), self._remove_node)
        for node in nodes:
            self._put_node(node)

    def _put_route(self, route: Route) -> None:
        before = self._routes.get(route.host)
        if before == route:
            return
        # Compiled rules of an unchanged engine stay the same objects.
        if before is not None and before.rules == route.rules:
            route = replace(route, rules=before.rules)
        if before is not None and before.viewing == route.viewing:
            route = replace(route, viewing=before.viewing)
        self._routes[route.host] = route
        self._by_instance[route.instance_id] = route.host
        for callback in list(self._listeners.route):
            callback(route.host)

    def _remove_route(self, host: str) -> None:
        route = self._routes.pop(host, None)
        if route is not None:
            self._by_instance.pop(route.instance_id, None)
            for callback in list(self._listeners.route):
                callback(host)

    def _remove_session(self, token_hash: bytes) -> None:
        self._sessions.pop(token_hash, None)
        self._ended[token_hash] = None
        if len(self._ended) > _ENDED_AT_MOST:
            del self._ended[next(iter(self._ended))]

    def _put_bearer(self, bearer: Session) -> None:
        self._bearers[bearer.token_hash] = bearer

    def _remove_bearer(self, token_hash: bytes) -> None:
        self._bearers.pop(token_hash, None)

    def _put_node(self, node: NodeAccess) -> None:
        if self._nodes.get(node.node_id) != node:
            self._nodes[node.node_id] = node
            for callback in list(self._listeners.node):
                callback(node.node_id)

    def _remove_node(self, node_id: str) -> None:
        if self._nodes.pop(node_id, None) is not None:
            for callback in list(self._listeners.node):
                callback(node_id)


def _remove_others(
    table: Mapping[_K, object], keep: Iterable[_K], remove: Callable[[_K], None]
) -> None:
    kept = set(keep)
    for key in [k for k in table if k not in kept]:
        remove(key)


def route_from_wire(message: gateway_pb2.Route) -> Route:
    """A route as the wire has it, with its rules compiled; a rule that cannot be is left out."""
    return Route(
        host=message.host.lower(),
        instance_id=message.instance_id,
        epoch=message.epoch,
        owner_id=message.owner_id,
        node_id=message.node_id,
        state=_STATES.get(message.state, State.STOPPED),
        title=message.title,
        icon_svg=message.icon_svg,
        line_en=message.line.en,
        line_zh=message.line.zh or message.line.en,
        parts=tuple(_part_from_wire(p) for p in message.parts),
        queue_position=message.queue_position if message.HasField("queue_position") else None,
        rules=tuple(r for m in message.machinery if (r := _rule_from_wire(m)) is not None),
        count_client_frames=message.count_client_frames,
        simulated=message.simulated,
        can_start=message.can_start,
        start_refused=message.start_refused,
        guests={g.person_id: Guest(g.view, g.until_ms) for g in message.guests},
        viewing=tuple(_view_rule_from_wire(m) for m in message.viewing),
    )


def session_from_wire(message: gateway_pb2.BrowserSession) -> Session:
    return Session(
        token_hash=message.token_hash,
        host=message.host.lower(),
        person_id=message.person_id,
        instance_id=message.instance_id,
        expires_at_ms=message.expires_at_ms,
    )


def bearer_from_wire(message: gateway_pb2.ApiTokenAccess) -> Session:
    return Session(
        token_hash=message.token_hash,
        host="",
        person_id=message.person_id,
        instance_id="",
        expires_at_ms=message.expires_at_ms,
        bearer=True,
        view=message.view,
        instances=frozenset(message.instance_ids),
    )


def access_of(route: Route, session: Session, now_ms: int) -> Access | None:
    """What a session may do with an instance at this moment; None: nothing."""
    if session.instances and route.instance_id not in session.instances:
        return None
    if session.person_id == route.owner_id:
        return Access.VIEW if session.view else Access.OWNER
    guest = route.guests.get(session.person_id)
    if guest is None or guest.until_ms <= now_ms:
        return None
    return Access.VIEW if session.view or guest.view else Access.USE


def _view_rule_from_wire(message: gateway_pb2.ViewRule) -> ViewRule:
    allow = message.allow
    try:
        path = re.compile(message.path_regex) if message.path_regex else None
    except re.error as error:
        # What cannot be read allows nothing, and forbids everything that it may have meant to.
        log.warning("view rule: %r is no expression (%s)", message.path_regex, error)
        path, allow = None, False
    return ViewRule(message.method.upper(), path, message.frame_max_bytes, allow)


def _rule_from_wire(message: gateway_pb2.ActivityRule) -> Rule | None:
    try:
        path = re.compile(message.path_regex) if message.path_regex else None
    except re.error as error:
        log.warning("activity rule left out: %r is no expression (%s)", message.path_regex, error)
        return None
    return Rule(message.method.upper(), path, message.frame_max_bytes, message.person)


def _part_from_wire(message: common_pb2.PartProgress) -> Part:
    kind = {
        common_pb2.PartProgress.PART_IMAGE: "image",
        common_pb2.PartProgress.PART_DATA: "data",
        common_pb2.PartProgress.PART_MODELS: "models",
    }.get(message.part, "")
    total = message.bytes_total if message.HasField("bytes_total") else None
    return Part(kind, message.bytes_done, total, message.done)


def _node_from_wire(message: gateway_pb2.NodeAccess) -> NodeAccess:
    serials = {
        int(text, 16)
        for text in (message.certificate_serial, message.previous_serial)
        if re.fullmatch(r"[0-9a-fA-F]{1,64}", text)
    }
    return NodeAccess(message.node_id, frozenset(serials), message.revoked)
