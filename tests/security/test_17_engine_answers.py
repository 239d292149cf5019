"""What an engine answers that would outlive it, reach its siblings or touch our cookies.

An engine runs anybody's code. Its answers pass byte by byte but for these.
"""

from __future__ import annotations

import pytest

from tests.gateway.conformance.door import Door

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.attack(17)]

GET = b"GET /x HTTP/1.1\r\n<good>\r\n"

STRIPPED = [
    b'Clear-Site-Data: "*"',
    b"Service-Worker-Allowed: /",
    b"Strict-Transport-Security: max-age=31536000; includeSubDomains; preload",
    b'Public-Key-Pins: pin-sha256="x"; max-age=9; includeSubDomains',
    b'Public-Key-Pins-Report-Only: pin-sha256="x"',
    b"Expect-CT: max-age=9, enforce",
    b'Alt-Svc: h3="evil.example:443"; ma=86400',
    b'NEL: {"report_to":"x","max_age":9,"include_subdomains":true}',
    b'Report-To: {"group":"x","max_age":9,"endpoints":[{"url":"https://evil.example"}]}',
    b'Reporting-Endpoints: x="https://evil.example"',
    b"Origin-Agent-Cluster: ?0",
    b"Accept-CH: Sec-CH-UA-Full-Version-List",
    b"Critical-CH: Sec-CH-UA-Full-Version-List",
    b"Set-Login: logged-out",
    b"Set-Cookie2: a=b",
    b"X-Accel-Redirect: /protected/file",
    b"X-Accel-Expires: 9999",
    b"X-Accel-Limit-Rate: 1",
    b"X-Sendfile: /etc/passwd",
    b"X-LIGHTTPD-send-file: /etc/passwd",
    b"X-Reproxy-URL: http://127.0.0.1:7440/",
    b"Surrogate-Control: max-age=9999",
    b"Keep-Alive: timeout=9999",
    b"Proxy-Authenticate: Basic",
    b"Upgrade: h2c",
    b"Set-Cookie: __Host-aigc=stolen; Path=/; Secure",
    b"Set-Cookie: __HOST-AIGC=stolen; Path=/; Secure",
    b"Set-Cookie:   __Host-aigc=stolen; Path=/; Secure",
    b"Set-Cookie: __Host-aigc; Path=/; Secure",
    b"Set-Cookie: __Host-aigc-nonce=fixed; Path=/; Secure",
    b"Set-Cookie: =__Host-aigc=nameless; Path=/; Secure",
    b"Set-Cookie: = __Host-aigc=nameless; Path=/; Secure",
    b"Set-Cookie: \t=\t__Host-aigc=nameless; Path=/; Secure",
    b"Set-Cookie: __Host-aigc=; Max-Age=0; Path=/; Secure",
]


@pytest.mark.parametrize("line", STRIPPED, ids=[s.decode().strip()[:40] for s in STRIPPED])
async def test_what_would_harm_siblings_never_reaches_the_browser(door: Door, line: bytes) -> None:
    name = line.partition(b":")[0]
    for spelled in (line, line.replace(name, name.upper()), line.replace(name, name.lower())):
        for status in (b"200 OK", b"404 Not Found", b"304 Not Modified", b"302 Found"):
            door.engine.answers["/x"] = (
                b"HTTP/1.1 %b\r\n%b\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n" % (status, spelled)
            )
            outcome = await door.probe(GET)
            (reply,) = outcome.replies
            assert reply.status == int(status[:3])
            assert reply.all(name.decode().lower()) == []
            assert reply.all("x-kept") == ["1"]
    # Nor in an answer that is only an interim one.
    interim = b"HTTP/1.1 103 Early Hints\r\n%b\r\n\r\n" % line
    door.engine.answers["/x"] = interim + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    outcome = await door.probe(GET)
    assert outcome.statuses == [103, 200]
    assert outcome.replies[0].all(name.decode().lower()) == []


@pytest.mark.parametrize(
    ("cookie", "onward"),
    [
        (b"a=b; Domain=localhost; Path=/", "a=b; Path=/"),
        (b"a=b; domain=.localhost", "a=b"),
        (b"a=b; DOMAIN = comfy.localhost; HttpOnly", "a=b; HttpOnly"),
        (b"a=b;Domain=localhost;Domain=evil", "a=b"),
        (b"a=b; \tDomain\t=localhost", "a=b"),
        (b"a=b; Domain", "a=b"),
        (b"a=b; Path=/; HttpOnly; SameSite=Lax", "a=b; Path=/; HttpOnly; SameSite=Lax"),
        (b"domain=1; Path=/", "domain=1; Path=/"),
        (b"__Host-own=1; Path=/; Secure", "__Host-own=1; Path=/; Secure"),
        (b"__Secure-own=1; Secure; Domain=localhost", "__Secure-own=1; Secure"),
    ],
)
async def test_cookies_of_engines_are_for_their_own_host(
    door: Door, cookie: bytes, onward: str
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: %b\r\nSet-Cookie: z=1\r\nContent-Length: 0\r\n\r\n"
    door.engine.answers["/x"] = answer % cookie
    outcome = await door.probe(GET)
    assert outcome.replies[0].all("set-cookie") == [onward, "z=1"]


PASSED = [
    b"Location: https://elsewhere.example/",
    b"Refresh: 0; url=https://elsewhere.example/",
    b"Access-Control-Allow-Origin: http://sibling.localhost",
    b"Content-Security-Policy: default-src 'self'",
    b"Cross-Origin-Opener-Policy: same-origin",
    b"WWW-Authenticate: Basic",
    b"X-Accel-Buffering: no",
    b"Link: </a.css>; rel=preload",
    b"X-Anything: \xe4\xb8\xad",
]


@pytest.mark.parametrize("line", PASSED, ids=[p.decode("latin-1")[:30] for p in PASSED])
async def test_what_concerns_the_engines_own_page_passes(door: Door, line: bytes) -> None:
    door.engine.answers["/x"] = b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 0\r\n\r\n" % line
    outcome = await door.probe(GET)
    name, _, value = line.decode("latin-1").partition(": ")
    assert outcome.replies[0].all(name.lower()) == [value]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/sw.js", 403),
        ("/sw.js?scope=/", 403),
        ("/", 403),
        ("/service-worker", 403),
        ("/static/sw.js", 200),  # its scope is /static/, and no header widens it
    ],
)
async def test_no_service_worker_answers_for_the_whole_host(
    door: Door, target: str, status: int
) -> None:
    """It would stand before the waiting page, and keep a stopped engine from ever starting."""
    for spelled in (b"Service-Worker: script", b"service-worker: SCRIPT", b"Service-Worker: x"):
        raw = b"GET %b HTTP/1.1\r\n<good>%b\r\n\r\n" % (target.encode(), spelled)
        outcome = await door.probe(raw)
        assert outcome.statuses == [status]


@pytest.mark.parametrize(
    "lines",
    [
        b"Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n",
        b"Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n",
        b"Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
        b"Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
        b"Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: object\r\n",
        b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n",
        b"Origin: http://sibling.localhost\r\n",
    ],
)
async def test_an_engine_that_lets_siblings_read_is_not_asked(door: Door, lines: bytes) -> None:
    """Access-Control-Allow-Origin cannot open what the request never reaches."""
    door.engine.answers["/x"] = (
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: http://sibling.localhost\r\n"
        b"Access-Control-Allow-Credentials: true\r\nContent-Length: 0\r\n\r\n"
    )
    outcome = await door.probe(b"GET /x HTTP/1.1\r\n<host><cookie>" + lines + b"\r\n")
    assert outcome.statuses == [403]
    assert "/x" not in door.engine.heads
