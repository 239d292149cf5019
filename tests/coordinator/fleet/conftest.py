from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.coordinator.fleet.house import House, open_house


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[House]:
    """A coordinator that takes a machine for silent after two seconds."""
    async with open_house(tmp_path, silent_after=2) as opened:
        yield opened
