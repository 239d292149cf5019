"""The demo engine as a program: what a person and what a gateway need of it."""

from __future__ import annotations

import asyncio
import json
import signal
import struct
import sys
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

FOLDER = Path(__file__).parents[2] / "examples" / "demo_engine"
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Running:
    port: int
    data: Path
    process: asyncio.subprocess.Process
    http: httpx.AsyncClient


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Running]:
    from node_agent.engines.process_table import reserve_port

    port = await asyncio.to_thread(reserve_port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FOLDER), f"--port={port}", "--host=127.0.0.1", "--seconds=0.1",
        f"--data={tmp_path}", f"--busy-file={tmp_path / 'busy'}",
    )  # fmt: skip
    http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=SECONDS)
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    if (await http.get("/healthz")).status_code == 200:
                        break
                except httpx.TransportError:
                    assert process.returncode is None
                    await asyncio.sleep(0.05)
        yield Running(port, tmp_path, process, http)
    finally:
        await http.aclose()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def make(running: Running, prompt: str) -> dict[str, str]:
    async with connect(f"ws://127.0.0.1:{running.port}/ws", proxy=None) as socket:
        assert json.loads(await socket.recv())["type"] == "hello"
        await socket.send("alive")
        await socket.send(json.dumps({"prompt": prompt}))
        shares = []
        async with asyncio.timeout(SECONDS):
            async for message in socket:
                told = json.loads(message)
                if told["type"] == "progress":
                    shares.append(told["share"])
                if told["type"] == "done":
                    assert shares == sorted(shares)
                    assert shares[-1] == 1
                    return dict(told)
    raise AssertionError("it never ended")


async def test_words_become_the_same_picture_each_time(engine: Running) -> None:
    first, second = await make(engine, "夜晚海上的火"), await make(engine, "夜晚海上的火")
    other = await make(engine, "a forest")
    pictures = [(await engine.http.get(t["url"])).content for t in (first, second, other)]
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]
    assert struct.unpack(">II", pictures[0][16:24]) == (512, 512)
    data = pictures[0][pictures[0].index(b"IDAT") + 4 :]
    assert len(zlib.decompressobj().decompress(data)) == 512 * (1 + 3 * 512)
    gallery = (await engine.http.get("/gallery")).json()
    assert [p["prompt"] for p in gallery] == ["a forest", "夜晚海上的火", "夜晚海上的火"]
    assert not (engine.data / "busy").exists()


async def test_a_file_goes_up_and_comes_down_in_parts(engine: Running) -> None:
    content = bytes(range(256)) * 4096
    made = await engine.http.put("/files/数据 1.bin", content=content)
    assert made.status_code == 201
    assert (await engine.http.get("/files")).json() == [
        {"name": "数据 1.bin", "bytes": len(content)}
    ]
    part = await engine.http.get("/files/数据 1.bin", headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206
    assert part.content == content[1000:2000]
    assert (await engine.http.get("/files/数据 1.bin")).content == content
    for name in ("..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", ".%2e", "nothing"):
        assert (await engine.http.get(f"/files/{name}")).status_code == 404


async def test_wrong_messages_are_refused_in_words(engine: Running) -> None:
    async with connect(f"ws://127.0.0.1:{engine.port}/ws", proxy=None) as socket:
        await socket.recv()
        for wrong in (
            "{",
            "[]",
            '{"prompt": ""}',
            '{"prompt": 3}',
            '{"prompt": "' + "x" * 501 + '"}',
        ):
            await socket.send(wrong)
            assert json.loads(await socket.recv())["type"] == "refused"


async def test_it_ends_cleanly_with_open_streams(engine: Running) -> None:
    async with (
        connect(f"ws://127.0.0.1:{engine.port}/ws", proxy=None) as socket,
        engine.http.stream("GET", "/heartbeat?every=0.1") as beats,
    ):
        await socket.recv()
        lines = beats.aiter_lines()
        async with asyncio.timeout(SECONDS):
            async for line in lines:
                if line == "data: 2":
                    break
            engine.process.send_signal(signal.SIGTERM)
            assert await engine.process.wait() == 0


async def test_the_page_speaks_both_languages_and_asks_nobody_else(engine: Running) -> None:
    page = await engine.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    texts = page.text
    for name in ("page.js", "style.css", "icon.svg"):
        answer = await engine.http.get(f"/page/{name}")
        assert answer.status_code == 200
        texts += answer.text
    assert "演示引擎" in texts
    assert "prefers-color-scheme: dark" in texts
    assert "https://" not in texts
