"""Who is there and says nothing, or asks and does not read, costs the gateway little memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.gateway_memory import open_visitors, slow_reader_mib, websocket_kib


@pytest.mark.attack(16)
@pytest.mark.timeout(240)
@pytest.mark.blocking_allowed("psutil reads /proc of the gateway's process")
async def test_idle_websockets_and_slow_readers_cost_bounded_memory(tmp_path: Path) -> None:
    async with open_visitors(tmp_path) as visitors:
        assert await websocket_kib(visitors, 200) < 128
        # Of a GiB that was asked for, nothing waits here but what the buffers may hold.
        assert await slow_reader_mib(visitors, 3) < 4
