"""Wherever a link tells us to go on to, it is this host (security.md, 13)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.coordinator.identity.house import open_house
from tests.gateway.conformance.door import Door

pytestmark = pytest.mark.attack(13)
in_module = pytest.mark.asyncio(loop_scope="module")

# Said of a path to go on to; every browser's way of reading one is meant.
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r\n//evil.example",
    "/x\r\nSet-Cookie: __Host-aigc=evil",
    "/%2f%2fevil.example",
    "/%2fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/%0d%0aSet-Cookie:%20a=b",
    "https://evil.example",
    "http:evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "/ /evil.example",
    " //evil.example",
    "/\u3000/evil.example",
    "/\x00/evil.example",
    "",
]


def stays(location: str, base: str) -> bool:
    """Whether a browser that is sent there is still at the host, whatever it drops or turns."""
    for sign in ("\t", "\r", "\n"):
        if sign in location:
            return False
    where = urlsplit(location.replace("\\", "/"))
    return (not where.netloc and not where.scheme) or location.startswith(base + "/")


@in_module
@pytest.mark.parametrize("to", ELSEWHERE)
async def test_the_gateways_own_pages(door: Door, to: str) -> None:
    place = door.place
    base = f"http://{place.host}"
    query = quote(to, safe="")
    for target in (f"/.aigc/waiting?to={query}", f"/.aigc/waiting?to={query or '/'}&to=/fine"):
        outcome = await door.probe(b"GET %b HTTP/1.1\r\n<good>\r\n" % target.encode())
        (reply,) = outcome.replies
        assert reply.status == 303
        (location,) = reply.all("location")
        assert stays(location, base)
        assert location == "/"
    raw = b"POST /.aigc/start?to=%b HTTP/1.1\r\n<good>Content-Length: 0\r\n\r\n" % query.encode()
    (reply,) = (await door.probe(raw)).replies
    (location,) = reply.all("location")
    assert location == "/.aigc/waiting?to=%2F"
    # To sign in and back: the address is the coordinator's own, the way back a path.
    page = b"GET /.aigc/x?to=%b HTTP/1.1\r\n<host>Accept: text/html\r\n\r\n" % query.encode()
    (reply,) = (await door.probe(page)).replies
    (location,) = reply.all("location")
    assert location.startswith(place.coordinator.web_url + "/handoff?host=comfy&")
    assert parse_qs(urlsplit(location).query)["to"] == ["/"]


@in_module
@pytest.mark.parametrize("to", ELSEWHERE)
async def test_the_path_that_a_hand_off_leads_to(door: Door, to: str) -> None:
    """Though it comes from the coordinator, which looked already."""
    nonce = "n" * 43
    door.place.coordinator.put_code("code-x", "comfy", nonce, "lin", to)
    raw = b"GET /.aigc/handoff?code=code-x HTTP/1.1\r\n<host>Cookie: __Host-aigc-nonce=%b\r\n\r\n"
    (reply,) = (await door.probe(raw % nonce.encode())).replies
    assert (reply.status, reply.all("location")) == (303, ["/"])


@in_module
@pytest.mark.parametrize(
    "target", ["//evil.example/%2e%2e", "/%2f%2fevil.example", "//evil.example", "/.aigc"]
)
async def test_a_path_that_looks_like_a_host_is_answered_without_a_redirect(
    door: Door, target: str
) -> None:
    (reply,) = (await door.probe(b"GET %b HTTP/1.1\r\n<good>\r\n" % target.encode())).replies
    assert reply.status == 200
    assert reply.all("location") == []


@in_module
@pytest.mark.parametrize(
    "host",
    [
        "http://comfy.localhost", "comfy.localhost.evil.example", "evilcomfy", "comfy/", "comfy%2f",
        "x.comfy.localhost", "comfy.localhost@evil.example", "comfy.localhost%00.evil.example",
    ],
)  # fmt: skip
async def test_an_instance_is_one_exact_host(door: Door, host: str) -> None:
    raw = f"GET / HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n".encode()
    outcome = await door.probe(raw)
    assert outcome.replies[0].status in (400, 404, 421)
    assert outcome.replies[0].all("location") == []


async def test_the_coordinators_pages(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.add()
        async with house.browser() as browser:
            await browser.sign_in("lin", to="/engines")
            for to in ELSEWHERE:
                query = quote(to, safe="")
                answer = await browser.get(f"/language?to=en&back={query}")
                assert answer.headers["location"] == "/", to
                answer = await browser.get(f"/signin?next={query}")
                where = answer.headers.get("location", "/")
                assert stays(where, house.web_url), (to, where)
                assert "evil" not in where
                for host in (to, f"https://{to}", "comfy.evil.example"):
                    target = f"/handoff?host={quote(host, safe='')}&nonce_hash=x&to={query}"
                    answer = await browser.get(target)
                    where = answer.headers.get("location", "/")
                    assert stays(where, house.web_url), (target, where)
                    assert answer.status_code in (303, 400, 403, 404), target
