"""Who may pass: one decision per request, from memory, by exact host, owner and origin. No I/O.

There are no path rules, no skip list and no trust in what a client says about itself (pitfall 6).
Every rule of the door is in this module.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from enum import Enum
from typing import NamedTuple

from gateway.heads import Cookies, Fields, RefusedHeadError, RequestHead
from gateway.routes import Access, Route, RouteTable, Session, State, access_of

COOKIE = "__Host-aigc"
NONCE_COOKIE = "__Host-aigc-nonce"
OWN_PREFIX = "/.aigc/"
_OWN_PREFIX = OWN_PREFIX.encode()
_OURS = b"__host-aigc"  # names are compared without case, as browsers guard the prefix
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Every other Authorization is the engine's own.
_OUR_TOKEN = re.compile(rb"(?<![a-z0-9_])aigc_[a-z]+_")
_OUR_BEARER = re.compile(rb"(?i:bearer)[ \t]+(aigc_[A-Za-z0-9_-]{8,200})[ \t]*")


class Act(Enum):
    FORWARD = "forward"  # on to the engine
    OWN = "own"  # one of our own pages; ``session`` may be None
    SIGN_IN = "sign-in"  # a page visit without a session
    WAIT = "wait"  # a page visit to an engine that is not ready
    REFUSE = "refuse"


class Decision(NamedTuple):
    act: Act
    cookies: Cookies
    navigation: bool
    route: Route | None = None
    session: Session | None = None
    status: int = 0
    key: str = ""
    message: str = ""
    access: Access = Access.OWNER


_NO_COOKIES = Cookies(None, None, b"")


def decide(head: RequestHead, table: RouteTable, scheme: bytes, now_ms: int) -> Decision:
    """The door's answer to one request.

    Args:
        head: as :func:`gateway.heads.read_request` gave it.
        table: what is known.
        scheme: ``b"https"`` or ``b"http"``: how browsers reach us.
        now_ms: UTC milliseconds.
    """
    cookies = _NO_COOKIES
    navigation = is_navigation(head)
    route: Route | None = None
    try:
        if not table.known:
            message = "The gateway has not met its coordinator yet."
            raise RefusedHeadError(503, "gateway-starting", message)
        label = label_of(head.fields.host, table.zone)
        if label is None:
            raise RefusedHeadError(421, "misdirected", "This address is not served here.")
        route = table.route(label)
        if route is None or route.state is State.DELETED:
            route = None
            message = "There is no engine at this address."
            raise RefusedHeadError(404, "instance-unknown", message)
        cookies = read_cookies(head.fields)
        if b"authorization" in head.fields.index and carries_our_token(head.fields):
            # A script: nothing that a browser sends by itself counts, and nothing is started.
            navigation = False
            session = _admit_bearer(head, table, scheme, now_ms)
            access = _choose_for_script(head, route, session, now_ms)
            return Decision(Act.FORWARD, cookies, False, route, session, access=access)
        problem = foreign_origin(head, scheme, navigation)
        if problem is not None:
            raise RefusedHeadError(403, "foreign-origin", problem)
        found = find_session(cookies.token_hash, route, table, now_ms)
        if found is None:
            act = _choose_for_nobody(head, navigation)
            return Decision(act, cookies, navigation, route)
        act, access = _choose(head, route, found, navigation, now_ms)
    except RefusedHeadError as error:
        why = (error.status, error.key, error.message)
        return Decision(Act.REFUSE, cookies, navigation, route, None, *why)
    return Decision(act, cookies, navigation, route, found, access=access)


def still_allowed(
    route: Route, session: Session, access: Access, table: RouteTable, now_ms: int
) -> bool:
    """Whether what :func:`decide` let pass may go on: looked at every second while it lasts."""
    known, current = table.route(route.host), table.still(session, now_ms)
    if known is None or current is None or known.instance_id != route.instance_id:
        return False
    now = access_of(known, current, now_ms)
    # Who may only look on from now on must come again: what is open was opened for more.
    return now is not None and (now is not Access.VIEW or access is Access.VIEW)


def _choose_for_nobody(head: RequestHead, navigation: bool) -> Act:
    """What a request may do that came without a session."""
    if head.target.startswith(_OWN_PREFIX):
        return Act.OWN
    if navigation:
        return Act.SIGN_IN
    message = "Nobody is signed in here; open the page again."
    raise RefusedHeadError(401, "signed-out", message)


def _choose(
    head: RequestHead, route: Route, session: Session, navigation: bool, now_ms: int
) -> tuple[Act, Access]:
    """What a browser's request may do that came to a known engine from its own pages."""
    access = access_of(route, session, now_ms)
    if access is None:
        message = "This engine belongs to somebody else and is not, or no longer, shared with you."
        raise RefusedHeadError(403, "not-yours", message)
    if head.target.startswith(_OWN_PREFIX):
        return Act.OWN, access
    if _is_root_service_worker(head):
        # It would answer for the waiting page and keep a stopped engine from ever starting.
        message = "A service worker for the whole host is not allowed."
        raise RefusedHeadError(403, "service-worker-refused", message)
    if access is Access.VIEW:
        _check_view(head, route)
    if route.serving:
        return Act.FORWARD, access
    if navigation:
        return Act.WAIT, access
    message = "The engine does not run; open its page to start it."
    raise RefusedHeadError(503, "engine-stopped", message)


def _choose_for_script(head: RequestHead, route: Route, session: Session, now_ms: int) -> Access:
    """What a request with an API token may do with the engine; our own pages are for browsers."""
    access = access_of(route, session, now_ms)
    if access is None:
        limited = session.instances and route.instance_id not in session.instances
        message = (
            "This token is for other engines: make one for this engine."
            if limited
            else "This engine belongs to somebody else and is not, or no longer, shared with you."
        )
        raise RefusedHeadError(403, "token-elsewhere" if limited else "not-yours", message)
    if head.target.startswith(_OWN_PREFIX):
        raise RefusedHeadError(403, "token-not-here", "These pages are for browsers.")
    if access is Access.VIEW:
        _check_view(head, route)
    if not route.serving:
        message = (
            "The engine does not run, and a request with a token does not start it: call "
            f'StartInstance with instance_id "{route.instance_id}" or run '
            f"'aigc start {route.instance_id} --wait', then try again."
        )
        raise RefusedHeadError(503, "engine-stopped", message)
    return access


def _check_view(head: RequestHead, route: Route) -> None:
    """Who looks on may ask, and what the engine's template lists (docs/adr/0021)."""
    for rule in route.viewing:
        if rule.frame_max_bytes or (rule.method and rule.method != head.method):
            continue
        if rule.path is None or rule.path.search(head.path):
            if rule.allow:
                return
            break
    else:
        if head.method in _SAFE_METHODS and not head.has_body:
            return
    message = "You may look at this engine, not change anything: so says the share or the token."
    raise RefusedHeadError(403, "view-only", message)


def _admit_bearer(head: RequestHead, table: RouteTable, scheme: bytes, now_ms: int) -> Session:
    """The person behind an API token.

    A program sends no Origin. A page that does, and is not the engine's own, has a token that it
    should not have; the browser would have asked beforehand, and been refused.
    """
    bearer = read_bearer(head.fields)
    origin, site = head.get(b"origin"), head.get(b"sec-fetch-site")
    foreign = origin is not None and origin.lower() != scheme + b"://" + head.host
    if foreign or site not in (None, b"none", b"same-origin"):
        raise RefusedHeadError(403, "foreign-origin", "A token is for programs, not for web pages.")
    session = table.bearer(hashlib.sha256(bearer).digest(), now_ms)
    if session is None:
        message = "This token is unknown, revoked, expired, or not made for engines."
        raise RefusedHeadError(401, "token-invalid", message)
    return session


def carries_our_token(fields: Fields) -> bool:
    """Whether an Authorization is ours to judge; else it is the engine's own."""
    return any(
        name == b"authorization" and holds_our_token(value) for name, _, value in fields.headers
    )


def read_bearer(fields: Fields) -> bytes:
    """Our API token in the Authorization that carries one.

    Raises:
        RefusedHeadError: it is there twice, malformed, or where the engine would read it.
    """
    values = [value for name, _, value in fields.headers if name == b"authorization"]
    match = _OUR_BEARER.fullmatch(values[0].strip())
    if len(values) > 1 or match is None:
        message = "Send the token once, as 'Authorization: Bearer aigc_...'."
        raise RefusedHeadError(401, "token-malformed", message)
    return match[1]


def holds_our_token(value: bytes) -> bool:
    """Whether an Authorization carries a token of ours, plain or as a Basic password."""
    if _OUR_TOKEN.search(value.lower()):
        return True
    scheme, _, rest = value.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return False
    try:
        return _OUR_TOKEN.search(base64.b64decode(rest.strip() + b"==").lower()) is not None
    except (binascii.Error, ValueError):
        return False


def label_of(host: bytes, zone: str) -> str | None:
    """The one label before the zone; None for any other host."""
    name = host.partition(b":")[0].decode("ascii")
    label, dot, rest = name.partition(".")
    return label if dot and label and rest == zone else None


def is_navigation(head: RequestHead) -> bool:
    """A top-level page visit (pitfall 4): nothing else may start an engine."""
    if head.method != "GET" or head.websocket:
        return False
    purpose = head.get(b"sec-purpose") or head.get(b"purpose") or b""
    if b"prefetch" in purpose.lower():
        return False
    mode, dest = head.get(b"sec-fetch-mode"), head.get(b"sec-fetch-dest")
    if mode is None and dest is None and head.get(b"sec-fetch-site") is None:
        return b"text/html" in (head.get(b"accept") or b"").lower()
    return mode == b"navigate" and dest == b"document"


def foreign_origin(head: RequestHead, scheme: bytes, navigation: bool) -> str | None:
    """Why a request does not come from this host's own pages; None if it does.

    Siblings are same-site, so SameSite cookies do not separate creators: unsafe methods and
    WebSockets need the exact Origin (or, without one, the browser's word that it is same-origin);
    what other sites may do is navigate here, and nothing else.
    """
    origin, site = head.get(b"origin"), head.get(b"sec-fetch-site")
    own = scheme + b"://" + head.host
    if head.websocket:
        if origin is None or origin.lower() != own or site not in (None, b"same-origin"):
            return "A WebSocket must come from this engine's own page."
        return None
    if head.method not in _SAFE_METHODS:
        if origin is None:
            fine = site == b"same-origin" and head.get(b"sec-fetch-mode") != b"no-cors"
        else:
            fine = origin.lower() == own and site in (None, b"same-origin")
            # A beacon of the page's own: only where the browser vouches for it.
            if head.get(b"sec-fetch-mode") == b"no-cors" and site is None:
                fine = False
        return None if fine else "A change must come from this engine's own page."
    if navigation:
        return None
    if (origin is not None and origin.lower() != own) or site in (b"cross-site", b"same-site"):
        return "Other sites may link here and nothing else."
    return None


def find_session(
    token_hash: bytes | None, route: Route, table: RouteTable, now_ms: int
) -> Session | None:
    """The valid session of a cookie, if it is one for exactly this host and instance."""
    if token_hash is None:
        return None
    session = table.session(token_hash, now_ms)
    if session is None or session.instance_id not in ("", route.instance_id):
        return None
    if session.host == route.host or session.host == f"{route.host}.{table.zone}":
        return session
    return None


def read_cookies(fields: Fields) -> Cookies:
    """Ours apart from the engine's.

    Raises:
        RefusedHeadError: a cookie of ours is there twice (somebody tosses cookies).
    """
    if fields.cookies is None:
        fields.cookies = _split_cookies(fields)
    return fields.cookies


def _split_cookies(fields: Fields) -> Cookies:
    ours: dict[str, str] = {}
    others: list[bytes] = []
    for name, _, value in fields.headers:
        if name != b"cookie":
            continue
        if _OURS not in value.lower():
            others.append(value)
            continue
        for pair in value.split(b";"):
            pair = pair.strip()
            key, _, content = pair.partition(b"=")
            key = key.strip()
            if not key.lower().startswith(_OURS):
                if pair:
                    others.append(pair)
                continue
            text = key.decode("latin-1")
            if text in ours:
                raise RefusedHeadError(400, "cookie-twice", "Our own cookie is there twice.")
            ours[text] = content.strip().decode("latin-1")
    token = ours.get(COOKIE)
    token_hash = None
    if token is not None and 16 <= len(token) <= 256:
        token_hash = hashlib.sha256(token.encode()).digest()
    return Cookies(token_hash, ours.get(NONCE_COOKIE), b"; ".join(others))


def _is_root_service_worker(head: RequestHead) -> bool:
    return head.get(b"service-worker") is not None and head.path.count("/") == 1
