"""The door's decision by itself: who passes with what, for every kind of visitor. No I/O."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.door import Act, Decision, decide, still_allowed
from gateway.heads import read_request
from gateway.routes import Access, RouteTable
from protos.aigc.v1 import common_pb2, gateway_pb2

NOW = 1_800_000_000_000
READY, STOPPED = common_pb2.INSTANCE_STATE_READY, common_pb2.INSTANCE_STATE_STOPPED
TOKEN = "aigc_t_secret-of-a-test-0001"
COOKIE = "aigc_s_cookie-of-a-test-0001"
OWN = ("Origin", "https://comfy.studio.lan")


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def table_of(
    *,
    person: str = "lin",
    guests: tuple[tuple[str, bool, int], ...] = (),
    state: common_pb2.InstanceState.ValueType = READY,
    token_person: str = "lin",
    token_view: bool = False,
    token_instances: tuple[str, ...] = (),
    token_until: int = NOW + 1000,
    viewing: tuple[gateway_pb2.ViewRule, ...] = (),
) -> RouteTable:
    table = RouteTable()
    route = gateway_pb2.Route(
        host="comfy",
        instance_id="i-1",
        epoch=1,
        owner_id="lin",
        node_id="n-1",
        state=state,
        can_start=True,
        guests=[gateway_pb2.Guest(person_id=p, view=v, until_ms=u) for p, v, u in guests],
        viewing=viewing,
    )
    session = gateway_pb2.BrowserSession(
        token_hash=digest(COOKIE),
        host="comfy",
        person_id=person,
        instance_id="i-1",
        expires_at_ms=NOW + 1000,
    )
    token = gateway_pb2.ApiTokenAccess(
        token_hash=digest(TOKEN),
        person_id=token_person,
        view=token_view,
        instance_ids=token_instances,
        expires_at_ms=token_until,
    )
    snapshot = gateway_pb2.Snapshot(
        routes=[route],
        sessions=[session],
        tokens=[token],
        web_url="https://gw.studio.lan",
        zone="studio.lan",
    )
    table.apply(gateway_pb2.GatewayOrder(snapshot=snapshot))
    return table


def ask(
    table: RouteTable, *headers: tuple[str, str], method: str = "GET", target: str = "/"
) -> Decision:
    lines = [f"{method} {target} HTTP/1.1", "Host: comfy.studio.lan"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = read_request(("\r\n".join(lines) + "\r\n\r\n").encode())
    return decide(head, table, b"https", NOW)


def cookie(value: str = COOKIE) -> tuple[str, str]:
    return "Cookie", f"__Host-aigc={value}"


def bearer(value: str = TOKEN) -> tuple[str, str]:
    return "Authorization", f"Bearer {value}"


def websocket() -> tuple[tuple[str, str], ...]:
    return (
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    )


PAGE = (("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))

# --- guests ---------------------------------------------------------------------------------


@given(
    person=st.sampled_from(["lin", "kai", "mei"]),
    guests=st.lists(
        st.tuples(
            st.sampled_from(["kai", "mei", "lin"]), st.booleans(), st.sampled_from([-1, 0, 1])
        ),
        max_size=3,
        unique_by=lambda g: g[0],
    ),
    method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "MKCOL"]),
    script=st.booleans(),
    narrowed=st.booleans(),
)
def test_only_the_owner_and_guests_of_this_moment_pass(
    person: str,
    guests: list[tuple[str, bool, int]],
    method: str,
    script: bool,
    narrowed: bool,
) -> None:
    table = table_of(
        person=person,
        token_person=person,
        token_view=narrowed,
        guests=tuple((p, view, NOW + left) for p, view, left in guests),
    )
    decision = ask(table, bearer() if script else cookie(), OWN, method=method)
    given_now = {p: view for p, view, left in guests if left > 0}
    if person == "lin":
        expected = Access.OWNER
    elif person in given_now:
        expected = Access.VIEW if given_now[person] else Access.USE
    else:
        assert (decision.act, decision.status, decision.key) == (Act.REFUSE, 403, "not-yours")
        return
    if script and narrowed:
        expected = Access.VIEW
    if expected is Access.VIEW and method not in ("GET", "HEAD", "OPTIONS"):
        assert (decision.act, decision.status, decision.key) == (Act.REFUSE, 403, "view-only")
        return
    assert (decision.act, decision.access) == (Act.FORWARD, expected)
    assert decision.session is not None
    assert decision.session.person_id == person


def test_who_looks_on_sends_no_body_either() -> None:
    table = table_of(person="kai", guests=(("kai", True, NOW + 1),))
    decision = ask(table, cookie(), OWN, ("Content-Length", "1"))
    assert decision.key == "view-only"
    assert ask(table, cookie(), OWN, *websocket()).act is Act.FORWARD


def test_an_engines_template_says_what_is_harmless_and_what_is_not() -> None:
    rules = (
        gateway_pb2.ViewRule(path_regex="^/logout$", allow=False),
        gateway_pb2.ViewRule(method="POST", path_regex="^/search$", allow=True),
        gateway_pb2.ViewRule(path_regex="(", allow=True, method="PUT"),  # no expression
    )
    table = table_of(person="kai", guests=(("kai", True, NOW + 1),), viewing=rules)

    def key(method: str, target: str) -> str:
        return ask(table, cookie(), OWN, method=method, target=target).key

    assert key("GET", "/") == ""
    assert key("GET", "/logout?x=1") == "view-only"
    assert key("POST", "/search") == ""
    assert key("POST", "/searching") == "view-only"
    assert key("PUT", "/search") == "view-only"


@pytest.mark.parametrize(
    ("guests", "act"),
    [((("kai", False, NOW + 1),), Act.WAIT), ((("kai", True, NOW + 1),), Act.WAIT)],
)
def test_a_page_of_a_stopped_engine_waits(
    guests: tuple[tuple[str, bool, int], ...], act: Act
) -> None:
    table = table_of(person="kai", guests=guests, state=STOPPED)
    decision = ask(table, cookie(), *PAGE)
    assert decision.act is act
    assert decision.access is (Access.VIEW if guests[0][1] else Access.USE)
    assert ask(table, cookie(), OWN).key == "engine-stopped"


# --- scripts --------------------------------------------------------------------------------


def test_a_token_needs_neither_cookie_nor_origin() -> None:
    table = table_of(person="nobody")
    for method in ("GET", "POST", "DELETE"):
        decision = ask(table, bearer(), method=method)
        assert (decision.act, decision.access) == (Act.FORWARD, Access.OWNER), method
    assert ask(table, bearer(), *websocket()).act is Act.FORWARD
    assert ask(table, ("Authorization", f"bEARER   {TOKEN}  ")).act is Act.FORWARD


@pytest.mark.parametrize(
    "headers",
    [
        (("Origin", "https://evil.example"),),
        (("Origin", "https://sibling.studio.lan"),),
        (("Origin", "null"),),
        (("Origin", "http://comfy.studio.lan"),),
        (("Sec-Fetch-Site", "cross-site"),),
        (("Sec-Fetch-Site", "same-site"),),
        (("Origin", "https://evil.example"), *websocket()),
    ],
    ids=str,
)
def test_a_token_in_a_foreign_page_is_refused(headers: tuple[tuple[str, str], ...]) -> None:
    decision = ask(table_of(), bearer(), *headers)
    assert (decision.status, decision.key) == (403, "foreign-origin")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (["Bearer aigc_t_another-secret-0001"], "token-invalid"),
        ([f"Bearer {COOKIE}"], "token-invalid"),
        ([f"Bearer {TOKEN}x"], "token-invalid"),
        ([f"Bearer {TOKEN.upper()}"], "token-malformed"),
        ([f"Basic {TOKEN}"], "token-malformed"),
        ([f"Token {TOKEN}"], "token-malformed"),
        ([TOKEN], "token-malformed"),
        ([f"Bearer {TOKEN}, Basic eDp5"], "token-malformed"),
        ([f"Bearer {TOKEN} x"], "token-malformed"),
        ([f"Bearer {TOKEN}", f"Bearer {TOKEN}"], "token-malformed"),
        (["Bearer of-the-engine", f"Bearer {TOKEN}"], "token-malformed"),
        (["Basic " + base64.b64encode(f"lin:{TOKEN}".encode()).decode()], "token-malformed"),
        (["Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()], "token-malformed"),
    ],
    ids=str,
)
def test_what_only_resembles_a_token_is_never_passed_on(values: list[str], key: str) -> None:
    headers = [("Authorization", value) for value in values]
    decision = ask(table_of(), *headers)
    assert (decision.act, decision.status, decision.key) == (Act.REFUSE, 401, key)
    # A cookie beside it makes it no better, nor does looking like a page visit.
    assert ask(table_of(), cookie(), OWN, *headers).key == key
    visit = ask(table_of(), cookie(), *PAGE, *headers)
    assert (visit.key, visit.navigation) == (key, False)


def test_an_engines_own_authorization_is_its_own() -> None:
    own = [
        "Bearer of-the-engine",
        "Basic " + base64.b64encode(b"lin:secret").decode(),
        "Basic %%%",
        "Digest username=x",
        "Bearer eyJhbGciOiJ.aigc_.x",
    ]
    for value in own:
        passed = ask(table_of(), cookie(), OWN, ("Authorization", value))
        assert passed.act is Act.FORWARD, value
        alone = ask(table_of(), ("Authorization", value))
        assert alone.key == "signed-out", value


def test_a_cookie_is_no_token_and_a_token_no_cookie() -> None:
    assert ask(table_of(), cookie(TOKEN), OWN).key == "signed-out"
    assert ask(table_of(), bearer(COOKIE)).key == "token-invalid"


def test_a_token_ends_to_the_millisecond_whoever_is_away() -> None:
    table = table_of(token_until=NOW)
    assert ask(table, bearer()).key == "token-invalid"
    table.set_away(NOW - 1000)
    assert ask(table, bearer()).key == "token-invalid"


def test_a_token_for_another_engine_is_for_another_engine() -> None:
    assert ask(table_of(token_instances=("i-2",)), bearer()).key == "token-elsewhere"
    assert ask(table_of(token_instances=("i-2", "i-1")), bearer()).act is Act.FORWARD
    assert ask(table_of(token_instances=("i-1",), token_person="mei"), bearer()).key == "not-yours"


def test_a_script_starts_nothing_and_is_told_how_to() -> None:
    decision = ask(table_of(state=STOPPED), bearer(), *PAGE)
    assert (decision.act, decision.status, decision.key) == (Act.REFUSE, 503, "engine-stopped")
    assert "StartInstance" in decision.message
    assert "i-1" in decision.message
    assert not decision.navigation
    for target in ("/.aigc/start", "/.aigc/waiting", "/.aigc/handoff"):
        for method in ("GET", "POST"):
            assert ask(table_of(), bearer(), target=target, method=method).key == "token-not-here"


# --- what is open goes on only while it may --------------------------------------------------


@given(
    before=st.sampled_from([None, False, True]),
    after=st.sampled_from([None, False, True]),
    script=st.booleans(),
)
def test_what_was_opened_lasts_as_long_as_its_ground(
    before: bool | None, after: bool | None, script: bool
) -> None:
    def guests(view: bool | None) -> tuple[tuple[str, bool, int], ...]:
        return () if view is None else (("kai", view, NOW + 10),)

    first = table_of(person="kai", token_person="kai", guests=guests(before))
    decision = ask(first, bearer() if script else cookie(), OWN)
    if before is None:
        assert decision.act is Act.REFUSE
        return
    assert decision.route is not None
    assert decision.session is not None
    later = table_of(person="kai", token_person="kai", guests=guests(after))
    goes_on = still_allowed(decision.route, decision.session, decision.access, later, NOW + 5)
    assert goes_on == (after is not None and (before or not after))
    assert not still_allowed(decision.route, decision.session, decision.access, later, NOW + 10)
