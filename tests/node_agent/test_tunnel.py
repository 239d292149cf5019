"""Who may dial in, and what becomes of connections: mTLS on real sockets, certificates real."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from aigc.clock import SystemClock
from node_agent.tunnel import TunnelClient, TunnelFiles
from tests.gateway.certificates import Authority, Issued
from tests.gateway.place import HOST, Place, client_of, open_place, until


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path, agent=False) as place:
        yield place


@contextlib.asynccontextmanager
async def dialling(
    place: Place, files: TunnelFiles, address: str = ""
) -> AsyncIterator[TunnelClient]:
    client = TunnelClient(
        address or f"127.0.0.1:{place.tunnel_port}", files, place.resolve, SystemClock()
    )
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def files_of(place: Place, issued: Issued, ca: Path | None = None) -> TunnelFiles:
    return TunnelFiles(issued.certificate, issued.key, ca or place.authority.file)


async def is_served(place: Place, token: str) -> bool:
    async with client_of(place, token) as client:
        return (await client.get("/")).status_code == 200


async def never_up(place: Place, files: TunnelFiles) -> None:
    """The gateway never takes this one as a machine."""
    seen = dict(place.coordinator.tunnels)
    async with dialling(place, files):
        await asyncio.sleep(1.0)
        assert place.coordinator.tunnels == seen
        token = await place.sign_in()
        assert not await is_served(place, token)


async def test_the_known_machine_is_served(place: Place) -> None:
    assert place.node is not None
    token = await place.sign_in()
    assert not await is_served(place, token)
    async with dialling(place, files_of(place, place.node)) as client:
        await until(lambda: place.coordinator.tunnels.get("node-1") == 2, "two connections")
        assert client.connections == 2
        assert await is_served(place, token)
    await until(lambda: place.coordinator.tunnels.get("node-1") == 0, "told as gone")


async def test_an_unknown_machine_is_refused(place: Place) -> None:
    other = await asyncio.to_thread(place.authority.issue_node, "node-2")
    await never_up(place, files_of(place, other))


async def test_another_serial_of_a_known_machine_is_refused(place: Place) -> None:
    other = await asyncio.to_thread(place.authority.issue_node, "node-1", "second")
    await never_up(place, files_of(place, other))


async def test_an_expired_certificate_is_refused(place: Place) -> None:
    old = await asyncio.to_thread(
        place.authority.issue_node, "node-3", "old", timedelta(seconds=-60)
    )
    place.coordinator.put_node("node-3", old.serial)
    await never_up(place, files_of(place, old))


async def test_another_authority_is_refused(place: Place, tmp_path: Path) -> None:
    rogue = await asyncio.to_thread(Authority, tmp_path / "rogue")
    forged = await asyncio.to_thread(rogue.issue_node, "node-1")
    place.coordinator.put_node("node-1", forged.serial)
    await never_up(place, files_of(place, forged))


async def test_a_certificate_that_is_no_machines_is_refused(place: Place) -> None:
    def issue() -> tuple[Issued, Issued]:
        person = place.authority.issue("person", "node-1", client=True)
        server = place.authority.issue("server", "node-1", organisation="aigc-node")
        return person, server

    person, server = await asyncio.to_thread(issue)
    for issued in (person, server):
        place.coordinator.put_node("node-1", issued.serial)
        await never_up(place, files_of(place, issued))


async def test_no_certificate_is_refused(place: Place) -> None:
    context = await asyncio.to_thread(ssl.create_default_context, cafile=str(place.authority.file))
    context.set_alpn_protocols(["aigc-tunnel/1"])
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", place.tunnel_port, ssl=context, server_hostname="gateway.aigc.internal"
    )
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        assert await asyncio.wait_for(reader.read(100), 20) == b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        writer.close()
        await writer.wait_closed()
    assert place.coordinator.tunnels == {}


async def test_a_gateway_of_another_authority_is_not_trusted(place: Place, tmp_path: Path) -> None:
    assert place.node is not None
    rogue = await asyncio.to_thread(Authority, tmp_path / "rogue")
    async with dialling(place, files_of(place, place.node, rogue.file)) as client:
        await asyncio.sleep(1.0)
        assert client.connections == 0
    assert place.coordinator.tunnels == {}


async def test_revocation_ends_open_connections(place: Place) -> None:
    assert place.node is not None
    token = await place.sign_in()
    async with dialling(place, files_of(place, place.node)):
        await until(lambda: place.coordinator.tunnels.get("node-1") == 2, "two connections")
        assert await is_served(place, token)
        place.coordinator.put_node("node-1", place.node.serial, revoked=True)
        await until(lambda: place.coordinator.tunnels.get("node-1") == 0, "closed")
        assert not await is_served(place, token)


async def test_a_renewed_certificate_takes_over_without_a_gap(place: Place) -> None:
    assert place.node is not None
    token = await place.sign_in()
    files = files_of(place, place.node)
    old = place.node.serial
    async with dialling(place, files):
        await until(lambda: place.coordinator.tunnels.get("node-1") == 2, "two connections")
        renewed = await asyncio.to_thread(place.authority.issue_node, "node-1", "renewed")
        place.coordinator.put_node("node-1", renewed.serial, previous=old)
        await asyncio.sleep(0.2)
        assert await is_served(place, token)
        await asyncio.to_thread(
            lambda: (
                files.certificate.write_bytes(renewed.certificate.read_bytes()),
                files.key.write_bytes(renewed.key.read_bytes()),
            )
        )
        place.coordinator.put_node("node-1", renewed.serial)
        await until(lambda: place.coordinator.tunnels.get("node-1") == 0, "old ones closed")
        await until(lambda: place.coordinator.tunnels.get("node-1") == 2, "dialled with the new")
        assert await is_served(place, token)


async def test_it_dials_until_there_is_a_gateway(place: Place) -> None:
    assert place.node is not None
    address = ""
    client = TunnelClient(
        lambda: address, files_of(place, place.node), place.resolve, SystemClock()
    )
    task = asyncio.create_task(client.run())
    try:
        await asyncio.sleep(0.5)
        assert client.connections == 0
        address = f"127.0.0.1:{place.tunnel_port}"
        await until(lambda: client.connections == 2, "connected")
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_another_epoch_is_refused_at_the_agent(place: Place) -> None:
    """Pitfall 7."""
    assert place.node is not None
    token = await place.sign_in()
    async with dialling(place, files_of(place, place.node)):
        await until(lambda: place.coordinator.tunnels.get("node-1") == 2, "two connections")
        assert await is_served(place, token)
        place.coordinator.put_route(HOST, epoch=2)
        async with client_of(place, token) as client:
            for _ in range(200):
                answer = await client.get("/seen")
                if answer.status_code == 502:
                    break
                await asyncio.sleep(0.02)
            assert answer.json()["error"] == "engine-silent"
