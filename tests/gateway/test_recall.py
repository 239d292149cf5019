"""What is recalled is what the door would decide, whatever happened in between."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.door import Act, Decision, decide
from gateway.heads import RequestHead, RequestReader
from gateway.recall import keep, recall
from gateway.routes import Guest, Route, RouteTable, Session, State
from protos.aigc.v1 import gateway_pb2

_TOKEN = "token-of-somebody-here"
_HASH = hashlib.sha256(_TOKEN.encode()).digest()
_START_MS = 1_700_000_000_000


class House:
    """A table that changes by the coordinator's orders, and one connection's reader."""

    def __init__(self) -> None:
        self.table = RouteTable()
        self.reader = RequestReader()
        snapshot = gateway_pb2.Snapshot(zone="localhost")
        self.table.apply(gateway_pb2.GatewayOrder(snapshot=snapshot))
        self.route()
        self.session(60_000)

    def route(self, owner: str = "lin", ready: bool = True, guest_ms: int = 0) -> None:
        guests = {"lin": Guest(view=False, until_ms=_START_MS + guest_ms)} if guest_ms else {}
        state = State.READY if ready else State.STOPPED
        route = Route("comfy", "inst", 1, owner, "node-1", state, guests=guests)
        self.table._put_route(route)  # what an order of the wire does
        self.table.revision += 1

    def session(self, left_ms: int) -> None:
        self.table.put_session(Session(_HASH, "comfy", "lin", "inst", _START_MS + left_ms))

    def revoke(self) -> None:
        revoked = gateway_pb2.SessionRevoked(token_hash=_HASH)
        self.table.apply(gateway_pb2.GatewayOrder(session_revoked=revoked))

    def read(self, method: str = "GET", target: str = "/a", more: str = "") -> RequestHead:
        return self.reader.read(
            f"{method} {target} HTTP/1.1\r\nHost: comfy.localhost\r\nOrigin: http://comfy.localhost"
            f"\r\nCookie: __Host-aigc={_TOKEN}\r\n{more}\r\n".encode()
        )

    def ask(self, head: RequestHead, after_ms: int = 0) -> tuple[Decision | None, Decision]:
        """What is recalled, and what the door says; the latter is kept."""
        now = 100 + after_ms / 1000
        recalled = recall(head, self.table, now)
        fresh = decide(head, self.table, b"http", _START_MS + after_ms)
        keep(head, fresh, self.table, now, _START_MS + after_ms)
        return recalled, fresh


def test_the_next_request_of_the_same_lines_is_recalled() -> None:
    house = House()
    assert house.ask(house.read())[0] is None
    recalled, fresh = house.ask(house.read(target="/b?c"), 900)
    assert recalled == fresh
    assert fresh.act is Act.FORWARD


@pytest.mark.parametrize("change", ["revoke", "another owner", "stopped", "away"])
def test_every_change_counts_at_the_next_request(change: str) -> None:
    house = House()
    house.ask(house.read())
    match change:
        case "revoke":
            house.revoke()
        case "another owner":
            house.route(owner="kim")
        case "stopped":
            house.route(ready=False)
        case _:
            house.table.set_away(_START_MS)
    assert house.ask(house.read(), 1)[0] is None


def test_a_session_or_a_share_is_never_recalled_too_long() -> None:
    house = House()
    house.session(500)
    house.ask(house.read())
    assert house.ask(house.read(), 490)[0] is not None
    recalled, fresh = house.ask(house.read(), 500)
    assert (recalled, fresh.act) == (None, Act.REFUSE)
    house = House()
    house.route(owner="kim", guest_ms=300)
    house.ask(house.read())
    assert house.ask(house.read(), 290)[0] is not None
    recalled, fresh = house.ask(house.read(), 300)
    assert (recalled, fresh.key) == (None, "not-yours")


_asks = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "DELETE"]),
    st.sampled_from(["/", "/a?b", "/.aigc/waiting", "/.aigc", "//.aigc/", "/sw.js"]),
    st.sampled_from(
        [
            "",
            "Sec-Fetch-Site: cross-site\r\n",
            "Service-Worker: script\r\n",
            "Accept: text/html\r\n",
        ]
    ),
    st.integers(0, 700),
)
_changes = st.sampled_from(
    ["nothing", "nothing", "nothing", "revoke", "session", "stopped", "ready", "kim", "guest"]
)


@given(st.lists(st.tuples(_changes, _asks), max_size=20))
@settings(max_examples=200, deadline=None)
def test_what_is_recalled_is_what_the_door_says(
    steps: list[tuple[str, tuple[str, str, str, int]]],
) -> None:
    house = House()
    at = 0
    for change, (method, target, more, pause) in steps:
        at += pause
        match change:
            case "revoke":
                house.revoke()
            case "session":
                house.session(at + 800)
            case "stopped" | "ready":
                house.route(ready=change == "ready")
            case "kim" | "guest":
                house.route(owner="kim", guest_ms=at + 400 if change == "guest" else 0)
            case _:
                pass
        recalled, fresh = house.ask(house.read(method, target, more), at)
        assert recalled is None or recalled == fresh


@pytest.mark.attack(8, 12)
def test_a_session_that_ended_while_it_was_redeemed_stays_over() -> None:
    """Its end comes by the stream, its beginning by the answer to the hand-off, in any order."""
    table = RouteTable()
    session = Session(_HASH, "comfy", "lin", "inst", _START_MS + 60_000)
    revoked = gateway_pb2.SessionRevoked(token_hash=_HASH)
    table.apply(gateway_pb2.GatewayOrder(session_revoked=revoked))
    table.put_redeemed(session)
    assert table.session(_HASH, _START_MS) is None
    other = Session(hashlib.sha256(b"other").digest(), "comfy", "lin", "inst", _START_MS + 60_000)
    table.put_redeemed(other)
    assert table.session(other.token_hash, _START_MS) == other
