"""The programs' sockets: the same with the accelerators and without."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from aigc import loops
from tests.gateway.certificates import Authority


@pytest.fixture(params=["aiofastnet", "asyncio"], autouse=True)
def sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "asyncio":
        monkeypatch.setattr(loops, "_aiofastnet", None)
    elif loops._aiofastnet is None:
        pytest.skip("aiofastnet is not installed")


class Echo(asyncio.Protocol):
    def __init__(self) -> None:
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        self.transport.writelines([data[:1], memoryview(data)[1:]])


class Asker(asyncio.Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.lost = asyncio.Event()
        self.got = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.got.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


async def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    def make() -> tuple[ssl.SSLContext, ssl.SSLContext]:
        authority = Authority(folder)
        own = authority.issue("own", "gateway", names=("gateway.aigc.internal",))
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(own.certificate, own.key)
        return server, ssl.create_default_context(cafile=str(authority.file))

    return await asyncio.to_thread(make)


@asynccontextmanager
async def serving(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """An echo on a port of its own, until all its connections are over."""
    made: list[Echo] = []

    def make() -> Echo:
        made.append(Echo())
        return made[-1]

    server: Any = await loops.create_server(make, "127.0.0.1", 0, context, 4, backlog=5)
    yield server.sockets[0].getsockname()[1]
    server.close()
    async with asyncio.timeout(30):
        for echo in made:
            if hasattr(echo, "transport"):  # its handshake was made
                await echo.lost.wait()


async def close(asker: Asker) -> None:
    asker.transport.close()
    async with asyncio.timeout(30):
        await asker.lost.wait()


@pytest.mark.parametrize("tls", [True, False])
async def test_bytes_there_and_back(tmp_path: Path, tls: bool) -> None:
    server_side, client_side = await contexts(tmp_path)
    more = {"server_hostname": "gateway.aigc.internal"} if tls else {}
    async with serving(server_side if tls else None) as port:
        asker = await loops.create_connection(
            Asker, "127.0.0.1", port, client_side if tls else None, 1, **more
        )
        data = b"0123456789" * 50_000
        asker.transport.write(data)
        async with asyncio.timeout(30):
            while len(asker.received) < len(data):
                asker.got.clear()
                await asker.got.wait()
        assert asker.received == data
        await close(asker)


async def test_a_name_that_the_certificate_does_not_have_is_refused(tmp_path: Path) -> None:
    server_side, client_side = await contexts(tmp_path)
    async with serving(server_side) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await loops.create_connection(
                Asker, "127.0.0.1", port, client_side, 1, server_hostname="elsewhere.example"
            )


async def test_who_leaves_in_a_handshake_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    loops.prepare_loop()
    server_side, client_side = await contexts(tmp_path)
    async with serving(server_side) as port:
        for said in (b"", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            writer.write_eof()
            async with asyncio.timeout(30):
                while await reader.read(100):
                    pass
            writer.close()
        # Whoever comes after them is served.
        asker = await loops.create_connection(
            Asker, "127.0.0.1", port, client_side, 1, server_hostname="gateway.aigc.internal"
        )
        asker.transport.write(b"hi")
        async with asyncio.timeout(30):
            await asker.got.wait()
        await close(asker)
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
