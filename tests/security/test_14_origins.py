"""Changes come from the engine's own page or not at all: Origin and Sec-Fetch-*, every method."""

from __future__ import annotations

import pytest

from tests.gateway.conformance.door import MARKER, Door

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.attack(14)]

UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK")
FOREIGN = [
    b"",  # nobody says where it comes from
    b"Origin: https://evil.example\r\n",
    b"Origin: http://sibling.localhost:PORT\r\n",
    b"Origin: http://localhost:PORT\r\n",
    b"Origin: null\r\n",
    b"Origin: \r\n",
    b"Origin: https://<name>\r\n",  # another scheme
    b"Origin: http://<label>\r\n",  # another port
    b"Origin: http://<label>:1\r\n",
    b"Origin: http://<name>.evil.example\r\n",
    b"Origin: http://evil-<name>\r\n",
    b"Origin: http://<name>/\r\n",
    b"Origin: http://a@<name>\r\n",
    b"Origin: http://<name> http://evil.example\r\n",
    b"Origin: http://<name>, http://evil.example\r\n",
    b"<origin>Sec-Fetch-Site: cross-site\r\n",
    b"<origin>Sec-Fetch-Site: same-site\r\n",
    b"<origin>Sec-Fetch-Site: none\r\n",
    b"<origin>Sec-Fetch-Mode: no-cors\r\n",
    b"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\n",
    b"Sec-Fetch-Site: same-site\r\n",
    b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
    b"Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
    b"Referer: http://<name>/\r\n",
]
OWN = [
    b"<origin>",
    b"<origin>Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n",
    b"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n",
    b"<origin>Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\n",  # a beacon of its own
]


def request(door: Door, method: str, lines: bytes, target: str = "/x") -> bytes:
    lines = lines.replace(b"PORT", str(door.place.port).encode())
    return b"%b %b HTTP/1.1\r\n<host><cookie>%bContent-Length: 0\r\n\r\n" % (
        method.encode(),
        target.encode(),
        lines,
    )


@pytest.mark.parametrize("lines", FOREIGN, ids=[f.decode()[:60] for f in FOREIGN])
async def test_a_change_from_elsewhere_is_refused(door: Door, lines: bytes) -> None:
    for method in UNSAFE:
        outcome = await door.probe(request(door, method, lines))
        assert outcome.statuses == [403], method
    outcome = await door.probe(request(door, "POST", lines, "/.aigc/start"))
    assert outcome.statuses == [403], "our own pages"
    assert set(door.engine.heads) == {MARKER}
    assert door.place.coordinator.visits == []


@pytest.mark.parametrize("lines", OWN, ids=[o.decode()[:60] for o in OWN])
async def test_a_change_from_the_engines_own_page_passes(door: Door, lines: bytes) -> None:
    for method in UNSAFE:
        outcome = await door.probe(request(door, method, lines))
        assert outcome.statuses == [200], method


@pytest.mark.parametrize(
    "name", [b"X-HTTP-Method-Override", b"X-Method-Override", b"X-HTTP-Method"]
)
async def test_a_safe_method_cannot_pretend_to_be_another(door: Door, name: bytes) -> None:
    raw = b"GET /x HTTP/1.1\r\n<host><cookie>" + name + b": DELETE\r\n\r\n"
    outcome = await door.probe(raw)
    assert outcome.statuses == [200]
    assert door.engine.seen[0].all(name.decode().lower()) == []
