"""Who may pass: one decision per request, from memory, by exact host, owner and origin. No I/O.

There are no path rules, no skip list and no trust in what a client says about itself (pitfall 6).
Every rule of the door is in this module.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import NamedTuple

from gateway.heads import Cookies, Fields, RefusedHeadError, RequestHead
from gateway.routes import Route, RouteTable, Session, State

COOKIE = "__Host-aigc"
NONCE_COOKIE = "__Host-aigc-nonce"
OWN_PREFIX = "/.aigc/"
_OWN_PREFIX = OWN_PREFIX.encode()
_OURS = b"__host-aigc"  # names are compared without case, as browsers guard the prefix
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Act(Enum):
    FORWARD = "forward"  # on to the engine
    OWN = "own"  # one of our own pages; ``session`` may be None
    SIGN_IN = "sign-in"  # a page visit without a session
    WAIT = "wait"  # the owner's page visit to an engine that is not ready
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
        problem = foreign_origin(head, scheme, navigation)
        if problem is not None:
            raise RefusedHeadError(403, "foreign-origin", problem)
        session = find_session(cookies.token_hash, route, table, now_ms)
        act = _choose(head, route, session, navigation)
    except RefusedHeadError as error:
        why = (error.status, error.key, error.message)
        return Decision(Act.REFUSE, cookies, navigation, route, None, *why)
    return Decision(act, cookies, navigation, route, session)


def _choose(head: RequestHead, route: Route, session: Session | None, navigation: bool) -> Act:
    """What a request may do that came to a known engine from its own pages."""
    if session is not None and session.person_id != route.owner_id:
        raise RefusedHeadError(403, "not-yours", "This engine belongs to somebody else.")
    if head.target.startswith(_OWN_PREFIX):
        return Act.OWN
    if session is None:
        if navigation:
            return Act.SIGN_IN
        message = "Nobody is signed in here; open the page again."
        raise RefusedHeadError(401, "signed-out", message)
    if _is_root_service_worker(head):
        # It would answer for the waiting page and keep a stopped engine from ever starting.
        message = "A service worker for the whole host is not allowed."
        raise RefusedHeadError(403, "service-worker-refused", message)
    if route.serving:
        return Act.FORWARD
    if navigation:
        return Act.WAIT
    message = "The engine does not run; open its page to start it."
    raise RefusedHeadError(503, "engine-stopped", message)


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
