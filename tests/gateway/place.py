"""A whole door for tests: coordinator stand-in, gateway, tunnel, engine; all on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from websockets.asyncio.client import connect

from aigc.clock import Clock, SystemClock
from aigc.door_limits import DoorLimits
from gateway.program import Options, serve
from node_agent.tunnel import TunnelClient, TunnelFiles
from tests.gateway.certificates import Authority, Issued
from tests.gateway.coordinator import CoordinatorStandIn
from tests.gateway.engine import Engine, running_engine

HOST = "comfy"


@dataclass
class Place:
    """What a test needs to know of it."""

    folder: Path
    authority: Authority
    coordinator: CoordinatorStandIn
    engine: Engine
    port: int = 0
    tunnel_port: int = 0
    scheme: str = "http"
    addresses: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    node: Issued | None = None
    agent: TunnelClient | None = None
    client_tls: ssl.SSLContext | None = None

    @property
    def host(self) -> str:
        return f"{HOST}.localhost:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    def resolve(self, instance_id: str, epoch: int) -> tuple[str, int] | None:
        return self.addresses.get((instance_id, epoch))

    async def sign_in(self, host: str = HOST, person: str = "lin", seconds: float = 3600) -> str:
        """A session that the gateway knows; returns the cookie's value."""
        token = self.coordinator.put_session(host, person, seconds)
        async with client_of(self, token, Host=f"{host}.localhost:{self.port}") as client:
            for _ in range(500):
                own = {"Origin": f"{self.scheme}://{host}.localhost:{self.port}"}
                answer = await client.get("/.aigc/none", headers=own)
                # Known: there is no such page, or it is somebody else's. Not yet: 401, or the
                # route itself is still on its way.
                if answer.json()["error"] in ("page-unknown", "not-yours"):
                    return token
                await asyncio.sleep(0.02)
        raise AssertionError(f"the session did not reach the gateway: {answer.text}")

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection to the public port."""
        return await asyncio.open_connection(
            "127.0.0.1",
            self.port,
            ssl=self.client_tls,
            server_hostname=f"{HOST}.localhost" if self.client_tls else None,
            limit=1 << 20,
        )


@asynccontextmanager
async def open_place(
    folder: Path,
    *,
    tls: bool = False,
    clock: Clock | None = None,
    agent: bool = True,
    limits: DoorLimits | None = None,
) -> AsyncIterator[Place]:
    """Everything started and joined; ended in reverse order."""
    authority = await asyncio.to_thread(Authority, folder)
    own = await asyncio.to_thread(
        lambda: authority.issue(
            "gateway", "gateway.aigc.internal", names=("gateway.aigc.internal",)
        )
    )
    wildcard = await asyncio.to_thread(
        lambda: authority.issue(
            "wildcard", "gateway", names=(f"{HOST}.localhost", "sibling.localhost")
        )
    )
    node = await asyncio.to_thread(authority.issue_node, "node-1")
    coordinator = CoordinatorStandIn(str(folder / "gateway.sock"))
    coordinator.put_node("node-1", node.serial)
    coordinator.put_route(HOST)
    await coordinator.start()
    options = Options(
        socket=str(folder / "gateway.sock"),
        listen="127.0.0.1:0",
        tunnel_listen="127.0.0.1:0",
        tunnel_certificate=str(own.certificate),
        tunnel_key=str(own.key),
        ca=str(authority.file),
        certificate=str(wildcard.certificate) if tls else "",
        key=str(wildcard.key) if tls else "",
        ready_file=str(folder / "ready.json"),
        limits=limits or DoorLimits(),
    )
    async with running_engine() as engine:
        place = Place(folder, authority, coordinator, engine, node=node)
        place.scheme = "https" if tls else "http"
        if tls:
            place.client_tls = await asyncio.to_thread(
                ssl.create_default_context, cafile=str(authority.file)
            )
        place.addresses[(f"inst-{HOST}", 1)] = ("127.0.0.1", engine.port)
        stop = asyncio.Event()
        gateway = asyncio.create_task(serve(options, clock, stop))
        tunnel: asyncio.Task[None] | None = None
        try:
            ready = folder / "ready.json"
            await until(lambda: ready.exists() or gateway.done(), "the gateway listens")
            if gateway.done():
                gateway.result()
            said = json.loads(await asyncio.to_thread(ready.read_text))
            place.port = int(said["public"].rpartition(":")[2])
            place.tunnel_port = int(said["tunnel"].rpartition(":")[2])
            await until(lambda: coordinator.streams == 1, "the gateway met the coordinator")
            if agent:
                place.agent = TunnelClient(
                    f"127.0.0.1:{place.tunnel_port}",
                    TunnelFiles(node.certificate, node.key, authority.file),
                    place.resolve,
                    SystemClock(),
                )
                tunnel = asyncio.create_task(place.agent.run())
                await until(lambda: coordinator.tunnels.get("node-1") == 2, "two tunnels")
            yield place
        finally:
            if tunnel is not None:
                tunnel.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await tunnel
            stop.set()
            try:
                await gateway
            finally:
                await coordinator.stop()


async def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it did not in time.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.02)


async def eventually(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 20) -> None:
    """As :func:`until`, for a condition that must be asked for."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await check():
        assert asyncio.get_running_loop().time() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.02)


class _ByName(httpx.AsyncHTTPTransport):
    """Connects to loopback and names the instance's host in TLS (no resolver knows it)."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": f"{HOST}.localhost"}
        return await super().handle_async_request(request)


def client_of(place: Place, token: str | None = None, **headers: str) -> httpx.AsyncClient:
    """An HTTP client that behaves as a page of the instance."""
    sent = {"Host": place.host, "Origin": place.origin, **headers}
    sent = {name: value for name, value in sent.items() if value}
    if token is not None:
        sent["Cookie"] = f"__Host-aigc={token}; engine=1"
    transport = _ByName(verify=place.client_tls or True)
    base = f"{place.scheme}://127.0.0.1:{place.port}"
    return httpx.AsyncClient(base_url=base, headers=sent, transport=transport, timeout=20)


def connect_websocket(place: Place, token: str | None, **changes: str | None) -> connect:
    """The ``websockets`` client as the instance's page would use it.

    Args:
        changes: headers to send instead (None: leave it out); underscores stand for hyphens.
    """
    headers: dict[str, str | None] = {"Origin": place.origin}
    if token is not None:
        headers["Cookie"] = f"__Host-aigc={token}"
    headers.update({k.replace("_", "-"): v for k, v in changes.items()})
    return connect(
        f"{'wss' if place.client_tls else 'ws'}://{place.host}/ws",
        host="127.0.0.1",
        port=place.port,
        additional_headers={k: v for k, v in headers.items() if v is not None},
        ssl=place.client_tls,
        compression=None,
        open_timeout=20,
        max_size=None,
    )
