"""Nothing about the gateway or the coordinator is told to whoever asks: no metrics, no debug pages.

What they count is in their logs, and for those who may see it in the admin window.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.coordinator.identity.house import open_house
from tests.gateway.conformance.door import SECONDS, Door, read_all

pytestmark = pytest.mark.attack(18)

PATHS = [
    "/metrics", "/metrics/", "/debug", "/debug/pprof/", "/debug/vars", "/status", "/stats",
    "/server-status", "/nginx_status", "/health", "/healthz", "/ready", "/readyz", "/livez",
    "/actuator", "/actuator/env", "/trace", "/config", "/env", "/api", "/docs", "/openapi.json",
    "/.env", "/.git/config", "/admin/", "/console", "/favicon.ico", "/robots.txt",
    "/.aigc/metrics", "/.aigc/debug", "/.aigc/status", "/.aigc/health", "/.aigc/", "/.aigc/admin",
]  # fmt: skip
# What an answer of ours to a stranger must not hold.
TELLING = (b"python", b"uvloop", b"traceback", b"node-1", b"inst-comfy", b"process_", b"version")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", PATHS)
async def test_the_gateways_public_port(door: Door, path: str) -> None:
    for host, status in (
        (b"<host>", 401),
        (b"Host: 127.0.0.1\r\n", 421),
        (b"Host: localhost\r\n", 421),
        (b"Host: other.localhost\r\n", 404),
    ):
        for extra in (b"", b"User-Agent: Prometheus/3\r\n", b"X-Forwarded-For: 127.0.0.1\r\n"):
            raw = b"GET %b HTTP/1.1\r\n%b%b\r\n" % (path.encode(), host, extra)
            (reply,) = (await door.probe(raw)).replies
            assert reply.status == status
            assert reply.all("server") == []
            told = reply.body.lower()
            assert not [word for word in TELLING if word in told]
    assert all(target == "/marker" for target in door.engine.heads)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_tunnels_port_speaks_to_machines_only(door: Door) -> None:
    for raw in (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 64):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.place.tunnel_port)
        writer.write(raw)
        async with asyncio.timeout(SECONDS):
            said = await read_all(reader)
        writer.transport.abort()
        assert b"HTTP" not in said
    # With TLS and without a machine's certificate: nothing is answered either.
    context = await asyncio.to_thread(
        ssl.create_default_context, cafile=str(door.place.authority.file)
    )
    heard = b""
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1",
                door.place.tunnel_port,
                ssl=context,
                server_hostname="gateway.aigc.internal",
            )
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            heard = await read_all(reader)
            writer.transport.abort()
    except (ssl.SSLError, ConnectionError):
        pass
    assert heard == b""


async def test_the_coordinators_pages(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, house.browser() as browser:
        for path in PATHS:
            answer = await browser.get(path)
            if path == "/healthz":
                assert answer.text == "ok\n"
                continue
            assert answer.status_code in (303, 307, 404), path
            assert "server" not in answer.headers
            if answer.status_code != 404:
                where = answer.headers["location"].removeprefix(house.web_url)
                assert where.startswith(("/signin", "/oidc/", "/admin")), where
