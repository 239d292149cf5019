"""One request over real sockets: what goes wrong is told in words, and giving up is at once."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from desktop_client.web import Web, WebError
from tests.standins.session_server import make_authority


@asynccontextmanager
async def server(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Says the same to everybody; nothing at all where the answer is empty."""

    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        if answer:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        async with running:
            yield running.sockets[0].getsockname()[1]
    finally:
        for writer in writers:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def reply(status: str, body: bytes, *more: str) -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more])
    return f"{head}\r\n\r\n".encode() + body


async def test_get_and_post() -> None:
    async with server(reply("200 OK", b"{}")) as port:
        web = Web(direct=True)
        assert (await web.get(f"http://127.0.0.1:{port}/")).body == b"{}"
        assert (await web.post(f"http://127.0.0.1:{port}/", {"a": "ü"})).status == 200


async def test_every_status_is_an_answer_and_redirects_are_not_followed() -> None:
    async with server(reply("302 Found", b"", "Location: https://evil.example/")) as port:
        assert (await Web(direct=True).get(f"http://127.0.0.1:{port}/")).status == 302
    async with server(reply("400 Bad Request", b'{"error":"x"}')) as port:
        assert (await Web(direct=True).get(f"http://127.0.0.1:{port}/")).body == b'{"error":"x"}'


async def test_what_is_no_answer_is_told() -> None:
    async with server(b"not http\r\n\r\n") as port:
        with pytest.raises(WebError):
            await Web(direct=True).get(f"http://127.0.0.1:{port}/")
    with pytest.raises(WebError, match="refused"):
        await Web(direct=True).get(f"http://127.0.0.1:{port}/")


async def test_only_the_system_and_the_studio_are_trusted(tmp_path: Path) -> None:
    ca_pem, context = await asyncio.to_thread(_server_tls, tmp_path / "chain.pem")
    async with server(reply("200 OK", b"ok"), context) as port:
        with pytest.raises(WebError, match="not trusted"):
            await Web(direct=True).get(f"https://127.0.0.1:{port}/")
        with pytest.raises(WebError):  # trusted, but of another name
            await Web(ca_pem, direct=True).get(f"https://127.0.0.1:{port}/")


def _server_tls(path: Path) -> tuple[bytes, ssl.SSLContext]:
    ca_pem, key, chain = make_authority()
    path.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return ca_pem, context


async def test_giving_up_is_at_once() -> None:
    async with server(b"") as port:
        asking = asyncio.create_task(Web(direct=True).get(f"http://127.0.0.1:{port}/"))
        await asyncio.wait({asking}, timeout=0.3)
        begun = time.monotonic()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert time.monotonic() - begun < 5


def test_a_session_costs_no_http_library() -> None:
    words = (
        "import sys, desktop_client.session\n"
        "print(sorted({'httpx', 'http.client', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
