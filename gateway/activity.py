"""What a person does, seen where traffic passes (pitfalls 1 to 3): facts for the idle policy.

Per request the engine's rules decide (first match); without one, page visits and unsafe requests
count if they succeed, except those that come again and again at a fixed period with the same path
and size. Frames from the browser count when a rule says so, or shortly after a person's request.
Pings, and bytes towards the browser, never count. Bodies count while their bytes move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aigc.clock import Clock, milliseconds
from gateway.heads import RequestHead
from gateway.routes import Route, Session
from gateway.websocket import BINARY, TEXT
from protos.aigc.v1 import gateway_pb2

BATCH_SECONDS = 5.0
# A first act after so long a silence is told at once.
QUIET_SECONDS = 30.0
# Frames from the browser count for so long after a person's request.
FRAME_WINDOW_SECONDS = 30.0
# A body younger than this is a page's usual request, not a transfer that somebody waits for.
TRANSFER_SECONDS = 3.0
# The waiting page turns into the engine by itself; that visit is no person's.
TURN_SECONDS = 10.0
_MAX_LAG = 4  # so many tabs polling side by side are still seen as periodic
_HISTORY = 2 * _MAX_LAG + 1
_MAX_PATTERNS = 256
_UNCOUNTED_STREAMS = (b"text/event-stream", b"multipart/x-mixed-replace")


@dataclass(slots=True, eq=False)
class Transfer:
    """One exchange whose bodies may be worth counting."""

    started: float  # monotonic seconds
    counted: bool = True  # False: machinery, or an event stream
    moved: bool = False  # bytes since the last batch


@dataclass(slots=True)
class _Instance:
    """What is known of one instance's use. ``last_person_ms`` 0: nothing yet."""

    epoch: int = 0
    last_person_ms: int = 0
    last_person: float = float("-inf")  # monotonic
    last_request: float = float("-inf")  # monotonic, of a person's request (not a frame)
    what: str = ""
    websockets: int = 0
    transfers: set[Transfer] = field(default_factory=set)
    patterns: dict[tuple[str, str, int], deque[float]] = field(default_factory=dict)
    turned: float = float("-inf")
    changed: bool = False
    told_bodies: int = 0
    told_websockets: int = 0


class Activity:
    """See the module. ``on_first_act`` is called when somebody returns after a silence."""

    on_first_act: Callable[[], None] | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._instances: dict[str, _Instance] = {}
        self._seen: set[bytes] = set()

    # --- what passes -----------------------------------------------------------------------

    def begin(self, route: Route) -> Transfer:
        """An exchange with the engine began."""
        transfer = Transfer(self._clock.monotonic())
        self._of(route).transfers.add(transfer)
        return transfer

    def end(self, route: Route, transfer: Transfer) -> None:
        instance = self._of(route)
        instance.transfers.discard(transfer)
        # One that ended inside a batch counts for that batch if it was a real transfer.
        if transfer.moved and self._is_transfer(transfer):
            instance.told_bodies = max(instance.told_bodies, 1)
            instance.changed = True

    def answered(
        self,
        route: Route,
        session: Session,
        head: RequestHead,
        body_bytes: int,
        navigation: bool,
        status: int,
        content_type: bytes,
        transfer: Transfer,
        viewing: bool = False,
    ) -> None:
        """The engine answered a request; decides whether a person made it.

        Args:
            body_bytes: of the request.
            status: of the answer; only success counts.
            content_type: of the answer, in lower case.
            viewing: by a guest who looks on: their session goes on, and the engine does not.
        """
        if viewing:
            transfer.counted = False
            if navigation and status < 400:
                self._seen.add(session.token_hash)
            return
        verdict = rule_for_request(route, head)
        if verdict is False or content_type.startswith(_UNCOUNTED_STREAMS):
            transfer.counted = False
        if status >= 400:
            return
        instance = self._of(route)
        if verdict is None:
            verdict = self._by_default(instance, head, body_bytes, navigation)
        elif verdict and navigation and self._was_turned(instance):
            verdict = False
        if verdict:
            instance.last_request = self._clock.monotonic()
            self._person(instance, session, f"{head.method} {head.path[:120]}")

    def frame(self, route: Route, session: Session, path: str, opcode: int, length: int) -> None:
        """A WebSocket frame came from the browser."""
        if opcode not in (TEXT, BINARY):
            return
        instance = self._of(route)
        verdict = rule_for_frame(route, path, length)
        if verdict is None:
            recent = self._clock.monotonic() - instance.last_request <= FRAME_WINDOW_SECONDS
            verdict = route.count_client_frames or recent
        if verdict:
            self._person(instance, session, f"WebSocket {path[:120]}")

    def websocket(self, route: Route, change: int) -> None:
        """A WebSocket was opened (1) or closed (-1)."""
        self._of(route).websockets += change

    def turned_into_engine(self, instance_id: str) -> None:
        """A waiting page was told to open the engine: its next visit is nobody's act."""
        self._instances.setdefault(instance_id, _Instance()).turned = self._clock.monotonic()

    # --- what is told ----------------------------------------------------------------------

    def take_batch(self) -> gateway_pb2.ActivityBatch:
        """What changed since the last batch (empty if nothing did)."""
        batch = gateway_pb2.ActivityBatch()
        for instance_id, instance in self._instances.items():
            bodies = instance.told_bodies
            instance.told_bodies = 0
            for transfer in instance.transfers:
                if transfer.moved and self._is_transfer(transfer):
                    bodies += 1
                transfer.moved = False
            sockets_changed = instance.websockets != instance.told_websockets
            if not (instance.changed or bodies or sockets_changed):
                continue
            batch.instances.append(
                gateway_pb2.InstanceActivity(
                    instance_id=instance_id,
                    epoch=instance.epoch,
                    last_person_ms=instance.last_person_ms if instance.changed else 0,
                    bodies_in_flight=bodies,
                    open_websockets=instance.websockets,
                    what=instance.what if instance.changed else "",
                )
            )
            instance.changed = False
            instance.told_websockets = instance.websockets
        return batch

    def take_seen(self) -> list[bytes]:
        """Sessions that a person used since the last call."""
        seen = list(self._seen)
        self._seen.clear()
        return seen

    def put_back(self, batch: gateway_pb2.ActivityBatch, seen: list[bytes]) -> None:
        """They could not be told: tell them with the next ones."""
        self._seen.update(seen)
        for told in batch.instances:
            instance = self._instances.get(told.instance_id)
            if instance is not None:
                instance.changed = True
                instance.told_bodies = max(instance.told_bodies, told.bodies_in_flight)

    def tell_all_again(self) -> None:
        """The coordinator is new or back: each last act is told once more (times, so harmless)."""
        for instance in self._instances.values():
            if instance.last_person_ms or instance.websockets:
                instance.changed = True

    def forget(self, instance_id: str) -> None:
        """The instance is gone for good."""
        instance = self._instances.get(instance_id)
        if instance is not None and not instance.transfers and not instance.websockets:
            del self._instances[instance_id]

    # --- own -------------------------------------------------------------------------------

    def _of(self, route: Route) -> _Instance:
        instance = self._instances.get(route.instance_id)
        if instance is None:
            instance = self._instances[route.instance_id] = _Instance()
        instance.epoch = route.epoch
        return instance

    def _person(self, instance: _Instance, session: Session, what: str) -> None:
        now = self._clock.monotonic()
        quiet = now - instance.last_person > QUIET_SECONDS
        instance.last_person = now
        instance.last_person_ms = milliseconds(self._clock.now())
        instance.what = what
        instance.changed = True
        self._seen.add(session.token_hash)
        if quiet and self.on_first_act is not None:
            self.on_first_act()

    def _was_turned(self, instance: _Instance) -> bool:
        turned = self._clock.monotonic() - instance.turned <= TURN_SECONDS
        instance.turned = float("-inf")
        return turned

    def _by_default(
        self, instance: _Instance, head: RequestHead, body_bytes: int, navigation: bool
    ) -> bool:
        if navigation:
            return not self._was_turned(instance)
        if head.method in ("GET", "HEAD", "OPTIONS"):
            return False
        times = self._times(instance, (head.method, head.path, body_bytes))
        times.append(self._clock.monotonic())
        return not is_periodic(times)

    def _times(self, instance: _Instance, key: tuple[str, str, int]) -> deque[float]:
        times = instance.patterns.pop(key, None)
        if times is None:
            times = deque(maxlen=_HISTORY)
            if len(instance.patterns) >= _MAX_PATTERNS:
                del instance.patterns[next(iter(instance.patterns))]
        instance.patterns[key] = times  # the last used are kept
        return times

    def _is_transfer(self, transfer: Transfer) -> bool:
        age = self._clock.monotonic() - transfer.started
        return transfer.counted and age >= TRANSFER_SECONDS


def is_periodic(times: deque[float]) -> bool:
    """Whether the last of these moments (seconds) came as a machine's do.

    Some lag must make the last two intervals equal within 5 % (at least 0.3 s, at most 2 s: beyond
    that it is a person who asks for the same again every few minutes): lag 1 is one tab polling,
    lag 2 two tabs side by side, and so on. Intervals under a second are one gesture.
    """
    last = len(times) - 1
    for lag in range(1, _MAX_LAG + 1):
        if last < 2 * lag:
            return False
        late = times[last] - times[last - lag]
        early = times[last - lag] - times[last - 2 * lag]
        if late >= 1.0 and abs(late - early) <= min(max(0.3, 0.05 * late), 2.0):
            return True
    return False


def rule_for_request(route: Route, head: RequestHead) -> bool | None:
    """The engine's own word on a request: a person's, machinery, or nothing said."""
    for rule in route.rules:
        if rule.frame_max_bytes:
            continue
        if rule.method and rule.method != head.method:
            continue
        if rule.path is None or rule.path.search(head.path):
            return rule.person
    return None


def rule_for_frame(route: Route, path: str, length: int) -> bool | None:
    """The engine's own word on a frame from the browser."""
    for rule in route.rules:
        if not rule.frame_max_bytes or length > rule.frame_max_bytes:
            continue
        if rule.path is None or rule.path.search(path):
            return rule.person
    return None
