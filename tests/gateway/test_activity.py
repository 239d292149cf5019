"""Only what a person does counts (pitfalls 1 to 3); the clock's hands are turned by the test."""

from __future__ import annotations

import re

import pytest

from gateway.activity import Activity, Transfer
from gateway.heads import RequestHead, read_request
from gateway.routes import Route, Rule, Session, State
from gateway.websocket import BINARY, CLOSE, PING, PONG, TEXT
from protos.aigc.v1 import gateway_pb2
from tests.standins.clock import FakeClock

SESSION = Session(b"h", "comfy", "lin", "inst", 1 << 60)


def route_with(*rules: Rule, frames: bool = False) -> Route:
    return Route(
        "comfy",
        "inst",
        3,
        "lin",
        "node",
        State.READY,
        rules=rules,
        count_client_frames=frames,
    )


def rule(person: bool, path: str = "", method: str = "", frame: int = 0) -> Rule:
    return Rule(method, re.compile(path) if path else None, frame, person)


def head(method: str, path: str, length: int | None = None) -> RequestHead:
    lines = [f"{method} {path} HTTP/1.1", "Host: comfy.localhost"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return read_request(("\r\n".join(lines) + "\r\n\r\n").encode())


class Tab:
    """One browser tab at the door, with what it made count."""

    def __init__(self, route: Route) -> None:
        self.clock = FakeClock()
        self.activity = Activity(self.clock)
        self.woken = 0
        self.activity.on_first_act = self._wake
        self.route = route

    def _wake(self) -> None:
        self.woken += 1

    def ask(
        self,
        method: str,
        path: str,
        length: int = 0,
        *,
        navigation: bool = False,
        status: int = 200,
        content_type: bytes = b"",
    ) -> Transfer:
        transfer = self.activity.begin(self.route)
        self.activity.answered(
            self.route,
            SESSION,
            head(method, path, length if method != "GET" else None),
            length,
            navigation,
            status,
            content_type,
            transfer,
        )
        return transfer

    def frame(self, opcode: int, length: int, path: str = "/ws") -> None:
        self.activity.frame(self.route, SESSION, path, opcode, length)

    def told(self) -> gateway_pb2.InstanceActivity | None:
        batch = self.activity.take_batch()
        return batch.instances[0] if batch.instances else None

    def counted(self) -> bool:
        told = self.told()
        return told is not None and told.last_person_ms > 0


@pytest.mark.parametrize(
    ("method", "path", "navigation", "status", "counts"),
    [
        ("GET", "/", True, 200, True),
        ("GET", "/asset.js", False, 200, False),
        ("GET", "/api/poll", False, 200, False),
        ("POST", "/prompt", False, 200, True),
        ("PUT", "/file", False, 201, True),
        ("DELETE", "/file", False, 204, True),
        ("POST", "/prompt", False, 400, False),
        ("POST", "/prompt", False, 503, False),
        ("GET", "/", True, 502, False),
        ("HEAD", "/", False, 200, False),
    ],
)
def test_unknown_engine(
    method: str, path: str, navigation: bool, status: int, counts: bool
) -> None:
    tab = Tab(route_with())
    tab.ask(method, path, navigation=navigation, status=status)
    assert tab.counted() is counts


def test_the_first_rule_that_matches_decides() -> None:
    tab = Tab(
        route_with(
            rule(False, r"^/lab/api/workspaces"),
            rule(True, r"^/api/contents", "PUT"),
            rule(False),
        )
    )
    tab.ask("PUT", "/lab/api/workspaces/default", 10)
    assert not tab.counted()
    tab.ask("PUT", "/api/contents/a.ipynb", 10)
    assert tab.counted()
    tab.ask("POST", "/other", 10)
    assert not tab.counted()
    tab.ask("GET", "/", navigation=True)
    assert not tab.counted()


async def test_a_tab_that_posts_at_a_fixed_period_stops_counting() -> None:
    """An untouched Gradio Timer or SwarmUI tab for two hours: released."""
    for period in (5.0, 60.0):
        tab = Tab(route_with())
        counted = []
        for _ in range(int(7200 / period)):
            tab.ask("POST", "/gradio_api/queue/join", 230)
            counted.append(tab.counted())
            await tab.clock.advance(period)
        assert sum(counted) <= 3
        # The person comes back: something else is posted.
        tab.ask("POST", "/gradio_api/queue/join", 411)
        assert tab.counted()


async def test_two_tabs_polling_side_by_side_stop_counting_too() -> None:
    tab = Tab(route_with())
    counted = 0
    for _ in range(100):
        tab.ask("POST", "/API/GetCurrentStatus", 80)
        counted += tab.counted()
        await tab.clock.advance(2.0)
        tab.ask("POST", "/API/GetCurrentStatus", 80)
        counted += tab.counted()
        await tab.clock.advance(3.0)
    assert counted <= 5


async def test_a_person_who_presses_irregularly_counts_each_time() -> None:
    tab = Tab(route_with())
    for pause in (4.0, 9.0, 31.0, 17.0, 55.0, 8.0, 120.0):
        tab.ask("POST", "/prompt", 900)
        assert tab.counted(), pause
        await tab.clock.advance(pause)


async def test_a_gesture_of_many_posts_is_no_machine() -> None:
    tab = Tab(route_with())
    for _ in range(10):
        tab.ask("POST", "/draw", 40)
        assert tab.counted()
        await tab.clock.advance(0.1)


async def test_frames_count_after_a_persons_request_and_not_else() -> None:
    tab = Tab(route_with())
    tab.frame(TEXT, 30)
    assert not tab.counted()
    tab.ask("POST", "/prompt", 30)
    assert tab.counted()
    await tab.clock.advance(10)
    tab.frame(TEXT, 30)
    assert tab.counted()
    await tab.clock.advance(25)  # frames do not keep the window open
    tab.frame(BINARY, 30)
    assert not tab.counted()


def test_pings_never_count() -> None:
    """Pitfall 2."""
    tab = Tab(route_with(rule(True), frames=True))
    for opcode in (PING, PONG, CLOSE, 0):
        tab.frame(opcode, 5)
    assert not tab.counted()
    tab.frame(TEXT, 5)
    assert tab.counted()


def test_frame_rules_by_size_and_path() -> None:
    # Socket.IO's own "3" and heartbeats are machinery; longer frames are a person's.
    tab = Tab(
        route_with(rule(False, r"^/ws/socket\.io", frame=40), rule(True, r"^/ws", frame=1 << 20))
    )
    tab.frame(TEXT, 1, "/ws/socket.io/")
    assert not tab.counted()
    tab.frame(TEXT, 200, "/ws/socket.io/")
    assert tab.counted()


async def test_bodies_count_while_their_bytes_move() -> None:
    """Pitfall 3."""
    tab = Tab(route_with())
    transfer = tab.ask("GET", "/download")
    transfer.moved = True
    assert tab.told() is None  # too young: any page's request
    await tab.clock.advance(5)
    transfer.moved = True
    told = tab.told()
    assert told is not None
    assert (told.bodies_in_flight, told.last_person_ms) == (1, 0)
    await tab.clock.advance(5)
    assert tab.told() is None  # stalled
    transfer.moved = True
    tab.activity.end(tab.route, transfer)
    told = tab.told()
    assert told is not None
    assert told.bodies_in_flight == 1
    assert tab.told() is None


async def test_event_streams_and_machinery_are_no_bodies() -> None:
    tab = Tab(route_with(rule(False, "^/heartbeat")))
    streams = [
        tab.ask("GET", "/events", content_type=b"text/event-stream; charset=utf-8"),
        tab.ask("GET", "/preview", content_type=b"multipart/x-mixed-replace; boundary=x"),
        tab.ask("GET", "/heartbeat/1"),
    ]
    for _ in range(20):
        await tab.clock.advance(60)
        for transfer in streams:
            transfer.moved = True
        assert tab.told() is None


async def test_the_first_act_after_quiet_is_told_at_once() -> None:
    tab = Tab(route_with())
    tab.ask("POST", "/prompt", 1)
    assert tab.woken == 1
    await tab.clock.advance(10)
    tab.ask("POST", "/prompt", 2)
    assert tab.woken == 1
    await tab.clock.advance(40)
    tab.ask("POST", "/prompt", 3)
    assert tab.woken == 2


async def test_the_waiting_pages_own_turn_is_no_act() -> None:
    tab = Tab(route_with())
    tab.activity.turned_into_engine("inst")
    await tab.clock.advance(2)
    tab.ask("GET", "/", navigation=True)
    assert not tab.counted()
    tab.ask("GET", "/", navigation=True)
    assert tab.counted()


def test_what_could_not_be_told_is_told_later() -> None:
    tab = Tab(route_with())
    tab.ask("POST", "/prompt", 1)
    batch, seen = tab.activity.take_batch(), tab.activity.take_seen()
    assert seen == [b"h"]
    assert tab.told() is None
    tab.activity.put_back(batch, seen)
    told = tab.told()
    assert told is not None
    assert told.last_person_ms == batch.instances[0].last_person_ms
    assert told.what == "POST /prompt"
    assert told.epoch == 3
    assert tab.activity.take_seen() == [b"h"]
    tab.activity.tell_all_again()
    assert tab.counted()


def test_open_websockets_are_told_when_they_change() -> None:
    tab = Tab(route_with())
    tab.activity.websocket(tab.route, 1)
    told = tab.told()
    assert told is not None
    assert (told.open_websockets, told.last_person_ms) == (1, 0)
    assert tab.told() is None
    tab.activity.websocket(tab.route, -1)
    told = tab.told()
    assert told is not None
    assert told.open_websockets == 0


async def test_an_untouched_jupyter_tab_is_idle_for_two_hours() -> None:
    """Pitfall 2, as recorded (engines.md): polls, a PUT each 10 s, pings, for 120 s."""
    tab = Tab(route_with(rule(False, r"^/lab/api/workspaces"), rule(False, r"^/api/(me|kernels)$")))
    tab.activity.websocket(tab.route, 1)
    tab.told()
    for _ in range(720):
        for path in ("/api/kernels", "/api/terminals", "/api/sessions", "/api/contents"):
            transfer = tab.ask("GET", path)
            transfer.moved = True
            tab.activity.end(tab.route, transfer)
        transfer = tab.ask("PUT", "/lab/api/workspaces/default", 1843)
        tab.activity.end(tab.route, transfer)
        tab.frame(PONG, 0)
        assert tab.told() is None
        await tab.clock.advance(10)
