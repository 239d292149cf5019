"""Large files through the door, and what that costs the product's own programs in memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
import zlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import psutil

from tests.e2e.house import House

MIB = 1 << 20


class Sizes:
    """Resident memory of the product's own programs, by name, before and at most."""

    def __init__(self, house: House) -> None:
        children = house.demo.children
        self._programs = {name: psutil.Process(p.pid) for name, p in children.items()}
        below = self._programs["coordinator"].children()
        (self._programs["gateway"],) = [p for p in below if "gateway" in " ".join(p.cmdline())]
        self._before: dict[str, int] = {}
        self._most: dict[str, int] = {}
        self.ended_ms = 0

    def sample(self) -> None:
        for name, program in self._programs.items():
            size = program.memory_info().rss
            self._before.setdefault(name, size)
            self._most[name] = max(size, self._most.get(name, 0))

    @contextlib.asynccontextmanager
    async def sampled(self) -> AsyncIterator[None]:
        async def watch() -> None:
            while True:
                self.sample()
                await asyncio.sleep(0.1)

        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            self.ended_ms = int(time.time() * 1000)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def grown(self) -> dict[str, int]:
        return {name: most - self._before[name] for name, most in self._most.items()}


class Door:
    """Plain HTTP/1.1 at the gateway, as the signed-in creator's browser would speak it."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._port = parts.port
        self._common = (
            f"Host: {parts.netloc}\r\nOrigin: http://{parts.netloc}\r\n"
            f"Cookie: __Host-aigc={token}\r\nConnection: close\r\n"
        )
        self.piece = os.urandom(MIB)

    async def upload(self, name: str, mebibytes: int) -> tuple[str, int]:
        """Upload to the app; where it put it, and the checksum."""
        head = (
            f'--b\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = b"\r\n--b--\r\n"
        length = len(head) + mebibytes * MIB + len(tail)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(
                f"POST /gradio_api/upload HTTP/1.1\r\n{self._common}Content-Length: {length}\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
                + head
            )
            checksum = 0
            for _ in range(mebibytes):
                checksum = zlib.crc32(self.piece, checksum)
                writer.write(self.piece)
                await writer.drain()
            writer.write(tail)
            answer = await reader.read()
        finally:
            writer.close()
        status, _, body = answer.partition(b"\r\n\r\n")
        assert b" 200 " in status.split(b"\r\n")[0], answer[:500]
        found = re.search(rb'\["([^"]+)"\]', body)
        assert found is not None, body
        return f"/gradio_api/file={found[1].decode()}", checksum

    async def download(self, path: str, size: int) -> int:
        """The checksum of what comes."""
        reader, writer = await self._asked(path, "")
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head.split(b"\r\n")[0], head
            checksum = got = 0
            while data := await reader.read(MIB):
                checksum = zlib.crc32(data, checksum)
                got += len(data)
            assert got == size
            return checksum
        finally:
            writer.close()

    async def ask(self, path: str, more: str) -> tuple[int, bytes, bytes]:
        reader, writer = await self._asked(path, more)
        try:
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            return int(head.split(b" ")[1]), head, body
        finally:
            writer.close()

    async def _asked(
        self, path: str, more: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=4 * MIB)
        writer.write(f"GET {path} HTTP/1.1\r\n{self._common}{more}\r\n".encode())
        return reader, writer
